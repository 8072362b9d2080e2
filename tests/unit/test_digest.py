"""The owner's digest, decided once a local day: `inbox_bot.digest`."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from inbox_bot.digest import note_second_look, second_look_due
from inbox_bot.domain.agenda import SecondLook
from inbox_bot.domain.request import Event, Outcome, State, Step
from inbox_bot.errors import TemplateError
from tests.fakes.company import TUESDAY_EIGHT, Company
from tests.fakes.world import World


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with World(tmp_path).open() as world:
        world.clock.now = TUESDAY_EIGHT
        yield Company(world)


# -- once a day -----------------------------------------------------------------------------------------------------


def test_a_day_is_decided_at_the_hour_and_not_before(company: Company) -> None:
    company.add()
    company.world.clock.now = TUESDAY_EIGHT - timedelta(seconds=1)
    assert company.decide() is None
    company.world.clock.now = TUESDAY_EIGHT
    assert company.decide() is not None
    assert company.digests() == ["digest:2026-11-24"]


def test_a_day_is_decided_once_even_after_the_hour_and_after_a_restart(company: Company) -> None:
    company.add()
    company.world.clock.now = TUESDAY_EIGHT + timedelta(hours=9)
    assert company.decide() is not None
    company.world.clock.advance(hours=2)
    company.add("DSR-26-00000")
    assert company.decide() is None
    assert len(company.digests()) == 1


def test_a_day_with_nothing_to_say_is_decided_too(company: Company) -> None:
    today = company.decide()
    assert today is not None
    assert not today.due
    assert company.digests() == []
    assert company.world.register.day_decided(date(2026, 11, 24))
    company.add()
    assert company.decide() is None


def test_the_day_is_the_controllers(company: Company) -> None:
    company.zone = ZoneInfo("Pacific/Auckland")
    company.add()
    company.world.clock.now = datetime(2026, 11, 24, 19, tzinfo=ZoneInfo("UTC"))  # 25 November, 08:00 there
    company.decide()
    assert company.digests() == ["digest:2026-11-25"]


def test_after_a_week_of_sleep_one_digest_says_it_all(company: Company) -> None:
    company.add(due_on=date(2026, 12, 10))
    company.decide()
    company.world.clock.advance(days=13)
    company.decide()
    assert company.digests() == ["digest:2026-11-24", "digest:2026-12-07"]
    marks = [detail["days"] for step, detail in company.steps() if step is Step.REMINDED]
    assert marks == ["new", "14", "7", "3"]


def test_the_digest_goes_to_the_owner_alone(company: Company) -> None:
    company.add()
    company.decide()
    (letter,) = company.world.register.letters()
    assert (letter.draft.forward_path, letter.draft.copy) == ("jo@shop.example.co.uk", None)
    assert b"Auto-Submitted: auto-generated" in letter.draft.raw


def test_a_digest_that_cannot_be_written_leaves_the_day_undecided(company: Company) -> None:
    company.add()
    company.world.writer.broken.add("digest")
    with pytest.raises(TemplateError):
        company.decide()
    assert not company.world.register.day_decided(date(2026, 11, 24))
    assert company.steps() == []
    company.world.writer.broken.clear()
    assert company.decide() is not None


# -- marks ----------------------------------------------------------------------------------------------------------


def test_a_new_request_is_announced_once(company: Company) -> None:
    company.add()
    company.decide()
    assert company.steps() == [(Step.REMINDED, {"days": "new"})]
    company.tomorrow()
    quiet = company.decide()
    assert quiet is not None
    assert not quiet.due
    assert len(company.steps()) == 1


def test_each_mark_is_recorded_once_for_the_day_due(company: Company) -> None:
    company.add(due_on=date(2026, 12, 8))
    company.decide()
    assert company.steps()[1:] == [(Step.REMINDED, {"days": "14", "due_on": "2026-12-08"})]
    company.tomorrow()
    company.decide()
    assert len(company.steps()) == 2
    company.world.clock.advance(days=6)
    company.decide()
    assert company.steps()[2:] == [(Step.REMINDED, {"days": "7", "due_on": "2026-12-08"})]


def test_a_new_day_due_has_its_own_marks(company: Company) -> None:
    added = company.add(due_on=date(2026, 12, 8))
    company.decide()
    event = Event(added.reference, Step.EXTENDED, company.world.clock.now, "owner")
    company.world.register.step(event, due_on="2026-12-09", extended=1)
    company.moved = {}
    company.tomorrow()
    company.decide()
    assert company.steps()[-1] == (Step.REMINDED, {"days": "14", "due_on": "2026-12-09"})


def test_an_overdue_request_is_told_every_day_until_it_is_closed(company: Company) -> None:
    added = company.add(due_on=date(2026, 11, 23))
    for _ in range(3):
        company.decide()
        company.tomorrow()
    assert len(company.digests()) == 3
    company.world.register.step(
        Event(added.reference, Step.CLOSED, company.world.clock.now, "owner"), outcome=Outcome.DONE
    )
    company.decide()
    assert len(company.digests()) == 3


# -- redate ---------------------------------------------------------------------------------------------------------


def test_a_day_due_that_the_calendar_moved_is_an_event_with_old_and_new(company: Company) -> None:
    added = company.add()
    company.moved[added.reference] = date(2026, 12, 24)
    company.decide()
    assert company.steps()[0] == (Step.REDATED, {"old": "2026-12-23", "new": "2026-12-24", "reason": "calendar"})
    assert company.world.register.request(added.reference).due_on == date(2026, 12, 24)
    company.tomorrow()
    company.decide()
    assert [step for step, _ in company.steps()].count(Step.REDATED) == 1


def test_a_closed_request_is_not_dated_again(company: Company) -> None:
    added = company.add(state=State.CLOSED, outcome=Outcome.DONE)
    company.moved[added.reference] = date(2026, 12, 24)
    company.decide()
    assert company.steps() == []


def test_the_digest_shows_the_day_as_moved(company: Company) -> None:
    added = company.add()
    company.moved[added.reference] = date(2026, 12, 24)
    company.decide()
    assert company.world.writer.agendas[0].entries[0].due_on == date(2026, 12, 24)


# -- one transaction ------------------------------------------------------------------------------------------------


def test_letter_marks_and_day_are_recorded_together_or_not_at_all(company: Company) -> None:
    company.add()
    company.world.register._run(
        "CREATE TEMP TRIGGER failing BEFORE INSERT ON day BEGIN SELECT abs(-9223372036854775807 - 1); END"
    )
    with pytest.raises(Exception, match="integer overflow"):
        company.decide()
    assert (company.digests(), company.steps()) == ([], [])
    company.world.register._run("DROP TRIGGER failing")
    company.decide()
    assert company.digests() == ["digest:2026-11-24"]


# -- the second look ------------------------------------------------------------------------------------------------

MONDAY_EIGHT = TUESDAY_EIGHT + timedelta(days=6)


def looked(company: Company, *, missed: int = 0, near: int = 0) -> None:
    note_second_look(company.world.register, SecondLook(company.world.clock.now, 412, missed, near))


def due(company: Company) -> bool:
    return second_look_due(company.world.register, company.almanac.local(company.world.clock.now))


def test_the_mailbox_is_read_again_once_a_week_but_not_in_the_week_of_the_first_start(company: Company) -> None:
    assert not due(company)
    company.world.poll()
    assert not due(company)
    company.world.clock.now = MONDAY_EIGHT - timedelta(days=1)
    assert not due(company)
    company.world.clock.now = MONDAY_EIGHT
    assert due(company)
    looked(company)
    assert not due(company)
    company.world.clock.advance(days=6)
    assert not due(company)
    company.world.clock.advance(days=9)
    assert due(company)


def test_a_second_look_that_found_nothing_is_told_on_mondays(company: Company) -> None:
    company.world.clock.now = MONDAY_EIGHT
    looked(company, near=2)
    today = company.decide()
    assert today is not None
    assert today.second_look is not None
    assert today.second_look.words == (
        "Second look on 30 November: 412 mails of 90 days read again with today's rules, no request missed,"
        " near misses: 2."
    )
    assert today.all_quiet
    company.tomorrow()
    company.add()
    tuesday = company.decide()
    assert tuesday is not None
    assert tuesday.second_look is None


def test_a_second_look_that_found_something_is_told_in_every_digest_of_the_week(company: Company) -> None:
    company.world.clock.now = MONDAY_EIGHT
    looked(company, missed=1)
    for monday in (True, False):
        today = company.decide()
        assert today is not None
        assert today.second_look is not None
        assert today.second_look.words.endswith("; 1 would be registered and is not.")
        assert (today.due, today.all_quiet) == (monday, False)
        company.tomorrow()
