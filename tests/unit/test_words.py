from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.words import (
    LONGEST_SENTENCE,
    TEXT_LIMIT,
    WORD_LIMIT,
    clean,
    fold,
    sentences_of,
    words_of,
)


def _sentences(text: str) -> list[str]:
    return [" ".join(sentence.words) for sentence in sentences_of(clean(text))]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("DELETE", "delete"),
        ("Löschung", "loschung"),
        ("Straße", "strasse"),
        ("données", "donnees"),
        ("łączę", "lacze"),
        ("Œuvre", "oeuvre"),
        ("ısı", "isi"),
        ("İstanbul", "istanbul"),
        ("ﬁle", "file"),
        ("dеlеtе", "delete"),  # with Cyrillic е
        ("dαtα", "data"),  # with Greek α
        ("данные", "данные"),
        ("δεδομένα", "δεδομενα"),
        ("λόγος", "λογοσ"),
    ],
)
def test_a_word_is_folded_to_what_people_mean(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_invisible_characters_do_not_hide_a_word() -> None:
    assert words_of(clean("de\u200blete m\u00ady da\u2060ta")) == ["delete", "my", "data"]


def test_line_ends_of_every_kind_are_one() -> None:
    assert clean("a\r\nb\rc") == "a\nb\nc"


def test_what_is_kept_of_a_text_has_a_limit_even_where_letters_come_apart() -> None:
    assert len(clean("ﷺ" * TEXT_LIMIT)) == TEXT_LIMIT


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello. Delete it! Why? Now", ["hello", "delete it", "why", "now"]),
        ("first line\nsecond line", ["first line second line"]),
        ("Hi Bob,\n\nplease stop", ["hi bob", "please stop"]),
        ("Dear Dr. Jones, under Art. 15 and e.g. no. 4", ["dear dr jones under art 15 and e g no 4"]),
        ("I said no. Please delete it.", ["i said no", "please delete it"]),
        ("Two things:\n1. show me\n2. delete it", ["two things", "show me", "delete it"]),
        ("- emails\n- texts", ["emails", "texts"]),
        ("He said 'stop.' Then left", ["he said stop", "then left"]),
        ("データを消して。お願いします。", ["データを消して".translate(str.maketrans("デ", "テ")), "お願いします"]),
        ("wait... what", ["wait", "what"]),
        ("www.example.com/a.b", ["www example com a b"]),
        ("", []),
        ("?! ... \n\n --", []),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, sentences: list[str]) -> None:
    assert _sentences(text) == sentences


def test_a_sentence_without_an_end_is_cut_so_that_a_window_stays_a_window() -> None:
    lengths = [len(sentence.words) for sentence in sentences_of("word " * 200)]
    assert lengths == [LONGEST_SENTENCE, LONGEST_SENTENCE, 200 - 2 * LONGEST_SENTENCE]


def test_a_text_made_of_tiny_words_ends_at_the_limit() -> None:
    words = sum(len(sentence.words) for sentence in sentences_of(clean("a " * 32768)))
    assert WORD_LIMIT <= words < WORD_LIMIT + 2 * LONGEST_SENTENCE


@given(st.text(alphabet="ab1 .!?\n->|()·…é\u0130", max_size=300))
def test_every_word_is_found_again_at_its_place(text: str) -> None:
    cleaned = clean(text)
    for sentence in sentences_of(cleaned):
        for word, (start, end) in zip(sentence.words, sentence.places(), strict=True):
            assert fold(cleaned[start:end]) == word


@given(st.text(alphabet="ab1 .!?\n->|()", max_size=300))
def test_sentences_are_in_order_and_lose_no_word_but_the_labels_of_lists(text: str) -> None:
    cleaned = clean(text)
    places = [place for sentence in sentences_of(cleaned) for place in sentence.places()]
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    found = [word for sentence in sentences_of(cleaned) for word in sentence.words]
    missing = len(words_of(cleaned)) - len(found)
    assert 0 <= missing <= cleaned.count(".") + cleaned.count(")")


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("\u0391ίτηση", "αιτηση"),
        ("Aίτηση", "αιτηση"),  # its first letter is Latin
        ("дaнни", "данни"),  # its second letter is Latin
        ("dаta", "data"),  # its second letter is Cyrillic
        ("pοst", "post"),  # its second letter is Greek
    ],
)
def test_a_word_of_two_scripts_is_read_in_the_one_it_has_more_of(word: str, folded: str) -> None:
    assert fold(word) == folded
