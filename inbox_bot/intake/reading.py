"""One mail, read: parse, screen, classify."""

import logging
from dataclasses import replace
from datetime import UTC

from inbox_bot.domain import thread
from inbox_bot.domain.decision import Arrival
from inbox_bot.domain.message import RawMessage
from inbox_bot.domain.mime import parse, topmost_received_at
from inbox_bot.domain.screening import screen
from inbox_bot.errors import MailboxError
from inbox_bot.intake.desk import Desk

_log = logging.getLogger(__name__)

_TEXT_WINDOW = 1 << 20


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
