"""By when a request must be answered: a pure function of a law, a calendar and dated events, told in plain words.

Not legal advice. The arithmetic is that of UK GDPR Art 12A and, for the EU, of Regulation 1182/71 Art 3; every other
law is the same arithmetic with its own numbers. Nothing here is ever stored as final: bank holidays are proclaimed
late, so a deadline is computed again whenever it is read.

1. start = the latest of receipt, proof of identity (where it restarts the clock), and payment of a lawful fee.
2. raw = start + the period in one step; a month ends on the day of the same number, else on its last day.
3. + the days spent waiting for the person, where the law lets that stop the clock, each day once.
4. due = the first working day on or after that, where the law rolls.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain, count, islice
from operator import itemgetter
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.relativedelta import relativedelta

from inbox_bot.domain.law import Effect, Law, Period, Unit
from inbox_bot.domain.request import Right
from inbox_bot.errors import InboxBotError

# (asked, answered]: the day of asking still counts, the day of the answer no longer does; None: no answer yet.
Pause = tuple[date, date | None]

_YEARS = range(1900, 2101)  # what the calendars of public holidays cover


class Calendar(Protocol):
    """The working days of one place."""

    @property
    def official_until(self) -> int:
        """The last year whose holidays are officially known."""

    def why_not(self, day: date) -> str | None:
        """Why `day` is no working day, such as "a Saturday"; None if it is one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened, in the controller's local days.

    received_at: the instant of delivery, aware, if known; zone: the controller's, to show it in.
    rights: what is asked; a COMPLAINT has a clock of its own, the others share one. Asked together, the clock stops
    only for what stops the clock of all: the dates are the earliest of them.
    pauses: a clarification asked, and answered or None.
    identity_asked_on without identity_received_on: the proof is still missing.
    """

    received_on: date
    received_at: datetime | None = None
    zone: str = "UTC"
    rights: frozenset[Right] = frozenset()
    extended: bool = False
    pauses: tuple[Pause, ...] = ()
    identity_asked_on: date | None = None
    identity_received_on: date | None = None
    fee_paid_on: date | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """The days that follow from the facts; each lasts to its end. None: the law sets no such day, or not yet.

    not_before_on: set while the clock stands still, when `due_on` cannot be known: it will be this day or later.
    extension_notice_due_on: by when the person must have been told that, and why, it takes longer.
    internal_target_on: our own earlier aim. acknowledgement_due_on: of a complaint, or of a request where required.
    paused_days: days that did not count. steps: how the days came about. warnings: what to be careful about.
    """

    start_on: date
    due_on: date | None = None
    not_before_on: date | None = None
    extension_notice_due_on: date | None = None
    internal_target_on: date | None = None
    acknowledgement_due_on: date | None = None
    paused_days: int = 0
    steps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def received_on(instant: datetime, zone: str) -> date:
    """The local day of `instant` (aware) in `zone` (IANA name): the day a mail delivered then counts as received."""
    return _local(instant, zone).date()


def deadline(law: Law, calendar: Calendar, facts: Facts) -> Deadline:
    """Every day that `law` sets for `facts`; raises InboxBotError when the facts contradict themselves."""
    _check(facts)
    timely, late = _without_late_identity(law, calendar, facts)
    found = _acknowledgement(law, calendar, timely, _answer(law, calendar, timely))
    return replace(found, warnings=(*late, *found.warnings, *_cautions(law, calendar, facts, found)))


def explain(found: Deadline) -> str:
    """The deadline in sentences for a person who is no lawyer: what by when, how it came about, what to mind."""
    return " ".join(_sentences(found))


def _sentences(found: Deadline) -> Iterator[str]:
    if found.acknowledgement_due_on:
        yield f"Acknowledge by the end of {_full(found.acknowledgement_due_on)}."
    if found.due_on:
        yield f"Answer by the end of {_full(found.due_on)}."
    elif found.not_before_on:
        yield f"There is no fixed day while you wait for the person; it will be {_full(found.not_before_on)} or later."
    else:
        yield "The law sets no day for the answer: give it without undue delay."
    yield f"How this came about: {'; '.join(found.steps)}."
    if found.extension_notice_due_on:
        yield f"If it takes longer, the person must be told why by the end of {_full(found.extension_notice_due_on)}."
    for warning in found.warnings:
        yield f"Mind: {warning}."


def _answer(law: Law, calendar: Calendar, facts: Facts) -> Deadline:
    """When the answer is due; a complaint alone has no such day."""
    received = _received(facts)
    if _is_complaint(law, facts) and len(facts.rights) == 1:
        return Deadline(facts.received_on, steps=(received,))
    if law.respond is None:
        return Deadline(facts.received_on, steps=(received, "the law names no number of days"))
    start_on, why = _start(law, facts)
    clock = _Clock(law.rolls, calendar, start_on, _pauses(law, facts))
    first = clock.run(law.respond)
    whole = clock.run(law.extended, " in all, because it was extended") if facts.extended and law.extended else first
    target = law.target and clock.add(law.target)
    return Deadline(
        start_on,
        due_on=None if whole.waiting else whole.end_on,
        not_before_on=whole.end_on if whole.waiting else None,
        extension_notice_due_on=first.end_on if (law.extended or law.announces) and not first.waiting else None,
        internal_target_on=min(target, whole.end_on) if target and not whole.waiting else None,
        paused_days=whole.paused,
        steps=(received, *why, *whole.steps),
        warnings=whole.warnings,
    )


def _acknowledgement(law: Law, calendar: Calendar, facts: Facts, found: Deadline) -> Deadline:
    """`found` with the day of the acknowledgement: counted from receipt, whatever happens to the clock."""
    complaint = _is_complaint(law, facts)
    period = law.complaint if complaint else law.acknowledge
    if period is None:
        return found
    run = _Clock(law.rolls, calendar, facts.received_on, ()).run(
        period, f" to acknowledge {'the complaint' if complaint else 'it'}"
    )
    return replace(found, acknowledgement_due_on=run.end_on, steps=(*found.steps, *run.steps))


def _start(law: Law, facts: Facts) -> tuple[date, tuple[str, ...]]:
    """The day the clock starts, and why when that is not the receipt (UK GDPR Art 12A(2))."""
    start_on, why = facts.received_on, ""
    asked_on, came_on, paid_on = facts.identity_asked_on, facts.identity_received_on, facts.fee_paid_on
    if law.identity is Effect.RESTARTS and came_on and came_on > start_on:
        start_on, why = came_on, f"proof of identity came {_full(came_on)}, so the time starts again on that day"
    elif law.identity is Effect.RESTARTS and asked_on and not came_on:
        start_on, why = max(start_on, asked_on), "the time starts again on the day proof of identity comes"
    if law.fee_restarts and paid_on and paid_on > start_on:
        start_on, why = paid_on, f"the fee was paid {_full(paid_on)}, so the time starts on that day"
    return start_on, (why,) if why else ()


def _pauses(law: Law, facts: Facts) -> tuple[Pause, ...]:
    """What stops this clock: clarifications where the law lets them, and proof of identity."""
    pauses = facts.pauses if _clarification_counts(law, facts) else ()
    asked_on, came_on = facts.identity_asked_on, facts.identity_received_on
    if law.identity is Effect.PAUSES and (asked_on or came_on):
        pauses += ((asked_on or facts.received_on, came_on),)
    if law.identity is Effect.RESTARTS and asked_on and not came_on:
        pauses += ((asked_on, None),)
    return pauses


def _clarification_counts(law: Law, facts: Facts) -> bool:
    asked = facts.rights - {Right.COMPLAINT}
    return bool(asked) and asked <= law.clarification_pauses


def _is_complaint(law: Law, facts: Facts) -> bool:
    return Right.COMPLAINT in facts.rights and law.complaint is not None


def _without_late_identity(law: Law, calendar: Calendar, facts: Facts) -> tuple[Facts, tuple[str, ...]]:
    """Forget a proof of identity that was asked for only when the time was already over, and say so."""
    asked_on = facts.identity_asked_on
    if asked_on is None or law.identity is Effect.NONE:
        return facts, ()
    without = replace(facts, identity_asked_on=None, identity_received_on=None)
    due_on = _answer(law, calendar, without).due_on
    if due_on is None or asked_on <= due_on:
        return facts, ()
    return without, (_too_late(asked_on),)


@dataclass(frozen=True, slots=True)
class _Run:
    """One period run to its end. waiting: a question is open, so the end is the earliest there can be."""

    end_on: date
    paused: int
    waiting: bool
    steps: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Clock:
    """The arithmetic: a start, what stops it, and the working days it lands on."""

    rolls: bool
    calendar: Calendar
    start_on: date
    pauses: tuple[Pause, ...]

    def run(self, period: Period, why: str = "") -> _Run:
        """Run `period` from the start. A question that was asked after the end of the time stops nothing."""
        raw_on = self.add(period)
        days: set[int] = set()
        told: list[str] = []
        late: list[str] = []
        waiting = False
        for asked_on, answered_on in sorted(self.pauses, key=itemgetter(0)):
            if asked_on > self.roll(raw_on + timedelta(len(days))):
                late.append(_too_late(asked_on))
                continue
            answer = f"answered {_full(answered_on)}" if answered_on else "no answer yet"
            told.append(f"asked {_full(asked_on)}, {answer}")
            waiting = waiting or answered_on is None
            days.update(_ordinals(max(asked_on, self.start_on), answered_on))
        label = f"{period}{why}{_clamped(self.start_on, period, raw_on)}"
        end_on = raw_on + timedelta(len(days))
        if days:
            told = [f"{label}: {_full(raw_on)}", *told]
            label = f"plus {len(days)} {'day' if len(days) == 1 else 'days'} of waiting, which do not count"
        return _Run(self.roll(end_on), len(days), waiting, (*told, *self._landing(label, end_on)), tuple(late))

    def add(self, period: Period) -> date:
        """The day `period` after the start, which itself does not count; a month keeps the day's number, or ends."""
        match period.unit:
            case Unit.MONTHS:
                return self.start_on + relativedelta(months=period.count)
            case Unit.DAYS:
                return self.start_on + timedelta(period.count)
            case Unit.WORKING_DAYS:
                following = (self.start_on + timedelta(n) for n in count(1))
                working = (day for day in following if self.calendar.why_not(day) is None)
                return next(islice(working, period.count - 1, None))

    def roll(self, day: date) -> date:
        """`day`, or the first working day after it where the law rolls."""
        while self.rolls and self.calendar.why_not(day):
            day += timedelta(1)
        return day

    def _landing(self, label: str, day: date) -> Iterator[str]:
        """Tell where a count ends, each day off it meets, and the working day it reaches."""
        end_on = self.roll(day)
        if day == end_on:
            yield f"{label}: {_full(day)}"
            return
        yield f"{label}: {_plain(day)}, {self.calendar.why_not(day)}"
        for offset in range(1, (end_on - day).days):
            off = day + timedelta(offset)
            yield f"{_plain(off)} is {self.calendar.why_not(off)}"
        yield f"so {_full(end_on)}"


