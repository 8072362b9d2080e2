"""A logged-in SMTP connection: TLS, login, replies read whole, and what failures mean.

Every failure leaves as PostmanRefused (the login) or PostmanUnreachable (all else), as a sentence with a remedy. The
server's own words are read, never passed on in an error: they may name people.
"""

import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inbox_bot.adapters.tls import client_context, is_loopback
from inbox_bot.errors import PostmanError, PostmanRefused, PostmanUnreachable

_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*?))?\r?\n")
_LINE = 2048  # RFC 5321 section 4.5.3.1.5 allows 512
_LINES = 100

# What befell us and what to do, the first that fits. {why} comes from this machine, {code} is the server's.
_CAUSES: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        smtplib.SMTPNotSupportedError,
        "{where} does not offer STARTTLS",
        'Set [smtp] security to "tls" and port to 465, if the server has that.',
    ),
    (
        smtplib.SMTPResponseException,
        "{where} answered {code}",
        "It is tried again by itself; see the log of the mail server.",
    ),
    (smtplib.SMTPException, "{where} broke off the connection, or the protocol", "It is tried again by itself."),
    (
        ssl.SSLCertVerificationError,
        "the certificate of {where} cannot be trusted ({why})",
        "If the server has an authority of its own, name its file in [smtp] ca_file; otherwise correct [smtp] host.",
    ),
    (
        ssl.SSLError,
        "TLS with {where} failed",
        'Check [smtp] port and security: usually 465 with "tls", 587 with "starttls".',
    ),
    (socket.gaierror, "the name {host} is not known", "Check [smtp] host, and the DNS of this machine."),
    (
        TimeoutError,
        "{where} did not answer in time",
        "Check [smtp] host, port and security, and any firewall in between.",
    ),
    (ConnectionRefusedError, "nothing listens on {where}", "Check [smtp] host and port, and that the server runs."),
    (OSError, "the connection to {where} failed ({why})", "Check the network of this machine."),
    (Exception, "the answer of {where} makes no sense", "Check that [smtp] host and port are those of an SMTP server."),
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters are handed in. Times in seconds.

    security: `tls`, `starttls`, or `none` for loopback hosts only. username: empty for no login. ca_file: PEM, in
    place of the system's authorities. final_timeout: for the reply to the dot (RFC 5321 section 4.5.3.2.6).
    """

    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeout: float = 60.0
    final_timeout: float = 600.0

    def __post_init__(self) -> None:
        if self.security not in ("tls", "starttls", "none"):
            raise ValueError(f"no such security: {self.security}")  # else a misspelling would mean none


class _Strict(smtplib.SMTP):
    """smtplib, reading replies whole or not at all: its own reader makes codes of cut and garbled lines."""

    def getreply(self) -> tuple[int, bytes]:
        """A complete reply (RFC 5321 section 4.2): its code and the text of its lines."""
        text: list[bytes] = []
        code = b""
        while len(text) < _LINES:
            match = _REPLY.fullmatch(self._next_line())
            if match is None or code not in (b"", match[1]):
                break
            code = match[1]
            text.append(match[3] or b"")
            if match[2] != b"-":
                return int(code), b"\n".join(text)
        self.close()
        raise smtplib.SMTPServerDisconnected("no whole reply")

    def _next_line(self) -> bytes:
        if self.sock is None:
            return b""
        if self.file is None:
            self.file = self.sock.makefile("rb")
        try:
            line: bytes = self.file.readline(_LINE)
        except OSError:
            self.close()
            raise
        return line


class _StrictTls(_Strict, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


@contextmanager
def translated(server: Server, doing: str) -> Iterator[None]:
    """Turn whatever smtplib and the network raise into PostmanUnreachable: "Cannot `doing`: ..."."""
    try:
        yield
    except (OSError, ValueError) as error:
        # `from None`: the texts of smtplib's errors hold what the server sent.
        raise _explained(error, server, doing) from None


def _explained(error: BaseException, server: Server, doing: str) -> PostmanUnreachable:
    where = f"{server.host}:{server.port}"
    why = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or type(error).__name__
    code = getattr(error, "smtp_code", 0)
    sentence, remedy = next((said, remedy) for kind, said, remedy in _CAUSES if isinstance(error, kind))
    said = sentence.format(where=where, host=server.host, why=why, code=code)
    return PostmanUnreachable(f"Cannot {doing}: {said}.", remedy)


def open_connection(server: Server) -> smtplib.SMTP:
    """Connect, secure the connection and log in.

    Raises:
        PostmanRefused: wrong credentials.
        PostmanUnreachable: anything else; TLS that fails is an error, never a fallback.
    """
    with translated(server, "reach the mail server"):
        return _opened(server)


def _opened(server: Server) -> smtplib.SMTP:
    where = f"{server.host}:{server.port}"
    if server.security == "none" and not is_loopback(server.host):
        raise PostmanUnreachable(
            f"Letters and password would cross the network to {where} in clear.",
            'Set [smtp] security to "tls" or "starttls"; "none" is for this machine only.',
        )
    # A made-up name: smtplib would ask the DNS for one, and show it to whoever gets the letter.
    name, timeout = "localhost", server.timeout
    client = (
        _StrictTls(
            server.host,
            server.port,
            name,
            timeout=timeout,
            context=client_context(server.ca_file, "smtp", PostmanUnreachable),
        )
        if server.security == "tls"
        else _Strict(server.host, server.port, name, timeout=timeout)
    )
    try:
        client.local_hostname = _address_literal(client)
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=client_context(server.ca_file, "smtp", PostmanUnreachable))
            client.ehlo_or_helo_if_needed()
        if server.username:
            _log_in(client, server, where)
    except BaseException:
        client.close()
        raise
    return client


def _address_literal(client: smtplib.SMTP) -> str:
    """Our name in EHLO where the host has no public one (RFC 5321 section 4.1.3)."""
    host = client.sock.getsockname()[0] if client.sock else "127.0.0.1"
    return f"[IPv6:{host.partition('%')[0]}]" if ":" in host else f"[{host}]"


def _log_in(client: smtplib.SMTP, server: Server, where: str) -> None:
    # smtplib's own login tries one mechanism after the other, and cannot send a password that is not ASCII.
    mechanisms = client.esmtp_features.get("auth", "").upper().split()
    username, password = _base64(server.username), _base64(server.password)
    if "PLAIN" in mechanisms:
        steps = ["AUTH PLAIN " + _base64(f"\0{server.username}\0{server.password}")]
    elif "LOGIN" in mechanisms:
        steps = ["AUTH LOGIN", username, password]
    else:
        raise PostmanUnreachable(
            f"{where} offers no login with a password.",
            'Set [smtp] security to "tls" or "starttls", or username = "" where no login is needed.',
        )
    code, text = 0, b""
    for step in steps:
        code, text = client.docmd(step)
        if code != 334:
            break
    if code != 235:
        raise _refusal(code, text.upper(), where)


def _base64(words: str) -> str:
    return b64encode(words.encode()).decode()


def _refusal(code: int, text: bytes, where: str) -> PostmanError:
    """What a failed login means (RFC 4954 section 6)."""
    if code in (530, 538):
        return PostmanUnreachable(
            f"{where} wants TLS before a password.", 'Set [smtp] security to "tls" or "starttls".'
        )
    if code == 534 or b"APPLICATION-SPECIFIC" in text:
        return PostmanRefused(
            f"{where} wants an app password, not the password of the account.",
            "Create an app password in the account's security settings and give the bot that.",
        )
    if code < 505:
        return PostmanUnreachable(f"{where} cannot log anybody in now ({code}).", "It is tried again by itself.")
    return PostmanRefused(
        f"{where} refused the user name or the password ({code}).",
        "Check [smtp] username and password. Some providers want an app password, or SMTP AUTH switched on.",
    )
