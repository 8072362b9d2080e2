"""Which languages a text is read with, and the owner's additions."""

from pathlib import Path

import pytest

from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.domain.classification import classify
from inbox_bot.domain.lexicon import Sheet, parse_lexicon
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.request import Verdict
from inbox_bot.domain.rulebook import Rulebook
from inbox_bot.domain.words import words_of
from inbox_bot.errors import LexiconError

ENGLISH = "the, and, my, delete, data, in, me, you, please, send, i, of, on, is"
DUTCH = "de, het, en, mijn, verwijder, gegevens, in, me, u, graag, ik, is, op"
SWEDISH = "och, att, mina, radera, uppgifter, i, jag, min"
RULE = "[[rule]]\nname = 'r'\nmatch = '{word}'\nweight = 10\nrights = ['erasure']\n"


def rules(language: str, usual: str, word: str) -> str:
    return f"language = '{language}'\nusual = '{usual}'\n{RULE.format(word=word)}"


FILES = {
    "en": rules("en", ENGLISH, "delete"),
    "nl": rules("nl", DUTCH, "verwijder"),
    "sv": rules("sv", SWEDISH, "radera"),
}


def book(**files: str) -> Rulebook:
    return Rulebook(parse_lexicon(f"{name}.toml", text) for name, text in files.items())


def sentences(text: str) -> list[list[str]]:
    return [words_of(sentence) for sentence in text.split(".")]


def read_with(text: str, **files: str) -> list[str]:
    return sorted(book(**files or FILES).spoken(sentences(text)))


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("Please delete my data and send me the rest of it in an e-mail.", ["en"]),
        ("Radera mina uppgifter", ["sv"]),
        ("radera", ["sv"]),
        ("The parcel came and I like the colour of it. " * 20 + "Verwijder mijn gegevens graag.", ["en", "nl"]),
        ("Verwijder mijn gegevens, please delete my data, radera mina uppgifter", ["en", "nl", "sv"]),
        ("parcel 4711", ["en", "nl", "sv"]),
        ("", []),
    ],
)
def test_a_text_is_read_with_the_languages_that_it_betrays(text: str, languages: list[str]) -> None:
    assert read_with(text) == languages


def test_one_small_word_in_common_is_no_reason_to_read_a_long_text_with_a_language() -> None:
    text = "Please send me the list of what is in my garden, and I will thank you; delete the rest, it is data."
    assert read_with(text) == ["en"]


def sheets(**files: str) -> Rulebook:
    return Rulebook(Sheet(f"{name}.toml", text) for name, text in files.items())


@pytest.mark.parametrize(
    ("text", "languages"),
    [("RÁDERAT 4711", ["sv"]), ("deletion 4711, verwijderd", ["en", "nl"]), ("CV 4711", []), ("x " * 9, [])],
)
def test_a_short_text_without_usual_words_is_read_with_languages_whose_rules_know_a_word(
    text: str, languages: list[str]
) -> None:
    more = {name: file.replace("usual = '", "usual = 'zzz'\n#") for name, file in FILES.items()}
    assert sorted(sheets(**more).spoken(sentences(text))) == languages


def test_a_long_text_without_one_usual_word_of_any_language_is_in_none_of_them() -> None:
    text = " ".join(f"verwijder{letter}{other}" for letter in "abcdefgh" for other in "abcdefgh")
    assert sheets(**FILES).spoken(sentences(text)) == {}


def test_a_text_in_more_languages_than_six_is_read_with_the_likeliest() -> None:
    many = {f"x{letter}": rules(f"x{letter}", f"usual{letter}, more{letter}", "word") for letter in "abcdefgh"}
    text = "usualh moreh usualg moreg. " + " ".join(f"usual{letter}" for letter in "abcdef")
    assert list(book(**many).spoken(sentences(text))) == ["xg", "xh", "xa", "xb", "xc", "xd"]


def test_a_few_international_words_are_english() -> None:
    many = {f"x{letter}": rules(f"x{letter}", f"usual{letter}", "info") for letter in "abcdefgh"}
    en = rules("en", "zzz", "info")
    assert "en" in sheets(**many, en=en).spoken(sentences("Info"))
    assert len(sheets(**many, en=en).spoken(sentences("Info"))) == 3


def test_no_more_than_twelve_languages_stay_in_memory_and_each_comes_back_as_it_was() -> None:
    many = {f"x{letter}": rules(f"x{letter}", f"usual{letter}", f"word{letter}") for letter in "abcdefghijklm"}
    lazy = sheets(**many)
    first = lazy.speech("xa")
    assert lazy.speech("xa") is first
    for language in lazy.languages:
        lazy.speech(language)
    again = lazy.speech("xa")
    assert again is not first
    assert [rule.name for rule in again.rules] == [rule.name for rule in first.rules]


def test_a_file_is_read_when_a_text_is_first_in_its_language() -> None:
    late = FILES["sv"] + "[[rule]]\nname = 'r 2'\n"
    lazy = sheets(en=FILES["en"], sv=late)
    assert lazy.speech("en").rules
    with pytest.raises(LexiconError, match=r"sv\.toml:\d+: every rule needs a name"):
        lazy.check()


def test_a_language_that_names_no_usual_words_is_always_tried() -> None:
    added = f"language = 'xx'\n{RULE.format(word='quux')}"
    assert read_with("Please delete my data", **FILES, xx=added) == ["en", "xx"]


def test_a_language_is_compiled_when_a_text_is_first_read_with_it() -> None:
    broken = rules("sv", SWEDISH, "{nothing}")
    lazy = book(en=FILES["en"], sv=broken)
    assert lazy.speech("en").rules
    with pytest.raises(LexiconError, match=r"sv\.toml:5: .*there is no group"):
        lazy.speech("sv")


def test_what_the_owner_adds_counts_with_the_rules_of_the_package(tmp_path: Path) -> None:
    text = InboundMessage(text="Please zap the whole of my thingummy, thank you.")
    assert classify(text, load_rulebook()).verdict is Verdict.UNRELATED
    (tmp_path / "ours.toml").write_text("language = 'en'\n" + RULE.format(word="zap ..4 thingummy"))
    found = classify(text, load_rulebook(tmp_path))
    assert (found.verdict, found.language) == (Verdict.REQUEST, "en")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"language = 'en'\n" + RULE.format(word="{nothing}").encode(), r"ours\.toml:4: .*there is no group"),
        (b"language = 'xx'\n" + RULE.format(word="a (b").encode(), r"ours\.toml:4: .*cannot read"),
        (b"\xff\xfe", r"ours\.toml: it is not UTF-8"),
    ],
)
def test_a_fault_in_what_the_owner_adds_is_found_at_once(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "ours.toml").write_bytes(content)
    with pytest.raises(LexiconError, match=message):
        load_rulebook(tmp_path)
