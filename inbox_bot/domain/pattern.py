"""The little language of the rules, and its matcher: words in order, with windows between them.

    delete              that word                       delet*       any word beginning so
    {data}              a word or phrase of a group     (on|{me}|$)  one of these; $ is the sentence's end
    please?             may be absent                   ..3          up to three other words here
    ^                   the beginning of a sentence     $            its end

A pattern lies within one sentence. Matching joins sorted lists of positions: its cost grows with the number of matches
of its elements, never with their combinations, so no text is slow by design.
"""

import itertools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from inbox_bot.domain.words import Word, split_words

_ELEMENT = re.compile(r"\.\.(?P<gap>\d+)|(?P<anchor>[\^$])|(?P<body>\{\w+\}|\([^()]*\)|[^\s(){}?|^$]+)(?P<maybe>\?)?")
_MOST_VARIANTS = 16
_WIDEST_GAP = 12
_SHORTEST_TYPO = 7
_LONGEST_TYPO = 24

Span = tuple[int, int]
Phrase = tuple[str, ...]


class PatternError(ValueError):
    """A pattern or a group that cannot be read; the message says which part."""


@dataclass(frozen=True, slots=True)
class Element:
    """One required element: a set of phrases with a number, after a gap of at most `gap` words."""

    number: int
    gap: int


@dataclass(frozen=True, slots=True)
class Variant:
    """A pattern with its optional elements decided. rule: the owner's key. start, end: anchored to the sentence."""

    rule: int
    elements: tuple[Element, ...]
    numbers: frozenset[int]
    start: bool
    end: bool


@lru_cache(maxsize=65536)
def phrases_of(text: str) -> Phrase:
    """A phrase of a group as folded words; a trailing * stays.

    Raises:
        PatternError: it holds no word, or a * elsewhere.
    """
    stem = text.strip()
    open_end = stem.endswith("*")
    folded = tuple(word.folded for word in split_words(stem.removesuffix("*")))
    if not folded or "*" in stem[:-1]:
        raise PatternError(f"{text!r} holds no word" if not folded else f"{text!r}: * may only stand at the end")
    return (*folded[:-1], folded[-1] + "*") if open_end else folded


class Book:
    """Every pattern of every lexicon, compiled together: one look-up a word, whatever the number of languages."""

    def __init__(self) -> None:
        self._numbers: dict[frozenset[Phrase], int] = {}
        self._bodies: dict[tuple[int, str], int] = {}
        self._kept: dict[int, Mapping[str, Sequence[str]]] = {}  # a dead mapping's id would be given to another
        self._words: dict[str, list[tuple[int, Phrase]]] = defaultdict(list)
        self._stems: dict[int, dict[str, list[tuple[int, Phrase]]]] = defaultdict(lambda: defaultdict(list))
        self._typos: dict[str, set[str]] = defaultdict(set)
        self._ends: set[int] = set()
        self._variants: list[Variant] = []
        self._by_rarest: dict[int, list[Variant]] = {}
        self._memo: dict[str, tuple[tuple[int, Phrase], ...]] = {}

    # -- compiling ------------------------------------------------------------------------------------------------

    def add(self, rule: int, pattern: str, groups: Mapping[str, Sequence[str]]) -> None:
        """Compile a pattern for a rule.

        Raises:
            PatternError: it cannot be read.
        """
        self._variants += self._read(rule, pattern, groups)
        self._by_rarest = {}

    def _read(self, rule: int, pattern: str, groups: Mapping[str, Sequence[str]]) -> Iterator[Variant]:
        start = end = False
        gap, position = 0, 0
        parts: list[tuple[int, int, bool]] = []
        while position < len(pattern):
            if pattern[position].isspace():
                position += 1
                continue
            found = _ELEMENT.match(pattern, position)
            if found is None or end:
                raise PatternError(f"cannot read {pattern[position:]!r} in the pattern {pattern!r}")
            position = found.end()
            if found["gap"]:
                gap += int(found["gap"])
            elif found["anchor"]:
                start, end = start or found["anchor"] == "^", found["anchor"] == "$"
                if found["anchor"] == "^" and parts:
                    raise PatternError(f"^ may only begin the pattern {pattern!r}")
            else:
                parts.append((self._number(found["body"], groups), gap, bool(found["maybe"])))
                gap = 0
        yield from _variants(rule, pattern, parts, start=start, end=end)

    def _number(self, body: str, groups: Mapping[str, Sequence[str]]) -> int:
        key = (id(groups), body)
        if key not in self._bodies:
            self._kept[id(groups)] = groups
            self._bodies[key] = self._new_number(body, groups)
        return self._bodies[key]

    def _new_number(self, body: str, groups: Mapping[str, Sequence[str]]) -> int:
        options = [option.strip() for option in body[1:-1].split("|")] if body[0] == "(" else [body]
        chosen = itertools.chain.from_iterable(_option(option, groups) for option in options if option != "$")
        phrases = frozenset(phrases_of(option) for option in chosen)
        if not phrases:
            raise PatternError(f"{body!r} is empty")
        if "$" in options:
            phrases |= {("$",)}
        if phrases not in self._numbers:
            self._numbers[phrases] = len(self._numbers)
            self._index(self._numbers[phrases], phrases)
        return self._numbers[phrases]

    def _index(self, number: int, phrases: Iterable[Phrase]) -> None:
        for first, *rest in sorted(phrases):
            entry = (number, tuple(rest))
            if first == "$":
                self._ends.add(number)
            elif first.endswith("*"):
                self._stems[len(first) - 1][first[:-1]].append(entry)
            else:
                self._words[first].append(entry)
                if _SHORTEST_TYPO <= len(first) <= _LONGEST_TYPO:
                    for shorter in _shorter(first):
                        self._typos[shorter].add(first)
        self._memo.clear()

    # -- matching -------------------------------------------------------------------------------------------------

    def entries(self, word: str) -> tuple[tuple[int, Phrase], ...]:
        """The elements that a folded word may begin: exact, by stem, or with one slip in a long word."""
        known = self._memo.get(word)
        if known is None:
            known = tuple(self._entries(word))
            if len(self._memo) < 100_000:
                self._memo[word] = known
        return known

    def _entries(self, word: str) -> Iterator[tuple[int, Phrase]]:
        yield from self._words.get(word, ())
        for length, stems in self._stems.items():
            if length <= len(word):
                yield from stems.get(word[:length], ())
        if word not in self._words and _SHORTEST_TYPO <= len(word) <= _LONGEST_TYPO:
            for meant in self._meant(word):
                yield from self._words[meant]

    def _meant(self, word: str) -> set[str]:
        """The known words one slip away: a letter dropped, added, changed, or two swapped."""
        meant = set(self._typos.get(word, ()))
        for shorter in _shorter(word):
            if shorter in self._words and len(shorter) >= _SHORTEST_TYPO:
                meant.add(shorter)
            meant |= self._typos.get(shorter, set())
        return {candidate for candidate in meant if candidate[0] == word[0] and _one_slip(candidate, word)}

    def spans(self, words: Sequence[Word]) -> dict[int, list[Span]]:
        """Where each element stands in a sentence: (first word, word after the last), sorted."""
        found: dict[int, list[Span]] = {}
        for index, word in enumerate(words):
            for number, rest in self.entries(word.folded):
                if not rest or _follows(words, index + 1, rest):
                    found.setdefault(number, []).append((index, index + 1 + len(rest)))
        for number in self._ends:
            found.setdefault(number, []).append((len(words), len(words)))
        return found

    def matches(self, words: Sequence[Word], tries: list[int]) -> Iterator[tuple[int, Span]]:
        """(rule, span) of every pattern that matches in a sentence, each variant once.

        tries: one number, the tries left; it is counted down, and matching ends at zero.
        """
        found = self.spans(words)
        for number in found:
            for variant in self._rarest().get(number, ()):
                if variant.numbers <= found.keys():
                    tries[0] -= 1
                    if tries[0] < 0:
                        return
                    span = _join(variant, found, len(words))
                    if span is not None:
                        yield variant.rule, span

    def _rarest(self) -> dict[int, list[Variant]]:
        """Variants by the element that the fewest variants need: a cheap gate before any joining."""
        if not self._by_rarest:
            users: dict[int, int] = defaultdict(int)
            for variant in self._variants:
                for number in variant.numbers:
                    users[number] += 1
            by_rarest: dict[int, list[Variant]] = defaultdict(list)
            for variant in self._variants:
                by_rarest[
                    min(variant.numbers, key=lambda number: (number in self._ends, users[number], number))
                ].append(variant)
            self._by_rarest = dict(by_rarest)
        return self._by_rarest


