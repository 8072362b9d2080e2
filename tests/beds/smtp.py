"""A scripted SMTP server in a thread: it takes letters like any other, or fails at the stage and in the way it is told.

with SmtpBed() as smtp:
    smtp.plan("rcpt", "451 4.7.1 greylisted")      # the next RCPT; those after it as usual
    smtp.plan("dot", Answer("250 ok", partly=6, accept=True))   # takes the letter, and cuts its reply short
"""

import base64
import socket
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Literal, Self

from tests.beds.certificate import Certificate
from tests.beds.dovecot import Dovecot

Stage = Literal["greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot", "rset", "quit"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say at a stage.

    text: without line end; several lines by line feeds. partly: hang up after that many bytes. hang_up: after all.
    accept: whether the letter is taken, at the dot (None: if text begins with 2). hold: wait for this first.
    """

    text: str
    partly: int | None = None
    hang_up: bool = False
    accept: bool | None = None
    hold: Event | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter that was accepted, as its sender meant it: without dot-stuffing."""

    reverse_path: str
    forward_paths: tuple[str, ...]
    raw: bytes
    username: str | None
    encrypted: bool


class SmtpBed:
    """The server. taken: letters in order. commands: lines as received, logins without their secret.

    reached: an event by stage, and "hung up". on_accept: called with each letter before the reply to its dot.
    """

    def __init__(
        self,
        security: str = "none",
        certificate: Certificate | None = None,
        users: dict[str, str] | None = None,
        mechanisms: str = "PLAIN LOGIN",
        host: str = "127.0.0.1",
    ) -> None:
        self.security = security
        self.context = certificate.server_context() if certificate is not None else None
        self.users = users
        self.mechanisms = mechanisms
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        self.connections = 0
        self.on_accept: Callable[[Taken], None] | None = None
        self.reached: defaultdict[str, Event] = defaultdict(Event)
        self._plans: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._lock = Lock()
        self._open: list[socket.socket] = []
        self._threads: list[Thread] = []
        self._listener = socket.create_server((host, 0))
        self.host, self.port = self._listener.getsockname()[:2]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def plan(self, stage: Stage, *answers: Answer | str) -> None:
        """What to say the next times a stage is reached."""
        self._plans[stage] += [Answer(answer) if isinstance(answer, str) else answer for answer in answers]

    def hang_up(self) -> None:
        """Cut every open connection, as an idle time-out or a restart does."""
        with self._lock:
            for line in self._open:
                with suppress(OSError):
                    # An SSLSocket's own would trip over the thread that reads from it.
                    socket.socket.shutdown(line, socket.SHUT_RDWR)
            self._open.clear()

    def deliver_into(self, dovecot: Dovecot, users: Collection[str]) -> None:
        """Deliver what is accepted for these users into their mailboxes, as the company's server would."""

        def deliver(letter: Taken) -> None:
            for path in letter.forward_paths:
                if path in users:
                    dovecot.transfer(path, letter.raw, letter.reverse_path)

        self.on_accept = deliver

    def next_answer(self, stage: str, usual: str) -> Answer:
        self.reached[stage].set()
        return self._plans[stage].popleft() if self._plans[stage] else Answer(usual)

    def accept(self, letter: Taken) -> None:
        self.taken.append(letter)
        if self.on_accept is not None:
            self.on_accept(letter)

    def _start(self, work: Callable[[], None]) -> None:
        thread = Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(lambda line=line: self._serve(line))  # type: ignore[misc]

    def _serve(self, line: socket.socket) -> None:
        session = _Session(self, line)
        # Whoever hangs up on us, in whatever state, ends the session and no more.
        with suppress(OSError, _HungUp):
            if self.security == "tls":
                session.encrypt()
            with self._lock:
                self._open.append(session.line)
            session.run()
        with suppress(OSError):
            session.reader.close()
        session.line.close()


class _HungUp(Exception):
    pass


class _Session:
    def __init__(self, bed: SmtpBed, line: socket.socket) -> None:
        self.bed = bed
        self.line = line
        self.reader = line.makefile("rb")
        self.encrypted = False
        self.username: str | None = None
        self.reverse_path: str | None = None
        self.forward_paths: list[str] = []

    def encrypt(self) -> None:
        assert self.bed.context is not None
        self.reader.close()
        self.line = self.bed.context.wrap_socket(self.line, server_side=True)
        self.reader = self.line.makefile("rb")
        self.encrypted = True

    def run(self) -> None:
        self.say("greeting", "220 bed ESMTP")
        while True:
            words = self.read().rstrip(b"\r\n").decode()
            self.bed.commands.append("AUTH ***" if words.upper().startswith("AUTH") else words)
            verb, _, rest = words.partition(" ")
            work = getattr(self, f"do_{verb.lower()}", None)
            if work is None:
                self.send("502 5.5.1 not implemented")
            else:
                work(rest)

    def read(self) -> bytes:
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            raise _HungUp
        return line

    def send(self, text: str, partly: int | None = None) -> None:
        *earlier, last = text.split("\n")
        whole = "".join(f"{line[:3]}-{line[4:]}\r\n" for line in earlier) + f"{last}\r\n"
        self.line.sendall(whole.encode("latin-1")[:partly])

    def say(self, stage: Stage, usual: str) -> bool:
        """Whether the answer is a yes."""
        answer = self.bed.next_answer(stage, usual)
        if answer.hold is not None:
            answer.hold.wait(30)
        yes = answer.text[:1] in "23"
        if stage == "dot" and (yes if answer.accept is None else answer.accept):
            self.take()
        self.send(answer.text, answer.partly)
        if answer.partly is not None or answer.hang_up:
            with suppress(OSError):
                socket.socket.shutdown(self.line, socket.SHUT_RDWR)
            self.bed.reached["hung up"].set()
            raise _HungUp
        return yes

    def do_ehlo(self, _name: str) -> None:
        features = ["250 bed", "250 SIZE 10000000"]
        if self.bed.security == "starttls" and not self.encrypted:
            features.append("250 STARTTLS")
        elif self.bed.users is not None:
            features.append(f"250 AUTH {self.bed.mechanisms}")
        self.say("ehlo", "\n".join(features))

    def do_helo(self, _name: str) -> None:
        self.send("250 bed")

    def do_starttls(self, _rest: str) -> None:
        if self.say("starttls", "220 2.0.0 go ahead"):
            self.encrypt()

    def do_auth(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, username, password = _decoded(initial).split("\0")
        else:
            self.send("334 VXNlcm5hbWU6")
            username = _decoded(self.read().decode().strip())
            self.send("334 UGFzc3dvcmQ6")
            password = _decoded(self.read().decode().strip())
        known = (self.bed.users or {}).get(username) == password
        usual = "235 2.7.0 welcome" if known else f"535 5.7.8 no such user or password: {username}"
        if self.say("auth", usual):
            self.username = username

    def do_mail(self, rest: str) -> None:
        if self.bed.users is not None and self.username is None:
            self.send("530 5.7.0 Authentication required")
        elif self.say("mail", "250 2.1.0 ok"):
            self.reverse_path, self.forward_paths = _path(rest), []

    def do_rcpt(self, rest: str) -> None:
        if self.reverse_path is None:
            self.send("503 5.5.1 MAIL first")
        elif self.say("rcpt", "250 2.1.5 ok"):
            self.forward_paths.append(_path(rest))

    def do_data(self, _rest: str) -> None:
        if not self.forward_paths:
            self.send("503 5.5.1 RCPT first")
        elif self.say("data", "354 go ahead"):
            self.body: list[bytes] = []
            while (line := self.read()) != b".\r\n":
                self.body.append(line.removeprefix(b"."))
            self.say("dot", "250 2.0.0 taken")
            self.reset()

    def do_rset(self, _rest: str) -> None:
        self.reset()
        self.say("rset", "250 2.0.0 ok")

    def do_quit(self, _rest: str) -> None:
        self.say("quit", "221 2.0.0 bye")
        raise _HungUp

    def reset(self) -> None:
        self.reverse_path, self.forward_paths = None, []

    def take(self) -> None:
        raw = b"".join(self.body)
        paths = tuple(self.forward_paths)
        self.bed.accept(Taken(self.reverse_path or "", paths, raw, self.username, self.encrypted))


def _path(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]


def _decoded(word: str) -> str:
    return base64.b64decode(word).decode()
