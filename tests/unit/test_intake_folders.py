"""Mail that moves, appears late, vanishes or is renumbered: `inbox_bot.intake`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from inbox_bot.errors import MailboxUnreachable
from inbox_bot.intake import BATCH
from tests.fakes.world import World, mail


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company that set its baseline over ten old mails two hours ago, and has read a few since."""
    with World(tmp_path).open() as opened:
        for days in range(1, 11):
            opened.mailbox.deliver(mail(f"access, asked {days} days ago"), opened.at(days=days))
        opened.poll()
        opened.clock.advance(hours=2)
        opened.arrive("access", sender="known@example.org")
        opened.arrive("ordinary")
        opened.poll()
        opened.mailbox.fetched.clear()
        yield opened


def position(world: World) -> tuple[int, int]:
    cursor = world.register.cursor("INBOX")
    assert cursor is not None
    return cursor.uidvalidity, cursor.uid


# -- late -----------------------------------------------------------------------------------------------------------


def test_a_mail_that_becomes_visible_late_is_found_by_the_daily_search(world: World) -> None:
    late = world.mailbox.deliver(mail("access"), world.clock.now, visible=False)
    world.arrive("ordinary too")
    world.poll()
    world.mailbox.show(late)
    world.poll()
    assert len(world.register.requests()) == 1
    world.clock.advance(days=1)
    world.poll()
    assert len(world.register.requests()) == 2
    assert position(world) == (7, late + 1)


def test_the_daily_search_runs_once_a_day_and_asks_for_no_mail_it_has_seen(world: World) -> None:
    seen = {entry[1] for entry in world.seen()}
    world.clock.advance(days=1)
    world.mailbox.dated.clear()
    world.poll()
    first = list(world.mailbox.dated)
    world.poll()
    assert world.mailbox.dated == first
    assert not seen & set(first)
    assert world.mailbox.fetched == []


def test_a_search_that_breaks_off_is_done_again(world: World) -> None:
    late = world.mailbox.deliver(mail("access"), world.clock.now, visible=False)
    world.arrive("ordinary too")
    world.poll()
    world.mailbox.show(late)
    world.clock.advance(days=1)
    world.mailbox.fails_after = 0
    with pytest.raises(MailboxUnreachable):
        world.poll()
    world.mailbox.fails_after = None
    world.poll()
    assert len(world.register.requests()) == 2


# -- moved in -------------------------------------------------------------------------------------------------------


def test_mail_from_before_the_baseline_that_is_moved_in_is_set_aside_for_import(world: World) -> None:
    world.mailbox.append(mail("access"), world.at(days=3))
    world.poll()
    assert world.seen()[-1][2:] == ("old", "before_baseline")
    assert len(world.register.requests()) == 1


def test_moved_in_mail_is_known_by_our_servers_received_line_where_its_date_was_lost(world: World) -> None:
    taken = world.at(days=3)
    line = f"Received: from mx by mail.shop.example; {taken:%a, %d %b %Y %H:%M:%S} +0000\r\n"
    world.mailbox.append(line.encode() + mail("access"), world.clock.now)
    world.poll()
    assert world.seen()[-1][2:] == ("old", "before_baseline")


def test_a_servers_clock_that_is_behind_ours_makes_no_new_mail_old(world: World) -> None:
    world.mailbox.deliver(mail("access"), world.at(hours=2, minutes=30))
    world.poll()
    assert len(world.register.requests()) == 2


# -- renumbered -----------------------------------------------------------------------------------------------------


def test_after_a_new_uidvalidity_known_mail_is_recognised_and_old_mail_stays_old(world: World) -> None:
    world.mailbox.renumber()
    report = world.poll()
    assert report.registered == ()
    assert len(world.register.requests()) == len(world.states()) == 1
    assert position(world) == (1007, 12)
    assert [uid for _, uid in world.mailbox.fetched] == [11, 12]


