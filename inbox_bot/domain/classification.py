"""What a mail asks for: rules fire sentence by sentence, their weights add up, the sum is the verdict.

New text counts before quoted text: a request that stands only in what the writer quotes or forwards is `uncertain`, for a
person to judge. The language is that whose rules weighed most.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from inbox_bot.domain.body import split
from inbox_bot.domain.lexicon import Rule, Rulebook, is_named
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.pattern import Span, Work
from inbox_bot.domain.request import Evidence, Right, Verdict
from inbox_bot.domain.words import TEXT_LIMIT, Sentence, clean, sentences_of

REQUEST_AT = 10.0
UNCERTAIN_AT = 5.0
# Sentences between a rule and the one it must be near to.
REACH = 5
# No letter of a person needs this many steps; a text made to be dense stops here, and is uncertain.
STEPS = 250_000
_FEW = 12  # words: a mail that says one thing only
_READABLE = 30  # words: more than a cover note that says "see the encrypted part"
_SHORT = 4  # words: less than this is no text, but perhaps a cover for what is attached
_EVIDENCE_LETTERS = 160
_ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/ms-tnef"}
_DOCUMENTS = tuple(".pdf .doc .docx .odt .rtf .txt .jpg .jpeg .png .heic .tif .tiff .p7m".split())


@dataclass(frozen=True, slots=True)
class Classification:
    """The verdict on one mail, and why.

    rights: in the order of `Right`. language: of the rules that matched, or None. score: the sum that made the verdict.
    evidence: every rule that fired; at weight 0 also those that something silenced, with what did.
    marks: `urgent`, `agent`, `child`, `chaser`, `quoted`, `forwarded`, `attachment`, `encrypted`, `dense`.
    """

    verdict: Verdict
    rights: tuple[Right, ...] = ()
    language: str | None = None
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    """A rule in a sentence. rights: those that still count. silent: something keeps it from counting."""

    rule: Rule
    evidence: Evidence
    rights: tuple[Right, ...]
    sentence: int
    silent: bool = False


@dataclass(slots=True)
class _Tally:
    """What one language's rules found: each rule once."""

    fired: dict[str, _Hit] = field(default_factory=dict)
    silenced: dict[str, Evidence] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return sum(hit.rule.weight for hit in self.fired.values())

    @property
    def rights(self) -> set[Right]:
        """What the weighty rules ask for; where there are none, what the faint ones hint at."""
        weighty = {right for hit in self.fired.values() if hit.rule.weight >= UNCERTAIN_AT for right in hit.rights}
        return weighty or {right for hit in self.fired.values() for right in hit.rights}


def classify(message: InboundMessage, rulebook: Rulebook) -> Classification:
    """Classify one mail. Work is bounded whatever the text."""
    body = split(message.text)
    work = Work(STEPS)
    own = [_hits("subject", message.subject, rulebook, work), _hits("new", body.new, rulebook, work)]
    found = _verdict(own)
    if found.verdict is not Verdict.REQUEST:
        others = {"quoted": body.quoted, "forwarded": message.forwarded, "attachment": "\n\n".join(message.attachments)}
        whole = _verdict([*own, *(_hits(where, text, rulebook, work) for where, text in others.items())])
        if whole.score > found.score and whole.verdict is not Verdict.UNRELATED:
            # a request in the words of somebody else, or in the name of a file: a person must look
            found = replace(whole, verdict=Verdict.UNCERTAIN, marks=(*whole.marks, _origin(whole)))
    return _finished(found, message, body.new, dense=work.left < 0)


def _origin(found: Classification) -> str:
    places = {evidence.where for evidence in found.evidence if evidence.weight > 0}
    return next((place for place in ("attachment", "forwarded") if place in places), "quoted")


def _finished(found: Classification, message: InboundMessage, new: str, *, dense: bool) -> Classification:
    """Raise `unrelated` to `uncertain` where the mail may hold what we cannot read."""
    if found.verdict is not Verdict.UNRELATED:
        return found
    mark = None
    documents = [name for name in message.attachments if name.lower().endswith(_DOCUMENTS)]
    if dense:
        mark = "dense"
    elif _ENCRYPTED & set(message.content_types) and len(new.split()) < _READABLE:
        mark = "encrypted"
    elif documents and len(new.split()) < _SHORT and len(message.subject.split()) < _SHORT:
        mark = "attachment"
    return found if mark is None else replace(found, verdict=Verdict.UNCERTAIN, marks=(*found.marks, mark))


