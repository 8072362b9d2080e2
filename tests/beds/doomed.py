"""The real program in a process that kills itself: python -m tests.beds.doomed POINT NUMBER -- ARGUMENTS of inbox-bot.

POINT `commit`: right before the NUMBERth COMMIT; `committed`: right after it; `smtp`: before the NUMBERth write to the
SMTP server. SIGKILL: no handler, no flush, no good-bye. The standard library is wrapped, never our own modules. With
NUMBER 0 nobody dies, and the counts of all points are written to the file named by DOOMED_COUNTS.
"""

import json
import os
import signal
import smtplib
import sqlite3
import sys
from pathlib import Path
from typing import Any

POINT, NUMBER = sys.argv[1], int(sys.argv[2])
counts = {"commit": 0, "committed": 0, "smtp": 0}


def pass_by(point: str) -> None:
    """Count a point, and die at the one that was named."""
    counts[point] += 1
    if point == POINT and counts[point] == NUMBER:
        os.kill(os.getpid(), signal.SIGKILL)


class Connection(sqlite3.Connection):
    """A connection that passes by at every commit."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        committing = sql == "COMMIT"
        if committing:
            pass_by("commit")
        cursor = super().execute(sql, *values)
        if committing:
            pass_by("committed")
        return cursor


def main() -> int:
    """Wrap, run, report."""
    connect, send = sqlite3.connect, smtplib.SMTP.send

    def connect_counted(*args: Any, **options: Any) -> sqlite3.Connection:
        return connect(*args, factory=Connection, **options)

    def send_counted(self: smtplib.SMTP, data: Any) -> None:
        pass_by("smtp")
        send(self, data)

    sqlite3.connect = connect_counted  # type: ignore[assignment]
    smtplib.SMTP.send = send_counted  # type: ignore[method-assign, assignment]
    from inbox_bot.cli import run  # noqa: PLC0415 - after wrapping

    code = run(sys.argv[4:])
    if where := os.environ.get("DOOMED_COUNTS"):
        Path(where).write_text(json.dumps(counts), "ascii")
    return code


if __name__ == "__main__":
    sys.exit(main())
