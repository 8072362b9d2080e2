"""`check`: each part tried on real servers; what fails comes with its remedy, and hides nothing else."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from inbox_bot.adapters.store import opened
from inbox_bot.adapters.templates import packaged_folder
from tests.beds.dovecot import PASSWORD, Dovecot, free_ports
from tests.beds.program import run_cli, write_config
from tests.beds.smtp import SmtpBed

pytestmark = pytest.mark.dovecot
PARTS = {"configuration", "mailbox", "sending", "register", "templates", "recognition", "law"}


def checked(config: Path, code: int) -> list[dict[str, Any]]:
    done = run_cli("check", "--json", config=config)
    assert done.returncode == code, done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert {finding["part"] for finding in found} == PARTS
    assert [
        finding for finding in found if not finding["ok"] and finding["ok"] is not None and not finding["remedy"]
    ] == []
    return found


def failing(findings: Sequence[dict[str, Any]]) -> set[str]:
    return {finding["part"] for finding in findings if finding["ok"] is False}


def words(findings: Sequence[dict[str, Any]], part: str) -> str:
    return "\n".join(f"{finding['words']} -> {finding['remedy']}" for finding in findings if finding["part"] == part)


def test_when_all_is_well_every_part_says_so_and_nothing_is_made_or_sent(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user)
    before = {path.name for path in tmp_path.iterdir()}
    found = checked(config, 0)
    assert "0 mails in INBOX" in words(found, "mailbox")
    assert "0 mails in Junk" in words(found, "mailbox")
    assert "takes our mail without a login" in words(found, "sending")
    assert "none yet" in words(found, "register")
    assert {path.name for path in tmp_path.iterdir()} == before
    assert smtp.taken == []
    assert not any(command.startswith("MAIL") for command in smtp.commands)


def test_a_person_reads_a_line_a_part_and_the_remedy_under_it(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user)
    (tmp_path / "password").write_text("wrong")
    done = run_cli("check", config=config, env={"COLUMNS": "80"})
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    place = next(number for number, line in enumerate(lines) if line.startswith("FAIL mailbox "))
    assert any(line.strip().startswith("-> ") for line in lines[place + 1 : place + 4])
    assert [line[:4] for line in lines if line[5:12] == "sending"] == ["ok  "]


def test_everything_that_fails_is_told_at_once(tmp_path: Path, dovecot: Dovecot, user: str) -> None:
    (dead,) = free_ports(1)
    templates = tmp_path / "templates"
    shutil.copytree(packaged_folder() / "en", templates / "en")
    (templates / "en" / "acknowledgement.txt.j2").write_text("Subject: {{ reference }}\n\n{{ compnay }}\n")
    (templates / "en" / "digest.txt.j2").write_text("no subject\n")
    (tmp_path / "register.db").write_bytes(b"no database" * 1000)
    with SmtpBed(users={user: "another"}) as smtp:
        config = write_config(tmp_path, dovecot, smtp, user, imap={"port": dead}, templates={"folder": str(templates)})
        found = checked(config, 1)
    assert failing(found) == {"mailbox", "sending", "register", "templates"}
    assert f":{dead}" in words(found, "mailbox")
    assert "is damaged" in words(found, "register")
    told = [finding["words"] for finding in found if finding["part"] == "templates"]
    assert any("acknowledgement.txt.j2:3: there is no fact compnay" in each for each in told)
    assert any("digest.txt.j2:1: " in each for each in told), "each fault has its line"


@pytest.mark.parametrize(
    ("tables", "part", "said"),
    [
        ({"imap": {"folders": ["Requests"]}}, "mailbox", "Requests"),
        ({"imap": {"ca_file": ""}}, "mailbox", "certificate"),
        ({"password": "env:NOBODY_SET_THIS"}, "mailbox", "NOBODY_SET_THIS"),
        ({"register": {"path": "/etc/passwd/register.db"}}, "register", "/etc/passwd is no folder"),
    ],
    ids=["folder", "unknown-ca", "password", "register"],
)
def test_one_part_that_fails_is_the_only_one(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, tables: dict[str, Any], part: str, said: str
) -> None:
    found = checked(write_config(tmp_path, dovecot, smtp, user, **tables), 1)
    assert failing(found) == {part}
    assert said in words(found, part)


def test_a_configuration_that_cannot_be_used_is_told_fault_by_fault(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user, mode="life", digest={"att": "08:00"})
    found = checked(config, 2)
    faults = [finding for finding in found if finding["ok"] is False]
    assert [(finding["part"], finding["remedy"]) for finding in faults] == [
        ("configuration", 'did you mean "live"?'),
        ("configuration", 'did you mean "at"?'),
    ]
    assert all(finding["words"].startswith(f"{config}:") for finding in faults)
    assert {finding["part"] for finding in found if finding["ok"] is None} == PARTS - {"configuration"}
    listed = json.loads(run_cli("config", "check", "--json", config=config).stdout)
    assert (listed["ok"], len(listed["problems"])) == (False, 2)


def test_a_register_whose_history_was_edited_is_told(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    dovecot.deliver(user, b"From: a@example.net\nSubject: x\n\nx\n")
    config = write_config(tmp_path, dovecot, smtp, user, password=f"env:{'MAILBOX_PASSWORD'}")
    with opened(tmp_path / "register.db") as register, register.writing():
        register._run(
            "INSERT INTO event (id, reference, step, at, actor, detail, chain)"
            " VALUES (1, 'DSR-26-7F3K7', 'closed', '2026-11-22T00:00:00+00:00', 'owner', '{}', 'forged')"
        )
    done = run_cli("check", "--json", config=config, env={"MAILBOX_PASSWORD": PASSWORD})
    found = json.loads(done.stdout)
    assert failing(found) == {"register"}
    assert "event 1 does not fit its hash chain" in words(found, "register")
    assert "backup" in words(found, "register")
