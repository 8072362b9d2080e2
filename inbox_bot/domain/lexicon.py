"""Recognition rules as data: one TOML text a language, checked when read. Its format is told in lexicon/README.md."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inbox_bot.domain.request import Right
from inbox_bot.domain.words import bare
from inbox_bot.errors import LexiconError

_KEYS = {
    "name",
    "rights",
    "weight",
    "match",
    "unless",
    "near",
    "cancels",
    "around",
    "absorbs",
    "marks",
    "where",
    "longest",
}
_FRAME_KEYS = {"name", "rights", "needs", "also", "unless", "adds", "over", "longest", "marks"}
_TOP_KEYS = {"language", "name", "usual", "real", "groups", "rule", "frame"}
_PLACES = ("anywhere", "subject", "body")
_TABLE = re.compile(r"^\[", re.MULTILINE)
_REMEDY = "lexicon/README.md tells the format"
ALL = "*"
# The language of a file whose frames hold for every language.
ANY = "any"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule. weight: what it adds when it fires (negative: takes away), once a mail.

    rights: what the mail then asks for. unless: patterns that silence it in their sentence. near: rules one of which
    must have fired within a few sentences, else it does not count. cancels: rules (by name, a trailing * for all that
    begin so), rights, or * for everything, that do not count in the sentence where this one fires; around: the same in
    the sentence before it and the two behind it; absorbs: only where their words and its words overlap. None of these
    silences a rule that takes away. marks: what the mail is marked with. longest: how many words the text may have at
    most, or 0.
    """

    language: str
    name: str
    rights: tuple[Right, ...]
    weight: float
    match: tuple[str, ...]
    unless: tuple[str, ...]
    near: tuple[str, ...]
    cancels: tuple[str, ...]
    around: tuple[str, ...]
    absorbs: tuple[str, ...]
    marks: tuple[str, ...]
    where: str
    longest: int

    @property
    def label(self) -> str:
        """Its name with its language, as evidence shows it."""
        return f"{self.language}/{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What several faint signs say together in a short text.

    needs: rules one of which must have fired; also: rules one of which must have fired near that; unless: rules of
    which none may have fired. adds: what each rule that fired adds (negative: takes away). The frame counts from a
    sum of 5.5 on. over: rights that frames and faint rules do not name beside it: "do not use it until it is settled"
    is restriction, and no objection.
    """

    language: str
    name: str
    rights: tuple[Right, ...]
    needs: tuple[str, ...]
    also: tuple[str, ...]
    unless: tuple[str, ...]
    adds: dict[str, float]
    over: tuple[Right, ...]
    longest: int
    marks: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its name with its language, as evidence shows it."""
        return f"{self.language}/{self.name}"


class Source:
    """A file's text, to say on which line a fault stands."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._lines = text.splitlines()

    def fault(self, message: str, *needles: str) -> LexiconError:
        """An error that names the first line holding the last needle, looked for behind those before it."""
        line = 0
        for needle in needles:
            alone = re.compile(rf"(?<![\w-]){re.escape(needle)}(?![\w-])")
            line = next((number for number in range(line, len(self._lines)) if alone.search(self._lines[number])), line)
        return LexiconError(f"{self._name}:{line + 1}: {message}", _REMEDY)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The rules of one language as written. usual: words that betray the language. real: words that are no slips."""

    language: str
    name: str
    usual: tuple[str, ...]
    real: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    frames: tuple[Frame, ...]
    source: Source

    def whole(self) -> "Lexicon":
        """Itself: see `Sheet`."""
        return self

    def mentions(self, beginning: str) -> bool:
        """Whether it may hold a word that begins so; see `Sheet`."""
        return bool(beginning)


class Sheet:
    """A file of rules of which only the head has been read: a process meets few of all languages.

    language, usual: as in `Lexicon`.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text
        # TOML's top-level keys stand before its first table.
        head = parse_lexicon(name, _TABLE.split(text, maxsplit=1)[0])
        self.language, self.usual = head.language, head.usual

    def whole(self) -> Lexicon:
        """The file, read; raises LexiconError with file:line."""
        return parse_lexicon(self._name, self._text)

    def mentions(self, beginning: str) -> bool:
        """Whether the file holds these letters. beginning: of a word, folded."""
        return beginning in self._bare

    @cached_property
    def _bare(self) -> str:
        return bare(self._text)


def parse_lexicon(name: str, text: str) -> Lexicon:
    """Read one language's rules. name: of the file, for messages. Patterns and names are checked by the `Rulebook`.

    Raises:
        LexiconError: with file:line, what is wrong, and where the format is told.
    """
    source = Source(name, text)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise LexiconError(f"{name}:{line[1] if line else 1}: {error}", _REMEDY) from error
    for key in sorted(tree.keys() - _TOP_KEYS):
        raise source.fault(f"unknown key {key!r}", key)
    language = tree.get("language")
    if not isinstance(language, str) or not re.fullmatch(r"[a-z]{2,3}", language):
        raise source.fault('`language = "xx"` (ISO 639) is missing', "language")
    groups = tree.get("groups", {})
    entries = tree.get("rule", [])
    if not isinstance(groups, dict):
        raise source.fault("[groups] must be a table of texts", "groups")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise source.fault("rules are written as [[rule]] tables", "rule")
    return Lexicon(
        language=language,
        name=str(tree.get("name", language)),
        usual=_listed(source, tree.get("usual", ""), "usual"),
        real=_listed(source, tree.get("real", ""), "real"),
        groups={key: _listed(source, value, key) for key, value in groups.items()},
        rules=tuple(_rule(source, language, entry) for entry in entries),
        frames=tuple(_frame(source, language, entry) for entry in tree.get("frame", [])),
        source=source,
    )


def _lines(source: Source, value: object, *needles: str) -> Iterator[str]:
    """The lines of a text that say something: not empty, not begun with #."""
    if not isinstance(value, str):
        raise source.fault(f"{needles[-1]} must be a text: '''...'''", *needles)
    stripped = (line.strip() for line in value.splitlines())
    return (line for line in stripped if line and not line.startswith("#"))


