"""Verbs that only read the register: status, list, show."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

import click

from inbox_bot.cli.frame import Frame, Reference, day, json_option, pass_frame, say, say_json, table
from inbox_bot.domain.request import Request


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
    Example:  inbox-bot show DSR-26-7F3KD
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
    say(f"{request.reference}   {entry.status}   due {day(request.due_on)}, {entry.when}")
    say(f"  asks for      {', '.join(entry.rights)}")
    say(f"  from          {request.sender or 'anonymised, or no single sender'}")
    say(f"  received      {app.local(request.received_at):%a %d %b %Y %H:%M}")
    say(f"  why this day  {item.explanation}")
    say(f"  answered?     {entry.acknowledgement}")
    place = request.location
    if place:
        say(f"  the mail      folder {place.folder}, UID {place.uid}, Message-ID {request.message_id or 'none'}")
    if request.marks:
        say(f"  marks         {', '.join(request.marks)}")
    for index, evidence in enumerate(e for e in request.evidence if e.weight > 0):
        label = "why" if index == 0 else ""
        say(
            f"  {label:<13} {evidence.weight:+.0f}  “{' '.join(evidence.words.split())}” ({evidence.rule}, {evidence.where})"
        )
    for index, event in enumerate(events):
        label = "history" if index == 0 else ""
        words = " ".join(f"{key}={value}" for key, value in event.detail if value and key != "text")
        say(
            f"  {label:<13} {app.local(event.at):%Y-%m-%d %H:%M}  {event.step} by {event.actor}  {words} {event.text}".rstrip()
        )
    say("  next")
    for command in entry.commands[1:]:
        say(f"    {command}")


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
