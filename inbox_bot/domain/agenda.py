"""What the owner must hear on a local day: whether a digest goes out, what stands in it, in which order.

Nothing here is stored. *Overdue* and *due soon* are questions asked afresh each day, and a reminder mark is due when
the days left are at or below it and no event records it: a service that slept for a week needs no catch-up.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inbox_bot.domain.request import AGENT, CHASER, CHILD, QUOTES, URGENT, Request, Right, State

MARKS = (14, 7, 3, 1, 0)
_MONDAY = 0


class Urgency(StrEnum):
    """Why a request stands where it stands in the digest, most pressing first."""

    OVERDUE = "overdue"
    TODAY = "today"
    NOW = "now"
    TRIAGE = "triage"
    SOON = "soon"
    NEW = "new"
    LATER = "later"


class TroubleKind(StrEnum):
    """What beside a date needs the owner, most pressing first."""

    SERVER = "server"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNPARSED = "unparsed"
    WITHHELD = "withheld"
    BASELINE = "baseline"


RIGHT_WORDS = {
    Right.ACCESS: "access",
    Right.RECTIFICATION: "correction",
    Right.ERASURE: "erasure",
    Right.RESTRICTION: "restriction",
    Right.PORTABILITY: "portability",
    Right.OBJECTION: "objection",
    Right.AUTOMATED_DECISION: "automated decision",
    Right.CONSENT_WITHDRAWAL: "withdrawal of consent",
    Right.COMPLAINT: "complaint",
}
_COUNT_WORDS = {
    Urgency.OVERDUE: "overdue",
    Urgency.TODAY: "due today",
    Urgency.NOW: "to act on now",
    Urgency.SOON: "due soon",
    Urgency.TRIAGE: "to decide",
    Urgency.NEW: "new",
}
_STATUS_WORDS = {
    Urgency.OVERDUE: "OVERDUE",
    Urgency.TODAY: "DUE TODAY",
    Urgency.NOW: "ACT NOW",
    Urgency.TRIAGE: "IS THIS A REQUEST?",
    Urgency.NEW: "NEW",
    Urgency.LATER: "OPEN",
}
_ACKNOWLEDGEMENT_WORDS = {
    "sent": "Acknowledged.",
    "queued": "The acknowledgement is on its way.",
    "withheld": "The acknowledgement is withheld",
    "failed": "The acknowledgement was refused by a mail server.",
    "bounced": "The acknowledgement came back: that address takes no mail.",
    "uncertain": "The acknowledgement may or may not have arrived.",
    "none": "Not acknowledged.",
}
_TROUBLE_WORDS = {
    TroubleKind.SERVER: ("The mail server could not be used.", "The mail server could not be used, {count} times."),
    TroubleKind.FAILED: ("A letter was refused and will not arrive.", "{count} letters were refused."),
    TroubleKind.UNCERTAIN: ("A letter may or may not have arrived.", "{count} letters may or may not have arrived."),
    TroubleKind.UNPARSED: (
        "A mail could not be read; it may hold a request.",
        "{count} mails could not be read; they may hold requests.",
    ),
    TroubleKind.WITHHELD: ("An answer was withheld.", "{count} answers were withheld."),
    TroubleKind.BASELINE: (
        "A recent mail was there before the first start and is left alone.",
        "{count} recent mails were there before the first start and are left alone.",
    ),
}


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """A request as the agenda sees it.

    explanation: how the due day came about, in words. acknowledgement: `sent` | `queued` | `withheld` | `failed` |
    `bounced` | `uncertain` | `none`. reminded: the marks (days left) already recorded for the request's *present* due
    day: marks recorded before an extension do not count. announced: an earlier digest has already shown it.
    claimed_on: the day on which the sender says that they asked before.
    """

    request: Request
    explanation: str
    acknowledgement: str
    reminded: frozenset[int] = frozenset()
    announced: bool = False
    claimed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that stays wrong until the owner acts, and the command that acts on it.

    count: how many, when no single request is meant. fresh: no earlier digest has told of it; only then does it make a
    digest go out, and afterwards it is shown in every digest as long as it is passed in.
    """

    kind: TroubleKind
    remedy: str
    count: int = 1
    reference: str | None = None
    fresh: bool = True

    @property
    def words(self) -> str:
        """One sentence for the owner."""
        one, many = _TROUBLE_WORDS[self.kind]
        return one if self.count == 1 else many.format(count=self.count)


