"""The second look: the mailbox read again with today's rules, and nothing written."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from inbox_bot.domain.classification import Classification
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.request import Evidence, Right, Verdict
from inbox_bot.intake import Audit, audit, import_since
from tests.fakes.world import World, classified, mail


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company that has one old mail and has watched its mailbox since."""
    with World(tmp_path).open() as opened:
        opened.mailbox.deliver(mail("erasure", sender="old@example.org"), opened.at(days=3))
        opened.poll()
        opened.clock.advance(hours=1)
        yield opened


def look(world: World, days: int = 90) -> Audit:
    return audit(world.desk, world.clock.now - timedelta(days=days))


def told(found: Audit) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Sender and what was made of the mail before: of what was missed, and of near misses."""
    missed, near = ([(each.sender, each.before) for each in kind] for kind in (found.missed, found.near))
    return missed, near


def widened(message: InboundMessage) -> Classification:
    """Today's rules: they know `parcel`, and `kettle` comes near."""
    if "kettle" in message.text:
        return Classification(Verdict.UNRELATED, score=3.0, evidence=(Evidence("en/k", "kettle", "new", 0, 3.0),))
    if "parcel" in message.text:
        return Classification(Verdict.UNCERTAIN, (Right.ACCESS,), "en", 6.0)
    return classified(message)


def test_what_the_register_knows_is_no_finding(world: World) -> None:
    world.arrive("access")
    world.poll()
    world.deliver()
    world.arrive("nothing to see")
    world.poll()
    found = look(world, days=1)
    assert (found.read, told(found)) == (2, ([], []))


def test_mail_from_before_the_first_start_and_mail_not_read_yet_are_told(world: World) -> None:
    world.arrive("access", sender="new@example.org")
    assert told(look(world)) == ([("old@example.org", "old"), ("new@example.org", "unread")], [])
    assert told(look(world, days=2)) == ([("new@example.org", "unread")], [])


def test_what_todays_rules_would_register_is_told_and_what_comes_near(world: World) -> None:
    world.arrive("my parcel", sender="ann@example.org")
    world.arrive("my kettle", sender="bob@example.org")
    world.arrive("my kettle", "Precedence: bulk", sender="shop@example.org")
    world.poll()
    assert told(look(world, days=1)) == ([], [])
    world.classify = widened
    found = look(world, days=1)
    assert told(found) == ([("ann@example.org", "unrelated")], [("bob@example.org", "unrelated")])
    assert (found.missed[0].subject, found.near[0].evidence[0].words) == ("Hello", "kettle")


def test_our_own_letters_and_their_bounces_are_no_findings(world: World) -> None:
    world.copies_arrive()
    world.arrive("access")
    world.poll()
    world.deliver()
    world.poll()
    world.classify = lambda _: Classification(Verdict.REQUEST, (Right.ACCESS,), "en", 10.0)
    assert {each.sender for each in look(world).missed} == {"old@example.org"}


def test_a_second_look_writes_nothing_and_sends_nothing(world: World) -> None:
    world.arrive("access", sender="new@example.org")
    before = (
        world.register.requests(),
        world.seen(),
        world.register.events(),
        world.states(),
        world.register.cursors(),
    )
    look(world)
    after = (world.register.requests(), world.seen(), world.register.events(), world.states(), world.register.cursors())
    assert before == after


def test_what_was_missed_can_be_imported_once(world: World) -> None:
    world.arrive("my parcel", sender="ann@example.org")
    world.poll()
    world.classify = widened
    since = world.clock.now - timedelta(days=1)
    assert len(import_since(world.desk, since, dry_run=True)) == 1
    (request,) = import_since(world.desk, since, dry_run=False)
    assert (request.sender, request.withheld) == ("ann@example.org", "imported")
    assert import_since(world.desk, since, dry_run=False) == ()
    assert told(look(world, days=1)) == ([], [])


def test_a_reply_that_was_linked_is_not_judged_again_by_an_import(world: World) -> None:
    world.arrive("access")
    world.poll()
    world.deliver()
    (request,) = world.register.requests()
    world.arrive(f"my parcel, {request.reference}")
    world.poll()
    events = world.register.events(request.reference)
    world.classify = widened
    assert import_since(world.desk, world.clock.now - timedelta(days=1), dry_run=False) == ()
    assert world.register.events(request.reference) == events
