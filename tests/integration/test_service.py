"""`inbox-bot run` as a service manager sees it: a real process, real servers, signals, and a socket that listens."""

import json
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import pytest

from tests.beds import post
from tests.beds.dovecot import PASSWORD, Dovecot
from tests.beds.program import run_cli, start_cli, write_config
from tests.beds.smtp import Answer, SmtpBed

pytestmark = pytest.mark.dovecot
PATIENCE = 40  # seconds until a test gives up; none waits that long unless something is broken
BRISK = {"every": "1s"}
SLUGGISH = {"every": "1d"}
NEVER_TODAY = {"at": "23:59"}


class Manager:
    """What systemd does with NOTIFY_SOCKET: listens. words: each assignment, in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.words: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._thread = Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()

    def _listen(self) -> None:
        while message := self._socket.recv(65536):
            self.words += message.decode().split("\n")

    @property
    def states(self) -> list[str]:
        """Every status told, in order."""
        return [word.removeprefix("STATUS=") for word in self.words if word.startswith("STATUS=")]

    def said(self, beginning: str, since: int = 0) -> bool:
        """Whether a status begins with these words, of those told later than the first `since`."""
        return any(state.startswith(beginning) for state in self.states[since:])


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; fail after a long time."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)


class Bot:
    """A running service. log: its standard error so far."""

    def __init__(self, config: Path, manager: Manager, process: subprocess.Popen[bytes], log: Path) -> None:
        self.config, self.manager, self.process, self._log = config, manager, process, log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; fail when the process ends before, or after a long time."""
        until(lambda: holds() or self.process.poll() is not None, f"{what}\n{self.manager.words}\n{self.log}")
        assert holds(), f"ended with {self.process.poll()} before {what}\n{self.log}"

    def until_told(self, beginning: str, since: int = 0) -> None:
        """Wait for a status."""
        self.until(lambda: self.manager.said(beginning, since), f"the status {beginning}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.exit_code()

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE)


