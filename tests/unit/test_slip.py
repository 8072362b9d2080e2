import pytest

from inbox_bot.domain.slip import Slips


@pytest.fixture
def slips() -> Slips:
    slips = Slips()
    for word in ("information", "address", "personal", "details", "delete", "contact", "form"):
        slips.add(word)
    return slips


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("infomation", ["information"]),
        ("informationn", ["information"]),
        ("imformation", ["information"]),
        ("informaiton", ["information"]),
        ("adress", ["address"]),
        ("deatils", ["details"]),
        ("dleete", ["delete"]),
    ],
)
def test_one_slip_in_a_long_word_is_understood(slips: Slips, written: str, meant: list[str]) -> None:
    assert slips.meant(written) == meant


@pytest.mark.parametrize(
    "written",
    ["xersonal", "imfornation", "personnel", "deletes", "delte", "from", "fomr", "details2", "a" * 30],
    ids=[
        "first letter",
        "two slips",
        "two letters",
        "short and longer",
        "short and shorter",
        "short",
        "four",
        "number",
        "long",
    ],
)
def test_what_is_not_one_slip_in_a_long_word_is_another_word(slips: Slips, written: str) -> None:
    assert slips.meant(written) == []


def test_a_word_named_as_real_is_no_slip(slips: Slips) -> None:
    assert slips.meant("contract") == ["contact"]
    slips.except_for(["contract"])
    assert slips.meant("contract") == []


def test_a_slip_may_stand_for_several_words() -> None:
    slips = Slips()
    slips.add("request")
    slips.add("requests")
    assert slips.meant("requestt") == ["request", "requests"]
