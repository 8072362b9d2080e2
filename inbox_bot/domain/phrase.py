"""Words and phrases as a lexicon writes them: one by one, or in groups."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from inbox_bot.domain.words import words_of

NUMBER = "#"
_JOINT = re.compile(r"(?<=\w)['’-](?=\w)")
_SIGNS = re.compile(r"[{}^$()|]|\.\.")
_SHARES = [2.0**-letters for letters in range(32)]

Phrase = tuple[str, ...]


class PatternError(ValueError):
    """A pattern or a group that cannot be read; the message says which part."""


@lru_cache(maxsize=16384)
def phrases_of(text: str) -> frozenset[Phrase]:
    """A phrase of a group as folded words, with and without its apostrophes and hyphens; a trailing * stays.

    Raises:
        PatternError: it holds no word, a sign of the language, or a * elsewhere.
    """
    if text.isascii() and text.replace(" ", "").isalnum():
        return frozenset([tuple(text.lower().split())])
    if "*" in text.rstrip()[:-1]:
        raise PatternError(f"{text!r}: * may only stand at the end")
    if text == NUMBER:
        return frozenset([(NUMBER,)])
    if _SIGNS.search(text):
        raise PatternError(f"{text!r} is neither words nor one group")
    words = tuple(words_of(text))
    if not words:
        raise PatternError(f"{text!r} holds no word")
    forms = {words, tuple(words_of(_JOINT.sub("", text)))} if _JOINT.search(text) else {words}
    star = "*" if text.rstrip().endswith("*") else ""
    return frozenset((*form[:-1], form[-1] + star) for form in forms)


def forget_phrases() -> None:
    """Free what was remembered of phrases while rules were compiled."""
    phrases_of.cache_clear()


class Choice:
    """Phrases of which one must stand: a group's own, or those between bars. edge: `^` or `$` instead of phrases.

    commonness: how often they may be met; short words are common, an edge is everywhere.
    """

    __slots__ = ("commonness", "edge", "phrases")

    def __init__(self, options: Iterable[str] = (), edge: str = "") -> None:
        self.phrases: set[Phrase] = set()
        self.commonness = float(bool(edge))
        self.edge = edge
        for option in options:
            self.phrases |= phrases_of(option)
            self.commonness += _SHARES[min(len(option), 31)]


_EDGES = {edge: Choice(edge=edge) for edge in ("^", "$")}


class Groups:
    """The named lists of words of one lexicon. A list may name another one: `{other}`."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self._lists = lists
        self._open: set[str] = set()
        self._known: dict[str, list[Choice]] = {}

    def group(self, name: str) -> list[Choice]:
        """The choices of a group: its own phrases together, and those of each group that it names.

        Raises:
            PatternError: a phrase cannot be read, or a list names one that is not there or names it in turn.
        """
        if name not in self._lists or name in self._open:
            raise PatternError(f"there is no group {name!r}" if name not in self._lists else f"{name!r} names itself")
        if name not in self._known:
            self._open.add(name)
            self._known[name] = self.either(self._lists[name])
            self._open.remove(name)
        return self._known[name]

    def either(self, options: Iterable[str]) -> list[Choice]:
        """The choices among these options: words, an edge, or one group each."""
        choices: list[Choice] = []
        words: list[str] = []
        for option in options:
            if option[:1] == "{" and option[-1:] == "}":
                choices += self.group(option[1:-1])
            elif option in _EDGES:
                choices.append(_EDGES[option])
            else:
                words.append(option)
        return [*choices, Choice(words)] if words else choices
