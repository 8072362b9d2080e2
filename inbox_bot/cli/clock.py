"""The verb that computes a date and explains it. Needs no configuration."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from inbox_bot.cli.frame import Frame, day, json_option, pass_frame, say, say_json
from inbox_bot.cli.kinds import Day, Pause, Place, Received, Stretch, Word, Zone
from inbox_bot.domain.request import Right
from inbox_bot.errors import ConfigurationError

if TYPE_CHECKING:
    from inbox_bot.domain.deadline import Deadline
    from inbox_bot.domain.law import Law

_DEFAULT_PLACE = "GB-ENG"
_HELP = """
Say by when a request must be answered, and how the date comes about.

DATE-OR-INSTANT is when the mail reached your server. An instant without an
offset is on your own clock.

\b
Examples:
  inbox-bot deadline 2026-01-31
  inbox-bot deadline 2026-06-30T23:50+02:00 --place GB-SCT
  inbox-bot deadline 2026-01-12 --type access --pause 2026-01-20..2026-01-27
  inbox-bot deadline 2026-07-12 --type complaint --json

\b
RIGHT: access rectification erasure restriction portability objection
       automated_decision consent_withdrawal complaint
"""


@click.command("deadline", help=_HELP, short_help="Say by when a request must be answered, and why.")
@click.argument("received", type=Received(), metavar="DATE-OR-INSTANT")
@click.option("--law", "law_name", help="Such as eu_gdpr; an unknown one lists all.  [default: of the place]")
@click.option("--place", type=Place(), help="Whose holidays count: ISO 3166-2.  [default: configured, or GB-ENG]")
@click.option("--zone", type=Zone(), help="The controller's time zone.  [default: of the place]")
@click.option("--type", "kinds", type=Word(list(Right)), multiple=True, metavar="RIGHT", help="What is asked for.")
@click.option("--extended", is_flag=True, help="It was extended.")
@click.option("--pause", "pauses", type=Stretch(), multiple=True, help="Asked what is meant, and answered.")
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
    kinds: tuple[str, ...],
    extended: bool,
    pauses: tuple[Pause, ...],
    identity_received: date | None,
    fee_paid: date | None,
    as_json: bool,
) -> None:
    """Say by when a request must be answered, and how the date comes about."""
    from inbox_bot.adapters.calendar import HolidayCalendar  # noqa: PLC0415
    from inbox_bot.domain.deadline import Facts, deadline, received_on  # noqa: PLC0415

    if place is not None:
        HolidayCalendar(place)  # an unknown place is the place's fault, not the law's
    law, at = _law_and_place(frame, law_name, place)
    calendar = HolidayCalendar(at)
    where, instant = "UTC", None
    if isinstance(received, datetime):
        where = zone or _zone_of(frame, at)
        instant = received if received.tzinfo else received.replace(tzinfo=ZoneInfo(where))
        received = received_on(instant, where)
    facts = Facts(
        received_on=received,
        received_at=instant,
        zone=where,
        rights=frozenset(map(Right, kinds)),
        extended=extended,
        pauses=pauses,
        identity_received_on=identity_received,
        fee_paid_on=fee_paid,
    )
    found = deadline(law, calendar, facts)
    if as_json:
        say_json(_as_mapping(found, law.name, at))
    else:
        _say(found, law, extended=extended)


def _law_and_place(frame: Frame, law_name: str | None, place: str | None) -> tuple["Law", str]:
    """The law and the place: as given, else as configured where the two go together, else each by the other."""
    from inbox_bot.adapters.laws import law_for_place, load_law  # noqa: PLC0415

    usual = frame.settings.country if frame.configured else _DEFAULT_PLACE
    if law_name is None and place is None and frame.configured:
        return load_law(frame.settings.law.profile), usual
    try:
        law = load_law(law_name or law_for_place(place or usual))
    except ConfigurationError as error:
        what = f"{error}. {error.remedy}"
        raise click.BadParameter(what, param_hint="--law", ctx=click.get_current_context()) from error
    if place is not None or {usual, usual.partition("-")[0]} & set(law.places):
        return law, place or usual
    if len(law.places) == 1:
        return law, law.places[0]
    raise click.UsageError(f"whose holidays count under {law_name}? Say where: --place {law.places[0]}, ...")


def _zone_of(frame: Frame, place: str) -> str:
    """The controller's clock at a place."""
    from inbox_bot import config  # noqa: PLC0415

    if frame.configured and frame.settings.country == place:
        return frame.settings.law.timezone
    try:
        return config.place_of(place).timezone
    except KeyError:
        raise ConfigurationError(f"no time zone is known for {place}", remedy="Name it: --zone Europe/London") from None


def _as_mapping(found: "Deadline", law: str, place: str) -> Mapping[str, object]:
    from inbox_bot.domain.deadline import explain  # noqa: PLC0415

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


def _say(found: "Deadline", law: "Law", *, extended: bool) -> None:
    if found.acknowledgement_due_on:
        say(f"Acknowledge by {day(found.acknowledgement_due_on)}.")
    if found.due_on:
        say(f"Answer by {day(found.due_on)}.")
    elif found.not_before_on:
        say(f"No fixed day yet: not before {day(found.not_before_on)}.")
    else:
        say("The law sets no day for the answer: give it without undue delay.")
    if extended and found.extension_notice_due_on:
        say(f"Tell the person why it takes longer by {day(found.extension_notice_due_on)}.")
    say(f"Law: {law.title}{'' if law.reviewed else ' (unreviewed)'}")
    say()
    for number, step in enumerate(found.steps, start=1):
        say(f"  {number}. {step}")
    for warning in found.warnings:
        say(f"  Mind: {warning}")


VERBS = (deadline_of,)
