from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from inbox_bot.adapters.laws import law_names, load_law
from inbox_bot.domain.deadline import Deadline, Facts, Pause, deadline, explain, received_on
from inbox_bot.domain.law import Law, Period, Unit
from inbox_bot.domain.request import Right
from inbox_bot.errors import InboxBotError

UK = load_law("uk_gdpr")
EU = load_law("eu_gdpr")
ACCESS = frozenset({Right.ACCESS})
ERASURE = frozenset({Right.ERASURE})
COMPLAINT = frozenset({Right.COMPLAINT})


@dataclass
class PaperCalendar:
    """Weekends, and the holidays written on it, which may be added late."""

    days: dict[date, str] = field(default_factory=dict)
    official_until: int = 2100

    def why_not(self, day: date) -> str | None:
        if day.weekday() >= 5:
            return f"a {day:%A}"
        return f"a holiday ({self.days[day]})" if day in self.days else None


def on(text: str) -> date:
    return date.fromisoformat(text)


def pause(asked: str, answered: str = "") -> Pause:
    return on(asked), on(answered) if answered else None


def uk(received: str, **facts: object) -> Deadline:
    return deadline(UK, PaperCalendar(), replace(Facts(on(received)), **facts))  # type: ignore[arg-type]


def eu(received: str, **facts: object) -> Deadline:
    return deadline(EU, PaperCalendar(), replace(Facts(on(received)), **facts))  # type: ignore[arg-type]


# Worked by hand on a wall calendar; 1 January 2026 is a Thursday.
@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-10", "2026-04-10"),  # Friday
        ("2026-08-30", "2026-09-30"),  # Wednesday
        ("2025-10-31", "2025-12-01"),  # 30 November is a Sunday
        ("2026-05-31", "2026-06-30"),  # Tuesday
        ("2026-01-28", "2026-03-02"),  # 28 February is a Saturday
        ("2028-01-31", "2028-02-29"),  # a leap year, Tuesday
        ("2028-02-29", "2028-03-29"),  # Wednesday
        ("2027-02-28", "2027-03-29"),  # 28 March is a Sunday
        ("2026-12-15", "2027-01-15"),  # Friday of the next year
    ],
)
def test_a_month_ends_on_the_same_number_or_the_last_day_and_then_on_a_working_day(received: str, due: str) -> None:
    assert uk(received).due_on == on(due)
    assert eu(received).due_on == on(due)


def test_an_extension_counts_three_months_from_the_start_in_one_step() -> None:
    found = uk("2025-01-31", extended=True)
    assert found.due_on == on("2025-04-30")  # not 28 April, as from the clamped 28 February
    assert found.extension_notice_due_on == on("2025-02-28")


def test_an_extension_forgets_that_the_first_month_was_rolled() -> None:
    found = uk("2026-07-01", extended=True)
    assert (found.extension_notice_due_on, found.due_on) == (on("2026-08-03"), on("2026-10-01"))


def test_the_internal_target_is_28_days_and_never_after_the_due_day() -> None:
    assert uk("2026-03-10").internal_target_on == on("2026-04-07")
    assert uk("2027-02-01").internal_target_on == uk("2027-02-01").due_on == on("2027-03-01")
    hasty = replace(UK, respond=Period(15, Unit.DAYS))
    assert deadline(hasty, PaperCalendar(), Facts(on("2026-03-10"))).internal_target_on == on("2026-03-25")


def test_a_clarification_adds_its_days_to_the_unrolled_date() -> None:
    # 5 + 31 days: Sunday 5 April; with 1 day Monday 6 April, not Tuesday.
    found = uk("2026-03-05", rights=ACCESS, pauses=(pause("2026-03-11", "2026-03-12"),))
    assert (found.due_on, found.paused_days) == (on("2026-04-06"), 1)


def test_two_overlapping_clarifications_count_each_day_once() -> None:
    pauses = (pause("2026-03-11", "2026-03-16"), pause("2026-03-13", "2026-03-18"), pause("2026-03-12", "2026-03-14"))
    found = uk("2026-03-10", rights=ACCESS, pauses=pauses)
    assert (found.due_on, found.paused_days) == (on("2026-04-17"), 7)


def test_days_of_waiting_before_the_start_do_not_count() -> None:
    found = uk(
        "2026-03-02", rights=ACCESS, pauses=(pause("2026-03-03", "2026-03-12"),), identity_received_on=on("2026-03-10")
    )
    assert (found.start_on, found.due_on) == (on("2026-03-10"), on("2026-04-13"))  # 10 April + 2 days is a Sunday


@pytest.mark.parametrize("rights", [ERASURE, ACCESS | ERASURE, frozenset[Right]()])
def test_a_clarification_stops_nothing_but_access_alone(rights: frozenset[Right]) -> None:
    found = uk("2026-03-10", rights=rights, pauses=(pause("2026-03-11"),))
    assert found.due_on == on("2026-04-10")
    assert "stops the clock only for access" in found.warnings[0]


