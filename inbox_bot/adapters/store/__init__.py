"""The register on SQLite: the one door of sqlite-utils, and the only room with SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inbox_bot.adapters.store.connection import held, load_keys, open_database
from inbox_bot.adapters.store.outbox import Store
from inbox_bot.errors import RegisterError

__all__ = ["Store", "held", "opened"]


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """The register at `path`, made on first use, closed at the end. It belongs to the thread that opened it.

    Raises:
        RegisterError: damaged, busy, full or read-only.
    """
    if path.exists() and not (path.parent / "key").exists():
        open_database(path).conn.close()  # tells first where the file is damaged, too
        raise RegisterError(
            f"the key beside the register {path} is missing",
            "restore it from the same backup: with another key, letters sent before would not be recognised",
        )
    keys = load_keys(path.parent)
    database = open_database(path)
    try:
        yield Store(database, path, keys)
    finally:
        database.conn.close()
