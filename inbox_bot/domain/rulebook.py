"""Every language's rules together, and which languages a text is read with.

A language is read and compiled when a text is first in it: a process that meets two languages pays for two.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from inbox_bot.domain.lexicon import ALL, ANY, Frame, Lexicon, Rule, Sheet, Source, is_named
from inbox_bot.domain.pattern import Book
from inbox_bot.domain.phrase import Groups, PatternError
from inbox_bot.domain.request import Right
from inbox_bot.domain.words import words_of

# A text is read with each language that has this share of what the likeliest has: it may well be in both ...
SHARE = 0.3
# ... and with each that some sentence betrays: words of one language alone count 1, and no other has much more there.
_BETRAYED = 2.0
_MOSTLY = 0.7
# A text in more languages than this is in none; and more than these need not stay in memory, at 8 MB each.
_MOST_SPOKEN = 6
_MOST_KEPT = 12
# Where no usual word tells the language, so many are tried.
_MOST_GUESSED = 3
_LINGUA_FRANCA = "en"
# So many different words without one of the most frequent of any language are in none of these.
_TELLS_NOTHING = 60
# Letters by which a word of a short text is looked for in the rules: endings vary.
_BEGINNING = 5


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """One language, compiled. rules: by the number that the book reports (even: match, odd: unless), without patterns.

    longest: words of a text that some frame may still count in. In a longer one nobody asks for faint rules, which
    are for frames only.
    """

    language: str
    book: Book
    rules: tuple[Rule, ...]
    frames: tuple[Frame, ...]

    @property
    def longest(self) -> float:
        """See above; without end where a frame has none."""
        return max((frame.longest or math.inf for frame in self.frames), default=0)


class Rulebook:
    """All lexicons. Several of one language (the owner's additions) are one; frames for any language hold for each."""

    def __init__(self, lexicons: Iterable[Lexicon | Sheet]) -> None:
        self._lexicons: dict[str, list[Lexicon | Sheet]] = defaultdict(list)
        self._betrays: dict[str, set[str]] = defaultdict(set)
        for lexicon in lexicons:
            self._lexicons[lexicon.language].append(lexicon)
            for word in (word for usual in lexicon.usual for word in words_of(usual)):
                self._betrays[word].add(lexicon.language)
        everywhere = self._lexicons.pop(ANY, [])
        self._everywhere = [lexicon.whole() for lexicon in everywhere]
        self._untold = self._lexicons.keys() - set().union(*self._betrays.values())
        self._speeches: dict[str, Speech] = {}

    @property
    def languages(self) -> list[str]:
        """ISO 639 codes, sorted."""
        return sorted(self._lexicons)

    def speech(self, language: str) -> Speech:
        """One language, compiled when it is first asked for, or has not been for long.

        Raises:
            LexiconError: a file, a pattern, a group or a name cannot be understood; with file:line.
        """
        speech = self._speeches.pop(language, None)
        if speech is None:
            lexicons = [lexicon.whole() for lexicon in self._lexicons[language]]
            speech = _compiled(language, lexicons, self._everywhere)
        self._speeches[language] = speech  # now the last one used
        while len(self._speeches) > _MOST_KEPT:
            del self._speeches[next(iter(self._speeches))]
        return speech

    def check(self) -> None:
        """Find every fault: each language is compiled, and frames for any language name rules of some.

        Raises:
            LexiconError: with file:line.
        """
        known = {rule.name for language in self.languages for rule in self.speech(language).rules}
        for lexicon in self._everywhere:
            _check_frames(lexicon, known)

    def spoken(self, sentences: Iterable[Sequence[str]]) -> dict[str, float]:
        """The languages that a text of these folded sentences may be in, each with its share: of the likeliest, 1.

        A language is likely by its share of the whole, or where a sentence betrays it: mail is often in two languages.
        """
        words: set[str] = set()
        weights: dict[str, float] = defaultdict(float)
        local: set[str] = set()
        for sentence in sentences:
            here: dict[str, float] = defaultdict(float)
            for word in self._betrays.keys() & sentence:
                languages = self._betrays[word]
                for language in languages:
                    # 1 for a word of one language alone, less for one that it shares
                    here[language] += 1 / len(languages)
                    if word not in words:
                        weights[language] += 1 / len(languages)
            words.update(sentence)
            enough = max(_BETRAYED, _MOSTLY * max(here.values(), default=0.0))
            local.update(language for language, weight in here.items() if weight >= enough)
        if not weights:
            return dict.fromkeys(self._mentioning(words), 1.0)
        most = max(weights.values())
        shares = {language: weight / most for language, weight in weights.items()}
        likely = sorted(
            (language for language, share in shares.items() if share >= SHARE or language in local),
            key=lambda language: (-shares[language], language),
        )
        return {language: shares[language] for language in likely[:_MOST_SPOKEN]} | dict.fromkeys(self._untold, 1.0)

    def _mentioning(self, words: AbstractSet[str]) -> list[str]:
        """The languages of a text without one of their usual words: none of a long one, any whose rules know a word."""
        beginnings = {word[:_BEGINNING] for word in words if len(word) > 2} if len(words) <= _TELLS_NOTHING else set()
        known = {language: _mentioned(each, beginnings) for language, each in self._lexicons.items()}
        likely = sorted((language for language in known if known[language]), key=lambda one: (-known[one], one))
        # International words say nothing of a language: a mail of a few of those is most likely meant as English.
        if len(likely) > _MOST_GUESSED and _LINGUA_FRANCA in likely:
            likely.insert(0, likely.pop(likely.index(_LINGUA_FRANCA)))
        return sorted({*likely[:_MOST_GUESSED], *self._untold})


def _mentioned(lexicons: Iterable[Lexicon | Sheet], beginnings: Iterable[str]) -> int:
    """How many of these beginnings of words stand in the rules of a language."""
    return sum(any(lexicon.mentions(beginning) for lexicon in lexicons) for beginning in beginnings)


def compile_rules(lexicons: Iterable[Lexicon]) -> Rulebook:
    """All lexicons with every language compiled, which finds every fault.

    Raises:
        LexiconError: a pattern, a group or a name cannot be understood; with file:line.
    """
    rulebook = Rulebook(lexicons)
    rulebook.check()
    return rulebook


def _compiled(language: str, lexicons: Sequence[Lexicon], everywhere: Iterable[Lexicon]) -> Speech:
    book = Book()
    rules: list[Rule] = []
    names = [rule.name for lexicon in lexicons for rule in lexicon.rules]
    wanted = {name for lexicon in lexicons for rule in lexicon.rules for name in rule.near}
    for lexicon in lexicons:
        _check_names(lexicon, names)
        _check_frames(lexicon, names)
        book.real(word for real in lexicon.real for word in words_of(real))
        groups = _groups(lexicon)
        for rule in lexicon.rules:
            for number, patterns in enumerate((rule.match, rule.unless), 2 * len(rules)):
                for pattern in patterns:
                    _add(book, number, pattern, groups, rule, lexicon.source, faint=_is_faint(rule, wanted))
            rules.append(replace(rule, match=(), unless=()))  # the book has them; here they would fill memory
    frames = [frame for lexicon in (*everywhere, *lexicons) for frame in lexicon.frames]
    book.seal()
    framed = (_framed(frame, language, frozenset(names)) for frame in frames)
    return Speech(language, book, tuple(rules), tuple(frame for frame in framed if frame.needs))


def _is_faint(rule: Rule, wanted: Iterable[str]) -> bool:
    """Whether only frames make anything of a rule: it weighs, marks and silences nothing, and no rule needs it near."""
    return not (rule.weight or rule.marks or rule.cancels or rule.around or rule.absorbs or is_named(wanted, rule.name))


def _add(book: Book, number: int, pattern: str, groups: Groups, rule: Rule, source: Source, *, faint: bool) -> None:
    try:
        book.add(number, pattern, groups, faint=faint)
    except PatternError as error:
        raise source.fault(f"rule {rule.name!r}: {error}", f'"{rule.name}"', pattern) from error


def _framed(frame: Frame, language: str, known: frozenset[str]) -> Frame:
    """A frame for one language, with those of its rules that the language has."""
    needs = tuple(name for name in frame.needs if name in known)
    also = tuple(name for name in frame.also if name in known)
    adds = {name: weight for name, weight in frame.adds.items() if name in known}
    return replace(frame, language=language, needs=needs, also=also, adds=adds)


def _check_names(lexicon: Lexicon, own: Sequence[str]) -> None:
    """Every rule has its own name, and every name that a rule speaks of is that of a rule of its language."""
    for rule in lexicon.rules:
        if own.count(rule.name) > 1:
            needle = f'"{rule.name}"'
            raise lexicon.source.fault(f"two rules are named {rule.name!r}", needle, "[[rule]]", needle)
        for key, targets, known in (
            ("near", rule.near, {*own} - {rule.name}),
            ("cancels", rule.cancels, {*own, *Right, ALL}),
            ("around", rule.around, {*own, *Right, ALL}),
            ("absorbs", rule.absorbs, {*own, *Right, ALL}),
        ):
            for target in targets:
                stem = target.removesuffix(ALL)
                if target not in known and not (stem != target and any(name.startswith(stem) for name in known)):
                    message = f"{key} of rule {rule.name!r} names {target!r}, which is no other rule"
                    raise lexicon.source.fault(message, f'"{rule.name}"', key, target)


def _check_frames(lexicon: Lexicon, known: Iterable[str]) -> None:
    """Every name that a frame speaks of is that of a rule."""
    for frame in lexicon.frames:
        for target in sorted({*frame.needs, *frame.also, *frame.adds}.difference(known)):
            message = f"frame {frame.name!r} names {target!r}, which is no rule"
            key = next(key for key in ("needs", "also", "adds") if target in getattr(frame, key))
            raise lexicon.source.fault(message, f'"{frame.name}"', key, target)


def _groups(lexicon: Lexicon) -> Groups:
    groups = Groups(lexicon.groups)
    for name in lexicon.groups:
        try:
            groups.group(name)
        except PatternError as error:
            raise lexicon.source.fault(f"group {name!r}: {error}", name) from error
    return groups