def _option(option: str, groups: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if option.startswith("{") and option.endswith("}") and option.count("{") == 1:
        if option[1:-1] not in groups:
            raise PatternError(f"there is no group {option[1:-1]!r}")
        return groups[option[1:-1]]
    if any(sign in option for sign in ("{", "}", "..", "^", "$", "(")):
        raise PatternError(f"{option!r} is neither words nor one group: only these may stand between | and |")
    return (option,)


def _variants(
    rule: int, pattern: str, parts: Sequence[tuple[int, int, bool]], *, start: bool, end: bool
) -> Iterator[Variant]:
    optional = [index for index, part in enumerate(parts) if part[2]]
    if len(optional) == len(parts) or 2 ** len(optional) > _MOST_VARIANTS:
        raise PatternError(f"the pattern {pattern!r} has no required word, or too many optional ones")
    for kept in itertools.product((True, False), repeat=len(optional)):
        dropped = {index for index, keep in zip(optional, kept, strict=True) if not keep}
        elements: list[Element] = []
        gap = 0
        for index, (number, before, _) in enumerate(parts):
            gap = min(gap + before, _WIDEST_GAP)
            if index not in dropped:
                elements.append(Element(number, gap))
                gap = 0
        yield Variant(rule, tuple(elements), frozenset(element.number for element in elements), start, end)


def _join(variant: Variant, found: Mapping[int, Sequence[Span]], length: int) -> Span | None:
    """The first place where the elements stand in order within their gaps, or None."""
    first, *others = variant.elements
    reached = {end: begin for begin, end in found[first.number] if not variant.start or begin <= first.gap}
    for element in others:
        spans = found[element.number]
        onward: dict[int, int] = {}
        for end, begin in reached.items():
            index = bisect_left(spans, (end, 0))
            while index < len(spans) and spans[index][0] <= end + element.gap:
                onward.setdefault(spans[index][1], begin)
                index += 1
        reached = onward
        if not reached:
            return None
    ends = [end for end in reached if not variant.end or end == length]
    return (reached[min(ends)], min(ends)) if ends else None


def _follows(words: Sequence[Word], index: int, rest: Phrase) -> bool:
    if index + len(rest) > len(words):
        return False
    for offset, wanted in enumerate(rest):
        word = words[index + offset].folded
        if word != wanted and not (wanted.endswith("*") and word.startswith(wanted[:-1])):
            return False
    return True


def _shorter(word: str) -> Iterator[str]:
    return (word[:index] + word[index + 1 :] for index in range(len(word)))


def _one_slip(one: str, other: str) -> bool:
    if len(one) != len(other):
        return True
    differing = [index for index in range(len(one)) if one[index] != other[index]]
    if len(differing) == 2:
        left, right = differing
        return right == left + 1 and one[left] == other[right] and one[right] == other[left]
    return len(differing) == 1
