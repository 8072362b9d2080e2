"""What a mail asks for: rules fire sentence by sentence, their weights add up, the sum is the verdict.

New text counts before quoted text: a request that stands only in what the writer quotes or forwards is `uncertain`,
for a person to judge. The language is that whose rules weighed most.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inbox_bot.domain.body import split
from inbox_bot.domain.hits import Hit, Part, close_to, part_of, passage
from inbox_bot.domain.lexicon import Frame, is_named
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.pattern import Work
from inbox_bot.domain.request import CHASER, Evidence, Right, Verdict
from inbox_bot.domain.rulebook import SHARE, Rulebook

REQUEST_AT = 10.0
UNCERTAIN_AT = 5.0
# Below it a sum of signs says nothing: half of what is met there is ordinary mail.
_FRAME_AT = 5.5
# No letter of a person needs this many steps; a text made to be dense stops here, and is uncertain.
STEPS = 160_000
# What must speak for a right that no weighty rule names, and what share of what speaks for the strongest.
_ALSO = 8.0
_NEARLY = 0.6
_EVIDENCE_LETTERS = 160
_READABLE = 30  # words: more than a cover note that says "see the encrypted part"
_SHORT = 4  # words: less than this is no text, but perhaps a cover for what is attached
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
    evidence: every rule that weighs; at weight 0 also those that something silenced, with what did.
    marks: `urgent`, `agent`, `child`, `chaser`, `quoted`, `forwarded`, `attachment`, `signature`,
    `encrypted`, `dense`. chasing: the sentences in which somebody says that they asked before.
    """

    verdict: Verdict
    rights: tuple[Right, ...] = ()
    language: str | None = None
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    marks: tuple[str, ...] = ()
    chasing: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """What one language's rules found: each rule once, and the frames that their hits fill, with their sums."""

    fired: dict[str, Hit] = field(default_factory=dict)
    silenced: dict[str, Hit] = field(default_factory=dict)
    frames: dict[Frame, float] = field(default_factory=dict)

    @property
    def score(self) -> float:
        return sum(hit.rule.weight for hit in self.fired.values()) + max(self.frames.values(), default=0.0)

    @property
    def strong(self) -> dict[Right, float]:
        """What a weighty rule names, with the weight of the weightiest."""
        strong: dict[Right, float] = {}
        for hit in self.fired.values():
            for right in hit.rights if hit.rule.weight > UNCERTAIN_AT else ():
                strong[right] = max(strong.get(right, 0.0), hit.rule.weight)
        return strong

    @property
    def rights(self) -> set[Right]:
        """What is asked for: what a weighty rule names, and what nearly as much speaks for as for the strongest."""
        strong = self.strong
        faint: dict[Right, float] = defaultdict(float)
        for hit in self.fired.values():
            for right in hit.rights if hit.rule.weight <= UNCERTAIN_AT else ():
                faint[right] += hit.rule.weight
        for frame, weight in self.frames.items():
            for right in frame.rights:
                faint[right] += weight
        for right in {right for frame in self.frames for right in frame.over}:
            faint[right] = 0.0
        spoken = {right: strong.get(right, 0.0) + faint[right] for right in Right}
        strongest = max(spoken.values())
        enough = max(_ALSO, strongest * _NEARLY) if strong else strongest - 2
        return set(strong) | {right for right, weight in spoken.items() if weight > 0 and weight >= enough}

    @property
    def marks(self) -> Iterator[str]:
        for hit in self.fired.values():
            yield from hit.rule.marks
        for frame in self.frames:
            yield from frame.marks

    @property
    def chasing(self) -> Iterator[str]:
        return (hit.sentence.text for hit in self.fired.values() if CHASER in hit.rule.marks)

    def evidence(self, *, whole: bool) -> Iterator[Evidence]:
        """What counted, and what was silenced. whole: the faint signs too, and what each gave to a frame."""
        yield from (hit.evidence for hit in self.fired.values() if whole or hit.rule.weight or hit.rule.marks)
        for frame, weight in self.frames.items():
            signs = {name: hit.words for name, hit in self.fired.items() if name in frame.adds}
            first = next(self.fired[name] for name in frame.needs if name in self.fired)
            words = " + ".join(dict.fromkeys(signs.values()))[:_EVIDENCE_LETTERS]
            told = ", ".join(f"{name} {frame.adds[name]:+g} “{said}”" for name, said in signs.items())
            yield Evidence(frame.label, told if whole else words, first.where, first.offset, weight)
        yield from (hit.evidence for hit in self.silenced.values() if whole or hit.rule.weight)


