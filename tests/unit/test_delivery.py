"""A letter claimed, sent and settled, over a scripted mail server and a real register: `inbox_bot.delivery`."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from inbox_bot.delivery import DeliveryReport, deliver_due, recover
from inbox_bot.domain.outbox import Letter, LetterState, retry_at
from inbox_bot.domain.request import Step
from inbox_bot.errors import PostmanUnreachable, RegisterError, RegisterFull
from inbox_bot.ports import Reply
from tests.fakes.postman import Script
from tests.fakes.world import World
from tests.fakes.writer import MAILBOX


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company with one acknowledgement to send."""
    with World(tmp_path).open() as opened:
        opened.poll()
        opened.clock.advance(hours=1)
        opened.arrive("access")
        opened.poll()
        yield opened


def letter(world: World) -> Letter:
    return world.register.letters()[0]


def steps(world: World) -> list[Step]:
    return [event.step for event in world.register.events()][1:]


def later(world: World) -> None:
    """Long enough for a retry."""
    world.clock.advance(hours=5)


# -- sent -----------------------------------------------------------------------------------------------------------


def test_a_letter_goes_to_the_data_subject_and_to_our_own_mailbox_with_the_bytes_of_the_register(world: World) -> None:
    assert world.deliver() == DeliveryReport(sent=1)
    (handed,) = world.postman.accepted
    assert handed.reverse_path == MAILBOX
    assert handed.forward_paths == ("alex@example.org", MAILBOX)
    assert handed.raw == letter(world).draft.raw
    assert (letter(world).state, letter(world).reply, letter(world).attempts) == (LetterState.SENT, "250 queued", 1)
    assert letter(world).settled_at == world.clock.now
    assert steps(world) == [Step.SENT]


def test_a_letter_that_was_sent_is_never_sent_again(world: World) -> None:
    world.deliver()
    later(world)
    assert world.deliver() == DeliveryReport()
    assert world.postman.offered == 1


def test_one_connection_serves_a_round_and_is_closed_after_it(world: World) -> None:
    world.arrive("erasure", sender="second@example.org")
    world.poll()
    world.heartbeats = 0
    assert world.deliver().sent == 2
    assert (world.postman.quits, world.heartbeats) == (1, 2)


def test_the_event_says_when_and_why_and_nothing_personal(world: World) -> None:
    world.deliver()
    event = world.register.events()[-1]
    assert (event.actor, event.at, event.text) == ("delivery", world.clock.now, "")
    assert dict(event.detail) == {"occasion": letter(world).draft.occasion, "code": "250"}


def test_without_a_copy_only_the_data_subject_gets_the_letter(tmp_path: Path) -> None:
    with World(tmp_path, copy=False).open() as world:
        world.poll()
        world.arrive("access")
        world.poll()
        world.deliver()
        assert world.postman.accepted[0].forward_paths == ("alex@example.org",)


def test_letters_to_data_subjects_can_be_held_back_while_the_owner_is_served(world: World) -> None:
    with world.register.writing():
        world.register.queue(world.correspondent.probe(1, 1, world.clock.now), world.clock.now)
    assert deliver_due(world.round, owner_only=True) == DeliveryReport(sent=1)
    assert world.postman.accepted[0].forward_paths == (MAILBOX,)
    assert letter(world).state is LetterState.QUEUED


