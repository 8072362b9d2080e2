"""What reading a mailbox takes, and what one pass of it did."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from inbox_bot.domain.classification import Classification
from inbox_bot.domain.decision import Policy
from inbox_bot.domain.message import Identity, InboundMessage
from inbox_bot.letters import Correspondent
from inbox_bot.ports import Mailbox, Register


@dataclass(frozen=True, slots=True)
class Desk:
    """All that reading a mailbox takes, made by the composition root.

    folders: names to watch beside Junk; junk: its configured name or None. classify: the recognition with its rules
    bound. choose: picks a character at random. heartbeat: called after every finished batch.
    """

    mailbox: Mailbox
    register: Register
    correspondent: Correspondent
    identity: Identity
    policy: Policy
    folders: tuple[str, ...]
    junk: str | None
    classify: Callable[[InboundMessage], Classification]
    choose: Callable[[str], str]
    clock: Callable[[], datetime]
    heartbeat: Callable[[], None]


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one pass did. baselines: folder and how many mails of the last 30 days are left alone there."""

    read: int = 0
    registered: tuple[str, ...] = ()
    acknowledged: int = 0
    baselines: tuple[tuple[str, int], ...] = ()

    def __add__(self, other: "PollReport") -> "PollReport":
        return PollReport(
            self.read + other.read,
            self.registered + other.registered,
            self.acknowledged + other.acknowledged,
            self.baselines + other.baselines,
        )
