"""Secrets: read where they are kept, at the moment of use, and never shown."""

import os
import stat
import time
from pathlib import Path

import pytest

from inbox_bot.config import resolve_secret
from inbox_bot.errors import ConfigurationError


def test_secrets_are_read_where_they_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "mailbox"
    file.write_text("päss word \n")
    file.chmod(0o600)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "PASSWORD": "päss word \r\n", **os.environ}
    specs = ["credential:mailbox", f"file:{file}", "env:PASSWORD", f"command:cat '{file}'"]
    secrets = [resolve_secret(spec, environ=environ) for spec in specs]
    assert [secret.get_secret_value() for secret in secrets] == ["päss word "] * 4
    assert "päss" not in repr(secrets) + str(secrets[0])


@pytest.mark.parametrize(
    ("spec", "what", "remedy"),
    [
        ("credential:mailbox", "only in a service", "LoadCredential="),
        ("file:{tmp}/absent", "No such file", "install -m 600"),
        ("file:{tmp}", "is not a file", ""),
        ("file:{tmp}/pipe", "is not a file", ""),
        ("file:{tmp}/open", "can be read by everybody", "chmod o-rwx"),
        ("file:{tmp}/empty", "is empty", "Store"),
        ("file:{tmp}/lines", "more than one line", "alone"),
        ("file:{tmp}/binary", "no UTF-8 text", "plain text"),
        ("env:ABSENT", "is not set", "Set ABSENT"),
        ("command:/absent/program", "cannot be run", "by hand"),
        ("command:false", "ended with status 1", "by hand"),
        ("command:true", "is empty", "Store"),
        ("hunter2", "is not given by", ""),
    ],
)
def test_a_secret_that_cannot_be_read_is_told_with_a_remedy(tmp_path: Path, spec: str, what: str, remedy: str) -> None:
    for name, content in {
        "open": b"hunter2",
        "empty": b"\n",
        "lines": b"hunter2\nuser: jo\n",
        "binary": b"\xff",
    }.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o644 if name == "open" else 0o600)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigurationError) as caught:
        resolve_secret(spec.format(tmp=tmp_path), environ={"PATH": os.environ["PATH"]})
    assert what in str(caught.value)
    assert remedy in caught.value.remedy
    assert "hunter2" not in f"{caught.value} {caught.value.remedy}"


def test_a_command_runs_without_a_shell() -> None:
    assert resolve_secret("command:echo $HOME; id").get_secret_value() == "$HOME; id"


def test_a_command_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    with pytest.raises(ConfigurationError, match="did not end"):
        resolve_secret(f"command:sh -c 'sleep 300 & echo $$ $! > {file}; wait'", patience=1)
    pids = [int(pid) for pid in file.read_text().split()]
    for _ in range(1000):
        if not any(running(pid) for pid in pids):
            break
        time.sleep(0.01)
    assert [running(pid) for pid in pids] == [False, False]


def running(pid: int) -> bool:
    """Whether the process still does anything; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_mode_of_a_secret_file_is_looked_at_behind_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("hunter2")
    target.chmod(stat.S_IRUSR | stat.S_IROTH)
    link.symlink_to(target)
    with pytest.raises(ConfigurationError, match="everybody"):
        resolve_secret(f"file:{link}")
