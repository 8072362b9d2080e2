"""The house rules that no linter knows: sizes, one door per library, what the project may say of itself."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "inbox_bot"
MODULES = sorted(PACKAGE.rglob("*.py"))
TEST_MODULES = sorted((ROOT / "tests").rglob("*.py"))
DOORS = {
    "imapclient": "adapters/imap/",
    "smtplib": "adapters/smtp/",
    "sqlite3": "adapters/store/",
    "sqlite_utils": "adapters/store/",
    "jinja2": "adapters/templates.py",
    "babel": "adapters/dates.py",
    "holidays": "adapters/calendar.py",
    "apscheduler": "service.py",
    "resiliparse": "domain/html.py",
    "authres": "domain/screening/",
    "pydantic": "config/",
    "click": "cli/",
    "rich": "cli/",
    "pymap": "demo/",
    "aiosmtpd": "demo/",
    "dateutil": "domain/deadline.py",
}
# The clean core computes; these would let it touch the world.
WORLDLY = {
    "os",
    "socket",
    "subprocess",
    "pathlib",
    "tempfile",
    "logging",
    "time",
    "random",
    "secrets",
    "threading",
    "shutil",
}
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "inbox_bot", "templates", "tests", "deploy"}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _inside(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=_inside)
def test_no_module_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_no_function_is_longer_than_50_lines() -> None:
    assert [name for path in MODULES for name, lines in _functions(path) if lines > 50] == []


def test_the_median_function_is_short() -> None:
    lines = sorted(lines for path in MODULES for _, lines in _functions(path))
    assert lines[len(lines) // 2] <= 10


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library: str) -> None:
    users = [_inside(path) for path in MODULES if library in set(_imports(path))]
    assert users, f"{library} is not used at all"
    assert [user for user in users if not user.startswith(DOORS[library])] == []


def test_the_domain_touches_nothing() -> None:
    worldly = {
        _inside(path): sorted(WORLDLY & set(_imports(path)))
        for path in MODULES
        if _inside(path).startswith("domain/") and WORLDLY & set(_imports(path))
    }
    assert worldly == {}


def test_sql_stands_only_in_the_store() -> None:
    statement = re.compile(r'"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN)\b[^"]* ')
    writers = [_inside(path) for path in MODULES if statement.search(path.read_text(encoding="utf-8"))]
    assert [writer for writer in writers if not writer.startswith("adapters/store/")] == []


def test_only_the_command_line_prints() -> None:
    call = re.compile(r"^\s*print\(", re.MULTILINE)
    assert [_inside(path) for path in MODULES if call.search(path.read_text(encoding="utf-8"))] == []


def test_no_test_patches_our_own_modules() -> None:
    patch = re.compile(r"mock[.]patch|from unittest import moc[k]")
    patchers = [path.name for path in TEST_MODULES if patch.search(path.read_text(encoding="utf-8"))]
    assert patchers == []


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed beside this Python")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_map_names_every_room() -> None:
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    rooms = {path.stem if path.suffix else path.name for path in PACKAGE.iterdir() if not path.name.startswith("__py")}
    missing = [room for room in sorted(rooms - {"__init__", "README"}) if room not in text]
    assert missing == []


def test_the_top_level_is_the_given_one() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    tops = {line.partition("/")[0] for line in listed.splitlines()}
    assert {top for top in tops if not top.startswith(".")} <= TOP_LEVEL
