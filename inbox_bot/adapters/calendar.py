"""The door to the `holidays` library: which days are no working days at a place, and why."""

import re
from datetime import date
from importlib.metadata import version

import holidays

from inbox_bot.errors import ConfigurationError

_PLACE = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")

# GOV.UK lists bank holidays to 2028. Spain's regions proclaim theirs year by year; elsewhere they stand in statutes,
# and the release that the dependency's floor names knew the next year's.
_OFFICIAL_UNTIL = {"GB": 2028, "ES": 2026}
_OFFICIAL_ELSEWHERE = 2027

# The library lists only those regions of these countries that differ, or lists by language or school zone.
_PARTLY_LISTED = frozenset({"BE", "FR", "NL"})


class HolidayCalendar:
    """Working days at `place`, an ISO 3166-2 code such as GB-ENG, DE-BY or FR.

    A working day is any but Saturdays, Sundays and public holidays (Regulation 1182/71 Art 2), so a Saturday that a
    country declares worked stays a day off. A bare country has only its national holidays; a bare GB is refused,
    because the United Kingdom's nations differ at Easter, in August and at New Year, and the library's GB lacks all of
    it. Raises ConfigurationError for a place it does not know.
    """

    def __init__(self, place: str) -> None:
        country, region = _split(place)
        self.place = place
        self.official_until = _OFFICIAL_UNTIL.get(country, _OFFICIAL_ELSEWHERE)
        self._kind = "bank" if country == "GB" else "public"
        self._days = _holidays(country, region)

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open by law on `day`."""
        return self.why_not(day) is None

    def why_not(self, day: date) -> str | None:
        """Why `day` is no working day: "a Saturday", "a bank holiday (Christmas Day)"; None if it is one."""
        if day.weekday() >= 5:
            return f"a {('Saturday', 'Sunday')[day.weekday() - 5]}"
        name = self._days.get(day, "").replace(" (observed)", ", substitute day")
        return f"a {self._kind} holiday ({name})" if name else None


def calendar_version() -> str:
    """Which holidays a date was computed with, for the record: `holidays 0.109`."""
    return f"holidays {version('holidays')}"


def _split(place: str) -> tuple[str, str | None]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ConfigurationError(f"{place!r} is not a place", remedy="Use an ISO 3166-2 code such as GB-ENG or DE-BY.")
    country, region = match.groups()
    if country == "UK":  # the library takes it for GB without a subdivision, which lacks Easter Monday
        raise ConfigurationError(
            f"{place!r} is not an ISO 3166-2 code: the United Kingdom's is GB",
            remedy="Use GB-ENG, GB-WLS, GB-SCT or GB-NIR.",
        )
    if country == "GB" and region is None:
        raise ConfigurationError(
            "GB alone does not say whose bank holidays count",
            remedy="Use GB-ENG, GB-WLS, GB-SCT or GB-NIR.",
        )
    return country, region


def _holidays(country: str, region: str | None) -> holidays.HolidayBase:
    national = _national(country)
    if region is not None and region not in national.subdivisions:
        if national.subdivisions and country not in _PARTLY_LISTED:
            codes = (f"{country}-{code}" for code in national.subdivisions)
            raise ConfigurationError(
                f"no region {region!r} with holidays of its own is known in {country}",
                remedy=f"Use {country}, or one of {', '.join(code for code in codes if _PLACE.fullmatch(code))}.",
            )
        region = None
    language = "en_US" if country != "GB" and "en_US" in national.supported_languages else None
    return holidays.country_holidays(country, subdiv=region, language=language)


def _national(country: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError as fault:
        raise ConfigurationError(
            f"no holidays are known for {country!r}",
            remedy="Use the ISO 3166-2 code of the controller's seat, such as GB-ENG, DE-BY or FR.",
        ) from fault
