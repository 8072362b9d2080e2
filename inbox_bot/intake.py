"""The road of a message, as code: list, fetch, read, decide, record; one transaction a batch.

1. EXAMINE a folder. Without a cursor, set the baseline: what lies there already is not ours to answer.
2. List what is new: above the cursor; once a day also what became visible late; everything since the baseline where
   UIDVALIDITY changed.
3. Fetch and read a batch: parse, screen, classify. What beats the parser is a possible request, `unparsed`.
4. In one transaction: look up what is known, decide, record, move the cursor.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from inbox_bot.domain import reference, thread
from inbox_bot.domain.classification import Classification
from inbox_bot.domain.decision import Arrival, Decision, Known, Policy, decide, sender_of
from inbox_bot.domain.message import Identity, InboundMessage, Place, RawMessage
from inbox_bot.domain.mime import parse, topmost_received_at
from inbox_bot.domain.outbox import Letter, LetterState
from inbox_bot.domain.request import Event, Request, Step, Verdict
from inbox_bot.domain.screening import screen
from inbox_bot.errors import MailboxError, RegisterError, TemplateError
from inbox_bot.letters import Correspondent
from inbox_bot.ports import Cursor, Folder, Mailbox, Register

_log = logging.getLogger(__name__)

BATCH = 25
_TEXT_WINDOW = 1 << 20
_POISON = 2  # deaths of one mail by itself, after the one that ended its batch
_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """All that reading a mailbox takes, made by the composition root.

    folders: names to watch beside Junk; junk: its configured name or None. classify: the recognition with its rules
    bound. choose: picks a character at random. heartbeat: called after every finished batch. spoken: of one letter.
    """

    mailbox: Mailbox
    register: Register
    correspondent: Correspondent
    identity: Identity
    policy: Policy
    folders: tuple[str, ...]
    junk: str | None
    classify: Callable[[InboundMessage], Classification]
    choose: Callable[[str], str]
    clock: Callable[[], datetime]
    heartbeat: Callable[[], None]


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one pass did. baselines: folder and how many mails of the last 30 days are left alone there."""

    read: int = 0
    registered: tuple[str, ...] = ()
    acknowledged: int = 0
    baselines: tuple[tuple[str, int], ...] = ()

    def __add__(self, other: "PollReport") -> "PollReport":
        return PollReport(
            self.read + other.read,
            self.registered + other.registered,
            self.acknowledged + other.acknowledged,
            self.baselines + other.baselines,
        )


def poll(desk: Desk) -> PollReport:
    """One pass over every watched folder.

    Raises:
        MailboxError, RegisterError: the pass ended early; what was committed stands, the rest comes next time.
    """
    began_at = desk.clock()
    report = PollReport()
    for name, junk in watched(desk):
        report += _poll_folder(desk, name, junk=junk)
    with desk.register.writing():
        desk.register.remember("poll_began_at", began_at.isoformat())
        desk.register.remember("poll_ended_at", desk.clock().isoformat())
    return report


def watched(desk: Desk) -> list[tuple[str, bool]]:
    """The folders to read and whether each is Junk."""
    found = desk.mailbox.folders()
    junk = desk.junk or found.junk
    names = [(name, False) for name in desk.folders or (found.inbox,)]
    return [*names, (junk, True)] if junk and junk not in dict(names) else names


def _poll_folder(desk: Desk, name: str, *, junk: bool) -> PollReport:
    folder = desk.mailbox.examine(name)
    cursor = desk.register.cursor(name)
    if cursor is None:
        return _set_baseline(desk, folder)
    today = desk.clock().date()
    # UIDNEXT never falls (RFC 9051 section 2.3.1.1), but for a server restored from its backup: then UIDs come again.
    if cursor.uidvalidity != folder.uidvalidity or folder.uidnext <= cursor.uid:
        _log.warning("folder %s was renumbered: listing its mail since the baseline again", name)
        uids = _since_baseline(desk, cursor, range(1, folder.uidnext))
        # The cursor keeps its old uidvalidity until all is read: what is listed twice is known by its digest.
        report = _read_all(desk, folder, cursor, uids, junk=junk)
        done = replace(cursor, uidvalidity=folder.uidvalidity, uid=folder.uidnext - 1, swept_on=today)
    else:
        fresh = desk.mailbox.uids_after(cursor.uid) if folder.uidnext > cursor.uid + 1 else []
        late = _late(desk, cursor) if cursor.swept_on != today else []
        report = _read_all(desk, folder, cursor, [*late, *fresh], junk=junk)
        done = replace(cursor, uid=max([cursor.uid, *fresh]), swept_on=today)
    if done != desk.register.cursor(name):
        with desk.register.writing():
            desk.register.set_cursor(done)
    return report


