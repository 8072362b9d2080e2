"""From a TOML file to settings, or to every problem in it, each with its line and what to do about it."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from inbox_bot.config.kinds import Surroundings, nearest
from inbox_bot.config.positions import KeyPath, positions
from inbox_bot.config.settings import Settings, Table
from inbox_bot.errors import ConfigurationError

# Where a value comes from that the file does not hold: its fault is shown at that key's line.
_SOURCES: dict[KeyPath, KeyPath] = {
    ("imap", "host"): ("mailbox",),
    ("smtp", "host"): ("mailbox",),
    ("law", "profile"): ("country",),
    ("law", "timezone"): ("country",),
}
_QUOTES = 'text stands in double quotes: company = "Example Ltd"'
_ONCE = "keep one of them, with all its lines"
_SYNTAX_REMEDIES = (
    (r"Cannot overwrite|twice|Duplicate", _ONCE),
    (r"Invalid value|Illegal character|Unterminated|Expected newline", _QUOTES),
    (r"Unclosed array", "close the list with ]"),
    (r"Expected '='", 'write key = "value"'),
)
# pydantic's code -> what is wrong (empty: in pydantic's words) and the remedy, where they are always the same.
_FAULTS = {
    "extra_forbidden": ("is not an option", ""),
    "missing": ("is missing", ""),
    "model_type": ("is a table", ""),
    "string_type": ("must be text", "put it in double quotes"),
    "int_type": ("must be a whole number", "write it without quotes"),
    "bool_type": ("must be true or false", "write it without quotes"),
    "tuple_type": ("must be a list", "put it in [ ]"),
    "greater_than_equal": ("", "choose a larger value"),
    "less_than_equal": ("", "choose a smaller value"),
    "string_too_long": ("", "shorten it"),
    "too_short": ("must not be empty", "name at least one"),
}
_SEE_EXAMPLE = "correct it; deploy/config.example.toml shows every option"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. line: from 1. what: a clause without full stop. remedy: the same, never empty."""

    line: int
    what: str
    remedy: str

    def printed(self, name: str) -> str:
        """The fault as `file:line: what. Remedy: what to do.` on one line."""
        remedy = self.remedy if self.remedy.endswith("?") else f"{self.remedy}."
        return f"{name}:{self.line}: {self.what}. Remedy: {remedy}"


