"""A company with a calendar and an owner who reads digests."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from inbox_bot.digest import Almanac, agenda_of, decide_today
from inbox_bot.domain.agenda import Agenda, Trouble
from inbox_bot.domain.outbox import Kind
from inbox_bot.domain.request import Request, Step
from tests.fakes.requests import request
from tests.fakes.world import World

LONDON = ZoneInfo("Europe/London")
TUESDAY_EIGHT = datetime(2026, 11, 24, 8, tzinfo=LONDON)


@dataclass
class Company:
    """A world with a calendar: days due as the register has them, but for those moved."""

    world: World
    moved: dict[str, date] = field(default_factory=dict)
    zone: ZoneInfo = LONDON

    @property
    def almanac(self) -> Almanac:
        return Almanac(
            company="Example Shop Ltd",
            at=time(8),
            days=(14, 7, 3, 1, 0),
            local=lambda instant: instant.astimezone(self.zone),
            redate=lambda each, _: (self.moved.get(each.reference, each.due_on), "One month after receipt."),
        )

    def decide(self) -> Agenda | None:
        return decide_today(self.world.register, self.world.correspondent, self.almanac, self.world.clock.now)

    def add(self, reference: str = "DSR-26-7F3K7", **changes: object) -> Request:
        added = request(reference, **changes)
        with self.world.register.writing():
            self.world.register.add(added)
        return added

    def tomorrow(self, **more: float) -> None:
        self.world.clock.advance(days=1, **more)

    def digests(self) -> list[str]:
        found = self.world.register.letters()
        return [letter.draft.occasion for letter in found if letter.draft.kind is Kind.DIGEST]

    def troubles(self) -> list[Trouble]:
        today = self.almanac.local(self.world.clock.now).date()
        return list(agenda_of(self.world.register, self.almanac, today).troubles)

    def steps(self) -> list[tuple[Step, dict[str, str]]]:
        return [(event.step, dict(event.detail)) for event in self.world.register.events()]
