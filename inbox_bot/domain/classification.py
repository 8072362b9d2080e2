"""What a mail asks for: rules fire sentence by sentence, their weights add up, the sum is the verdict.

New text counts before quoted text: a request that stands only in what the writer quotes or forwards is `uncertain`, for a
person to judge. The language is that whose rules weighed most.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from inbox_bot.domain.body import split
from inbox_bot.domain.lexicon import Rule, Rulebook, cancelled
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.request import Evidence, Right, Verdict
from inbox_bot.domain.words import Word, clean, split_words

REQUEST_AT = 10.0
UNCERTAIN_AT = 5.0
# No letter of a person needs this many tries; a text made to be dense stops here, and is uncertain.
_TRIES = 12_000
_SHORT = 4  # words: less than this is no text, but perhaps a cover for what is attached
_EVIDENCE_WORDS = 160
_ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/ms-tnef"}
_DOCUMENTS = (
    ".pdf",
    ".doc",
    ".docx",
    ".odt",
    ".rtf",
    ".txt",
    ".jpg",
    ".jpeg",
    ".png",
    ".heic",
    ".tif",
    ".tiff",
    ".p7m",
)


@dataclass(frozen=True, slots=True)
class Classification:
    """The verdict on one mail, and why.

    rights: in the order of `Right`. language: of the rules that matched, or None. score: the sum that made the verdict.
    marks: `urgent`, `agent`, `child`, `chaser`, `quoted`, `attachment`, `encrypted`, `dense`.
    """

    verdict: Verdict
    rights: tuple[Right, ...] = ()
    language: str | None = None
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """What one language's rules found in a part of the mail."""

    fired: dict[str, Evidence] = field(default_factory=dict)
    silenced: dict[str, Evidence] = field(default_factory=dict)
    rights: dict[Right, None] = field(default_factory=dict)
    marks: dict[str, None] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return sum(evidence.weight for evidence in self.fired.values())


@dataclass(frozen=True, slots=True)
class _Part:
    where: str
    text: str


def classify(message: InboundMessage, rulebook: Rulebook) -> Classification:
    """Classify one mail. Work is bounded whatever the text."""
    body = split(message.text)
    tries = [_TRIES]
    own = [_Part("subject", message.subject), _Part("new", body.new)]
    others = [
        _Part("quoted", body.quoted),
        _Part("forwarded", message.forwarded),
        _Part("attachment", "\n\n".join(message.attachments)),
        _Part("signature", body.signature),
    ]
    first = _verdict(_tallies(own, rulebook, tries))
    if first.verdict is not Verdict.REQUEST:
        whole = _verdict(_tallies([*own, *others], rulebook, tries))
        if whole.score > first.score and whole.verdict is not Verdict.UNRELATED:
            mark = _mark_of(whole)
            first = _second_hand(whole, mark)
    return _finished(first, message, body.new, dense=tries[0] < 0)


def _mark_of(found: Classification) -> str:
    places = [evidence.where for evidence in found.evidence if evidence.weight > 0]
    return next((place for place in ("attachment", "forwarded", "quoted") if place in places), "quoted")


def _second_hand(found: Classification, mark: str) -> Classification:
    """A request in the words of somebody else, or in the name of a file: a person must look."""
    return Classification(
        Verdict.UNCERTAIN, found.rights, found.language, found.score, found.evidence, (*found.marks, mark)
    )


def _finished(found: Classification, message: InboundMessage, new: str, *, dense: bool) -> Classification:
    """Raise `unrelated` to `uncertain` where the mail may hold what we cannot read."""
    if found.verdict is not Verdict.UNRELATED:
        return found
    mark = None
    documents = [name for name in message.attachments if name.lower().endswith(_DOCUMENTS)]
    if dense:
        mark = "dense"
    elif _ENCRYPTED & set(message.content_types):
        mark = "encrypted"
    elif documents and len(new.split()) < _SHORT and len(message.subject.split()) < _SHORT:
        mark = "attachment"
    if mark is None:
        return found
    return Classification(
        Verdict.UNCERTAIN, found.rights, found.language, found.score, found.evidence, (*found.marks, mark)
    )


