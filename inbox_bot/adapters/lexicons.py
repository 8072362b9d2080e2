"""The door to the rule files: those of the package, and the owner's additions."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from inbox_bot.domain.lexicon import Lexicon, Sheet, parse_lexicon
from inbox_bot.domain.rulebook import Rulebook
from inbox_bot.errors import LexiconError


@cache
def load_rulebook(folder: Path | None = None) -> Rulebook:
    """The rules of the package with those in the owner's folder. What the owner wrote is checked at once.

    Raises:
        LexiconError: a file cannot be read or understood; with file:line.
    """
    package = files("inbox_bot").joinpath("lexicon")
    names = sorted(entry.name for entry in package.iterdir() if entry.name.endswith(".toml"))
    ours = [Sheet(name, package.joinpath(name).read_text(encoding="utf-8")) for name in names]
    added = list(_added(folder)) if folder else []
    rulebook = Rulebook([*ours, *added])
    for language in sorted({lexicon.language for lexicon in added} & {*rulebook.languages}):
        rulebook.speech(language)
    return rulebook


def _added(folder: Path) -> Iterator[Lexicon]:
    for path in sorted(folder.glob("*.toml")):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise LexiconError(f"{path}: {reason}", "Let inbox-bot read it, and save it as UTF-8") from error
        yield parse_lexicon(str(path), text)
