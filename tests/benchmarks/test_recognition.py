"""How fast recognition is: `pytest tests/benchmarks -s` prints it. Machines are noisy, so nothing is asserted of time.

The ratios compare two kinds of work in the same run, which a faster or busier machine moves alike.
"""

import time
from collections.abc import Callable
from pathlib import Path

from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.domain.classification import classify
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.mime import parse

CORPUS = Path(__file__).parents[1] / "corpus"


def seconds(work: Callable[[], object]) -> float:
    """The best of three."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def test_texts_a_second() -> None:
    raws = [path.read_bytes() for path in sorted(CORPUS.glob("en/*/*.eml"))]
    assert len(raws) >= 400
    rulebook = load_rulebook()
    messages = [parse(raw) for raw in raws]
    parsing = seconds(lambda: [parse(raw) for raw in raws])
    judging = seconds(lambda: [classify(message, rulebook) for message in messages])
    print(f"\nclassify: {len(raws) / judging:.0f} texts a second; {judging / parsing:.1f} times a parse")


def test_a_dense_text_of_64_kib() -> None:
    rulebook = load_rulebook()
    words = "please delete all my personal data and send me a copy of everything you hold about me "
    dense = InboundMessage(text=(words * 1000)[:65536])
    plain = InboundMessage(text=("the quick brown fox jumps over the lazy dog. " * 2000)[:65536])
    assert classify(dense, rulebook).rights
    slow, usual = seconds(lambda: classify(dense, rulebook)), seconds(lambda: classify(plain, rulebook))
    print(f"\n64 KiB: dense {1000 * slow:.0f} ms, {slow / usual:.1f} times a plain text of that length")
