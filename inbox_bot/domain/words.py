"""Text as words for matching: folded, numbered, cut into sentences. What is shown to a person is never folded.

Folding makes equal what people and tricks make different: case, accents (whether typed or forgotten), compatibility
forms, zero-width characters, and letters of another script that look alike in a word that mixes scripts.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

TEXT_LIMIT = 65536
# A sentence without an end is cut, so that a window of words stays a window.
_LONGEST_SENTENCE = 80

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_PIECE = re.compile(
    r"(?P<word>[^\W_]+)"
    r"|(?P<end>[.!?…;·]+(?=[\s\"'»”)\]]|$)|\n[ \t>|]*\n|\n[ \t>|]*(?:[-*•–—·▪●]|\(?\w{1,3}[.)])[ \t]|[\u3002\uff01\uff1f])"
)
_ABBREVIATIONS = frozenset(
    [
        "art",
        "arts",
        "abs",
        "no",
        "nr",
        "nro",
        "num",
        "lit",
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "vs",
        "e",
        "g",
        "i",
        "z",
        "b",
        "d",
        "ie",
        "eg",
        "sr",
        "sra",
        "ust",
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
        "p",
        "s",
        "c",
        "inc",
        "ltd",
        "para",
        "reg",
        "ods",
        "pkt",
        "ust",
        "št",
        "čl",
        "cl",
        "odst",
        "písm",
        "lett",
        "co",
        "n",
        "r",
        "np",
        "tj",
        "tzn",
        "m",
        "in",
        "bl",
        "a",
    ]
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
class Word:
    """A folded word, where it starts and ends in the cleaned text, and the number of its sentence."""

    folded: str
    start: int
    end: int
    sentence: int


def clean(text: str) -> str:
    """The text as it is matched and quoted as evidence: capped, without invisible characters or line-end variants."""
    capped = text[:TEXT_LIMIT].replace("\r\n", "\n").replace("\r", "\n")
    return capped if capped.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", capped))


@lru_cache(maxsize=65536)
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


def split_words(text: str) -> list[Word]:
    """The words of a cleaned text, in order. Linear in its length."""
    words: list[Word] = []
    sentence, length = 0, 0
    for piece in _PIECE.finditer(text):
        if piece.lastgroup == "word":
            if length >= _LONGEST_SENTENCE:
                sentence, length = sentence + 1, 0
            words.append(Word(fold(piece[0]), piece.start(), piece.end(), sentence))
            length += 1
        elif length and not _only_abbreviates(piece, words[-1], text):
            sentence, length = sentence + 1, 0
            if piece[0][0] == "\n" and piece[0][-1] in " \t":
                words.extend(_list_label(piece, sentence))
    return words


def _list_label(piece: re.Match[str], sentence: int) -> list[Word]:
    """The number or letter of a list item is a word too: `15.` may be an article."""
    label = re.search(r"[^\W_]+", piece[0])
    if label is None:
        return []
    start = piece.start() + label.start()
    return [Word(fold(label[0]), start, start + len(label[0]), sentence)]


def _only_abbreviates(piece: re.Match[str], before: Word, text: str) -> bool:
    if piece[0] != "." or piece.start() != before.end:
        return False
    following = text[piece.end() : piece.end() + 3].lstrip()
    return before.folded in _ABBREVIATIONS or (following[:1].isdigit() and len(before.folded) <= 4)