def _set_baseline(desk: Desk, folder: Folder) -> PollReport:
    now = desk.clock()
    month_ago = now - timedelta(days=30)
    listed = desk.mailbox.uids_since(month_ago.date()) if folder.exists else []
    delivered = desk.mailbox.received_at([uid for uid in listed if uid < folder.uidnext])
    recent = sum(at >= month_ago for at in delivered.values())
    # The server's clock may be ahead of ours: what lies there already was delivered before the baseline, by definition.
    newest = max((at for at in delivered.values() if at < now + _SKEW), default=now)
    # INTERNALDATE has whole seconds: the next whole second is the first that is certainly after the baseline.
    baseline_at = (max(now, newest) + timedelta(seconds=1)).replace(microsecond=0)
    cursor = Cursor(folder.name, folder.uidvalidity, folder.uidnext - 1, baseline_at, recent, now.date())
    with desk.register.writing():
        desk.register.set_cursor(cursor)
    return PollReport(baselines=((folder.name, recent),))


def _late(desk: Desk, cursor: Cursor) -> list[int]:
    """UIDs that became visible after the cursor had passed them."""
    seen = desk.register.uids_seen(cursor.folder, cursor.uidvalidity)
    return _since_baseline(desk, cursor, range(1, cursor.uid + 1), seen)


def _since_baseline(desk: Desk, cursor: Cursor, among: range, seen: frozenset[int] = frozenset()) -> list[int]:
    """UIDs of the examined folder delivered at or after the baseline, whatever their order, less those seen."""
    # SEARCH SINCE compares days in the server's zone: one day of margin, then the instant decides.
    candidates = desk.mailbox.uids_since((cursor.baseline_at - timedelta(days=1)).date())
    delivered = desk.mailbox.received_at([uid for uid in candidates if uid in among and uid not in seen])
    return sorted(uid for uid, at in delivered.items() if at >= cursor.baseline_at)


def _read_all(desk: Desk, folder: Folder, cursor: Cursor, uids: Sequence[int], *, junk: bool) -> PollReport:
    """Batches of one folder; after an unclean end one mail at a time, so that a deadly mail shows itself."""
    report = PollReport()
    if not uids:
        return report
    register, reading = desk.register, f"reading:{folder.name}"
    unclean = register.meta(reading) == "begun"
    if not unclean:
        with register.writing():
            register.remember(reading, "begun")
    try:
        for batch in chunked(uids, 1 if unclean else BATCH):
            arrivals = _alone(desk, folder, batch[0], junk=junk) if unclean else _arrivals(desk, batch, junk=junk)
            dated = [_with_baseline(arrival, cursor) for arrival in arrivals]
            with register.writing():
                report += record(desk, dated)
                register.set_cursor(replace(cursor, uid=max(cursor.uid, batch[-1])))
            desk.heartbeat()
    finally:
        # Reached by every end but a sudden death: an error of the network is no fault of the mail.
        with suppress(RegisterError), register.writing():
            register.remember(reading, "ended")
            register.forget_attempts(folder.name)
    return report


def _with_baseline(arrival: Arrival, cursor: Cursor) -> Arrival:
    # A new UID with an old date is mail moved in from elsewhere; a server's clock may be an hour off.
    return replace(arrival, before_baseline=arrival.received_at < cursor.baseline_at - _SKEW)


