"""What a mail is to us: the bytes as fetched, and the same mail once parsed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a mail lies: RFC 9051 section 2.3.1.1, unique only together with `uidvalidity`."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A mail as fetched: its first window of bytes, never its attachments.

    received_at: INTERNALDATE, aware UTC. size: RFC822.SIZE in bytes. head: BODY[]<0.n>.
    complete: whether `head` is the whole mail. junk: found in the Junk folder.
    """

    place: Place
    received_at: datetime
    size: int
    head: bytes
    complete: bool
    junk: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header (RFC 5322 section 3.4). address: `local@domain`, the domain lowercased."""

    display: str
    address: str


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A mail parsed tolerantly. Every string is decoded, capped, and free of lone surrogates and NUL.

    headers: (lowercased name, unfolded and decoded value) in order, every occurrence.
    header_block: the raw header bytes (at most 64 KB), for the scan that no trick can hide from.
    senders: the mailboxes of all From headers; reply_to likewise. recipients: To and Cc addresses, lowercased.
    message_id, in_reply_to, references: with their angle brackets.
    sent_at: the Date header, untrusted, aware UTC, None if absent or absurd.
    content_types: of every part, lowercased, outermost first. attachments: file names.
    text: the readable body (plain part preferred, else HTML as text). forwarded: text of enclosed message/rfc822 parts.
    html_only: the text came from HTML. truncated: more text exists than was read.
    problems: codes of what was odd (`depth`, `parts`, `charset`, `garbage_header`...).
    """

    headers: tuple[tuple[str, str], ...] = ()
    header_block: bytes = b""
    senders: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    recipients: tuple[str, ...] = ()
    subject: str = ""
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sent_at: datetime | None = None
    content_types: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    text: str = ""
    forwarded: str = ""
    html_only: bool = False
    truncated: bool = False
    problems: tuple[str, ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header `name` (case ignored), in order of appearance."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key == wanted)

    def first(self, name: str) -> str:
        """The first value of the header `name`, or the empty string."""
        values = self.all(name)
        return values[0] if values else ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are, for the rules that must know: None of it is needed to recognise a request.

    addresses: the mailbox and its aliases, lowercased. forms: web forms whose Reply-To may be trusted.
    authserv_ids: the names our own server signs Authentication-Results with (RFC 8601 section 2.5); empty: no verdict.
    """

    mailbox: str
    addresses: frozenset[str]
    forms: frozenset[str] = frozenset()
    authserv_ids: frozenset[str] = frozenset()
