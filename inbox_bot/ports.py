"""What intake, delivery and the digest need of the world, as protocols: for the adapters, and for the tests' fakes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from inbox_bot.domain.message import Place, RawMessage
from inbox_bot.domain.outbox import Draft, Letter, LetterState
from inbox_bot.domain.request import Event, Outcome, Request


@dataclass(frozen=True, slots=True)
class Folder:
    """An examined folder (RFC 9051 section 6.3.3)."""

    name: str
    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders that matter, by their names on the server; None where there is none."""

    inbox: str
    junk: str | None
    sent: str | None
    everything: str | None
    trash: str | None


class Mailbox(Protocol):
    """A mailbox that is only ever read: EXAMINE and BODY.PEEK, no flag, no move, no deletion.

    Every method may raise MailboxUnreachable; after one, the object is dead.
    """

    def folders(self) -> Folders:
        """The folders that matter."""

    def examine(self, folder: str) -> Folder:
        """Open a folder read-only. A missing UIDVALIDITY is an error, not a guess."""

    def uids_after(self, uid: int) -> list[int]:
        """The UIDs above `uid` in the examined folder, sorted."""

    def uids_since(self, day: date) -> list[int]:
        """The UIDs whose INTERNALDATE is on or after a day, sorted."""

    def received_at(self, uids: Sequence[int]) -> dict[int, datetime]:
        """INTERNALDATE by UID, aware UTC; vanished UIDs are absent."""

    def fetch(self, uids: Sequence[int], *, junk: bool = False) -> list[RawMessage]:
        """The first window of each mail; vanished UIDs are absent."""

    def more(self, raw: RawMessage, upto: int) -> RawMessage:
        """The same mail with further windows, up to `upto` bytes in all."""

    def find_header(self, folder: str, name: str, value: str) -> list[int]:
        """The UIDs in a folder whose header `name` contains our own `value`."""

    def close(self) -> None:
        """Log out and hang up; never raises."""


