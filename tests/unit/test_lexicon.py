from pathlib import Path

import pytest

from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.domain.lexicon import parse_lexicon
from inbox_bot.domain.request import Right
from inbox_bot.domain.rulebook import Rulebook, compile_rules
from inbox_bot.errors import LexiconError

FOLDER = Path(__file__).resolve().parents[2] / "inbox_bot" / "lexicon"

GOOD = """\
language = "en"
name = "English"
real = '''
contract
'''

[groups]
data = '''
data, personal data
# a note
info
'''

[[rule]]
name = "erasure-mine"
rights = ["erasure"]
weight = 10
match = '''
delete my {data}

# another note
my {data} ..2 deleted
'''
unless = "do not delete"
absorbs = ["access"]

[[rule]]
name = "access-mine"
rights = ["access"]
weight = 7.5
match = "show me"
near = ["erasure-*"]
marks = ["urgent"]
where = "body"
longest = 40
"""


def read(text: str) -> Rulebook:
    return compile_rules([parse_lexicon("xx.toml", text)])


def test_a_file_is_read_as_it_was_written() -> None:
    lexicon = parse_lexicon("en.toml", GOOD)
    assert (lexicon.language, lexicon.name, lexicon.real) == ("en", "English", ("contract",))
    assert lexicon.groups == {"data": ("data", "personal data", "info")}
    erasure, access = lexicon.rules
    assert erasure.label == "en/erasure-mine"
    assert erasure.match == ("delete my {data}", "my {data} ..2 deleted")
    assert (erasure.unless, erasure.absorbs, erasure.rights) == (("do not delete",), ("access",), (Right.ERASURE,))
    assert (access.weight, access.near, access.marks) == (7.5, ("erasure-*",), ("urgent",))
    assert (access.where, access.longest) == ("body", 40)


def _with(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (_with('language = "en"', "language = "), 1, ""),
        (_with('language = "en"', 'language = "English"'), 1, "ISO 639"),
        (_with('name = "English"', 'title = "English"'), 2, "unknown key 'title'"),
        (_with("data, personal data", "data, {nothing}"), 8, "no group 'nothing'"),
        (_with("info\n", "--\n"), 8, "holds no word"),
        (_with('name = "erasure-mine"', 'name = "Erasure mine"'), 14, "small letters, digits and hyphens"),
        (_with('rights = ["erasure"]', 'rights = ["deletion"]'), 16, "'deletion' is not a valid Right"),
        (_with('rights = ["erasure"]', 'rights = "erasure"'), 16, "must be a list of names"),
        (_with("weight = 10", "weight = 1000"), 17, "from -100 to 100"),
        (_with("weight = 10", 'weight = "10"'), 17, "from -100 to 100"),
        (_with("my {data} ..2 deleted", "my {date} ..2 deleted"), 22, "no group 'date'"),
        (_with("my {data} ..2 deleted", "my ({data} deleted"), 22, "cannot read"),
        (_with('absorbs = ["access"]', 'absorbs = ["acces"]'), 25, "names 'acces'"),
        (_with('absorbs = ["access"]', 'absorb = ["access"]'), 25, "unknown key 'absorb'"),
        (_with('match = "show me"', 'match = ["show me"]'), 31, "must be a text"),
        (_with('match = "show me"', 'match = "# show me"'), 28, "nothing to match"),
        (_with('near = ["erasure-*"]', 'near = ["access-mine"]'), 32, "no other rule"),
        (_with('where = "body"', 'where = "footer"'), 34, "anywhere, subject, body"),
        (_with("longest = 40", "longest = -1"), 35, "a number of words"),
        (_with('"access-mine"', '"erasure-mine"'), 28, "two rules are named 'erasure-mine'"),
        ("language = 'en'\nrule = 3\n", 2, "[[rule]]"),
        ("language = 'en'\ngroups = 3\n", 2, "[groups]"),
    ],
)
def test_a_fault_is_told_with_its_file_and_line(text: str, line: int, message: str) -> None:
    with pytest.raises(LexiconError) as caught:
        read(text)
    assert str(caught.value).startswith(f"xx.toml:{line}: "), str(caught.value)
    assert message in str(caught.value)
    assert "README.md" in caught.value.remedy


FRAMES = """\
language = "any"

[[frame]]
name = "soft"
rights = ["erasure"]
needs = ["erasure-mine", "sign-gone"]
also = ["access-mine"]
adds = '''
erasure-mine 2
sign-gone 1.5
access-mine -1
'''
"""


def test_a_frame_for_any_language_does_without_the_rules_that_a_language_lacks() -> None:
    sparse = "language = 'xx'\n[[rule]]\nname = 'sign-gone'\nmatch = 'gone'\n"
    bare = "language = 'yy'\n[[rule]]\nname = 'other'\nmatch = 'gone'\n"
    lexicons = [parse_lexicon("f", FRAMES), *(parse_lexicon("x", text) for text in (GOOD, sparse, bare))]
    book = compile_rules(lexicons)
    (english,), (other,) = book.speech("en").frames, book.speech("xx").frames
    assert book.speech("yy").frames == ()
    assert (english.language, english.needs, english.also) == ("en", ("erasure-mine",), ("access-mine",))
    assert english.adds == {"erasure-mine": 2.0, "access-mine": -1.0}
    assert (other.language, other.needs, other.also, other.adds) == ("xx", ("sign-gone",), (), {"sign-gone": 1.5})


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("sign-gone 1.5", "sign-gone", 10, "not a rule and a number"),
        ("access-mine -1", "access-min -1", 11, "'access-min', which is no rule"),
        ('also = ["access-mine"]', 'besides = ["access-mine"]', 7, "unknown key 'besides'"),
    ],
)
def test_a_fault_in_a_frame_is_told_with_its_line(old: str, new: str, line: int, message: str) -> None:
    sign = "language = 'xx'\n[[rule]]\nname = 'sign-gone'\nmatch = 'gone'\n"
    with pytest.raises(LexiconError) as caught:
        compile_rules(
            [parse_lexicon("f", FRAMES.replace(old, new)), parse_lexicon("e", GOOD), parse_lexicon("x", sign)]
        )
    assert str(caught.value).startswith(f"f:{line}: ")
    assert message in str(caught.value)


def test_an_owners_additions_may_speak_of_the_rules_they_add_to() -> None:
    added = "language = 'en'\n[[rule]]\nname = 'our-shop'\nmatch = 'our shop'\ncancels = ['erasure-mine']\n"
    book = compile_rules([parse_lexicon("en.toml", GOOD), parse_lexicon("own.toml", added)])
    assert [rule.name for rule in book.speech("en").rules] == ["erasure-mine", "access-mine", "our-shop"]


def test_the_rules_of_the_package_are_without_fault() -> None:
    rulebook = load_rulebook()
    rulebook.check()
    assert {*rulebook.languages} == {path.stem for path in FOLDER.glob("*.toml")} - {"frames"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_a_file_is_named_for_its_language(path: Path) -> None:
    lexicon = parse_lexicon(path.name, path.read_text(encoding="utf-8"))
    assert lexicon.language == ("any" if path.stem == "frames" else path.stem)


@pytest.mark.parametrize(
    "path", sorted(set(FOLDER.glob("*.toml")) - {FOLDER / "frames.toml"}), ids=lambda path: path.stem
)
def test_no_group_is_written_for_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lexicon = parse_lexicon(path.name, text)
    assert [name for name in lexicon.groups if f"{{{name}}}" not in text] == []
