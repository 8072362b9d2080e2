"""How fast recognition is, on one core: prints, asserts nothing.

    python tests/benchmarks/recognition.py

Figures are also given as multiples of a loop that any CPython runs, so that two machines can be compared.
"""

import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from inbox_bot.domain.classification import STEPS, classify  # noqa: E402
from inbox_bot.domain.hits import part_of  # noqa: E402
from inbox_bot.domain.lexicon import Rulebook, compile_rules, parse_lexicon  # noqa: E402
from inbox_bot.domain.message import InboundMessage  # noqa: E402
from inbox_bot.domain.mime import parse  # noqa: E402
from inbox_bot.domain.pattern import Work  # noqa: E402

LEXICONS = sorted((ROOT / "inbox_bot" / "lexicon").glob("*.toml"))
FRAMES = ROOT / "inbox_bot" / "lexicon" / "frames.toml"
LIMIT = 65536


def seconds(what: Callable[[], object], times: int = 3) -> float:
    """CPU seconds of the fastest of several runs."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        what()
        best = min(best, time.process_time() - start)
    return best


def rulebook(paths: list[Path]) -> Rulebook:
    return compile_rules(parse_lexicon(path.name, path.read_text(encoding="utf-8")) for path in paths)


def dense_texts(book: Rulebook) -> dict[str, str]:
    """Texts of 64 KiB made to be slow."""
    draw = random.Random(3)  # noqa: S311 - texts, not secrets
    words = sorted({word for rule in book.rules for word in " ".join(rule.match).split() if word.isalpha()})
    common = [
        "you",
        "have",
        "my",
        "details",
        "on",
        "me",
        "please",
        "send",
        "hold",
        "delete",
        "it",
        "i",
        "want",
        "to",
        "the",
    ]
    return {
        "words of the rules": " ".join(draw.choice(words) for _ in range(20_000)),
        "words of the rules, in sentences": " ".join(
            draw.choice(words) + draw.choice(["", "", "", "."]) for _ in range(20_000)
        ),
        "the most common of them": " ".join(draw.choice(common) for _ in range(20_000)),
        "three thousand requests": "".join(f"please delete my data {number}. " for number in range(3_000)),
        "one letter": "a " * 32_768,
        "full stops": "." * LIMIT,
        "blank lines": "\n>" * 32_768,
        "slips": " ".join("p" + "".join(draw.choice("ersonalinfmt") for _ in range(8)) for _ in range(7_000)),
    }


def main() -> None:
    unit = seconds(lambda: sum(range(1_000_000)), 9)
    print(f"a loop over a million numbers      {unit * 1000:8.1f} ms")
    for path in (path for path in LEXICONS if path != FRAMES):
        cost = seconds(partial(rulebook, [path]))
        print(f"reading {path.name:12}               {cost * 1000:8.1f} ms   {cost / unit:6.1f} loops")
    book = rulebook(LEXICONS)
    mails = [parse(path.read_bytes()) for path in sorted((ROOT / "tests" / "corpus").glob("*/*/*.eml"))]
    cost = seconds(lambda: [classify(mail, book) for mail in mails])
    words = sum(len(mail.text.split()) for mail in mails)
    speed = (
        f"{len(mails) / cost:8.0f} texts/s {words / cost:9.0f} words/s   {len(mails) * unit / cost:6.1f} texts a loop"
    )
    print(f"mails of the corpus  {speed}")
    for name, text in dense_texts(book).items():
        message = InboundMessage(text=text[:LIMIT])
        cost, work = seconds(partial(classify, message, book)), Work(STEPS)
        part_of("new", message.text, book, work)
        print(f"64 KiB, {name:33} {cost * 1000:8.1f} ms   {cost / unit:6.1f} loops   {STEPS - work.left:8} steps")


if __name__ == "__main__":
    main()
