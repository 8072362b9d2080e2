"""The demo shows the real thing: what it decides, what it leaves behind, and that it reaches for no network."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

for package in ("pymap", "aiosmtpd"):
    pytest.importorskip(package, reason=f"{package} is not installed: pip install 'inbox-bot[demo]'")

from inbox_bot import cli, demo  # noqa: E402 needs the extra that may be absent
from inbox_bot.cli.work import _show_demo  # noqa: E402
from inbox_bot.demo import Decided  # noqa: E402

# What each mail must be taken for: its rights, for a request that is acknowledged; none, for what asks for nothing.
REQUESTS = {
    "formal access letter": {"access"},
    "rectification after moving house": {"rectification"},
    "chatty question: what do you know about me?": {"access"},
    "erasure, and no more marketing": {"erasure", "objection"},
    "solicitor for a client": {"access"},
    "portability": {"portability"},
    "request in the third paragraph of a rant": {"access"},
    "complaint": {"complaint"},
    "restriction, in HTML only": {"restriction"},
}
ORDINARY = {"newsletter", "bounce", "out-of-office reply", "invoice", "meeting"}


@dataclass(frozen=True)
class Shown:
    """One run of the demo, in this process. decided: by the label of each mail."""

    decided: dict[str, Decided]
    letters: list[Path]
    folder: Path


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("demo") / "letters"
    decided, letters = demo.show(folder)
    return Shown({mail.label: mail for mail in decided}, list(letters), folder)


def test_every_mail_is_told_of_once(shown: Shown) -> None:
    assert set(shown.decided) == REQUESTS.keys() | ORDINARY


@pytest.mark.parametrize("label", REQUESTS)
def test_a_request_is_registered_for_its_rights_and_acknowledged(shown: Shown, label: str) -> None:
    mail = shown.decided[label]
    assert (mail.verdict, set(mail.rights), mail.answer) == ("request", REQUESTS[label], "acknowledged")
    assert mail.due_on is not None
    assert mail.why.startswith("“")


@pytest.mark.parametrize("label", sorted(ORDINARY))
def test_what_is_no_request_is_left_alone_or_its_answer_withheld(shown: Shown, label: str) -> None:
    mail = shown.decided[label]
    assert mail.verdict == "unrelated" or mail.answer.startswith("not answered: ")
    assert mail.why


def test_each_acknowledgement_and_the_digest_are_files_to_open(shown: Shown) -> None:
    acknowledged = {mail.reference for mail in shown.decided.values() if mail.answer == "acknowledged"}
    names = {f"acknowledgement-{reference}.txt" for reference in acknowledged} | {"digest.txt", "digest.html"}
    assert {letter.name for letter in shown.letters} == {path.name for path in shown.folder.iterdir()} == names
    for reference in acknowledged:
        text = (shown.folder / f"acknowledgement-{reference}.txt").read_text("utf-8")
        assert text.startswith("To: ")
        assert f"Your reference is {reference}." in text
    digest = (shown.folder / "digest.html").read_text("utf-8")
    assert all(mail.reference in digest for mail in shown.decided.values())


def test_the_table_fits_80_columns_and_breaks_no_word(
    shown: Shown, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _show_demo(list(shown.decided.values()), [Path("/tmp/letters/digest.txt")])
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    for mail in shown.decided.values():
        words = set(re.findall(r"[\w-]+", f"{mail.label} {mail.reference} {mail.answer} {mail.verdict}"))
        assert {word for word in words if word not in told} == set()


_WATCHED = """
import json, sys
reached = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind"):
        reached.append(str(arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "subprocess.Popen"):
        reached.append(f"{event} {arguments[0]}")
sys.addaudithook(watch)
from inbox_bot.cli import run
code = run(["demo", "--folder", sys.argv[1]])
print(json.dumps(sorted(set(reached))), file=sys.stderr)
sys.exit(code)
"""


def test_the_demo_needs_no_network_and_says_nothing_beside_its_table(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, tmp_path / "letters"], capture_output=True, text=True, check=False, timeout=60,
        cwd=Path(cli.__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    reached = json.loads(line)
    assert reached, "else nothing was watched"
    assert [place for place in reached if not re.search(r"127\.0\.0\.1|localhost", place)] == []


def test_a_folder_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["demo", "--folder", "/etc/passwd/letters"]) == 1
    assert "/etc/passwd" in capsys.readouterr().err


def test_without_the_extra_the_demo_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pymap.py").write_text("raise ModuleNotFoundError(\"No module named 'pymap'\", name='pymap')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from inbox_bot.cli import run; sys.exit(run(['demo']))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(cli.__file__).parents[2]
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "pymap" in done.stderr
    assert "pip install 'inbox-bot[demo]'" in done.stderr
