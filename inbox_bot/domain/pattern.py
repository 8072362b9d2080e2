"""The little language of the rules, and its matcher: words in order, with windows between them.

    delete              that word                       delet*       any word beginning so
    {data}              a word or phrase of a group     (on|{me}|$)  one of these; $ is the sentence's end
    please?             may be absent                   ..3          up to three other words here
    ^                   the beginning of a sentence     $            its end

A pattern lies within one sentence. Matching joins sorted lists of positions: its cost grows with the number of matches of
its elements, never with their combinations, so no text is slow by design; and what it costs is counted.
"""

import itertools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inbox_bot.domain.slip import Slips
from inbox_bot.domain.words import words_of

_ELEMENT = re.compile(r"\.\.(?P<gap>\d+)|(?P<anchor>[\^$])|(?P<body>\{\w+\}|\([^()]*\)|[^\s(){}?|^$]+)(?P<maybe>\?)?")
_JOINT = re.compile(r"(?<=\w)['’-](?=\w)")
_MOST_VARIANTS = 16
_WIDEST_GAP = 12
_MOST_REMEMBERED = 30_000

_END = "$"
_SIGNS = re.compile(r"[{}^$()|]|\.\.")

Span = tuple[int, int]
Phrase = tuple[str, ...]
Choice = frozenset[Phrase]


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
    """A pattern with its optional elements decided. rule: the owner's key. start, end: anchored to the sentence.

    mask: the bits of its elements' numbers.
    """

    rule: int
    elements: tuple[Element, ...]
    mask: int
    start: bool
    end: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """What a word may begin. rests: by choice, what must follow. mask: the bits of the elements that hold these choices.

    rare: those elements that some variant has as its rarest.
    """

    rests: Mapping[int, Sequence[Phrase]]
    mask: int
    rare: tuple[int, ...]


_NOTHING = _Entry({}, 0, ())


def phrases_of(text: str) -> set[Phrase]:
    """A phrase of a group as folded words, with and without its apostrophes and hyphens; a trailing * stays.

    Raises:
        PatternError: it holds no word, or a * elsewhere.
    """
    stem = text.strip()
    joined = _JOINT.sub("", stem)
    return {_phrase(text, stem)} if joined == stem else {_phrase(text, stem), _phrase(text, joined)}


def _phrase(text: str, stem: str) -> Phrase:
    folded = words_of(stem.removesuffix("*"))
    if not folded or "*" in stem[:-1]:
        raise PatternError(f"{text!r} holds no word" if not folded else f"{text!r}: * may only stand at the end")
    return (*folded[:-1], folded[-1] + "*") if stem.endswith("*") else tuple(folded)


