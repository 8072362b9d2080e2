"""Verbs that only read the register: status, list, show."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import click

from inbox_bot.cli.frame import Frame, Reference, day, json_option, pass_frame, say, say_json, table
from inbox_bot.domain.request import Event, Request

if TYPE_CHECKING:
    from inbox_bot.app import App
    from inbox_bot.domain.agenda import AgendaItem, Entry


def as_mapping(request: Request, today: date, acknowledgement: str) -> Mapping[str, object]:
    """A request as `--json` shows it; what depends on today is computed, not stored."""
    values = asdict(request)
    values["days_left"] = (request.due_on - today).days
    values["overdue"] = request.due_on < today and str(request.state) != "closed"
    values["acknowledgement"] = acknowledgement
    return values


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="Closed requests too.")
@json_option
@pass_frame
def list_requests(frame: Frame, everything: bool, as_json: bool) -> None:
    """List the requests, the next due first.

    \b
    Example:  inbox-bot list --all --json | jq '.[].reference'
    """  # noqa: D301
    from inbox_bot.digest import acknowledgement_of  # noqa: PLC0415

    app = frame.app
    today = app.local(app.clock()).date()
    with app.register() as register:
        found = [(request, acknowledgement_of(register, request)) for request in register.requests(closed=everything)]
    if as_json:
        say_json([as_mapping(request, today, words) for request, words in found])
        return
    if not found:
        say("No open requests." if not everything else "No requests yet.")
        return
    columns = ("reference", "due", "left", "state", "asks for", "acknowledged")
    table(columns, (_line(request, words, today) for request, words in found), fold="asks for")


def _line(request: Request, acknowledgement: str, today: date) -> tuple[str, ...]:
    left = (request.due_on - today).days
    state = str(request.state) if request.outcome is None else f"{request.state}: {request.outcome}"
    acknowledged = f"withheld: {request.withheld}" if acknowledgement == "withheld" else acknowledgement
    late = "-" if request.closed_at else f"{left} d" if left >= 0 else f"{-left} d LATE"
    return request.reference, day(request.due_on), late, state, ", ".join(request.rights), acknowledged


@click.command()
@click.argument("reference", type=Reference())
@json_option
@pass_frame
def show(frame: Frame, reference: str, as_json: bool) -> None:
    """Show one request: what was asked, by when, why, and what can be done.

    \b
    Example:  inbox-bot show DSR-26-7F3K7
    """  # noqa: D301
    from inbox_bot.digest import item_of  # noqa: PLC0415
    from inbox_bot.domain.agenda import entry_of  # noqa: PLC0415

    app = frame.app
    today = app.local(app.clock()).date()
    with app.register() as register:
        request = register.request(reference)
        item = item_of(register, app.almanac, request)
        events = register.events(reference)
        letters = register.letters(reference)
    entry = entry_of(item, today, app.settings.digest.days)
    if as_json:
        told = dict(as_mapping(request, today, item.acknowledgement))
        told["explanation"] = item.explanation
        told["events"] = [asdict(event) for event in events]
        told["letters"] = [
            {
                "occasion": letter.draft.occasion,
                "state": letter.state,
                "settled_at": letter.settled_at,
                "reply": letter.reply,
            }
            for letter in letters
        ]
        say_json(told)
        return
    for line in _pages(app, item, entry, events):
        say(line)


def _pages(app: "App", item: "AgendaItem", entry: "Entry", events: Sequence[Event]) -> Iterator[str]:
    """A request as a person reads it, label by label."""
    request = item.request
    yield f"{request.reference}   {entry.status}   due {day(request.due_on)}, {entry.when}"
    yield from _row("asks for", ", ".join(entry.rights))
    yield from _row("from", request.sender or "anonymised, or no single sender")
    yield from _row("received", f"{app.local(request.received_at):%a %d %b %Y %H:%M}")
    yield from _row("why this day", item.explanation)
    yield from _row("answered?", entry.acknowledgement)
    place = request.location
    if place:
        message_id = request.message_id or "none"
        yield from _row("the mail", f"folder {place.folder}, UID {place.uid}", f"Message-ID {message_id}")
    if request.marks:
        yield from _row("marks", ", ".join(request.marks))
    weighty = [evidence for evidence in request.evidence if evidence.weight > 0]
    yield from _row("why", *(f"{e.weight:+.0f} “{' '.join(e.words.split())}” ({e.rule}, {e.where})" for e in weighty))
    yield from _row("history", *(_told(app, event) for event in events))
    yield from _row("next", *entry.commands[1:])


def _row(label: str, *values: str) -> Iterator[str]:
    """A label with its values below each other, wrapped to 80 columns."""
    wrapped = [line for value in values for line in textwrap.wrap(value, 64, subsequent_indent="  ") or [""]]
    for index, line in enumerate(wrapped):
        yield f"  {label if index == 0 else '':<13} {line}"


def _told(app: "App", event: Event) -> str:
    words = " ".join(f"{key}={value}" for key, value in event.detail if value and key != "text")
    return f"{app.local(event.at):%Y-%m-%d %H:%M} {event.step} by {event.actor}; {words} {event.text}".rstrip("; ")


@click.command()
@json_option
@pass_frame
def status(frame: Frame, as_json: bool) -> None:
    """Tell in a few lines how things stand.

    \b
    Example:  inbox-bot status --json
    """  # noqa: D301
    from inbox_bot.service import summary  # noqa: PLC0415

    app = frame.app
    with app.register() as register:
        told = {
            "mode": str(app.settings.mode),
            "mailbox_read_at": register.meta("poll_ended_at"),
            "mailbox_trouble_since": register.meta("imap_trouble") or None,
            "smtp_trouble_since": register.meta("smtp_trouble") or None,
            "mails_seen": register.counts(),
            "requests": len(register.requests()),
            "baselines": [
                {"folder": cursor.folder, "watched_since": cursor.baseline_at, "left_alone": cursor.left_alone}
                for cursor in register.cursors()
            ],
            "letters": _letter_counts([letter.state for letter in register.letters()]),
            "history_intact": register.broken_link() is None,
        }
    if as_json:
        say_json(told)
        return
    say(summary(app))
    say(f"mailbox last read: {told['mailbox_read_at'] or 'never'}")
    for key, words in (("mailbox_trouble_since", "mailbox"), ("smtp_trouble_since", "sending")):
        if told[key]:
            say(f"{words}: in trouble since {told[key]}; the service's log says why")
    say(f"mails seen: {_counted(told['mails_seen'])}")
    say(f"letters: {_counted(told['letters'])}")
    say("history: intact" if told["history_intact"] else "history: EDITED; its hash chain is broken")


def _letter_counts(states: list[str]) -> dict[str, int]:
    return {str(state): states.count(state) for state in dict.fromkeys(states)}


def _counted(counts: object) -> str:
    return (
        ", ".join(f"{number} {name}" for name, number in counts.items())
        if isinstance(counts, dict) and counts
        else "none"
    )


VERBS = (list_requests, show, status)
