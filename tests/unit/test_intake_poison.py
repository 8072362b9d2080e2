"""A mail that kills the program that reads it, in real processes that really die: `inbox_bot.intake`."""

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from inbox_bot.domain.message import Place
from inbox_bot.domain.request import Right, State
from tests.fakes.mailbox import FakeMailbox
from tests.fakes.world import POLICY, World, mail

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def start(world: World) -> None:
    with world.open():
        world.poll()
        world.clock.advance(minutes=1)


def run(folder: Path, mailbox: FakeMailbox) -> int:
    """A pass of another program over this mailbox; its exit code, 9 if the mail killed it."""
    command = [sys.executable, "-m", "tests.fakes.doomed", str(folder)]
    done = subprocess.run(command, input=pickle.dumps(mailbox), cwd=ROOT, timeout=60, check=False, capture_output=True)
    assert done.returncode in {0, 9}, done.stderr.decode()
    return done.returncode


def test_the_third_death_by_one_mail_sets_it_aside_and_nothing_is_lost_or_answered_twice(world: World) -> None:
    start(world)
    world.arrive("access", sender="before@example.org")
    poison = world.arrive("deadly")
    world.arrive("access", sender="after@example.org")
    assert [run(world.folder, world.mailbox) for _ in range(5)] == [9, 9, 9, 0, 0]
    with world.open():
        found = {(request.state, request.sender, request.marks) for request in world.register.requests()}
        assert found == {
            (State.OPEN, "before@example.org", ()),
            (State.TRIAGE, None, ("unparsed",)),
            (State.OPEN, "after@example.org", ()),
        }
        assert len(world.register.requests()) == 3
        assert ("INBOX", poison, "uncertain", "unparsed") in world.seen()
        assert len(world.states()) == 2


def test_after_the_first_death_mails_are_read_one_by_one_and_those_before_the_poison_are_done(world: World) -> None:
    start(world)
    world.arrive("access")
    world.arrive("deadly")
    assert run(world.folder, world.mailbox) == 9
    with world.open():
        assert world.register.requests() == ()
    assert run(world.folder, world.mailbox) == 9
    with world.open():
        assert len(world.register.requests()) == 1
        assert world.register.deaths(Place("INBOX", 7, 2)) == 1


def test_two_deadly_mails_are_each_set_aside(world: World) -> None:
    start(world)
    for _ in range(2):
        world.arrive("deadly")
    codes = [run(world.folder, world.mailbox) for _ in range(6)]
    assert codes == [9, 9, 9, 9, 9, 0]
    with world.open():
        assert [request.marks for request in world.register.requests()] == [("unparsed",)] * 2


def test_mail_that_keeps_coming_in_the_inbox_does_not_hide_the_deaths_in_junk(world: World) -> None:
    start(world)
    world.arrive("deadly", folder="Junk")
    codes = []
    for number in range(4):
        world.arrive(f"ordinary {number}")
        codes.append(run(world.folder, world.mailbox))
    assert codes == [9, 9, 9, 0]


def test_a_clean_pass_after_a_death_reads_in_batches_again(world: World) -> None:
    start(world)
    uid = world.arrive("deadly")
    assert [run(world.folder, world.mailbox) for _ in range(2)] == [9, 9]
    world.mailbox.expunge(uid)
    for number in range(3):
        world.arrive(f"ordinary {number}")
    with world.open():
        assert world.register.deaths(Place("INBOX", 7, uid)) == 1
        world.poll()
        assert world.mailbox.batches == [1, 1, 1]
        world.arrive("ordinary at last")
        world.arrive("ordinary again")
        world.poll()
        assert world.mailbox.batches == [1, 1, 1, 2]
        assert world.register.deaths(Place("INBOX", 7, uid)) == 0


def test_a_mail_that_cannot_be_decided_is_a_possible_request_and_blocks_nobody(tmp_path: Path) -> None:
    def due_on(rights: Sequence[Right], day: date) -> date:
        if Right.PORTABILITY in rights:
            raise OverflowError("no such day")
        return day + timedelta(days=30)

    with World(tmp_path, policy=replace(POLICY, due_on=due_on)).open() as world:
        world.poll()
        world.clock.advance(hours=1)
        for right in ("access", "portability", "erasure"):
            world.mailbox.deliver(mail(right, sender=f"{right}@example.org"), world.clock.now)
        world.poll()
        found = world.register.requests()
        assert sorted(request.state for request in found) == [State.OPEN, State.OPEN, State.TRIAGE]
        assert [request.state for request in found if "unparsed" in request.marks] == [State.TRIAGE]
        assert world.poll().read == 0
