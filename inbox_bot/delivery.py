"""deliver_due(): claim a letter, send it, settle it; and find out what became of the uncertain ones.

queued -> sending, committed before MAIL FROM: a crash here is certainly not sent.
sending -> dot, committed before the final dot: a crash from here on is uncertain.
dot -> sent on a whole 250; queued again or failed on a whole 4xx or 5xx; uncertain on anything else.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from inbox_bot.domain.outbox import GIVE_UP_AFTER, SETTLE, Kind, Letter, LetterState, retry_at
from inbox_bot.domain.request import Event, State, Step
from inbox_bot.domain.thread import OWN_HEADER
from inbox_bot.errors import InboxBotError, PostmanError
from inbox_bot.letters import Correspondent
from inbox_bot.ports import Mailbox, Postman, Register, Reply, ReplyKind

_log = logging.getLogger(__name__)
_TO_OWNER = (Kind.DIGEST, Kind.PROBE)
_STEPS = {LetterState.SENT: Step.SENT, LetterState.FAILED: Step.FAILED, LetterState.UNCERTAIN: Step.UNCERTAIN}


@dataclass(frozen=True, slots=True)
class Round:
    """All that sending takes. spread: a random number from 0 to 1, so that retries do not march in step."""

    postman: Postman
    register: Register
    clock: Callable[[], datetime]
    spread: Callable[[], float]
    heartbeat: Callable[[], None]


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one round did, in letters."""

    sent: int = 0
    failed: int = 0
    postponed: int = 0
    uncertain: int = 0


def recover(register: Register, now: datetime) -> None:
    """Before a round: what was claimed was not sent; what had reached its dot may have been. Needs the lock."""
    for letter in register.letters(state=LetterState.SENDING):
        register.move(letter, LetterState.QUEUED, now, reply="interrupted before the final dot")
    for letter in register.letters(state=LetterState.DOT):
        _settle(register, letter, Reply(0, "interrupted while the reply was awaited"), now, 0.5)


def deliver_due(round_: Round, *, owner_only: bool = False) -> DeliveryReport:
    """Send every letter that is due, each at most once. owner_only: leave the letters to data subjects for later.

    Raises:
        PostmanError: the server cannot be used now; letters stay queued.
        RegisterError: nothing more can be committed, so nothing more is sent.
    """
    recover(round_.register, round_.clock())  # a full disk can leave a letter claimed in this very process
    counts = dict.fromkeys(LetterState, 0)
    try:
        while (letter := round_.register.next_due(round_.clock(), owner_only=owner_only)) is not None:
            counts[_deliver(round_, letter).state] += 1
            round_.heartbeat()
    finally:
        round_.postman.quit()
    return DeliveryReport(
        sent=counts[LetterState.SENT],
        failed=counts[LetterState.FAILED],
        postponed=counts[LetterState.QUEUED],
        uncertain=counts[LetterState.UNCERTAIN],
    )


def _deliver(round_: Round, letter: Letter) -> Letter:
    register, postman, draft = round_.register, round_.postman, letter.draft
    recipients = [draft.forward_path, *([draft.copy] if draft.copy else [])]
    claimed = register.move(letter, LetterState.SENDING, round_.clock())
    try:
        reply = postman.offer(draft.reverse_path, recipients, len(draft.raw))
        if reply.kind is ReplyKind.OK:
            postman.body(draft.raw)
    except PostmanError as error:
        _settle(register, claimed, Reply(450, str(error)), round_.clock(), round_.spread())
        raise
    if reply.kind is not ReplyKind.OK:
        return _settle(register, claimed, _whole(reply), round_.clock(), round_.spread())
    try:
        at_dot = register.move(claimed, LetterState.DOT, round_.clock())
    except InboxBotError:
        postman.abort()  # The dot may not be sent unless it is on record.
        raise
    try:
        reply = postman.dot()
    except PostmanError as error:
        _settle(register, at_dot, Reply(450, str(error)), round_.clock(), round_.spread())
        raise
    return _settle(register, at_dot, reply, round_.clock(), round_.spread())


def _whole(reply: Reply) -> Reply:
    """Before the dot an unreadable reply is a temporary one: the letter was certainly not sent."""
    return reply if reply.kind in (ReplyKind.LATER, ReplyKind.NEVER) else Reply(450, str(reply))


def _settle(register: Register, letter: Letter, reply: Reply, now: datetime, spread: float) -> Letter:
    """Commit what a reply means for a letter, with its event."""
    state, due_at = _verdict(letter, reply, now, spread)
    with register.writing():
        settled = register.move(letter, state, now, reply=str(reply), due_at=due_at)
        step = _STEPS.get(state)
        if step is not None and letter.draft.reference is not None:
            detail = (("occasion", letter.draft.occasion), ("code", str(reply.code)))
            register.step(Event(letter.draft.reference, step, now, "delivery", detail))
    _log.info("letter %d (%s): %s, reply %d", letter.id, letter.draft.occasion, state, reply.code)
    return settled


def _verdict(letter: Letter, reply: Reply, now: datetime, spread: float) -> tuple[LetterState, datetime | None]:
    again = (LetterState.QUEUED, retry_at(now, letter.attempts, spread))
    match reply.kind:
        case ReplyKind.OK:
            return LetterState.SENT, None
        case ReplyKind.NEVER:
            return LetterState.FAILED, None
        case ReplyKind.LATER:
            return again if now - letter.created_at < GIVE_UP_AFTER else (LetterState.FAILED, None)
        case _ if letter.draft.kind in _TO_OWNER:
            return again  # A digest twice is a smaller harm than a digest lost.
        case _:
            return LetterState.UNCERTAIN, None


def resolve(register: Register, mailbox: Mailbox, correspondent: Correspondent, now: datetime) -> None:
    """Find out what became of uncertain letters, by looking for our own copy.

    Found: sent. Not found: a probe is sent to ourselves; when it is back, the settle time is over, a complete poll has
    followed, and this account has shown a copy before, the same bytes go out again. In every other case the owner
    decides.
    """
    for letter in register.letters(state=LetterState.UNCERTAIN):
        if letter.draft.copy is None:
            continue
        if _copy_found(mailbox, letter):
            with register.writing():
                register.mark_witnessed(letter, now)
                register.move(letter, LetterState.SENT, now, reply="our own copy was found")
                if letter.draft.reference:
                    detail = (("occasion", letter.draft.occasion),)
                    register.step(Event(letter.draft.reference, Step.WITNESSED, now, "delivery", detail))
            continue
        probe = register.by_occasion(f"probe:{letter.id}:{letter.attempts}")
        if probe is None:
            with register.writing():
                register.queue(correspondent.probe(letter.id, letter.attempts, now), now)
        elif _surely_lost(register, letter, probe, now):
            register.move(letter, LetterState.QUEUED, now, reply="no copy arrived: sent again", due_at=now)


def _copy_found(mailbox: Mailbox, letter: Letter) -> bool:
    found = mailbox.folders()
    names = (found.inbox, found.junk, found.sent, found.everything, found.trash)
    return any(mailbox.find_header(name, OWN_HEADER, letter.draft.token) for name in names if name)


def _surely_lost(register: Register, letter: Letter, probe: Letter, now: datetime) -> bool:
    began = register.meta("poll_began_at")
    if probe.witnessed_at is None or letter.settled_at is None or began is None:
        return False
    if letter.draft.reference and register.request(letter.draft.reference).state is State.CLOSED:
        return False
    polled_since = datetime.fromisoformat(began) > probe.witnessed_at
    return polled_since and now - letter.settled_at >= SETTLE and register.ever_witnessed()
