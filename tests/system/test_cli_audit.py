"""`audit` on a real mailbox: what today's rules would register, told to a person; nothing is written or sent."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.beds import post
from tests.beds.dovecot import Dovecot
from tests.beds.program import run_cli, write_config
from tests.beds.smtp import SmtpBed

pytestmark = [pytest.mark.dovecot, pytest.mark.slow]
MAILBOX = "privacy-of-the-audit@example.co.uk"
REQUEST = "Please send me a copy of all the personal data you hold about me."


def test_a_second_look_lists_what_is_not_in_the_register(tmp_path: Path, dovecot: Dovecot) -> None:
    at = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - mail arrives now
    old = at - timedelta(days=20)
    dovecot.deliver(MAILBOX, post.mail(MAILBOX, "old@example.net", "From before", REQUEST, old), at=old)
    with SmtpBed() as smtp:
        config = write_config(tmp_path, dovecot, smtp, MAILBOX, digest={"at": "23:59"})

        def told(*arguments: str) -> str:
            done = run_cli(*arguments, config=config, env={"COLUMNS": "80"})
            assert done.returncode == 0, done.stderr
            return done.stdout

        assert run_cli("audit", config=config).returncode == 5  # nothing has been read yet
        told("run", "--once")
        dovecot.deliver(MAILBOX, post.mail(MAILBOX, "ann@example.net", "Mine", REQUEST, at), at=at)
        told("run", "--once")
        dovecot.deliver(MAILBOX, post.mail(MAILBOX, "new@example.net", "Just now", REQUEST, at), at=at)
        listed = told("list", "--all", "--json")
        found = json.loads(told("audit", "--json"))
        assert [(each["sender"], each["before"], each["rights"]) for each in found["missed"]] == [
            ("old@example.net", "old", ["access"]),
            ("new@example.net", "unread", ["access"]),
        ]
        assert json.loads(told("audit", "--days", "10", "--json"))["read"] == 2
        page = told("audit")
        assert page.startswith("3 mails of the last 90 days read again.\n\nWOULD BE REGISTERED TODAY, AND IS NOT: 2\n")
        assert "left alone: it is from before the first start" in page
        assert f"inbox-bot import --since {old.date()} --dry-run" in page
        assert max(map(len, page.splitlines())) <= 80
        assert told("list", "--all", "--json") == listed
        assert len(smtp.taken) == 1
