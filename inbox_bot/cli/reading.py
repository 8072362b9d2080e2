"""Verbs that only read the register: status, list, show."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inbox_bot.cli.frame import (
    Frame,
    asked,
    counted,
    day,
    json_option,
    moment,
    pass_frame,
    rows,
    say,
    say_json,
    table,
    weighty,
)
from inbox_bot.cli.kinds import Reference
from inbox_bot.domain.request import Event, Outcome, Request, State

if TYPE_CHECKING:
    from inbox_bot.adapters.store import Store
    from inbox_bot.app import App
    from inbox_bot.domain.agenda import AgendaItem
    from inbox_bot.domain.outbox import Letter

# Shown elsewhere in `show`, or for machines only.
_UNTOLD = {"text", "received_at", "occasion"}


def as_mapping(request: Request, today: date, acknowledgement: str) -> Mapping[str, object]:
    """A request as `--json` shows it; what depends on today is computed, not stored."""
    is_live = request.state is not State.CLOSED
    return {
        **asdict(request),
        "days_left": (request.due_on - today).days if is_live else None,
        "overdue": is_live and request.due_on < today,
        "acknowledgement": acknowledgement,
    }


@click.command("list", short_help="List the requests, the next due first.")
@click.option("--all", "everything", is_flag=True, help="Closed requests too.")
@json_option
@pass_frame
def list_requests(frame: Frame, everything: bool, as_json: bool) -> None:
    """List the requests, the next due first.

    \b
    Examples:
      inbox-bot list
      inbox-bot list --all --json | jq '.[].reference'
    """  # noqa: D301
    from inbox_bot.digest import acknowledgement_of  # noqa: PLC0415

    with frame.register() as register:
        found = [(request, acknowledgement_of(register, request)) for request in register.requests(closed=everything)]
    today = frame.app.local(frame.app.clock()).date()
    found.sort(key=lambda line: line[0].state is State.CLOSED)
    if as_json:
        say_json([as_mapping(request, today, words) for request, words in found])
    elif found:
        heads = ("reference", "due", "left", "asks for", "state", "acknowledged")
        table(heads, (_line(request, words, today) for request, words in found), fold=("asks for",))
    else:
        say("No requests yet." if everything else "No open requests.")


def _line(request: Request, acknowledgement: str, today: date) -> tuple[str, ...]:
    left = (request.due_on - today).days
    if request.state is State.CLOSED:
        dismissed = request.outcome is Outcome.NOT_A_REQUEST
        when, state = "-", "dismissed" if dismissed else str(request.outcome).replace("_", " ")
    else:
        when, state = (f"{left} d" if left > 0 else f"{-left} d LATE" if left else "TODAY"), str(request.state)
    due = f"{request.due_on.day} {request.due_on:%b %Y}"
    return request.reference, due, when, asked(request.rights), state, acknowledgement.replace("none", "-")


@click.command("show", short_help="Show one request, and what can be done.")
@click.argument("reference", type=Reference())
@json_option
@pass_frame
def show(frame: Frame, reference: str, as_json: bool) -> None:
    """Show one request: what is asked, by when, why, what happened, what can be done.

    \b
    Example:
      inbox-bot show DSR-26-7F3K7
    """  # noqa: D301
    from inbox_bot.digest import item_of  # noqa: PLC0415

    with frame.register() as register:
        item = item_of(register, frame.app.almanac, register.request(reference))
        events, letters = register.events(reference), register.letters(reference)
    if as_json:
        today = frame.app.local(frame.app.clock()).date()
        say_json(
            {
                **as_mapping(item.request, today, item.acknowledgement),
                "explanation": item.explanation,
                "events": [{**asdict(event), "detail": dict(event.detail)} for event in events],
                "letters": [_letter(letter) for letter in letters],
            }
        )
    else:
        for line in _page(frame.app, item, events, letters):
            say(line)


def _letter(letter: "Letter") -> Mapping[str, object]:
    return {
        "occasion": letter.draft.occasion,
        "state": letter.state,
        "settled_at": letter.settled_at,
        "reply": letter.reply,
        "bounced_at": letter.bounced_at,
    }


def _page(app: "App", item: "AgendaItem", events: Sequence[Event], letters: Sequence["Letter"]) -> Iterator[str]:
    """A request as a person reads it, label by label."""
    from inbox_bot.domain.agenda import entry_of  # noqa: PLC0415

    request = item.request
    entry = entry_of(item, app.local(app.clock()).date(), app.settings.digest.days)
    is_closed = request.state is State.CLOSED
    yield f"{request.reference}  {f'CLOSED: {request.outcome}'.replace('_', ' ') if is_closed else entry.status}"
    yield from rows("asks for", asked(request.rights))
    yield from rows("from", request.sender or "nobody that is known: anonymised, or no single sender")
    yield from rows("received", moment(app.local(request.received_at)))
    yield from rows("due", day(request.due_on) if is_closed else f"{day(request.due_on)}, {entry.when}")
    yield from rows("because", item.explanation)
    if entry.notices:
        yield from rows("take care", *entry.notices)
    yield from rows("acknowledged", entry.acknowledgement, *(_reply(app, letter) for letter in letters))
    if request.location:
        where = f"folder {request.location.folder}, UID {request.location.uid}"
        yield from rows("the mail", where, f"Message-ID {request.message_id or 'none'}")
    if request.marks:
        yield from rows("marks", ", ".join(request.marks))
    reasons = (f"“{each.words}” ({each.rule}, {each.where}, {each.weight:+.1f})" for each in weighty(request.evidence))
    yield from rows("the words", *reasons)
    yield from rows("history", *(_told(app, event) for event in events))
    if not is_closed:
        yield from rows("next", *entry.commands[1:])


def _reply(app: "App", letter: "Letter") -> str:
    settled = f", {moment(app.local(letter.settled_at))}" if letter.settled_at else ""
    reply = f", the server said: {letter.reply}" if letter.reply else ""
    bounced = f"; came back {moment(app.local(letter.bounced_at))}" if letter.bounced_at else ""
    return f"letter {letter.id}: {letter.state}{settled}{reply}{bounced}"


def _told(app: "App", event: Event) -> str:
    facts = [f"{key.replace('_', ' ')} {value}" for key, value in event.detail if value and key not in _UNTOLD]
    note = [f"“{event.text}”"] if event.text else []
    said = f": {', '.join([*facts, *note])}" if facts or note else ""
    return f"{app.local(event.at):%Y-%m-%d %H:%M} {event.step} by {event.actor}{said}"


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder, since when it is watched, and how many mails of the 30 days before are left alone."""

    folder: str
    watched_since: datetime
    left_alone: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What `status --json` tells. Counts of requests are of those not closed. Instants are aware UTC."""

    mode: str
    requests: int
    triage: int
    overdue: int
    next_due_on: date | None
    mailbox_read_at: datetime | None
    mailbox_trouble_since: datetime | None
    smtp_trouble_since: datetime | None
    mails_seen: Mapping[str, int]
    baselines: tuple[Watched, ...]
    letters: Mapping[str, int]
    history_intact: bool
    register: Path


@click.command("status", short_help="Tell in a few lines how things stand.")
@json_option
@pass_frame
def status(frame: Frame, as_json: bool) -> None:
    """Tell in a few lines how things stand.

    \b
    Examples:
      inbox-bot status
      inbox-bot status --json | jq .overdue
    """  # noqa: D301
    with frame.register() as register:
        standing = _standing(frame.app, register)
    if as_json:
        say_json(standing)
    else:
        for line in _in_words(frame.app, standing):
            say(line)


def _standing(app: "App", register: "Store") -> Standing:
    requests, today = register.requests(), app.local(app.clock()).date()
    states = [str(letter.state) for letter in register.letters()]
    return Standing(
        mode=app.settings.mode,
        requests=len(requests),
        triage=sum(request.state is State.TRIAGE for request in requests),
        overdue=sum(request.due_on < today for request in requests),
        next_due_on=requests[0].due_on if requests else None,
        mailbox_read_at=_instant(register, "poll_ended_at"),
        mailbox_trouble_since=_instant(register, "imap_trouble"),
        smtp_trouble_since=_instant(register, "smtp_trouble"),
        mails_seen=register.counts(),
        baselines=tuple(Watched(each.folder, each.baseline_at, each.left_alone) for each in register.cursors()),
        letters=dict(Counter(states)),
        history_intact=register.broken_link() is None,
        register=app.register_path,
    )


def _instant(register: "Store", key: str) -> datetime | None:
    found = register.meta(key)
    return datetime.fromisoformat(found) if found else None


def _in_words(app: "App", standing: Standing) -> Iterator[str]:
    def at(instant: datetime) -> str:
        return moment(app.local(instant))

    answering = "acknowledging what is recognised" if app.policy.live else "answering nobody"
    yield from rows("mode", f"{standing.mode}: {answering}")
    due = f"; the next is due {day(standing.next_due_on)}" if standing.next_due_on else ""
    counts = f"{standing.requests} open, {standing.triage} to decide, {standing.overdue} overdue"
    yield from rows("requests", counts + due)
    read_at = standing.mailbox_read_at
    trouble = [("the mailbox", standing.mailbox_trouble_since), ("sending", standing.smtp_trouble_since)]
    yield from rows(
        "mailbox",
        f"last read {at(read_at)}" if read_at else "never read",
        *(f"{each.folder}: watched since {at(each.watched_since)}"
          + (f"; {counted(each.left_alone, 'mail')} of the 30 days before left alone" if each.left_alone else "")
          for each in standing.baselines),
        *(f"TROUBLE with {what} since {at(since)}: `inbox-bot check` says more" for what, since in trouble if since),
    )  # fmt: skip
    yield from rows("mails seen", _listed(standing.mails_seen))
    yield from rows("letters", _listed(standing.letters))
    intact = "intact" if standing.history_intact else "EDITED: its hash chain is broken; `inbox-bot check` says where"
    yield from rows("history", intact)
    yield from rows("register", str(standing.register))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"


VERBS = (list_requests, show, status)
