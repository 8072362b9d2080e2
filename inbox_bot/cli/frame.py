"""What every verb shares: the configuration, found lazily, and one safe way to print."""

import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inbox_bot.domain import reference as references
from inbox_bot.errors import NotFound

if TYPE_CHECKING:
    from inbox_bot.app import App

DEFAULT_PATH = Path("/etc/inbox-bot/config.toml")
# Control characters and the marks that turn text around: never from a mail to a terminal.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Frame:
    """The configuration path a command was given, and the app made of it on first use."""

    def __init__(self, path: str | None) -> None:
        self._given = path or os.environ.get("INBOX_BOT_CONFIG")
        self._app: App | None = None

    @property
    def path(self) -> Path:
        """The configuration file in force."""
        return Path(self._given) if self._given else DEFAULT_PATH

    @property
    def configured(self) -> bool:
        """Whether a configuration was named, or lies at the default place."""
        return self._given is not None or DEFAULT_PATH.exists()

    @property
    def app(self) -> "App":
        """Everything the verbs need; raises ConfigurationError with every problem."""
        if self._app is None:
            from inbox_bot import config  # noqa: PLC0415 - `classify` and `deadline` do without
            from inbox_bot.app import App  # noqa: PLC0415

            self._app = App(config.load(self.path))
        return self._app


pass_frame = click.make_pass_decorator(Frame)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Reference(click.ParamType[str]):
    """A reference as a person types it."""

    name = "reference"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The reference in its one spelling."""
        found = references.parse(str(value))
        if found is None:
            self.fail(f"{value!r} is no reference: they look like DSR-26-7F3K7, and this one has a slip", param, ctx)
        return found


def safe(text: object) -> str:
    """Text that no terminal acts upon."""
    return _UNSAFE.sub("", str(text))


def say(text: str = "") -> None:
    """A line on standard output."""
    click.echo(safe(text))


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
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def say_json(value: object, *, indent: int | None = 2) -> None:
    """JSON on standard output; ASCII, so that nothing in it can steer a terminal."""
    click.echo(json.dumps(plain(value), indent=indent))


def table(columns: Iterable[str], lines: Iterable[Iterable[object]], *, fold: str = "") -> None:
    """A table no wider than the terminal, 80 columns where there is none. fold: the column that may wrap."""
    width = None if sys.stdout.isatty() else 80
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column != fold)
    for line in lines:
        drawn.add_row(*(Text(safe(cell)) for cell in line))
    Console(width=width, highlight=False, soft_wrap=False).print(drawn)


def day(value: date | None) -> str:
    """A day for a person: Wed 23 Dec 2026."""
    return f"{value:%a} {value.day} {value:%b %Y}" if value else "-"


def log_to_stderr() -> None:
    """Service logs: references and uids, never addresses, subjects or bodies. The journal adds the time itself."""
    form = "%(levelname)s %(message)s" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr)
    for noisy in ("apscheduler", "imapclient", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def needs(found: bool, what: str, remedy: str) -> None:
    """Raise NotFound unless it was found."""
    if not found:
        raise NotFound(what, remedy)
