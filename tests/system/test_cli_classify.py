"""`classify` on whatever lies in a folder: it never stops, never waits, and one line stands for each file."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inbox_bot import cli
from tests.beds.program import run_cli

KEYS = {"path", "verdict", "rights", "language", "may_answer", "withheld", "evidence", "score", "marks", "error"}
REQUEST = "Please send me a copy of all the personal data you hold about me."
HEAD = "From: Ann <ann@example.net>\nTo: privacy@example.co.uk\nSubject: My data\n\n"


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INBOX_BOT_CONFIG", raising=False)


def classified(*paths: Path | str, capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, Any]:
    """What is told of each file, by its name."""
    assert cli.run(["classify", "--json", *map(str, paths)]) == code
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.keys() for line in lines if line.keys() != KEYS] == []
    return {Path(line["path"]).name: line for line in lines}


def test_a_mail_and_bare_bodies_are_read_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.eml").write_text(HEAD + REQUEST)
    (tmp_path / "b.txt").write_text(REQUEST)
    (tmp_path / "c.HTML").write_text(f"<p>{REQUEST}</p>")
    (tmp_path / "d.txt").write_text(REQUEST, encoding="utf-16")
    (tmp_path / "e.txt").write_text("Shall we have lunch on Thursday?")
    found = classified(tmp_path, capsys=capsys)
    assert list(found) == ["a.eml", "b.txt", "c.HTML", "d.txt", "e.txt"]
    asked = ("request", ["access"], "en", True, None)
    read = [(f["verdict"], f["rights"], f["language"], f["may_answer"], f["withheld"]) for f in found.values()]
    assert read == [asked] * 4 + [("unrelated", [], None, True, None)]
    assert {"rule", "words", "where", "offset", "weight"} == found["a.eml"]["evidence"][0].keys()


def test_machine_mail_says_why_it_may_not_be_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.eml").write_text("Precedence: bulk\n" + HEAD + REQUEST)
    found = classified(tmp_path / "a.eml", capsys=capsys)["a.eml"]
    assert (found["verdict"], found["may_answer"], found["withheld"]) == ("request", False, "precedence")


@pytest.mark.parametrize("configured", [False, True])
def test_rules_that_ask_for_our_addresses_need_a_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, configured: bool
) -> None:
    mail = tmp_path / "a.eml"
    mail.write_text(HEAD + REQUEST)
    config = tmp_path / "config.toml"
    servers = '[imap]\nhost = "imap.example.org"\n[smtp]\nhost = "smtp.example.org"\n'
    config.write_text(
        'company = "Other Ltd"\ncountry = "GB-ENG"\nmailbox = "privacy@example.org"\nowner = "jo@example.org"\n'
        f'password = "env:NOWHERE"\n{servers}'
    )
    if configured:
        monkeypatch.setenv("INBOX_BOT_CONFIG", str(config))
    assert classified(mail, capsys=capsys)["a.eml"]["may_answer"] is not configured


def test_no_file_however_odd_stops_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "loop").symlink_to(folder)
    (folder / "deep" / "last.txt").write_text(REQUEST)
    (folder / "itself").symlink_to("itself")
    (folder / "dangling").symlink_to("/nowhere")
    os.mkfifo(folder / "pipe.eml")
    (folder / "empty.eml").touch()
    (folder / "binary.eml").write_bytes(bytes(range(256)) * 4000)
    (folder / "new\nline\x1b[2J.txt").write_text(REQUEST)
    Path(os.fsdecode(os.fsencode(folder) + b"/latin-\xe9.txt")).write_text(REQUEST)
    with (folder / "huge.eml").open("w") as file:
        file.write(HEAD + REQUEST + "\n")
        file.truncate(100_000_000)
    done = run_cli("classify", "--json", str(folder), str(tmp_path / "nowhere.eml"), timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    found = {json.loads(line)["path"]: json.loads(line) for line in done.stdout.splitlines()}
    names = {path.removeprefix(f"{folder}/"): line["error"] for path, line in found.items()}
    assert names == {
        "binary.eml": None,
        "dangling": "No such file or directory",
        "empty.eml": None,
        "huge.eml": None,
        "itself": "Too many levels of symbolic links",
        "latin-\udce9.txt": None,
        "new\nline\x1b[2J.txt": None,
        "pipe.eml": "Not a regular file",
        "deep/last.txt": None,
        str(tmp_path / "nowhere.eml"): "No such file or directory",
    }
    unread = [(line["verdict"], line["withheld"]) for line in found.values() if line["error"]]
    assert unread == [("uncertain", "unparsed")] * 4
    assert found[f"{folder}/huge.eml"]["verdict"] == "request"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked, closed = tmp_path / "locked.eml", tmp_path / "closed"
    locked.touch(mode=0)
    closed.mkdir(mode=0)
    assert cli.run(["classify", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert f"{locked}: uncertain  (Permission denied)" in told.out
    assert f"{closed}: Permission denied" in told.err


def test_an_explanation_tells_every_rule_what_excluded_it_the_sum_and_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "a.txt").write_text(f"{REQUEST} Do not delete my account, or I will be cross.")
    assert cli.run(["classify", "--explain", str(tmp_path / "a.txt")]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert re.search(r"verdict +request: access.*\n +sum +\d+(\.5)? \(a request from 10, uncertain from 5\)", told)
    counted, _, rest = told.partition("EXCLUDED")
    excluded, _, faint = rest.partition("FAINT SIGNS")
    assert "COUNTED" in counted
    assert re.search(r"\+10\.0 +en/access-[a-z-]+, new", counted)
    assert "delete my account" in excluded
    assert "en/sign-ask “Please”" in faint


def test_what_is_told_to_a_person_holds_nothing_that_steers_a_terminal(tmp_path: Path) -> None:
    words = "a copy of all the \x1b]52;c;ZXZpbA==\x07personal\rdata \u202eyou hold about me"
    (tmp_path / "evil\x1b[2J\nforged.eml: request.eml").write_text(HEAD + f"Please send me {words}.")
    done = subprocess.run(
        [sys.executable, "-m", "inbox_bot", "classify", tmp_path], capture_output=True, check=True, text=True,
        cwd=Path(cli.__file__).parents[2],
    )  # fmt: skip
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.stdout) == []
    assert "ZXZpbA==" in done.stdout, "else there was nothing to see"
    assert r"'" + str(tmp_path) + r"/evil\x1b[2J\nforged.eml: request.eml'" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("forged")] == []
