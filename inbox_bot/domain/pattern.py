"""The little language of the rules, and its matcher: words in order, with windows between them.

    delete              that word                       delet*       any word beginning so
    {data}              a word or phrase of a group     (on|{me})    one of these
    #                   a word with a digit: a number, a date
    please?             may be absent                   ..3          up to three other words here
    ^                   the beginning of a sentence     $            its end; both may stand among others: (^|please)

A pattern lies within one sentence. Matching joins sorted lists of positions: its cost grows with the number of matches
of its elements, never with their combinations, so no text is slow by design; and what it costs is counted.
"""

import itertools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from inbox_bot.domain.slip import Slips
from inbox_bot.domain.words import words_of

_ELEMENT = re.compile(r"\.\.(?P<gap>\d+)|(?P<body>\{\w+\}|\([^()]*\)|[\^$]|[^\s(){}?|^$]+)(?P<maybe>\?)?")
_JOINT = re.compile(r"(?<=\w)['’-](?=\w)")
_MOST_VARIANTS = 16
_WIDEST_GAP = 12
_MOST_REMEMBERED = 30_000
# What these cost, beside a look at one word or span, which is one step.
_STEPS_A_JOIN = 15
_STEPS_A_SENTENCE = 50
_SHARES = [2.0**-letters for letters in range(32)]

_NUMBER = "#"
_SIGNS = re.compile(r"[{}^$()|]|\.\.")

Span = tuple[int, int]
Phrase = tuple[str, ...]
Place = tuple[int, int, "_Node"]


class PatternError(ValueError):
    """A pattern or a group that cannot be read; the message says which part."""


@dataclass(slots=True)
class Work:
    """The steps that matching may still take: counted down, and matching ends at zero."""

    left: int


@dataclass(frozen=True, slots=True)
class Element:
    """One required element: choices with a number, after a gap of at most `gap` words."""

    number: int
    gap: int


@dataclass(frozen=True, slots=True)
class Variant:
    """A pattern with its optional elements decided. rule: the owner's key. mask: the bits of its elements' numbers."""

    rule: int
    elements: tuple[Element, ...]
    mask: int


_NOWHERE: "dict[str, _Node]" = {}


class _Node:
    """What the words so far may be: where each next word leads, and which choices end here.

    elements: those that hold one of these choices, and mask: their bits; rare: those of them that some variant has as
    its rarest. These three are filled in when a text first comes here.
    """

    __slots__ = ("after", "choices", "elements", "mask", "rare", "stems")

    def __init__(self) -> None:
        self.after: dict[str, _Node] = _NOWHERE
        self.stems: dict[str, _Node] = _NOWHERE
        self.choices: tuple[int, ...] = ()
        self.elements: frozenset[int] | None = None
        self.mask = 0
        self.rare: tuple[int, ...] = ()

    def at(self, phrase: Phrase) -> "_Node":
        """The node behind a phrase, made where it is missing."""
        node = self
        for word in phrase:
            if word[-1] == "*":
                node = node._stem(word[:-1])
                continue
            following = node.after.get(word)
            if following is None:
                if node.after is _NOWHERE:
                    node.after = {}
                following = node.after[word] = _Node()
            node = following
        return node

    def _stem(self, stem: str) -> "_Node":
        if self.stems is _NOWHERE:
            self.stems = {}
        return self.stems.setdefault(stem, _Node())

    def next(self, word: str) -> "list[_Node]":
        """Where a word leads: as itself, as a number, as what it begins with."""
        following = self.after.get(word)
        found = [] if following is None else [following]
        if _NUMBER in self.after and any(letter.isdigit() for letter in word):
            found.append(self.after[_NUMBER])
        if self.stems:
            found += [node for stem, node in self.stems.items() if word.startswith(stem)]
        return found


