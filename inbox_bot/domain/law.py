"""What a law demands of the controller, as data: how long, from when, what stops the clock, where to complain.

A profile is one TOML file; no law has code of its own. Not legal advice: `reviewed` says whether a profile was
checked against its sources, and everything printed from an unreviewed one must say so.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from inbox_bot.domain.request import Right
from inbox_bot.errors import ConfigurationError

_NUMBERS = {1: "one", 2: "two", 3: "three"}
_T = TypeVar("_T")


class Unit(StrEnum):
    """What a period is counted in."""

    MONTHS = "months"
    DAYS = "days"
    WORKING_DAYS = "working_days"


class Effect(StrEnum):
    """What a doubt about identity does to the clock: UK GDPR Art 12A(2) restarts it, the EU GDPR pauses it."""

    RESTARTS = "restarts"
    PAUSES = "pauses"
    NONE = "none"


class Route(StrEnum):
    """Where a data subject may complain."""

    CONTROLLER = "controller"
    REGULATOR = "regulator"
    COURT = "court"


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in one unit; `str()` says it in English: "one month", "45 days"."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        unit = self.unit.replace("_", " ")
        return f"{_NUMBERS.get(self.count, self.count)} {unit.removesuffix('s') if self.count == 1 else unit}"


@dataclass(frozen=True, slots=True)
class Regulator:
    """Who supervises a place. place: ISO 3166-1 or -2 code, or `*` where no other entry fits; phone may be empty."""

    place: str
    name: str
    url: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Law:
    """One law's clock and duties.

    places: ISO 3166-1 or -2 codes it is the default for. rights: those it grants.
    rolls: a period that ends on a day off is prolonged to the next working day.
    respond: the period to answer; None: the law names no number.
    extended: the whole period once extended, counted from the start in one step. announces: it may be extended, but
    by a period the controller names itself. acknowledge: the period to acknowledge a request.
    target: our own earlier aim, never later than the due day.
    identity: what asking for proof of identity does. fee_restarts: a lawful fee restarts the clock when paid.
    clarification_pauses: the rights whose clock stops while the person is asked what they mean.
    complaint: the period to acknowledge a complaint made to the controller, a duty since complaint_since.
    """

    name: str
    title: str
    reviewed: bool
    places: tuple[str, ...]
    rights: frozenset[Right]
    rolls: bool
    respond: Period | None
    extended: Period | None
    announces: bool
    acknowledge: Period | None
    target: Period | None
    identity: Effect
    fee_restarts: bool
    clarification_pauses: frozenset[Right]
    complaint: Period | None
    complaint_since: date | None
    routes: tuple[Route, ...]
    regulators: tuple[Regulator, ...]
    sources: tuple[str, ...]

    @property
    def needs_calendar(self) -> bool:
        """Whether any of its days depends on which days are working days."""
        periods = (self.respond, self.extended, self.acknowledge, self.complaint)
        return self.rolls or any(period.unit is Unit.WORKING_DAYS for period in periods if period)

    def regulator(self, place: str) -> Regulator:
        """The regulator of `place` (ISO 3166-2): its region's, else its country's, else the one marked `*`."""
        by_place = {regulator.place: regulator for regulator in self.regulators}
        return by_place.get(place) or by_place.get(place.partition("-")[0]) or by_place["*"]


def parse_law(name: str, toml_text: str) -> Law:
    """Read the profile `name`; raises ConfigurationError that names the file and the key."""
    try:
        return _Table(tomllib.loads(toml_text)).law(name)
    except (tomllib.TOMLDecodeError, ValueError) as fault:
        raise ConfigurationError(f"law/{name}.toml: {fault}", remedy="Compare it with law/uk_gdpr.toml.") from fault


class _Table:
    """A TOML table that gives up each key once and at the right type, and complains of what is left."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._left = dict(values)

    def law(self, name: str) -> Law:
        law = Law(
            name=name,
            title=self.take("title", str),
            reviewed=self.take("reviewed", bool),
            places=self.strings("places"),
            rights=frozenset(Right(code) for code in self.strings("rights")),
            rolls=self.take("rolls", bool),
            respond=self.period("respond"),
            announces=self.take("announces", bool, default=False),
            extended=self.period("extended"),
            acknowledge=self.period("acknowledge"),
            target=self.period("target"),
            identity=Effect(self.take("identity", str, default="none")),
            fee_restarts=self.take("fee_restarts", bool, default=False),
            clarification_pauses=frozenset(Right(code) for code in self.strings("clarification_pauses", ())),
            complaint=self.period("complaint"),
            complaint_since=self.take("complaint_since", date) if "complaint_since" in self._left else None,
            routes=tuple(Route(code) for code in self.strings("routes")),
            regulators=self.regulators(),
            sources=self.strings("sources"),
        )
        self.finish()
        return law

    def take(self, key: str, kind: type[_T], default: _T | None = None) -> _T:
        value = self._left.pop(key, default)
        if value is None:
            raise ValueError(f"{key} is missing")
        if type(value) is not kind:
            raise ValueError(f"{key} must be a {kind.__name__}, not {value!r}")
        return value

    def strings(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        values: list[object] = self.take(key, list, None if default is None else list(default))
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{key} must be a list of strings")
        return tuple(str(value) for value in values)

    def period(self, key: str) -> Period | None:
        if key not in self._left:
            return None
        table = self.take(key, dict)
        if len(table) != 1:
            raise ValueError(f"{key} must name one unit, such as {{ months = 1 }}")
        ((unit, count),) = table.items()
        if type(count) is not int or count < 1:
            raise ValueError(f"{key} must count at least 1 {unit}, not {count!r}")
        return Period(count, Unit(unit))

    def regulators(self) -> tuple[Regulator, ...]:
        entries = self.take("regulators", dict)
        if "*" not in entries:
            raise ValueError('regulators needs an entry "*" for every other place')
        return tuple(_Table(entry).regulator(place) for place, entry in entries.items())

    def regulator(self, place: str) -> Regulator:
        regulator = Regulator(place, self.take("name", str), self.take("url", str), self.take("phone", str, default=""))
        self.finish()
        return regulator

    def finish(self) -> None:
        if self._left:
            raise ValueError(f"unknown key {', '.join(sorted(self._left))}")
