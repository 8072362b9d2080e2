"""The road of a message, over a mail server in memory and a real register: `inbox_bot.intake`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from inbox_bot.domain.request import Right, State, Step
from inbox_bot.errors import MailboxUnreachable
from inbox_bot.intake import BATCH, poll, watched
from tests.fakes.world import World, mail


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company that has watched its mailbox since this morning."""
    with World(tmp_path).open() as opened:
        opened.poll()
        opened.clock.advance(hours=1)
        yield opened


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """A company that has not looked at its mailbox yet."""
    with World(tmp_path).open() as opened:
        yield opened


# -- baseline -----------------------------------------------------------------------------------------------------


def test_the_first_pass_reads_nothing_and_says_how_many_mails_of_a_month_it_leaves_alone(fresh: World) -> None:
    for days in (1, 29, 31, 400):
        fresh.mailbox.deliver(mail("access"), fresh.at(days=days))
    report = fresh.poll()
    assert report.baselines == (("INBOX", 2), ("Junk", 0))
    assert (report.read, fresh.mailbox.fetched, fresh.register.requests()) == (0, [], ())
    cursor = fresh.register.cursor("INBOX")
    assert cursor is not None
    assert (cursor.uidvalidity, cursor.uid, cursor.left_alone) == (7, 4, 2)
    assert cursor.baseline_at == fresh.clock.now + timedelta(seconds=1)


def test_mail_from_before_the_baseline_is_never_read_not_even_by_the_daily_search(fresh: World) -> None:
    fresh.mailbox.deliver(mail("access"), fresh.at(minutes=1))
    for _ in range(4):
        fresh.poll()
        fresh.clock.advance(days=1)
    assert fresh.mailbox.fetched == []


def test_old_mail_stays_old_where_the_servers_clock_is_ahead_of_ours(fresh: World) -> None:
    fresh.mailbox.deliver(mail("access"), fresh.clock.now + timedelta(minutes=10))
    fresh.poll()
    fresh.clock.advance(days=1)
    assert fresh.poll().read == 0


def test_a_date_far_in_the_future_does_not_push_the_baseline_there(fresh: World) -> None:
    fresh.mailbox.append(mail("access"), fresh.clock.now + timedelta(days=3650))
    fresh.poll()
    cursor = fresh.register.cursor("INBOX")
    assert cursor is not None
    assert cursor.baseline_at <= fresh.clock.now + timedelta(hours=1)


def test_mail_that_arrives_between_two_looks_is_read_even_within_the_second_of_the_baseline(fresh: World) -> None:
    fresh.poll()
    fresh.arrive("access")
    assert len(fresh.poll().registered) == 1


# -- reading ------------------------------------------------------------------------------------------------------


def test_a_request_is_registered_and_its_acknowledgement_queued_in_one_pass(world: World) -> None:
    uid = world.arrive("Please: access")
    report = world.poll()
    (request,) = world.register.requests()
    assert (report.read, report.registered, report.acknowledged) == (1, (request.reference,), 1)
    assert (request.state, request.rights, request.sender) == (State.OPEN, (Right.ACCESS,), "alex@example.org")
    assert request.received_at == world.clock.now.replace(microsecond=0)
    assert request.location is not None
    assert (request.location.folder, request.location.uid) == ("INBOX", uid)
    letter = world.register.by_occasion(f"ack:{request.reference}")
    assert letter is not None
    assert (letter.draft.forward_path, letter.draft.copy) == ("alex@example.org", "privacy@shop.example.co.uk")
    assert [event.step for event in world.register.events()] == [Step.REGISTERED]
    assert world.seen() == [("INBOX", uid, "request", "")]


def test_a_second_pass_does_nothing(world: World) -> None:
    world.arrive("access")
    world.poll()
    before = world.seen(), world.register.requests(), world.states(), world.register.events()
    report = world.poll()
    assert (report.read, report.registered) == (0, ())
    assert (world.seen(), world.register.requests(), world.states(), world.register.events()) == before


def test_unrelated_mail_leaves_no_address_subject_or_text_behind(world: World, tmp_path: Path) -> None:
    world.arrive("About our Sunday lunch", sender="carol.unlikely@example.org")
    world.poll()
    assert world.register.counts() == {"unrelated": 1}
    content = (tmp_path / "register.db").read_bytes()
    assert b"unlikely" not in content
    assert b"lunch" not in content


