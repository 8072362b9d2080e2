"""Recognition on the project's own mails: two files a case, the mail and what it asks for.

`blind` mails were written by someone who had not seen the rules, and the rules were then worked on with them; `blind2`
were never looked at by whoever wrote the rules.
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.domain.classification import Classification, classify
from inbox_bot.domain.mime import parse
from inbox_bot.domain.request import Verdict

CORPUS = Path(__file__).parents[1] / "corpus"
# At least so many percent seen and of F1, at most so many percent of the others taken for a request or uncertain.
WANTED = {"en/blind": (97, 93, 3, 10), "en/blind2": (95, 92, 3, 5)}


@cache
def judged(folder: str) -> tuple[tuple[dict[str, Any], Classification], ...]:
    """Every case of a folder with its verdict."""
    rulebook = load_rulebook()
    cases = sorted((CORPUS / folder).glob("*.json"))
    return tuple(
        (json.loads(case.read_text("utf-8")), classify(parse(case.with_suffix(".eml").read_bytes()), rulebook))
        for case in cases
    )


def share(found: list[bool]) -> float:
    return 100 * sum(found) / len(found)


@pytest.mark.parametrize("folder", WANTED)
def test_requests_are_seen(folder: str) -> None:
    seen = [found.verdict != Verdict.UNRELATED for case, found in judged(folder) if case["category"] == "positive"]
    assert len(seen) >= 100
    assert share(seen) >= WANTED[folder][0]


@pytest.mark.parametrize("folder", WANTED)
def test_what_is_asked_is_understood(folder: str) -> None:
    outcomes: Counter[str] = Counter()
    for case, found in judged(folder):
        if case["category"] == "positive" and found.verdict != Verdict.UNRELATED:
            wanted, said = set(case["rights"]), set(map(str, found.rights))
            outcomes["hit"] += len(wanted & said)
            outcomes["wrong"] += len(wanted - said) + len(said - wanted - set(case["rights_secondary"]))
    assert 200 * outcomes["hit"] / (2 * outcomes["hit"] + outcomes["wrong"]) >= WANTED[folder][1]


@pytest.mark.parametrize("folder", WANTED)
def test_other_mail_is_left_alone(folder: str) -> None:
    verdicts = [found.verdict for case, found in judged(folder) if case["category"] == "negative"]
    assert len(verdicts) >= 60
    assert share([verdict == Verdict.REQUEST for verdict in verdicts]) <= WANTED[folder][2]
    assert share([verdict == Verdict.UNCERTAIN for verdict in verdicts]) <= WANTED[folder][3]


def test_letters_in_legal_words_are_requests() -> None:
    letters = [found.verdict for case, found in judged("en/blind") if case["subtype"] == "letter"]
    assert len(letters) == 20
    assert set(letters) == {Verdict.REQUEST}


def test_every_case_is_a_pair() -> None:
    for mail in CORPUS.rglob("*.eml"):
        assert mail.with_suffix(".json").exists(), mail
    for case in CORPUS.rglob("*.json"):
        assert case.with_suffix(".eml").exists(), case
