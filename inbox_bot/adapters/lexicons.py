"""The door to the rule files: those of the package."""

from functools import cache
from importlib.resources import files

from inbox_bot.domain.lexicon import Rulebook, compile_rules, parse_lexicon


@cache
def load_rulebook() -> Rulebook:
    """Every language's rules, compiled; raises LexiconError with file:line."""
    folder = files("inbox_bot").joinpath("lexicon")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return compile_rules(parse_lexicon(name, folder.joinpath(name).read_text(encoding="utf-8")) for name in names)