def test_uncertain_mail_goes_to_triage_and_is_not_answered(world: World) -> None:
    world.arrive("perhaps erasure")
    assert world.poll().acknowledged == 0
    assert [request.state for request in world.register.requests()] == [State.TRIAGE]
    assert world.states() == {}


def test_mail_is_read_in_batches_with_one_commit_and_one_heartbeat_each(world: World) -> None:
    for number in range(2 * BATCH + 1):
        world.arrive(f"ordinary {number}")
    world.poll()
    assert world.mailbox.batches == [BATCH, BATCH, 1]
    assert world.heartbeats == 3


def test_what_was_committed_stands_when_the_connection_breaks_and_the_rest_comes_next_time(world: World) -> None:
    for number in range(2 * BATCH):
        world.arrive(f"access, says {number}", sender=f"person{number}@example.org")
    world.set_policy(per_hour=1000)
    world.mailbox.fails_after = 1
    with pytest.raises(MailboxUnreachable):
        world.poll()
    assert len(world.register.requests()) == BATCH
    assert world.register.meta("poll_ended_at") == world.at(hours=1).isoformat()
    world.mailbox.fails_after = None
    world.poll()
    assert len(world.register.requests()) == 2 * BATCH
    assert len(world.states()) == 2 * BATCH
    assert len(set(world.mailbox.fetched)) == len(world.mailbox.fetched) == 2 * BATCH
    # An error of the network is no fault of the mail: the next pass still reads in batches.
    assert world.mailbox.batches == [BATCH, BATCH]


