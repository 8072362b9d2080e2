"""The register's file: private, locked, durable, and honest about its history. `inbox_bot.adapters.store`."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inbox_bot.adapters.store import Store, held, opened
from inbox_bot.adapters.store.connection import load_keys
from inbox_bot.domain.request import Event, State, Step
from inbox_bot.errors import RegisterBusy, RegisterError, RegisterFull
from tests.fakes.requests import REQUEST, request

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
REFERENCE = REQUEST.reference


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "register.db"


def event(step: Step = Step.REPLIED, minutes: int = 0, text: str = "") -> Event:
    return Event(REFERENCE, step, NOW + timedelta(minutes=minutes), "mail", (("n", str(minutes)),), text)


@contextmanager
def another(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another program: plain SQLite, which waits for nothing."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        yield connection


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- private ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_the_register_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with held(path.parent), opened(path) as register, register.writing():
            register.add(REQUEST)
            journal = path.with_name(path.name + "-journal")
            assert mode(journal) == 0o600
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700
    assert {file.name: mode(file) for file in path.parent.iterdir()} == {
        "register.db": 0o600,
        "key": 0o600,
        "lock": 0o600,
    }


def test_a_register_that_others_could_read_is_closed_to_them(path: Path) -> None:
    with opened(path):
        pass
    path.chmod(0o644)
    with opened(path):
        assert mode(path) == 0o600


def test_what_is_erased_leaves_no_remnant_in_the_file(path: Path) -> None:
    with opened(path) as register:
        with register.writing():
            register.add(request(sender="unforgettable@example.org"))
            register.append(event(text="unforgettable " * 1000))
        assert b"unforgettable" in path.read_bytes()
        with register.writing():
            register.amend(REFERENCE, sender=None)
            register._run("DELETE FROM event_text")
    assert all(b"unforgettable" not in file.read_bytes() for file in path.parent.iterdir())


# -- keys ---------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once(path: Path) -> None:
    (key,) = load_keys(path.parent)
    assert len(key) == 32
    assert load_keys(path.parent) == (key,)
    assert load_keys(path.parent / "elsewhere") != (key,)


def test_keys_that_were_replaced_are_read_after_the_current_one(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / "key").write_text("aa" * 32 + "\n" + "bb" * 32 + "\n")
    assert load_keys(path.parent) == (b"\xaa" * 32, b"\xbb" * 32)


@pytest.mark.parametrize("content", ["", "aa" * 31, "no key at all", "\xff"])
def test_a_damaged_key_is_an_error_and_never_replaced(path: Path, content: str) -> None:
    path.parent.mkdir()
    file = path.parent / "key"
    file.write_text(content)
    with pytest.raises(RegisterError, match="damaged"):
        load_keys(path.parent)
    assert file.read_text() == content


def test_two_programs_that_start_at_once_agree_on_one_key(path: Path) -> None:
    program = "import sys, pathlib; from inbox_bot.adapters.store import opened as o\n"
    program += "with o(pathlib.Path(sys.argv[1])) as r: print(r.keys[0].hex())"
    command = [sys.executable, "-c", program, str(path)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {run.communicate(timeout=60)[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0] * 4
    assert keys == {load_keys(path.parent)[0].hex()}


# -- history ------------------------------------------------------------------------------------------------------


@pytest.fixture
def register(path: Path) -> Iterator[Store]:
    with opened(path) as store:
        with store.writing():
            store.add(REQUEST)
            for minutes in range(3):
                store.append(event(minutes=minutes, text="a note" if minutes == 1 else ""))
        yield store


def test_an_untouched_history_is_whole(register: Store) -> None:
    assert register.broken_link() is None
    assert [each.text for each in register.events(REFERENCE)] == ["", "a note", ""]


@pytest.mark.parametrize("statement", ["UPDATE event SET actor = 'x' WHERE id = 2", "DELETE FROM event WHERE id = 3"])
def test_the_history_is_append_only(register: Store, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        register._run(statement)
    assert len(register.events()) == 3


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        ("UPDATE event SET actor = 'owner' WHERE id = 2", 2),
        ("UPDATE event SET at = '2026-11-24T10:02:01.000000+00:00' WHERE id = 3", 3),
        ("UPDATE event SET reference = 'DSR-26-00000' WHERE id = 1", 1),
        ("""UPDATE event SET detail = '{"n":"7"}' WHERE id = 1""", 1),
        ("DELETE FROM event WHERE id = 1", 2),
        ("DELETE FROM event WHERE id = 2", 3),
    ],
)
def test_an_edit_behind_the_triggers_breaks_the_chain(register: Store, path: Path, edit: str, where: int) -> None:
    with another(path) as connection:
        connection.execute("DROP TRIGGER event_is_never_changed")
        connection.execute("DROP TRIGGER event_is_never_deleted")
        connection.execute("DELETE FROM event_text")
        connection.execute(edit)
    assert register.broken_link() == where


def test_the_chain_still_verifies_when_the_words_beside_it_are_erased(register: Store) -> None:
    with register.writing():
        register._run("DELETE FROM event_text")
    assert [each.text for each in register.events()] == ["", "", ""]
    assert register.broken_link() is None


def test_no_words_stand_in_the_chain_itself(register: Store) -> None:
    assert all("a note" not in str(row) for row in register._rows("SELECT * FROM event"))


# -- transactions -------------------------------------------------------------------------------------------------


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    with opened(path) as register:

        def twice() -> None:
            with register.writing():
                register.add(REQUEST)
                register.append(event())
                register.add(REQUEST)

        with pytest.raises(sqlite3.IntegrityError):
            twice()
        assert register.requests() == ()
        with register.writing():
            register.add(REQUEST)
        assert register.requests() == (REQUEST,)


def test_a_transaction_holds_the_writers_lock_from_its_first_statement(register: Store, path: Path) -> None:
    with another(path) as other:
        with register.writing():
            # Nothing was written yet, and still nobody can come between what is read here and what will be written.
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("UPDATE meta SET value = 'x'")
            assert other.execute("SELECT COUNT(*) FROM request").fetchone() == (1,)
            assert register.requests() == (REQUEST,)
            register.step(event(Step.CONFIRMED))
            assert other.execute("SELECT state FROM request").fetchone() == (State.OPEN,)
        assert register.broken_link() is None


def test_a_commit_is_tried_again_while_a_reader_is_open(register: Store, path: Path) -> None:
    opened_reading, committing = threading.Event(), threading.Event()

    def read_slowly() -> None:
        with another(path) as other:
            rows = other.execute("SELECT id FROM event")
            rows.fetchone()
            opened_reading.set()
            committing.wait(10)
            rows.close()

    reader = threading.Thread(target=read_slowly)
    reader.start()
    assert opened_reading.wait(10)
    refused: list[bool] = []

    class Watched:
        """Lets the reader go once a COMMIT has met it."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
            try:
                return self._connection.execute(sql, values)
            except sqlite3.OperationalError:
                refused.append(sql == "COMMIT")
                committing.set()
                raise

        @property
        def in_transaction(self) -> bool:
            return self._connection.in_transaction

    connection = register._database.conn
    connection.execute("PRAGMA busy_timeout = 0")
    register._database.conn = Watched(connection)  # type: ignore[assignment]
    with register.writing():
        register.append(event(minutes=9))
    register._database.conn = connection
    reader.join(10)
    assert refused
    assert all(refused)
    with another(path) as other:
        assert other.execute("SELECT COUNT(*) FROM event").fetchone() == (4,)


