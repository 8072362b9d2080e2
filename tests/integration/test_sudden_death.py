"""kill -9 between any two commits of a pass, and in the middle of SMTP: nothing lost, nothing answered twice."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

import inbox_bot
from tests.beds import post
from tests.beds.dovecot import Dovecot
from tests.beds.program import run_cli, write_config
from tests.beds.smtp import SmtpBed

pytestmark = [pytest.mark.dovecot, pytest.mark.slow]
HOUSE = Path(inbox_bot.__file__).parent.parent
PEOPLE = 2


def doomed(config: Path, point: str, number: int, counts: Path | None = None) -> int:
    """One pass that ends itself at a point; its exit code."""
    command = [
        sys.executable,
        "-m",
        "tests.beds.doomed",
        point,
        str(number),
        "--",
        "--config",
        str(config),
        "run",
        "--once",
    ]
    env = {"PYTHONPATH": str(HOUSE), "PATH": "/usr/bin:/bin", "DOOMED_COUNTS": str(counts or "")}
    return subprocess.run(command, env=env, capture_output=True, check=False, timeout=120, cwd=HOUSE).returncode


def answered(smtp: SmtpBed) -> list[str]:
    """To whom acknowledgements were accepted."""
    letters = [message_from_bytes(letter.raw) for letter in smtp.taken]
    return sorted(str(letter["To"]) for letter in letters if letter["Auto-Submitted"] == "auto-replied")


def settled(config: Path) -> list[str]:
    """The senders in the register, after recovery."""
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 0, done.stderr
    told = run_cli("list", "--json", config=config)
    return sorted(entry["sender"] for entry in json.loads(told.stdout))


def arrange(folder: Path, dovecot: Dovecot, smtp: SmtpBed, user: str) -> Path:
    """A watched mailbox in which two requests have just arrived."""
    smtp.deliver_into(dovecot, [user])
    config = write_config(folder, dovecot, smtp, user, digest={"at": "23:59"})
    assert run_cli("run", "--once", config=config).returncode == 0
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
    for mail in post.requests(user, now)[:PEOPLE]:
        dovecot.deliver(user, mail.raw, at=now)
    return config


EXPECTED = sorted(f"person{number}@example.net" for number in range(PEOPLE))


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> dict[str, int]:
    """How often each point is passed in one pass."""
    folder = tmp_path_factory.mktemp("count")
    with SmtpBed() as smtp:
        config = arrange(folder, dovecot, smtp, "points@example.co.uk")
        assert doomed(config, "commit", 0, folder / "counts") == 0
    found: dict[str, int] = json.loads((folder / "counts").read_text("ascii"))
    assert found["commit"] >= 3 * PEOPLE
    assert found["smtp"] >= 5 * PEOPLE
    return found


@pytest.mark.parametrize("point", ["commit", "committed", "smtp"])
@pytest.mark.parametrize("third", [0, 1, 2])
def test_a_kill_at_any_point_loses_nothing_and_doubles_nothing(
    tmp_path: Path, dovecot: Dovecot, user: str, points: dict[str, int], point: str, third: int
) -> None:
    uncertain = 0
    for number in range(1 + third, points[point] + 1, 3):
        folder = tmp_path / str(number)
        folder.mkdir()
        someone = f"{point}{number}.{user}"
        with SmtpBed() as smtp:
            config = arrange(folder, dovecot, smtp, someone)
            assert doomed(config, point, number) == -signal.SIGKILL, f"{point} {number} was not reached"
            assert settled(config) == EXPECTED, f"{point} {number}"
            got = answered(smtp)
            assert got == sorted(set(got)), f"{point} {number}: answered twice"
            missing = set(EXPECTED) - set(got)
            if missing:  # Cut down at the dot: uncertain until the settle time is over, never sent on suspicion.
                uncertain += 1
                told = run_cli("status", "--json", config=config)
                assert json.loads(told.stdout)["letters"].get("uncertain") == len(missing), f"{point} {number}"
    assert uncertain <= 2 * PEOPLE
