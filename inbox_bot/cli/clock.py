"""The verb that computes a date and explains it. Needs no configuration."""

from datetime import UTC, date, datetime, time

import click

from inbox_bot.cli.frame import Frame, day, json_option, pass_frame, say, say_json
from inbox_bot.domain.deadline import Deadline, Facts, Pause, deadline, explain, received_on
from inbox_bot.domain.request import Right

_DEFAULT_PLACE = "GB-ENG"
_DEFAULT_ZONE = "Europe/London"


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
            self.fail(f"{value!r} is no day: write it like 2026-01-31", param, ctx)


class Received(click.ParamType[date | datetime]):
    """An ISO day, or an ISO instant with its offset."""

    name = "date-or-instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """A day, or an aware instant."""
        text = str(value)
        try:
            if "T" not in text and " " not in text:
                return date.fromisoformat(text)
            return datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r}: write a day like 2026-01-31, or an instant like 2026-06-30T23:50+01:00", param, ctx)


class Stretch(click.ParamType[Pause]):
    """A pause A..B; without B it is still open."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Pause:
        """The day of asking and the day of the answer, or None."""
        if isinstance(value, tuple):
            return value[0], value[1]
        asked, dots, answered = str(value).partition("..")
        try:
            begin = date.fromisoformat(asked)
            end = date.fromisoformat(answered) if answered else None
        except ValueError:
            begin, end, dots = date.min, None, ""
        if not dots:
            self.fail(f"{value!r}: write 2026-02-03..2026-02-10, or 2026-02-03.. for a pause still open", param, ctx)
        return begin, end


@click.command("deadline")
@click.argument("received", type=Received())
@click.option("--law", "law_name", help="A profile such as uk_gdpr, eu_gdpr.  [default: of the place]")
@click.option("--place", help="Whose holidays count: ISO 3166-2.  [default: configured, else GB-ENG]")
@click.option("--zone", help="The controller's time zone.  [default: configured, else the place's]")
@click.option("--type", "kind", type=click.Choice([str(right) for right in Right]), help="What is asked for.")
@click.option("--extended", is_flag=True, help="It was extended.")
@click.option("--pause", "pauses", type=Stretch(), multiple=True, help="Clarification asked..answered.")
@click.option("--identity-received", type=Day(), help="When the proof of identity came.")
@click.option("--fee-paid", type=Day(), help="When a lawful fee was paid.")
@json_option
@pass_frame
def deadline_of(
    frame: Frame,
    received: date | datetime,
    law_name: str | None,
    place: str | None,
    zone: str | None,
    kind: str | None,
    extended: bool,
    pauses: tuple[Pause, ...],
    identity_received: date | None,
    fee_paid: date | None,
    as_json: bool,
) -> None:
    """Say by when a request must be answered, and how the date comes about.

    \b
    Example:  inbox-bot deadline 2026-01-31
              inbox-bot deadline 2026-06-30T23:50+02:00 --place GB-SCT
              inbox-bot deadline 2026-01-12 --type access --pause 2026-01-20..2026-01-27
    """  # noqa: D301
    from inbox_bot.adapters.calendar import HolidayCalendar  # noqa: PLC0415
    from inbox_bot.adapters.laws import law_for_place, load_law  # noqa: PLC0415

    settings = frame.app.settings if frame.configured else None
    at = place or (settings.country if settings else _DEFAULT_PLACE)
    law = load_law(law_name or (settings.law.profile if settings and not place else law_for_place(at)))
    where = zone or (settings.law.timezone if settings and not place else _zone_of(at))
    instant = _instant(received, where)
    facts = Facts(
        received_on=received_on(instant, where) if instant else _as_day(received),
        received_at=instant,
        zone=where,
        rights=frozenset({Right(kind)} if kind else ()),
        extended=extended,
        pauses=pauses,
        identity_received_on=identity_received,
        fee_paid_on=fee_paid,
    )
    found = deadline(law, HolidayCalendar(at), facts)
    if as_json:
        say_json(_as_mapping(found, law.name, at))
    else:
        _say(found, law.title, reviewed=law.reviewed)


def _zone_of(place: str) -> str:
    from inbox_bot import config  # noqa: PLC0415

    return config.place_of(place).timezone or _DEFAULT_ZONE


def _as_day(received: date | datetime) -> date:
    return received.date() if isinstance(received, datetime) else received


def _instant(received: date | datetime, zone: str) -> datetime | None:
    """An aware instant; one without an offset is on the controller's own clock."""
    if not isinstance(received, datetime):
        return None
    if received.tzinfo is None:
        from zoneinfo import ZoneInfo  # noqa: PLC0415

        return datetime.combine(received.date(), received.time() or time(), ZoneInfo(zone)).astimezone(UTC)
    return received.astimezone(UTC)


def _as_mapping(found: Deadline, law: str, place: str) -> dict[str, object]:
    return {
        "law": law,
        "place": place,
        "due_on": found.due_on,
        "not_before_on": found.not_before_on,
        "acknowledgement_due_on": found.acknowledgement_due_on,
        "extension_notice_due_on": found.extension_notice_due_on,
        "internal_target_on": found.internal_target_on,
        "explanation": explain(found),
        "steps": found.steps,
        "warnings": found.warnings,
    }


def _say(found: Deadline, title: str, *, reviewed: bool) -> None:
    if found.due_on:
        say(f"Answer by {day(found.due_on)}.")
    elif found.not_before_on:
        say(f"No fixed day yet: not before {day(found.not_before_on)}.")
    if found.acknowledgement_due_on:
        say(f"Acknowledge by {day(found.acknowledgement_due_on)}.")
    say(f"Law: {title}{'' if reviewed else ' (unreviewed)'}")
    say()
    for number, step in enumerate(found.steps, start=1):
        say(f"  {number}. {step}")
    for warning in found.warnings:
        say(f"  Mind: {warning}")


VERBS = (deadline_of,)
