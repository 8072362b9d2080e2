"""The road of a message, as code: list, fetch, read, decide, record; one transaction a batch.

1. EXAMINE a folder. Without a cursor, set the baseline: what lies there already is not ours to answer.
2. List what is new: above the cursor; once a day also what became visible late; everything since the baseline where
   UIDVALIDITY changed.
3. Fetch and read a batch: parse, screen, classify. What beats the parser is a possible request, `unparsed`.
4. In one transaction: look up what is known, decide, record, move the cursor.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from inbox_bot.domain.decision import Arrival
from inbox_bot.domain.message import Place
from inbox_bot.domain.request import Request
from inbox_bot.errors import InboxBotError, RegisterError
from inbox_bot.intake.desk import Desk, PollReport
from inbox_bot.intake.reading import read
from inbox_bot.intake.recording import record
from inbox_bot.ports import Cursor, Folder

_log = logging.getLogger(__name__)

BATCH = 25
_POISON = 2  # deaths of one mail by itself, after the one that ended its batch
_SKEW = timedelta(hours=1)


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
            placed = [dated(arrival, cursor) for arrival in arrivals]
            report += _recorded(desk, placed, replace(cursor, uid=max(cursor.uid, batch[-1])))
            desk.heartbeat()
    finally:
        # Reached by every end but a sudden death: an error of the network is no fault of the mail.
        with suppress(RegisterError), register.writing():
            register.remember(reading, "ended")
            register.forget_attempts(folder.name)
    return report


def _recorded(desk: Desk, arrivals: Sequence[Arrival], cursor: Cursor) -> PollReport:
    """Record a batch and the cursor in one transaction. A mail that cannot be decided does not block the others."""
    try:
        with desk.register.writing():
            report = record(desk, arrivals)
            desk.register.set_cursor(cursor)
    except InboxBotError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is odd in a mail, the cursor moves on
        _log.error("a batch could not be decided: %s", type(error).__name__)
        report = sum((_one(desk, arrival) for arrival in arrivals), PollReport())
        with desk.register.writing():
            desk.register.set_cursor(cursor)
    return report


def _one(desk: Desk, arrival: Arrival) -> PollReport:
    """Record one mail; one that cannot be decided is a possible request."""
    try:
        with desk.register.writing():
            return record(desk, [arrival])
    except InboxBotError:
        raise
    except Exception:  # noqa: BLE001 - it is told below, without its values
        place = arrival.place
        _log.error("mail %s/%d could not be decided", place.folder, place.uid)
        unread = Arrival(place, arrival.received_at, arrival.junk, arrival.digest)
        with desk.register.writing():
            return record(desk, [replace(unread, before_baseline=arrival.before_baseline)])


def dated(arrival: Arrival, cursor: Cursor) -> Arrival:
    """A mail with whether it is from before the baseline of its folder."""
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
