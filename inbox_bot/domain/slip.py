"""Slips of the finger in long words: which known words may be meant by one that is not known."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

_SHORTEST = 7
_SHORTEST_SWAP = 5
_LONGEST = 24


class Slips:
    """Known words, found again with one letter dropped, added or changed (7 letters or more) or two swapped (5).

    The first letter is never wrong. A slip in one half of a word leaves the other half whole: by that it is found.
    """

    def __init__(self) -> None:
        self._real: set[str] = set()
        self._swappable: set[str] = set()
        self._by_half: dict[str, str] = defaultdict(str)

    def add(self, word: str) -> None:
        """Make a word known."""
        if word not in self._swappable and _SHORTEST_SWAP <= len(word) <= _LONGEST and word.isalpha():
            self._swappable.add(word)
            if len(word) >= _SHORTEST:
                for half in _halves(word, len(word)):
                    self._by_half[half] += f"{word} "

    def except_for(self, words: Iterable[str]) -> None:
        """Name words that are right as they are."""
        self._real.update(words)

    def meant(self, word: str) -> list[str]:
        """The known words that a word may stand for, sorted; none for a word that is right as it is."""
        if not _SHORTEST_SWAP <= len(word) <= _LONGEST or word in self._real or not word.isalpha():
            return []
        meant = {swapped for swapped in _swapped(word) if swapped in self._swappable}
        for length in (len(word) - 1, len(word), len(word) + 1):
            for half in _halves(word, length):
                meant.update(known for known in self._by_half.get(half, "").split() if _one_apart(known, word))
        return sorted(known for known in meant if known[0] == word[0])


def _halves(word: str, length: int) -> Iterator[str]:
    """The keys of a word for known words of a length: its first half, its last."""
    half = length // 2
    yield f"{word[:half]}<{length}"
    yield f"{length}>{word[-half:]}"


def _swapped(word: str) -> Iterator[str]:
    return (word[:index] + word[index + 1] + word[index] + word[index + 2 :] for index in range(1, len(word) - 1))


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter dropped, added or changed makes one word the other."""
    short, long = sorted((one, other), key=len)
    index = next((index for index, letter in enumerate(short) if letter != long[index]), len(short))
    rest = long[index + 1 :]
    return rest == short[index:] or rest == short[index + 1 :]
