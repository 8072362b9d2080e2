"""The door to the law profiles: one TOML file each, inside the package."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from inbox_bot.domain.law import Law, parse_law
from inbox_bot.errors import ConfigurationError


def law_names() -> tuple[str, ...]:
    """Every profile there is, sorted: a new file is a new law."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if _is_profile(entry)))


@cache
def load_law(name: str) -> Law:
    """The profile `name`, such as `uk_gdpr`; raises ConfigurationError when there is none or it is wrong."""
    if name not in law_names():
        raise ConfigurationError(f"there is no law profile {name!r}", remedy=f"Use one of {', '.join(law_names())}.")
    return parse_law(name, _folder().joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def law_for_place(place: str) -> str:
    """The name of the law that a controller in `place` (ISO 3166-2, such as `GB-ENG`) follows by default."""
    country = place.partition("-")[0]
    by_place = {home: name for name in law_names() for home in load_law(name).places}
    name = by_place.get(place) or by_place.get(country)
    if name is None:
        raise ConfigurationError(
            f"no law profile is the default for {place!r}",
            remedy=f"Name one under [law] profile: {', '.join(law_names())}.",
        )
    return name


def _folder() -> Traversable:
    return files("inbox_bot").joinpath("law")


def _is_profile(entry: Traversable) -> bool:
    return entry.name.endswith(".toml")
