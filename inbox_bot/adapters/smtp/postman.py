"""Handing in letters: the port `Postman` over SMTP."""

import re
import select
import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from inbox_bot.adapters.smtp.connection import Server, open_connection, translated
from inbox_bot.errors import PostmanError, PostmanRefused, PostmanUnreachable
from inbox_bot.ports import Reply, ReplyKind

_TEXT = 300  # characters of a reply that are kept
_PATH = re.compile(r"[!-;=?-~]{1,254}")  # printable ASCII without space and angle brackets
_MAILBOX = "postmaster"  # in place of the null reverse path, which is fine
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_GOODBYE = 5.0  # seconds
_WORST = (ReplyKind.OK, ReplyKind.LATER, ReplyKind.NEVER)


def connect(server: Server) -> "SmtpPostman":
    """A postman who connects when the first letter is offered."""
    return SmtpPostman(server)


class SmtpPostman:
    """The port `Postman`. For one thread, but for `abort`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: smtplib.SMTP | None = None
        self._in_data = False
        self._aborted = False

    def greet(self) -> None:
        """Connect and log in, where that is not done yet.

        Raises:
            PostmanRefused: wrong credentials.
            PostmanUnreachable: anything else; TLS that fails is an error, never a fallback.
        """
        self._heed_abort()
        if self._client is None:
            self._client = open_connection(self._server)
            self._heed_abort()  # it may have come while there was no socket to cut

    def offer(self, reverse_path: str, forward_paths: Sequence[str], size: int) -> Reply:
        """MAIL, every RCPT, DATA: all accepted (354), or reset and the worst reply. A dead connection is reopened.

        Raises:
            PostmanRefused, PostmanUnreachable: the letter was certainly not sent.
        """
        if not forward_paths:
            raise ValueError("a letter to nobody")
        if not all(_PATH.fullmatch(path) for path in (*forward_paths, reverse_path or _MAILBOX)):
            return Reply(553, "not an address that can be put into an SMTP command")
        with self._talking():
            reply = self._mail(reverse_path, size)
            if reply.kind is ReplyKind.OK:
                reply = self._recipients(forward_paths)
            if reply.kind is ReplyKind.OK:
                reply = self._ask("DATA")
                self._in_data = reply.kind is ReplyKind.OK
        if not self._in_data:
            self._reset()
        return reply

    def body(self, raw: bytes) -> None:
        """Send the letter, dot-stuffed (RFC 5321 section 4.5.2), without the final dot.

        raw: 7-bit, every line ended by CRLF. Anything else could end the letter early, or smuggle in another.

        Raises:
            PostmanUnreachable: the connection broke; the letter was certainly not sent.
        """
        if _BARE.search(raw) or not raw.endswith(b"\r\n") or not raw.isascii():
            self._drop()
            raise ValueError("a letter that is not 7-bit lines ended by CRLF")
        with self._talking():
            client = self._line(in_data=True)
            client.send(re.sub(rb"(?m)^\.", b"..", raw))
            _fail_if_hung_up(client)

    def dot(self) -> Reply:
        """Send the final dot and wait for the reply: 250, 4xx or 5xx came whole; code 0 is everything else.

        Raises:
            PostmanUnreachable: the connection was gone before; the letter was certainly not sent.
        """
        with self._talking():
            client = self._line(in_data=True)
            _fail_if_hung_up(client)
        self._in_data = False
        try:
            _patience(client, self._server.final_timeout)
            client.send(b".\r\n")
            reply = _reply(*client.getreply())
            _patience(client, self._server.timeout)
        except (OSError, ValueError):  # ValueError: closed while it was read
            self._drop()
            return Reply(0)
        if reply.code != 250 and reply.kind is ReplyKind.OK:
            self._drop()
            return Reply(0, str(reply))
        return reply

    def abort(self) -> None:
        """Cut the connection, also from another thread; nothing more is sent until `quit`."""
        self._aborted = True
        client = self._client
        if client is not None and client.sock is not None:
            with suppress(OSError):
                # Not SSLSocket's own, which takes TLS away from the thread that reads.
                socket.socket.shutdown(client.sock, socket.SHUT_RDWR)

    def quit(self) -> None:
        """Say good-bye and hang up; never raises. A letter without its dot is dropped."""
        if self._client is not None and not self._in_data and not self._aborted:
            with suppress(OSError, ValueError):
                _patience(self._client, _GOODBYE)
                self._client.docmd("QUIT")
        self._drop()
        self._aborted = False

    def _mail(self, reverse_path: str, size: int) -> Reply:
        """MAIL on the open connection, or on a fresh one where the server has hung up meanwhile."""
        if self._in_data:
            self._drop()
        if self._client is not None and not self._aborted:
            with suppress(OSError):
                reply = self._ask("MAIL", self._path(reverse_path, size))
                if reply.code != 421:
                    return reply
            self._drop()
        self.greet()
        return self._ask("MAIL", self._path(reverse_path, size))

    def _path(self, reverse_path: str, size: int) -> str:
        return f"FROM:<{reverse_path}>" + (f" SIZE={size}" if self._line().has_extn("size") else "")

    def _recipients(self, forward_paths: Sequence[str]) -> Reply:
        replies: list[Reply] = []
        for path in forward_paths:
            replies.append(self._ask("RCPT", f"TO:<{path}>"))
            if replies[-1].code == 421:  # RFC 5321 section 3.8: it hangs up now
                break
        return max(replies, key=lambda reply: _WORST.index(reply.kind))

    def _ask(self, verb: str, words: str = "") -> Reply:
        reply = _reply(*self._line().docmd(verb, words))
        if reply.code == 530:
            raise PostmanRefused(
                f"{self._server.host}:{self._server.port} wants a login or TLS first.",
                "Set [smtp] username and password, and security.",
            )
        if reply.code < 400 and reply.code // 100 != (3 if verb == "DATA" else 2):
            raise smtplib.SMTPServerDisconnected("out of step")
        return reply

    def _reset(self) -> None:
        try:
            self._ask("RSET")
        except (OSError, PostmanError):
            self._drop()

    def _heed_abort(self) -> None:
        if self._aborted:
            self._drop()
            raise PostmanUnreachable("Sending was stopped.", "It goes on with the next run.")

    def _line(self, *, in_data: bool = False) -> smtplib.SMTP:
        if self._client is None or self._in_data is not in_data:
            raise PostmanUnreachable("The connection to the mail server is gone.", "It is tried again by itself.")
        return self._client

    def _drop(self) -> None:
        client, self._client, self._in_data = self._client, None, False
        if client is not None:
            with suppress(OSError):
                client.close()

    @contextmanager
    def _talking(self) -> Iterator[None]:
        try:
            with translated(self._server, "hand in a letter"):
                yield
        except PostmanError:
            self._drop()
            raise


def _reply(code: int, text: bytes) -> Reply:
    words = "".join(char if char.isprintable() else " " for char in text.decode(errors="replace"))
    return Reply(code, words.strip()[:_TEXT])


def _fail_if_hung_up(client: smtplib.SMTP) -> None:
    # A send succeeds after the other side has closed: better to know before the dot than to wonder after it.
    poll = select.poll()
    if client.sock is not None:
        poll.register(client.sock, select.POLLRDHUP)
    if client.sock is None or poll.poll(0):
        raise smtplib.SMTPServerDisconnected("hung up")


def _patience(client: smtplib.SMTP, seconds: float) -> None:
    if client.sock is not None:
        client.sock.settimeout(seconds)
