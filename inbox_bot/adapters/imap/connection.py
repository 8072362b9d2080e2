"""A logged-in IMAP connection: TLS, login, how much a server may say, and what its failures mean.

Every failure leaves as MailboxRefused (the credentials are wrong) or MailboxUnreachable (all else), as a sentence with
a remedy. The server's own words are read, never passed on: they may name people.
"""

import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from inbox_bot.adapters.tls import client_context, is_loopback
from inbox_bot.errors import MailboxError, MailboxRefused, MailboxUnreachable

_ALLOWANCE = 4 << 20  # bytes that an answer without mail may take
_LITERAL = 1 << 16
_GOODBYE = 5.0  # seconds

# What befell us and what to do, the first that fits. {why} comes from this machine, never from the server.
_CAUSES: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        ssl.SSLCertVerificationError,
        "the certificate of {where} cannot be trusted ({why})",
        "If the server has an authority of its own, name its file in [imap] ca_file; otherwise correct [imap] host.",
    ),
    (
        ssl.SSLError,
        "TLS with {where} failed",
        'Check [imap] port and security: usually 993 with "tls", 143 with "starttls".',
    ),
    (socket.gaierror, "the name {host} is not known", "Check [imap] host, and the DNS of this machine."),
    (
        TimeoutError,
        "{where} did not answer in time",
        "Check [imap] host, port and security, and any firewall in between.",
    ),
    (ConnectionRefusedError, "nothing listens on {where}", "Check [imap] host and port, and that the server runs."),
    (OSError, "the connection to {where} failed ({why})", "Check the network of this machine."),
    (IMAPClientAbortError, "{where} broke off the connection, or the protocol", "It is tried again by itself."),
    (IMAPClientError, "{where} refused", "It is tried again by itself; see the log of the mail server."),
    (Exception, "the answer of {where} makes no sense", "Check that [imap] host and port are those of an IMAP server."),
)
# What imapclient and imaplib let out where an answer is malformed, beside their own errors.
_MALFORMED = (
    *(ValueError, AssertionError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(RecursionError, MemoryError),
)

# RFC 5530 section 3, and what large providers write instead: the password may well be right.
_NOT_NOW = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|OVERQUOTA|CONTACTADMIN)\b|TOO MANY|TEMPORAR|TRY AGAIN")
_NO_TLS = re.compile(r"\[PRIVACYREQUIRED\b")
_APP_PASSWORD = re.compile(r"APPLICATION-SPECIFIC|APP PASSWORD|\[WEBALERT\b")