class ReplyKind(StrEnum):
    """What a server's reply means."""

    OK = "ok"
    LATER = "later"
    NEVER = "never"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply (RFC 5321 section 4.2). code 0: no full reply was read. text: capped, no control characters."""

    code: int
    text: str = ""

    @property
    def kind(self) -> ReplyKind:
        """2xx and 3xx, 4xx, 5xx, or anything else."""
        kinds = {2: ReplyKind.OK, 3: ReplyKind.OK, 4: ReplyKind.LATER, 5: ReplyKind.NEVER}
        return kinds.get(self.code // 100, ReplyKind.UNKNOWN)

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip() if self.code else self.text or "no reply"


class Postman(Protocol):
    """One SMTP connection, reopened when dead. Before `dot` every PostmanError means: certainly not sent."""

    def offer(self, reverse_path: str, forward_paths: Sequence[str], size: int) -> Reply:
        """MAIL, every RCPT (all or none), DATA. Not OK: the transaction was reset."""

    def body(self, raw: bytes) -> None:
        """The letter, dot-stuffed, without the final dot."""

    def dot(self) -> Reply:
        """The final dot, and the reply to it; UNKNOWN when none came whole. PostmanError: the dot was never sent."""

    def abort(self) -> None:
        """Close the socket at once, also from another thread: a letter without its dot is not delivered."""

    def quit(self) -> None:
        """Say good-bye and hang up; never raises."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Our position in a folder. left_alone: mails of the 30 days before the baseline, which are not ours to answer."""

    folder: str
    uidvalidity: int
    uid: int
    baseline_at: datetime
    left_alone: int
    swept_on: date | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a delivery was recorded before."""

    verdict: str
    reason: str
    reference: str | None


class Outbox(Protocol):
    """The letters. Each move is one commit, unless a transaction is open."""

    def letter(self, number: int) -> Letter:
        """One letter."""

    def letters(self, reference: str | None = None, state: LetterState | None = None) -> tuple[Letter, ...]:
        """The letters of a request, or in a state."""

    def by_token(self, token: str) -> Letter | None:
        """The letter that carries a token."""

    def by_occasion(self, occasion: str) -> Letter | None:
        """The letter of an occasion."""

    def next_due(self, now: datetime, *, owner_only: bool = False) -> Letter | None:
        """The queued letter that is due longest; of those to the owner and to ourselves only."""

    def move(
        self, letter: Letter, to: LetterState, now: datetime, *, reply: str = "", due_at: datetime | None = None
    ) -> Letter:
        """Compare-and-set the state."""

    def mark_witnessed(self, letter: Letter, now: datetime) -> None:
        """Our copy was found."""

    def mark_bounced(self, letter: Letter, now: datetime) -> None:
        """It came back."""

    def ever_witnessed(self) -> bool:
        """Whether our copy of any letter to somebody else was ever found."""


class Register(Outbox, Protocol):
    """The state that survives us."""

    keys: tuple[bytes, ...]

    def writing(self) -> AbstractContextManager[None]:
        """One write transaction."""

    def meta(self, key: str) -> str | None:
        """A remembered value."""

    def remember(self, key: str, value: str) -> None:
        """Remember a value."""

    def cursor(self, folder: str) -> Cursor | None:
        """Our position in a folder."""

    def cursors(self) -> tuple[Cursor, ...]:
        """Our position in every folder."""

    def set_cursor(self, cursor: Cursor) -> None:
        """Write a position."""

    def uids_seen(self, folder: str, uidvalidity: int) -> frozenset[int]:
        """The UIDs recorded."""

    def sighting(self, digests: tuple[str, ...]) -> Sighting | None:
        """An earlier record of the same delivery."""

    def see(self, place: Place, digest: str, verdict: str, reason: str, reference: str | None, now: datetime) -> None:
        """Record a mail as dealt with."""

    def deaths(self, place: Place) -> int:
        """Attempts begun and not finished."""

    def attempt(self, place: Place) -> None:
        """Commit that an attempt begins."""

    def forget_attempts(self, folder: str) -> None:
        """The pass over a folder ended cleanly."""

    def counts(self) -> dict[str, int]:
        """Mails seen, by verdict."""

    def request(self, reference: str) -> Request:
        """One request; NotFound."""

    def has(self, reference: str) -> bool:
        """Whether a reference is taken."""

    def requests(self, *, closed: bool = False) -> tuple[Request, ...]:
        """The requests, the next due first."""

    def open_requests_of(self, sender: str) -> tuple[Request, ...]:
        """Those of one address that are not closed."""

    def duplicate(self, message_id: str, sender: str, text_hash: str) -> str | None:
        """The request that the same mail opened."""

    def add(self, request: Request) -> None:
        """Insert a request."""

    def amend(self, reference: str, **columns: str | int | None) -> None:
        """Write columns of a request."""

    def step(self, event: Event, *, outcome: Outcome | None = None, **columns: str | int | None) -> Request:
        """Append an event and move the request; StepRefused."""

    def append(self, event: Event) -> None:
        """Append an event."""

    def events(self, reference: str | None = None) -> tuple[Event, ...]:
        """The history."""

    def tally(self, forward_path: str, now: datetime) -> tuple[int, int, int]:
        """Acknowledgements to one address in 24 h, to all in 1 h, to all in 24 h."""

    def queue(self, draft: Draft, now: datetime) -> bool:
        """Put a letter into the outbox, unless its occasion has one."""

    def day_decided(self, day: date) -> bool:
        """Whether a day's digest was decided."""

    def decide_day(self, day: date, now: datetime, *, sent: bool) -> None:
        """Record that it is."""


@dataclass(frozen=True, slots=True)
class Written:
    """A rendered letter: one line of subject, plain text, and HTML for the owner's mail."""

    subject: str
    text: str
    html: str | None = None


class Writer(Protocol):
    """Renders letters from facts; no byte of a sender's is among them."""

    def write(self, language: str, kind: str, facts: Mapping[str, object]) -> Written:
        """A letter in a language; TemplateError."""
