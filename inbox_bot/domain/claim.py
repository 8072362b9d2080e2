"""The day on which somebody says that they wrote before: "I asked you on 3 March and heard nothing".

Their month may have run out on a mail that nobody knows of, so the owner must look for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import takewhile

from inbox_bot.domain.words import fold

_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})\s?([./-])\s?(\d{1,2})(?:\s?\2\s?(\d{4}|\d{2}))?(?!\d)")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
# Words so short may stand between the number of a day and its month: the 3rd of March, 3 de marzo, March the 3rd.
_SHORT = 3
_BETWEEN = 2
_ROUND_THE_CLOCK = ("24", "/", "7", "")
# Months inflect behind their stem: márciusban, maaliskuussa. A shorter name must stand as it is.
_SHORTEST_STEM = 4
_YEARS = 3


def claimed_on(sentences: Iterable[str], months: Mapping[str, int], received_on: date) -> date | None:
    """The earliest past day named in these sentences, no more than three years back; None where there is none.

    months: names of the months in the language, in small letters. A day without a year is the last such day before
    received_on; 3/4 is the third of April, but for 3/14.
    """
    folded = {fold(name): number for name, number in months.items()}
    found = [day for sentence in sentences for day in _named(sentence, folded, received_on)]
    earliest = received_on.replace(year=received_on.year - _YEARS, day=1)
    return min((day for day in found if earliest <= day <= received_on), default=None)


def _named(sentence: str, months: Mapping[str, int], received_on: date) -> Iterator[date]:
    for match in _NUMERIC.findall(sentence):
        first, separator, second, third = match
        if match == _ROUND_THE_CLOCK:
            continue
        if len(first) > 2:
            yield from _day(int(first), int(second), third, received_on) if separator == "-" or third else ()
        elif third or separator != "-":
            day, month = (int(first), int(second)) if int(second) <= 12 else (int(second), int(first))
            yield from _day(third, month, day, received_on)
    tokens = _TOKEN.findall(sentence)
    for index, token in enumerate(tokens):
        month = 0 if token.isdigit() else _month(fold(token), months)
        if month:
            yield from _beside(tokens, index, month, received_on)


def _month(word: str, months: Mapping[str, int]) -> int:
    if word in months:
        return months[word]
    stems = (number for name, number in months.items() if len(name) >= _SHORTEST_STEM and word.startswith(name))
    return next(stems, 0)


def _beside(tokens: Sequence[str], index: int, month: int, received_on: date) -> Iterator[date]:
    """The day whose number stands before the month, or else behind it; its year behind both, or before the month."""
    before = _numbers(tokens[max(0, index - 1 - _BETWEEN) : index][::-1])[:1]
    behind = _numbers(tokens[index + 1 : index + 3 + _BETWEEN])
    days = [token for token in (*before, *behind) if len(token) <= 2]
    years = [token for token in (*behind, *before) if len(token) == 4]
    if days:
        yield from _day(years[0] if years else "", month, days[0], received_on)


def _numbers(tokens: Sequence[str]) -> list[str]:
    """The numbers that follow each other with nothing but short words between them."""
    near = takewhile(lambda token: token.isdigit() or len(token) <= _SHORT, tokens)
    return [token for token in near if token.isdigit()]


def _day(year: str | int, month: int, day: str | int, received_on: date) -> Iterator[date]:
    given = int(year or received_on.year)
    with suppress(ValueError):
        found = date(given if given > 99 else 2000 + given, month, int(day))
        if found > received_on and not year:
            found = found.replace(year=found.year - 1)
        yield found
