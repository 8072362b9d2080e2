"""What a digest tells beside the dates: letters in trouble, mail left alone. `inbox_bot.digest`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from inbox_bot.digest import acknowledgement_of
from inbox_bot.domain.agenda import TroubleKind
from inbox_bot.domain.message import Place
from inbox_bot.domain.outbox import LetterState
from inbox_bot.domain.request import Event, Outcome, Request, State, Step
from inbox_bot.ports import Cursor
from tests.fakes.company import TUESDAY_EIGHT, Company
from tests.fakes.world import World


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with World(tmp_path).open() as world:
        world.clock.now = TUESDAY_EIGHT
        yield Company(world)


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
    assert acknowledgement_of(company.world.register, added) == "bounced"


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
