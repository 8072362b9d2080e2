"""Days in words: from CLDR, by babel."""

from datetime import date, timedelta

import pytest

from inbox_bot.adapters.dates import in_words, months


def test_english_days_are_written_as_in_britain() -> None:
    every = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    # strftime is right in the C locale, which tests run in; the letters must not depend on it.
    assert [in_words(day, "en") for day in every] == [day.strftime(f"%A {day.day} %B %Y") for day in every]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Mittwoch, 2. Dezember 2026"),
        ("fr", "mercredi 2 décembre 2026"),
        ("pl", "środa, 2 grudnia 2026"),
        ("pt", "quarta-feira, 2 de dezembro de 2026"),
        ("hu", "2026. december 2., szerda"),
        ("no", "onsdag 2. desember 2026"),
        ("xx", "Wednesday, 2 December 2026"),
        ("../en", "Wednesday, 2 December 2026"),
    ],
)
def test_each_language_has_its_own_words(language: str, words: str) -> None:
    assert in_words(date(2026, 12, 2), language).replace(",", "") == words.replace(",", "")


def test_months_are_known_in_every_form_that_people_write() -> None:
    assert {months("pl")[name] for name in ("marca", "marzec", "mar")} == {3}
    assert {months("en")[name] for name in ("march", "mar")} == {3}
    assert months("xx") == months("en")
