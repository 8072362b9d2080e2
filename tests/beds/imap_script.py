"""A scripted IMAP server in a thread, for the answers that no real server should give."""

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Self

from tests.beds.certificate import Certificate

Script = bytes | Callable[[bytes], bytes]

_CAPABILITIES = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n"
_EXAMINED = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 6] x\r\nTAG OK [READ-ONLY] done\r\n"
_USUAL: dict[str, Script] = {
    "GREETING": b"* OK ready\r\n",
    "CAPABILITY": _CAPABILITIES,
    "AUTHENTICATE": b"TAG OK welcome\r\n",
    "LOGIN": b"TAG OK welcome\r\n",
    "EXAMINE": _EXAMINED,
    "NOOP": b"TAG OK done\r\n",
    "UID SEARCH": b"* SEARCH\r\nTAG OK done\r\n",
    "LOGOUT": b"* BYE\r\nTAG OK done\r\n",
    "STARTTLS": b"TAG OK go ahead\r\n",
}


class ScriptedImap:
    """Answers each command with its script: bytes, TAG standing for the tag; or a function of the line received.

    An empty answer hangs up, and so does BYE. commands: the lines received, without their tags.
    """

    def __init__(self, certificate: Certificate | None = None, **scripts: Script) -> None:
        self.scripts = _USUAL | {name.replace("_", " "): script for name, script in scripts.items()}
        self.commands: list[bytes] = []
        self._context = certificate.server_context() if certificate is not None else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()[:2]
        self._line: socket.socket | None = None
        self._thread = Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for line in filter(None, (self._listener, self._line)):
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                self._line, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError):
                self._serve()
            self._line.close()

    def _serve(self) -> None:
        assert self._line is not None
        reader = self._line.makefile("rb")
        try:
            self._line.sendall(self._answer("GREETING", b""))
            while words := reader.readline():
                tag, _, command = words.partition(b" ")
                name = _name(command)
                self.commands.append(command)
                if name == "AUTHENTICATE":
                    self._line.sendall(b"+ \r\n")
                    self.commands.append(reader.readline())
                answer = self._answer(name, command).replace(b"TAG", tag)
                self._line.sendall(answer)
                if not answer or answer.startswith(b"* BYE"):
                    return
                if name == "STARTTLS" and self._context is not None:
                    reader.close()
                    self._line = self._context.wrap_socket(self._line, server_side=True)
                    reader = self._line.makefile("rb")
        finally:
            reader.close()

    def _answer(self, name: str, command: bytes) -> bytes:
        script = self.scripts.get(name, b"TAG BAD unknown\r\n")
        return script if isinstance(script, bytes) else script(command)


def _name(command: bytes) -> str:
    words = re.match(rb"(UID )?\w+", command.upper())
    return words[0].decode() if words else ""