def test_another_writer_that_does_not_end_is_reported_as_busy(register: Store, path: Path) -> None:
    register._database.conn.execute("PRAGMA busy_timeout = 1")
    with another(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegisterBusy, match="held by another program"), register.writing():
            pytest.fail("the transaction must not begin")
        other.execute("ROLLBACK")
    with register.writing():
        register.append(event(minutes=9))


# -- trouble ------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_loses_nothing(register: Store) -> None:
    pages = register._rows("PRAGMA page_count")[0]["page_count"]
    register._database.conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RegisterFull, match="full") as refusal, register.writing():
        register.append(event(text="x" * 1_000_000))
    assert "free some space" in refusal.value.remedy
    assert len(register.events()) == 3
    register._database.conn.execute("PRAGMA max_page_count = 1000000")
    with register.writing():
        register.append(event(minutes=9))
    assert register.broken_link() is None


def test_a_file_that_is_no_database_is_told_with_its_remedy(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(RegisterError, match="damaged") as refusal, opened(path):
        pytest.fail("it must not open")
    assert "backup" in refusal.value.remedy


def test_a_register_without_its_key_is_not_given_a_new_one(path: Path) -> None:
    with opened(path):
        pass
    (path.parent / "key").unlink()
    with pytest.raises(RegisterError, match="key beside the register"), opened(path):
        pytest.fail("it must not open")
    assert not (path.parent / "key").exists()


def test_a_second_instance_is_refused_as_long_as_the_first_lives(path: Path) -> None:
    holder = "import sys, pathlib; from inbox_bot.adapters.store import held\n"
    holder += "with held(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(path.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(RegisterBusy, match="another inbox-bot") as refusal, held(path.parent):
            pytest.fail("two must not hold it")
        assert "systemctl stop" in refusal.value.remedy
        first.kill()
        first.wait(10)
    with held(path.parent):
        pass


def test_the_first_migration_is_whole_or_not_at_all(path: Path) -> None:
    # A program killed between two tables would leave a register that can never be opened again.
    killed = """
import os, pathlib, sys
from inbox_bot.adapters.store import connection, schema
def half(db):
    db.executescript(schema._FIRST[: schema._FIRST.index("CREATE TABLE request")])
    os._exit(9)
schema.migrations._migrations[0].fn = half
connection.open_database(pathlib.Path(sys.argv[1]))
"""
    load_keys(path.parent)
    assert subprocess.run([sys.executable, "-c", killed, str(path)], timeout=60, check=False).returncode == 9
    with opened(path) as register, register.writing():
        register.add(REQUEST)
