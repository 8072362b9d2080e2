"""What follows from the country: its law (each file in inbox_bot/law names its places), language and time zone."""

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from inbox_bot.config.kinds import fault
from inbox_bot.domain.law import Law, parse_law

# What people write for a country whose ISO code is another.
_OTHER_NAMES = {"UK": "GB-ENG", "EN": "GB-ENG", "ENG": "GB-ENG", "EL": "GR"}
_SHAPE = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")
_CODE = 'write the ISO 3166-2 code, with the part of the country where holidays differ: "GB-ENG", "DE-BY", "FR"'


@dataclass(frozen=True, slots=True)
class Place:
    """Where the controller is. law: a profile's name, None where none is known. language: ISO 639-1."""

    code: str
    law: str | None
    language: str
    timezone: str


class _Country(BaseModel):
    """One entry of countries.toml; the two maps say which subdivisions differ from their country."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: str
    timezone: str
    choose: bool = False
    subdivisions: tuple[str, ...] = ()
    languages: dict[str, tuple[str, ...]] = {}
    timezones: dict[str, tuple[str, ...]] = {}


@cache
def laws() -> dict[str, Law]:
    """Every law that can be chosen, by its profile's name: one file each in inbox_bot/law."""
    files = sorted(resources.files("inbox_bot").joinpath("law").iterdir(), key=lambda file: file.name)
    names = {file.name.removesuffix(".toml"): file for file in files if file.name.endswith(".toml")}
    return {name: parse_law(name, file.read_text("utf-8")) for name, file in names.items()}


@cache
def _countries() -> dict[str, _Country]:
    text = resources.files("inbox_bot.config").joinpath("countries.toml").read_text("utf-8")
    return {code: _Country.model_validate(entry) for code, entry in tomllib.loads(text).items()}


def checked_country(code: str) -> str:
    """The code as it is, if a place is known by it; else a fault for the configuration to report."""
    shape = _SHAPE.fullmatch(code)
    country = _countries().get(shape[1]) if shape else None
    if not shape or not country:
        raise fault(f'"{code}" is no country that the bot knows', _hint(code) or _CODE)
    if country.choose and not shape[2]:
        raise fault(f'"{code}" alone does not say whose law and holidays apply', _choose(code, country))
    if shape[2] and country.subdivisions and shape[2] not in country.subdivisions:
        raise fault(f'"{code}" is no part of {shape[1]} that the bot knows', _choose(shape[1], country))
    return code


def place_of(code: str) -> Place:
    """The place of a checked code."""
    country_code, _, part = code.partition("-")
    country = _countries()[country_code]
    by_place = {place: law.name for law in laws().values() for place in law.places}
    return Place(
        code=code,
        law=by_place.get(code) or by_place.get(country_code),
        language=_special(country.languages, part) or country.language,
        timezone=_special(country.timezones, part) or country.timezone,
    )


def place_codes() -> tuple[str, ...]:
    """Every code with facts of its own: the countries, and the parts that are listed."""
    return tuple(
        code
        for country_code, country in _countries().items()
        for code in (
            *(() if country.choose else (country_code,)),
            *(f"{country_code}-{part}" for part in country.subdivisions),
        )
    )


def _choose(code: str, country: _Country) -> str:
    return f"choose one of {', '.join(f'{code}-{part}' for part in country.subdivisions)}"


def _special(values: dict[str, tuple[str, ...]], part: str) -> str | None:
    return next((value for value, parts in values.items() if part in parts), None)


def _hint(code: str) -> str:
    upper = code.upper().replace("_", "-")
    if upper in _OTHER_NAMES:
        return f'did you mean "{_OTHER_NAMES[upper]}"?'
    close = difflib.get_close_matches(upper, place_codes(), n=1, cutoff=0.75)
    return f'did you mean "{close[0]}"?' if close else ""