# -- refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "state", "reply"),
    [
        (Script(offer=Reply(450, "greylisted")), LetterState.QUEUED, "450 greylisted"),
        (Script(offer=Reply(421, "too busy")), LetterState.QUEUED, "421 too busy"),
        (Script(offer=Reply(550, "no such user")), LetterState.FAILED, "550 no such user"),
        (Script(offer=Reply(0, "cut")), LetterState.QUEUED, "450 cut"),
        (Script(dot=Reply(451, "try later")), LetterState.QUEUED, "451 try later"),
        (Script(dot=Reply(554, "spam")), LetterState.FAILED, "554 spam"),
        (Script(dot=Reply(0, "half a rep")), LetterState.UNCERTAIN, "half a rep"),
        (Script(cut="after dot"), LetterState.UNCERTAIN, "no reply"),
        (Script(cut="after dot", kept=True), LetterState.UNCERTAIN, "no reply"),
    ],
)
def test_what_a_reply_means(world: World, script: Script, state: LetterState, reply: str) -> None:
    world.postman.scripts = [script]
    report = world.deliver()
    assert (letter(world).state, letter(world).reply) == (state, reply)
    assert report == DeliveryReport(
        failed=int(state is LetterState.FAILED),
        postponed=int(state is LetterState.QUEUED),
        uncertain=int(state is LetterState.UNCERTAIN),
    )
    expected = {LetterState.FAILED: [Step.FAILED], LetterState.UNCERTAIN: [Step.UNCERTAIN]}
    assert steps(world) == expected.get(state, [])


@pytest.mark.parametrize("cut", ["offer", "body", "before dot"])
def test_a_connection_cut_before_the_dot_means_not_sent_and_the_letter_is_tried_again(world: World, cut: str) -> None:
    world.postman.scripts = [Script(cut=cut)]
    with pytest.raises(PostmanUnreachable):
        world.deliver()
    assert world.postman.quits == 1
    assert (letter(world).state, letter(world).attempts) == (LetterState.QUEUED, 1)
    assert "broke" in letter(world).reply
    later(world)
    assert world.deliver().sent == 1
    assert len(world.postman.accepted) == 1


def test_a_server_that_cannot_be_used_costs_one_attempt_a_round_not_one_a_letter(world: World) -> None:
    world.arrive("erasure", sender="second@example.org")
    world.poll()
    world.postman.scripts = [Script(cut="offer")]
    with pytest.raises(PostmanUnreachable):
        world.deliver()
    assert sorted(each.attempts for each in world.register.letters()) == [0, 1]


def test_one_refused_letter_does_not_stop_the_next(world: World) -> None:
    world.arrive("erasure", sender="second@example.org")
    world.poll()
    world.postman.scripts = [Script(offer=Reply(550))]
    assert world.deliver() == DeliveryReport(sent=1, failed=1)


def test_retries_wait_longer_each_time_and_none_comes_early(world: World) -> None:
    world.postman.scripts = [Script(offer=Reply(450))] * 3
    for attempt in (1, 2, 3):
        assert world.deliver().postponed == 1
        due_at = retry_at(world.clock.now, attempt, 0.5)
        assert letter(world).due_at == due_at
        world.clock.now = due_at - timedelta(seconds=1)
        assert world.deliver() == DeliveryReport()
        world.clock.now = due_at
    assert world.deliver().sent == 1


def test_after_five_days_of_temporary_refusals_the_letter_has_failed(world: World) -> None:
    world.postman.scripts = [Script(offer=Reply(450))] * 100
    queued_at = world.clock.now
    while letter(world).state is LetterState.QUEUED:
        world.clock.now = letter(world).due_at
        world.deliver()
    assert letter(world).state is LetterState.FAILED
    assert timedelta(days=5) <= world.clock.now - queued_at < timedelta(days=5, hours=5)
    assert steps(world) == [Step.FAILED]
    later(world)
    assert world.deliver() == DeliveryReport()


def test_a_server_out_of_reach_for_five_days_is_a_failure_too(world: World) -> None:
    world.clock.advance(days=5)
    world.postman.scripts = [Script(cut="offer")]
    with pytest.raises(PostmanUnreachable):
        world.deliver()
    assert letter(world).state is LetterState.FAILED


# -- the commit before the dot --------------------------------------------------------------------------------------


