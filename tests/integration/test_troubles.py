"""What goes wrong in real life: a clear message, its remedy, its exit code; nothing is lost, and nothing doubled."""

import json
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.beds import post
from tests.beds.certificate import make_certificate
from tests.beds.dovecot import PASSWORD, Dovecot, free_ports
from tests.beds.imap_script import ScriptedImap
from tests.beds.program import run_cli, start_cli, write_config
from tests.beds.smtp import SmtpBed

pytestmark = pytest.mark.dovecot
NEVER_TODAY = {"at": "23:59"}
PATIENCE = 40  # seconds until a test gives up


def once(config: Path, code: int = 0) -> str:
    """One pass that ends with a code; what it says on standard error."""
    done = run_cli("run", "--once", config=config, timeout=200)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def failing(config: Path) -> dict[str, str]:
    """What `check` finds wrong: by part, in words, with the remedy."""
    done = run_cli("check", "--json", config=config, timeout=200)
    found = json.loads(done.stdout)
    assert done.returncode == (0 if all(finding["ok"] for finding in found) else 1), done.stderr
    return {finding["part"]: f"{finding['words']} -> {finding['remedy']}" for finding in found if not finding["ok"]}


def asked(config: Path, *words: str) -> Any:
    told = run_cli(*words, "--json", config=config)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; fail after a long time."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)


def right_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - mail that arrives while the program runs


def arrive(dovecot: Dovecot, user: str, count: int) -> list[str]:
    """Requests arrive; who asks, in alphabetical order."""
    mails = post.requests(user, right_now())[:count]
    for mail in mails:
        dovecot.deliver(user, mail.raw, at=right_now())
    return sorted(mail.sender for mail in mails)


def letters(smtp: SmtpBed, kind: str) -> list[Any]:
    parsed = [message_from_bytes(letter.raw) for letter in smtp.taken]
    return [letter for letter in parsed if letter["Auto-Submitted"] == kind]


def answered(smtp: SmtpBed) -> list[str]:
    """To whom acknowledgements went, in alphabetical order."""
    return sorted(str(letter["To"]) for letter in letters(smtp, "auto-replied"))


def looked_up(config: Path, sql: str) -> list[str]:
    """One column of the register, which lies beside the configuration or in the folder `state`."""
    (path,) = (*config.parent.glob("register.db"), *config.parent.glob("state/register.db"))
    register = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = [str(row[0]) for row in register.execute(sql)]
    register.close()
    return found


def registered(config: Path) -> list[str]:
    """Who is in the register, in alphabetical order."""
    return looked_up(config, "SELECT sender FROM request ORDER BY sender")


def in_trouble(config: Path) -> set[str]:
    """Which servers `status` says cannot be used."""
    told = asked(config, "status")
    return {name for name in ("mailbox", "smtp") if told[f"{name}_trouble_since"] is not None}


def both(config: Path, code: int) -> tuple[str, dict[str, str]]:
    """A pass that ends with a code, and `check` at the same time: some troubles take a minute to show."""
    with ThreadPoolExecutor() as pool:
        said, found = pool.submit(once, config, code), pool.submit(failing, config)
        return said.result(), found.result()


@contextmanager
def deaf_listener() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Trouble:
    """A server that cannot be used: how it is made, what is said, and what is advised."""

    words: str
    remedy: str


# -- the mailbox --------------------------------------------------------------------------------------------------


@contextmanager
def wrong_password(folder: Path, _dovecot: Dovecot) -> Iterator[dict[str, Any]]:
    (folder / "wrong").write_text("not-the-password")
    (folder / "wrong").chmod(0o600)
    yield {"password": f"file:{folder}/wrong"}


@contextmanager
def unknown_authority(folder: Path, _dovecot: Dovecot) -> Iterator[dict[str, Any]]:
    yield {"ca_file": str(make_certificate(folder, "other").path)}


@contextmanager
def nothing_there(_folder: Path, _dovecot: Dovecot) -> Iterator[dict[str, Any]]:
    yield {"port": free_ports(1)[0]}


@contextmanager
def no_starttls(_folder: Path, _dovecot: Dovecot) -> Iterator[dict[str, Any]]:
    with ScriptedImap() as server:
        yield {"port": server.port, "security": "starttls"}


