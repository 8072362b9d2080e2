"""A letter before it leaves: its bytes, its states, and what a server's reply means for it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum

from inbox_bot.domain.thread import OWN_HEADER

# 998: a longer line limit keeps a long Message-ID in In-Reply-To from being encoded, which would break threads.
_LONGEST_LINE = 998
_POLICY = SMTP.clone(max_line_length=_LONGEST_LINE)
_SAFE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
GIVE_UP_AFTER = timedelta(days=5)
SETTLE = timedelta(hours=2)


class LetterState(StrEnum):
    """Where a letter stands: queued -> sending -> dot -> sent | failed | uncertain."""

    QUEUED = "queued"
    SENDING = "sending"
    DOT = "dot"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a letter is. Those to the owner need no witness."""

    ACKNOWLEDGEMENT = "acknowledgement"
    DIGEST = "digest"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter as decided, with its bytes: what is committed is what is sent.

    occasion: why it exists, at most one letter each (`ack:DSR-26-...`, `digest:2026-11-22`). copy: our own mailbox as
    second recipient, the owner's evidence and our witness, or None. text_hash: of its readable text.
    """

    occasion: str
    kind: Kind
    reference: str | None
    reverse_path: str
    forward_path: str
    copy: str | None
    message_id: str
    token: str
    text_hash: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A draft in the outbox, with what happened to it. Instants are aware UTC."""

    id: int
    draft: Draft
    state: LetterState
    created_at: datetime
    due_at: datetime
    attempts: int
    reply: str
    settled_at: datetime | None
    witnessed_at: datetime | None
    bounced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a letter's header needs. sender and recipient are bare addresses; in_reply_to a Message-ID or None.

    auto_submitted: the value of RFC 3834 section 5, or None for a letter that a person ordered.
    """

    sender: str
    sender_name: str
    recipient: str
    subject: str
    token: str
    at: datetime
    in_reply_to: str | None = None
    auto_submitted: str | None = "auto-generated"


def message_id(token: str, mailbox: str) -> str:
    """Our Message-ID: the token at the mailbox's domain."""
    return f"<{token}@{mailbox.rpartition('@')[2]}>"


def _mailbox(address: str, name: str = "") -> Mailbox:
    local, _, domain = address.rpartition("@")
    return Mailbox(display_name=name, username=local, domain=domain)


def compose(envelope: Envelope, text: str, html: str | None = None) -> bytes:
    """The letter's bytes, CRLF line ends. Only checked plain strings reach a header (RFC 5322 section 2.2).

    Raises:
        ValueError: a control character in a header value.
    """
    for value in (envelope.sender, envelope.sender_name, envelope.recipient, envelope.subject):
        if _CONTROL.search(value):
            raise ValueError("a control character in a header of an outgoing letter")
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _mailbox(envelope.sender, envelope.sender_name)
    mail["To"] = _mailbox(envelope.recipient)
    mail["Subject"] = envelope.subject
    mail["Date"] = envelope.at
    mail["Message-ID"] = own_id = message_id(envelope.token, envelope.sender)
    references = own_id
    if envelope.in_reply_to and _SAFE_ID.fullmatch(envelope.in_reply_to):
        mail["In-Reply-To"] = envelope.in_reply_to
        references = f"{envelope.in_reply_to} {own_id}"
    mail["References"] = references
    mail[OWN_HEADER] = envelope.token
    if envelope.auto_submitted:
        mail["Auto-Submitted"] = envelope.auto_submitted
        mail["X-Auto-Response-Suppress"] = "All"
    plain = text.isascii() and all(len(line) <= _LONGEST_LINE for line in text.splitlines())
    mail.set_content(text, cte="7bit" if plain else "quoted-printable")
    if html is not None:
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def retry_at(now: datetime, attempts: int, spread: float) -> datetime:
    """When to try again after a temporary refusal: 1, 2, 4 ... minutes, 4 h at most, times 0.8-1.2. spread: 0.0-1.0."""
    minutes = min(2.0 ** min(attempts, 8), 240.0)
    return now + timedelta(minutes=minutes * (0.8 + 0.4 * spread))
