"""The second look: the mailbox read again with today's rules. Nothing is written, nothing is sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_bot.domain.decision import Arrival
from inbox_bot.domain.message import Place
from inbox_bot.domain.request import Evidence, Right, Verdict
from inbox_bot.intake.desk import Desk
from inbox_bot.intake.folders import BATCH, chunked, dated, watched
from inbox_bot.intake.reading import read
from inbox_bot.ports import Sighting

# Half of what makes a mail uncertain: words that come near to a request.
NEAR = 2.5
_SETTLED = frozenset({"own", "bounce"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A mail that is not in the register, and what today's rules make of it.

    before: what was made of it when it was read: `old` (from before the first start), `unrelated`, or `unread`.
    """

    place: Place
    received_at: datetime
    sender: str
    subject: str
    verdict: Verdict
    rights: tuple[Right, ...]
    score: float
    evidence: tuple[Evidence, ...]
    before: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What a second look found. read: mails. missed: what would be registered today and is not. near: near misses."""

    since: datetime
    read: int
    missed: tuple[Finding, ...]
    near: tuple[Finding, ...]


def audit(desk: Desk, since: datetime) -> Audit:
    """Read every watched folder again. since: an instant, aware UTC; what was delivered before is left out.

    Raises:
        MailboxError: the mailbox cannot be read to the end.
    """
    count = 0
    missed: list[Finding] = []
    near: list[Finding] = []
    for folder, junk in watched(desk):
        for arrival in _arrivals(desk, folder, since, junk=junk):
            count += 1
            finding = _finding(desk, arrival)
            if finding is not None:
                (near if finding.verdict is Verdict.UNRELATED else missed).append(finding)
    missed.sort(key=lambda finding: finding.received_at)
    near.sort(key=lambda finding: -finding.score)
    return Audit(since, count, tuple(missed), tuple(near))


def _arrivals(desk: Desk, folder: str, since: datetime, *, junk: bool) -> Iterator[Arrival]:
    desk.mailbox.examine(folder)
    # SEARCH SINCE compares days in the server's zone: one day of margin, then the instant decides.
    delivered = desk.mailbox.received_at(desk.mailbox.uids_since((since - timedelta(days=1)).date()))
    for batch in chunked(sorted(uid for uid, at in delivered.items() if at >= since), BATCH):
        for raw in desk.mailbox.fetch(list(batch), junk=junk):
            yield read(desk, raw)
        desk.heartbeat()


def _finding(desk: Desk, arrival: Arrival) -> Finding | None:
    """What a mail is, if the register should know it and does not."""
    message, found = arrival.message, arrival.classification
    seen = desk.register.sighting((arrival.digest, *arrival.older_digests))
    if message is None or found is None or _is_dealt_with(seen):
        return None
    is_near = found.score >= NEAR and arrival.screening is not None and arrival.screening.reason is None
    if found.verdict is Verdict.UNRELATED and not is_near:
        return None
    return Finding(
        place=arrival.place,
        received_at=arrival.received_at,
        sender=", ".join(sender.address for sender in message.senders),
        subject=message.subject,
        verdict=found.verdict,
        rights=found.rights,
        score=found.score,
        evidence=found.evidence,
        before=seen.verdict if seen else _unseen(desk, arrival),
    )


def _unseen(desk: Desk, arrival: Arrival) -> str:
    cursor = desk.register.cursor(arrival.place.folder)
    return "old" if cursor and dated(arrival, cursor).before_baseline else "unread"


def _is_dealt_with(seen: Sighting | None) -> bool:
    """Whether a mail is in the register, or a letter of ours that came back."""
    return seen is not None and (seen.reference is not None or seen.verdict in _SETTLED)
