"""The digest as a telephone shows it: rendered by Chromium, measured, in light and in dark."""

import functools
import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from inbox_bot.adapters.dates import in_words
from inbox_bot.adapters.templates import KINDS, JinjaWriter
from inbox_bot.domain.agenda import RIGHT_WORDS, Agenda, Trouble, TroubleKind

WIDTHS = (320, 600)
SCHEMES = {"light": 1, "dark": 0}  # Chromium's numbers for prefers-color-scheme
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Runs beside frames of each width, after all have loaded, and leaves what it measured in the page.
MEASURE = r"""
function numbers(css) { return (css.match(/[\d.]+/g) || []).map(Number); }
function opaque(css) { const c = numbers(css); return c.length === 3 || c[3] === 1; }
function light(css) {
  const [r, g, b] = numbers(css).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function measure(frame) {
  const view = frame.contentWindow, doc = frame.contentDocument, faint = [], wide = [], sizes = [];
  const style = element => view.getComputedStyle(element);
  for (const element of doc.body.querySelectorAll("*")) {
    if (element.getBoundingClientRect().right > view.innerWidth + 0.5) wide.push(element.textContent.slice(0, 60));
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    let under = element;
    while (!opaque(style(under).backgroundColor)) under = under.parentElement;
    const [a, b] = [light(style(element).color), light(style(under).backgroundColor)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push([element.textContent.slice(0, 60), contrast]);
    sizes.push(parseFloat(style(element).fontSize));
  }
  return {
    width: view.innerWidth, scroll_width: doc.documentElement.scrollWidth, wide, faint, texts: sizes.length,
    smallest: Math.min(...sizes), dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
    background: style(doc.body).backgroundColor, text: doc.body.innerText,
  };
}
window.onload = () => {
  document.getElementById("measured").textContent =
    JSON.stringify([...document.querySelectorAll("iframe")].map(measure));
};
"""


class Measured(NamedTuple):
    """What Chromium found. faint: texts with a contrast below 4.5:1. wide: texts that stand out of the frame."""

    width: int
    scroll_width: int
    wide: list[str]
    faint: list[tuple[str, float]]
    texts: int
    smallest: float
    dark: bool
    background: str
    text: str


@functools.cache
def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("Chromium is missing, and CI must not skip: apt-get install chromium")
    pytest.skip("needs Chromium: apt-get install chromium")


def full_agenda() -> Agenda:
    """Every urgency and every trouble, with the longest words that can occur."""
    sample = KINDS["digest"].samples[0]["agenda"]
    assert isinstance(sample, Agenda)
    first, *others = sample.entries
    remedy = (
        "inbox-bot --config /etc/inbox-bot/a-folder-with-a-long-name/config.toml import --since 2026-10-23 --dry-run"
    )
    return replace(
        sample,
        company="The Worshipful-Company-of-Extraordinarilylongunbrokennames Ltd",
        headline="12 overdue, 10 due today, 11 to act on now, 12 due soon, 13 to decide, 14 new, 15 to look at",
        entries=(replace(first, rights=tuple(RIGHT_WORDS.values())), *others),
        troubles=(*sample.troubles, Trouble(TroubleKind.BASELINE, remedy, 214)),
    )


@functools.cache
def page(agenda: Agenda) -> str:
    rendered = JinjaWriter(in_words).write("en", "digest", {"agenda": agenda}).html
    assert rendered is not None
    return rendered


def render(agenda: Agenda, scheme: str, folder: Path) -> dict[int, Measured]:
    """The digest at each width. Frames, because a headless window is never narrower than 500 px."""
    frames = (
        f'<iframe style="border:0;width:{width}px;height:900px" srcdoc="{html.escape(page(agenda))}"></iframe>'
        for width in WIDTHS
    )
    document = folder / "page.html"
    document.write_text(
        f'<!doctype html><meta charset="utf-8">{"".join(frames)}<pre id="measured"></pre><script>{MEASURE}</script>',
        encoding="utf-8",
    )
    switches = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    command = [
        chromium(),
        *(f"--{switch}" for switch in switches.split()),
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        "--dump-dom",
        document.as_uri(),
    ]
    dumped = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r'<pre id="measured">(.+?)</pre>', dumped, re.DOTALL)
    assert found, "the measuring script did not run"
    return {one["width"]: Measured(**one) for one in json.loads(html.unescape(found[1]))}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, Measured]]:
    return {scheme: render(full_agenda(), scheme, tmp_path_factory.mktemp(scheme)) for scheme in SCHEMES}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_has_to_be_scrolled_sideways(rendered: dict[str, dict[int, Measured]], scheme: str, width: int) -> None:
    measured = rendered[scheme][width]
    assert measured.wide == []
    assert measured.scroll_width <= width


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_text_is_large_and_stands_out_from_its_background(
    rendered: dict[str, dict[int, Measured]], scheme: str, width: int
) -> None:
    measured = rendered[scheme][width]
    assert measured.texts > 50
    assert measured.faint == []
    assert measured.smallest >= 14


def test_light_and_dark_have_different_backgrounds(rendered: dict[str, dict[int, Measured]]) -> None:
    light, dark = rendered["light"][320], rendered["dark"][320]
    assert (light.dark, dark.dark) == (False, True)
    assert light.background != dark.background
    assert light.text == dark.text


def test_words_say_all_that_colours_say(rendered: dict[str, dict[int, Measured]]) -> None:
    text = rendered["light"][320].text
    agenda = full_agenda()
    for entry in agenda.entries[:-1]:
        assert entry.status in text
    for command in (*agenda.entries[0].commands, *(trouble.remedy for trouble in agenda.troubles)):
        assert command in text


@pytest.mark.parametrize("sample", range(len(KINDS["digest"].samples)))
def test_nothing_is_fetched_and_nothing_runs(sample: int) -> None:
    agenda = KINDS["digest"].samples[sample]["agenda"]
    assert isinstance(agenda, Agenda)
    fetching = r"https?:|//\w|\burl\(|@import|\b(?:src|srcset|href|background)=|\bon\w+="
    elements = r"<(?:script|img|link|iframe|object|embed|video|audio|svg|form)\b"
    assert re.findall(f"{fetching}|{elements}", page(agenda), re.IGNORECASE) == []