def _cautions(law: Law, calendar: Calendar, facts: Facts, found: Deadline) -> Iterator[str]:
    """What a reader of these days must know besides."""
    if not law.reviewed:
        yield f"the rules for {law.title} are unreviewed: check this day against the law yourself"
    days = (found.due_on, found.not_before_on, found.acknowledgement_due_on)
    if law.needs_calendar and any(day.year > calendar.official_until for day in days if day):
        yield f"holidays after {calendar.official_until} are not official yet, so this day can still move"
    yield from _unused(law, facts)
    if law.complaint_since and _is_complaint(law, facts) and facts.received_on < law.complaint_since:
        yield f"the duty to acknowledge complaints began on {_full(law.complaint_since)}"


def _unused(law: Law, facts: Facts) -> Iterator[str]:
    """Facts that were given and change nothing under this law, or only on an assumption."""
    if facts.extended and law.announces:
        yield "the law lets you name the day yourself when you extend: what counts is the day you told the person"
    elif facts.extended and law.extended is None:
        yield f"{law.title} knows no extension"
    if facts.pauses and not _clarification_counts(law, facts):
        only = (
            f"only for {' and '.join(sorted(law.clarification_pauses))}" if law.clarification_pauses else "for nothing"
        )
        yield f"under {law.title} asking what is meant stops the clock {only}"
    identity = facts.identity_asked_on or facts.identity_received_on
    if identity and law.identity is Effect.NONE:
        yield f"asking for proof of identity does not stop the clock under {law.title}"
    elif identity and law.identity is Effect.PAUSES and not facts.identity_asked_on:
        yield "proof of identity is taken to have been asked for on the day of receipt; if later, the day is earlier"
    if facts.fee_paid_on and not law.fee_restarts:
        yield f"a fee does not move the day under {law.title}"
    if Right.COMPLAINT in facts.rights and law.complaint is None:
        yield f"{law.title} has no clock for a complaint to the controller: it is dated as a request"


