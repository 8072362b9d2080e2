"""What is installed finds its own data: from the built wheel, from the source archive, `pip install .` and `-e .`.

The dependencies are those of the Python that runs the tests, seen through a .pth file: only the package itself is new.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from inbox_bot.adapters.laws import law_names

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
CONFIG = (
    'company = "Example Ltd"\ncountry = "GB-ENG"\nmailbox = "privacy.example@gmail.com"\nowner = "jo@example.co.uk"\n'
    'password = "env:NOWHERE"\nmode = "live"\n'
)
TEMPLATES = "from inbox_bot.adapters.templates import packaged_folder; print(packaged_folder())"
REQUEST = "Please send me a copy of all the personal data you hold about me."
_UNREACHABLE = ("Could not find a version", "No matching distribution", "NewConnectionError", "Failed to establish")


def run(*command: str | Path, cwd: Path = Path("/"), code: int = 0) -> str:
    """What a command prints, far from the checkout and without its environment."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "INBOX_BOT"))}
    env |= {"PIP_RETRIES": "2", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)
    told = done.stdout + done.stderr
    offline = [line.strip() for line in told.splitlines() if any(words in line for words in _UNREACHABLE)]
    if done.returncode != code and offline:
        reason = f"the package index cannot be reached: {offline[-1]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    assert done.returncode == code, told
    return done.stdout


@dataclass(frozen=True)
class Installed:
    """A fresh virtual environment in which the package is installed."""

    python: Path

    def says(self, *arguments: str | Path, code: int = 0) -> str:
        return run(self.python.with_name("inbox-bot"), *arguments, code=code)

    def prints(self, code: str) -> str:
        return run(self.python, "-c", code).strip()


def installed(folder: Path, *what: str) -> Installed:
    """Install into a fresh environment with pip. It sees the libraries that are here, after its own packages."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", *what)
    return Installed(python)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The source archive, and the wheel that is built from nothing but that archive."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--quiet", "--outdir", folder, ROOT)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return {"sdist": sdist, "wheel": wheel}


@pytest.fixture(scope="module")
def wheel(built: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return installed(tmp_path_factory.mktemp("wheel"), str(built["wheel"]))


def data_files() -> set[str]:
    """The data that the package cannot do without, as it lies in a wheel."""
    inside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "inbox_bot").rglob("*.toml")}
    return inside | {f"inbox_bot/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "templates").rglob("*.j2")}


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(built: Mapping[str, Path]) -> None:
    names = set(zipfile.ZipFile(built["wheel"]).namelist())
    assert data_files() - names == set()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"inbox_bot"}
    assert [name for name in names if name.endswith((".pyc", ".db", ".orig"))] == []
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_archive_holds_what_a_reader_needs(built: Mapping[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "pyproject.toml", "deploy/inbox-bot.service", "tests/conftest.py"} <= names
    assert {f"templates/en/{name}" for name in ("acknowledgement.txt.j2", "digest.html.j2")} <= names


def test_the_wheel_runs_from_its_own_files(wheel: Installed) -> None:
    environment = wheel.python.parents[1]
    assert environment in Path(wheel.prints("import inbox_bot; print(inbox_bot.__file__)")).parents
    assert environment in Path(wheel.prints(TEMPLATES)).parents
    assert wheel.says("--version").startswith("inbox-bot 0.")


def test_the_wheel_finds_its_rules(wheel: Installed, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text(REQUEST)
    told = json.loads(wheel.says("classify", "--json", tmp_path / "letter.txt"))
    assert (told["verdict"], told["rights"], told["language"]) == ("request", ["access"], "en")


def test_the_wheel_finds_every_law_and_the_places(wheel: Installed) -> None:
    told = json.loads(wheel.says("deadline", "2026-01-31T10:00", "--json"))
    assert (told["law"], told["due_on"]) == ("uk_gdpr", "2026-03-02")
    there = wheel.prints("from inbox_bot.adapters.laws import law_names; print(*law_names())")
    assert there.split() == list(law_names())


def test_the_wheel_finds_its_providers_and_templates(wheel: Installed, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG + f'[register]\npath = "{tmp_path}/register.db"\n')
    assert json.loads(wheel.says("--config", config, "config", "show", "--json"))["imap"]["host"] == "imap.gmail.com"
    letter = wheel.says("--config", config, "preview", "acknowledgement", "--on", "2026-01-31")
    assert "Monday 2 March 2026" in letter
    findings = json.loads(wheel.says("--config", config, "check", "--json", code=1))
    assert {finding["part"]: finding["ok"] for finding in findings} == {
        "configuration": True, "mailbox": False, "sending": False, "register": True, "templates": True,
        "recognition": True, "law": True,
    }, "the password is nowhere; all else is found"  # fmt: skip


def test_the_wheel_shows_the_demo(wheel: Installed, tmp_path: Path) -> None:
    pytest.importorskip("pymap", reason="needs the extra: pip install 'inbox-bot[demo]'")
    assert "formal access letter" in wheel.says("demo", "--folder", tmp_path)
    assert (tmp_path / "digest.html").is_file()


@pytest.mark.parametrize("editable", [False, True], ids=["pip install .", "pip install -e ."])
def test_an_installed_checkout_finds_its_templates(tmp_path: Path, *, editable: bool) -> None:
    here = installed(tmp_path / "venv", *(["-e"] if editable else []), str(ROOT))
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    assert "Monday 2 March 2026" in here.says("--config", config, "preview", "acknowledgement", "--on", "2026-01-31")
    templates = Path(here.prints(TEMPLATES))
    assert templates == ROOT / "templates" if editable else tmp_path in templates.parents
