"""The owner's digest, decided once a local day: `inbox_bot.digest`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from inbox_bot.digest import Almanac, acknowledgement_of, agenda_of, decide_today
from inbox_bot.domain.agenda import Agenda, Trouble, TroubleKind
from inbox_bot.domain.message import Place
from inbox_bot.domain.outbox import Kind, LetterState
from inbox_bot.domain.request import Event, Outcome, Request, State, Step
from inbox_bot.errors import TemplateError
from inbox_bot.ports import Cursor
from tests.fakes.requests import request
from tests.fakes.world import World

LONDON = ZoneInfo("Europe/London")
TUESDAY_EIGHT = datetime(2026, 11, 24, 8, tzinfo=LONDON)


@dataclass
class Company:
    """A world with a calendar: days due as the register has them, but for those moved."""

    world: World
    moved: dict[str, date] = field(default_factory=dict)
    zone: ZoneInfo = LONDON

    @property
    def almanac(self) -> Almanac:
        return Almanac(
            company="Example Shop Ltd",
            at=time(8),
            days=(14, 7, 3, 1, 0),
            local=lambda instant: instant.astimezone(self.zone),
            redate=lambda each, _: (self.moved.get(each.reference, each.due_on), "One month after receipt."),
        )

    def decide(self) -> Agenda | None:
        return decide_today(self.world.register, self.world.correspondent, self.almanac, self.world.clock.now)

    def add(self, reference: str = "DSR-26-7F3K7", **changes: object) -> Request:
        added = request(reference, **changes)
        with self.world.register.writing():
            self.world.register.add(added)
        return added

    def tomorrow(self, **more: float) -> None:
        self.world.clock.advance(days=1, **more)

    def digests(self) -> list[str]:
        found = self.world.register.letters()
        return [letter.draft.occasion for letter in found if letter.draft.kind is Kind.DIGEST]

    def troubles(self) -> list[Trouble]:
        today = self.almanac.local(self.world.clock.now).date()
        return list(agenda_of(self.world.register, self.almanac, today).troubles)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with World(tmp_path).open() as world:
        world.clock.now = TUESDAY_EIGHT
        yield Company(world)


def steps(company: Company) -> list[tuple[Step, dict[str, str]]]:
    return [(event.step, dict(event.detail)) for event in company.world.register.events()]


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
    marks = [detail["days"] for step, detail in steps(company) if step is Step.REMINDED]
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
    assert steps(company) == []
    company.world.writer.broken.clear()
    assert company.decide() is not None


# -- marks ----------------------------------------------------------------------------------------------------------


def test_a_new_request_is_announced_once(company: Company) -> None:
    company.add()
    company.decide()
    assert steps(company) == [(Step.REMINDED, {"days": "new"})]
    company.tomorrow()
    quiet = company.decide()
    assert quiet is not None
    assert not quiet.due
    assert len(steps(company)) == 1


def test_each_mark_is_recorded_once_for_the_day_due(company: Company) -> None:
    company.add(due_on=date(2026, 12, 8))
    company.decide()
    assert steps(company)[1:] == [(Step.REMINDED, {"days": "14", "due_on": "2026-12-08"})]
    company.tomorrow()
    company.decide()
    assert len(steps(company)) == 2
    company.world.clock.advance(days=6)
    company.decide()
    assert steps(company)[2:] == [(Step.REMINDED, {"days": "7", "due_on": "2026-12-08"})]


def test_a_new_day_due_has_its_own_marks(company: Company) -> None:
    added = company.add(due_on=date(2026, 12, 8))
    company.decide()
    event = Event(added.reference, Step.EXTENDED, company.world.clock.now, "owner")
    company.world.register.step(event, due_on="2026-12-09", extended=1)
    company.moved = {}
    company.tomorrow()
    company.decide()
    assert steps(company)[-1] == (Step.REMINDED, {"days": "14", "due_on": "2026-12-09"})


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
    assert steps(company)[0] == (Step.REDATED, {"old": "2026-12-23", "new": "2026-12-24", "reason": "calendar"})
    assert company.world.register.request(added.reference).due_on == date(2026, 12, 24)
    company.tomorrow()
    company.decide()
    assert [step for step, _ in steps(company)].count(Step.REDATED) == 1


def test_a_closed_request_is_not_dated_again(company: Company) -> None:
    added = company.add(state=State.CLOSED, outcome=Outcome.DONE)
    company.moved[added.reference] = date(2026, 12, 24)
    company.decide()
    assert steps(company) == []


def test_the_digest_shows_the_day_as_moved(company: Company) -> None:
    added = company.add()
    company.moved[added.reference] = date(2026, 12, 24)
    company.decide()
    assert company.world.writer.agendas[0].entries[0].due_on == date(2026, 12, 24)


# -- letters --------------------------------------------------------------------------------------------------------


def acknowledged(company: Company, state: LetterState = LetterState.QUEUED, reference: str = "DSR-26-7F3K7") -> Request:
    """A request with its acknowledgement in a state, since now."""
    added, now = company.add(reference), company.world.clock.now
    register = company.world.register
    with register.writing():
        register.queue(company.world.correspondent.acknowledgement(added, "alex@example.org", now), now)
    letter = register.by_occasion(f"ack:{reference}")
    assert letter is not None
    if state is not LetterState.QUEUED:
        register.move(letter, state, now)
    return added


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (LetterState.QUEUED, "queued"),
        (LetterState.SENDING, "queued"),
        (LetterState.DOT, "queued"),
        (LetterState.SENT, "sent"),
        (LetterState.FAILED, "failed"),
        (LetterState.UNCERTAIN, "uncertain"),
        (LetterState.CANCELLED, "none"),
    ],
)
def test_where_the_acknowledgement_stands_is_told(company: Company, state: LetterState, word: str) -> None:
    added = acknowledged(company, state)
    assert acknowledgement_of(company.world.register, added) == word


def test_an_acknowledgement_that_came_back_is_not_called_sent(company: Company) -> None:
    added = acknowledged(company, LetterState.SENT)
    letter = company.world.register.letters()[0]
    company.world.register.mark_bounced(letter, company.world.clock.now)
    assert acknowledgement_of(company.world.register, added) == "failed"


def test_a_withheld_acknowledgement_is_told_but_not_while_the_request_waits_for_a_decision(company: Company) -> None:
    register = company.world.register
    assert acknowledgement_of(register, company.add(withheld="junk")) == "withheld"
    assert acknowledgement_of(register, company.add("DSR-26-00000", withheld="junk", state=State.TRIAGE)) == "none"
    assert acknowledgement_of(register, company.add("DSR-26-00001")) == "none"


@pytest.mark.parametrize(
    ("state", "kind"), [(LetterState.FAILED, TroubleKind.FAILED), (LetterState.UNCERTAIN, TroubleKind.UNCERTAIN)]
)
def test_a_letter_in_trouble_makes_a_digest_go_out_once_and_stays_in_every_one(
    company: Company, state: LetterState, kind: TroubleKind
) -> None:
    acknowledged(company, state)
    company.decide()
    assert [(trouble.kind, trouble.fresh) for trouble in company.world.writer.agendas[0].troubles] == [(kind, True)]
    company.tomorrow()
    quiet = company.decide()
    assert quiet is not None
    assert [(trouble.kind, trouble.fresh) for trouble in quiet.troubles] == [(kind, False)]
    assert not quiet.due


def test_trouble_that_began_after_the_last_digest_is_fresh(company: Company) -> None:
    acknowledged(company, LetterState.SENT)
    company.decide()
    company.world.clock.advance(hours=1)
    letter = company.world.register.by_occasion("ack:DSR-26-7F3K7")
    assert letter is not None
    company.world.register.mark_bounced(letter, company.world.clock.now)
    assert [(trouble.kind, trouble.fresh) for trouble in company.troubles()] == [(TroubleKind.FAILED, True)]
    company.tomorrow()
    told = company.decide()
    assert told is not None
    assert told.due
    assert told.troubles[0].reference == "DSR-26-7F3K7"
    assert [trouble.fresh for trouble in company.troubles()] == [False]


def test_a_day_that_sent_no_digest_told_nobody(company: Company) -> None:
    company.decide()
    company.world.clock.advance(hours=1)
    acknowledged(company, LetterState.FAILED)
    company.world.register.step(Event("DSR-26-7F3K7", Step.REMINDED, company.world.clock.now, "clock"))
    company.tomorrow()
    told = company.decide()
    assert told is not None
    assert told.due


def test_the_letter_of_a_closed_request_is_trouble_no_more(company: Company) -> None:
    acknowledged(company, LetterState.FAILED)
    event = Event("DSR-26-7F3K7", Step.CLOSED, company.world.clock.now, "owner")
    company.world.register.step(event, outcome=Outcome.DONE)
    assert company.troubles() == []


def test_a_digest_that_was_refused_makes_the_next_day_send_one(company: Company) -> None:
    company.add()
    company.decide()
    (digest,) = company.world.register.letters()
    company.world.clock.advance(minutes=1)
    company.world.register.move(digest, LetterState.FAILED, company.world.clock.now)
    company.tomorrow()
    told = company.decide()
    assert told is not None
    assert told.due
    assert [(trouble.kind, trouble.reference) for trouble in told.troubles] == [(TroubleKind.FAILED, None)]
    company.tomorrow()
    assert company.troubles() == []


# -- the baseline ---------------------------------------------------------------------------------------------------


def leave_alone(company: Company, mails: int) -> None:
    cursor = Cursor("INBOX", 7, mails, TUESDAY_EIGHT - timedelta(hours=1), mails)
    company.world.register.set_cursor(cursor)


def moved_in(company: Company, *uids: int) -> None:
    for uid in uids:
        company.world.register.see(
            Place("INBOX", 7, uid), f"d{uid}", "old", "before_baseline", None, company.world.clock.now
        )


def test_mail_left_alone_is_told_in_the_first_digest_with_the_line_that_registers_it(company: Company) -> None:
    leave_alone(company, 12)
    company.decide()
    (trouble,) = company.world.writer.agendas[0].troubles
    assert (trouble.kind, trouble.count) == (TroubleKind.BASELINE, 12)
    assert trouble.remedy == "inbox-bot import --since 2026-10-25"
    assert company.world.register.meta("baseline_told") == "2026-11-24"
    company.tomorrow()
    assert company.troubles() == []


def test_a_preview_tells_and_remembers_nothing(company: Company) -> None:
    leave_alone(company, 12)
    assert len(company.troubles()) == len(company.troubles()) == 1


def test_an_empty_folder_has_nothing_to_tell(company: Company) -> None:
    leave_alone(company, 0)
    company.add()
    company.decide()
    assert company.world.writer.agendas[0].troubles == ()
    assert company.world.register.meta("baseline_told") is None


def test_old_mail_that_was_moved_in_later_is_told_once_and_again_when_there_is_more(company: Company) -> None:
    leave_alone(company, 12)
    company.decide()
    moved_in(company, 20, 21)
    company.tomorrow()
    told = company.decide()
    assert told is not None
    assert told.due
    assert [trouble.count for trouble in told.troubles] == [2]
    company.tomorrow()
    assert company.troubles() == []
    moved_in(company, 22)
    assert [trouble.count for trouble in company.troubles()] == [1]


# -- one transaction ------------------------------------------------------------------------------------------------


def test_letter_marks_and_day_are_recorded_together_or_not_at_all(company: Company) -> None:
    company.add()
    company.world.register._run(
        "CREATE TEMP TRIGGER failing BEFORE INSERT ON day BEGIN SELECT abs(-9223372036854775807 - 1); END"
    )
    with pytest.raises(Exception, match="integer overflow"):
        company.decide()
    assert (company.digests(), steps(company)) == ([], [])
    company.world.register._run("DROP TRIGGER failing")
    company.decide()
    assert company.digests() == ["digest:2026-11-24"]
