from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.adapters.calendar import HolidayCalendar
from inbox_bot.adapters.laws import law_names, load_law
from inbox_bot.domain.deadline import Facts, Pause, deadline, received_on
from inbox_bot.domain.law import Law, Period, Unit
from inbox_bot.domain.request import Right

UK = load_law("uk_gdpr")
EU = load_law("eu_gdpr")
ACCESS = frozenset({Right.ACCESS})
ERASURE = frozenset({Right.ERASURE})


@dataclass
class DrawnCalendar:
    """Weekends, and whatever holidays were drawn."""

    days: dict[date, str] = field(default_factory=dict)
    official_until: int = 2100

    def why_not(self, day: date) -> str | None:
        return f"a {day:%A}" if day.weekday() >= 5 else self.days.get(day)


DAYS = st.dates(date(2019, 1, 1), date(2031, 12, 31))


@st.composite
def calendars(draw: st.DrawFn) -> DrawnCalendar:
    return DrawnCalendar(dict.fromkeys(draw(st.lists(DAYS, max_size=30)), "drawn"))


@st.composite
def closed_pauses(draw: st.DrawFn, received: date) -> Pause:
    asked = received + timedelta(draw(st.integers(0, 120)))
    return asked, asked + timedelta(draw(st.integers(0, 60)))


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    received = draw(DAYS)
    identity_asked = received + timedelta(draw(st.integers(0, 40)))
    identity = draw(st.booleans())
    return Facts(
        received,
        rights=draw(st.sampled_from([ACCESS, ERASURE, ACCESS | ERASURE])),
        extended=draw(st.booleans()),
        pauses=tuple(draw(st.lists(closed_pauses(received), max_size=4))),
        identity_asked_on=identity_asked if identity else None,
        identity_received_on=identity_asked + timedelta(draw(st.integers(0, 40))) if identity else None,
    )


LAWS = st.sampled_from([load_law(name) for name in law_names() if load_law(name).respond])
thorough = settings(max_examples=150, deadline=None)


def raw(start: date, period: Period) -> date:
    return start + (relativedelta(months=period.count) if period.unit is Unit.MONTHS else timedelta(period.count))


def due(law: Law, calendar: DrawnCalendar, facts: Facts) -> date:
    found = deadline(law, calendar, facts).due_on
    assert found is not None
    return found


@thorough
@given(LAWS, calendars(), any_facts())
def test_no_day_is_before_the_raw_one_or_on_a_day_off(law: Law, calendar: DrawnCalendar, facts: Facts) -> None:
    found = deadline(law, calendar, facts)
    period = law.extended if facts.extended and law.extended else law.respond
    assert period
    assert found.due_on
    assert found.start_on >= facts.received_on
    assert found.due_on >= raw(found.start_on, period)
    assert not law.rolls or calendar.why_not(found.due_on) is None
    assert found.internal_target_on is None or found.start_on < found.internal_target_on <= found.due_on


@thorough
@given(LAWS, calendars(), any_facts(), st.data())
def test_one_more_pause_never_makes_it_earlier(
    law: Law, calendar: DrawnCalendar, facts: Facts, data: st.DataObject
) -> None:
    more = replace(facts, pauses=(data.draw(closed_pauses(facts.received_on)), *facts.pauses))
    assert due(law, calendar, more) >= due(law, calendar, facts)


@thorough
@given(LAWS, calendars(), any_facts(), DAYS)
def test_one_more_holiday_never_makes_it_earlier(law: Law, calendar: DrawnCalendar, facts: Facts, extra: date) -> None:
    assert due(law, DrawnCalendar({**calendar.days, extra: "new"}), facts) >= due(law, calendar, facts)


@thorough
@given(LAWS, calendars(), any_facts())
def test_an_extension_is_later_than_the_base_and_its_notice_is_not(
    law: Law, calendar: DrawnCalendar, facts: Facts
) -> None:
    short, long = (deadline(law, calendar, replace(facts, extended=extended)) for extended in (False, True))
    assert short.due_on
    assert long.due_on
    if law.extended is None:
        assert long.due_on == short.due_on
    elif short.start_on == long.start_on:
        assert long.due_on > short.due_on == long.extension_notice_due_on


@thorough
@given(LAWS, calendars(), any_facts(), st.integers(0, 60))
def test_an_open_question_promises_no_day_later_than_the_answer_gives(
    law: Law, calendar: DrawnCalendar, facts: Facts, wait: int
) -> None:
    asked = facts.received_on + timedelta(5)
    found = deadline(law, calendar, replace(facts, pauses=(*facts.pauses, (asked, None))))
    answered = due(law, calendar, replace(facts, pauses=(*facts.pauses, (asked, asked + timedelta(wait)))))
    earliest = found.due_on or found.not_before_on
    assert earliest
    assert earliest <= answered
    assert (found.due_on is None) != (found.not_before_on is None)


@thorough
@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_the_same_instant_is_the_same_day_however_it_is_written(instant: datetime) -> None:
    utc = instant.astimezone(UTC)
    day = received_on(instant, "Europe/London")
    assert day == received_on(utc, "Europe/London")
    assert day in {utc.date(), (utc + timedelta(hours=1)).date()}


def every_day(first: int, last: int) -> Iterator[date]:
    day = date(first, 1, 1)
    while day.year <= last:
        yield day
        day += timedelta(1)


@pytest.mark.parametrize(
    ("law", "place"),
    [
        *((UK, place) for place in ("GB-ENG", "GB-WLS", "GB-SCT", "GB-NIR")),
        *((EU, place) for place in ("DE-BY", "FR", "NL", "IE", "ES-MD")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ten_years_of_days_end_on_working_days_in_order(law: Law, place: str) -> None:
    calendar = HolidayCalendar(place)
    last = date.min
    for received in every_day(2019, 2028):
        found = deadline(law, calendar, Facts(received, rights=ACCESS)).due_on
        assert found
        month = received + relativedelta(months=1)
        assert month.day == received.day or (month + timedelta(1)).day == 1
        assert month <= found <= month + timedelta(6)
        assert calendar.is_working_day(found)
        assert not any(calendar.is_working_day(month + timedelta(n)) for n in range((found - month).days))
        assert found >= last
        last = found
