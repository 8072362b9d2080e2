"""Recognition rules as data: one TOML text a language, checked when read. Its format is told in lexicon/README.md."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inbox_bot.domain.pattern import Book, PatternError, phrases_of
from inbox_bot.domain.request import Right
from inbox_bot.errors import LexiconError

_KEYS = {"name", "rights", "weight", "match", "unless", "cancels", "marks", "where", "whole"}
_TOP_KEYS = {"language", "name", "groups", "rule"}
_PLACES = ("anywhere", "subject", "body")
_LIST_LIMIT = 2000
ALL = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. weight: what it adds when it fires (negative: takes away), once a mail.

    rights: what the mail then asks for. unless: patterns that silence it in their sentence. cancels: rules (by name, a
    trailing * for all that begin so), rights, or * for everything, that do not count in the sentence where this one
    fires. marks: what the mail is marked with. whole: the match must be all the text there is.
    """

    language: str
    name: str
    rights: tuple[Right, ...]
    weight: float
    match: tuple[str, ...]
    unless: tuple[str, ...]
    cancels: tuple[str, ...]
    marks: tuple[str, ...]
    where: str
    whole: bool

    @property
    def label(self) -> str:
        """Its name with its language, as evidence shows it."""
        return f"{self.language}/{self.name}"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The rules of one language."""

    language: str
    name: str
    groups: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All lexicons, compiled together. rules: by the number that the book reports; even: match, odd: unless."""

    book: Book
    rules: tuple[Rule, ...]


class _Source:
    """A file's text, to say on which line a fault stands."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._lines = text.splitlines()

    def fault(self, message: str, *needles: str) -> LexiconError:
        """An error that names the first line holding a needle, at the rule named by the first needle."""
        start = 0
        line = 0
        for needle in needles:
            for number in range(start, len(self._lines)):
                if needle in self._lines[number]:
                    line = start = number
                    break
        return LexiconError(f"{self._name}:{line + 1}: {message}", "lexicon/README.md tells the format")


def parse_lexicon(name: str, text: str) -> Lexicon:
    """Read one language's rules. name: of the file, for messages.

    Raises:
        LexiconError: with file:line, what is wrong, and where the format is told.
    """
    source = _Source(name, text)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise LexiconError(f"{name}:{line[1] if line else 1}: {error}") from error
    for key in tree.keys() - _TOP_KEYS:
        raise source.fault(f"unknown key {key!r}", key)
    language = tree.get("language")
    if not isinstance(language, str) or not re.fullmatch(r"[a-z]{2,3}", language):
        raise source.fault('`language = "xx"` (ISO 639) is missing', "language")
    groups = _groups(source, tree.get("groups", {}))
    rules = tuple(_rule(source, language, entry) for entry in _tables(source, tree.get("rule", [])))
    names = [rule.name for rule in rules]
    for twice in {each for each in names if names.count(each) > 1}:
        raise source.fault(f"two rules are named {twice!r}", f'"{twice}"')
    lexicon = Lexicon(language, str(tree.get("name", language)), groups, rules)
    _check(source, lexicon)
    return lexicon


def _tables(source: _Source, value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise source.fault("rules are written as [[rule]] tables", "rule")
    return value


def _groups(source: _Source, table: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        raise source.fault("[groups] must be a table of lists", "groups")
    groups = {}
    for name, words in table.items():
        listed = _strings(source, words, f"group {name!r}", name)
        try:
            for word in listed:
                phrases_of(word)
        except PatternError as error:
            raise source.fault(f"group {name!r}: {error}", f"{name} =") from error
        groups[name] = listed
    return groups


def _strings(source: _Source, value: object, what: str, *needles: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value) or len(value) > _LIST_LIMIT:
        raise source.fault(f"{what} must be a list of texts", *needles)
    return tuple(value)


def _rule(source: _Source, language: str, entry: dict[str, Any]) -> Rule:
    name = entry.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise source.fault("every rule needs a name of small letters, digits and hyphens", "[[rule]]")
    needle = f'"{name}"'
    for key in entry.keys() - _KEYS:
        raise source.fault(f"rule {name!r} has an unknown key {key!r}", needle, key)
    lists = {
        key: _strings(source, entry.get(key, []), f"{key} of rule {name!r}", needle, key)
        for key in ("rights", "match", "unless", "cancels", "marks")
    }
    try:
        rights = tuple(Right(right) for right in lists["rights"])
    except ValueError as error:
        raise source.fault(f"rule {name!r}: {error}; rights are {', '.join(Right)}", needle, "rights") from error
    weight = entry.get("weight", 0)
    if not isinstance(weight, int | float) or isinstance(weight, bool) or abs(weight) > 100:
        raise source.fault(f"weight of rule {name!r} must be a number from -100 to 100", needle, "weight")
    where = entry.get("where", "anywhere")
    if where not in _PLACES:
        raise source.fault(f"where of rule {name!r} must be one of {', '.join(_PLACES)}", needle, "where")
    if not lists["match"]:
        raise source.fault(f"rule {name!r} has nothing to match", needle)
    return Rule(
        language=language,
        name=name,
        rights=rights,
        weight=float(weight),
        match=lists["match"],
        unless=lists["unless"],
        cancels=lists["cancels"],
        marks=lists["marks"],
        where=where,
        whole=bool(entry.get("whole", False)),
    )


def _check(source: _Source, lexicon: Lexicon) -> None:
    """Compile everything once, so that a fault is found with its line; and every name that is cancelled exists."""
    book = Book()
    names = {rule.name for rule in lexicon.rules}
    known = names | set(Right) | {ALL}
    for rule in lexicon.rules:
        for pattern in (*rule.match, *rule.unless):
            try:
                book.add(0, pattern, lexicon.groups)
            except PatternError as error:
                raise source.fault(f"rule {rule.name!r}: {error}", f'"{rule.name}"', pattern[:30]) from error
        for target in rule.cancels:
            stem = target.removesuffix("*")
            if target not in known and not (stem != target and any(name.startswith(stem) for name in names)):
                raise source.fault(f"rule {rule.name!r} cancels {target!r}, which is nothing", f'"{rule.name}"', target)


def compile_rules(lexicons: Iterable[Lexicon]) -> Rulebook:
    """Every lexicon's patterns in one book."""
    book = Book()
    rules: list[Rule] = []
    for lexicon in lexicons:
        for rule in lexicon.rules:
            number = 2 * len(rules)
            rules.append(rule)
            for pattern in rule.match:
                book.add(number, pattern, lexicon.groups)
            for pattern in rule.unless:
                book.add(number + 1, pattern, lexicon.groups)
    return Rulebook(book, tuple(rules))


def cancelled(rule: Rule, cancels: Iterable[str]) -> tuple[bool, tuple[Right, ...]]:
    """Whether nothing of a rule counts any more, and which of its rights still do."""
    named = tuple(cancels)
    for target in named:
        if target in (ALL, rule.name) or (target.endswith("*") and rule.name.startswith(target[:-1])):
            return True, ()
    left = tuple(right for right in rule.rights if right not in named)
    return bool(rule.rights) and not left, left
