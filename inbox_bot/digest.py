"""The owner's digest: what the register knows -> agenda -> letter -> outbox, decided once per local day."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from inbox_bot.domain.agenda import Agenda, AgendaItem, SecondLook, Trouble, TroubleKind, agenda
from inbox_bot.domain.outbox import Kind, Letter, LetterState
from inbox_bot.domain.request import Event, Request, State, Step
from inbox_bot.letters import Correspondent
from inbox_bot.ports import Register

_LASTING = timedelta(hours=1)
_SECOND_LOOK = "second_look"
_TOLD_AT = "digest_decided_at"
_ACKNOWLEDGED = {
    LetterState.SENT: "sent",
    LetterState.QUEUED: "queued",
    LetterState.SENDING: "queued",
    LetterState.DOT: "queued",
    LetterState.FAILED: "failed",
    LetterState.UNCERTAIN: "uncertain",
    LetterState.CANCELLED: "none",
}


@dataclass(frozen=True, slots=True)
class Almanac:
    """What the digest knows beside the register. at: the local hour of the digest. days: the reminder marks.

    local: an instant -> its local date and time. redate: a request and its events -> day due and how it came about.
    """

    company: str
    at: time
    days: Sequence[int]
    local: Callable[[datetime], datetime]
    redate: Callable[[Request, Sequence[Event]], tuple[date, str]]


def decide_today(register: Register, correspondent: Correspondent, almanac: Almanac, now: datetime) -> Agenda | None:
    """Decide the local day once, at or after the hour set; None when it is too early or was decided already.

    One transaction: the letter, the reminder marks as events, and the day itself.
    """
    local = almanac.local(now)
    if local.time() < almanac.at or register.day_decided(local.date()):
        return None
    redate(register, almanac, now)
    today = agenda_of(register, almanac, local.date(), now)
    draft = correspondent.digest(today, now) if today.due else None
    with register.writing():
        if draft is not None:
            register.queue(draft, now)
            _remember(register, today, now)
            register.remember(_TOLD_AT, now.isoformat())
        register.decide_day(today.today, now, sent=draft is not None)
    return today


def agenda_of(register: Register, almanac: Almanac, today: date, now: datetime | None = None) -> Agenda:
    """The agenda of a day, without deciding it. now: troubles of servers that have just begun are left out."""
    items = [item_of(register, almanac, request) for request in register.requests()]
    return agenda(
        items,
        _troubles(register, now),
        today=today,
        company=almanac.company,
        days=almanac.days,
        second_look=_second_look(register),
    )


def second_look_due(register: Register, local: datetime) -> bool:
    """Whether the mailbox should be read again: once a week, from Monday on, and not in the week of the first start."""
    last = _second_look(register)
    began = min((cursor.baseline_at for cursor in register.cursors()), default=None)
    latest = last.at if last else began
    monday = local.date() - timedelta(days=local.weekday())
    return latest is not None and latest.astimezone(local.tzinfo).date() < monday


def note_second_look(register: Register, found: SecondLook) -> None:
    """Remember what a second look found, for the digest."""
    facts = {"at": found.at.isoformat(), "read": found.read, "missed": found.missed, "near": found.near}
    with register.writing():
        register.remember(_SECOND_LOOK, json.dumps(facts))


def _second_look(register: Register) -> SecondLook | None:
    last = register.meta(_SECOND_LOOK)
    if last is None:
        return None
    facts = json.loads(last)
    return SecondLook(datetime.fromisoformat(facts["at"]), facts["read"], facts["missed"], facts["near"])


def redate(register: Register, almanac: Almanac, now: datetime) -> None:
    """Compute every open due day afresh; one that moved (a holiday proclaimed late) is an event."""
    for request in register.requests():
        due_on, _ = almanac.redate(request, register.events(request.reference))
        if due_on != request.due_on:
            detail = (("old", request.due_on.isoformat()), ("new", due_on.isoformat()), ("reason", "calendar"))
            with register.writing():
                event = Event(request.reference, Step.REDATED, now, "clock", detail)
                register.step(event, due_on=due_on.isoformat())


def item_of(register: Register, almanac: Almanac, request: Request) -> AgendaItem:
    """A request as the agenda and `show` see it."""
    events = register.events(request.reference)
    reminded = [dict(event.detail) for event in events if event.step is Step.REMINDED]
    marks = (entry["days"] for entry in reminded if entry.get("due_on") == request.due_on.isoformat())
    return AgendaItem(
        request=request,
        explanation=almanac.redate(request, events)[1],
        acknowledgement=acknowledgement_of(register, request),
        reminded=frozenset(int(days) for days in marks if days != "new"),
        announced=bool(reminded),
        claimed_on=_claimed_on(events),
    )


def _claimed_on(events: Sequence[Event]) -> date | None:
    claims = (dict(event.detail).get("claims") for event in events if event.step is Step.REGISTERED)
    return next((date.fromisoformat(claim) for claim in claims if claim), None)


def acknowledgement_of(register: Register, request: Request) -> str:
    """Where a request's acknowledgement stands, in one word of the agenda's."""
    letter = register.by_occasion(f"ack:{request.reference}")
    if letter is not None:
        return "bounced" if letter.bounced_at is not None else _ACKNOWLEDGED[letter.state]
    return "withheld" if request.withheld and request.state is not State.TRIAGE else "none"


def _remember(register: Register, today: Agenda, now: datetime) -> None:
    for reference in today.announced:
        register.step(Event(reference, Step.REMINDED, now, "clock", (("days", "new"),)))
    for mark in today.marks_to_record:
        detail = (("days", str(mark.days)), ("due_on", mark.due_on.isoformat()))
        register.step(Event(mark.reference, Step.REMINDED, now, "clock", detail))
    register.remember("moved_in_told", str(_moved_in(register)))
    if any(trouble.kind is TroubleKind.BASELINE for trouble in today.troubles):
        register.remember("baseline_told", today.today.isoformat())


def _troubles(register: Register, now: datetime | None) -> Iterator[Trouble]:
    """What stays wrong until the owner acts. What an entry of the agenda shows itself is not repeated here."""
    told = register.meta(_TOLD_AT)
    told_at = datetime.fromisoformat(told) if told else None
    yield from _servers(register, told_at, now)
    for request in register.requests():
        letter = register.by_occasion(f"ack:{request.reference}")
        if letter is not None and (trouble := _trouble(letter, request.reference, told_at)) is not None:
            yield trouble
    lost = [letter for letter in register.letters(state=LetterState.FAILED) if letter.draft.kind is Kind.DIGEST]
    fresh = sum(_is_fresh(letter.settled_at, told_at) for letter in lost)
    if fresh:
        yield Trouble(TroubleKind.FAILED, "inbox-bot status", count=fresh)
    yield from _baseline(register)


def _servers(register: Register, told_at: datetime | None, now: datetime | None) -> Iterator[Trouble]:
    """A server that cannot be used for long: less is a hiccup, of which nobody needs to hear."""
    noted = (register.meta(key) for key in ("imap_trouble", "smtp_trouble"))
    lasting = [datetime.fromisoformat(since) + _LASTING for since in noted if since]
    told = [since for since in lasting if now is None or since <= now]
    if told:
        yield Trouble(TroubleKind.SERVER, "inbox-bot check", fresh=_is_fresh(max(told), told_at))


def _trouble(letter: Letter, reference: str, told_at: datetime | None) -> Trouble | None:
    remedy = f"inbox-bot show {reference}"
    if letter.state is LetterState.FAILED or letter.bounced_at is not None:
        fresh = _is_fresh(letter.bounced_at or letter.settled_at, told_at)
        return Trouble(TroubleKind.FAILED, remedy, reference=reference, fresh=fresh)
    if letter.state is LetterState.UNCERTAIN:
        return Trouble(TroubleKind.UNCERTAIN, remedy, reference=reference, fresh=_is_fresh(letter.settled_at, told_at))
    return None


def _is_fresh(since: datetime | None, told_at: datetime | None) -> bool:
    """Whether no earlier digest can have told of what is so since an instant."""
    return told_at is None or since is None or since > told_at


def _baseline(register: Register) -> Iterator[Trouble]:
    """The mail that is not ours to answer: told once, and again when more of it was moved in."""
    told = register.meta("baseline_told") is not None
    left_alone = 0 if told else sum(cursor.left_alone for cursor in register.cursors())
    count = left_alone + _moved_in(register) - int(register.meta("moved_in_told") or 0)
    if count > 0:
        began = min(cursor.baseline_at for cursor in register.cursors())
        since = date.fromordinal(began.date().toordinal() - 30)
        yield Trouble(TroubleKind.BASELINE, f"inbox-bot import --since {since}", count=count)


def _moved_in(register: Register) -> int:
    return register.counts().get("old", 0)