def _verdict(tallies: dict[str, _Tally]) -> Classification:
    """The verdict of the language that weighs most; the rights of every language that says `request` by itself."""
    if not tallies:
        return Classification(Verdict.UNRELATED)
    language, best = max(tallies.items(), key=lambda item: item[1].score)
    score = best.score
    agreeing = [tally for tally in tallies.values() if tally is best or tally.score >= REQUEST_AT]
    rights = {right for tally in agreeing for right in tally.rights}
    verdict = Verdict.UNRELATED
    if score >= UNCERTAIN_AT:
        verdict = Verdict.REQUEST if score >= REQUEST_AT else Verdict.UNCERTAIN
    return Classification(
        verdict,
        tuple(right for right in Right if right in rights) if verdict is not Verdict.UNRELATED else (),
        language if verdict is not Verdict.UNRELATED else None,
        score,
        tuple(evidence for tally in agreeing for evidence in (*tally.fired.values(), *tally.silenced.values())),
        tuple(mark for tally in agreeing for mark in tally.marks),
    )


def _tallies(parts: Iterable[_Part], rulebook: Rulebook, tries: list[int]) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = {}
    for part in parts:
        text = clean(part.text)
        words = split_words(text)
        known: set[tuple[str, ...]] = set()
        for _, group in groupby(words, key=lambda word: word.sentence):
            sentence = list(group)
            key = tuple(word.folded for word in sentence)
            if key not in known:
                known.add(key)
                alone = len(sentence) == len(words)
                for rule, evidence, rights in _fire(sentence, part.where, text, rulebook, tries, alone=alone):
                    _count(tallies.setdefault(rule.language, _Tally()), rule, evidence, rights)
    return tallies


def _count(tally: _Tally, rule: Rule, evidence: Evidence, rights: Sequence[Right]) -> None:
    if not evidence.weight and rule.weight:
        tally.silenced.setdefault(rule.name, evidence)
        return
    tally.fired.setdefault(rule.name, evidence)
    tally.rights.update(dict.fromkeys(rights))
    tally.marks.update(dict.fromkeys(rule.marks))


def _fire(
    sentence: Sequence[Word], where: str, text: str, rulebook: Rulebook, tries: list[int], *, alone: bool
) -> Iterator[tuple[Rule, Evidence, Sequence[Right]]]:
    """The rules that fire in one sentence, with those that are cancelled there at weight 0."""
    spans: dict[int, tuple[int, int]] = {}
    for number, span in rulebook.book.matches(sentence, tries):
        spans.setdefault(number, span)
    fired = []
    for number, span in spans.items():
        rule = rulebook.rules[number // 2]
        if number % 2 == 0 and number + 1 not in spans and _applies(rule, where, span, len(sentence), alone=alone):
            fired.append((rule, span))
    cancels: dict[str, dict[str, str]] = {}
    for rule, _ in fired:
        cancels.setdefault(rule.language, {}).update(dict.fromkeys(rule.cancels, rule.name))
    for rule, (begin, end) in sorted(fired, key=lambda item: item[1]):
        gone, left = cancelled(rule, cancels.get(rule.language, ()))
        gone = gone and not rule.cancels
        quoted = text[sentence[begin].start : sentence[end - 1].end][:_EVIDENCE_WORDS]
        weight = 0.0 if gone else rule.weight
        yield rule, Evidence(rule.label, quoted, where, sentence[begin].start, weight), left


def _applies(rule: Rule, where: str, span: tuple[int, int], length: int, *, alone: bool) -> bool:
    if rule.whole and not (alone and span == (0, length)):
        return False
    return rule.where == "anywhere" or (rule.where == "subject") == (where == "subject")