@dataclass(frozen=True, slots=True)
class Mark:
    """A reminder to record once the digest is committed: `days` before `due_on`."""

    reference: str
    days: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One request in the digest: no name, no address, not a word of the mail.

    rights: in words. status: the urgency in capitals. days_left: negative when overdue. urgent: an objection to direct
    marketing or a withdrawal of consent, which bind at once (UK GDPR Art 21(3), 7(3)). notices: sentences on what else
    is special about it. commands: shell lines.
    """

    reference: str
    rights: tuple[str, ...]
    urgency: Urgency
    status: str
    urgent: bool
    received_on: date
    due_on: date
    days_left: int
    explanation: str
    acknowledgement: str
    commands: tuple[str, ...]
    notices: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """The days left in words: `in 3 days`, `tomorrow`, `today`, `2 days ago`."""
        named = {1: "tomorrow", 0: "today", -1: "yesterday"}.get(self.days_left)
        return named or (f"in {self.days_left} days" if self.days_left > 0 else f"{-self.days_left} days ago")


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What the weekly reading of the mailbox with today's rules found. at: an instant. The rest counts mails."""

    at: datetime
    read: int
    missed: int
    near: int

    @property
    def words(self) -> str:
        """One line for the owner."""
        begun = f"Second look on {self.at.day} {self.at:%B}: {self.read} mails of 90 days read again with today's rules"
        if not self.missed:
            return f"{begun}, no request missed{f', near misses: {self.near}' if self.near else ''}."
        return f"{begun}; {self.missed} would be registered and {'is' if self.missed == 1 else 'are'} not."


@dataclass(frozen=True, slots=True)
class Agenda:
    """A local day, decided. due: whether a digest goes out. entries and troubles: most pressing first.

    marks_to_record, announced: what becomes history in the transaction that queues the digest. all_quiet: nothing in it
    asks for anything. second_look: what the last one found: on Mondays, and in every digest if it found something.
    """

    today: date
    company: str
    due: bool
    headline: str
    entries: tuple[Entry, ...]
    troubles: tuple[Trouble, ...]
    marks_to_record: tuple[Mark, ...]
    announced: tuple[str, ...]
    all_quiet: bool
    second_look: SecondLook | None = None

    @property
    def subject(self) -> str:
        """Counts only: a subject shows on locked screens and travels in clear."""
        return f"inbox-bot: {self.headline} — {self.company}"


def agenda(
    items: Iterable[AgendaItem],
    troubles: Iterable[Trouble],
    *,
    today: date,
    company: str,
    days: Sequence[int] = MARKS,
    second_look: SecondLook | None = None,
) -> Agenda:
    """Decides the local day `today`.

    A digest is due when a request is new, waits for a decision, has an unrecorded mark at or above its days left, or is
    overdue; when a trouble is fresh; and on Mondays. days: the marks, in days left. Closed requests are passed over.
    """
    live = [item for item in items if item.request.state is not State.CLOSED]
    entries = sorted((entry_of(item, today, days) for item in live), key=_rank)
    ordered = sorted(troubles, key=lambda trouble: (list(TroubleKind).index(trouble.kind), trouble.reference or ""))
    marks = tuple(mark for item in live for mark in _marks(item, today, days))
    missed = second_look is not None and second_look.missed > 0
    news = (
        bool(marks)
        or any(not item.announced or item.request.state is State.TRIAGE for item in live)
        or any(entry.urgency is Urgency.OVERDUE for entry in entries)
        or any(trouble.fresh for trouble in ordered)
    )
    return Agenda(
        today=today,
        company=company,
        due=news or today.weekday() == _MONDAY,
        headline=_headline(entries, len(ordered)),
        entries=tuple(entries),
        troubles=tuple(ordered),
        marks_to_record=marks,
        announced=tuple(item.request.reference for item in live if not item.announced),
        all_quiet=not ordered and not missed and all(entry.urgency is Urgency.LATER for entry in entries),
        second_look=second_look if missed or today.weekday() == _MONDAY else None,
    )


def entry_of(item: AgendaItem, today: date, days: Sequence[int] = MARKS) -> Entry:
    """The request as it stands in a digest of `today`; also the body of an urgent notice."""
    request = item.request
    days_left = (request.due_on - today).days
    urgency = _urgency(item, days_left, days)
    return Entry(
        reference=request.reference,
        rights=tuple(RIGHT_WORDS[right] for right in request.rights),
        urgency=urgency,
        status=_status(request, urgency, days_left),
        urgent=_is_urgent(request),
        received_on=request.received_on,
        due_on=request.due_on,
        days_left=days_left,
        explanation=item.explanation,
        acknowledgement=_acknowledgement(item),
        commands=_commands(item, urgency),
        notices=tuple(_notices(item)),
    )