def test_the_text_of_a_long_mail_is_read_beyond_its_first_window(world: World) -> None:
    padding = "X-Padding: " + "x" * 900
    part = "--b\r\nContent-Type: text/plain\r\n\r\n" + "padding\r\n" * 9000 + "the end\r\n--b--\r\n"
    headers = ("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', *(padding for _ in range(5)))
    world.arrive(part, *headers)
    world.arrive("--b\r\nContent-Type: text/plain\r\n\r\naccess\r\n" + part, *headers, sender="second@example.org")
    world.poll()
    assert [request.sender for request in world.register.requests()] == ["second@example.org"]


def test_uids_that_vanish_between_listing_and_fetching_are_passed_over(world: World) -> None:
    gone = world.arrive("access, gone in a moment")
    listed = world.mailbox.uids_after

    def and_then_gone(uid: int) -> list[int]:
        found = listed(uid)
        world.mailbox.stored["INBOX"].mails.pop(gone, None)
        return found

    world.mailbox.uids_after = and_then_gone  # type: ignore[method-assign]
    stays = world.arrive("access, and stays")
    world.poll()
    assert [place[1] for place in world.seen()] == [stays]
    cursor = world.register.cursor("INBOX")
    assert cursor is not None
    assert cursor.uid == stays


def test_a_server_that_shows_its_last_mail_below_the_asked_uid_changes_nothing(world: World) -> None:
    world.arrive("access")
    world.poll()
    world.mailbox.quirk = True
    world.mailbox.stored["INBOX"].uidnext += 5  # UIDs that were assigned to mail nobody saw
    before = world.seen(), world.register.requests(), world.states(), world.register.cursor("INBOX")
    world.poll()
    assert (world.seen(), world.register.requests(), world.states(), world.register.cursor("INBOX")) == before


def test_requests_of_one_batch_see_each_other(world: World) -> None:
    world.set_policy(per_sender_per_day=1)
    world.arrive("access")
    world.arrive("erasure")
    world.arrive("access again")
    world.poll()
    assert [(request.rights, request.withheld) for request in world.register.requests()] == [
        ((Right.ACCESS,), None),
        ((Right.ERASURE,), "cap_per_sender"),
    ]
    assert [entry[3] for entry in world.seen()] == ["", "cap_per_sender", "repeated"]


def test_no_two_requests_get_one_reference(world: World) -> None:
    world.arrive("access", sender="one@example.org")
    world.poll()
    world.arrive("access", sender="two@example.org")
    taken = world.register.requests()[0].reference
    symbols = iter(taken[7:11] + "2345")
    poll(replace(world.desk, choose=lambda _: next(symbols)))
    assert sorted(request.reference[7:11] for request in world.register.requests()) == sorted([taken[7:11], "2345"])


def test_only_inbox_and_junk_are_watched_unless_the_owner_names_folders(world: World) -> None:
    assert watched(world.desk) == [("INBOX", False), ("Junk", True)]
    world.arrive("access", folder="Sent")
    assert world.poll().read == 0


# -- when it was received -----------------------------------------------------------------------------------------


def test_a_mailbox_that_was_migrated_keeps_the_day_on_which_our_server_took_the_mail(world: World) -> None:
    taken = world.clock.now - timedelta(minutes=20)
    line = f"Received: from mx by mail.shop.example; {taken:%a, %d %b %Y %H:%M:%S} +0000\r\n"
    world.mailbox.append(line.encode() + mail("access"), world.clock.now)
    world.poll()
    assert world.register.requests()[0].received_at == taken


def test_a_date_to_come_is_no_deadline_that_never_comes(world: World) -> None:
    world.mailbox.append(mail("access"), world.clock.now + timedelta(days=3650))
    world.poll()
    assert world.register.requests()[0].received_at == world.clock.now


def test_the_senders_own_date_counts_for_nothing(world: World) -> None:
    world.arrive("access", "Date: Mon, 1 Jan 2035 00:00:00 +0000")
    world.poll()
    assert world.register.requests()[0].received_on == date(2026, 11, 24)


# -- the parser beaten --------------------------------------------------------------------------------------------


def test_a_mail_that_beats_the_parser_is_a_possible_request_and_the_cursor_moves_on(world: World) -> None:
    world.arrive("access one", sender="one@example.org")
    bad = world.arrive("explode")
    world.arrive("access two", sender="two@example.org")
    world.poll()
    assert sorted((request.state, request.marks) for request in world.register.requests()) == [
        (State.OPEN, ()),
        (State.OPEN, ()),
        (State.TRIAGE, ("unparsed",)),
    ]
    assert ("INBOX", bad, "uncertain", "unparsed") in world.seen()
    assert world.poll().read == 0


def test_mails_whose_bytes_the_server_withholds_are_each_a_possible_request(world: World) -> None:
    for _ in range(2):
        world.mailbox.withhold(world.arrive("access"))
    world.poll()
    assert [request.marks for request in world.register.requests()] == [("unparsed",), ("unparsed",)]


def test_a_letter_that_cannot_be_written_does_not_keep_the_request_out(world: World) -> None:
    world.writer.broken.add("acknowledgement")
    world.arrive("access")
    world.arrive("ordinary")
    world.poll()
    assert [request.withheld for request in world.register.requests()] == ["template"]
    assert world.states() == {}
    assert world.poll().read == 0


# -- after the sender ---------------------------------------------------------------------------------------------


def test_a_request_in_junk_is_registered_and_answered_only_when_it_is_moved_to_the_inbox(world: World) -> None:
    uid = world.arrive("access", folder="Junk")
    world.poll()
    (request,) = world.register.requests()
    assert (request.withheld, world.states()) == ("junk", {})
    world.mailbox.move(uid, "Junk", "INBOX")
    world.poll()
    (released,) = world.register.requests()
    assert (released.reference, released.withheld) == (request.reference, None)
    assert world.states() == {f"ack:{request.reference}": "queued"}
    assert [event.step for event in world.register.events()] == [Step.REGISTERED, Step.RELEASED]


def test_a_request_moved_to_junk_and_back_is_answered_once(world: World) -> None:
    uid = world.arrive("access")
    world.poll()
    uid = world.mailbox.move(uid, "INBOX", "Junk")
    world.poll()
    world.mailbox.move(uid, "Junk", "INBOX")
    world.poll()
    assert len(world.register.requests()) == len(world.states()) == 1
    assert [entry[2] for entry in world.seen()] == ["request"] * 3


def test_one_mail_delivered_twice_is_one_request(world: World) -> None:
    letter = mail("access")
    for _ in range(2):  # our server adds a Received line of its own to each
        world.mailbox.deliver(letter, world.clock.now)
    world.poll()
    assert len(world.register.requests()) == len(world.states()) == 1
    assert [entry[3] for entry in world.seen()] == ["", "duplicate"]


def test_a_message_id_alone_suppresses_nothing(world: World) -> None:
    world.arrive("erasure", "Message-ID: <same@example.org>", sender="mallory@example.org")
    world.mailbox.deliver(mail("access", message_id="<same@example.org>"), world.clock.now)
    world.mailbox.deliver(mail("erasure", message_id="<same@example.org>"), world.clock.now)
    world.poll()
    assert len(world.register.requests()) == 3
