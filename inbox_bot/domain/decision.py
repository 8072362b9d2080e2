"""The whole policy: what must happen because a mail arrived. Pure: everything it needs to know is an argument.

Two questions are never mixed: must it be registered, and may we answer it?
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from inbox_bot.domain.classification import Classification
from inbox_bot.domain.message import InboundMessage, Place
from inbox_bot.domain.request import CHASER, FOR_OTHERS, QUOTES, Event, Evidence, Request, Right, State, Step, Verdict
from inbox_bot.domain.screening import Screening

# An unparsed mail may ask for anything, so it is dated like the most common request.
_UNREAD_RIGHTS = (Right.ACCESS,)
# What makes an earlier mail of the same sender no proof that the sender wrote it.
_UNPROVEN = frozenset({"dmarc_fail", "spf_fail", "junk", "dangerous_sender", "no_single_sender", "spam_verdict"})


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail, read. message and what follows is None when it beat the parser.

    received_at: delivery to our server, aware UTC. digest, text_hash: see thread. before_baseline: it was delivered
    before we began to watch this mailbox. imported: the owner asked for old mail to be registered. older_digests: under
    keys that were replaced. bounced: the tokens of letters of ours that come back in it; only_warns: they may still
    arrive.
    """

    place: Place
    received_at: datetime
    junk: bool
    digest: str
    message: InboundMessage | None = None
    screening: Screening | None = None
    classification: Classification | None = None
    text_hash: str | None = None
    before_baseline: bool = False
    imported: bool = False
    older_digests: tuple[str, ...] = ()
    bounced: tuple[str, ...] = ()
    only_warns: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the register knows that bears on a mail.

    seen: verdict and reason under which the same delivery was recorded before, and its request, if any.
    own_letter: the outbox id of the letter that this mail is a copy of. bounced_letter: of which it is a bounce.
    earlier: the request that the same delivery belongs to, or the same Message-ID, sender and text delivered twice.
    thread: the request whose letter it answers, by a token of ours. quoted: the request whose reference stands in it.
    open_requests: those of the same sender that are not closed.
    letters_to_sender, letters_last_hour, letters_last_day: acknowledgements of the last 24 h, 1 h, 24 h.
    """

    seen: tuple[str, str, str | None] | None = None
    earlier: Request | None = None
    own_letter: int | None = None
    bounced_letter: int | None = None
    thread: Request | None = None
    quoted: Request | None = None
    open_requests: tuple[Request, ...] = ()
    letters_to_sender: int = 0
    letters_last_hour: int = 0
    letters_last_day: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """The owner's settings that decide. live: answers may go out. due_on: rights, day of receipt -> day due.

    claimed_on: sentences that say they asked before, their language, day of receipt -> the day they say, or None.
    """

    live: bool
    max_age: timedelta
    per_sender_per_day: int
    per_hour: int
    per_day: int
    law: str
    place: str
    default_language: str
    zone: Callable[[datetime], date]
    due_on: Callable[[tuple[Right, ...], date], date]
    claimed_on: Callable[[tuple[str, ...], str, date], date | None] = lambda *_: None


@dataclass(frozen=True, slots=True)
class Decision:
    """What must happen because of one mail: recorded in one transaction with the cursor.

    verdict, reason: for `seen` (nothing personal). request: to open. events: of known or new requests.
    acknowledge: an acknowledgement of `reference` goes to `forward_path`. witnessed, bounced: outbox ids.
    released: the request whose reason `junk` is lifted.
    """

    arrival: Arrival
    verdict: str
    reason: str = ""
    reference: str | None = None
    request: Request | None = None
    events: tuple[Event, ...] = ()
    acknowledge: bool = False
    forward_path: str | None = None
    witnessed: int | None = None
    bounced: int | None = None
    released: str | None = None


def decide(arrival: Arrival, known: Known, policy: Policy, reference: str, now: datetime) -> Decision:
    """Decide what one mail means. reference: the one a new request would get."""
    if known.own_letter is not None:
        return Decision(arrival, "own", witnessed=known.own_letter)
    if known.bounced_letter is not None:
        return Decision(arrival, "bounce", bounced=None if arrival.only_warns else known.bounced_letter)
    if known.seen is not None:
        return _known_again(arrival, known, policy, now, *known.seen)
    if arrival.before_baseline and not arrival.imported:
        return Decision(arrival, "old", "before_baseline")
    if arrival.message is None or arrival.classification is None or arrival.screening is None:
        return _open(arrival, policy, reference, now, "unparsed")
    if known.earlier is not None:
        verdict = str(arrival.classification.verdict)
        return _known_again(arrival, known, policy, now, verdict, "duplicate", known.earlier.reference)
    return _judged(arrival, known, policy, reference, now, arrival.classification, arrival.screening)


def _judged(
    arrival: Arrival,
    known: Known,
    policy: Policy,
    reference: str,
    now: datetime,
    found: Classification,
    screening: Screening,
) -> Decision:
    thread = known.thread or _of_known_sender(arrival, known.quoted, screening)
    if thread is None and known.quoted is not None and _is_a_person(screening):
        found = _shown(found, known.quoted)
    new_rights = [right for right in found.rights if thread is None or right not in thread.rights]
    asks_more = found.verdict is Verdict.REQUEST and new_rights
    is_over = thread is not None and thread.state is State.CLOSED and found.verdict is not Verdict.UNRELATED
    if thread is not None and not is_over and not asks_more:
        event = Event(thread.reference, Step.REPLIED, now, "mail", (("received_at", arrival.received_at.isoformat()),))
        return Decision(arrival, str(found.verdict), "reply", thread.reference, events=(event,))
    if found.verdict is Verdict.UNRELATED:
        return Decision(arrival, str(found.verdict), screening.reason or "")
    withheld = _withheld(arrival, known, policy, now, screening)
    earlier = _repeats(found, known.open_requests, screening, withheld)
    if earlier is not None:
        event = Event(
            earlier.reference, Step.REPEATED, now, "mail", (("received_at", arrival.received_at.isoformat()),)
        )
        return Decision(arrival, str(found.verdict), "repeated", earlier.reference, events=(event,))
    return _open(replace(arrival, classification=found), policy, reference, now, withheld)


def _is_a_person(screening: Screening) -> bool:
    """Whether a mail may be taken for one person's own, proven or not."""
    return screening.reason is None or screening.reason in _UNPROVEN