@lru_cache(maxsize=16384)
def phrases_of(text: str) -> frozenset[Phrase]:
    """A phrase of a group as folded words, with and without its apostrophes and hyphens; a trailing * stays.

    Raises:
        PatternError: it holds no word, a sign of the language, or a * elsewhere.
    """
    if "*" in text.rstrip()[:-1]:
        raise PatternError(f"{text!r}: * may only stand at the end")
    if text == _NUMBER:
        return frozenset([(_NUMBER,)])
    if _SIGNS.search(text):
        raise PatternError(f"{text!r} is neither words nor one group")
    words = tuple(words_of(text))
    if not words:
        raise PatternError(f"{text!r} holds no word")
    forms = {words, tuple(words_of(_JOINT.sub("", text)))} if _JOINT.search(text) else {words}
    star = "*" if text.rstrip().endswith("*") else ""
    return frozenset((*form[:-1], form[-1] + star) for form in forms)


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


class Book:
    """Every pattern of every lexicon, compiled together: one look-up a word, whatever the number of languages."""

    def __init__(self) -> None:
        self._root = _Node()
        self._slips = Slips()
        self._choices: dict[Choice, int] = {}
        self._bodies: dict[tuple[Groups, str], int] = {}
        self._holders: list[list[int]] = []
        self._commonness: list[float] = []
        self._starts: set[int] = set()
        self._ends: set[int] = set()
        self._at_edges = 0
        self._by_rarest: dict[int, list[Variant]] = defaultdict(list)
        self._memo: dict[str, tuple[_Node, ...]] = {}

    # -- compiling ------------------------------------------------------------------------------------------------

    def add(self, rule: int, pattern: str, groups: Groups) -> None:
        """Compile a pattern for a rule.

        Raises:
            PatternError: it cannot be read.
        """
        for variant in self._read(rule, pattern, groups):
            rarest = min(variant.elements, key=lambda element: self._commonness[element.number])
            self._by_rarest[rarest.number].append(variant)

    def real(self, words: Iterable[str]) -> None:
        """Name words that are no slips of a rule's word."""
        self._slips.except_for(words)

    def seal(self) -> None:
        """Free what only compiling needs. To be called before the first match: no pattern can be added afterwards."""
        phrases_of.cache_clear()
        self._choices = {}
        self._bodies = {}

    def _read(self, rule: int, pattern: str, groups: Groups) -> Iterator[Variant]:
        gap = position = 0
        parts: list[tuple[int, int, bool]] = []
        while position < len(pattern):
            found = _ELEMENT.match(pattern, position)
            if found is None:
                raise PatternError(f"cannot read {pattern[position:]!r} in the pattern {pattern!r}")
            if found["gap"]:
                gap += int(found["gap"])
            else:
                parts.append((self._number(found["body"], groups), gap, bool(found["maybe"])))
                gap = 0
            if gap > _WIDEST_GAP:
                raise PatternError(f"more than {_WIDEST_GAP} words between two others in the pattern {pattern!r}")
            position = found.end()
            while position < len(pattern) and pattern[position].isspace():
                position += 1
        yield from _variants(rule, pattern, parts)

    def _number(self, body: str, groups: Groups) -> int:
        key = (groups, body)
        if key not in self._bodies:
            self._bodies[key] = self._new_number(body, groups)
        return self._bodies[key]

    def _new_number(self, body: str, groups: Groups) -> int:
        options = [option.strip() for option in body[1:-1].split("|")] if body[0] == "(" else [body]
        choices = groups.either(options)
        if not choices:
            raise PatternError(f"{body!r} is empty")
        number = len(self._commonness)
        self._commonness.append(sum(choice.commonness for choice in choices))
        for choice in dict.fromkeys(choices):
            self._holders[self._index(choice)].append(number)
            if choice.edge:
                (self._starts if choice.edge == "^" else self._ends).add(number)
                self._at_edges |= 1 << number
        return number

    def _index(self, choice: Choice) -> int:
        number = self._choices.get(choice)
        if number is None:
            number = self._choices[choice] = len(self._holders)
            self._holders.append([])
            for phrase in choice.phrases:
                self._slips.add(phrase[0])
                node = self._root.at(phrase)
                node.choices += (number,)
        return number

    # -- matching -------------------------------------------------------------------------------------------------

    def matches(self, words: Sequence[str], work: Work) -> Iterator[tuple[int, Span]]:
        """(rule, span) of every pattern that matches in a sentence: each variant at every place, places apart."""
        found = self._places(words)
        present = self._at_edges
        rare: dict[int, None] = {}
        for _, _, node in found:
            present |= node.mask
            rare.update(dict.fromkeys(node.rare))
        work.left -= _STEPS_A_SENTENCE + 3 * len(words) + 2 * len(found)
        spans: dict[int, list[Span]] = {}
        for number in rare:
            variants = self._by_rarest[number]
            work.left -= len(variants)
            for variant in variants:
                if variant.mask & present == variant.mask:
                    for element in variant.elements:
                        if element.number not in spans:
                            work.left -= len(found)
                            spans[element.number] = self._stands(element.number, found, len(words))
                    if work.left < 0:
                        return
                    for span in _join(variant, spans, work):
                        yield variant.rule, span

    def _places(self, words: Sequence[str]) -> list[Place]:
        """The phrases in a sentence: where they begin and end, and what they are; in the order of their beginnings."""
        found: list[Place] = []
        memo, length = self._memo, len(words)
        for index, word in enumerate(words):
            reached = memo.get(word)
            if reached is None:
                reached = self._begun(word)
            end = index + 1
            while reached:
                onward: list[_Node] = []
                for node in reached:
                    if node.choices:
                        if node.elements is None:
                            self._fill(node)
                        found.append((index, end, node))
                    if end < length and (node.after or node.stems):
                        onward += node.next(words[end])
                reached = tuple(onward)
                end += 1
        return found

    def _begun(self, word: str) -> tuple[_Node, ...]:
        """Where a first word leads: exact, by stem, or with one slip in a long word."""
        nodes = self._root.next(word)
        if word not in self._root.after:
            nodes += [self._root.after[meant] for meant in self._slips.meant(word)]
        if len(self._memo) < _MOST_REMEMBERED:
            self._memo[word] = tuple(nodes)
        return tuple(nodes)

    def _fill(self, node: _Node) -> None:
        numbers = {number for choice in node.choices for number in self._holders[choice]}
        node.elements = frozenset(numbers)
        node.mask = sum(1 << number for number in numbers)
        node.rare = tuple(sorted(number for number in numbers if number in self._by_rarest))

    def _stands(self, number: int, found: Sequence[Place], length: int) -> list[Span]:
        """Where an element stands in a sentence: (first word, word after the last), sorted by the first."""
        spans = [(begin, end) for begin, end, node in found if number in (node.elements or ())]
        if number in self._starts:
            spans.insert(0, (0, 0))
        if number in self._ends:
            spans.append((length, length))
        return spans


