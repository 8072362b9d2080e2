"""Every state with every step: the table of design, and what the register makes of it."""

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from inbox_bot.adapters.store import opened
from inbox_bot.domain.request import TRANSITIONS, Event, Outcome, State, Step
from inbox_bot.errors import StepRefused
from tests.fakes.requests import request

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
NOTES = {
    Step.REPEATED, Step.REPLIED, Step.RELEASED, Step.REMINDED, Step.REDATED,
    Step.BOUNCED, Step.SENT, Step.FAILED, Step.UNCERTAIN, Step.WITNESSED,
}  # fmt: skip
MOVES = {
    (State.TRIAGE, Step.CONFIRMED): State.OPEN,
    (State.TRIAGE, Step.DISMISSED): State.CLOSED,
    (State.OPEN, Step.CONFIRMED): State.OPEN,
    (State.OPEN, Step.DISMISSED): State.CLOSED,
    (State.OPEN, Step.EXTENDED): State.OPEN,
    (State.OPEN, Step.CLOSED): State.CLOSED,
    (State.CLOSED, Step.REOPENED): State.OPEN,
}


def test_the_table_has_a_row_for_every_state() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_every_state_takes_the_steps_of_the_table_and_refuses_the_rest(
    state: State, step: Step, tmp_path: Path
) -> None:
    outcome = Outcome.DONE if state is State.CLOSED else None
    expected = state if step in NOTES else MOVES.get((state, step))
    assert TRANSITIONS[state].get(step) == expected
    with opened(tmp_path / "register.db") as register:
        before = request(state=state, outcome=outcome, closed_at=NOW if outcome else None)
        with register.writing():
            register.add(before)
        event = Event(before.reference, step, NOW, "owner")
        if expected is None:
            with pytest.raises(StepRefused, match=f"it cannot be {step}"):
                register.step(event, outcome=Outcome.REFUSED)
            assert register.request(before.reference) == before
            assert register.events() == ()
            return
        after = register.step(event, outcome=Outcome.REFUSED)
        assert after.state is expected
        assert [each.step for each in register.events(before.reference)] == [step]
        kept = outcome if state is State.CLOSED else Outcome.REFUSED
        assert after.outcome is (kept if expected is State.CLOSED else None)
        assert (after.closed_at is None) is (expected is not State.CLOSED)
