"""The command line as its users meet it: help, errors, exit codes. In a real process wherever that matters."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from inbox_bot import cli
from inbox_bot.adapters.store import held, opened
from inbox_bot.cli.frame import safe, shown_path
from inbox_bot.domain import reference as references
from tests.beds import post
from tests.beds.dovecot import PASSWORD, Dovecot, free_ports
from tests.beds.program import run_cli, write_config
from tests.beds.smtp import SmtpBed

UNKNOWN = "DSR-26-7F3K7"
HEAVY = {"imapclient", "pydantic", "jinja2", "resiliparse", "sqlite_utils", "apscheduler", "authres", "rich", "smtplib"}


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command and group, as the words that call it."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield *path, name


COMMANDS = list(commands(cli.main))


def heavy_imports(*arguments: str) -> set[str]:
    """Which of the heavy libraries a command has loaded when it ends."""
    code = f"import sys; from inbox_bot.cli import run; run({list(arguments)!r}); print(*sys.modules, file=sys.stderr)"
    house = Path(cli.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=house, capture_output=True, text=True, check=True)
    assert done.stdout
    return HEAVY & set(done.stderr.split())


# -- help -------------------------------------------------------------------------------------------------------------


def test_the_verbs_are_all_there() -> None:
    verbs = "demo check run status list show acknowledge import audit confirm dismiss extend close classify deadline"
    assert {*verbs.split(), "config", "preview"} == set(cli.main.commands)
    assert ("config", "check") in COMMANDS
    assert ("config", "show") in COMMANDS


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_a_terminal_and_shows_an_example_that_is_true(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.run([*command, "--help"]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert "..." not in told.replace("PATH...", "").replace("[RIGHT]...", "").replace("[ARGS]...", "")
    example = rf"^  .*inbox-bot( --config \S+)?{''.join(f' {word}' for word in command)}\b"
    assert re.search(example, told, re.MULTILINE)
    shown = re.findall(r"DSR-\d\d-\w+", told)
    assert [reference for reference in shown if references.parse(reference) != reference] == []


def test_help_documents_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["--help"])
    told = capsys.readouterr().out
    assert set(re.findall(r"(?m)(?:^|  )    ?(\d)  \S", told.partition("Exit codes:")[2])) == set("0123456")


def test_without_a_verb_the_help_is_shown_and_the_exit_code_is_2() -> None:
    done = run_cli()
    assert done.returncode == 2
    assert "inbox-bot demo" in done.stderr


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("inbox-bot")


def test_help_and_deadline_load_no_heavy_library() -> None:
    assert heavy_imports("--help") == set()
    assert heavy_imports("deadline", "2026-01-31") == set()
    assert "pydantic" in heavy_imports("deadline", "2026-01-31T10:00"), "else this test sees nothing"


# -- what is mistyped -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "DSR-26-7F3KX"], "'DSR-26-7F3KX' is mistyped: its last character does not fit the others"),
        (["show", "D-26-7F3KX"], "'D-26-7F3KX' is no reference: they look like DSR-26-7F3K7"),
        (["confirm", UNKNOWN, "acces"], "'acces' is not one of 'access', "),
        (["close", UNKNOWN], "Missing option '--outcome'"),
        (["extend", UNKNOWN], "Missing option '--because'"),
        (["import", "--since", "yesterday"], "'yesterday' is no day: write it like 2026-01-31"),
        (["classify"], "Missing argument 'PATH...'"),
        (["lst"], "No such command 'lst'"),
        (["list", "--jsno"], "No such option '--jsno'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_names_its_place_and_where_help_is(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert re.search(r"  -> inbox-bot( \w+)? --help\n$", told.err)
    assert told.out == ""


def test_a_slip_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "--\x1b]52;c;ZXZpbA==\x07"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_every_fault_of_a_configuration_is_told_with_its_line_and_remedy(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('company = "Example Ltd"\ncountry = "GB"\nmode = "life"\n')
    done = run_cli("list", config=config)
    assert done.returncode == 2
    assert f"{config} has 5 problems:\n" in done.stderr
    assert re.search(rf'^{config}:3: mode .* Remedy: did you mean "live"\?$', done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr


def test_a_configuration_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    done = run_cli("status", config=tmp_path / "nowhere.toml")
    assert done.returncode == 2
    assert done.stderr.count("No such file") == 1
    assert "--config" in done.stderr


# -- exit codes -------------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str) -> Path:
    return write_config(tmp_path, dovecot, smtp, user)


@pytest.fixture
def register(tmp_path: Path) -> Path:
    path = tmp_path / "register.db"
    with opened(path):
        return path


@pytest.mark.usefixtures("register")
def test_an_unknown_reference_is_1(config: Path) -> None:
    done = run_cli("show", UNKNOWN, config=config)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is no request {UNKNOWN}" in done.stderr
    assert "inbox-bot list --all" in done.stderr


def test_a_first_login_that_is_refused_is_2_and_a_later_one_3(config: Path, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("wrong")
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    password.write_text(PASSWORD)
    assert run_cli("run", "--once", config=config).returncode == 0
    password.write_text("wrong")
    assert run_cli("run", "--once", config=config).returncode == 3


def test_a_dead_mailbox_is_3(tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str) -> None:
    (dead,) = free_ports(1)
    config = write_config(tmp_path, dovecot, smtp, user, imap={"port": dead})
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 3
    assert f":{dead}" in done.stderr
    assert "\n  -> " in done.stderr


def test_a_dead_smtp_server_is_4(tmp_path: Path, dovecot: Dovecot, user: str) -> None:
    with SmtpBed() as dead:
        config = write_config(tmp_path, dovecot, dead, user, digest={"at": "00:00"})
    yesterday = datetime.now(UTC) - timedelta(days=1)  # noqa: TID251 - a mail that the first digest must tell of
    dovecot.deliver(user, post.mail(user, "kim@example.net", "Hello", "Lunch?", yesterday), at=yesterday)
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 4, done.stderr
    assert f":{dead.port}" in done.stderr
    assert "\n  -> " in done.stderr


@pytest.mark.parametrize("verb", [["list"], ["status"], ["show", UNKNOWN], ["dismiss", UNKNOWN], ["preview", "digest"]])
def test_a_register_that_is_not_there_is_5_and_is_not_made(config: Path, tmp_path: Path, verb: list[str]) -> None:
    done = run_cli(*verb, config=config)
    assert (done.returncode, done.stdout) == (5, "")
    assert f"there is no register at {tmp_path / 'register.db'}" in done.stderr
    assert not (tmp_path / "register.db").exists()
    assert not (tmp_path / "key").exists()


def test_a_damaged_register_is_5(config: Path, register: Path) -> None:
    register.write_bytes(b"not a database, whatever its name says" * 100)
    done = run_cli("list", config=config)
    assert done.returncode == 5
    assert "is damaged" in done.stderr
    assert "backup" in done.stderr


def test_another_instance_at_work_is_6(config: Path, tmp_path: Path) -> None:
    with held(tmp_path):
        done = run_cli("run", "--once", config=config)
    assert done.returncode == 6
    assert "stop it first" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(config: Path) -> None:
    command = f"{sys.executable} -m inbox_bot --config {config} config show | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602 - a real pipe
    assert done.stdout == 'company = "Example Ltd"\n'
    assert done.stderr == ""


def test_a_terminal_without_our_letters_is_no_error() -> None:
    done = run_cli("classify", "--help", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr


# -- nothing of a mail steers the terminal ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;ZXZpbA==\x07copy", "]52;c;ZXZpbA==copy"),
        ("\x9b31mred", "31mred"),
        ("over\rwritten", "over written"),
        ("two\nlines\u2028or\x85more", "two lines or more"),
        ("\u202egnp.exe\u2069\u200f\u061c", "gnp.exe"),
        ("zero\u200bwidth\ufeff\u00ad\U000e0041", "zerowidth"),
        ("half\ud83d", "half"),
        ("Zoë, 漢字, עברית, “quoted” 👍", "Zoë, 漢字, עברית, “quoted” 👍"),
    ],
)
def test_text_is_printed_without_what_acts_on_a_terminal(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_misleading_file_name_is_shown_quoted() -> None:
    assert shown_path("a\nb\x1b[2J\u202e.eml") == r"'a\nb\x1b[2J\u202e.eml'"
    assert shown_path("Zoë letter.eml") == "Zoë letter.eml"


# -- in a terminal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 40])
def test_the_demo_fits_a_real_terminal(tmp_path: Path, width: int) -> None:
    pytest.importorskip("pymap", reason="needs the extra: pip install 'inbox-bot[demo]'")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    house = Path(cli.__file__).parents[2]
    command = [sys.executable, "-m", "inbox_bot", "demo", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=theirs, cwd=house, env=env):
        os.close(theirs)
        told = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    lines = re.sub(r"\x1b\[[\d;]*m", "", told).replace("\r", "").split("\n")
    assert "formal access letter" in told
    assert [line for line in lines if len(line) > width and "/" not in line] == []


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says so when the last writer has hung up
        return b""
