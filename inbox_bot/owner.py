"""What the owner orders: each verb one transaction, one event, and a sentence that says what changed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from inbox_bot.domain.outbox import LetterState
from inbox_bot.domain.request import Event, Outcome, Request, Right, State, Step
from inbox_bot.errors import StepRefused
from inbox_bot.letters import Correspondent
from inbox_bot.ports import Register

_PLAIN_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$&'*+/=?^_`{|}~][A-Za-z0-9.!#$&'*+/=?^_`{|}~-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)
_ACTOR = "owner"


@dataclass(frozen=True, slots=True)
class Office:
    """What the owner's verbs need. due_on: rights, day of receipt -> day due; extended_to: request -> day, or None."""

    register: Register
    correspondent: Correspondent
    due_on: Callable[[Sequence[Right], date], date]
    extended_to: Callable[[Request], date | None]
    today: date
    now: datetime


def _event(office: Office, request: Request, step: Step, text: str = "", **detail: str) -> Event:
    return Event(request.reference, step, office.now, _ACTOR, tuple(detail.items()), text)


def confirm(office: Office, reference: str, rights: Sequence[Right] = ()) -> tuple[Request, bool]:
    """It is a request (for these rights). Also whether an acknowledgement was queued.

    Raises:
        NotFound, StepRefused: nothing was changed.
    """
    register = office.register
    with register.writing():
        request = register.request(reference)
        chosen = tuple(right for right in Right if right in (rights or request.rights))
        due_on = office.due_on(chosen, request.received_on)
        event = _event(office, request, Step.CONFIRMED, rights=" ".join(chosen), due_on=due_on.isoformat())
        confirmed = register.step(event, rights=" ".join(chosen), due_on=due_on.isoformat())
        queued = request.state is State.TRIAGE and request.withheld is None and _can_be_written_to(confirmed)
        if queued:
            _queue(office, confirmed)
    return confirmed, queued


def dismiss(office: Office, reference: str, because: str = "") -> Request:
    """It is no request."""
    with office.register.writing():
        request = office.register.request(reference)
        _cancel_queued(office, request)
        event = _event(office, request, Step.DISMISSED, because)
        return office.register.step(event, outcome=Outcome.NOT_A_REQUEST)


def extend(office: Office, reference: str, because: str) -> Request:
    """The answer takes longer (UK GDPR Art 12(3)): refused after the first period, and without a reason."""
    with office.register.writing():
        request = office.register.request(reference)
        if not because.strip():
            raise StepRefused("an extension needs a reason that the person will be told", 'add --because "..."')
        if request.extended:
            raise StepRefused(f"{reference} was extended before: the law allows it once", f"answer by {request.due_on}")
        if office.today > request.due_on:
            raise StepRefused(
                f"{reference} was due on {request.due_on}: it can only be extended before that day is over",
                "answer as soon as you can, and say why it is late",
            )
        due_on = office.extended_to(request)
        if due_on is None:
            raise StepRefused(
                f"the law of {reference} ({request.law}) knows no extension", f"answer by {request.due_on}"
            )
        event = _event(office, request, Step.EXTENDED, because, old=request.due_on.isoformat(), new=due_on.isoformat())
        return office.register.step(event, extended=1, due_on=due_on.isoformat())


def close(office: Office, reference: str, outcome: Outcome, note: str = "") -> Request:
    """It is answered, or ended otherwise."""
    with office.register.writing():
        request = office.register.request(reference)
        event = _event(office, request, Step.CLOSED, note, outcome=str(outcome))
        return office.register.step(event, outcome=outcome)


def acknowledge(office: Office, reference: str) -> Request:
    """Let a withheld, failed or uncertain acknowledgement go out.

    Raises:
        StepRefused: it was sent, is on its way, or there is nobody it could safely go to.
    """
    register = office.register
    with register.writing():
        request = register.request(reference)
        refuse_acknowledgement(office, request)
        letter = register.by_occasion(f"ack:{reference}")
        if letter is None:
            _queue(office, request)
        else:
            register.move(letter, LetterState.QUEUED, office.now, reply="released by the owner", due_at=office.now)
        event = _event(office, request, Step.RELEASED, withheld=request.withheld or "")
        return register.step(event, withheld=None)


def refuse_acknowledgement(office: Office, request: Request) -> None:
    """Raise StepRefused, with the reason, where an acknowledgement cannot go out."""
    letter = office.register.by_occasion(f"ack:{request.reference}")
    if letter is not None and letter.state is LetterState.SENT:
        raise StepRefused(
            f"{request.reference} was acknowledged on {letter.settled_at:%d %B %Y}", "nothing is to be done"
        )
    if letter is not None and letter.state in (LetterState.QUEUED, LetterState.SENDING, LetterState.DOT):
        raise StepRefused(f"the acknowledgement of {request.reference} is on its way", "look again in a few minutes")
    if request.state is State.TRIAGE:
        raise StepRefused(
            f"{request.reference} waits for your decision whether it is a request",
            f"`inbox-bot confirm {request.reference}` first",
        )
    if request.state is State.CLOSED:
        raise StepRefused(f"{request.reference} is closed", "write to the person yourself if that is needed")
    if not _can_be_written_to(request):
        raise StepRefused(
            f"{request.reference} has no address that a letter could safely go to",
            "read the mail itself, and answer by hand if a person wrote it",
        )


def _can_be_written_to(request: Request) -> bool:
    return request.sender is not None and _PLAIN_ADDRESS.fullmatch(request.sender) is not None


def _queue(office: Office, request: Request) -> None:
    draft = office.correspondent.acknowledgement(request, request.sender or "", office.now)
    office.register.queue(draft, office.now)


def _cancel_queued(office: Office, request: Request) -> None:
    letter = office.register.by_occasion(f"ack:{request.reference}")
    if letter is not None and letter.state is LetterState.QUEUED:
        office.register.move(letter, LetterState.CANCELLED, office.now, reply="dismissed by the owner")
