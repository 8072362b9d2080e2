"""What a mail asks for: rules fire sentence by sentence, their weights add up, the sum is the verdict.

New text counts before quoted text: a request that stands only in what the writer quotes or forwards is `uncertain`, for a
person to judge. The language is that whose rules weighed most.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inbox_bot.domain.body import split
from inbox_bot.domain.lexicon import Frame, Rule, Rulebook, is_named
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.pattern import Span, Work
from inbox_bot.domain.request import Evidence, Right, Verdict
from inbox_bot.domain.words import Sentence, clean, sentences_of

REQUEST_AT = 10.0
UNCERTAIN_AT = 5.0
# What must speak for a right that no weighty rule names.
_ALSO = 8.0
_NEARLY = 0.6
# Sentences between a rule and the one it must be near to.
REACH = 3
# No letter of a person needs this many steps; a text made to be dense stops here, and is uncertain.
STEPS = 250_000
_READABLE = 30  # words: more than a cover note that says "see the encrypted part"
_SHORT = 4  # words: less than this is no text, but perhaps a cover for what is attached
_EVIDENCE_LETTERS = 160
_ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime", "application/ms-tnef"}
_DOCUMENTS = tuple(
    [".pdf", ".doc", ".docx", ".odt", ".rtf", ".txt", ".jpg", ".jpeg", ".png", ".heic", ".tif", ".tiff", ".p7m"]
)


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


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the mail: where, the rules that hit in it, how many words it has."""

    where: str
    hits: tuple[_Hit, ...]
    length: int


