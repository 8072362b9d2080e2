"""Rules as data: a fault is told with its line, and the little language does what its table says."""

import pytest

from inbox_bot.domain.classification import classify
from inbox_bot.domain.lexicon import compile_rules, parse_lexicon
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.request import Right, Verdict
from inbox_bot.errors import LexiconError

HEAD = 'language = "xx"\n[groups]\nerase = "delete, get rid of"\ndata = "data, file"\n'
RULE = """
[[rule]]
name = "erasure"
rights = ["erasure"]
weight = 10
match = '''
{erase} ..2 my ..1 {data}
'''
unless = '''
never ..2 {erase}
'''
"""


def verdict(text: str, rules: str = HEAD + RULE) -> Verdict:
    return classify(InboundMessage(text=text), compile_rules([parse_lexicon("xx.toml", rules)])).verdict


@pytest.mark.parametrize(
    "text",
    [
        "Please delete my data.",
        "DELETE all of my data",
        "get rid of my old file",
        "d\u200be\u00adlete my d\u200bata",
        "dеlete my dаta",  # Cyrillic е and а
        "Ｄelete my data",
        "Hello.\n\nIt rains.\n\nDelete my data",
    ],
)
def test_a_pattern_finds_its_words(text: str) -> None:
    assert verdict(text) is Verdict.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "Delete your data.",
        "Delete one two three my data.",  # the gap is two
        "Delete. My data.",  # two sentences
        "You must never delete my data.",
        "my data delete",
        "",
    ],
)
def test_a_pattern_leaves_other_words_alone(text: str) -> None:
    assert verdict(text) is Verdict.UNRELATED


def test_the_sum_of_weights_is_the_verdict() -> None:
    assert verdict("delete my data", HEAD + RULE.replace("weight = 10", "weight = 5")) is Verdict.UNCERTAIN
    assert verdict("delete my data", HEAD + RULE.replace("weight = 10", "weight = 4.9")) is Verdict.UNRELATED


def test_a_rule_that_cancels_is_shown_with_what_it_cancelled() -> None:
    policy = "\n[[rule]]\nname = \"policy\"\ncancels = [\"erasure\"]\nmatch = '''\nyou may\n'''\n"
    rulebook = compile_rules([parse_lexicon("xx.toml", HEAD + RULE + policy)])
    found = classify(InboundMessage(text="You may delete my data."), rulebook)
    assert found.verdict is Verdict.UNRELATED
    (evidence,) = [entry for entry in found.evidence if entry.rule.startswith("xx/erasure")]
    assert evidence.weight == 0
    assert "policy" in evidence.rule


def test_the_evidence_is_the_writers_own_words() -> None:
    rulebook = compile_rules([parse_lexicon("xx.toml", HEAD + RULE)])
    found = classify(InboundMessage(text="Good day!\nDelete all MY data, please."), rulebook)
    assert found.rights == (Right.ERASURE,)
    (evidence,) = found.evidence
    assert (evidence.words, evidence.where, evidence.weight) == ("Delete all MY data", "new", 10.0)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("language = 5\n", 1, "language"),
        (HEAD + "[[rule]\n", 5, ""),
        (HEAD + RULE.replace("{data}", "{dtaa}"), 11, "dtaa"),
        (HEAD + RULE.replace('"erasure"]', '"erasing"]'), 8, "erasing"),
        (HEAD + RULE.replace("weight = 10", 'weight = "ten"'), 9, "number"),
        (HEAD + RULE + RULE, 0, "two rules"),
        (HEAD + RULE + 'nmae = "x"\n', 16, "nmae"),
        (HEAD + RULE + 'cancels = ["nothing"]\n', 16, "nothing"),
    ],
)
def test_a_fault_is_told_with_file_and_line(text: str, line: int, words: str) -> None:
    with pytest.raises(LexiconError) as fault:
        compile_rules([parse_lexicon("xx.toml", text)])
    assert str(fault.value).startswith(f"xx.toml:{line}:" if line else "xx.toml:")
    assert words in str(fault.value)
