"""A data subject's request: its words, its states, its table of lawful steps."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inbox_bot.domain.message import Place


class Right(StrEnum):
    """The rights of a data subject (UK GDPR Art 15-22, 7(3)), and the UK complaint (DPA 2018 s164A)."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    PORTABILITY = "portability"
    OBJECTION = "objection"
    AUTOMATED_DECISION = "automated_decision"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    COMPLAINT = "complaint"


class Verdict(StrEnum):
    """What recognition says of a mail."""

    REQUEST = "request"
    UNCERTAIN = "uncertain"
    UNRELATED = "unrelated"


# What recognition marks a mail with beside its rights.
URGENT, AGENT, CHILD, CHASER = "urgent", "agent", "child", "chaser"
# It names the reference of a request that somebody else made.
QUOTES = "quotes_reference"
# Marks of a mail that is written for somebody else.
FOR_OTHERS = frozenset({AGENT, CHILD})


class State(StrEnum):
    """Where a request stands. The clock runs in `triage` too."""

    TRIAGE = "triage"
    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a request ended."""

    DONE = "done"
    PARTLY = "partly"
    NOTHING_HELD = "nothing_held"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    NOT_A_REQUEST = "not_a_request"


class Step(StrEnum):
    """What can happen to a request: the code of an event."""

    REGISTERED = "registered"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    EXTENDED = "extended"
    CLOSED = "closed"
    REOPENED = "reopened"
    REPEATED = "repeated"
    REPLIED = "replied"
    RELEASED = "released"
    REMINDED = "reminded"
    REDATED = "redated"
    BOUNCED = "bounced"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    WITNESSED = "witnessed"


# state -> step -> next state. A step absent from a state's row is refused.
_NOTES = (
    Step.REPEATED, Step.REPLIED, Step.RELEASED, Step.REMINDED, Step.REDATED,
    Step.BOUNCED, Step.SENT, Step.FAILED, Step.UNCERTAIN, Step.WITNESSED,
)  # fmt: skip
TRANSITIONS: dict[State, dict[Step, State]] = {
    State.TRIAGE: {
        Step.CONFIRMED: State.OPEN,
        Step.DISMISSED: State.CLOSED,
        **dict.fromkeys(_NOTES, State.TRIAGE),
    },
    State.OPEN: {
        Step.CONFIRMED: State.OPEN,
        Step.DISMISSED: State.CLOSED,
        Step.EXTENDED: State.OPEN,
        Step.CLOSED: State.CLOSED,
        **dict.fromkeys(_NOTES, State.OPEN),
    },
    State.CLOSED: {
        Step.REOPENED: State.OPEN,
        **dict.fromkeys(_NOTES, State.CLOSED),
    },
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a mail was taken for what it is.

    where: `subject` | `new` | `signature` | `quoted` | `forwarded` | `attachment`.
    offset counts characters in the text named by `where`; weight is what the rule added (negative: took away).
    """

    rule: str
    words: str
    where: str
    offset: int
    weight: float


@dataclass(frozen=True, slots=True)
class Request:
    """One row of the register: the projection of its events. Erasable columns are None once anonymised.

    received_at: delivery to our server, aware UTC. received_on: its local day at the controller. due_on: the day by
    which we must have answered. withheld: why no acknowledgement may go out by itself (None: it may, or did).
    """

    reference: str
    state: State
    outcome: Outcome | None
    rights: tuple[Right, ...]
    language: str
    received_at: datetime
    received_on: date
    due_on: date
    extended: bool
    law: str
    place: str
    channel: str
    sender: str | None
    message_id: str | None
    text_hash: str | None
    evidence: tuple[Evidence, ...]
    marks: tuple[str, ...]
    withheld: str | None
    location: Place | None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One dated step in the life of a request. `detail` holds codes, days and hashes only: nothing personal.

    text: the erasable words beside it (a reason, a note), kept in another table.
    """

    reference: str
    step: Step
    at: datetime
    actor: str
    detail: tuple[tuple[str, str], ...] = ()
    text: str = ""