@contextmanager
def silence(_folder: Path, _dovecot: Dovecot) -> Iterator[dict[str, Any]]:
    with deaf_listener() as port:
        yield {"port": port}


Arranged = Callable[[Path, Dovecot], Any]
MAILBOX: tuple[tuple[Arranged, Trouble], ...] = (
    (wrong_password, Trouble("refused the user name or the password", "Check [imap] username and password.")),
    (unknown_authority, Trouble("cannot be trusted (self-signed certificate)", "name its file in [imap] ca_file")),
    (nothing_there, Trouble("nothing listens on 127.0.0.1:", "Check [imap] host and port")),
    (no_starttls, Trouble("does not offer STARTTLS", 'Set [imap] security to "tls" and port to 993.')),
    (silence, Trouble("did not answer in time", "any firewall in between")),
)


@pytest.mark.parametrize(
    ("arranged", "trouble"),
    [pytest.param(*case, marks=[pytest.mark.slow] * (case[0] is silence), id=case[0].__name__) for case in MAILBOX],
)
def test_a_mailbox_that_cannot_be_used_is_told_noted_and_read_when_it_can(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, arranged: Arranged, trouble: Trouble
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    people = arrive(dovecot, user, 2)
    with arranged(tmp_path, dovecot) as table:
        write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY, imap=table)
        said, found = both(config, 3)
        assert list(found) == ["mailbox"]
        for words in (said, found["mailbox"]):
            assert trouble.words in words
            assert trouble.remedy in words
            assert PASSWORD not in words
        assert in_trouble(config) == {"mailbox"}
    write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    assert in_trouble(config) == set()
    assert registered(config) == people
    assert answered(smtp) == people


def test_a_first_login_that_is_refused_has_the_exit_code_of_a_wrong_configuration(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user)
    (tmp_path / "password").write_text("not-the-password")
    assert "Check [imap] username and password." in once(config, 2)
    (tmp_path / "password").write_text(PASSWORD)
    once(config)
    (tmp_path / "password").write_text("not-the-password")
    assert "Check [imap] username and password." in once(config, 3)


# -- the SMTP server ----------------------------------------------------------------------------------------------


@contextmanager
def smtp_wrong_password(_folder: Path, _dovecot: Dovecot, user: str) -> Iterator[SmtpBed]:
    with SmtpBed(users={user: "another"}) as bed:
        yield bed


@contextmanager
def smtp_unknown_authority(folder: Path, _dovecot: Dovecot, _user: str) -> Iterator[SmtpBed]:
    with SmtpBed(security="tls", certificate=make_certificate(folder, "other")) as bed:
        yield bed


@contextmanager
def smtp_nothing_there(_folder: Path, _dovecot: Dovecot, _user: str) -> Iterator[SmtpBed]:
    with SmtpBed() as bed:
        pass
    yield bed


@contextmanager
def smtp_no_starttls(_folder: Path, dovecot: Dovecot, _user: str) -> Iterator[SmtpBed]:
    with SmtpBed(security="starttls", certificate=dovecot.certificate) as bed:
        for _ in range(3):
            bed.plan("ehlo", "250-bed\n250 SIZE 10000000")
        yield bed


@contextmanager
def smtp_silence(_folder: Path, _dovecot: Dovecot, _user: str) -> Iterator[SmtpBed]:
    with deaf_listener() as port, SmtpBed() as bed:
        bed.port = port
        yield bed


SmtpArranged = Callable[[Path, Dovecot, str], Any]
SENDING: tuple[tuple[SmtpArranged, Trouble], ...] = (
    (smtp_wrong_password, Trouble("refused the user name or the password", "Check [smtp] username and password.")),
    (smtp_unknown_authority, Trouble("cannot be trusted (self-signed certificate)", "name its file in [smtp] ca_file")),
    (smtp_nothing_there, Trouble("nothing listens on 127.0.0.1:", "Check [smtp] host and port")),
    (smtp_no_starttls, Trouble("does not offer STARTTLS", 'Set [smtp] security to "tls" and port to 465')),
    (smtp_silence, Trouble("did not answer in time", "any firewall in between")),
)