def _of_known_sender(arrival: Arrival, quoted: Request | None, screening: Screening) -> Request | None:
    """The request whose reference a mail names, if whoever sent the one may be taken for the sender of the other."""
    sender = (sender_of(arrival) or "").casefold()
    proven = _is_a_person(screening) and screening.reason not in _UNPROVEN
    return quoted if quoted and proven and sender and sender == (quoted.sender or "").casefold() else None


def _shown(found: Classification, quoted: Request) -> Classification:
    """A stranger names a reference: nothing is added to that request, but a person must look, whatever is asked."""
    evidence = (*found.evidence, Evidence(QUOTES, quoted.reference, "new", 0, 0.0))
    marks = (*found.marks, QUOTES)
    if found.verdict is not Verdict.UNRELATED:
        return replace(found, evidence=evidence, marks=marks)
    return replace(found, verdict=Verdict.UNCERTAIN, rights=quoted.rights, evidence=evidence, marks=marks)


def _withheld(arrival: Arrival, known: Known, policy: Policy, now: datetime, screening: Screening) -> str | None:
    """The first reason why no acknowledgement may go out by itself, or None. The lasting reasons come first."""
    reasons = (
        ("imported", arrival.imported),
        ("observe", not policy.live),
        ("junk", arrival.junk),
        (screening.reason, screening.reason is not None),
        ("too_old", now - arrival.received_at > policy.max_age),
        ("cap_per_sender", known.letters_to_sender >= policy.per_sender_per_day),
        ("cap_per_hour", known.letters_last_hour >= policy.per_hour),
        ("cap_per_day", known.letters_last_day >= policy.per_day),
    )
    return next((reason for reason, holds in reasons if holds), None)


