"""Text as words for matching: folded and cut into sentences. What is shown to a person is never folded.

Folding makes equal what people and tricks make different: case, accents (whether typed or forgotten), compatibility
forms, zero-width characters, and letters of another script that look alike in a word that mixes scripts.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

TEXT_LIMIT = 65536
# A sentence without an end is cut, so that a window of words stays a window.
_LONGEST_SENTENCE = 80

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_PIECE = re.compile(
    r"(?P<word>[^\W_]+)"
    r"|(?P<item>\n[ \t>|]*(?:[-*•–—·▪●]|\(?(?P<label>\w{1,3})[.)])(?=[ \t]))"
    r"|(?P<end>[.!?…;·]+(?=[\s\"'»”)\]]|$)|\n[ \t>|]*\n|[\u3002\uff01\uff1f])"
)
# A full stop behind these ends no sentence where a name, a number or a small letter follows.
_BEFORE_NAMES = frozenset("mr mrs ms dr st prof sr sra ust dna pan dipl ing mag hr fr dott sig avv mme mlle".split())
_BEFORE_SMALL = frozenset(
    "art arts abs no nr nro num lit vs ie eg al par sec cf ca approx ref resp ev bzw ggf usw pp inc ltd para reg ods"
    " pkt st cl odst pism lett co np tj tzn bl e g i z b d p s c n r m in a ust str kap pct poz dz".split()
)
# Letters without a decomposition that people type as plain ones when their keyboard lacks them.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "þ": "th", "ŋ": "n", "ς": "σ"}
)
# Cyrillic and Greek letters that pass for Latin ones.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝмтвкнг" + "αεορτυνικχηβμ",
    "aeopcyxijsdhlqwmtbkhr" + "aeoptuvikxnbm",
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """The folded words of a sentence, and for each where it starts and ends in the cleaned text."""

    words: list[str] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)


def clean(text: str) -> str:
    """The text as it is matched and quoted as evidence: capped, without invisible characters or line-end variants."""
    capped = text[:TEXT_LIMIT].replace("\r\n", "\n").replace("\r", "\n")
    if capped.isascii():
        return capped
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", capped))[:TEXT_LIMIT]


@lru_cache(maxsize=32768)
def fold(word: str) -> str:
    """One word folded for matching."""
    if word.isascii():
        return word.lower()
    lowered = unicodedata.normalize("NFKD", word.casefold()).translate(_PLAIN_LETTERS)
    bare = "".join(letter for letter in lowered if not unicodedata.combining(letter))
    return bare if bare.isascii() else _unmixed(bare)


def _unmixed(word: str) -> str:
    """A word of Latin and other letters, with the others read as the Latin ones they resemble."""
    mixed = any("a" <= letter <= "z" for letter in word)
    return word.translate(_LOOK_ALIKES) if mixed else word


def words_of(text: str) -> tuple[str, ...]:
    """The folded words of a phrase."""
    return tuple(fold(piece[0]) for piece in _PIECE.finditer(text) if piece.lastgroup == "word")


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of a cleaned text, none of them empty. Linear in its length."""
    sentence = Sentence()
    sentences = [sentence]
    words, places = sentence.words, sentence.places
    for piece in _PIECE.finditer(text):
        kind = piece.lastgroup
        if kind == "word":
            if len(words) < _LONGEST_SENTENCE:
                words.append(fold(piece[0]))
                places.append(piece.span())
                continue
        elif not words or (kind == "end" and _only_abbreviates(piece, words[-1], places[-1][1], text)):
            continue
        sentence = Sentence()
        sentences.append(sentence)
        words, places = sentence.words, sentence.places
        label = "label" if kind == "item" else "word"
        if piece[label]:
            words.append(fold(piece[label]))
            places.append(piece.span(label))
    return sentences if words else sentences[:-1]


def _only_abbreviates(piece: re.Match[str], before: str, end: int, text: str) -> bool:
    """Whether a full stop belongs to the word before it: `Dr. Jones`, `Art. 15`, `e. g. this`."""
    if piece[0] != "." or piece.start() != end:
        return False
    if before in _BEFORE_NAMES:
        return True
    following = text[piece.end() : piece.end() + 3].lstrip()[:1]
    return (following.islower() and before in _BEFORE_SMALL) or (following.isdigit() and len(before) <= 4)
