"""A batch, decided and written inside one open transaction."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from inbox_bot.domain import reference, thread
from inbox_bot.domain.decision import Arrival, Decision, Known, decide, sender_of
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.outbox import Letter, LetterState
from inbox_bot.domain.request import Event, Request, Step, Verdict
from inbox_bot.errors import TemplateError
from inbox_bot.intake.desk import Desk, PollReport
from inbox_bot.ports import Register

# What an import looks at again: mail left alone, and mail that earlier rules made nothing of.
_REOPENED = frozenset({"old", Verdict.UNRELATED})
_log = logging.getLogger(__name__)


def record(desk: Desk, arrivals: Sequence[Arrival]) -> PollReport:
    """Decide and write a batch inside the open transaction, so that each mail sees what the one before it did."""
    report = PollReport(read=len(arrivals))
    now = desk.clock()
    for arrival in arrivals:
        known = _known(desk, arrival, now)
        decision = decide(arrival, known, desk.policy, _draw(desk, now), now)
        _write(desk, decision, now)
        opened = (decision.request.reference,) if decision.request else ()
        report += PollReport(registered=opened, acknowledged=int(decision.acknowledge))
    return report


def _draw(desk: Desk, now: datetime) -> str:
    while True:
        drawn = reference.draw(now.year, desk.choose)
        if not desk.register.has(drawn):
            return drawn


def _known(desk: Desk, arrival: Arrival, now: datetime) -> Known:
    register, message = desk.register, arrival.message
    sighting = register.sighting((arrival.digest, *arrival.older_digests))
    if sighting and sighting.verdict in _REOPENED and sighting.reference is None and arrival.imported:
        sighting = None
    seen = (sighting.verdict, sighting.reason, sighting.reference) if sighting else None
    if message is None:
        return Known(seen=seen)
    sender = sender_of(arrival) or ""
    earlier = (
        sighting.reference
        if sighting
        else register.duplicate(message.message_id or "", sender, arrival.text_hash or "")
    )
    tally = register.tally(sender, now)
    return Known(
        seen=seen,
        earlier=register.request(earlier) if earlier and register.has(earlier) else None,
        own_letter=_own_letter(desk, message),
        bounced_letter=next((letter.id for letter in _letters(desk, arrival.bounced)), None),
        thread=_thread(desk, message),
        quoted=_quoted(desk, message),
        open_requests=register.open_requests_of(sender) if sender else (),
        letters_to_sender=tally[0],
        letters_last_hour=tally[1],
        letters_last_day=tally[2],
    )


def _own_letter(desk: Desk, message: InboundMessage) -> int | None:
    """The letter of ours that this mail is a copy of: our token in its own headers, and our text."""
    hashes = {thread.text_hash(key, message.text) for key in desk.register.keys}
    letters = _letters(desk, thread.own_tokens(desk.register.keys, message))
    return next((letter.id for letter in letters if letter.draft.text_hash in hashes), None)


def _thread(desk: Desk, message: InboundMessage) -> Request | None:
    """The request whose letter this mail answers."""
    letters = _letters(desk, thread.answered_tokens(desk.register.keys, message))
    references = (letter.draft.reference for letter in letters)
    return next((desk.register.request(found) for found in references if found and desk.register.has(found)), None)


def _quoted(desk: Desk, message: InboundMessage) -> Request | None:
    """The request whose reference stands in this mail."""
    references = reference.find(f"{message.subject}\n{message.text}")
    return next((desk.register.request(found) for found in references if desk.register.has(found)), None)


def _letters(desk: Desk, tokens: Sequence[str]) -> Iterator[Letter]:
    return (letter for token in tokens if (letter := desk.register.by_token(token)) is not None)


def _write(desk: Desk, decision: Decision, now: datetime) -> None:
    register, arrival = desk.register, decision.arrival
    register.see(arrival.place, arrival.digest, decision.verdict, decision.reason, decision.reference, now)
    if decision.request is not None:
        register.add(decision.request)
    if decision.released is not None:
        register.amend(decision.released, withheld=decision.reason or None)
    for event in decision.events:
        if event.step is Step.REGISTERED:
            register.append(event)
        else:
            register.step(event)
    if decision.witnessed is not None:
        witness(register, decision.witnessed, now)
    if decision.bounced is not None:
        _bounce(register, decision.bounced, now)
    if decision.acknowledge and decision.reference and decision.forward_path:
        request = decision.request or register.request(decision.reference)
        _acknowledge(desk, request, decision.forward_path, now)
    if decision.verdict != Verdict.UNRELATED:
        what = " ".join(filter(None, (decision.verdict, decision.reference, decision.reason)))
        _log.info("mail %s/%d: %s", arrival.place.folder, arrival.place.uid, what)


def _acknowledge(desk: Desk, request: Request, forward_path: str, now: datetime) -> None:
    try:
        draft = desk.correspondent.acknowledgement(request, forward_path, now)
    except TemplateError as error:
        # A letter that cannot be written must not keep the request out of the register.
        _log.error("the acknowledgement of %s cannot be written: %s", request.reference, error)
        desk.register.amend(request.reference, withheld="template")
    else:
        desk.register.queue(draft, now)


def witness(register: Register, letter_id: int, now: datetime) -> None:
    """A copy of a letter was found: it was accepted, whatever we thought. Inside the open transaction."""
    letter = register.letter(letter_id)
    register.mark_witnessed(letter, now)
    if letter.state in (LetterState.SENT, LetterState.CANCELLED):
        return
    register.move(letter, LetterState.SENT, now, reply="our own copy arrived")
    if letter.draft.reference:
        register.step(Event(letter.draft.reference, Step.SENT, now, "mail", (("occasion", letter.draft.occasion),)))


def _bounce(register: Register, letter_id: int, now: datetime) -> None:
    letter = register.letter(letter_id)
    register.mark_bounced(letter, now)
    if letter.draft.reference and letter.bounced_at is None:
        register.step(Event(letter.draft.reference, Step.BOUNCED, now, "mail", (("occasion", letter.draft.occasion),)))
