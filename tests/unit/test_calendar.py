from datetime import date, timedelta

import pytest

from inbox_bot.adapters.calendar import HolidayCalendar, calendar_version
from inbox_bot.adapters.laws import load_law
from inbox_bot.errors import ConfigurationError

# From the proclamations and the Banking and Financial Dealings Act 1971 Sch 1: weekdays off in 2026, month and day.
ENGLAND = {(1, 1), (4, 3), (4, 6), (5, 4), (5, 25), (8, 31), (12, 25), (12, 28)}
SCOTLAND = {(1, 1), (1, 2), (4, 3), (5, 4), (5, 25), (6, 15), (8, 3), (11, 30), (12, 25), (12, 28)}
NORTHERN_IRELAND = ENGLAND | {(3, 17), (7, 13)}


@pytest.mark.parametrize(
    ("place", "holidays"),
    [("GB-ENG", ENGLAND), ("GB-WLS", ENGLAND), ("GB-SCT", SCOTLAND), ("GB-NIR", NORTHERN_IRELAND)],
)
def test_the_four_nations_have_their_own_bank_holidays(place: str, holidays: set[tuple[int, int]]) -> None:
    calendar = HolidayCalendar(place)
    year = (date(2026, 1, 1) + timedelta(n) for n in range(365))
    off = {(day.month, day.day) for day in year if day.weekday() < 5 and not calendar.is_working_day(day)}
    assert off == holidays


@pytest.mark.parametrize(
    ("place", "day", "why"),
    [
        ("GB-ENG", date(2026, 12, 25), "a bank holiday (Christmas Day)"),
        ("GB-ENG", date(2026, 12, 26), "a Saturday"),
        ("GB-ENG", date(2026, 12, 27), "a Sunday"),
        ("GB-ENG", date(2026, 12, 28), "a bank holiday (Boxing Day, substitute day)"),
        ("GB-ENG", date(2026, 12, 29), None),
        ("GB-SCT", date(2026, 11, 30), "a bank holiday (Saint Andrew's Day)"),
        ("GB-ENG", date(2026, 11, 30), None),
        ("GB-ENG", date(2022, 9, 19), "a bank holiday (State Funeral of Queen Elizabeth II)"),
        ("DE-BY", date(2026, 6, 4), "a public holiday (Corpus Christi)"),
        ("DE-BE", date(2026, 6, 4), None),
        ("FR", date(2026, 7, 14), "a public holiday (National Day)"),
        ("FR-6AE", date(2026, 4, 3), "a public holiday (Good Friday)"),
        ("FR", date(2026, 4, 3), None),
        ("NL", date(2026, 4, 27), "a public holiday (King's Day)"),
        ("PL", date(2026, 11, 11), "a public holiday (National Independence Day)"),
        ("US-CA", date(2026, 7, 3), "a public holiday (Independence Day, substitute day)"),
    ],
)
def test_a_day_off_says_why_in_english(place: str, day: date, why: str | None) -> None:
    assert HolidayCalendar(place).why_not(day) == why


def test_a_saturday_that_a_country_declares_worked_stays_a_day_off() -> None:
    # Regulation 1182/71 Art 2(2) knows no worked Saturdays; Hungary worked on 18 October 2025.
    assert HolidayCalendar("HU").why_not(date(2025, 10, 18)) == "a Saturday"


@pytest.mark.parametrize("place", load_law("eu_gdpr").places)
def test_every_country_of_the_eu_law_has_a_calendar_in_english(place: str) -> None:
    why = HolidayCalendar(place).why_not(date(2026, 12, 25))
    assert why is not None
    assert why.startswith("a public holiday (Christmas")


@pytest.mark.parametrize("place", ["IE-D", "FR-75", "BE-VLG", "NL-NH", "SE-AB"])
def test_a_region_without_holidays_of_its_own_has_its_countrys(place: str) -> None:
    region, country = HolidayCalendar(place), HolidayCalendar(place[:2])
    year = [date(2026, 1, 1) + timedelta(n) for n in range(365)]
    assert [region.why_not(day) for day in year] == [country.why_not(day) for day in year]


def test_the_united_kingdom_without_a_nation_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        HolidayCalendar("GB")
    assert "GB-SCT" in caught.value.remedy


@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        ("GB-LON", "GB-ENG"),
        ("DE-XX", "DE-BY"),
        ("ES-B", "ES-CT"),
        ("XX", "GB-ENG"),
        ("gb-eng", "GB-ENG"),
        ("Scotland", "GB-ENG"),
        ("", "GB-ENG"),
    ],
)
def test_an_unknown_place_is_refused_with_those_that_would_do(place: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        HolidayCalendar(place)
    assert remedy in caught.value.remedy


def test_it_says_how_far_its_days_are_official() -> None:
    assert HolidayCalendar("GB-ENG").official_until == 2028
    assert HolidayCalendar("ES-MD").official_until == 2026
    assert HolidayCalendar("DE").official_until == 2027


def test_it_names_its_version_for_the_record() -> None:
    assert calendar_version().startswith("holidays 0.")