class Groups:
    """The named lists of words of one lexicon. A list may name another one: `{other}`."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self._lists = lists
        self._open: set[str] = set()
        self._known: dict[str, frozenset[Choice]] = {}

    def group(self, name: str) -> frozenset[Choice]:
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

    def either(self, options: Iterable[str]) -> frozenset[Choice]:
        """The choices among these options: words, `$`, or one group each."""
        choices: set[Choice] = set()
        phrases: set[Phrase] = set()
        for option in options:
            if option[:1] == "{" and option[-1:] == "}":
                choices |= self.group(option[1:-1])
            elif option == _END:
                phrases.add((_END,))
            elif _SIGNS.search(option):
                raise PatternError(f"{option!r} is neither words nor one group")
            else:
                phrases |= phrases_of(option)
        return frozenset([*choices, frozenset(phrases)] if phrases else choices)


class Book:
    """Every pattern of every lexicon, compiled together: one look-up a word, whatever the number of languages."""

    def __init__(self) -> None:
        self._choices: dict[Choice, int] = {}
        self._words: dict[str, list[tuple[int, Phrase]]] = defaultdict(list)
        self._stems: dict[int, dict[str, list[tuple[int, Phrase]]]] = defaultdict(lambda: defaultdict(list))
        self._slips = Slips()
        self._numbers: dict[frozenset[int], int] = {}
        self._bodies: dict[tuple[Groups, str], int] = {}
        self._elements: list[frozenset[int]] = []
        self._holders: dict[int, list[int]] = defaultdict(list)
        self._commonness: list[float] = []
        self._end_choices: set[int] = set()
        self._end_elements = 0
        self._by_rarest: dict[int, list[Variant]] = defaultdict(list)
        self._memo: dict[str, _Entry] = {}

    # -- compiling ------------------------------------------------------------------------------------------------

    def add(self, rule: int, pattern: str, groups: Groups) -> None:
        """Compile a pattern for a rule.

        Raises:
            PatternError: it cannot be read.
        """
        for variant in self._read(rule, pattern, groups):
            rarest = min(variant.elements, key=lambda element: self._commonness[element.number])
            self._by_rarest[rarest.number].append(variant)
        self._memo.clear()

    def real(self, words: Iterable[str]) -> None:
        """Name words that are no slips of a rule's word."""
        self._slips.except_for(words)
        self._memo.clear()

    def _read(self, rule: int, pattern: str, groups: Groups) -> Iterator[Variant]:
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
            if gap > _WIDEST_GAP:
                raise PatternError(f"more than {_WIDEST_GAP} words between two others in the pattern {pattern!r}")
        yield from _variants(rule, pattern, parts, start=start, end=end)

    def _number(self, body: str, groups: Groups) -> int:
        key = (groups, body)
        if key not in self._bodies:
            self._bodies[key] = self._new_number(body, groups)
        return self._bodies[key]

    def _new_number(self, body: str, groups: Groups) -> int:
        options = [option.strip() for option in body[1:-1].split("|")] if body[0] == "(" else [body]
        choices = groups.either(options)
        if not choices or choices == {frozenset([(_END,)])}:
            raise PatternError(f"{body!r} is empty")
        held = frozenset(self._choice(choice) for choice in choices)
        if held not in self._numbers:
            number = self._numbers[held] = len(self._elements)
            self._elements.append(held)
            self._commonness.append(sum(_commonness(choice) for choice in choices))
            for choice in held:
                self._holders[choice].append(number)
            if held & self._end_choices:
                self._end_elements |= 1 << number
        return self._numbers[held]

    def _choice(self, phrases: Choice) -> int:
        if phrases not in self._choices:
            number = self._choices[phrases] = len(self._choices)
            for first, *rest in phrases:
                entry = (number, tuple(rest))
                if first == _END:
                    self._end_choices.add(number)
                elif first.endswith("*"):
                    self._stems[len(first) - 1][first[:-1]].append(entry)
                else:
                    if first not in self._words:
                        self._slips.add(first)
                    self._words[first].append(entry)
        return self._choices[phrases]

    # -- matching -------------------------------------------------------------------------------------------------

    def matches(self, words: Sequence[str], work: Work) -> Iterator[tuple[int, Span]]:
        """(rule, span) of every pattern that matches in a sentence: each variant at every place, places apart."""
        entries = [self._memo.get(word) or self._entry(word) for word in words]
        present = self._end_elements
        rare: dict[int, None] = {}
        for entry in entries:
            if entry.mask:
                present |= entry.mask
                rare.update(dict.fromkeys(entry.rare))
        work.left -= len(words)
        spans: dict[int, Sequence[Span]] = {}
        for number in rare:
            variants = self._by_rarest[number]
            work.left -= len(variants)
            for variant in variants:
                if variant.mask & present == variant.mask:
                    for span in self._placed(variant, words, entries, spans, work):
                        yield variant.rule, span

    def _placed(
        self,
        variant: Variant,
        words: Sequence[str],
        entries: Sequence[_Entry],
        spans: dict[int, Sequence[Span]],
        work: Work,
    ) -> list[Span]:
        """The places of a variant. spans: those of elements, remembered for the sentence."""
        for element in variant.elements:
            if element.number not in spans:
                work.left -= len(words)
                spans[element.number] = self._stands(element.number, words, entries)
            if not spans[element.number] or work.left < 0:
                return []
        return _join(variant, spans, len(words), work)

    def _commonness(choice: Choice) -> float:
    """How common the words of a choice may be: short ones are."""
    return sum(2.0 ** -sum(map(len, phrase)) for phrase in choice)


def _join(variant: Variant, spans: Mapping[int, Sequence[Span]], length: int, work: Work) -> list[Span]:
    """The places, apart from each other and each the tightest, where the elements stand in order within their gaps."""
    first, *others = variant.elements
    # the end of what is joined so far -> its latest beginning
    reached = {end: begin for begin, end in spans[first.number] if not variant.start or begin <= first.gap}
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
        if (end == length or not variant.end) and (not found or begin >= found[-1][1]):
            found.append((begin, end))
    return found


def _follows(words: Sequence[str], index: int, rest: Phrase) -> bool:
    if index + len(rest) > len(words):
        return False
    for offset, wanted in enumerate(rest):
        word = words[index + offset]
        if word != wanted and not (wanted.endswith("*") and word.startswith(wanted[:-1])):
            return False
    return True
