"""Text as words for matching: folded and cut into sentences. What is shown to a person is never folded.

Folding makes equal what people and tricks make different: case, accents (whether typed or forgotten), compatibility
forms, zero-width characters, and letters of another script that look alike in a word that mixes scripts.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise

TEXT_LIMIT = 65536
# 64 KiB of a natural language hold fewer words and sentences; a text made to be dense ends here.
WORD_LIMIT = 12_000
_ENDS_LIMIT = 6_000
# A sentence without an end is cut, so that a window of words stays a window.
LONGEST_SENTENCE = 80

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+")
_LAST_WORD = re.compile(r"[^\W_]+\Z")
_END = re.compile(
    r"\n[ \t>|]*(?:[-*•–—·▪●]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])(?=[ \t])"  # an item of a list
    r"|(?<![.!?…;·])[.!?…;·]++(?=[\s\"'»”)\]]|$)|\n[ \t>|]*\n[\s>|]*+|[\u3002\uff01\uff1f]"
)
# A full stop behind these ends no sentence where a name, a number or a small letter follows.
_BEFORE_NAMES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "prof",
        "sr",
        "sra",
        "ust",
        "dna",
        "pan",
        "dipl",
        "ing",
        "mag",
        "hr",
        "fr",
        "dott",
        "sig",
        "avv",
        "mme",
        "mlle",
        "dvs",
        "dv",
        "dl",
        "dlui",
        "dnei",
        "παρ",
        "αρθρ",
        "αριθ",
        "στοιχ",
        "mevr",
        "dhr",
        "mw",
        "drs",
        "exa",
        "exas",
        "exmo",
        "exmos",
        "dra",
        "sras",
        "gem",
        "geb",
        "inkl",
        "ul",
        "os",
        "im",
        "tel",
        "woj",
    ]
)
_BEFORE_SMALL = frozenset(
    [
        "art",
        "alin",
        "napr",
        "tzv",
        "zak",
        "vc",
        "popr",
        "sb",
        "arts",
        "abs",
        "no",
        "nr",
        "nro",
        "num",
        "lit",
        "vs",
        "ie",
        "eg",
        "al",
        "par",
        "sec",
        "cf",
        "ca",
        "approx",
        "ref",
        "resp",
        "ev",
        "bzw",
        "ggf",
        "usw",
        "pp",
        "inc",
        "ltd",
        "para",
        "reg",
        "ods",
        "pkt",
        "st",
        "cl",
        "odst",
        "pism",
        "lett",
        "co",
        "np",
        "tj",
        "tzn",
        "bl",
        "e",
        "g",
        "i",
        "z",
        "b",
        "d",
        "p",
        "s",
        "c",
        "n",
        "r",
        "m",
        "in",
        "a",
        "ust",
        "str",
        "kap",
        "pct",
        "poz",
        "dz",
    ]
)
# Letters without a decomposition that people type as plain ones when their keyboard lacks them.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "þ": "th", "ŋ": "n", "ς": "σ"}
)
# Cyrillic and Greek letters that pass for Latin ones, and the other way round.
_CYRILLIC = ("аеорсухіјѕԁһӏԛԝмтвкнг", "aeopcyxijsdhlqwmtbkhr")
_GREEK = ("αεορτυνικχηβμ", "aeoptuvikxnbm")
_LOOK_ALIKES = str.maketrans(_CYRILLIC[0] + _GREEK[0], _CYRILLIC[1] + _GREEK[1])
_TO_CYRILLIC = str.maketrans("aeopcyxijsmtbkh", "аеорсухіјѕмтвкн")
_TO_GREEK = str.maketrans("aeoptuvikxhbmnyz", "αεορτυνικχηβμνυζ")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of the cleaned text that holds at least one word. start: its offset there. words: folded."""

    text: str
    start: int
    words: list[str]

    def places(self) -> list[tuple[int, int]]:
        """Where each word starts and ends in the cleaned text."""
        return [(self.start + word.start(), self.start + word.end()) for word in _WORD.finditer(self.text)]


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


def bare(text: str) -> str:
    """A long text in small letters without accents: quickly, and folded no further."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def _unmixed(word: str) -> str:
    """A word of two scripts, with the letters of the rarer one read as those of the other that they resemble."""
    latin = sum("a" <= letter <= "z" for letter in word)
    greek = sum("\u0370" <= letter <= "\u03ff" for letter in word)
    cyrillic = sum("\u0400" <= letter <= "\u052f" for letter in word)
    if not latin:
        return word
    if latin < greek:
        return word.translate(_TO_GREEK)
    return word.translate(_TO_CYRILLIC if latin < cyrillic else _LOOK_ALIKES)


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order."""
    found = _WORD.findall(text)
    return [word.lower() for word in found] if text.isascii() else [fold(word) for word in found]


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of a cleaned text, in order, cut where they are too long.

    Linear in the length of the text, and no more than about WORD_LIMIT words of it.
    """
    sentences: list[Sentence] = []
    start = count = 0
    for end in islice(_END.finditer(text), _ENDS_LIMIT):
        if _only_abbreviates(end, text):
            continue
        for sentence in _cut(text[start : end.start()], start):
            sentences.append(sentence)
            count += len(sentence.words)
        if count >= WORD_LIMIT:
            return sentences
        start = end.end()
    return [*sentences, *_cut(text[start:], start)]


def _cut(text: str, start: int) -> Iterator[Sentence]:
    words = words_of(text)
    if len(words) <= LONGEST_SENTENCE:
        if words:
            yield Sentence(text, start, words)
        return
    places = [word.start() for word in islice(_WORD.finditer(text), WORD_LIMIT)][::LONGEST_SENTENCE]
    for begin, end in pairwise([0, *places[1:], len(text)]):
        piece = text[begin:end]
        yield Sentence(piece, start + begin, words_of(piece)[:LONGEST_SENTENCE])


def _only_abbreviates(end: re.Match[str], text: str) -> bool:
    """Whether a full stop belongs to the word before it: `Dr. Jones`, `Art. 15`, `e. g. this`, `15. cikk`."""
    if end[0] != ".":
        return False
    before = _LAST_WORD.search(text, max(0, end.start() - 8), end.start())
    if before is None:
        return False
    word = fold(before[0])
    if word in _BEFORE_NAMES:
        return True
    following = text[end.end() : end.end() + 3].lstrip()[:1]
    if following.isdigit():
        return len(word) <= 4
    # an ordinal in most languages: 15. cikk, 14. §
    return (following.islower() or following in {"§", "("}) and (word in _BEFORE_SMALL or word.isdigit())
