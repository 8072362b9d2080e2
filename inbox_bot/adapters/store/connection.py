"""The register's file: how it is opened, locked, written and kept private."""

import fcntl
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlite_utils import Database

from inbox_bot.adapters.store.schema import migrations
from inbox_bot.errors import RegisterBusy, RegisterError, RegisterFull

# journal DELETE with secure_delete: purged text leaves no remnant, which it would in a -wal file.
# synchronous EXTRA: the directory is flushed after the journal is gone, so a power cut cannot undo a commit.
_PRAGMAS = (
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
_COMMIT_PATIENCE = 60.0


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, with the remedy."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        raise _explained(path, name, error) from error
    except OSError as error:  # from a full disk to a path that leads through a file
        raise _full(path, str(error.strerror)) from error


def _full(path: Path, why: str) -> RegisterFull:
    return RegisterFull(
        f"the register {path} cannot be written: {why}",
        "free some space or make the folder writable; nothing was lost, the next pass goes on where this one stopped",
    )


def _explained(path: Path, name: str, error: sqlite3.DatabaseError) -> RegisterError:
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return _full(path, str(error))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return RegisterBusy(f"the register {path} is held by another program", "try again in a moment")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return RegisterError(
            f"the register {path} is damaged: {error}", "restore it from a backup: deploy/README.md tells how"
        )
    return RegisterError(f"the register {path} failed: {error}")


def open_database(path: Path) -> Database:
    """Open (and create, 0600 in a folder 0700) the register, with every migration applied.

    Raises:
        RegisterError: the file is damaged, busy, or cannot be written.
    """
    with translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)
        connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma).fetchall()
            database = Database(connection, execute_plugins=False)
            _migrate(database, path)
        except BaseException:
            connection.close()
            raise
        return database


def _migrate(database: Database, path: Path) -> None:
    if migrations.pending(database):
        with writing(database, path):  # whole or not at all; a second process waits, and finds nothing left to do
            migrations.apply(database)


@contextmanager
def writing(database: Database, path: Path) -> Iterator[None]:
    """One write transaction, from a BEGIN IMMEDIATE to a COMMIT that is retried while a reader is in the way.

    Under a deferred BEGIN, reading first and writing later meets "database is locked" at once, busy_timeout or not.
    """
    with translated(path):
        database.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            _commit(database.conn)
        except BaseException:
            if database.conn.in_transaction:
                database.conn.execute("ROLLBACK")
            raise


def _commit(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + _COMMIT_PATIENCE
    while True:
        try:
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            busy = (getattr(error, "sqlite_errorname", "") or "").startswith("SQLITE_BUSY")
            if not busy or not connection.in_transaction or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def load_keys(folder: Path) -> tuple[bytes, ...]:
    """The register's secret keys, the current one first; made on first use, one hexadecimal line each, 0600."""
    path = folder / "key"
    with translated(path):
        if not path.exists():
            _write_key(path)
        lines = path.read_bytes().split()
    try:
        keys = tuple(bytes.fromhex(line.decode("ascii")) for line in lines)
    except ValueError:
        keys = ()
    if not keys or any(len(key) < 32 for key in keys):
        raise RegisterError(f"the key file {path} is damaged", "restore it from the same backup as the register")
    return keys


def _write_key(path: Path) -> None:
    # A half-written key, or one of two, would orphan every digest: write beside, locked, flush, then rename.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():
            return
        file.truncate()
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


@contextmanager
def held(folder: Path) -> Iterator[IO[str]]:
    """Hold the state folder against a second instance; the lock dies with the process.

    Raises:
        RegisterBusy: another instance holds it.
    """
    path = folder / "lock"
    with translated(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RegisterBusy(
                f"another inbox-bot already works on {folder}",
                "the service is running: let it work, or stop it first (systemctl stop inbox-bot)",
            ) from error
        yield file