# imapclient logs mail at DEBUG, and at WARNING what it cannot decode.
logging.getLogger("imapclient").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mailbox is and how to enter. Times in seconds.

    security: `tls`, `starttls`, or `none` for loopback hosts only. ca_file: PEM, in place of the system's authorities.
    """

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    connect_timeout: float = 15.0
    read_timeout: float = 60.0

    def __post_init__(self) -> None:
        if self.security not in ("tls", "starttls", "none"):
            raise ValueError(f"no such security: {self.security}")  # else a misspelling would mean none


class Connection:
    """A connection that is logged in. `client` may be used inside `asking` only; after an error it is dead."""

    def __init__(self, server: Server) -> None:
        """Connect, secure the connection and log in.

        Raises:
            MailboxRefused: wrong credentials.
            MailboxUnreachable: anything else; TLS that fails is an error, never a fallback.
        """
        self._server = server
        with _translated(server, "log in to the mailbox"):
            self.client = _reach(server)
            self._meter = _Meter(self.client)
            try:
                _secure(self.client, server)
                _log_in(self.client, server)
            except BaseException:
                self._hang_up()
                raise
        self._dead = False

    @contextmanager
    def asking(self, doing: str, allowance: int = _ALLOWANCE, literal: int = _LITERAL) -> Iterator[None]:
        """Let the server say `allowance` bytes, `literal` of them in one literal; translate what goes wrong.

        Raises:
            MailboxUnreachable: "Cannot `doing`: ...".
        """
        self._meter.allow(allowance, literal)
        try:
            with _translated(self._server, doing):
                yield
        except MailboxError:
            self._dead = True
            raise

    def close(self) -> None:
        """Log out and hang up; never raises."""
        if not self._dead:
            self._dead = True
            with suppress(IMAPClientError, OSError, *_MALFORMED):
                self.client.socket().settimeout(_GOODBYE)
                self.client.logout()
        self._hang_up()

    def _hang_up(self) -> None:
        with suppress(IMAPClientError, OSError, ValueError):
            self.client.shutdown()


class _Meter:
    """Stands in front of imaplib's reader, which would allocate any length that a server announces."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 (imapclient ships no types)
        imap = client._imap  # noqa: SLF001 (there is no other way in)
        self._read, self._readline = imap.read, imap.readline
        imap.read, imap.readline = self.read, self.readline
        self.allow(_ALLOWANCE, _LITERAL)

    def allow(self, allowance: int, literal: int) -> None:
        self._left, self._literal = allowance, literal

    def read(self, size: int) -> bytes:
        if size > self._literal:
            raise IMAPClientAbortError("a literal larger than asked for")
        data = self._spend(self._read(size))
        if len(data) < size:
            raise IMAPClientAbortError("the end within a literal")
        return data

    def readline(self) -> bytes:
        try:
            return self._spend(self._readline())
        except IMAPClientError:
            # A line over 1,000,000 bytes: what is left of it would be taken for the next answer.
            raise IMAPClientAbortError("a line longer than any answer") from None

    def _spend(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise IMAPClientAbortError("more than was asked for")
        return data


def was_answered(error: IMAPClientError) -> bool:
    """Whether the server said NO or BAD to a command, and the connection is sound: it is that class, no subclass."""
    return type(error) is IMAPClientError


@contextmanager
def _translated(server: Server, doing: str) -> Iterator[None]:
    try:
        yield
    except (IMAPClientError, OSError, *_MALFORMED) as error:
        # `from None`: the texts of imaplib's errors hold what the server sent.
        raise _explained(error, server, doing) from None


def _explained(error: BaseException, server: Server, doing: str) -> MailboxUnreachable:
    where = f"{server.host}:{server.port}"
    why = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or type(error).__name__
    sentence, remedy = next((said, remedy) for kind, said, remedy in _CAUSES if isinstance(error, kind))
    return MailboxUnreachable(f"Cannot {doing}: {sentence.format(where=where, host=server.host, why=why)}.", remedy)


def _reach(server: Server) -> Any:  # noqa: ANN401 (imapclient ships no types)
    if server.security == "none" and not is_loopback(server.host):
        raise MailboxUnreachable(
            f"The password would cross the network to {server.host} in clear.",
            'Set [imap] security to "tls" or "starttls"; "none" is for this machine only.',
        )
    client = IMAPClient(
        server.host,
        server.port,
        ssl=server.security == "tls",
        ssl_context=client_context(server.ca_file, "imap", MailboxUnreachable) if server.security == "tls" else None,
        timeout=SocketTimeout(connect=server.connect_timeout, read=server.read_timeout),
    )
    client._imap.debug = 0  # noqa: SLF001 (5 formats every mail for a log line that nobody sees)
    client.normalise_times = False
    return client


def _secure(client: Any, server: Server) -> None:  # noqa: ANN401
    # PREAUTH would let whoever sits in between skip STARTTLS (RFC 3501 section 11.1).
    if bytes(client.welcome).upper().startswith(b"* PREAUTH"):
        raise MailboxUnreachable(
            f"{server.host}:{server.port} says that we are logged in before we are.", "Check [imap] host and port."
        )
    if server.security != "starttls":
        return
    if not client.has_capability("STARTTLS"):
        raise MailboxUnreachable(
            f"{server.host}:{server.port} does not offer STARTTLS.", 'Set [imap] security to "tls" and port to 993.'
        )
    client.starttls(client_context(server.ca_file, "imap", MailboxUnreachable))
    # What came in clear may be forged, and imaplib would hand it out with the next answer.
    client._imap.untagged_responses.clear()  # noqa: SLF001


def _log_in(client: Any, server: Server) -> None:  # noqa: ANN401
    where = f"{server.host}:{server.port}"
    try:
        if client.has_capability("AUTH=PLAIN"):
            client.plain_login(server.username, server.password)
        elif client.has_capability("LOGINDISABLED"):
            raise MailboxUnreachable(f"{where} takes no password on this connection.", 'Set [imap] security to "tls".')
        elif not all(word.isascii() and word.isprintable() for word in (server.username, server.password)):
            raise MailboxRefused(
                f"{where} takes a name and password of plain ASCII characters only.", "Set another for the mailbox."
            )
        else:
            # imaplib quotes the password, not the name.
            quoted = server.username.replace("\\", "\\\\").replace('"', '\\"')
            client.login(f'"{quoted}"', server.password)
    except LoginError as error:
        raise _refusal(error, server) from None


def _refusal(error: LoginError, server: Server) -> MailboxError:
    """What a failed login means; imapclient makes a LoginError of a broken connection, too."""
    cause, words, where = error.__context__, str(error).upper(), f"{server.host}:{server.port}"
    if isinstance(cause, IMAPClientAbortError) or "COMMAND ERROR: BAD" in words:
        return _explained(cause or error, server, "log in to the mailbox")
    if _NO_TLS.search(words):
        return MailboxUnreachable(f"{where} wants TLS before a password.", 'Set [imap] security to "tls".')
    if _NOT_NOW.search(words):
        return MailboxUnreachable(f"{where} cannot log anybody in now.", "It is tried again by itself.")
    if _APP_PASSWORD.search(words):
        return MailboxRefused(
            f"{where} wants an app password, not the password of the account.",
            "Create an app password in the account's security settings and give the bot that.",
        )
    return MailboxRefused(
        f"{where} refused the user name or the password.",
        "Check [imap] username and password. Some providers want an app password, or IMAP switched on.",
    )