def classify(message: InboundMessage, rulebook: Rulebook, *, whole: bool = False) -> Classification:
    """Classify one mail. Work is bounded whatever the text. whole: the evidence tells every rule that fired."""
    body = split(message.text)
    own = [passage("subject", message.subject), passage("new", body.new)]
    others = [
        # what looks like a signature may be the letter itself, below a line of two hyphens
        passage("signature", body.signature),
        passage("quoted", body.quoted),
        passage("forwarded", message.forwarded),
        passage("attachment", "\n\n".join(message.attachments)),
    ]
    spoken = rulebook.spoken(one.words for each in [*own, *others] for one in each.sentences)
    speeches = [rulebook.speech(language) for language in spoken]
    work = Work(STEPS)
    faint = sum(each.length for each in own) <= max((speech.longest for speech in speeches), default=0)
    parts = [part_of(each, speeches, work, faint=faint) for each in own]
    # signs are mere words, which languages share: they say nothing in a language that the text is hardly in
    frames = [frame for speech in speeches if spoken[speech.language] >= SHARE for frame in speech.frames]
    found = _verdict(_tallies(parts, frames), spoken, whole=whole)
    if found.verdict is not Verdict.REQUEST:
        parts += (part_of(each, speeches, work, faint=False) for each in others)
        every = _verdict(_tallies(parts, ()), spoken, whole=whole)
        if every.score > found.score and every.verdict is not Verdict.UNRELATED:
            # a request in the words of somebody else, or in the name of a file: a person must look
            found = replace(every, verdict=Verdict.UNCERTAIN, marks=(*every.marks, _origin(every)))
    return _finished(found, message, body.new, dense=work.left < 0)


def _origin(found: Classification) -> str:
    places = {evidence.where for evidence in found.evidence if evidence.weight > 0}
    return next((place for place in ("attachment", "forwarded", "signature") if place in places), "quoted")


def _finished(found: Classification, message: InboundMessage, new: str, *, dense: bool) -> Classification:
    """Raise `unrelated` to `uncertain` where the mail may hold what we cannot read."""
    if found.verdict is not Verdict.UNRELATED:
        return found
    mark = None
    words = len(new.split())
    documents = [name for name in message.attachments if name.lower().endswith(_DOCUMENTS)]
    if dense:
        mark = "dense"
    elif _ENCRYPTED & set(message.content_types) and words < _READABLE:
        mark = "encrypted"
    elif documents and words < _SHORT and len(message.subject.split()) < _SHORT:
        mark = "attachment"
    return found if mark is None else replace(found, verdict=Verdict.UNCERTAIN, marks=(*found.marks, mark))


def _verdict(tallies: Mapping[str, _Tally], spoken: Mapping[str, float], *, whole: bool) -> Classification:
    """The strongest verdict of any language; of several languages, that which the text is most likely in.

    Another language that the text may be in as well, and that says `request` too, adds what its weighty rules name. Its
    frames add nothing: their signs are mere words, which two languages may share.
    """
    if not tallies:
        return Classification(Verdict.UNRELATED)
    ranks = {language: (_level(tally.score), spoken[language], tally.score) for language, tally in tallies.items()}
    language = max(ranks, key=lambda one: ranks[one])
    best = tallies[language]
    agreeing = [best]
    for other, tally in tallies.items():
        if tally is not best and tally.score >= REQUEST_AT and spoken[other] >= SHARE:
            agreeing.append(tally)
    shown = tallies.values() if whole else agreeing
    evidence = tuple(evidence for tally in shown for evidence in tally.evidence(whole=whole))
    if best.score < UNCERTAIN_AT:
        return Classification(Verdict.UNRELATED, score=best.score, evidence=evidence)
    rights = best.rights.union(*(tally.strong for tally in agreeing)) or {Right.ACCESS}
    return Classification(
        Verdict.REQUEST if best.score >= REQUEST_AT else Verdict.UNCERTAIN,
        tuple(right for right in Right if right in rights),
        language,
        best.score,
        evidence,
        tuple(dict.fromkeys(mark for tally in agreeing for mark in tally.marks)),
        tuple(dict.fromkeys(sentence for tally in agreeing for sentence in tally.chasing)),
    )


def _level(score: float) -> int:
    return (score >= UNCERTAIN_AT) + (score >= REQUEST_AT)


def _tallies(parts: Sequence[Part], frames: Iterable[Frame]) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for part in parts:
        for hit in part.hits:
            tally = tallies[hit.rule.language]
            if hit.silent:
                tally.silenced.setdefault(hit.rule.name, hit)
            elif hit.rule.name not in tally.fired and (not hit.rule.near or _is_near(hit, parts)):
                tally.fired[hit.rule.name] = hit
    for frame in frames:
        if frame.language in tallies:
            tally = tallies[frame.language]
            weight = _filled(frame, tally, parts)
            if weight >= _FRAME_AT:
                tally.frames[frame] = weight
    return tallies


def _is_near(hit: Hit, parts: Iterable[Part]) -> bool:
    """Whether one of the rules that it needs fired close by."""
    return any(is_named(hit.rule.near, rule.name) for rule in close_to(hit, parts))


def _filled(frame: Frame, tally: _Tally, parts: Sequence[Part]) -> float:
    """The best sum of a frame: around one of its needs what adds to it, from all the mail what takes away."""
    length = sum(part.length for part in parts)
    if 0 < frame.longest < length or not any(name in tally.fired for name in frame.needs):
        return 0.0
    if any(is_named(frame.unless, name) for name in tally.fired):
        return 0.0
    minus = sum(weight for name, weight in frame.adds.items() if weight < 0 and name in tally.fired)
    best = 0.0
    for need in (hit for part in parts for hit in part.hits):
        if need.rule.language == frame.language and need.rule.name in frame.needs and not need.silent:
            close = {rule.name for rule in close_to(need, parts)} & tally.fired.keys()
            if need.rule.name in close and (not frame.also or not close.isdisjoint(frame.also)):
                best = max(best, sum(weight for name, weight in frame.adds.items() if weight > 0 and name in close))
    return best + minus
