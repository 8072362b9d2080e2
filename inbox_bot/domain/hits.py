"""Where rules hit in a part of a mail, sentence by sentence, and what silences them there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from inbox_bot.domain.lexicon import Rule, is_named
from inbox_bot.domain.pattern import Span, Work
from inbox_bot.domain.request import Evidence, Right
from inbox_bot.domain.rulebook import Speech
from inbox_bot.domain.words import Sentence, clean, sentences_of

# Sentences between a rule and one that it must be near to.
REACH = 3
# Sentences before and behind a rule in which it silences others around itself.
_BEFORE, _BEHIND = 1, 2
_STEPS_A_HIT = 60
_EVIDENCE_LETTERS = 160
_OWN = {"subject", "new"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule in a sentence. number: of the sentence in its part; text: of the part; span: words of the sentence.

    rights: those that still count. silent: what keeps it from counting, or the empty string.
    """

    rule: Rule
    where: str
    number: int
    text: str
    sentence: Sentence
    span: Span
    rights: tuple[Right, ...]
    silent: str = ""

    @property
    def words(self) -> str:
        """The words of the text that the rule matched."""
        return _quoted(self.text, self.sentence, self.span)

    @property
    def offset(self) -> int:
        """Where they begin in the text of the part."""
        return self.sentence.places()[min(self.span[0], len(self.sentence.words) - 1)][0]

    @property
    def evidence(self) -> Evidence:
        """The hit as it is shown: at weight 0, with what silenced it, if anything did."""
        label = f"{self.rule.label}: {self.silent}" if self.silent else self.rule.label
        return Evidence(label, self.words, self.where, self.offset, 0.0 if self.silent else self.rule.weight)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of the mail: where it stands, its text as it is matched, its sentences, and how many words."""

    where: str
    text: str
    sentences: tuple[Sentence, ...]
    length: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the mail: where it stands, what hit in it, how many words it has.

    rules: those that fired, by the number of their sentence; all_rules: those of the whole part.
    """

    where: str
    hits: tuple[Hit, ...]
    length: int
    rules: Mapping[int, frozenset[Rule]]
    all_rules: frozenset[Rule]

    def around(self, hit: Hit) -> Iterator[frozenset[Rule]]:
        """The rules that fired here close to a hit: within a few sentences; between subject and text all is close."""
        if self.where == hit.where:
            for number in range(hit.number - REACH, hit.number + REACH + 1):
                yield self.rules.get(number, frozenset())
        elif {self.where, hit.where} == _OWN:
            yield self.all_rules


def passage(where: str, whole: str) -> Passage:
    """A part of the mail, cut into sentences."""
    text = clean(whole)
    sentences = tuple(sentences_of(text))
    return Passage(where, text, sentences, sum(len(sentence.words) for sentence in sentences))


def part_of(passage: Passage, speeches: Sequence[Speech], work: Work, *, faint: bool = True) -> Part:
    """A part of the mail with every hit in it; a sentence that is repeated counts once. faint: of faint rules too."""
    known: set[tuple[str, ...]] = set()
    hits: list[Hit] = []
    for number, sentence in enumerate(passage.sentences):
        key = tuple(sentence.words)
        if key not in known and work.left > 0:
            known.add(key)
            for speech in speeches:
                hits += _hits(passage, number, speech, work, faint=faint)
    hits = list(_hushed(hits))
    fired: dict[int, set[Rule]] = defaultdict(set)
    for hit in hits:
        if not hit.silent:
            fired[hit.number].add(hit.rule)
    rules = {number: frozenset(each) for number, each in fired.items()}
    return Part(passage.where, tuple(hits), passage.length, rules, frozenset().union(*rules.values()))


def close_to(hit: Hit, parts: Iterable[Part]) -> set[Rule]:
    """The rules of its language that fired close to a hit, its own among them."""
    return {
        rule for part in parts for rules in part.around(hit) for rule in rules if rule.language == hit.rule.language
    }


def _hits(passage: Passage, number: int, speech: Speech, work: Work, *, faint: bool) -> Iterator[Hit]:
    """The rules that match in one sentence, in the order of their words; the silenced ones too."""
    sentence, where, text, length = passage.sentences[number], passage.where, passage.text, passage.length
    spans: dict[int, list[Span]] = defaultdict(list)
    for key, span in speech.book.matches(sentence.words, work, faint=faint):
        spans[key].append(span)
    matched = {
        speech.rules[key // 2]: sorted(stands)
        for key, stands in spans.items()
        if key % 2 == 0 and _applies(speech.rules[key // 2], where, length)
    }
    work.left -= len(matched) * _STEPS_A_HIT
    excluded = {speech.rules[key // 2]: min(stands) for key, stands in spans.items() if key % 2}
    guards = {rule: matched[rule] for rule in matched if rule not in excluded and (rule.cancels or rule.absorbs)}
    for rule, stands in sorted(matched.items(), key=lambda item: item[1][0]):
        if rule in excluded:
            silent, rights, span = f'unless "{_quoted(text, sentence, excluded[rule])}"', rule.rights, stands[0]
        else:
            silent, rights, span = _left(rule, stands, guards)
        yield Hit(rule, where, number, text, sentence, span, rights, silent)


def _hushed(hits: Sequence[Hit]) -> Iterator[Hit]:
    """The hits of a part, silenced where a rule fired close by that silences them around itself."""
    guards = [hit for hit in hits if hit.rule.around and not hit.silent]
    for hit in hits:
        by = next((guard for guard in guards if _hushes(guard, hit)), None)
        yield replace(hit, silent=f"cancelled by {by.rule.name} close by", rights=()) if by else hit


def _hushes(guard: Hit, hit: Hit) -> bool:
    near = guard.number - _BEFORE <= hit.number <= guard.number + _BEHIND and guard.rule.language == hit.rule.language
    lets = hit.silent or hit.rule.around or hit.rule.weight < 0
    named = is_named(guard.rule.around, hit.rule.name) or bool({*guard.rule.around} & {*hit.rule.rights})
    return near and not lets and named


def _applies(rule: Rule, where: str, length: int) -> bool:
    if 0 < rule.longest < length:
        return False
    return rule.where == "anywhere" or (rule.where == "subject") == (where == "subject")


def _left(
    rule: Rule, stands: Sequence[Span], guards: Mapping[Rule, Sequence[Span]]
) -> tuple[str, tuple[Right, ...], Span]:
    """What other rules leave of a rule in its sentence: who silenced it or nobody, its rights, where it stands."""
    rights, standing = rule.rights, list(stands)
    for other, places in guards.items():
        if other is rule:
            continue
        if other.cancels and not rule.cancels and rule.weight >= 0:
            rights = tuple(right for right in rights if right not in other.cancels)
            if is_named(other.cancels, rule.name) or (rule.rights and not rights):
                return f"cancelled by {other.name}", (), stands[0]
        if other.absorbs and (is_named(other.absorbs, rule.name) or set(rule.rights) & set(other.absorbs)):
            standing = [span for span in standing if not any(_overlap(span, place) for place in places)]
            if not standing:
                return f"absorbed by {other.name}", (), stands[0]
    return "", rights, standing[0]


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _quoted(text: str, sentence: Sentence, span: Span) -> str:
    places = sentence.places()
    return text[places[min(span[0], len(places) - 1)][0] : places[span[1] - 1][1]][:_EVIDENCE_LETTERS]