@pytest.mark.parametrize(
    ("arranged", "trouble"),
    [
        pytest.param(*case, marks=[pytest.mark.slow] * (case[0] is smtp_silence), id=case[0].__name__)
        for case in SENDING
    ],
)
def test_a_server_that_cannot_send_is_told_noted_and_keeps_no_request_out_of_the_register(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, arranged: SmtpArranged, trouble: Trouble
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    people = arrive(dovecot, user, 2)
    with arranged(tmp_path, dovecot, user) as bed:
        write_config(tmp_path, dovecot, bed, user, digest=NEVER_TODAY)
        said, found = both(config, 4)
        assert list(found) == ["sending"]
        for words in (said, found["sending"]):
            assert trouble.words in words
            assert trouble.remedy in words
            assert PASSWORD not in words
        assert in_trouble(config) == {"smtp"}
        assert registered(config) == people
        assert looked_up(config, "SELECT state || attempts FROM outbox") == ["queued0", "queued0"]
    write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    assert answered(smtp) == people
    assert in_trouble(config) == set()


# -- the password -------------------------------------------------------------------------------------------------


def missing(password: Path) -> None:
    password.unlink()


def open_to_all(password: Path) -> None:
    password.chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "words", "remedy"),
    [
        (missing, "cannot be read: No such file or directory", "install -m 600 /dev/stdin"),
        (open_to_all, "can be read by everybody", "Run: chmod o-rwx"),
    ],
)
def test_a_password_that_cannot_be_read_is_a_matter_of_configuration(
    tmp_path: Path, dovecot: Dovecot, user: str, spoil: Callable[[Path], None], words: str, remedy: str
) -> None:
    with SmtpBed(users={user: PASSWORD}) as smtp:
        config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
        once(config)
        people = arrive(dovecot, user, 1)
        spoil(tmp_path / "password")
        said, found = both(config, 2)
        assert list(found) == ["mailbox", "sending"]
        assert all(words in told and remedy in told for told in (said, *found.values()))
        write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
        once(config)
        assert registered(config) == answered(smtp) == people


# -- the register -------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[Path]:
    """A file system of its own, in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small tmpfs")
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,mode=700", "tmpfs", str(folder)]
    mounted = subprocess.run(options, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, but: int) -> Path:
    """A file that takes all space there is but some bytes."""
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - but)
    return ballast


@pytest.mark.parametrize("left", [0, 16, 64])
def test_a_full_disk_is_told_and_nothing_is_sent_that_is_not_on_record(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, left: int
) -> None:
    """left: KiB that remain, so that the disk is full at another commit each time."""
    smtp.deliver_into(dovecot, [user])
    with small_disk(tmp_path / "state", 1024) as state:
        register = {"path": str(state / "register.db")}
        config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY, register=register)
        once(config)
        people = arrive(dovecot, user, 14)
        ballast = fill(state, left * 1024)
        said = once(config, 5)
        assert f"the register {state}/register.db cannot be written: " in said
        assert "free some space" in said
        if left == 0:
            assert smtp.taken == []
            assert "cannot be written" in failing(config)["register"]
        ballast.unlink()
        for _ in range(2):  # what was in hand when the disk was full is found by its copy
            once(config)
        assert registered(config) == people
        assert answered(smtp) == people
        told = asked(config, "status")
        assert set(told["letters"]) == {"sent"}
        assert told["history_intact"]


def test_a_service_whose_disk_was_full_goes_on_once_there_is_space(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    log = tmp_path / "log"
    with small_disk(tmp_path / "state", 1024) as state:
        register = {"path": str(state / "register.db")}
        config = write_config(
            tmp_path, dovecot, smtp, user, digest=NEVER_TODAY, register=register, poll={"every": "1s"}
        )
        once(config)
        ballast = fill(state, 0)
        people = arrive(dovecot, user, 2)
        process = start_cli("run", config=config, log=log)
        try:
            until(lambda: "(next try in 2 s)" in log.read_text("utf-8"), "the second failure")
            assert smtp.taken == []
            ballast.unlink()
            until(lambda: answered(smtp) == people, "the answers")
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait()
    assert "cannot be written: database or disk is full -> free some space" in log.read_text("utf-8")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be written, not even by root."""
    if os.geteuid() == 0:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    else:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)


