"""A company with a mailbox, a register and a mail server: everything that the road needs, with no network."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from inbox_bot import delivery, intake
from inbox_bot.adapters.store import Store, opened
from inbox_bot.domain.classification import Classification
from inbox_bot.domain.decision import Policy
from inbox_bot.domain.message import Identity, InboundMessage
from inbox_bot.domain.request import Right, Verdict
from inbox_bot.letters import Correspondent
from tests.fakes.clock import FakeClock
from tests.fakes.mailbox import FakeMailbox
from tests.fakes.postman import FakePostman, Handed
from tests.fakes.writer import MAILBOX, FakeWriter, correspondent

POLICY = Policy(
    live=True,
    max_age=timedelta(days=7),
    per_sender_per_day=3,
    per_hour=60,
    per_day=300,
    law="uk_gdpr",
    place="GB-ENG",
    default_language="en",
    zone=lambda instant: instant.date(),
    due_on=lambda _, day: day + timedelta(days=30),
)
IDENTITY = Identity(MAILBOX, frozenset({MAILBOX}))


def classified(message: InboundMessage) -> Classification:
    """Recognition for tests: the rights that the text names; `perhaps` makes it uncertain, `explode` beats it."""
    if "explode" in message.text:
        raise RecursionError("beaten")
    rights = tuple(right for right in Right if right in message.text)
    if not rights:
        return Classification(Verdict.UNRELATED)
    return Classification(Verdict.UNCERTAIN if "perhaps" in message.text else Verdict.REQUEST, rights, "en", 10.0)


def mail(text: str, *headers: str, sender: str = "alex@example.org", message_id: str = "") -> bytes:
    """A mail to us from one person. headers: further lines."""
    number = abs(hash((text, sender, headers))) % 10**9
    lines = (
        f"From: {sender}",
        f"To: {MAILBOX}",
        "Subject: Hello",
        f"Message-ID: {message_id or f'<{number}@example.org>'}",
        *headers,
        "",
        text,
        "",
    )
    return "\r\n".join(lines).encode()


@dataclass
class World:
    """One company. folder: of its state. What `open` gives is closed again when the program ends."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    mailbox: FakeMailbox = field(default_factory=FakeMailbox)
    postman: FakePostman = field(default_factory=FakePostman)
    writer: FakeWriter = field(default_factory=FakeWriter)
    policy: Policy = POLICY
    copy: bool = True
    classify: Callable[[InboundMessage], Classification] = classified
    folders: tuple[str, ...] = ()
    heartbeats: int = 0
    on_beat: Callable[[], object] = lambda: None
    _register: Store | None = None
    _letters: Correspondent | None = None

    @property
    def register(self) -> Store:
        """The open register."""
        assert self._register is not None
        return self._register

    @property
    def correspondent(self) -> Correspondent:
        """The maker of letters, under the register's key."""
        if self._letters is None:
            self._letters = correspondent(self.writer, key=self.register.keys[0], copy=self.copy)
        return self._letters

    @contextmanager
    def open(self) -> Iterator["World"]:
        """The program runs."""
        with opened(self.folder / "register.db") as register:
            self._register = register
            yield self
        self._register = None

    def beat(self) -> None:
        """Called after every batch and every letter."""
        self.heartbeats += 1
        self.on_beat()

    def set_folders(self, *names: str) -> None:
        """The owner names the folders to watch."""
        self.folders = names

    @property
    def desk(self) -> intake.Desk:
        """What `poll` takes."""
        return intake.Desk(
            mailbox=self.mailbox,
            register=self.register,
            correspondent=self.correspondent,
            identity=IDENTITY,
            policy=self.policy,
            folders=self.folders,
            junk=None,
            classify=self.classify,
            choose=random.Random(len(self.register.requests(closed=True))).choice,  # noqa: S311 - references of tests
            clock=self.clock,
            heartbeat=self.beat,
        )

    def poll(self) -> intake.PollReport:
        """One pass over the mailbox."""
        return intake.poll(self.desk)

    def arrive(self, text: str, *headers: str, folder: str = "INBOX", sender: str = "alex@example.org") -> int:
        """A mail is delivered now; its UID."""
        return self.mailbox.deliver(mail(text, *headers, sender=sender), self.clock.now, folder)

    def set_policy(self, **changes: object) -> None:
        """The owner changes a setting."""
        self.policy = replace(self.policy, **changes)  # type: ignore[arg-type]

    @property
    def round(self) -> delivery.Round:
        """What `deliver_due` takes."""
        return delivery.Round(self.postman, self.register, self.clock, lambda: 0.5, self.beat)

    def deliver(self) -> delivery.DeliveryReport:
        """One round of letters."""
        return delivery.deliver_due(self.round)

    def resolve(self) -> None:
        """Look what became of uncertain letters."""
        delivery.resolve(self.register, self.mailbox, self.correspondent, self.clock())

    def copies_arrive(self) -> None:
        """From now on what is sent to our own mailbox also arrives there."""

        def arrive(handed: Handed) -> None:
            if MAILBOX in handed.forward_paths:
                self.mailbox.deliver(handed.raw, self.clock.now)

        self.postman.deliver = arrive

    def states(self) -> dict[str, str]:
        """Every letter's state by its occasion."""
        return {letter.draft.occasion: str(letter.state) for letter in self.register.letters()}

    def seen(self) -> list[tuple[str, int, str, str]]:
        """Folder, UID, verdict and reason of every mail recorded."""
        rows = self.register._rows("SELECT folder, uid, verdict, reason FROM seen ORDER BY folder, uid")
        return [(row["folder"], row["uid"], row["verdict"], row["reason"]) for row in rows]

    def at(self, **ago: float) -> datetime:
        """An instant in the past: hours=2."""
        return self.clock.now - timedelta(**ago)
