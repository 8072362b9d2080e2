"""The day on which a person says that they wrote before."""

from datetime import date

import pytest

from inbox_bot.adapters.dates import months
from inbox_bot.domain.claim import claimed_on

RECEIVED = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("language", "sentence", "day"),
    [
        ("en", "I wrote on 3 March 2026 and heard nothing", date(2026, 3, 3)),
        ("en", "I wrote on the 3rd of March and heard nothing", date(2026, 3, 3)),
        ("en", "my email of March 3, 2025 was ignored", date(2025, 3, 3)),
        ("en", "my email of Mar. 3rd was ignored", date(2026, 3, 3)),
        ("en", "I asked on 24 December", date(2025, 12, 24)),
        ("en", "as I said on 24 November", RECEIVED),
        ("en", "asked 03/04/2026, asked 3/5/26", date(2026, 4, 3)),
        ("en", "my request of 2026-03-04", date(2026, 3, 4)),
        ("en", "my request of 4.3.2026", date(2026, 3, 4)),
        ("en", "my request of 3/14/2026", date(2026, 3, 14)),
        ("en", "my request of 3/4", date(2026, 4, 3)),
        ("en", "first on 5 April, then on 3 June", date(2026, 4, 5)),
        ("de", "meine Anfrage vom 3. März 2026", date(2026, 3, 3)),
        ("de", "meine Anfrage vom 3. Marz", date(2026, 3, 3)),
        ("es", "mi solicitud del 3 de marzo de 2026", date(2026, 3, 3)),
        ("fr", "mon courrier du 1er août", date(2026, 8, 1)),
        ("pl", "pismo z dnia 3 marca 2026 r.", date(2026, 3, 3)),
        ("hu", "2026. március 3-án írtam", date(2026, 3, 3)),
        ("fi", "kirjoitin 3. maaliskuuta 2026", date(2026, 3, 3)),
        ("el", "το αίτημά μου της 3ης Μαρτίου 2026", date(2026, 3, 3)),
        ("da", "min mail den 3. marts", date(2026, 3, 3)),
    ],
)
def test_a_day_is_read_as_people_write_it(language: str, sentence: str, day: date) -> None:
    assert claimed_on([sentence], months(language), RECEIVED) == day


@pytest.mark.parametrize(
    "sentence",
    [
        "I wrote twice and heard nothing",
        "I may write 3 times, in March if I must",
        "I asked on 25 November 2026",
        "I asked on 31 February",
        "I asked on 3 March 2019",
        "invoice 12-4711, article 15, 24/7, order 2026/113",
        "my request of 99/99/2026",
        "",
    ],
)
def test_what_is_no_day_of_the_last_years_is_none(sentence: str) -> None:
    assert claimed_on([sentence], months("en"), RECEIVED) is None


def test_the_earliest_of_all_sentences_counts() -> None:
    assert claimed_on(["again on 5 May", "I wrote on 3 March"], months("en"), RECEIVED) == date(2026, 3, 3)
