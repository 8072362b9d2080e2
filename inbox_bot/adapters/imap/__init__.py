"""The mailbox over IMAP (RFC 9051, RFC 3501), read only: EXAMINE and BODY.PEEK, so that nobody sees we were there."""

from inbox_bot.adapters.imap.connection import Server
from inbox_bot.adapters.imap.mailbox import ImapMailbox, connect

__all__ = ["ImapMailbox", "Server", "connect"]