@pytest.mark.parametrize("started", [True, False], ids=["later", "from-the-first"])
def test_a_register_that_cannot_be_written_is_told(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, *, started: bool
) -> None:
    state = tmp_path / "state"
    with ExitStack() as stack:
        if os.geteuid() == 0:
            stack.enter_context(small_disk(state, 1024))
        else:
            state.mkdir()
        register = {"path": str(state / "register.db")}
        config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY, register=register)
        if started:
            once(config)
        people = arrive(dovecot, user, 1)
        with read_only(state):
            said, found = both(config, 5)
            assert list(found) == ["register"]
            for words in (said, found["register"]):
                assert str(state) in words
                assert "make the folder writable" in words
        assert smtp.taken == []
        once(config)
        assert answered(smtp) == (people if started else [])


@pytest.mark.parametrize("name", ["password/register.db", "password/below/register.db", "."])
def test_a_register_at_an_impossible_place_is_told(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, name: str
) -> None:
    """`password` is a file, and the dot a folder."""
    config = write_config(tmp_path, dovecot, smtp, user, register={"path": str(tmp_path / name)})
    said, found = both(config, 5)
    assert "cannot be written" in said
    assert list(found) == ["register"]


def garbled(register: Path) -> None:
    register.write_bytes(b"this is no register" * 1000)


def torn(register: Path) -> None:
    """Every page but the first is lost, as after a disk that lied."""
    size = register.stat().st_size
    with register.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (size - 4096))


def edited(register: Path) -> None:
    """The key beside it is cut short."""
    key = register.with_name("key")
    key.write_bytes(key.read_bytes()[:20])


@pytest.mark.parametrize("spoil", [garbled, torn, edited])
def test_a_damaged_register_is_told_and_left_as_it_is(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, spoil: Callable[[Path], None]
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    register = tmp_path / "register.db"
    whole = {name: (tmp_path / name).read_bytes() for name in ("register.db", "key")}
    people = arrive(dovecot, user, 2)
    spoil(register)
    damaged = {name: (tmp_path / name).read_bytes() for name in whole}
    said, found = both(config, 5)
    for words in (said, found["register"]):
        assert "is damaged" in words
        assert "backup" in words
    assert {name: (tmp_path / name).read_bytes() for name in whole} == damaged
    assert smtp.taken == []
    for name, content in whole.items():
        (tmp_path / name).write_bytes(content)
    once(config)
    assert answered(smtp) == people


def test_a_register_that_another_program_holds_is_told(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    people = arrive(dovecot, user, 1)
    other = sqlite3.connect(tmp_path / "register.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "is held by another program" in once(config, 6)
    assert smtp.taken == []
    other.execute("ROLLBACK")
    other.close()
    once(config)
    assert answered(smtp) == people


# -- the owner, and what nobody foresaw ---------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "hours", "told"), [("imap", 2, True), ("smtp", 2, True), ("imap", 0, False)])
def test_the_digest_tells_of_a_server_that_could_not_be_used_for_long(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, *, key: str, hours: int, told: bool
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    since = (right_now() - timedelta(hours=hours)).isoformat()
    with sqlite3.connect(tmp_path / "register.db") as register:  # as if hours had passed
        register.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (f"{key}_trouble", since))
    register.close()
    dead = {"port": free_ports(1)[0]} if key == "imap" else {}
    write_config(tmp_path, dovecot, smtp, user, digest={"at": "00:00"}, imap=dead)
    once(config, 3 if dead else 0)
    words = "".join(
        str(part.get_payload(decode=True)) for digest in letters(smtp, "auto-generated") for part in digest.walk()
    )
    assert ("The mail server could not be used." in words) is told
    assert ("inbox-bot check" in words) is told


def test_what_nobody_foresaw_is_told_without_a_word_of_the_mail(
    tmp_path: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(tmp_path, dovecot, smtp, user, digest=NEVER_TODAY)
    once(config)
    people = arrive(dovecot, user, 1)
    with sqlite3.connect(tmp_path / "register.db") as register:
        register.execute("CREATE TRIGGER t BEFORE INSERT ON seen BEGIN SELECT RAISE(ABORT, 'canary subject'); END")
    said = once(config, 1)
    assert "not foreseen: IntegrityError" in said
    assert "report" in said
    assert "canary" not in said
    with register:
        register.execute("DROP TRIGGER t")
    register.close()
    once(config)
    assert answered(smtp) == people