def _repeats(
    found: Classification, open_requests: tuple[Request, ...], screening: Screening, withheld: str | None
) -> Request | None:
    """The open request that already covers what this mail asks, if the sender of both may be taken for the same person.

    Behind a machine's address (a form, a portal) or an agent's stand many people.
    """
    if not (_is_a_person(screening) and found.rights) or not FOR_OTHERS.isdisjoint(found.marks):
        return None
    for request in open_requests:
        covered = set(found.rights) <= set(request.rights) and FOR_OTHERS.isdisjoint(request.marks)
        same_standing = request.state is State.OPEN or found.verdict is Verdict.UNCERTAIN
        unproven = request.withheld in _UNPROVEN and withheld not in _UNPROVEN
        if covered and same_standing and not unproven:
            return request
    return None


def _open(arrival: Arrival, policy: Policy, reference: str, now: datetime, withheld: str | None) -> Decision:
    """Open a request: `open` and acknowledged, or `triage`, whose clock runs all the same."""
    found = arrival.classification
    sure = found is not None and found.verdict is Verdict.REQUEST
    rights = (found.rights if found else ()) or _UNREAD_RIGHTS
    received_on = policy.zone(arrival.received_at)
    message = arrival.message
    request = Request(
        reference=reference,
        state=State.OPEN if sure else State.TRIAGE,
        outcome=None,
        rights=rights,
        language=(found.language if found else None) or policy.default_language,
        received_at=arrival.received_at,
        received_on=received_on,
        due_on=policy.due_on(rights, received_on),
        extended=False,
        law=policy.law,
        place=policy.place,
        channel="email",
        sender=sender_of(arrival),
        message_id=message.message_id if message else None,
        text_hash=arrival.text_hash,
        evidence=found.evidence if found else (),
        marks=found.marks if found else ("unparsed",),
        withheld=withheld,
        location=arrival.place,
    )
    verdict = str(found.verdict) if found else str(Verdict.UNCERTAIN)
    detail = (
        ("verdict", verdict),
        ("rights", " ".join(rights)),
        ("received_at", arrival.received_at.isoformat()),
        ("due_on", request.due_on.isoformat()),
        ("withheld", withheld or ""),
        *_claim(found, request, policy),
    )
    event = Event(reference, Step.REGISTERED, now, "mail", detail)
    answer = sure and withheld is None
    return Decision(
        arrival, verdict, withheld or "", reference, request, (event,), answer, request.sender if answer else None
    )


def _claim(found: Classification | None, request: Request, policy: Policy) -> tuple[tuple[str, str], ...]:
    """The day on which a chaser says that they asked before, if it names one."""
    if found is None or CHASER not in found.marks:
        return ()
    day = policy.claimed_on(found.chasing, request.language, request.received_on)
    return (("claims", day.isoformat()),) if day else ()


def _known_again(
    arrival: Arrival, known: Known, policy: Policy, now: datetime, verdict: str, reason: str, reference: str | None
) -> Decision:
    """Known mail at a new place. Out of Junk, its acknowledgement is no longer withheld for that reason."""
    request, screening = known.earlier, arrival.screening
    if request is None or screening is None or not _out_of_junk(arrival, request):
        return Decision(arrival, verdict, reason, reference)
    withheld = _withheld(arrival, known, policy, now, screening)
    event = Event(request.reference, Step.RELEASED, now, "mail", (("from", "junk"), ("withheld", withheld or "")))
    answer = withheld is None and request.state is State.OPEN
    return Decision(
        arrival, verdict, withheld or "", reference, None, (event,), answer, request.sender if answer else None,
        released=reference,
    )  # fmt: skip


def _out_of_junk(arrival: Arrival, request: Request) -> bool:
    waits = request.withheld == "junk" and request.state is not State.CLOSED
    return waits and not arrival.junk and not arrival.imported and sender_of(arrival) == request.sender


def sender_of(arrival: Arrival) -> str | None:
    """The one address that an answer may go to; for a mail that may not be answered, whoever it says it is from."""
    if arrival.screening is not None and arrival.screening.forward_path:
        return arrival.screening.forward_path
    senders = arrival.message.senders if arrival.message else ()
    return senders[0].address[:320] if senders else None
