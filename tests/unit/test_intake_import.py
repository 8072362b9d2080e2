"""Old mail registered on the owner's word, and never answered: `inbox_bot.intake.import_since`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from inbox_bot.domain.request import Request
from inbox_bot.intake import import_since
from tests.fakes.world import World, mail


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company with three old requests and one ordinary old mail, watched for an hour."""
    with World(tmp_path).open() as opened:
        for days in (40, 20, 2):
            opened.mailbox.deliver(mail("access", sender=f"old{days}@example.org"), opened.at(days=days))
        opened.mailbox.deliver(mail("ordinary"), opened.at(days=1))
        opened.poll()
        opened.clock.advance(hours=1)
        yield opened


def imported(world: World, since: datetime | None = None, *, dry_run: bool = False) -> tuple[Request, ...]:
    return import_since(world.desk, since or world.at(days=30), dry_run=dry_run)


def test_requests_since_a_day_are_registered_with_their_own_dates_and_answered_by_nobody(world: World) -> None:
    found = imported(world)
    assert [request.sender for request in found] == ["old20@example.org", "old2@example.org"]
    assert [request.received_on for request in found] == [
        (world.clock.now - timedelta(days=days, hours=1)).date() for days in (20, 2)
    ]
    assert {request.withheld for request in found} == {"imported"}
    assert world.states() == {}
    assert world.register.requests() == found


def test_a_dry_run_tells_the_same_and_writes_nothing(world: World) -> None:
    told = imported(world, dry_run=True)
    assert [request.sender for request in told] == ["old20@example.org", "old2@example.org"]
    assert (world.register.requests(), world.seen(), world.register.events()) == ((), [], ())


def test_importing_twice_registers_nothing_twice(world: World) -> None:
    first = imported(world)
    assert imported(world) == ()
    assert world.register.requests() == first
    assert len(imported(world, world.at(days=60))) == 1


def test_an_import_before_the_first_pass_sets_the_baseline_and_answers_nobody(tmp_path: Path) -> None:
    with World(tmp_path).open() as world:
        world.mailbox.deliver(mail("access"), world.at(days=2))
        assert len(imported(world)) == 1
        world.poll()
        world.clock.advance(days=1)
        world.poll()
        assert len(world.register.requests()) == 1
        assert world.states() == {}


def test_mail_that_came_after_the_baseline_is_left_to_the_next_pass_and_answered(world: World) -> None:
    world.arrive("erasure", sender="new@example.org")
    assert "new@example.org" not in {request.sender for request in imported(world)}
    world.poll()
    assert len(world.states()) == 1


@pytest.mark.parametrize("dated_anew", [False, True])
def test_mail_moved_in_later_can_be_imported_even_where_the_server_dated_it_anew(
    world: World, *, dated_anew: bool
) -> None:
    taken = world.at(days=5)
    line = f"Received: from mx by mail.shop.example; {taken:%a, %d %b %Y %H:%M:%S} +0000\r\n"
    content = line.encode() + mail("erasure", sender="moved@example.org")
    world.mailbox.append(content, world.clock.now if dated_anew else taken)
    world.poll()
    assert world.register.counts() == {"old": 1}
    assert "moved@example.org" in {request.sender for request in imported(world)}
    assert "old" not in world.register.counts()
    assert imported(world) == ()


def test_old_mail_in_junk_is_registered_and_not_released_by_moving_it(world: World) -> None:
    uid = world.mailbox.deliver(mail("erasure"), world.at(days=3), "Junk")
    world.mailbox.stored["Junk"].mails[uid + 1] = world.mailbox.stored["Junk"].mails.pop(uid)
    found = imported(world)
    assert [request.withheld for request in found] == ["imported"] * len(found)
    world.mailbox.move(uid + 1, "Junk", "INBOX")
    world.poll()
    assert world.states() == {}


def test_an_answer_never_follows_an_import_even_when_the_mail_is_seen_again(world: World) -> None:
    imported(world)
    world.mailbox.renumber()
    world.poll()
    assert world.states() == {}
    assert len(world.register.requests()) == 2