def test_mail_that_came_with_the_renumbering_is_not_lost(world: World) -> None:
    world.arrive("erasure")
    world.mailbox.renumber()
    assert len(world.poll().registered) == 1
    assert len(world.register.requests()) == 2


def test_new_mail_is_read_in_a_folder_whose_uids_start_again_from_one(world: World) -> None:
    world.mailbox.stored["INBOX"].mails.clear()
    world.mailbox.renumber()
    world.poll()
    assert position(world) == (1007, 0)
    world.arrive("erasure")
    world.poll()
    assert len(world.register.requests()) == 2


def test_a_renumbering_that_breaks_off_half_way_answers_no_old_mail(world: World) -> None:
    # Read again from the start: with the cursor half way, what follows it would pass for new.
    world.mailbox.append(mail("access"), world.at(hours=2, minutes=20))
    world.set_policy(per_hour=1000, per_day=1000)
    for number in range(BATCH + 5):
        world.arrive(f"access {number}", sender=f"person{number}@example.org")
    inbox = world.mailbox.stored["INBOX"]
    inbox.mails = dict(sorted(inbox.mails.items(), key=lambda item: item[1].received_at, reverse=True))
    inbox.mails = {uid: stored for uid, (_, stored) in enumerate(inbox.mails.items(), start=1)}
    inbox.uidnext, inbox.uidvalidity = len(inbox.mails) + 1, 1007
    world.mailbox.fails_after = 1
    with pytest.raises(MailboxUnreachable):
        world.poll()
    world.mailbox.fails_after = None
    world.poll()
    assert len(world.register.requests()) == 1 + BATCH + 5
    assert all("old" not in entry[2] for entry in world.seen())
    assert position(world) == (1007, inbox.uidnext - 1)


def test_a_server_restored_from_its_backup_gives_uids_again_and_nothing_is_lost(world: World) -> None:
    inbox = world.mailbox.stored["INBOX"]
    for uid in (11, 12):
        del inbox.mails[uid]
    inbox.uidnext = 11
    world.arrive("erasure", sender="after.the.restore@example.org")
    world.poll()
    senders = {request.sender for request in world.register.requests()}
    assert senders == {"known@example.org", "after.the.restore@example.org"}
    world.clock.advance(days=1)
    world.poll()
    assert len(world.register.requests()) == 2


# -- vanished -------------------------------------------------------------------------------------------------------


def test_mail_that_the_owner_deletes_changes_nothing(world: World) -> None:
    before = world.register.requests(), world.states()
    for uid in list(world.mailbox.stored["INBOX"].mails):
        world.mailbox.expunge(uid)
    world.clock.advance(days=1)
    world.poll()
    assert (world.register.requests(), world.states()) == before


def test_a_folder_that_cannot_be_opened_ends_the_pass_without_undoing_the_first(world: World) -> None:
    del world.mailbox.stored["Junk"]
    world.arrive("erasure")
    with pytest.raises(MailboxUnreachable):
        world.poll()
    assert len(world.register.requests()) == 2


def test_a_new_folder_gets_a_baseline_of_its_own(world: World) -> None:
    world.mailbox.stored["Requests"] = type(world.mailbox.stored["INBOX"])(11)
    world.arrive("access", folder="Requests", sender="early@example.org")
    world.set_folders("INBOX", "Requests")
    assert world.poll().baselines == (("Requests", 1),)
    world.clock.advance(minutes=1)
    world.arrive("access", folder="Requests", sender="late@example.org")
    world.poll()
    assert world.register.requests()[-1].sender == "late@example.org"
    assert len(world.register.requests()) == 2


def test_the_pass_tells_when_it_began_and_ended(world: World) -> None:
    began = world.clock.advance(minutes=5)
    world.on_beat = lambda: world.clock.advance(seconds=30)
    world.arrive("ordinary")
    world.poll()
    assert world.register.meta("poll_began_at") == began.isoformat()
    assert world.register.meta("poll_ended_at") == (began + timedelta(seconds=30)).isoformat()
