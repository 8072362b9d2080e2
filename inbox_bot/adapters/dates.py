"""The one door of babel: days in the words of a language, and the names of its months."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_month_names

# Whose conventions stand for a language: Brazil writes dates as Portugal does, the United States unlike most.
_LOCALES = {"en": "en_GB", "no": "nb", "pt": "pt_PT"}
# Without the comma of CLDR's full form, which is American.
_PATTERNS = {"en": "EEEE d MMMM y"}
_ENGLISH = "en_GB"


def in_words(day: date, language: str) -> str:
    """A day that no country reads backwards: `Wednesday 2 December 2026`; English where a language is not known."""
    return format_date(day, _PATTERNS.get(language, "full"), _locale(language))


@cache
def months(language: str) -> Mapping[str, int]:
    """The names of the months as they are written beside a day, alone, and short; in small letters, without dots."""
    return dict(_names(_locale(language)))


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(_LOCALES.get(language, language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_ENGLISH)


def _names(locale: Locale) -> Iterator[tuple[str, int]]:
    for width in ("abbreviated", "wide"):
        for context in ("format", "stand-alone"):
            for number, name in get_month_names(width, context, locale).items():
                yield name.casefold().rstrip("."), number
