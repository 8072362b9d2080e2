from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.pattern import Book, Work
from inbox_bot.domain.phrase import Groups, PatternError, phrases_of
from inbox_bot.domain.words import words_of

GROUPS = {
    "data": ["data", "personal data", "info"],
    "mine": ["my", "{data}"],
    "verbs": ["delete", "get rid of"],
}


def spans(pattern: str, text: str, lists: Mapping[str, Sequence[str]] = GROUPS) -> list[tuple[int, int]]:
    book = Book()
    book.add(0, pattern, Groups(lists))
    book.seal()
    return sorted({span for _, span in book.matches(words_of(text), Work(100_000))})


def matches(pattern: str, text: str) -> bool:
    return bool(spans(pattern, text))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("delete", "please delete it"),
        ("delet*", "the deletion of it"),
        ("{data}", "all my personal data"),
        ("{mine}", "some personal data"),
        ("(erase|{verbs})", "get rid of it"),
        ("delete ..3 my {data}", "delete all of my info"),
        ("delete my? {data}", "delete data"),
        ("delete my? {data}", "delete my data"),
        ("delete ..1 (the|all)? ..1 {data}", "delete really all personal data"),
        ("^ delete", "delete it"),
        ("^ ..1 delete", "please delete it"),
        ("delete it $", "please delete it"),
        ("(^|please) delete", "delete it"),
        ("(^|please) delete", "now please delete it"),
        ("it ..1 (now|$)", "delete it please"),
        ("article #", "under article 15"),
        ("born on #", "born on 3rd may"),
        ("don't", "i dont know"),
        ("don't", "i don't know"),
        ("e-mail", "my email and my e-mail"),
        ("information about", "infomation about"),
        ("stopp* sending", "stopping sending"),
        ("a-b c*", "ab cde"),
    ],
)
def test_a_pattern_matches(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("delete my", "my delete"),
        ("delete my", "delete all my"),
        ("delete ..1 my", "delete all of my"),
        ("^ delete", "please delete"),
        ("^ ..1 delete", "could you delete"),
        ("delete it $", "delete it now"),
        ("(^|please) delete", "i delete it"),
        ("article #", "article fifteen"),
        ("get rid of", "get rid"),
        ("form", "from"),
        ("delete", "deleted"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


def test_a_match_is_as_tight_as_it_can_be() -> None:
    assert spans("delete ..6 data", "delete this and delete my data") == [(3, 6)]


def test_every_place_is_found_once_and_places_do_not_overlap() -> None:
    assert spans("(send|show) ..2 data", "send data and show me data") == [(0, 2), (3, 6)]


def test_a_gap_before_something_left_out_still_counts() -> None:
    assert matches("delete ..1 (all|the)? ..1 data", "delete absolutely any data")
    assert not matches("delete ..1 (all|the)? ..1 data", "delete absolutely any such data")


def test_gaps_around_something_left_out_add_up_to_the_widest_gap_at_most() -> None:
    assert matches("delete ..9 all? ..9 data", "delete " + "x " * 12 + "data")
    assert not matches("delete ..9 all? ..9 data", "delete " + "x " * 13 + "data")


def test_rules_are_told_apart() -> None:
    book, groups = Book(), Groups({})
    book.add(4, "delete", groups)
    book.add(7, "data", groups)
    book.seal()
    assert sorted(book.matches(["delete", "data"], Work(1000))) == [(4, (0, 1)), (7, (1, 2))]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("delete {nothing}", "there is no group 'nothing'"),
        ("delete (a|b", "cannot read"),
        ("delete ..13 data", "more than 12 words"),
        ("please? now?", "no required word"),
        ("a? b? c? d? e? f", "too many optional"),
        ("(a|{data} b)", "neither words nor one group"),
        ("de*lete", "may only stand at the end"),
        ("(a||b)", "holds no word"),
        ("{empty}", "is empty"),
    ],
)
def test_a_pattern_that_cannot_be_read_says_why(pattern: str, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        spans(pattern, "a", {**GROUPS, "empty": []})


def test_groups_that_name_each_other_are_a_fault() -> None:
    with pytest.raises(PatternError, match="names itself"):
        Groups({"a": ["{b}"], "b": ["{a}"]}).group("a")


def test_a_phrase_keeps_its_star_with_every_form() -> None:
    assert phrases_of("e-mail addr*") == {("e", "mail", "addr*"), ("email", "addr*")}


WORDS = ["delete", "my", "data", "all", "of", "please", "me", "it", "1"]
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=40)


def _plainly(words: list[str]) -> bool:
    """The pattern `delete ..2 my ..1 data`, by trying every place."""
    return any(
        words[i] == "delete" and words[j] == "my" and words[k] == "data" and 0 < j - i <= 3 and 0 < k - j <= 2
        for i in range(len(words))
        for j in range(len(words))
        for k in range(len(words))
    )


@given(SENTENCES)
def test_joining_positions_finds_what_trying_every_place_finds(words: list[str]) -> None:
    book = Book()
    book.add(0, "delete ..2 my ..1 data", Groups({}))
    book.seal()
    assert bool(list(book.matches(words, Work(100_000)))) == _plainly(words)


@given(SENTENCES)
def test_no_more_is_done_than_the_work_allows(words: list[str]) -> None:
    book = Book()
    for pattern in (
        "delete ..12 my ..12 data ..12 it",
        "(delete|my|data|all) ..12 (my|all|of|me) ..12 (data|it|please)",
    ):
        book.add(0, pattern, Groups({}))
    book.seal()
    work = Work(60)
    list(book.matches(words, work))
    assert work.left > -2000