def _check(facts: Facts) -> None:
    """Raise InboxBotError for days that no calendar covers and answers that came before their question."""
    proof = (facts.identity_asked_on, facts.identity_received_on)
    for day in chain((facts.received_on, facts.fee_paid_on), proof, *facts.pauses):
        if day and day.year not in _YEARS:
            raise InboxBotError(f"{day.isoformat()} cannot be dated: only {_YEARS[0]} to {_YEARS[-1]} can")
    for asked_on, answered_on in (proof, *facts.pauses):
        if asked_on and answered_on and answered_on < asked_on:
            raise InboxBotError(f"answered on {answered_on} but asked only on {asked_on}", "Swap the two days.")


def _ordinals(after: date, until: date | None) -> range:
    """The days of the half-open interval (after, until], as ordinals; none while it is open."""
    return range(after.toordinal() + 1, until.toordinal() + 1 if until else 0)


def _clamped(start_on: date, period: Period, raw_on: date) -> str:
    if period.unit is not Unit.MONTHS or raw_on.day == start_on.day:
        return ""
    return f" ({raw_on:%B} has no {start_on.day}{'st' if start_on.day == 31 else 'th'})"


def _too_late(asked_on: date) -> str:
    return f"what was asked on {_full(asked_on)} came after the time was over, so it stops nothing"


def _received(facts: Facts) -> str:
    """The receipt in words: the local time if known, and the time as written where that is another day."""
    written = facts.received_at
    local = written and _local(written, facts.zone)
    if not written or not local or local.date() != facts.received_on:
        return f"received {_full(facts.received_on)}"
    told = f"received {_full(local.date())} {local:%H:%M}"
    if local.date() == written.date():
        return told
    return f"{told} in {facts.zone} ({_full(written.date())} {written:%H:%M} in {written.tzname()})"


def _local(instant: datetime, zone: str) -> datetime:
    if instant.tzinfo is None:
        raise InboxBotError(
            f"{instant.isoformat()} does not say its offset from UTC", "Write it as 2026-07-01T00:10+02:00."
        )
    try:
        return instant.astimezone(ZoneInfo(zone))
    except OverflowError as fault:
        raise InboxBotError(f"{instant.isoformat()} lies beyond every calendar") from fault
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise InboxBotError(f"{zone!r} is not a time zone", "Use an IANA name such as Europe/London.") from fault


def _plain(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _full(day: date) -> str:
    return f"{day:%a} {_plain(day)}"
