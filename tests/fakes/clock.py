"""A clock that stands still until a test moves it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@dataclass(slots=True)
class FakeClock:
    """Called like the real one: an aware UTC instant."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        """Let time pass: hours=2."""
        self.now += timedelta(**span)
        return self.now
