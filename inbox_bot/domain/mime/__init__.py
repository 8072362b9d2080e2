"""A mail as sent by anybody, made readable: pure, tolerant, and bounded before anything is parsed.

The frame (header block, parts) is cut here, in linear time and within caps, because the standard library's parser has
none: 60 KB of nested multiparts end in a RecursionError, one 273 KB Subject costs it seconds and gigabytes. What stands
inside the frame (parameters, dates, transfer encodings, codecs) is left to the library, in capped pieces.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.mime import addresses
from inbox_bot.domain.mime.decoding import cleaned, decoded, worded
from inbox_bot.domain.mime.frame import divide, header_fields
from inbox_bot.domain.mime.parts import Entity, Findings, pieces_of
from inbox_bot.errors import Unparsable

__all__ = ["parse", "topmost_received_at"]

_TEXT = 64 * 1024  # characters


def parse(raw: bytes, *, truncated: bool = False) -> InboundMessage:
    """Read a mail, or as much of it as `raw` holds when `truncated`: cut anywhere, even inside base64.

    Enclosed messages (message/rfc822) give their Subject line and text to `forwarded` and their file names to
    `attachments`, but no `content_types`: what they are is not what this mail is. The result is truncated only if text
    is missing, not if an attachment is. An address that cannot be read in one way only is kept as it stands, whole, in
    `Address.address`. Lines in the header block that are no header open the text. Raises Unparsable as the very last
    resort.
    """
    try:
        return _parsed(raw, truncated=truncated)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise Unparsable(f"the mail beat the parser: {type(error).__name__}") from error


def topmost_received_at(message: InboundMessage) -> datetime | None:
    """Return the instant in the topmost Received header (RFC 5321 section 4.4), our own server's; aware UTC."""
    return _instant(message.first("received").rpartition(";")[2])


def _parsed(raw: bytes, *, truncated: bool) -> InboundMessage:
    block, body = divide(raw)
    found = Findings()
    fields, stray = header_fields(block, found.problems)
    headers = tuple((name, cleaned(worded(value), " ").strip()) for name, value in fields)
    message = InboundMessage(headers=headers)  # to be asked for its headers
    pieces = pieces_of(Entity.of(fields, body, cut=truncated), found)
    text = "\n\n".join(filter(None, [cleaned(decoded(stray)).strip(), *(piece.text for piece in pieces)]))
    return InboundMessage(
        headers=headers,
        header_block=block,
        senders=addresses.mailboxes(value for name, value in fields if name == "from"),
        reply_to=addresses.mailboxes(value for name, value in fields if name == "reply-to"),
        recipients=addresses.mentioned((*message.all("to"), *message.all("cc"))),
        subject=message.first("subject"),
        message_id=next(iter(addresses.identifiers(message.first("message-id"))), None),
        in_reply_to=addresses.identifiers(" ".join(message.all("in-reply-to"))),
        references=addresses.identifiers(" ".join(message.all("references"))),
        sent_at=_instant(message.first("date")),
        content_types=tuple(found.types),
        attachments=tuple(found.names),
        text=text[:_TEXT],
        forwarded="\n\n".join(filter(None, found.forwarded))[:_TEXT],
        html_only=bool(pieces) and all(piece.html for piece in pieces),
        truncated=len(text) > _TEXT or any(piece.cut for piece in pieces) or (truncated and not text),
        problems=tuple(found.problems),
    )


def _instant(value: str) -> datetime | None:
    """Return the instant a date names (RFC 5322 section 3.3), aware UTC; None if it names none from 1990 to 2099."""
    try:
        read = parsedate_to_datetime(value[:100].strip())
        instant = read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError):
        return None
    return instant if 1990 <= instant.year < 2100 else None
