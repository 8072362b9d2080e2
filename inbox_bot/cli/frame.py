"""What every verb shares: the configuration, found lazily, and one safe way to print."""

import json
import logging
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_bot.errors import RegisterError

if TYPE_CHECKING:
    from inbox_bot.adapters.store import Store
    from inbox_bot.app import App
    from inbox_bot.config import Settings
    from inbox_bot.domain.request import Evidence

DEFAULT_PATH = Path("/etc/inbox-bot/config.toml")
_WIDEST = 80
_TABLE = 80  # below this a table is told line by line
_SPACES = dict.fromkeys("\t\n\r\x0b\x0c\x85\u2028\u2029", " ")
_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode's categories of controls, of invisible marks, of halves and breaks


class Frame:
    """The configuration path a command was given, and what is made of it on first use."""

    def __init__(self, path: str | None) -> None:
        self._given = path or os.environ.get("INBOX_BOT_CONFIG")
        self._settings: Settings | None = None
        self._app: App | None = None

    @property
    def path(self) -> Path:
        """The configuration file in force."""
        return Path(self._given) if self._given else DEFAULT_PATH

    @property
    def configured(self) -> bool:
        """Whether a configuration was named, or lies readable at the default place."""
        return self._given is not None or os.access(DEFAULT_PATH, os.R_OK)

    @property
    def settings(self) -> "Settings":
        """The configuration; raises ConfigurationError with every problem."""
        if self._settings is None:
            from inbox_bot import config  # noqa: PLC0415 - `classify` and `deadline` do without

            self._settings = config.load(self.path)
        return self._settings

    @property
    def app(self) -> "App":
        """Everything that the verbs need; raises ConfigurationError with every problem."""
        if self._app is None:
            from inbox_bot.app import App  # noqa: PLC0415 - mail, SQL and templates: seconds on a small machine

            self._app = App(self.settings)
        return self._app

    @contextmanager
    def register(self) -> Iterator["Store"]:
        """The register. Only `run` and `import` make one: whoever looks into the wrong place must hear of it."""
        path = self.app.register_path
        if not os.access(path, os.F_OK):
            raise RegisterError(
                f"there is no register at {path}, or it is not yours to see",
                "the first `inbox-bot run` makes it, at [register] path; to see the service's, become its user",
            )
        with self.app.register() as register:
            yield register


pass_frame = click.make_pass_decorator(Frame)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


# -- printing ---------------------------------------------------------------------------------------------------------


def safe(text: object) -> str:
    """One line that no terminal acts upon: no control character, no mark that turns text around or hides it."""
    spaced = (_SPACES.get(mark, mark) for mark in str(text))
    return "".join(mark for mark in spaced if unicodedata.category(mark) not in _ACTING)


def shown_path(path: object) -> str:
    """A file's name as it is, or quoted and escaped where printing it would mislead."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def say(text: str = "") -> None:
    """Lines on standard output."""
    for line in text.split("\n"):
        click.echo(safe(line))


def complain(*lines: str, remedy: str = "") -> None:
    """Lines on standard error, the remedy last."""
    for line in lines:
        click.echo(safe(line), err=True)
    if remedy:
        click.echo(f"  -> {safe(remedy)}", err=True)


def plain(value: object) -> object:
    """A value as JSON knows it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def say_json(value: object, *, indent: int | None = 2) -> None:
    """JSON on standard output; ASCII, so that nothing in it can steer a terminal."""
    click.echo(json.dumps(plain(value), indent=indent))


def columns() -> int:
    """How wide text may be: the terminal, 80 at most."""
    return max(min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST), 32)


def rows(label: str, *values: str, lead: str = "  ") -> Iterator[str]:
    """A label with its values below each other, each wrapped to the terminal. lead: what stands before the label."""
    for value in values:
        width = columns() - len(lead) - 14
        for line in textwrap.wrap(safe(value), width, subsequent_indent="  ", break_on_hyphens=False) or [""]:
            yield f"{lead}{label:<13} {line}"
            lead, label = " " * len(lead), ""


def table(heads: Sequence[str], lines: Iterable[Sequence[object]], *, fold: Sequence[str] = ()) -> None:
    """A table no wider than the terminal; on a narrow one each row becomes a paragraph.

    fold: the heads of the columns that may wrap; the others never do.
    """
    from rich.console import Console  # noqa: PLC0415 - 40 ms that only tables are worth
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=False)
    if console.width < _TABLE:
        for line in lines:
            cells = [(head, str(cell)) for head, cell in zip(heads, line, strict=True) if cell]
            say("\n".join(row for head, cell in cells for row in rows(head, cell)) + "\n")
        return
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        drawn.add_column(head, overflow="fold", no_wrap=head not in fold)
    for line in lines:
        drawn.add_row(*(Text("\n".join(map(safe, str(cell).split("\n")))) for cell in line))
    with console.capture() as drawing:
        console.print(drawn)
    for line in drawing.get().splitlines():
        click.echo(line.rstrip())


def day(value: date | None) -> str:
    """A day for a person: Wed 23 Dec 2026."""
    return f"{value:%a} {value.day} {value:%b %Y}" if value else "-"


def moment(value: datetime) -> str:
    """A local instant for a person: Wed 23 Dec 2026 11:19."""
    return f"{day(value.date())} {value:%H:%M}"


def asked(rights: Iterable[str]) -> str:
    """What is asked for, in words."""
    return ", ".join(rights).replace("_", " ")


def weighty(evidence: Iterable["Evidence"]) -> list["Evidence"]:
    """The evidence that counted, the weightiest first. Hints that nothing was added for are for `--json`."""
    return sorted((each for each in evidence if each.weight), key=lambda each: -abs(each.weight))


def counted(number: int, one: str) -> str:
    """`1 mail`, `2 mails`."""
    return f"{number} {one if number == 1 else one + 's'}"


def log_to_stderr() -> None:
    """Service logs: references and uids, never addresses, subjects or bodies. The journal adds the time itself."""
    form = "%(levelname)s %(message)s" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr)
    for noisy in ("apscheduler", "imapclient", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