@contextmanager
def running(config: Path, **env: str) -> Iterator[Bot]:
    """The service under a manager of its own; ended hard if the test has not ended it."""
    folder = config.parent
    log = folder / "log"
    with Manager(str(folder / f"notify{time.monotonic_ns()}")) as manager:
        process = start_cli("run", config=config, env={"NOTIFY_SOCKET": manager.address} | env, log=log)
        with ended(process):
            yield Bot(config, manager, process, log)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends the process hard if the test has not ended it."""
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="svc", dir="/tmp") as folder:
        yield Path(folder)


def right_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - mail that arrives while the program runs


def watching(folder: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, **tables: Any) -> Path:
    """A configuration whose mailbox has its baseline already."""
    config = write_config(folder, dovecot, smtp, user, **({"digest": NEVER_TODAY} | tables))
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 0, done.stderr
    return config


def arrive(dovecot: Dovecot, user: str, count: int, first: int = 0) -> list[str]:
    """Requests arrive; who asks."""
    mails = post.requests(user, right_now())[first : first + count]
    for mail in mails:
        dovecot.deliver(user, mail.raw, at=right_now())
    return [mail.sender for mail in mails]


def answered(smtp: SmtpBed) -> list[str]:
    letters = [message_from_bytes(letter.raw) for letter in smtp.taken]
    return [str(letter["To"]) for letter in letters if letter["Auto-Submitted"] == "auto-replied"]


def letters_taken(smtp: SmtpBed, count: int) -> bool:
    return len(smtp.taken) == count


def digests(smtp: SmtpBed) -> list[str]:
    letters = [message_from_bytes(letter.raw) for letter in smtp.taken]
    return [str(letter["Subject"]) for letter in letters if letter["Auto-Submitted"] == "auto-generated"]


def asked(config: Path, *words: str) -> Any:
    told = run_cli(*words, "--json", config=config)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def outbox(config: Path) -> list[tuple[str, int, bool]]:
    """Of each letter: its state, how often it was tried, whether it was put off."""
    with sqlite3.connect(f"file:{config.parent}/register.db?mode=ro", uri=True) as register:
        found = register.execute("SELECT state, attempts, due_at > created_at FROM outbox ORDER BY id").fetchall()
    register.close()
    return [(state, attempts, bool(put_off)) for state, attempts, put_off in found]


# -- the life of a service ----------------------------------------------------------------------------------------


def test_the_service_manager_hears_of_start_work_and_end(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = watching(place, dovecot, smtp, user, poll=SLUGGISH)
    people = arrive(dovecot, user, 3)
    with running(config) as bot:
        bot.until_told("3 open, 0 overdue, next due ")
        assert bot.stop() == 0
    words = bot.manager.words
    assert words[0] == "READY=1"
    assert "STOPPING=1" in words
    assert words.count("WATCHDOG=1") >= len(["batch", *people, "cycle"])
    assert sorted(answered(smtp)) == sorted(people)


def test_an_abstract_socket_is_told_too(place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str) -> None:
    config = watching(place, dovecot, smtp, user)
    with Manager(f"@inbox-bot-{place.name}") as manager:
        process = start_cli("run", config=config, env={"NOTIFY_SOCKET": manager.address})
        with ended(process):
            until(lambda: "READY=1" in manager.words, "the start")
            process.terminate()
            assert process.wait(PATIENCE) == 0


def test_without_a_service_manager_or_with_a_dead_one_it_works_all_the_same(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = watching(place, dovecot, smtp, user, poll=BRISK)
    for count, env in enumerate(({}, {"NOTIFY_SOCKET": str(place / "nobody")}), start=1):
        arrive(dovecot, user, 1, first=count)
        log = place / "log"
        process = start_cli("run", config=config, env=env, log=log)
        with ended(process):
            until(partial(letters_taken, smtp, count), "the answer")
            process.terminate()
            assert process.wait(PATIENCE) == 0, log.read_text("utf-8")


def test_an_idle_worker_feeds_the_watchdog_between_two_far_passes(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = watching(place, dovecot, smtp, user, poll=SLUGGISH)
    with running(config, WATCHDOG_USEC="3000000") as bot:
        bot.until_told("0 open")
        fed = bot.manager.words.count("WATCHDOG=1")
        bot.until(lambda: bot.manager.words.count("WATCHDOG=1") >= fed + 3, "signs of life")
        assert bot.stop() == 0


def test_mail_that_arrives_while_it_runs_is_registered_and_acknowledged(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    smtp.deliver_into(dovecot, [user])
    config = watching(place, dovecot, smtp, user, poll=BRISK)
    with running(config) as bot:
        bot.until_told("0 open")
        first = arrive(dovecot, user, 1)
        bot.until(lambda: answered(smtp) == first, "the first answer")
        more = arrive(dovecot, user, 2, first=1)
        bot.until(lambda: sorted(answered(smtp)) == sorted(first + more), "the others")
        bot.until_told("3 open")
        assert bot.stop() == 0
    assert sorted(entry["sender"] for entry in asked(config, "list")) == sorted(first + more)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_a_second_one_does_no_harm(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, number: signal.Signals
) -> None:
    config = watching(place, dovecot, smtp, user, poll=BRISK)
    with running(config) as bot:
        bot.until_told("0 open")
        bot.process.send_signal(number)
        assert bot.stop(number) == 0
        assert bot.log.rstrip().endswith("stopped")
    assert "STOPPING=1" in bot.manager.words


# -- stopped in the middle ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_letter_whose_dot_was_not_answered_is_found_by_its_copy_at_the_next_start(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str, number: signal.Signals
) -> None:
    smtp.deliver_into(dovecot, [user])
    config = watching(place, dovecot, smtp, user)
    people = arrive(dovecot, user, 1)
    late = Event()
    smtp.plan("dot", Answer("250 ok", hold=late))
    with running(config) as bot:
        bot.until(smtp.reached["dot"].is_set, "the dot")
        assert bot.stop(number) == 0
        assert not late.is_set()
    assert asked(config, "status")["letters"] in ({"uncertain": 1}, {"dot": 1})
    assert asked(config, "status")["smtp_trouble_since"] is None
    late.set()
    until(lambda: len(smtp.taken) == 1, "the server accepts it after all")
    with running(config) as bot:
        bot.until_told("1 open")
        assert bot.stop() == 0
    assert asked(config, "status")["letters"] == {"sent": 1}
    assert answered(smtp) == people


def test_after_a_signal_the_letter_in_hand_is_finished_and_no_other_is_touched(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = watching(place, dovecot, smtp, user)
    people = arrive(dovecot, user, 4)
    hold = Event()
    smtp.plan("dot", "250 ok", Answer("250 ok", hold=hold))
    with running(config) as bot:
        bot.until(lambda: len(smtp.taken) == 1 and smtp.commands.count("DATA") == 2, "the second letter's dot")
        bot.process.send_signal(signal.SIGTERM)
        bot.until(lambda: "STOPPING=1" in bot.manager.words, "the stop")
        hold.set()
        assert bot.exit_code() == 0
    assert outbox(config) == [("sent", 1, False)] * 2 + [("queued", 0, False)] * 2
    assert smtp.commands.count("DATA") == 2
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 0, done.stderr
    assert sorted(answered(smtp)) == sorted(people)


def test_after_a_signal_while_the_mailbox_is_read_nothing_is_sent(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    smtp.deliver_into(dovecot, [user])
    config = watching(place, dovecot, smtp, user)
    for number in range(60):  # several batches
        dovecot.deliver(user, post.mail(user, f"p{number}@example.net", *post.REQUESTS[0][1:], right_now()))
    with running(config) as bot:
        bot.until(lambda: "mail INBOX/" in bot.log, "the first batch")
        assert bot.stop() == 0
    registered = len(asked(config, "list"))
    if registered < 60:  # else the machine was too fast to be stopped in between
        assert smtp.taken == []
    done = run_cli("run", "--once", config=config)
    assert done.returncode == 0, done.stderr
    assert len(asked(config, "list")) == 60
    assert len(set(answered(smtp))) == len(answered(smtp))


@contextmanager
def deaf_listener() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_signal_ends_it_while_the_mailbox_s_server_says_nothing(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    with deaf_listener() as port:
        config = write_config(place, dovecot, smtp, user, imap={"port": port, "security": "none"})
        with running(config) as bot:
            bot.until(lambda: "READY=1" in bot.manager.words, "the start")
            time.sleep(0.5)  # now it waits for a greeting, for up to a minute
            assert bot.stop() == 0


# -- trouble that passes ------------------------------------------------------------------------------------------


def test_while_the_mailbox_is_away_the_pauses_grow_and_begin_anew_once_it_was_back(
    place: Path, smtp: SmtpBed, user: str
) -> None:
    with Dovecot() as dovecot:
        config = watching(place, dovecot, smtp, user, poll=BRISK)
        with running(config) as bot:
            bot.until_told("0 open")
            dovecot.stop()
            for pause in (1, 2, 4):
                bot.until_told(f"waiting {pause} s: ")
            told = asked(config, "status")
            assert told["mailbox_trouble_since"] is not None
            assert told["smtp_trouble_since"] is None
            seen = len(bot.manager.states)
            dovecot.start()
            people = arrive(dovecot, user, 1)
            bot.until(lambda: answered(smtp) == people, "the work goes on")
            bot.until_told("1 open", since=seen)
            assert asked(config, "status")["mailbox_trouble_since"] is None
            seen = len(bot.manager.states)
            dovecot.stop()
            bot.until_told("waiting", since=seen)
            first = next(state for state in bot.manager.states[seen:] if "waiting" in state)
            assert first.startswith("waiting 1 s: ")
            assert f"{dovecot.host}:{dovecot.imaps}" in first
            assert bot.stop() == 0


def test_no_pause_is_longer_than_fifteen_minutes(place: Path, smtp: SmtpBed, user: str) -> None:
    with Dovecot() as dovecot:
        config = watching(place, dovecot, smtp, user, poll=SLUGGISH)
        dovecot.stop()
        with running(config) as bot:
            bot.until_told("waiting 900 s: ")
            assert bot.stop() == 0


def test_a_mail_server_that_takes_no_login_costs_no_letter_an_attempt(place: Path, dovecot: Dovecot, user: str) -> None:
    with SmtpBed(users={}) as smtp:
        config = watching(place, dovecot, smtp, user, poll=BRISK)
        people = arrive(dovecot, user, 2)
        with running(config) as bot:
            bot.until_told("waiting 2 s: ")
            assert outbox(config) == [("queued", 0, False)] * 2
            assert asked(config, "status")["smtp_trouble_since"] is not None
            assert sorted(entry["sender"] for entry in asked(config, "list")) == sorted(people)
            assert smtp.users is not None
            smtp.users[user] = PASSWORD
            seen = len(bot.manager.states)
            bot.until(lambda: sorted(answered(smtp)) == sorted(people), "the answers")
            bot.until_told("2 open", since=seen)
            assert asked(config, "status")["smtp_trouble_since"] is None
            assert bot.stop() == 0


def test_a_first_login_that_is_refused_ends_it_with_two(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = write_config(place, dovecot, smtp, user, poll=BRISK)
    (place / "password").write_text("wrong")
    with running(config) as bot:
        assert bot.exit_code() == 2
    assert "refused the user name or the password. -> Check [imap] username and password." in bot.log
    assert "STOPPING=1" in bot.manager.words


def test_a_login_that_worked_once_is_tried_again(place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str) -> None:
    config = watching(place, dovecot, smtp, user, poll=BRISK)
    password = place / "password"
    password.write_text("wrong")
    with running(config) as bot:
        bot.until_told("waiting 2 s: ")
        password.unlink()
        bot.until_told("waiting 4 s: the password file")
        password.write_text(PASSWORD)
        password.chmod(0o600)
        people = arrive(dovecot, user, 1)
        bot.until(lambda: answered(smtp) == people, "the work goes on")
        assert bot.stop() == 0


def test_an_unreadable_configuration_ends_it_with_two(place: Path) -> None:
    config = place / "config.toml"
    config.write_text('company = "Example Ltd\n')
    with running(config) as bot:
        assert bot.exit_code() == 2
    assert f"{config}:1" in bot.log
    assert bot.manager.words == []


def test_a_second_instance_ends_with_six_and_the_first_works_on(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = watching(place, dovecot, smtp, user, poll=BRISK)
    with running(config) as bot:
        bot.until_told("0 open")
        for second in (run_cli("run", config=config), run_cli("run", "--once", config=config)):
            assert second.returncode == 6
            assert "another inbox-bot already works on" in second.stderr
            assert "systemctl stop inbox-bot" in second.stderr
        people = arrive(dovecot, user, 1)
        bot.until(lambda: answered(smtp) == people, "the first works on")
        assert bot.stop() == 0


# -- the day's digest ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_hour_of_the_digest_is_kept_in_the_midst_of_a_long_pause(place: Path, smtp: SmtpBed, user: str) -> None:
    """It waits for the next full minute."""
    noon = (right_now().hour - 12) % 24  # a zone where it is noon or so: no midnight comes between
    zone = f"Etc/GMT{'-' if noon > 12 else '+'}{24 - noon if noon > 12 else noon}"
    with Dovecot() as dovecot:
        config = watching(place, dovecot, smtp, user, law={"timezone": zone}, poll=SLUGGISH)
        arrive(dovecot, user, 1)
        assert run_cli("run", "--once", config=config).returncode == 0
        dovecot.stop()
        at = right_now().replace(second=0) + timedelta(minutes=2 if right_now().second > 50 else 1)
        here = (at - timedelta(hours=noon)).strftime("%H:%M")
        write_config(place, dovecot, smtp, user, law={"timezone": zone}, poll=SLUGGISH, digest={"at": here})
        with running(config) as bot:
            bot.until_told("waiting 900 s: ")
            assert digests(smtp) == []
            time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))  # noqa: TID251
            bot.until(lambda: digests(smtp) != [], "the digest")
            assert bot.stop() == 0
        assert len(digests(smtp)) == 1


def test_a_digest_that_is_due_goes_out_though_the_mailbox_cannot_be_read(place: Path, smtp: SmtpBed, user: str) -> None:
    with Dovecot() as dovecot:
        config = watching(place, dovecot, smtp, user)
        arrive(dovecot, user, 1)
        assert run_cli("run", "--once", config=config).returncode == 0
        dovecot.stop()
        write_config(place, dovecot, smtp, user, digest={"at": "00:00"}, poll=BRISK)
        with running(config) as bot:
            bot.until_told("waiting 2 s: ")
            assert bot.stop() == 0
        assert len(digests(smtp)) == 1


def test_a_digest_that_cannot_be_written_keeps_no_acknowledgement_back(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    own = place / "templates" / "en"
    own.mkdir(parents=True)
    (own / "digest.txt.j2").write_text("Subject: {{ agenda.subject }}\n\n{{ 1 // 0 }}\n")
    templates = {"folder": str(own.parent)}
    config = watching(place, dovecot, smtp, user, templates=templates)
    write_config(place, dovecot, smtp, user, digest={"at": "00:00"}, poll=BRISK, templates=templates)
    people = arrive(dovecot, user, 1)
    with running(config) as bot:
        bot.until(lambda: answered(smtp) == people, "the acknowledgement")
        bot.until_told("waiting 2 s: ")
        assert f"waiting 1 s: {own}/digest.txt.j2:3: " in "\n".join(bot.manager.states)
        assert bot.stop() == 0
    once = run_cli("run", "--once", config=config)
    assert once.returncode == 2
    assert f"{own}/digest.txt.j2:3: " in once.stderr
    (own / "digest.txt.j2").unlink()
    assert run_cli("run", "--once", config=config).returncode == 0
    assert len(digests(smtp)) == 1


# -- what nobody foresaw ------------------------------------------------------------------------------------------


@contextmanager
def poisoned(config: Path) -> Iterator[None]:
    """The database refuses every mail, in words that hold what no log may: nobody has foreseen that."""
    register = sqlite3.connect(config.parent / "register.db", timeout=30)
    register.execute("CREATE TRIGGER t BEFORE INSERT ON seen BEGIN SELECT RAISE(ABORT, 'canary subject'); END")
    yield
    register.execute("DROP TRIGGER t")
    register.close()


def unforeseen(bot: Bot) -> int:
    return bot.log.count("not foreseen")


def test_the_third_unforeseen_failure_in_a_row_ends_it_with_one(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = watching(place, dovecot, smtp, user, poll={"every": "2s"})
    with running(config) as bot:
        bot.until_told("0 open")
        with poisoned(config):
            arrive(dovecot, user, 1)
            bot.until(lambda: unforeseen(bot) == 2, "two failures")
        bot.until_told("1 open")
        assert unforeseen(bot) == 2
        with poisoned(config):
            arrive(dovecot, user, 1, first=1)
            assert bot.exit_code() == 1
    assert unforeseen(bot) == 5
    assert "not foreseen: IntegrityError\n  File " in bot.log
    assert run_cli("run", "--once", config=config).returncode == 0
    assert len(answered(smtp)) == 2


def test_a_template_that_fails_is_foreseen(place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str) -> None:
    own = place / "templates" / "en"
    own.mkdir(parents=True)
    (own / "acknowledgement.txt.j2").write_text("Subject: {{ reference }}\n\n{{ 1 // 0 }}\n")
    config = watching(place, dovecot, smtp, user, poll=BRISK, templates={"folder": str(own.parent)})
    arrive(dovecot, user, 1)
    with running(config) as bot:
        bot.until_told("1 open")
        assert bot.stop() == 0
    assert unforeseen(bot) == 0
    assert [entry["withheld"] for entry in asked(config, "list")] == ["template"]
    assert smtp.taken == []


# -- logs ---------------------------------------------------------------------------------------------------------

CANARIES = ("canary-from", "Canary Person", "canary subject", "canary body", "canary-password", "canary-return")


def canary(
    user: str, number: int, body: str = "Please delete all my personal data. canary body", **headers: str
) -> bytes:
    sender = f"canary-from{number}@example.net"
    from_ = f"Canary Person <{sender}>"
    return post.mail(
        user, sender, f"canary subject {number}", body, right_now(),
        **({"From": from_, "Return_Path": f"<canary-return{number}@example.net>"} | headers),
    )  # fmt: skip


def canaries(user: str) -> list[bytes]:
    """Requests, ordinary mail, machine mail, what beats a parser, a bounce: each with canaries all over."""
    broken = canary(user, 4).replace(b"Subject:", b"Subject: =?canary-subject?Q?=FF?=\nSubject:", 1)
    return [
        canary(user, 1),
        canary(user, 2, "Is the invoice all set? canary body"),
        canary(user, 3, Auto_Submitted="auto-replied"),
        broken,
        canary(user, 5).replace(b"utf-8", b"canary-charset"),
        b"canary-from\x00 \xff\xfe\r\n\r\ncanary body",
        canary(user, 6, From="canary-from6@example.net, canary-from7@example.net"),
    ]


def spilled(*texts: str) -> list[str]:
    return [word for word in (*CANARIES, "canary") if any(word in text for text in texts)]


def test_the_log_holds_nothing_personal_whatever_happens(
    place: Path, dovecot: Dovecot, smtp: SmtpBed, user: str
) -> None:
    config = watching(place, dovecot, smtp, user, poll=BRISK)
    smtp.plan("rcpt", "550 5.1.1 <canary-from1@example.net>: no such canary person")
    smtp.plan("dot", "451 4.3.0 canary body greylisted")
    for raw in canaries(user):
        dovecot.deliver(user, raw, at=right_now())
    with running(config) as bot:
        bot.until(lambda: any(" open" in state and "0 open" not in state for state in bot.manager.states), "a pass")
        (place / "password").write_text("canary-password")
        bot.until_told("waiting 1 s")
        (place / "password").write_text(PASSWORD)
        seen = len(bot.manager.states)
        bot.until(lambda: any(" open" in state for state in bot.manager.states[seen:]), "a good pass")
        with poisoned(config):
            dovecot.deliver(user, canary(user, 8), at=right_now())
            assert bot.exit_code() == 1, "the third unforeseen failure"
    assert "IntegrityError" in bot.log
    assert spilled(bot.log, *bot.manager.words) == []
    assert user not in bot.log