def test_the_dot_is_on_record_before_it_is_sent(world: World, tmp_path: Path) -> None:
    recorded: list[str] = []

    def look() -> None:
        with sqlite3.connect(tmp_path / "register.db") as other:
            recorded.extend(row[0] for row in other.execute("SELECT state FROM outbox"))
        other.close()

    world.postman.at_dot = look
    world.deliver()
    assert recorded == ["dot"]


def fail_commits_from(world: World, state: str) -> None:
    """Nobody can record that a letter reached a state: SQLite fails there."""
    failing = f"BEFORE UPDATE ON outbox WHEN NEW.state = '{state}' BEGIN SELECT abs(-9223372036854775807 - 1); END"
    world.register._run(f"CREATE TEMP TRIGGER failing {failing}")


def test_a_dot_that_cannot_be_recorded_is_not_sent(world: World) -> None:
    fail_commits_from(world, "dot")
    with pytest.raises(RegisterError, match="integer overflow"):
        world.deliver()
    assert world.postman.aborted
    assert world.postman.bodies
    assert world.postman.accepted == []
    world.register._run("DROP TRIGGER failing")
    assert world.deliver() == DeliveryReport(sent=1)
    assert len(world.postman.accepted) == 1


def test_a_claim_that_cannot_be_recorded_offers_nothing(world: World) -> None:
    fail_commits_from(world, "sending")
    with pytest.raises(RegisterError, match="integer overflow"):
        world.deliver()
    assert world.postman.offered == 0
    assert letter(world).state is LetterState.QUEUED


def test_a_letter_whose_outcome_could_not_be_recorded_is_uncertain_in_the_next_round_and_not_sent_twice(
    world: World,
) -> None:
    fail_commits_from(world, "sent")
    with pytest.raises(RegisterError, match="integer overflow"):
        world.deliver()
    assert letter(world).state is LetterState.DOT
    world.register._run("DROP TRIGGER failing")
    later(world)
    world.deliver()
    assert letter(world).state is LetterState.UNCERTAIN
    assert len(world.postman.accepted) == 1


def test_a_full_disk_sends_nothing_and_loses_nothing(world: World) -> None:
    connection = world.register._database.conn
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RegisterFull), world.register.writing():
        world.register._run("INSERT INTO meta VALUES ('x', ?)", "x" * 100_000)
    connection.execute("PRAGMA max_page_count = 1000000")
    assert world.deliver().sent == 1


# -- after a start --------------------------------------------------------------------------------------------------


def test_after_a_start_a_claimed_letter_was_not_sent_and_goes_out(world: World) -> None:
    world.register.move(letter(world), LetterState.SENDING, world.clock.now)
    recover(world.register, world.clock.now)
    assert letter(world).state is LetterState.QUEUED
    assert world.deliver().sent == 1


def test_after_a_start_a_letter_at_its_dot_may_have_been_sent_and_stays(world: World) -> None:
    world.register.move(letter(world), LetterState.DOT, world.clock.now)
    recover(world.register, world.clock.now)
    assert (letter(world).state, steps(world)) == (LetterState.UNCERTAIN, [Step.UNCERTAIN])
    later(world)
    assert world.deliver() == DeliveryReport()
    assert world.postman.offered == 0


def test_recovering_twice_changes_nothing_more(world: World) -> None:
    world.register.move(letter(world), LetterState.DOT, world.clock.now)
    recover(world.register, world.clock.now)
    before = letter(world), steps(world)
    recover(world.register, world.clock.now)
    assert (letter(world), steps(world)) == before


# -- to the owner ---------------------------------------------------------------------------------------------------


def test_a_mail_to_ourselves_that_may_be_lost_is_sent_again(world: World) -> None:
    world.deliver()
    with world.register.writing():
        world.register.queue(world.correspondent.probe(1, 1, world.clock.now), world.clock.now)
    world.postman.scripts = [Script(cut="after dot")]
    assert world.deliver().postponed == 1
    later(world)
    assert world.deliver().sent == 1
    assert steps(world) == [Step.SENT]
