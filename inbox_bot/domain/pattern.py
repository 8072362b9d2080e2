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

from inbox_bot.domain.phrase import NUMBER, Choice, Groups, PatternError, Phrase, forget_phrases
from inbox_bot.domain.slip import Slips

_ELEMENT = re.compile(r"\.\.(?P<gap>\d+)|(?P<body>\{\w+\}|\([^()]*\)|[\^$]|[^\s(){}?|^$]+)(?P<maybe>\?)?")
_MOST_VARIANTS = 16
_WIDEST_GAP = 12
_MOST_REMEMBERED = 30_000
# What these cost, beside a look at one word or span, which is one step.
_STEPS_A_JOIN = 15
_STEPS_A_SENTENCE = 50
_STEPS_A_SLIP = 10


Span = tuple[int, int]
Place = tuple[int, int, "_Node"]


@dataclass(slots=True)
class Work:
    """The steps that matching may still take: counted down, and matching ends at zero."""

    left: int


@dataclass(frozen=True, slots=True)
class Element:
    """One required element: choices with a number, after a gap of at most `gap` words."""

    number: int
    gap: int


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """A pattern with its optional elements decided. rule: the owner's key. mask: the bits of its elements' numbers."""

    rule: int
    elements: tuple[Element, ...]
    mask: int


_NOWHERE: "dict[str, _Node]" = {}


class _Node:
    """What the words so far may be: where each next word leads, and which choices end here.

    elements: those that hold one of these choices, and mask: their bits; firm, faint: the variants whose rarest element
    is one of them. These four are filled in when a text first comes here.
    """

    __slots__ = ("after", "choices", "elements", "faint", "firm", "mask", "stems")

    def __init__(self) -> None:
        self.after: dict[str, _Node] = _NOWHERE
        self.stems: dict[str, _Node] = _NOWHERE
        self.choices: tuple[int, ...] = ()
        self.elements: frozenset[int] | None = None
        self.mask = 0
        self.firm: tuple[Variant, ...] = ()
        self.faint: tuple[Variant, ...] = ()

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
        if NUMBER in self.after and any(letter.isdigit() for letter in word):
            found.append(self.after[NUMBER])
        if self.stems:
            found += [node for stem, node in self.stems.items() if word.startswith(stem)]
        return found


class Book:
    """Every pattern of every lexicon, compiled together: one look-up a word, whatever the number of languages."""

    def __init__(self) -> None:
        self._root = _Node()
        self._waiting: dict[str, str] = defaultdict(str)
        self._slips = Slips()
        self._choices: dict[Choice, int] = {}
        self._bodies: dict[tuple[Groups, str], int] = {}
        self._holders: list[list[int]] = []
        self._commonness: list[float] = []
        self._known: frozenset[str] = frozenset()
        self._starts: set[int] = set()
        self._ends: set[int] = set()
        self._at_edges = 0
        self._firm: dict[int, list[Variant]] = defaultdict(list)
        self._faint: dict[int, list[Variant]] = defaultdict(list)
        self._memo: dict[str, tuple[_Node, ...]] = {}

    # -- compiling ------------------------------------------------------------------------------------------------

    def add(self, rule: int, pattern: str, groups: Groups, *, faint: bool = False) -> None:
        """Compile a pattern for a rule. faint: it is only looked for where faint ones are asked for.

        Raises:
            PatternError: it cannot be read.
        """
        for variant in self._read(rule, pattern, groups):
            rarest = min(variant.elements, key=lambda element: self._commonness[element.number])
            (self._faint if faint else self._firm)[rarest.number].append(variant)

    def real(self, words: Iterable[str]) -> None:
        """Name words that are no slips of a rule's word."""
        self._slips.except_for(words)

    def seal(self) -> None:
        """End compiling, and free what only that needs: before it nothing matches, after it nothing can be added."""
        forget_phrases()
        self._choices = {}
        self._bodies = {}
        self._known = frozenset(self._waiting)
        for word in self._known:
            self._slips.add(word)

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
                if phrase[0] == NUMBER or phrase[0][-1] == "*":
                    self._plant(phrase, number)
                else:
                    self._waiting[phrase[0]] += f"{' '.join(phrase)}\t{number}\n"
        return number

    def _plant(self, phrase: Phrase, choice: int) -> None:
        node = self._root.at(phrase)
        node.choices += (choice,)

    # -- matching -------------------------------------------------------------------------------------------------

    def matches(self, words: Sequence[str], work: Work, *, faint: bool = True) -> Iterator[tuple[int, Span]]:
        """(rule, span) of every pattern that matches in a sentence: each variant at every place, places apart."""
        found = self._places(words)
        nodes = {node: None for _, _, node in found}
        present = self._at_edges
        for node in nodes:
            present |= node.mask
        unknown = sum(word not in self._known for word in words)
        work.left -= _STEPS_A_SENTENCE + 3 * len(words) + _STEPS_A_SLIP * unknown + 2 * len(found)
        spans: dict[int, list[Span]] = {}
        for variant in self._ready(nodes, present, work, faint=faint):
            for element in variant.elements:
                if element.number not in spans:
                    work.left -= len(found)
                    spans[element.number] = self._stands(element.number, found, len(words))
            if work.left < 0:
                return
            for span in _join(variant, spans, work):
                yield variant.rule, span

    def _ready(self, nodes: Iterable[_Node], present: int, work: Work, *, faint: bool) -> dict[Variant, None]:
        """The variants of which every element stands somewhere in the sentence."""
        ready: dict[Variant, None] = {}
        for node in nodes:
            for variants in (node.firm, node.faint) if faint else (node.firm,):
                work.left -= len(variants)
                for variant in variants:
                    mask = variant.mask
                    if mask & present == mask:
                        ready[variant] = None
        return ready

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
        meant = [word] if word in self._known else self._slips.meant(word)
        for known in meant:
            # phrases are planted when a text first holds their first word: most never are
            for line in self._waiting.pop(known, "").splitlines():
                phrase, _, choice = line.partition("\t")
                self._plant(tuple(phrase.split()), int(choice))
        nodes = self._root.next(word)
        nodes += [self._root.after[known] for known in meant if known != word]
        if len(self._memo) < _MOST_REMEMBERED:
            self._memo[word] = tuple(nodes)
        return tuple(nodes)

    def _fill(self, node: _Node) -> None:
        numbers = {number for choice in node.choices for number in self._holders[choice]}
        node.elements = frozenset(numbers)
        node.mask = sum(1 << number for number in numbers)
        node.firm = tuple(variant for number in sorted(numbers) for variant in self._firm.get(number, ()))
        node.faint = tuple(variant for number in sorted(numbers) for variant in self._faint.get(number, ()))

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


def _join_single(variant: Variant, spans: Mapping[int, list[Span]]) -> list[Span]:
    """As `_join`, where each element stands in one place only: as most do."""
    (start, end), *_ = spans[variant.elements[0].number]
    for element in variant.elements[1:]:
        ((begin, following),) = spans[element.number]
        if not end <= begin <= end + element.gap:
            return []
        end = following
    return [(start, end)]


def _join(variant: Variant, spans: Mapping[int, list[Span]], work: Work) -> list[Span]:
    """The places, apart from each other and each the tightest, where the elements stand in order within their gaps."""
    work.left -= _STEPS_A_JOIN
    if all(len(spans[element.number]) == 1 for element in variant.elements):
        return _join_single(variant, spans)
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