def test_a_clarification_does_not_stop_the_clock_in_the_eu() -> None:
    found = eu("2026-03-10", rights=ACCESS, pauses=(pause("2026-03-11", "2026-03-20"),))
    assert found.due_on == on("2026-04-10")
    assert found.warnings


def test_an_open_clarification_leaves_no_fixed_day_but_an_earliest_one() -> None:
    found = uk("2026-03-10", rights=ACCESS, pauses=(pause("2026-03-11", "2026-03-16"), pause("2026-03-20")))
    assert (found.due_on, found.not_before_on) == (None, on("2026-04-15"))
    assert (found.extension_notice_due_on, found.internal_target_on) == (None, None)
    assert "no fixed day" in explain(found)


@pytest.mark.parametrize("answered", ["", "2026-05-20"])
def test_a_question_asked_after_the_due_day_rescues_nothing(answered: str) -> None:
    found = uk("2026-03-10", rights=ACCESS, pauses=(pause("2026-04-11", answered),))
    assert found.due_on == on("2026-04-10")
    assert "after the time was over" in found.warnings[0]


def test_a_question_asked_on_the_last_day_still_stops_the_clock() -> None:
    assert uk("2026-03-10", rights=ACCESS, pauses=(pause("2026-04-10"),)).due_on is None


def test_a_question_asked_on_the_rolled_last_day_still_stops_the_clock() -> None:
    assert uk("2026-03-05").due_on == on("2026-04-06")
    assert uk("2026-03-05", rights=ACCESS, pauses=(pause("2026-04-06"),)).due_on is None
    assert uk("2026-03-05", rights=ACCESS, pauses=(pause("2026-04-07"),)).due_on == on("2026-04-06")


def test_a_later_answered_question_does_not_end_an_earlier_open_one() -> None:
    found = uk("2026-03-10", rights=ACCESS, pauses=(pause("2026-03-11"), pause("2026-03-16", "2026-03-18")))
    assert (found.due_on, found.not_before_on) == (None, on("2026-04-13"))  # 12 April is a Sunday


def test_proof_of_identity_restarts_the_month_in_the_uk() -> None:
    found = uk("2026-03-02", identity_asked_on=on("2026-03-03"), identity_received_on=on("2026-03-11"), rights=ERASURE)
    assert (found.start_on, found.due_on) == (on("2026-03-11"), on("2026-04-13"))  # 11 April is a Saturday


def test_proof_of_identity_pauses_the_month_in_the_eu_for_every_right() -> None:
    found = eu("2026-03-02", identity_asked_on=on("2026-03-03"), identity_received_on=on("2026-03-11"), rights=ERASURE)
    assert (found.start_on, found.paused_days, found.due_on) == (on("2026-03-02"), 8, on("2026-04-10"))
    assert found.warnings == ()


def test_in_the_eu_an_unknown_day_of_asking_is_taken_as_the_receipt_and_said_so() -> None:
    found = eu("2026-03-02", identity_received_on=on("2026-03-11"))
    assert (found.paused_days, found.due_on) == (9, on("2026-04-13"))
    assert "day of receipt" in found.warnings[0]


@pytest.mark.parametrize(("law", "earliest"), [(UK, "2026-04-06"), (EU, "2026-04-02")])
def test_missing_proof_of_identity_leaves_no_fixed_day(law: Law, earliest: str) -> None:
    # UK: one month from the day of asking at least, Saturday 4 April; EU: the month itself at least.
    found = deadline(law, PaperCalendar(), Facts(on("2026-03-02"), identity_asked_on=on("2026-03-04")))
    assert (found.due_on, found.not_before_on) == (None, on(earliest))


@pytest.mark.parametrize("law", [UK, EU])
def test_proof_of_identity_asked_for_too_late_moves_nothing(law: Law) -> None:
    facts = Facts(
        on("2026-03-02"), identity_asked_on=on("2026-04-03"), identity_received_on=on("2026-04-09"), rights=ACCESS
    )
    found = deadline(law, PaperCalendar(), facts)
    assert found.due_on == on("2026-04-02")
    assert "after the time was over" in found.warnings[0]


def test_where_identity_checks_stop_nothing_it_says_so() -> None:
    facts = Facts(on("2026-03-10"), identity_asked_on=on("2026-03-11"))
    found = deadline(load_law("us_ca_ccpa"), PaperCalendar(), facts)
    assert found.due_on == on("2026-04-24")
    assert "proof of identity does not stop the clock" in found.warnings[1]