def load(path: Path, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in a file. Raises ConfigurationError with every problem found."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = f"{path}: cannot be read: {error.strerror}"
        remedy = "Name another file with --config, or start from deploy/config.example.toml"
        raise ConfigurationError(what, (f"{what}. Remedy: {remedy}.",), f"{remedy}.") from error
    try:
        text = raw.decode("utf-8-sig")  # some editors put a byte order mark before the text
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refusal(str(path), [Problem(line, "is not UTF-8 text", "save the file as UTF-8")]) from None
    return load_text(text, str(path), environ=environ)


def load_text(text: str, name: str, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in a TOML text. name: its path, for messages; relative paths start from its folder."""
    try:
        document = tomllib.loads(text)
        lines = positions(text)
    except tomllib.TOMLDecodeError as error:
        raise _refusal(name, [_syntax_problem(str(error), text)]) from None
    except RecursionError:
        raise _refusal(name, [Problem(1, "is nested too deeply", "write plain tables")]) from None
    around = Surroundings(Path(name).absolute().parent, environ)
    absent: dict[str, Any] = {key: {} for key in _tables()}
    try:
        return Settings.model_validate({**absent, **document}, context=around)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise _refusal(name, [_problem(detail, document, lines) for detail in details]) from None


def _refusal(name: str, problems: list[Problem]) -> ConfigurationError:
    printed = tuple(problem.printed(name) for problem in sorted(problems, key=lambda problem: problem.line))
    count = "1 problem" if len(printed) == 1 else f"{len(printed)} problems"
    return ConfigurationError(f"{name} has {count}", printed, "Correct the file; `config check` shows what is left.")


def _syntax_problem(message: str, text: str) -> Problem:
    """The first fault of a text that is no TOML; tomllib tells it as `what (at line n, column m)`."""
    what, _, where = message.partition(" (at ")
    line = re.match(r"line (\d+)", where)
    remedy = next((remedy for pattern, remedy in _SYNTAX_REMEDIES if re.search(pattern, what)), "see https://toml.io")
    last = text.rstrip().count("\n") + 1
    if remedy is _ONCE:
        what = "this key or table is there already"
    return Problem(int(line[1]) if line else last, f"is not valid TOML: {what[:1].lower()}{what[1:]}", remedy)


def _problem(detail: ErrorDetails, document: Mapping[str, Any], lines: Mapping[KeyPath, int]) -> Problem:
    path = detail["loc"]
    field = _field(path)
    what, remedy = _FAULTS.get(detail["type"], ("", ""))
    match detail["type"]:
        case "extra_forbidden":
            remedy = _unknown_remedy(path)
        case "missing":
            remedy = (field and field.description) or remedy
        case "ours":
            what, remedy = detail["msg"], detail["ctx"]["remedy"]
        case "model_type":
            remedy = f"write [{path[-1]}] on a line of its own, and its options below"
        case "enum":
            what, remedy = _choice(path, detail, document)
    what = what or re.sub(r"^\w+ should ", "must ", detail["msg"])
    return Problem(_line(path, lines), f"{_spelled(path)} {what}", remedy or _SEE_EXAMPLE)


def _line(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of the key, or of what it derives from, or of the table it is missing in."""
    candidates = [path, _SOURCES.get(path, ()), *(path[:end] for end in range(len(path) - 1, 0, -1))]
    return next((lines[candidate] for candidate in candidates if candidate in lines), 1)


def _spelled(path: KeyPath) -> str:
    """`mode`, `[imap]`, `[imap] port`, `[digest] days, entry 2`."""
    first, *rest = path
    names = [f"entry {key + 1}" if isinstance(key, int) else key for key in rest]
    return f"{f'[{first}]' if first in _tables() else first} {', '.join(names)}".rstrip()


def _choice(path: KeyPath, detail: ErrorDetails, document: Mapping[str, Any]) -> tuple[str, str]:
    given: Any = document
    for key in path:
        given = given[key]
    choices = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
    remedy = nearest(given, choices) if isinstance(given, str) else ""
    return f"must be one of {', '.join(choices)}", remedy or f'write "{choices[0]}"'


def _unknown_remedy(path: KeyPath) -> str:
    """Where an option of that name belongs, if anywhere; else the nearest name beside it."""
    key, above = str(path[-1]), path[:-1]
    if above and key in _fields(Settings) and key not in _tables():
        return "move it to the top of the file, above the first [table]"
    homes = [f"[{table}]" for table, model in _tables().items() if key in _fields(model)]
    if homes:
        return f"it belongs under {' or '.join(homes)}"
    siblings = _fields(_model(above))
    return nearest(key, siblings) or f"the options here are {', '.join(siblings)}"


def _tables() -> dict[str, type[Table]]:
    models = {key: _table(field) for key, field in _fields(Settings).items()}
    return {key: model for key, model in models.items() if model}


def _fields(model: type[Table]) -> dict[str, FieldInfo]:
    """The fields by the names they have in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _table(field: FieldInfo) -> type[Table] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Table) else None


def _model(path: KeyPath) -> type[Table]:
    model: type[Table] = Settings
    for key in path:
        model = _table(_fields(model)[str(key)]) or model
    return model


def _field(path: KeyPath) -> FieldInfo | None:
    """The option at a path; for an entry of a list, the option that is the list."""
    keys = tuple(key for key in path if isinstance(key, str))
    return _fields(_model(keys[:-1])).get(keys[-1]) if keys else None
