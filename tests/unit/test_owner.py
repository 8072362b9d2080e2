"""The owner's verbs on a real register: what each changes, what it refuses and why; a refusal changes nothing."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from inbox_bot import owner
from inbox_bot.adapters.store import Store, opened
from inbox_bot.domain.outbox import LetterState
from inbox_bot.domain.request import Event, Outcome, Request, Right, State, Step
from inbox_bot.errors import NotFound, StepRefused, TemplateError
from tests.fakes.clock import START
from tests.fakes.requests import REQUEST, request
from tests.fakes.writer import FakeWriter, correspondent

REFERENCE = REQUEST.reference
TODAY = START.date()
ACK = f"ack:{REFERENCE}"


def due_on(rights: Sequence[Right], day: date) -> date:
    """A law under which a complaint is due later than anything else."""
    return day + timedelta(days=40 if tuple(rights) == (Right.COMPLAINT,) else 30)


def extended_to(asked: Request) -> date | None:
    """Three months in all, but for complaints; `no_law` knows none."""
    if asked.law == "no_law":
        return None
    return (
        due_on(asked.rights, asked.received_on)
        if asked.rights == (Right.COMPLAINT,)
        else asked.received_on + timedelta(days=90)
    )


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "register.db") as register:
        yield register


@pytest.fixture
def office(register: Store) -> owner.Office:
    return owner.Office(register, correspondent(), due_on, extended_to, TODAY, START)


def registered(register: Store, **changes: Any) -> Request:
    """A request in the register, as intake leaves it."""
    found = request(**changes)
    with register.writing():
        register.add(found)
        register.append(Event(found.reference, Step.REGISTERED, START, "mail"))
    return found


def acknowledged(office: owner.Office, *states: LetterState) -> None:
    """The acknowledgement is written, and goes through these states."""
    register = office.register
    with register.writing():
        register.queue(
            office.correspondent.acknowledgement(register.request(REFERENCE), "alex@example.org", START), START
        )
        for state in states:
            letter = register.by_occasion(ACK)
            assert letter is not None
            register.move(letter, state, START, reply="550 no such user" if state is LetterState.FAILED else "")


def letter_state(register: Store) -> str | None:
    letter = register.by_occasion(ACK)
    return None if letter is None else str(letter.state)


def snapshot(register: Store) -> object:
    """Everything that a refusal must leave as it was."""
    return register.requests(closed=True), register.events(), register.letters()


# -- confirm ----------------------------------------------------------------------------------------------------------


def test_confirming_out_of_triage_opens_dates_and_acknowledges(register: Store, office: owner.Office) -> None:
    before = registered(register, state=State.TRIAGE)
    done = owner.confirm(office, REFERENCE, (Right.ERASURE, Right.ACCESS))
    assert (done.before, done.queued, done.withheld) == (before, True, None)
    assert (done.request.state, done.request.rights) == (State.OPEN, (Right.ACCESS, Right.ERASURE))
    assert letter_state(register) == "queued"
    assert register.events(REFERENCE)[-1].step is Step.CONFIRMED


def test_confirming_without_rights_keeps_those_recognised(register: Store, office: owner.Office) -> None:
    registered(register, state=State.TRIAGE, rights=(Right.OBJECTION,))
    assert owner.confirm(office, REFERENCE).request.rights == (Right.OBJECTION,)


def test_confirming_for_other_rights_dates_anew_and_writes_to_nobody(register: Store, office: owner.Office) -> None:
    registered(register)
    acknowledged(office, LetterState.SENDING, LetterState.DOT, LetterState.SENT)
    done = owner.confirm(office, REFERENCE, (Right.COMPLAINT,))
    assert done.request.due_on == REQUEST.received_on + timedelta(days=40)
    assert (done.queued, letter_state(register)) == (False, "sent")


def test_confirming_an_extended_request_keeps_its_extension(register: Store, office: owner.Office) -> None:
    registered(register)
    owner.extend(office, REFERENCE, "four archives")
    done = owner.confirm(office, REFERENCE, (Right.ERASURE,))
    assert done.request.due_on == REQUEST.received_on + timedelta(days=90)


@pytest.mark.parametrize(
    ("changes", "live", "reason"),
    [
        ({"withheld": "junk"}, True, "junk"),
        ({}, False, "observe"),
        ({"sender": None}, True, "no_safe_address"),
        ({"sender": "a b@example.org"}, True, "no_safe_address"),
        ({"sender": "-oops@example.org"}, True, "no_safe_address"),
        ({"sender": "two@example.org,three@example.org"}, True, "no_safe_address"),
    ],
)
def test_confirming_acknowledges_nobody_where_something_speaks_against_it(
    register: Store, office: owner.Office, changes: dict[str, Any], reason: str, *, live: bool
) -> None:
    registered(register, state=State.TRIAGE, **changes)
    done = owner.confirm(dataclasses.replace(office, live=live), REFERENCE)
    assert (done.request.state, done.queued) == (State.OPEN, False)
    assert done.withheld == register.request(REFERENCE).withheld == reason
    assert letter_state(register) is None


def test_a_letter_that_cannot_be_written_confirms_nothing(register: Store, office: owner.Office) -> None:
    registered(register, state=State.TRIAGE)
    before = snapshot(register)
    broken = dataclasses.replace(office, correspondent=correspondent(FakeWriter(broken={"acknowledgement"})))
    with pytest.raises(TemplateError):
        owner.confirm(broken, REFERENCE)
    assert snapshot(register) == before


# -- dismiss and close ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.TRIAGE, State.OPEN])
def test_dismissing_closes_and_keeps_the_reason(register: Store, office: owner.Office, state: State) -> None:
    registered(register, state=state)
    done = owner.dismiss(office, REFERENCE, "a parcel")
    assert (done.request.state, done.request.outcome) == (State.CLOSED, Outcome.NOT_A_REQUEST)
    assert register.events(REFERENCE)[-1].text == "a parcel"


@pytest.mark.parametrize("end", ["dismiss", "close"])
@pytest.mark.parametrize(
    ("states", "cancelled", "left"),
    [
        ((), True, "cancelled"),
        ((LetterState.SENDING,), False, "sending"),
        ((LetterState.SENDING, LetterState.DOT, LetterState.SENT), False, "sent"),
    ],
    ids=["queued", "sending", "sent"],
)
def test_only_an_acknowledgement_that_has_not_begun_to_leave_is_cancelled(
    register: Store, office: owner.Office, end: str, states: Sequence[LetterState], *, cancelled: bool, left: str
) -> None:
    registered(register)
    acknowledged(office, *states)
    done = owner.dismiss(office, REFERENCE) if end == "dismiss" else owner.close(office, REFERENCE, Outcome.DONE)
    assert (done.cancelled, letter_state(register)) == (cancelled, left)


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.NOT_A_REQUEST])
def test_closing_keeps_outcome_note_and_instant(register: Store, office: owner.Office, outcome: Outcome) -> None:
    registered(register)
    done = owner.close(office, REFERENCE, outcome, "by post")
    assert (done.request.outcome, done.request.closed_at) == (outcome, START)
    event = register.events(REFERENCE)[-1]
    assert (event.step, event.text, dict(event.detail)["outcome"]) == (Step.CLOSED, "by post", str(outcome))


# -- extend -----------------------------------------------------------------------------------------------------------


def test_extending_moves_the_day_and_keeps_both_days_and_the_reason(register: Store, office: owner.Office) -> None:
    registered(register)
    done = owner.extend(office, REFERENCE, "four archives")
    assert (done.before.due_on, done.request.extended) == (REQUEST.due_on, True)
    assert done.request.due_on == REQUEST.received_on + timedelta(days=90)
    event = register.events(REFERENCE)[-1]
    detail = dict(event.detail)
    assert (detail["old"], detail["new"]) == ("2026-12-23", "2027-02-21")
    assert event.text == "four archives"


@pytest.mark.parametrize("today", [REQUEST.received_on, REQUEST.due_on])
def test_a_request_can_be_extended_to_the_end_of_the_day_due(
    register: Store, office: owner.Office, today: date
) -> None:
    registered(register)
    assert owner.extend(dataclasses.replace(office, today=today), REFERENCE, "x").request.extended


@pytest.mark.parametrize(
    ("changes", "today", "because", "words"),
    [
        ({}, TODAY, "  ", "needs a reason"),
        ({"extended": True}, TODAY, "x", "the law allows it once"),
        ({}, REQUEST.due_on + timedelta(days=1), "x", "before that day is over"),
        ({"law": "no_law"}, TODAY, "x", "knows no extension"),
        ({"rights": (Right.COMPLAINT,), "due_on": date(2027, 1, 2)}, TODAY, "x", "knows no extension"),
        ({"state": State.TRIAGE}, TODAY, "x", "cannot be extended"),
        ({"state": State.CLOSED, "outcome": Outcome.DONE}, TODAY, "x", "cannot be extended"),
    ],
    ids=["no-reason", "twice", "too-late", "no-extension", "complaint", "triage", "closed"],
)
def test_an_extension_that_the_law_does_not_allow_is_refused(
    register: Store, office: owner.Office, changes: dict[str, Any], today: date, because: str, words: str
) -> None:
    registered(register, **changes)
    before = snapshot(register)
    with pytest.raises(StepRefused, match=words) as refused:
        owner.extend(dataclasses.replace(office, today=today), REFERENCE, because)
    assert refused.value.remedy
    assert snapshot(register) == before


# -- acknowledge ------------------------------------------------------------------------------------------------------


def test_a_withheld_acknowledgement_is_read_first_and_then_goes_out(register: Store, office: owner.Office) -> None:
    registered(register, withheld="auto_submitted")
    waiting = owner.waiting_acknowledgement(office, REFERENCE)
    assert (waiting.reason, waiting.subject) == ("auto submitted", f"Your message: {REFERENCE}")
    assert f"Reference {REFERENCE}." in waiting.text
    assert letter_state(register) is None, "reading sends nothing"
    assert owner.acknowledge(office, REFERENCE).withheld is None
    assert letter_state(register) == "queued"
    assert dict(register.events(REFERENCE)[-1].detail)["withheld"] == "auto_submitted"


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ((LetterState.SENDING, LetterState.FAILED), "failed, 550 no such user"),
        ((LetterState.SENDING, LetterState.DOT, LetterState.UNCERTAIN), "uncertain (it may have arrived"),
    ],
    ids=["failed", "uncertain"],
)
def test_a_letter_that_did_not_arrive_is_read_as_it_was_written_and_goes_out_again(
    register: Store, office: owner.Office, states: Sequence[LetterState], reason: str
) -> None:
    registered(register)
    acknowledged(office, *states)
    letter = register.by_occasion(ACK)
    assert letter is not None
    reworded = dataclasses.replace(office, correspondent=correspondent(FakeWriter(broken={"acknowledgement"})))
    waiting = owner.waiting_acknowledgement(reworded, REFERENCE)
    assert waiting.reason.startswith(reason)
    assert f"Reference {REFERENCE}." in waiting.text
    owner.acknowledge(reworded, REFERENCE)
    again = register.by_occasion(ACK)
    assert again is not None
    assert (again.state, again.draft.raw, again.due_at) == (LetterState.QUEUED, letter.draft.raw, START)


@pytest.mark.parametrize(
    ("changes", "states", "words"),
    [
        ({}, (LetterState.SENDING, LetterState.DOT, LetterState.SENT), "was acknowledged on 24 November 2026"),
        ({}, (), "is on its way"),
        ({}, (LetterState.SENDING,), "is on its way"),
        ({}, (LetterState.SENDING, LetterState.DOT), "is on its way"),
        ({"state": State.TRIAGE}, None, "waits for your decision"),
        ({"state": State.CLOSED, "outcome": Outcome.DONE}, None, "is closed"),
        ({"sender": None}, None, "no address"),
        ({"sender": "<>@example.org"}, None, "no address"),
    ],
)
def test_what_may_not_go_out_is_refused_with_the_reason(
    register: Store, office: owner.Office, changes: dict[str, Any], states: Sequence[LetterState] | None, words: str
) -> None:
    registered(register, **changes)
    if states is not None:
        acknowledged(office, *states)
    before = snapshot(register)
    for verb in (owner.waiting_acknowledgement, owner.acknowledge):
        with pytest.raises(StepRefused, match=words) as refused:
            verb(office, REFERENCE)
        assert refused.value.remedy
    assert snapshot(register) == before


def test_a_letter_that_came_back_is_not_sent_to_the_same_address_again(register: Store, office: owner.Office) -> None:
    registered(register)
    acknowledged(office, LetterState.SENDING, LetterState.DOT, LetterState.SENT)
    letter = register.by_occasion(ACK)
    assert letter is not None
    with register.writing():
        register.mark_bounced(letter, START)
    with pytest.raises(StepRefused, match=r"came back: alex@example\.org takes no mail"):
        owner.acknowledge(office, REFERENCE)


# -- every verb -------------------------------------------------------------------------------------------------------


def test_every_verb_knows_an_unknown_reference(register: Store, office: owner.Office) -> None:
    for verb in (
        lambda: owner.confirm(office, "DSR-26-0000X"),
        lambda: owner.dismiss(office, "DSR-26-0000X"),
        lambda: owner.extend(office, "DSR-26-0000X", "x"),
        lambda: owner.close(office, "DSR-26-0000X", Outcome.DONE),
        lambda: owner.waiting_acknowledgement(office, "DSR-26-0000X"),
        lambda: owner.acknowledge(office, "DSR-26-0000X"),
    ):
        with pytest.raises(NotFound, match="DSR-26-0000X"):
            verb()
    assert register.events() == ()


@pytest.mark.parametrize("verb", ["confirm", "dismiss", "close"])
def test_a_closed_request_stays_as_it_is(register: Store, office: owner.Office, verb: str) -> None:
    registered(register, state=State.CLOSED, outcome=Outcome.DONE)
    before = snapshot(register)
    with pytest.raises(StepRefused, match=f"{REFERENCE} is closed"):
        owner.close(office, REFERENCE, Outcome.DONE) if verb == "close" else getattr(owner, verb)(office, REFERENCE)
    assert snapshot(register) == before


def test_the_history_of_every_verb_keeps_its_chain(register: Store, office: owner.Office) -> None:
    registered(register, state=State.TRIAGE)
    owner.confirm(office, REFERENCE)
    owner.extend(office, REFERENCE, "four archives")
    owner.close(office, REFERENCE, Outcome.PARTLY, "the rest is another's")
    assert [event.step for event in register.events(REFERENCE)] == [
        Step.REGISTERED, Step.CONFIRMED, Step.EXTENDED, Step.CLOSED,
    ]  # fmt: skip
    assert {event.actor for event in register.events(REFERENCE)[1:]} == {"owner"}
    assert register.broken_link() is None
