"""The demo's mail servers: IMAP (pymap) and SMTP (aiosmtpd) in this process, on free loopback ports, without TLS.

Needs the extra `demo`. Each server runs its own event loop in its own thread, asks the network nothing (no DNS), and
leaves nothing behind once stopped. The sink hands mail to the mailbox, so the mailbox is started first, stopped last.
"""

import asyncio
import logging
import ssl
from argparse import Namespace
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from threading import Thread
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Login
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

NAME = "mail.demo.invalid"


class _Server:
    """A listening server with its event loop and its thread. Leaving the `with` block stops it."""

    host = "127.0.0.1"
    port: int

    def __init__(self) -> None:
        self._transports: WeakSet[asyncio.WriteTransport] = WeakSet()
        self._loop = asyncio.new_event_loop()
        try:
            self._server = self._loop.run_until_complete(self._listen())
        except BaseException:
            self._loop.close()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Hang up on every client and end the thread. A second call does nothing."""
        if self._loop.is_closed():
            return
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        raise NotImplementedError

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _hang_up(self) -> None:
        self._server.close()
        sessions = asyncio.all_tasks() - {asyncio.current_task()}
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        for transport in self._transports:
            transport.abort()
        await self._server.wait_closed()


class _Settings(Config):
    """pymap's settings, less its question to the DNS for the name to greet with."""

    @property
    def greeting(self) -> bytes:
        return f"{NAME} ready".encode()


class ImapServer(_Server):
    """One mailbox with one folder, INBOX, empty at first. Its content dies with it."""

    def __init__(self, user: str, password: str) -> None:
        self._settings = _Settings(
            Namespace(proxy_protocol=None),
            host=self.host,
            port=0,
            demo_data=False,
            demo_user=user,
            demo_password=password,
            tls_enabled=False,
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),  # else it obeys $CERT_FILE
            hash_context=Cleartext(),  # the default spends 0.2 s on every login
            cpu_subsystem=Subsystem.for_asyncio(),  # the default leaves a thread behind
        )
        self._login = Login(self._settings)
        super().__init__()

    def deliver(self, raw: bytes, at: datetime) -> None:
        """Put `raw` (RFC 5322) into INBOX with the INTERNALDATE `at`, an aware instant. Bare LF becomes CRLF."""
        self._run(self._append(AppendMessage(raw, at)))

    async def _listen(self) -> asyncio.Server:
        settings = self._settings
        owner = UserMetadata(settings, settings.demo_user, password=settings.demo_password)
        await self._login.demo_user_identity.set(owner)
        serve = ProxyProtocolReader(settings.proxy_protocol).get_callback(IMAPServer(self._login, settings))

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._transports.add(writer.transport)
            await serve(reader, writer)

        return await asyncio.start_server(connected, self.host, 0)

    async def _append(self, message: AppendMessage) -> None:
        async with self._login.demo_user_identity.new_session() as session:
            await session.append_messages("INBOX", [message])


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mail that the sink took: its envelope (RFC 5321) and its bytes, CRLF and without dot-stuffing.

    An empty `reverse_path` is the null sender of a bounce.
    """

    reverse_path: str
    forward_paths: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class HandOver:
    """Where the sink delivers mail for `mailbox`: into `imap`, dated by `clock` (aware instants)."""

    mailbox: str
    imap: ImapServer
    clock: Callable[[], datetime]

    def deliver(self, mail: Accepted) -> None:
        """Deliver if the mailbox is among the recipients, under the trace lines of RFC 5321 section 4.4."""
        if self.mailbox.lower() not in (path.lower() for path in mail.forward_paths):
            return
        at = self.clock()
        trace = (
            f"Return-Path: <{mail.reverse_path}>\r\n"
            f"Received: from localhost ([127.0.0.1]) by {NAME} with ESMTP\r\n"
            f"\tfor <{self.mailbox}>; {format_datetime(at)}\r\n"
        )
        self.imap.deliver(trace.encode() + mail.raw, at)


class SmtpSink(_Server):
    """Accepts every mail and sends none on. `accepted` holds them in order of arrival."""

    def __init__(self, hand_over: HandOver | None) -> None:
        self.accepted: list[Accepted] = []
        self._hand_over = hand_over
        # It logs every command, addresses included, at INFO, and a stranger's command at WARNING.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        super().__init__()

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Session(self, self._transports, loop), self.host, 0)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        """Keep the mail, and hand it over before saying so: whoever reads 250 finds the copy."""
        reverse_path = (envelope.mail_from or "").strip("<>")
        mail = Accepted(reverse_path, tuple(envelope.rcpt_tos), envelope.original_content or b"")
        if self._hand_over:
            self._hand_over.deliver(mail)
        self.accepted.append(mail)
        return "250 2.0.0 accepted"


class _Session(SMTP):
    """One client of the sink, remembered so that `stop` can hang up on it."""

    def __init__(self, sink: SmtpSink, known: WeakSet[asyncio.WriteTransport], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(sink, hostname=NAME, ident="ESMTP", loop=loop)
        self._known = known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            self._known.add(transport)
        super().connection_made(transport)


def start_imap(user: str, password: str) -> ImapServer:
    """Start a mailbox that `user` opens with `password`: at `.host`, `.port`, until `.stop()`."""
    return ImapServer(user, password)


def start_smtp(hand_over: HandOver | None = None) -> SmtpSink:
    """Start a sink, without login: at `.host`, `.port`, until `.stop()`. `hand_over`: who gets the mailbox's own."""
    return SmtpSink(hand_over)
