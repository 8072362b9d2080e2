"""What became of a letter that may or may not have been sent: `inbox_bot.delivery.resolve`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from inbox_bot.domain.outbox import SETTLE, Kind, Letter, LetterState
from inbox_bot.domain.request import Event, Outcome, Step
from inbox_bot.ports import Reply
from tests.fakes.postman import Script
from tests.fakes.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company that has seen a copy of a letter before, and whose latest letter is uncertain: it was lost."""
    with World(tmp_path).open() as opened:
        opened.poll()
        opened.clock.advance(hours=1)
        opened.copies_arrive()
        opened.arrive("access", sender="earlier@example.org")
        cycle(opened)
        cycle(opened)
        assert opened.register.ever_witnessed()
        opened.arrive("access")
        opened.postman.scripts = [Script(cut="after dot")]
        cycle(opened)
        assert letter(opened).state is LetterState.UNCERTAIN
        yield opened


def cycle(world: World, **later: float) -> None:
    """A pass as the service makes it: poll, resolve, deliver."""
    world.clock.advance(**(later or {"minutes": 2}))
    world.poll()
    world.resolve()
    world.deliver()


def letter(world: World) -> Letter:
    """The latest acknowledgement."""
    return max(
        (each for each in world.register.letters() if each.draft.kind is Kind.ACKNOWLEDGEMENT), key=lambda each: each.id
    )


def probes(world: World) -> list[Letter]:
    return [each for each in world.register.letters() if each.draft.kind is Kind.PROBE]


def steps(world: World) -> list[Step]:
    return [event.step for event in world.register.events(letter(world).draft.reference)]


@pytest.mark.parametrize("folder", ["INBOX", "Junk", "Sent"])
def test_a_copy_in_any_folder_means_sent(world: World, folder: str) -> None:
    world.mailbox.deliver(letter(world).draft.raw, world.clock.now, folder)
    world.resolve()
    assert letter(world).state is LetterState.SENT
    assert letter(world).witnessed_at == world.clock.now
    assert steps(world)[-1] is Step.WITNESSED
    assert probes(world) == []


def test_a_letter_that_was_kept_by_the_server_is_found_by_the_next_pass_and_not_sent_again(world: World) -> None:
    world.mailbox.deliver(letter(world).draft.raw, world.clock.now)
    offered = world.postman.offered
    for _ in range(3):
        cycle(world, hours=3)
    assert letter(world).state is LetterState.SENT
    assert world.postman.offered == offered


def test_a_lost_letter_goes_out_again_with_the_same_bytes_once_a_probe_is_back_and_all_has_settled(
    world: World,
) -> None:
    raw, token = letter(world).draft.raw, letter(world).draft.token
    cycle(world)  # a probe is queued and sent
    assert len(probes(world)) == 1
    cycle(world)  # the probe is seen
    assert probes(world)[0].witnessed_at is not None
    cycle(world)  # a complete poll has followed, but two hours have not passed
    assert letter(world).state is LetterState.UNCERTAIN
    cycle(world, hours=2)
    assert letter(world).state is LetterState.SENT
    assert world.postman.accepted[-1].raw == raw
    assert letter(world).draft.token == token
    cycle(world)
    assert letter(world).witnessed_at is not None
    assert sum(handed.raw == raw for handed in world.postman.accepted) == 1


def test_a_late_copy_within_the_settle_time_prevents_the_second_letter(world: World) -> None:
    for _ in range(3):
        cycle(world)
    world.clock.advance(minutes=90)
    world.mailbox.deliver(letter(world).draft.raw, world.clock.now)
    offered = world.postman.offered
    cycle(world)
    cycle(world, hours=3)
    assert letter(world).state is LetterState.SENT
    assert world.postman.offered == offered


def test_nothing_is_sent_again_a_second_before_the_settle_time_is_over(world: World) -> None:
    settled_at = letter(world).settled_at
    assert settled_at is not None
    for _ in range(3):
        cycle(world)
    world.clock.now = settled_at + SETTLE - timedelta(seconds=1)
    world.resolve()
    assert letter(world).state is LetterState.UNCERTAIN
    world.clock.advance(seconds=1)
    world.resolve()
    assert letter(world).state is LetterState.QUEUED


def test_without_a_complete_pass_after_the_probe_nothing_is_sent_again(world: World) -> None:
    cycle(world)
    cycle(world)
    assert probes(world)[0].witnessed_at is not None
    world.clock.advance(hours=9)
    world.resolve()
    assert letter(world).state is LetterState.UNCERTAIN
    cycle(world)
    assert letter(world).state is LetterState.SENT


def test_a_probe_that_does_not_come_back_leaves_the_decision_to_the_owner(world: World) -> None:
    world.postman.deliver = lambda _: None
    for _ in range(5):
        cycle(world, hours=3)
    assert letter(world).state is LetterState.UNCERTAIN
    assert len(probes(world)) == 1


def test_a_probe_that_is_refused_leaves_the_decision_to_the_owner(world: World) -> None:
    world.postman.scripts = [Script(offer=Reply(550, "no"))]
    for _ in range(3):
        cycle(world, hours=3)
    assert [probe.state for probe in probes(world)] == [LetterState.FAILED]
    assert letter(world).state is LetterState.UNCERTAIN


def test_an_account_that_never_showed_a_copy_leaves_the_decision_to_the_owner(world: World) -> None:
    # Some providers drop mail that we send to ourselves: there a missing copy means nothing.
    world.register._run("UPDATE outbox SET witnessed_at = NULL")
    for _ in range(4):
        cycle(world, hours=3)
    assert probes(world)[0].witnessed_at is not None
    assert letter(world).state is LetterState.UNCERTAIN


def test_a_letter_lost_twice_is_asked_after_with_a_new_probe(world: World) -> None:
    for _ in range(3):
        cycle(world)
    world.postman.scripts = [Script(cut="after dot")]
    cycle(world, hours=2)
    assert (letter(world).state, letter(world).attempts) == (LetterState.UNCERTAIN, 2)
    for _ in range(3):
        cycle(world, hours=1)
    assert len(probes(world)) == 2
    assert letter(world).state is LetterState.SENT


def test_a_letter_of_a_closed_request_is_not_sent_again(world: World) -> None:
    reference = letter(world).draft.reference
    assert reference is not None
    world.register.step(Event(reference, Step.CLOSED, world.clock.now, "owner"), outcome=Outcome.DONE)
    for _ in range(4):
        cycle(world, hours=3)
    assert letter(world).state is LetterState.UNCERTAIN


def test_without_copies_an_uncertain_letter_stays_uncertain(tmp_path: Path) -> None:
    with World(tmp_path, copy=False).open() as world:
        world.poll()
        world.arrive("access")
        world.postman.scripts = [Script(cut="after dot")]
        for _ in range(4):
            cycle(world, hours=3)
        assert letter(world).state is LetterState.UNCERTAIN
        assert probes(world) == []
        assert world.postman.offered == 1
