"""The kinds of argument a verb takes: how each is written, and what is said to one that is not."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import click

from inbox_bot.domain import reference as references

Pause = tuple[date, date | None]


class Reference(click.ParamType[str]):
    """A reference as a person types it: any case, hyphens forgotten, O for 0, I or L for 1."""

    name = "reference"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The reference in its one spelling."""
        text = str(value)
        found = references.parse(text)
        if found is not None:
            return found
        what = f"{text!r} is no reference: they look like DSR-26-7F3K7"
        if any(references.parse(text[:-1] + symbol) for symbol in references.ALPHABET):
            what = f"{text!r} is mistyped: its last character does not fit the others"
        raise click.BadParameter(what, ctx, param)


class Day(click.ParamType[date]):
    """An ISO day."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            what = f"{value!r} is no day: write it like 2026-01-31"
            raise click.BadParameter(what, ctx, param) from None


class Received(click.ParamType[date | datetime]):
    """An ISO day, or an ISO instant, with or without its offset."""

    name = "date-or-instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """A day, or an instant."""
        for read in (date.fromisoformat, datetime.fromisoformat):
            try:
                return read(str(value))
            except ValueError:
                continue
        what = f"{value!r}: write a day like 2026-01-31, or an instant like 2026-06-30T23:50+01:00"
        raise click.BadParameter(what, ctx, param)


class Stretch(click.ParamType[Pause]):
    """A pause A..B; without B it is still open."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Pause:
        """The day of asking and the day of the answer, or None."""
        if isinstance(value, tuple):
            return value
        asked, dots, answered = str(value).partition("..")
        try:
            if dots:
                return date.fromisoformat(asked), date.fromisoformat(answered) if answered else None
        except ValueError:
            pass
        what = f"{value!r}: write 2026-02-03..2026-02-10, or 2026-02-03.. for a pause still open"
        raise click.BadParameter(what, ctx, param)


class Zone(click.ParamType[str]):
    """An IANA time zone."""

    name = "zone"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Its name."""
        try:
            return ZoneInfo(str(value)).key
        except (KeyError, ValueError, OSError):  # OSError: "Europe" alone is a folder of the database
            what = f"{value!r} is no time zone: write it like Europe/London"
            raise click.BadParameter(what, ctx, param) from None


class Place(click.ParamType[str]):
    """An ISO 3166-2 code. Whether holidays are known there is for the calendar to say."""

    name = "place"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The code in capitals."""
        code = str(value).upper().replace("_", "-")
        if code.partition("-")[0] == "UK":  # the holidays library takes it for a GB without Easter Monday
            what = f"{value!r}: the code is GB; write GB-ENG, GB-WLS, GB-SCT or GB-NIR"
            raise click.BadParameter(what, ctx, param)
        return code


class Word(click.Choice[str]):
    """A word of ours: `nothing-held` is `nothing_held`, in any case."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """The word as it is compared."""
        del ctx
        return str(choice).lower().replace("-", "_")