def _verdict(parts: Sequence[Sequence[_Hit]]) -> Classification:
    """The verdict of the language that weighs most; the rights of every language that says `request` by itself."""
    tallies = _tallies(parts)
    if not tallies:
        return Classification(Verdict.UNRELATED)
    language, best = max(tallies.items(), key=lambda item: item[1].score)
    agreeing = [tally for tally in tallies.values() if tally is best or tally.score >= REQUEST_AT]
    evidence = [hit.evidence for tally in agreeing for hit in tally.fired.values()]
    evidence += [silenced for tally in agreeing for silenced in tally.silenced.values()]
    if best.score < UNCERTAIN_AT:
        return Classification(Verdict.UNRELATED, score=best.score, evidence=tuple(evidence))
    rights = {right for tally in agreeing for right in tally.rights} or {Right.ACCESS}
    marks = dict.fromkeys(mark for tally in agreeing for hit in tally.fired.values() for mark in hit.rule.marks)
    return Classification(
        Verdict.REQUEST if best.score >= REQUEST_AT else Verdict.UNCERTAIN,
        tuple(right for right in Right if right in rights),
        language,
        best.score,
        tuple(evidence),
        tuple(marks),
    )


def _tallies(parts: Sequence[Sequence[_Hit]]) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for hits in parts:
        for hit in hits:
            tally = tallies[hit.rule.language]
            if hit.silent:
                tally.silenced.setdefault(hit.evidence.rule, hit.evidence)
            elif not hit.rule.near or _is_near(hit, hits, parts[0]):
                tally.fired.setdefault(hit.rule.name, hit)
    return tallies


def _is_near(hit: _Hit, neighbours: Sequence[_Hit], subject: Sequence[_Hit]) -> bool:
    """Whether one of the rules that it needs fired close by; the subject is close to everything."""
    return any(
        other.rule.language == hit.rule.language and not other.silent and is_named(hit.rule.near, other.rule.name)
        for other in (*neighbours, *subject)
        if other.evidence.where != hit.evidence.where or abs(other.sentence - hit.sentence) <= REACH
    )


def _hits(where: str, whole: str, rulebook: Rulebook, work: Work) -> list[_Hit]:
    """The rules that fire in a part of the mail, sentence by sentence."""
    text = clean(whole)
    if len(whole) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT]
    sentences = sentences_of(text)
    length = sum(len(sentence.words) for sentence in sentences)
    known: set[tuple[str, ...]] = set()
    hits: list[_Hit] = []
    for number, sentence in enumerate(sentences):
        key = tuple(sentence.words)
        if key not in known and work.left > 0:
            known.add(key)
            hits += _fired(number, sentence, where, text, length, rulebook, work)
    return hits


def _fired(
    number: int, sentence: Sentence, where: str, text: str, length: int, rulebook: Rulebook, work: Work
) -> Iterator[_Hit]:
    """The rules that match in one sentence; what others silence there comes along as silent."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for key, span in rulebook.book.matches(sentence.words, work):
        spans[key].append(span)
    if not spans:
        return
    places = sentence.places()
    matched = {
        rulebook.rules[key // 2]: sorted(spans[key])
        for key in spans
        if key % 2 == 0 and _applies(rulebook.rules[key // 2], where, length)
    }
    unless = {rulebook.rules[key // 2]: min(spans[key]) for key in spans if key % 2}

    def quote(span: Span) -> str:
        return text[places[span[0]][0] : places[span[1] - 1][1]][:_EVIDENCE_LETTERS]

    for rule, stands in sorted(matched.items(), key=lambda item: item[1][0]):
        by = f'unless "{quote(unless[rule])}"' if rule in unless else None
        by, rights, stand = (by, rule.rights, stands[0]) if by else _left(rule, stands, matched, unless)
        label = f"{rule.label}: {by}" if by else rule.label
        evidence = Evidence(label, quote(stand), where, places[stand[0]][0], 0.0 if by else rule.weight)
        yield _Hit(rule, evidence, rights, number, silent=by is not None)


def _left(
    rule: Rule, stands: Sequence[Span], matched: dict[Rule, list[Span]], unless: Iterable[Rule]
) -> tuple[str | None, tuple[Right, ...], Span]:
    """What other rules leave of a rule in its sentence: who silenced it or None, its rights, where it stands."""
    rights, standing = rule.rights, list(stands)
    for other, places in matched.items():
        if other is rule or other in unless or other.language != rule.language:
            continue
        if other.cancels and not rule.cancels:
            rights = tuple(right for right in rights if right not in other.cancels)
            if is_named(other.cancels, rule.name) or (rule.rights and not rights):
                return f"cancelled by {other.name}", (), stands[0]
        if other.absorbs and (is_named(other.absorbs, rule.name) or set(rule.rights) & set(other.absorbs)):
            standing = [span for span in standing if not any(span[0] < end and begin < span[1] for begin, end in places)]
            if not standing:
                return f"absorbed by {other.name}", (), stands[0]
    return None, rights, standing[0]


def _applies(rule: Rule, where: str, length: int) -> bool:
    if rule.short and length > _FEW:
        return False
    return rule.where == "anywhere" or (rule.where == "subject") == (where == "subject")