def test_a_lawful_fee_restarts_the_month_in_the_uk_only() -> None:
    assert uk("2026-03-02", fee_paid_on=on("2026-03-10")).due_on == on("2026-04-10")
    assert eu("2026-03-02", fee_paid_on=on("2026-03-10")).due_on == on("2026-04-02")


def test_the_clock_starts_at_the_latest_of_receipt_identity_and_fee() -> None:
    found = uk("2026-03-02", identity_received_on=on("2026-03-20"), fee_paid_on=on("2026-03-10"))
    assert (found.start_on, found.due_on) == (on("2026-03-20"), on("2026-04-20"))


def test_a_complaint_is_acknowledged_within_30_days_and_has_no_day_for_the_answer() -> None:
    found = uk("2026-09-11", rights=COMPLAINT)
    assert (found.due_on, found.not_before_on) == (None, None)
    assert found.acknowledgement_due_on == on("2026-10-12")  # 11 October is a Sunday
    assert explain(found).startswith("Acknowledge by the end of Mon 12 Oct 2026. The law sets no day for the answer")


def test_a_complaint_beside_a_request_keeps_both_clocks() -> None:
    found = uk("2026-07-01", rights=COMPLAINT | ACCESS, pauses=(pause("2026-07-10", "2026-07-13"),))
    assert (found.acknowledgement_due_on, found.due_on) == (on("2026-07-31"), on("2026-08-04"))


def test_a_complaint_from_before_the_duty_is_dated_with_a_warning() -> None:
    assert "began on Fri 19 Jun 2026" in uk("2026-06-18", rights=COMPLAINT).warnings[0]
    assert uk("2026-06-19", rights=COMPLAINT).warnings == ()


def test_a_law_without_a_clock_for_complaints_dates_one_as_a_request() -> None:
    found = eu("2026-03-10", rights=COMPLAINT)
    assert found.due_on == on("2026-04-10")
    assert found.warnings


def test_a_holiday_proclaimed_late_moves_the_day_and_explains_itself() -> None:
    calendar = PaperCalendar()
    facts = Facts(on("2026-03-10"))
    before = deadline(UK, calendar, facts)
    calendar.days[on("2026-04-10")] = "a coronation"
    after = deadline(UK, calendar, facts)
    assert (before.due_on, after.due_on) == (on("2026-04-10"), on("2026-04-13"))
    assert after.steps == (
        "received Tue 10 Mar 2026",
        "one month: 10 Apr 2026, a holiday (a coronation)",
        "11 Apr 2026 is a Saturday",
        "12 Apr 2026 is a Sunday",
        "so Mon 13 Apr 2026",
    )


def test_a_day_beyond_the_official_years_comes_with_a_warning() -> None:
    calendar = PaperCalendar(official_until=2026)
    assert deadline(UK, calendar, Facts(on("2026-11-30"))).warnings == ()
    assert "after 2026 are not official" in deadline(UK, calendar, Facts(on("2026-12-01"))).warnings[0]
    assert len(deadline(load_law("us_ca_ccpa"), calendar, Facts(on("2026-12-30"))).warnings) == 2  # counts working days
    assert len(deadline(load_law("br_lgpd"), calendar, Facts(on("2026-12-30"))).warnings) == 1  # needs no holidays


@pytest.mark.parametrize(
    ("name", "extended", "due"),
    [
        ("us_ca_ccpa", False, "2026-04-24"),
        ("us_ca_ccpa", True, "2026-06-08"),
        ("us_va_vcdpa", True, "2026-06-08"),
        ("us_co_cpa", False, "2026-04-24"),
        ("br_lgpd", False, "2026-03-25"),
        ("ca_pipeda", True, "2026-05-09"),  # a Saturday stays
        ("ch_fadp", True, "2026-04-09"),
        ("au_app12", False, "2026-04-09"),
        ("za_paia", True, "2026-05-09"),
        ("sg_pdpa", False, "2026-04-09"),
    ],
)
def test_other_laws_are_the_same_arithmetic_with_other_numbers(name: str, extended: bool, due: str) -> None:  # noqa: FBT001
    assert deadline(load_law(name), PaperCalendar(), Facts(on("2026-03-10"), extended=extended)).due_on == on(due)


@pytest.mark.parametrize("name", ["in_dpdp", "jp_appi"])
def test_a_law_without_a_number_gives_no_day(name: str) -> None:
    found = deadline(load_law(name), PaperCalendar(), Facts(on("2026-03-10"), extended=True, rights=ACCESS))
    assert (found.due_on, found.not_before_on, found.acknowledgement_due_on) == (None, None, None)
    assert "without undue delay" in explain(found)


def test_working_days_skip_weekends_and_holidays() -> None:
    calendar = PaperCalendar({on("2026-03-13"): "a parade"})
    found = deadline(load_law("us_ca_ccpa"), calendar, Facts(on("2026-03-10")))
    assert found.acknowledgement_due_on == on("2026-03-25")


