"""What the owner orders: each verb one transaction, one event, and what changed as its result."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default

from inbox_bot.domain.outbox import Letter, LetterState
from inbox_bot.domain.request import Event, Outcome, Request, Right, State, Step
from inbox_bot.errors import StepRefused
from inbox_bot.letters import Correspondent
from inbox_bot.ports import Register

_PLAIN_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$&'*+/=?^_`{|}~][A-Za-z0-9.!#$&'*+/=?^_`{|}~-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)
_ACTOR = "owner"
_ON_ITS_WAY = (LetterState.QUEUED, LetterState.SENDING, LetterState.DOT)


@dataclass(frozen=True, slots=True)
class Office:
    """What the owner's verbs need. live: whether anybody is answered without being named in an order.

    due_on: rights, day of receipt -> day due. extended_to: request -> its day due if extended, or None.
    """

    register: Register
    correspondent: Correspondent
    due_on: Callable[[Sequence[Right], date], date]
    extended_to: Callable[[Request], date | None]
    today: date
    now: datetime
    live: bool = True


@dataclass(frozen=True, slots=True)
class Done:
    """What a verb changed: the request as it was, and as it is.

    queued: its acknowledgement goes out now. withheld: why one that might have does not. cancelled: one that waited to
    go out will not.
    """

    before: Request
    request: Request
    queued: bool = False
    withheld: str | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """An acknowledgement that goes out on the owner's word only: why it waits, and its very words."""

    request: Request
    reason: str
    subject: str
    text: str


def confirm(office: Office, reference: str, rights: Sequence[Right] = ()) -> Done:
    """It is a request (for these rights). Out of triage it is acknowledged, unless something speaks against it.

    Raises:
        NotFound, StepRefused, TemplateError: nothing was changed.
    """
    register = office.register
    with register.writing():
        before = register.request(reference)
        chosen = tuple(right for right in Right if right in (rights or before.rights))
        due_on = _due_on(office, replace(before, rights=chosen))
        withheld = _against(office, before) if before.state is State.TRIAGE else before.withheld
        event = _event(office, before, Step.CONFIRMED, rights=" ".join(chosen), due_on=due_on.isoformat())
        request = register.step(event, rights=" ".join(chosen), due_on=due_on.isoformat(), withheld=withheld)
        queued = before.state is State.TRIAGE and withheld is None
        if queued:
            _queue(office, request)
    return Done(before, request, queued=queued, withheld=withheld)


def _due_on(office: Office, request: Request) -> date:
    extended_to = office.extended_to(request) if request.extended else None
    return extended_to or office.due_on(request.rights, request.received_on)


def _against(office: Office, request: Request) -> str | None:
    """Why the acknowledgement of a request that leaves triage waits for one more word of the owner's, or None."""
    if request.withheld is not None or office.live:
        return request.withheld or (None if _can_be_written_to(request) else "no_safe_address")
    return "observe"


def dismiss(office: Office, reference: str, because: str = "") -> Done:
    """It is no request. An acknowledgement that has not left yet does not leave."""
    return _end(office, reference, Step.DISMISSED, Outcome.NOT_A_REQUEST, because)


def close(office: Office, reference: str, outcome: Outcome, note: str = "") -> Done:
    """It is answered, or ended otherwise: an acknowledgement now would come after the answer, so none leaves."""
    return _end(office, reference, Step.CLOSED, outcome, note)


def _end(office: Office, reference: str, step: Step, outcome: Outcome, note: str) -> Done:
    with office.register.writing():
        before = office.register.request(reference)
        event = _event(office, before, step, note, outcome=str(outcome))
        request = office.register.step(event, outcome=outcome)
        cancelled = _cancel_queued(office, before)
    return Done(before, request, cancelled=cancelled)


def extend(office: Office, reference: str, because: str) -> Done:
    """The answer takes longer (UK GDPR Art 12(3)): once, before the day due is over, with a reason.

    Raises:
        NotFound, StepRefused: nothing was changed.
    """
    with office.register.writing():
        before = office.register.request(reference)
        due_on = _extended_to(office, before, because)
        event = _event(office, before, Step.EXTENDED, because, old=before.due_on.isoformat(), new=due_on.isoformat())
        request = office.register.step(event, extended=1, due_on=due_on.isoformat())
    return Done(before, request)