def _variants(rule: int, pattern: str, parts: Sequence[tuple[int, int, bool]]) -> Iterator[Variant]:
    optional = [index for index, part in enumerate(parts) if part[2]]
    if len(optional) == len(parts) or 2 ** len(optional) > _MOST_VARIANTS:
        raise PatternError(f"the pattern {pattern!r} has no required word, or too many optional ones")
    for kept in itertools.product((True, False), repeat=len(optional)):
        dropped = {index for index, keep in zip(optional, kept, strict=True) if not keep}
        elements: list[Element] = []
        gap = mask = 0
        for index, (number, before, _) in enumerate(parts):
            gap += before
            if index not in dropped:
                elements.append(Element(number, min(gap, _WIDEST_GAP)))
                mask |= 1 << number
                gap = 0
        yield Variant(rule, tuple(elements), mask)


def _join(variant: Variant, spans: Mapping[int, Sequence[Span]], work: Work) -> list[Span]:
    """The places, apart from each other and each the tightest, where the elements stand in order within their gaps."""
    work.left -= _STEPS_A_JOIN
    first, *others = variant.elements
    # the end of what is joined so far -> its latest beginning
    reached = {end: begin for begin, end in spans[first.number]}
    for element in others:
        following = spans[element.number]
        onward: dict[int, int] = {}
        for end, begin in reached.items():
            index = bisect_left(following, (end, 0))
            while index < len(following) and following[index][0] <= end + element.gap:
                onward[following[index][1]] = max(begin, onward.get(following[index][1], -1))
                index += 1
                work.left -= 1
        if not onward:
            return []
        reached = onward
    found: list[Span] = []
    for end, begin in sorted(reached.items()):
        if not found or begin >= found[-1][1]:
            found.append((begin, end))
    return found