def test_everything_unreviewed_says_so() -> None:
    for name in law_names():
        told = explain(deadline(load_law(name), PaperCalendar(), Facts(on("2026-03-10"))))
        assert ("unreviewed" in told) == (name not in {"uk_gdpr", "eu_gdpr"})


def test_the_receipt_is_told_in_local_time_and_in_the_writers() -> None:
    written = datetime(2026, 7, 1, 0, 50, tzinfo=timezone(timedelta(hours=2)))
    facts = Facts(received_on(written, "Europe/London"), written, "Europe/London")
    assert deadline(UK, PaperCalendar(), facts).steps == (
        "received Tue 30 Jun 2026 23:50 in Europe/London (Wed 1 Jul 2026 00:50 in UTC+02:00)",
        "one month: Thu 30 Jul 2026",
    )


def test_the_day_that_was_registered_stands_though_the_zone_was_changed_since() -> None:
    facts = Facts(on("2026-06-30"), datetime(2026, 6, 30, 23, 30, tzinfo=UTC), "Europe/London")
    assert deadline(UK, PaperCalendar(), facts).steps[0] == "received Tue 30 Jun 2026"


def test_the_explanation_tells_the_whole_way() -> None:
    at = datetime(2026, 1, 31, 23, 40, tzinfo=UTC)
    facts = Facts(on("2026-01-31"), at, "Europe/London")
    assert explain(deadline(UK, PaperCalendar(), facts)) == (
        "Answer by the end of Mon 2 Mar 2026. How this came about: received Sat 31 Jan 2026 23:40; "
        "one month (February has no 31st): 28 Feb 2026, a Saturday; 1 Mar 2026 is a Sunday; so Mon 2 Mar 2026. "
        "If it takes longer, the person must be told why by the end of Mon 2 Mar 2026."
    )


def test_the_explanation_names_both_pauses() -> None:
    pauses = (pause("2026-03-11", "2026-03-13"), pause("2026-03-20", "2026-03-23"))
    told = explain(uk("2026-03-10", rights=ACCESS, pauses=pauses))
    assert "asked Wed 11 Mar 2026, answered Fri 13 Mar 2026; asked Fri 20 Mar 2026, answered Mon 23 Mar 2026" in told
    assert "plus 5 days of waiting, which do not count: Wed 15 Apr 2026" in told


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2026-03-29T00:59:59+00:00", "Europe/London", "2026-03-29"),
        ("2026-03-29T22:59:59+00:00", "Europe/London", "2026-03-29"),  # BST since 01:00
        ("2026-03-29T23:00:00+00:00", "Europe/London", "2026-03-30"),
        ("2026-10-25T23:00:00+00:00", "Europe/London", "2026-10-25"),  # GMT again since 01:00 UTC
        ("2026-10-24T23:00:00+00:00", "Europe/London", "2026-10-25"),
        ("2026-06-30T22:30:00+00:00", "Europe/Berlin", "2026-07-01"),
        ("2026-06-30T03:00:00+00:00", "America/New_York", "2026-06-29"),
    ],
)
def test_the_day_of_receipt_is_the_local_day_of_delivery(instant: str, zone: str, day: str) -> None:
    assert received_on(datetime.fromisoformat(instant), zone) == on(day)


@pytest.mark.parametrize("zone", ["Europe/Lundon", "", "Europe", "../etc/passwd"])
def test_an_unknown_zone_is_an_error_for_a_person(zone: str) -> None:
    with pytest.raises(InboxBotError, match="not a time zone"):
        received_on(datetime(2026, 1, 1, tzinfo=UTC), zone)


def test_an_instant_without_offset_or_beyond_time_is_refused() -> None:
    with pytest.raises(InboxBotError, match="offset"):
        received_on(datetime(2026, 1, 1), "UTC")  # noqa: DTZ001
    with pytest.raises(InboxBotError, match="beyond"):
        received_on(datetime.max.replace(tzinfo=UTC), "Asia/Tokyo")


@pytest.mark.parametrize(
    "facts",
    [
        Facts(date(9999, 12, 31)),
        Facts(date(1899, 12, 31)),
        Facts(date(2026, 3, 10), rights=ACCESS, pauses=((date(2026, 3, 20), date(2026, 3, 19)),)),
        Facts(date(2026, 3, 10), pauses=((date(2026, 3, 20), date(9999, 3, 19)),)),
        Facts(date(2026, 3, 10), identity_asked_on=date(2026, 3, 20), identity_received_on=date(2026, 3, 19)),
    ],
)
def test_facts_that_cannot_be_are_refused(facts: Facts) -> None:
    with pytest.raises(InboxBotError):
        deadline(UK, PaperCalendar(), facts)