def _extended_to(office: Office, request: Request, because: str) -> date:
    """The day due of an extension, or StepRefused with the reason why there can be none."""
    reference, due_on = request.reference, request.due_on
    if not because.strip():
        raise StepRefused("an extension needs a reason that the person will be told", 'add --because "..."')
    if request.extended:
        raise StepRefused(f"{reference} was extended before: the law allows it once", f"answer by {due_on}")
    if office.today > due_on:
        raise StepRefused(
            f"{reference} was due on {due_on}: it can only be extended before that day is over",
            "answer as soon as you can, and say why it is late",
        )
    extended_to = office.extended_to(request)
    if extended_to is None or extended_to <= due_on:
        raise StepRefused(
            f"the law of {reference} ({request.law}) knows no extension for what it asks", f"answer by {due_on}"
        )
    return extended_to


def waiting_acknowledgement(office: Office, reference: str) -> Waiting:
    """The acknowledgement that `acknowledge` would let go out, to be read first.

    Raises:
        NotFound, StepRefused: there is none, as `acknowledge` says.
    """
    request = office.register.request(reference)
    letter = _refuse_unless_waiting(office, request)
    if letter is None:
        written = office.correspondent.written(request)
        reason = (request.withheld or "it was never written").replace("_", " ")
        return Waiting(request, reason, written.subject, written.text)
    mail = message_from_bytes(letter.draft.raw, policy=default)
    body = mail.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    maybe = " (it may have arrived: the person could get it twice)" if letter.state is LetterState.UNCERTAIN else ""
    return Waiting(request, f"{letter.state}{maybe}, {letter.reply}".rstrip(", "), str(mail["Subject"]), text)


def acknowledge(office: Office, reference: str) -> Request:
    """Let a withheld, failed or uncertain acknowledgement go out.

    Raises:
        NotFound, TemplateError: nothing was changed.
        StepRefused: it was sent, is on its way, or there is nobody it could safely go to.
    """
    register = office.register
    with register.writing():
        request = register.request(reference)
        letter = _refuse_unless_waiting(office, request)
        if letter is None:
            _queue(office, request)
        else:
            register.move(letter, LetterState.QUEUED, office.now, reply="released by the owner", due_at=office.now)
        event = _event(office, request, Step.RELEASED, withheld=request.withheld or "")
        return register.step(event, withheld=None)


def _refuse_unless_waiting(office: Office, request: Request) -> Letter | None:
    """The letter as it was written, or None before that; StepRefused, with the reason, where none may go out."""
    reference, letter = request.reference, _acknowledgement(office, request)
    if letter is not None and letter.bounced_at is not None:
        raise StepRefused(
            f"the acknowledgement of {reference} came back: {request.sender} takes no mail",
            "reach the person another way, and note it when you close the request",
        )
    if letter is not None and letter.state is LetterState.SENT:
        raise StepRefused(f"{reference} was acknowledged on {letter.settled_at:%d %B %Y}", "nothing is to be done")
    if letter is not None and letter.state in _ON_ITS_WAY:
        raise StepRefused(f"the acknowledgement of {reference} is on its way", "look again in a few minutes")
    if request.state is State.TRIAGE:
        raise StepRefused(
            f"{reference} waits for your decision whether it is a request", f"`inbox-bot confirm {reference}` first"
        )
    if request.state is State.CLOSED:
        raise StepRefused(f"{reference} is closed", "write to the person yourself if that is needed")
    if not _can_be_written_to(request):
        raise StepRefused(
            f"{reference} has no address that a letter could safely go to",
            "read the mail itself, and answer by hand if a person wrote it",
        )
    return letter


def _event(office: Office, request: Request, step: Step, text: str = "", **detail: str) -> Event:
    return Event(request.reference, step, office.now, _ACTOR, tuple(detail.items()), text)


def _acknowledgement(office: Office, request: Request) -> Letter | None:
    return office.register.by_occasion(f"ack:{request.reference}")


def _can_be_written_to(request: Request) -> bool:
    return request.sender is not None and _PLAIN_ADDRESS.fullmatch(request.sender) is not None


def _queue(office: Office, request: Request) -> None:
    draft = office.correspondent.acknowledgement(request, request.sender or "", office.now)
    office.register.queue(draft, office.now)


def _cancel_queued(office: Office, request: Request) -> bool:
    letter = _acknowledgement(office, request)
    if letter is None or letter.state is not LetterState.QUEUED:
        return False
    office.register.move(letter, LetterState.CANCELLED, office.now, reply=f"{request.reference} was closed first")
    return True
