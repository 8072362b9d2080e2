"""The promise, on a real mail server, through the real command in a real process."""

import json
import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest

from tests.beds import post
from tests.beds.dovecot import PASSWORD, Dovecot
from tests.beds.program import run_cli, write_config
from tests.beds.smtp import SmtpBed

pytestmark = pytest.mark.dovecot
OWNER = "jo@example.co.uk"


def once(config: Path) -> subprocess.CompletedProcess[str]:
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 0, done.stderr
    return done


def listed(config: Path) -> list[dict[str, Any]]:
    told = run_cli("list", "--all", "--json", config=config)
    assert told.returncode == 0, told.stderr
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found


def due_on(config: Path, received: str) -> str:
    told = run_cli("deadline", received, "--json", config=config)
    return str(json.loads(told.stdout)["due_on"])


def acknowledged(smtp: SmtpBed) -> list[str]:
    """To whom acknowledgements went, in order."""
    letters = [message_from_bytes(letter.raw) for letter in smtp.taken]
    return [
        address
        for letter in letters
        if letter["Auto-Submitted"] == "auto-replied"
        for _, address in getaddresses([str(letter["To"])])
    ]


def old_mail(user: str, now: datetime) -> list[tuple[bytes, datetime]]:
    """Two hundred mails from before the first start, requests among them."""
    mails = []
    for number in range(200):
        at = now - timedelta(days=1 + number % 60, minutes=number)
        _, subject, body = post.REQUESTS[number % 14]
        mails.append((post.mail(user, f"old{number}@example.net", subject, body, at), at))
    return mails


@pytest.mark.slow
@pytest.mark.parametrize("copy", [True, False], ids=["copies", "no-copies"])
def test_every_request_is_registered_dated_and_acknowledged_once_and_nothing_else_is_touched(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, *, copy: bool
) -> None:
    smtp.deliver_into(dovecot, [user])
    config = write_config(tmp_path, dovecot, smtp, user, owner=OWNER, replies={"copy_to_mailbox": copy})
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - mail that arrives while the program runs
    for raw, at in old_mail(user, now):
        dovecot.deliver(user, raw, at=at)
    first = once(config)
    assert "mails of the last 30 days are left alone" in first.stderr
    assert re.search(r"inbox-bot import --since \d{4}-\d\d-\d\d --dry-run", first.stderr)
    assert listed(config) == []
    assert acknowledged(smtp) == []

    arriving = [*post.requests(user, now), *post.ordinary(user, now), *post.automated(user, now)]
    for number, mail in enumerate(arriving):
        dovecot.deliver(user, mail.raw, at=now + timedelta(seconds=number))
    dovecot.flag(user, 203, b"\\Seen")
    before = dovecot.flags(user)
    once(config)

    found = listed(config)
    by_sender = {entry["sender"]: entry for entry in found}
    asked = {mail.sender: set(mail.rights) for mail in arriving if mail.rights}
    assert {sender: set(entry["rights"]) for sender, entry in by_sender.items()} == asked
    assert len(found) == 14
    received = datetime.fromisoformat(found[0]["received_at"]).isoformat()
    assert {entry["due_on"] for entry in found} <= {due_on(config, received)}
    assert sorted(acknowledged(smtp)) == sorted(asked)
    after = dovecot.flags(user)
    assert {uid: after[uid] for uid in before} == before

    sent = len(smtp.taken)
    once(config)
    assert len(smtp.taken) == sent
    assert listed(config) == found


def test_the_owner_may_be_the_mailbox(tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str) -> None:
    smtp.deliver_into(dovecot, [user])
    config = write_config(tmp_path, dovecot, smtp, user, owner=user, digest={"at": "00:00"})
    once(config)
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
    for mail in post.requests(user, now):
        dovecot.deliver(user, mail.raw, at=now)
    for _ in range(4):
        once(config)
    assert len(listed(config)) == 14, "our own letters and digests open nothing"
    assert len(acknowledged(smtp)) == 14


def test_a_portal_s_request_is_registered_and_its_answer_withheld(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user)
    once(config)
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
    for mail in post.automated(user, now, post.PORTAL_TEXT):
        dovecot.deliver(user, mail.raw, at=now)
    once(config)
    found = listed(config)
    assert len(found) == 12
    assert all(entry["withheld"] for entry in found)
    assert acknowledged(smtp) == []


def test_over_starttls(tmp_path: Path, dovecot: Dovecot, user: str) -> None:
    with SmtpBed(security="starttls", certificate=dovecot.certificate, users={user: PASSWORD}) as smtp:
        starttls = {"security": "starttls", "port": dovecot.imap}
        config = write_config(tmp_path, dovecot, smtp, user, imap=starttls)
        once(config)
        now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
        dovecot.deliver(user, post.requests(user, now)[0].raw, at=now)
        once(config)
        assert acknowledged(smtp) == ["person0@example.net"]
        assert all(letter.encrypted for letter in smtp.taken)


def test_junk_is_registered_and_shown_but_not_answered_until_it_is_moved_to_the_inbox(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    smtp.deliver_into(dovecot, [user])
    config = write_config(tmp_path, dovecot, smtp, user)
    once(config)
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
    mail = post.requests(user, now)[0]
    uid = dovecot.deliver(user, mail.raw, folder="Junk", at=now)
    once(config)
    assert [entry["withheld"] for entry in listed(config)] == ["junk"]
    assert acknowledged(smtp) == []
    dovecot.expunge(user, [uid], folder="Junk")
    dovecot.deliver(user, mail.raw, at=now)
    once(config)
    assert acknowledged(smtp) == [mail.sender]
    assert len(listed(config)) == 1


def test_observing_answers_nobody_and_a_change_of_mode_releases_nothing(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    smtp.deliver_into(dovecot, [user])
    config = write_config(tmp_path, dovecot, smtp, user, mode="observe")
    once(config)
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
    dovecot.deliver(user, post.requests(user, now)[0].raw, at=now)
    once(config)
    config = write_config(tmp_path, dovecot, smtp, user, mode="live")
    once(config)
    (entry,) = listed(config)
    assert entry["withheld"] == "observe"
    assert acknowledged(smtp) == []
    released = run_cli("acknowledge", entry["reference"], "--yes", config=config)
    assert released.returncode == 0, released.stderr
    once(config)
    assert acknowledged(smtp) == ["person0@example.net"]


def test_old_mail_is_imported_on_demand_and_never_answered(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user)
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
    for number, mail in enumerate(post.requests(user, now)):
        dovecot.deliver(user, mail.raw, at=now - timedelta(days=2 + number))
    once(config)
    since = (now - timedelta(days=30)).date().isoformat()
    trial = run_cli("import", "--since", since, "--dry-run", config=config)
    assert "14 would be registered" in trial.stdout, trial.stderr
    assert listed(config) == []
    done = run_cli("import", "--since", since, config=config)
    assert "14 registered" in done.stdout, done.stderr
    once(config)
    found = listed(config)
    assert {entry["withheld"] for entry in found} == {"imported"}
    assert acknowledged(smtp) == []
    assert {date.fromisoformat(entry["received_on"]) for entry in found} <= {
        (now - timedelta(days=days)).date() for days in range(1, 17)
    }
