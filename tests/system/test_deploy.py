"""The service files: systemd accepts them, finds them tight, and they agree with what the README says."""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "inbox-bot.service"
SYSUSERS = DEPLOY / "inbox-bot.sysusers"
PROGRAM = "/opt/inbox-bot/bin/inbox-bot"
CONFIGURATION = "/etc/inbox-bot/config.toml"


def tool(name: str) -> str:
    """The path of a systemd tool. Without it the test is skipped on a workstation and fails in CI."""
    path = shutil.which(name)
    if path is None and os.environ.get("CI"):
        pytest.fail(f"{name} is missing: install systemd")
    if path is None:
        pytest.skip(f"{name} is not installed (Debian: systemd)")
    return path


def run(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def readme() -> str:
    return (DEPLOY / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def unit() -> Mapping[str, Sequence[str]]:
    """Every assignment of the unit, in order: a unit file may give a key more than once."""
    assignments: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE):
        assignments[key].append(value)
    return assignments


def one(unit: Mapping[str, Sequence[str]], key: str) -> str:
    (value,) = unit[key]
    return value


def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "inbox-bot"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, str(program)), encoding="utf-8")

    verdict = run(tool("systemd-analyze"), "verify", "--man=no", str(installed))

    assert (verdict.stdout, verdict.stderr, verdict.returncode) == ("", "", 0)


def test_the_exposure_of_the_unit_is_at_most_one_point_two() -> None:
    verdict = run(tool("systemd-analyze"), "security", "--no-pager", "--offline=true", "--threshold=12", str(UNIT))

    assert verdict.returncode == 0, verdict.stdout


def test_sysusers_creates_the_user_that_the_unit_names(tmp_path: Path, unit: Mapping[str, Sequence[str]]) -> None:
    (tmp_path / "etc").mkdir()
    text = SYSUSERS.read_text(encoding="utf-8")
    created = run(tool("systemd-sysusers"), f"--root={tmp_path}", "-", stdin=text)
    assert created.returncode == 0, created.stderr

    name, _, _, _, _, home, shell = (tmp_path / "etc/passwd").read_text(encoding="utf-8").strip().split(":")
    group = (tmp_path / "etc/group").read_text(encoding="utf-8").split(":")[0]

    assert (name, group) == (one(unit, "User"), one(unit, "Group"))
    assert (home, shell) == (f"/var/lib/{one(unit, 'StateDirectory')}", "/usr/sbin/nologin")


def test_the_unit_starts_what_the_readme_installs(unit: Mapping[str, Sequence[str]], readme: str) -> None:
    assert one(unit, "ExecStart") == f"{PROGRAM} --config {CONFIGURATION} run"
    assert f"-m venv {Path(PROGRAM).parents[1]}\n" in readme
    assert f"deploy/config.example.toml {CONFIGURATION}\n" in readme


def test_the_credential_is_where_and_what_the_readme_says(unit: Mapping[str, Sequence[str]], readme: str) -> None:
    name, path = one(unit, "LoadCredential").split(":")

    assert f'password = "credential:{name}"' in readme
    assert f">{path}'" in readme
    assert f"--property=LoadCredential={name}:{path} " in readme
    assert f"systemd-creds encrypt --name={name} - {path}.cred" in readme


def test_backup_restore_and_uninstall_name_the_state_folder(unit: Mapping[str, Sequence[str]], readme: str) -> None:
    state = one(unit, "StateDirectory")

    assert f"tar -C /var/lib -czf /root/inbox-bot-$(date +%F).tar.gz {state}'" in readme
    assert f"chown -R {one(unit, 'User')}:{one(unit, 'Group')} /var/lib/{state} " in readme
    assert f"rm -r /var/lib/{state}\n" in readme
    assert f"/var/lib/{state}" in one(unit, "NoExecPaths").split()


def test_the_readme_knows_when_systemd_starts_the_bot_again(unit: Mapping[str, Sequence[str]], readme: str) -> None:
    assert one(unit, "Restart") == "on-failure"
    assert f"`status={one(unit, 'RestartPreventExitStatus')}`" in readme
    assert f"started again after {one(unit, 'RestartSec').removesuffix('s')} seconds" in readme
    assert f"{one(unit, 'WatchdogSec').removesuffix('min')} minutes without a sign of life" in readme


def test_every_file_that_the_readme_installs_is_there(readme: str) -> None:
    named = set(re.findall(r"\bdeploy/([\w.-]+)", readme))

    assert {UNIT.name, SYSUSERS.name} <= named
    assert {name for name in named if not (DEPLOY / name).is_file()} == set()


def test_every_line_of_hardening_says_when_to_relax_it() -> None:
    """A comment stands above each group of lines, and says so (a switch without its reason is copied for ever)."""
    _, hardening = UNIT.read_text(encoding="utf-8").split("# --- hardening: privileges\n")
    hardening, _ = hardening.split("[Install]")
    groups = re.findall(r"((?:^#.*\n)+)((?:^\w+=.*\n)+)", hardening, re.MULTILINE)

    assert sum(len(lines.splitlines()) for _, lines in groups) == len(re.findall(r"^\w+=", hardening, re.MULTILINE))
    assert [lines for comment, lines in groups if "relax" not in comment.lower()] == []
