"""The project's own mails: what recognition makes of every set, held to the figures in corpus/thresholds.toml."""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.domain.classification import Classification, classify
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.mime import parse
from inbox_bot.domain.request import Verdict

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
LEXICONS = Path(__file__).resolve().parents[2] / "inbox_bot" / "lexicon"
SETS = sorted(
    folder for folder in CORPUS.glob("*/*") if folder.is_dir() and (LEXICONS / f"{folder.parent.name}.toml").exists()
)


@dataclass
class Figures:
    """The shares of a set, and the names of the mails that spoil them."""

    count: Counter[str] = field(default_factory=Counter)
    spoilers: dict[str, list[str]] = field(default_factory=dict)

    def judge(self, name: str, label: Mapping[str, Any], found: Classification) -> None:
        if label["category"] == "negative":
            self._share("negatives_request", name, met=found.verdict is Verdict.REQUEST, spoils=True)
            self._share("negatives_uncertain", name, met=found.verdict is Verdict.UNCERTAIN, spoils=True)
            return
        group = "letters_seen" if label["subtype"] == "letter" else "plain_seen"
        self._share(group, name, met=found.verdict is not Verdict.UNRELATED, spoils=False)
        if found.verdict is not Verdict.UNRELATED:
            self._rights(name, label, {str(right) for right in found.rights})

    def _share(self, key: str, name: str, *, met: bool, spoils: bool) -> None:
        self.count[f"{key} of"] += 1
        self.count[key] += met
        if met is spoils:
            self.spoilers.setdefault(key, []).append(name)

    def _rights(self, name: str, label: Mapping[str, Any], said: set[str]) -> None:
        wanted = set(label["rights"])
        extra = said - wanted - set(label.get("rights_secondary") or ())
        self.count["hit"] += len(wanted & said)
        self.count["off"] += len(wanted - said) + len(extra)
        if extra or wanted - said:
            self.spoilers.setdefault("rights_f1", []).append(f"{name} {sorted(said)}")

    def share(self, key: str) -> float | None:
        """The share, or None if the set has nothing of the kind."""
        if key == "rights_f1":
            hits = 2 * self.count["hit"]
            return hits / (hits + self.count["off"]) if hits + self.count["off"] else None
        return self.count[key] / self.count[f"{key} of"] if self.count[f"{key} of"] else None


def measure(folder: Path) -> Figures:
    """Classify every mail of a set that is not ambiguous."""
    rulebook, figures = load_rulebook(), Figures()
    for mail in sorted(folder.glob("*.eml")):
        label = json.loads(mail.with_suffix(".json").read_text(encoding="utf-8"))
        if not label.get("ambiguous"):
            figures.judge(mail.stem, label, classify(parse(mail.read_bytes()), rulebook))
    return figures


def measure_lines(path: Path) -> Figures:
    """Classify every line of a file of short mails."""
    rulebook, figures = load_rulebook(), Figures()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            rights, _, mail = line.partition("|")
            subject, _, body = mail.partition("##")
            named = [right for right in rights.split(",") if right]
            label = {"category": "positive" if named else "negative", "subtype": "plain", "rights": named}
            figures.judge(f"line {number}", label, classify(InboundMessage(subject=subject, text=body), rulebook))
    return figures


def thresholds(path: Path) -> dict[str, float]:
    """What a set must reach: its own figures before those of its language before the default."""
    tree = tomllib.loads((CORPUS / "thresholds.toml").read_text(encoding="utf-8"))
    language = tree.get(path.parent.name, {})
    levels = (tree["default"], language, language.get(path.stem, {}))
    return {key: value for level in levels for key, value in level.items() if not isinstance(value, dict)}


def _wrong(figures: Figures, path: Path) -> list[str]:
    wrong = []
    for key, limit in thresholds(path).items():
        share = figures.share(key)
        if share is not None and (share > limit if key.startswith("negatives") else share < limit):
            wrong.append(f"{key} {share:.3f}, limit {limit}: {', '.join(figures.spoilers.get(key, []))}")
    return wrong


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_every_set_of_mails_reaches_its_figures(folder: Path) -> None:
    assert _wrong(measure(folder), folder) == []


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*.txt")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_file_of_short_mails_reaches_its_figures(path: Path) -> None:
    assert _wrong(measure_lines(path), path) == []


@pytest.mark.parametrize(
    "folder", sorted(CORPUS.glob("*/*/")), ids=lambda folder: f"{folder.parent.name}/{folder.name}"
)
def test_every_mail_has_a_label_that_makes_sense(folder: Path) -> None:
    for mail in folder.glob("*.eml"):
        label = json.loads(mail.with_suffix(".json").read_text(encoding="utf-8"))
        assert label["category"] in {"positive", "negative"}, mail.name
        assert label["language"] == folder.parent.name, mail.name
        assert bool(label["rights"]) == (label["category"] == "positive"), mail.name
