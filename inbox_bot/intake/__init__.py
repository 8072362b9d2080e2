"""The road of a message: list, fetch, read, decide, record.

`folders` lists, `reading` reads, `recording` records, `auditing` looks again.
"""

from inbox_bot.intake.auditing import Audit, Finding, audit
from inbox_bot.intake.desk import Desk, PollReport
from inbox_bot.intake.folders import BATCH, import_since, poll, watched
from inbox_bot.intake.reading import read
from inbox_bot.intake.recording import record, witness

__all__ = [
    "BATCH",
    "Audit",
    "Desk",
    "Finding",
    "PollReport",
    "audit",
    "import_since",
    "poll",
    "read",
    "record",
    "watched",
    "witness",
]
