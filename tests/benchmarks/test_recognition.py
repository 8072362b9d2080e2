"""How fast recognition is: `pytest tests/benchmarks -s` prints it. Machines are noisy, so nothing is asserted of time.

The ratios compare two kinds of work in the same run, which a faster or busier machine moves alike.
"""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.domain.classification import classify
from inbox_bot.domain.lexicon import parse_lexicon
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.mime import parse
from inbox_bot.domain.rulebook import compile_rules

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "corpus"
FOLDER = ROOT / "inbox_bot" / "lexicon"
LANGUAGES = ("en", "de", "el", "lt")  # the first, two of the longest, one of the shortest
LIMIT = 65536
SENTENCE = "please delete all my personal data and send me a copy of everything you hold about me "


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds, the best of three."""
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def test_texts_a_second() -> None:
    raws = [path.read_bytes() for path in sorted(CORPUS.glob("*/*/*.eml"))]
    assert len(raws) >= 400
    rulebook = load_rulebook()
    messages = [parse(raw) for raw in raws]
    parsing = seconds(lambda: [parse(raw) for raw in raws])
    judging = seconds(lambda: [classify(message, rulebook) for message in messages])
    print(f"\nclassify: {len(raws) / judging:.0f} texts a second; {judging / parsing:.1f} times a parse")


@pytest.mark.parametrize("language", LANGUAGES)
def test_reading_the_rules_of_a_language(language: str) -> None:
    path = FOLDER / f"{language}.toml"
    cost = seconds(lambda: compile_rules([parse_lexicon(path.name, path.read_text(encoding="utf-8"))]))
    loop = seconds(lambda: sum(range(1_000_000)))
    print(f"\n{language}: {1000 * cost:.0f} ms, {cost / loop:.1f} times a loop over a million numbers")


def _words() -> list[str]:
    """Words of the English rules."""
    english = parse_lexicon("en.toml", (FOLDER / "en.toml").read_text(encoding="utf-8"))
    return sorted({word for rule in english.rules for word in " ".join(rule.match).split() if word.isalpha()})


def _dense() -> dict[str, str]:
    """Texts of 64 KiB made to be slow."""
    draw, words, common = random.Random(3), _words(), SENTENCE.split()  # noqa: S311 - texts, not secrets
    return {
        "one request again and again": SENTENCE * 1000,
        "words of the rules": " ".join(draw.choice(words) for _ in range(20_000)),
        "words of the rules, in sentences": " ".join(draw.choice(words) + draw.choice("   .") for _ in range(20_000)),
        "the most common of them": " ".join(draw.choice(common) for _ in range(20_000)),
        "three thousand requests": "".join(f"please delete my data {number}. " for number in range(3_000)),
        "one letter": "a " * 32_768,
        "full stops": "." * LIMIT,
        "blank lines": "\n>" * 32_768,
        "slips": " ".join("p" + "".join(draw.choice("ersonalinfmt") for _ in range(8)) for _ in range(7_000)),
    }


@pytest.mark.parametrize("name", _dense())
def test_64_kib_made_to_be_slow(name: str) -> None:
    rulebook = load_rulebook()
    dense = InboundMessage(text=_dense()[name][:LIMIT])
    plain = InboundMessage(text=("the quick brown fox jumps over the lazy dog. " * 2000)[:LIMIT])
    classify(dense, rulebook)  # languages are compiled when they are first met
    slow, usual = seconds(partial(classify, dense, rulebook)), seconds(partial(classify, plain, rulebook))
    print(f"\n64 KiB, {name}: {1000 * slow:.0f} ms, {slow / usual:.1f} times a plain text of that length")