def _listed(source: Source, value: object, key: str) -> tuple[str, ...]:
    """The phrases of a text, set apart by commas or line ends."""
    phrases = (phrase.strip() for line in _lines(source, value, key) for phrase in line.split(","))
    return tuple(phrase for phrase in phrases if phrase)


def _names(source: Source, value: object, *needles: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise source.fault(f"{needles[-1]} must be a list of names", *needles)
    return tuple(value)


def _rule(source: Source, language: str, entry: dict[str, Any]) -> Rule:
    name = entry.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise source.fault("every rule needs a name of small letters, digits and hyphens", "[[rule]]")
    needle = f'"{name}"'
    for key in sorted(entry.keys() - _KEYS):
        raise source.fault(f"rule {name!r} has an unknown key {key!r}", needle, key)
    named = {
        key: _names(source, entry.get(key, []), needle, key)
        for key in ("rights", "near", "cancels", "around", "absorbs", "marks")
    }
    try:
        rights = tuple(Right(right) for right in named.pop("rights"))
    except ValueError as error:
        raise source.fault(f"rule {name!r}: {error}; rights are {', '.join(Right)}", needle, "rights") from error
    weight, where = entry.get("weight", 0), entry.get("where", "anywhere")
    if not isinstance(weight, int | float) or isinstance(weight, bool) or abs(weight) > 100:
        raise source.fault(f"weight of rule {name!r} must be a number from -100 to 100", needle, "weight")
    if where not in _PLACES:
        raise source.fault(f"where of rule {name!r} must be one of {', '.join(_PLACES)}", needle, "where")
    match = tuple(_lines(source, entry.get("match", ""), needle, "match"))
    if not match:
        raise source.fault(f"rule {name!r} has nothing to match", needle)
    return Rule(
        language=language,
        name=name,
        rights=rights,
        weight=float(weight),
        match=match,
        unless=tuple(_lines(source, entry.get("unless", ""), needle, "unless")),
        where=where,
        longest=_longest(source, entry, needle),
        **named,
    )


def _longest(source: Source, entry: dict[str, Any], *needles: str) -> int:
    longest = entry.get("longest", 0)
    if not isinstance(longest, int) or isinstance(longest, bool) or longest < 0:
        raise source.fault("longest must be a number of words", *needles, "longest")
    return longest


def _frame(source: Source, language: str, entry: dict[str, Any]) -> Frame:
    name = str(entry.get("name", ""))
    needle = f'"{name}"'
    for key in sorted(entry.keys() - _FRAME_KEYS):
        raise source.fault(f"frame {name!r} has an unknown key {key!r}", needle, key)
    adds = {}
    for line in _lines(source, entry.get("adds", ""), needle, "adds"):
        cue, _, number = line.partition(" ")
        try:
            adds[cue] = float(number)
        except ValueError as error:
            raise source.fault(
                f"{line!r} of frame {name!r} is not a rule and a number", needle, "adds", line
            ) from error
    return Frame(
        language=language,
        name=name,
        rights=tuple(Right(right) for right in entry.get("rights", [])),
        needs=_names(source, entry.get("needs", []), needle, "needs"),
        also=_names(source, entry.get("also", []), needle, "also"),
        unless=_names(source, entry.get("unless", []), needle, "unless"),
        adds=adds,
        over=tuple(Right(right) for right in entry.get("over", [])),
        longest=_longest(source, entry, needle),
        marks=_names(source, entry.get("marks", []), needle, "marks"),
    )


def is_named(targets: Iterable[str], name: str) -> bool:
    """Whether a rule's name is among these: by itself, by how it begins (a trailing *), or by * alone."""
    return any(target == name or (target.endswith(ALL) and name.startswith(target[:-1])) for target in targets)