def chunked(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Slices of at most `size`, in order."""
    return (uids[start : start + size] for start in range(0, len(uids), size))


def _alone(desk: Desk, folder: Folder, uid: int, *, junk: bool) -> list[Arrival]:
    place = Place(folder.name, folder.uidvalidity, uid)
    if desk.register.deaths(place) >= _POISON:
        delivered = desk.mailbox.received_at([uid]).get(uid, desk.clock())
        _log.error("mail %s/%d ended the program three times: set aside as a possible request", folder.name, uid)
        return [Arrival(place, delivered, junk, f"poison:{place.uidvalidity}:{uid}")]
    desk.register.attempt(place)
    return _arrivals(desk, [uid], junk=junk)


def _arrivals(desk: Desk, uids: Sequence[int], *, junk: bool) -> list[Arrival]:
    return [read(desk, raw) for raw in desk.mailbox.fetch(list(uids), junk=junk)]


def read(desk: Desk, raw: RawMessage) -> Arrival:
    """Parse, screen and classify one mail. Never raises for what is in the mail: then it is `unparsed`."""
    key, *older = desk.register.keys
    # A date to come (an APPEND may give any) would be a deadline that never comes.
    received_at = min(raw.received_at.astimezone(UTC), desk.clock())
    if not raw.head:  # The server withheld it; nothing may be taken for the same as another that was.
        return Arrival(raw.place, received_at, raw.junk, f"withheld:{raw.place.uidvalidity}:{raw.place.uid}")
    digests = tuple(thread.digest(each, raw.head) for each in older)
    arrival = Arrival(raw.place, received_at, raw.junk, thread.digest(key, raw.head), older_digests=digests)
    try:
        message = parse(raw.head, truncated=not raw.complete)
        if message.truncated and not raw.complete:
            raw = desk.mailbox.more(raw, _TEXT_WINDOW)
            message = parse(raw.head, truncated=not raw.complete)
        delivered = topmost_received_at(message)
        return replace(
            arrival,
            received_at=min(received_at, delivered or received_at),
            message=message,
            screening=screen(message, desk.identity),
            classification=desk.classify(message),
            text_hash=thread.text_hash(key, f"{message.subject}\n{message.text}"),
            bounced=thread.bounced_tokens(desk.register.keys, message, raw.head),
            only_warns=thread.only_warns(raw.head),
        )
    except MailboxError:
        raise
    except Exception as error:  # noqa: BLE001 - one odd mail must not stop the rest; the owner is asked to read it
        # Without the traceback: its values are the mail.
        _log.error("mail %s/%d could not be read: %s", raw.place.folder, raw.place.uid, type(error).__name__)
        return arrival


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
    if sighting and sighting.verdict == "old" and arrival.imported:
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


class _DryRun(Exception):
    """The way out of a transaction that is not meant."""


def import_since(desk: Desk, since: datetime, *, dry_run: bool) -> tuple[Request, ...]:
    """Register requests among the mail from before the baseline. They are never answered by themselves.

    since: an instant, aware UTC. dry_run: tell what would be registered, and write nothing but the baseline.
    """
    found: list[Request] = []
    for name, junk in watched(desk):
        folder = desk.mailbox.examine(name)
        if desk.register.cursor(name) is None:
            _set_baseline(desk, folder)
        cursor = desk.register.cursor(name)
        delivered = desk.mailbox.received_at(desk.mailbox.uids_since((since - timedelta(days=1)).date()))
        baseline_at = cursor.baseline_at if cursor else desk.clock()
        # What was moved in later may be dated anew: it was seen, and only what was set aside as `old` is not known.
        seen = desk.register.uids_seen(name, folder.uidvalidity)
        chosen = sorted(uid for uid, at in delivered.items() if at >= since and (at < baseline_at or uid in seen))
        for batch in chunked(chosen, BATCH):
            arrivals = [replace(arrival, imported=True) for arrival in _arrivals(desk, batch, junk=junk)]
            with suppress(_DryRun), desk.register.writing():
                report = record(desk, arrivals)
                found += [desk.register.request(registered) for registered in report.registered]
                if dry_run:
                    raise _DryRun
    return tuple(found)