@dataclass(slots=True)
class _Tally:
    """What one language's rules found: each rule once, and the frames that their hits fill with their sums."""

    fired: dict[str, _Hit] = field(default_factory=dict)
    silenced: dict[str, Evidence] = field(default_factory=dict)
    frames: dict[Frame, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return sum(hit.rule.weight for hit in self.fired.values()) + max(self.frames.values(), default=0.0)

    @property
    def rights(self) -> set[Right]:
        """What is asked for: what a weighty rule names, and what nearly as much speaks for as for the strongest."""
        strong: dict[Right, float] = {}
        faint: dict[Right, float] = defaultdict(float)
        for hit in self.fired.values():
            for right in hit.rights:
                if hit.rule.weight > UNCERTAIN_AT:
                    strong[right] = max(strong.get(right, 0.0), hit.rule.weight)
                else:
                    faint[right] += hit.rule.weight
        for frame, weight in self.frames.items():
            for right in frame.rights:
                faint[right] += weight
        spoken = {right: strong.get(right, 0.0) + faint[right] for right in Right}
        strongest = max(spoken.values())
        enough = max(_ALSO, strongest * _NEARLY) if strong else strongest - 2
        return set(strong) | {right for right, weight in spoken.items() if weight > 0 and weight >= enough}

    @property
    def marks(self) -> Iterator[str]:
        for rule in (*(hit.rule for hit in self.fired.values()), *self.frames):
            yield from rule.marks

    @property
    def evidence(self) -> Iterator[Evidence]:
        yield from (hit.evidence for hit in self.fired.values())
        for frame, weight in self.frames.items():
            hits = [hit.evidence for name, hit in self.fired.items() if name in frame.adds]
            first = next(self.fired[name].evidence for name in frame.needs if name in self.fired)
            words = " + ".join(dict.fromkeys(evidence.words for evidence in hits))[:_EVIDENCE_LETTERS]
            yield Evidence(frame.label, words, first.where, first.offset, weight)
        yield from self.silenced.values()


def classify(message: InboundMessage, rulebook: Rulebook) -> Classification:
    """Classify one mail. Work is bounded whatever the text."""
    body = split(message.text)
    work = Work(STEPS)
    own = [_part("subject", message.subject, rulebook, work), _part("new", body.new, rulebook, work)]
    found = _verdict(_tallies(own, rulebook.frames))
    if found.verdict is not Verdict.REQUEST:
        others = {"quoted": body.quoted, "forwarded": message.forwarded, "attachment": "\n\n".join(message.attachments)}
        parts = [*own, *(_part(where, text, rulebook, work) for where, text in others.items())]
        whole = _verdict(_tallies(parts, ()))
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


def _verdict(tallies: Mapping[str, _Tally]) -> Classification:
    """The verdict of the language that weighs most; the rights of every language that says `request` by itself."""
    if not tallies:
        return Classification(Verdict.UNRELATED)
    language, best = max(tallies.items(), key=lambda item: item[1].score)
    agreeing = [tally for tally in tallies.values() if tally is best or tally.score >= REQUEST_AT]
    evidence = tuple(evidence for tally in agreeing for evidence in tally.evidence)
    if best.score < UNCERTAIN_AT:
        return Classification(Verdict.UNRELATED, score=best.score, evidence=evidence)
    rights = {right for tally in agreeing for right in tally.rights} or {Right.ACCESS}
    return Classification(
        Verdict.REQUEST if best.score >= REQUEST_AT else Verdict.UNCERTAIN,
        tuple(right for right in Right if right in rights),
        language,
        best.score,
        evidence,
        tuple(dict.fromkeys(mark for tally in agreeing for mark in tally.marks)),
    )


def _tallies(parts: Sequence[_Part], frames: Iterable[Frame]) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for part in parts:
        for hit in part.hits:
            tally = tallies[hit.rule.language]
            if hit.silent:
                tally.silenced.setdefault(hit.evidence.rule, hit.evidence)
            elif not hit.rule.near or _is_near(hit, part.hits, parts[0].hits):
                tally.fired.setdefault(hit.rule.name, hit)
    for frame in frames:
        if frame.language in tallies:
            tally = tallies[frame.language]
            weight = _filled(frame, tally, parts)
            if weight >= UNCERTAIN_AT:
                tally.frames[frame] = weight
    return tallies


def _filled(frame: Frame, tally: _Tally, parts: Sequence[_Part]) -> float:
    """The best sum of a frame: around one of its needs what adds to it, from all the mail what takes away."""
    length = sum(part.length for part in parts)
    if 0 < frame.longest < length or not any(name in tally.fired for name in frame.needs):
        return 0.0
    minus = sum(weight for name, weight in frame.adds.items() if weight < 0 and name in tally.fired)
    best = 0.0
    for part in parts:
        for need in part.hits:
            if need.rule.name in frame.needs and need.rule.name in tally.fired and not need.silent:
                close = {hit.rule.name for hit in _close(need, part.hits, parts[0].hits)} & tally.fired.keys()
                best = max(best, sum(weight for name, weight in frame.adds.items() if weight > 0 and name in close))
    return best + minus


def _is_near(hit: _Hit, neighbours: Sequence[_Hit], subject: Sequence[_Hit]) -> bool:
    """Whether one of the rules that it needs fired close by."""
    return any(is_named(hit.rule.near, other.rule.name) for other in _close(hit, neighbours, subject))


def _close(hit: _Hit, neighbours: Sequence[_Hit], subject: Sequence[_Hit]) -> Iterator[_Hit]:
    """What fired within a few sentences of a hit; the subject is close to everything."""
    for other in (*neighbours, *subject):
        far = other.evidence.where == hit.evidence.where and abs(other.sentence - hit.sentence) > REACH
        if not far and not other.silent and other.rule.language == hit.rule.language:
            yield other


def _part(where: str, whole: str, rulebook: Rulebook, work: Work) -> _Part:
    """A part of the mail with the rules that hit in it, sentence by sentence."""
    text = clean(whole)
    sentences = sentences_of(text)
    length = sum(len(sentence.words) for sentence in sentences)
    known: set[tuple[str, ...]] = set()
    hits: list[_Hit] = []
    for number, sentence in enumerate(sentences):
        key = tuple(sentence.words)
        if key not in known and work.left > 0:
            known.add(key)
            hits += _fired(number, sentence, where, text, length, rulebook, work)
    return _Part(where, tuple(hits), length)


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
            standing = [
                span for span in standing if not any(span[0] < end and begin < span[1] for begin, end in places)
            ]
            if not standing:
                return f"absorbed by {other.name}", (), stands[0]
    return None, rights, standing[0]


def _applies(rule: Rule, where: str, length: int) -> bool:
    if 0 < rule.longest < length:
        return False
    return rule.where == "anywhere" or (rule.where == "subject") == (where == "subject")
