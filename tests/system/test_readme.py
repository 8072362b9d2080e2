"""The README is true: its commands print what it shows, its letters are what the templates write."""

import re
from datetime import date
from pathlib import Path

import pytest
from babel import Locale

from inbox_bot.adapters.dates import in_words
from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.adapters.templates import JinjaWriter
from inbox_bot.domain.agenda import AgendaItem, agenda
from tests.beds.program import run_cli
from tests.fakes.requests import request

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
CONSOLE = re.findall(r"```console\n\$ inbox-bot ([^\n]*)\n(.*?)```", README, re.DOTALL)


_HOW = (
    "Answer by the end of Tue 22 Dec 2026. How this came about: received Sun 22 Nov 2026 10:31; "
    "one month: Tue 22 Dec 2026."
)


def shown(name: str) -> str:
    """The block between the marks `name` and `end`."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```\n<!-- end -->", README, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("arguments", "output"), CONSOLE, ids=[arguments for arguments, _ in CONSOLE])
def test_a_command_prints_what_the_readme_shows(arguments: str, output: str) -> None:
    done = run_cli(*arguments.split(), env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip() == output.rstrip()


def test_the_readme_shows_a_command_at_all() -> None:
    assert len(CONSOLE) >= 2


def test_the_acknowledgement_is_the_template_s() -> None:
    facts = {
        "reference": "DSR-26-7F3K7",
        "company": "Hartley Books Ltd",
        "received_on": date(2026, 11, 22),
        "answer_by_on": date(2026, 12, 22),
        "rights": ("access",),
        "for_other": False,
        "contact_name": "Jo Hartley",
        "contact_email": "privacy@hartley-books.example",
        "contact_phone": "0117 496 0123",
        "contact_postal": "",
        "regulator_name": "Information Commissioner's Office",
        "regulator_url": "https://ico.org.uk/make-a-complaint/",
        "regulator_phone": "0303 123 1113",
    }
    written = JinjaWriter(in_words).write("en", "acknowledgement", facts)
    assert shown("acknowledgement").rstrip() == f"Subject: {written.subject}\n\n{written.text}".rstrip()


def test_the_digest_is_the_template_s() -> None:
    asked = request("DSR-26-7F3K7", received_on=date(2026, 11, 22), due_on=date(2026, 12, 22))
    reminded = AgendaItem(asked, _HOW, "sent", reminded=frozenset({14, 7}), announced=True)
    today = agenda([reminded], [], today=date(2026, 12, 19), company="Hartley Books Ltd")
    written = JinjaWriter(in_words).write("en", "digest", {"agenda": today})
    assert shown("digest").rstrip() == f"Subject: {written.subject}\n\n{written.text}".rstrip()


def test_the_two_commands_are_there() -> None:
    assert len(re.findall(r"^python3 -m venv ", shown("two commands"), re.MULTILINE)) == 2


def test_the_languages_it_reads_and_answers_in_are_those_there_are() -> None:
    official = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"
    assert set(load_rulebook().languages) == {*official.split(), "no", "tr"}
    named = re.search(r"has a letter in it \(([^)]*)\)", README)
    assert named is not None
    answers = JinjaWriter(in_words).languages("acknowledgement")
    names = {Locale.parse(language).get_display_name("en") for language in answers}
    assert {name.strip() for name in named[1].split(",")} == names