def _is_urgent(request: Request) -> bool:
    return URGENT in request.marks


def _notices(item: AgendaItem) -> Iterator[str]:
    marks, day = item.request.marks, item.claimed_on
    if CHASER in marks:
        since = f" on {day.day} {day:%B %Y}" if day else ""
        yield f"They say that they asked before{since}: look for that mail today, for its month may have run out."
    if CHILD in marks:
        yield "It is about a child: see who may act for it before you send anything."
    elif AGENT in marks:
        yield "Somebody asks for another person: see their authority before you send anything."
    if QUOTES in marks:
        yield "It names the reference of a request that came from another address: see whether both are one person."


def _urgency(item: AgendaItem, days_left: int, days: Sequence[int]) -> Urgency:
    """The first that holds, in the order of `Urgency`."""
    holds = {
        Urgency.OVERDUE: days_left < 0,
        Urgency.TODAY: days_left == 0,
        Urgency.NOW: _is_urgent(item.request) or CHASER in item.request.marks,
        Urgency.TRIAGE: item.request.state is State.TRIAGE,
        Urgency.SOON: days_left <= max(days, default=0),
        Urgency.NEW: not item.announced,
        Urgency.LATER: True,
    }
    return next(urgency for urgency in Urgency if holds[urgency])


def _status(request: Request, urgency: Urgency, days_left: int) -> str:
    """The urgency in capitals, and what the owner must know beside it."""
    soon = "DUE TOMORROW" if days_left == 1 else f"DUE IN {days_left} DAYS"
    words = [_STATUS_WORDS.get(urgency, soon)]
    if _is_urgent(request) or CHASER in request.marks:
        words.append(_STATUS_WORDS[Urgency.NOW])
    if request.state is State.TRIAGE:
        words.append(_STATUS_WORDS[Urgency.TRIAGE])
    return " · ".join(dict.fromkeys(words))


def _acknowledgement(item: AgendaItem) -> str:
    words = _ACKNOWLEDGEMENT_WORDS[item.acknowledgement]
    if item.acknowledgement == "withheld":
        reason = (item.request.withheld or "").replace("_", " ")
        return f"{words}: {reason}." if reason else f"{words}."
    if item.acknowledgement == "none" and item.request.state is State.TRIAGE:
        return "Not acknowledged: that waits for your decision."
    return words


def _commands(item: AgendaItem, urgency: Urgency) -> tuple[str, ...]:
    reference, state = item.request.reference, item.request.state
    show = f"inbox-bot show {reference}"
    if state is State.TRIAGE:
        return (show, f"inbox-bot confirm {reference}", f"inbox-bot dismiss {reference}")
    commands = [show]
    if item.acknowledgement in {"withheld", "failed"}:
        commands.append(f"inbox-bot acknowledge {reference}")
    # A complaint has no extension, and one already extended has had its only one (UK GDPR Art 12A; DPA 2018 s164A).
    if urgency in {Urgency.TODAY, Urgency.SOON} and not item.request.extended and _answerable(item.request):
        commands.append(f'inbox-bot extend {reference} --because "REASON"')
    return (*commands, f"inbox-bot close {reference} --outcome done")


def _answerable(request: Request) -> bool:
    return any(right is not Right.COMPLAINT for right in request.rights)


def _marks(item: AgendaItem, today: date, days: Iterable[int]) -> Iterable[Mark]:
    request = item.request
    days_left = (request.due_on - today).days
    for mark in sorted(set(days) - item.reminded, reverse=True):
        if days_left <= mark:
            yield Mark(request.reference, mark, request.due_on)


def _rank(entry: Entry) -> tuple[int, date, str]:
    return list(Urgency).index(entry.urgency), entry.due_on, entry.reference


def _headline(entries: Sequence[Entry], troubles: int) -> str:
    """`1 overdue, 2 due soon, 1 to decide`: each request is counted once, under its most pressing side."""
    counts = Counter(entry.urgency for entry in entries)
    parts = [f"{counts[urgency]} {words}" for urgency, words in _COUNT_WORDS.items() if counts[urgency]]
    if troubles:
        parts.append(f"{troubles} to look at")
    if parts:
        return ", ".join(parts)
    return f"all quiet, {counts[Urgency.LATER]} open" if entries else "all quiet"
