"""References that survive a telephone: `inbox_bot.domain.reference`."""

import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.reference import ALPHABET, draw, find, parse


def drawn_with(year: int, body: str) -> str:
    """The reference of a year that chance would have made of these four characters."""
    letters = iter(body)
    return draw(year, lambda _: next(letters))


references = st.builds(drawn_with, st.integers(2000, 2099), st.text(ALPHABET, min_size=4, max_size=4))


def test_a_reference_holds_the_year_and_five_characters_that_cannot_be_confused() -> None:
    drawn = draw(2026, secrets.choice)
    assert re.fullmatch(r"DSR-26-[0-9A-HJKMNP-TV-Z]{5}", drawn)
    assert parse(drawn) == drawn


def test_the_check_character_is_the_weighted_sum_modulo_31() -> None:
    assert drawn_with(2026, "7F3K") == "DSR-26-7F3K7"  # 2 + 6*2 + 7*3 + 15*4 + 3*5 + 19*6 = 224 = 7*31 + 7


@given(references)
def test_every_reference_drawn_is_read_back(drawn: str) -> None:
    assert parse(drawn) == drawn
    assert find(f"about {drawn}.") == (drawn,)


@given(references, st.integers(0, 6), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_noticed_but_0_for_z(drawn: str, position: int, wrong: str) -> None:
    symbols = list(drawn.removeprefix("DSR-").replace("-", ""))
    right, symbols[position] = symbols[position], wrong
    year, tail = "".join(symbols[:2]), "".join(symbols[2:])
    if wrong != right and {wrong, right} != {"0", "Z"}:
        assert parse(f"DSR-{year}-{tail}") is None


@given(references, st.integers(0, 5))
def test_any_swap_of_neighbours_is_noticed_but_0_and_z(drawn: str, position: int) -> None:
    symbols = list(drawn.removeprefix("DSR-").replace("-", ""))
    left, right = symbols[position : position + 2]
    symbols[position : position + 2] = [right, left]
    year, tail = "".join(symbols[:2]), "".join(symbols[2:])
    if left != right and {left, right} != {"0", "Z"}:
        assert parse(f"DSR-{year}-{tail}") is None


@pytest.mark.parametrize("typed", ["dsr-26-7f3k7", " DSR-26-7F3K7 ", "DSR267F3K7", "dsr26-7F3k7"])
def test_case_blanks_and_hyphens_do_not_matter(typed: str) -> None:
    assert parse(typed) == "DSR-26-7F3K7"


def test_o_i_and_l_are_read_as_the_digits_they_resemble() -> None:
    drawn = drawn_with(2026, "0110")
    assert drawn.startswith("DSR-26-0110")
    assert parse(drawn.replace("-0110", "-OILO")) == drawn


@pytest.mark.parametrize("typed", ["", "DSR-26-7F3K8", "DSR-26-7F3K", "DSR-26-7F3K77", "ABC-26-7F3K7", "DSR-26-7F3U7"])
def test_what_is_no_reference_is_refused(typed: str) -> None:
    assert parse(typed) is None


def test_references_are_found_in_a_text_each_once_in_order() -> None:
    other = drawn_with(2027, "2222")
    text = f"Re: {other} and dsr-26-7f3k7, again {other}, not DSR-26-7F3K8"
    assert find(text) == (other, "DSR-26-7F3K7")
