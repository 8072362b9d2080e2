"""Our own letters coming back: copies, bounces and replies. `inbox_bot.intake`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox_bot.domain.outbox import Letter, LetterState
from inbox_bot.domain.request import Event as Happening
from inbox_bot.domain.request import Outcome, State, Step
from tests.fakes.world import World, mail
from tests.fakes.writer import MAILBOX


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company that has a request, whose acknowledgement is queued."""
    with World(tmp_path).open() as opened:
        opened.poll()
        opened.clock.advance(hours=1)
        opened.arrive("access")
        opened.poll()
        yield opened


def letter(world: World) -> Letter:
    return world.register.letters()[0]


def steps(world: World) -> list[Step]:
    return [event.step for event in world.register.events()]


def copy_arrives(world: World, raw: bytes | None = None) -> None:
    world.mailbox.deliver(raw or letter(world).draft.raw, world.clock.now)


# -- copies ---------------------------------------------------------------------------------------------------------


def test_our_own_copy_is_recorded_as_own_and_never_classified(world: World) -> None:
    world.deliver()
    world.classify = pytest.fail  # type: ignore[assignment]
    copy_arrives(world, letter(world).draft.raw)
    world.classify = World(world.folder).classify
    world.poll()
    assert world.seen()[-1][2:] == ("own", "")
    assert len(world.register.requests()) == 1
    assert letter(world).witnessed_at == world.clock.now


@pytest.mark.parametrize("stage", [LetterState.QUEUED, LetterState.SENDING, LetterState.DOT, LetterState.UNCERTAIN])
def test_a_letter_whose_copy_arrived_was_sent_whatever_we_thought(world: World, stage: LetterState) -> None:
    # Queued with a copy in the mailbox: a register restored from a backup. It must never send again.
    if stage is not LetterState.QUEUED:
        world.register.move(letter(world), stage, world.clock.now)
    copy_arrives(world)
    world.poll()
    assert letter(world).state is LetterState.SENT
    assert steps(world) == [Step.REGISTERED, Step.SENT]
    world.deliver()
    assert world.postman.offered == 0


def test_a_copy_seen_in_two_folders_is_one_event(world: World) -> None:
    copy_arrives(world)
    world.mailbox.deliver(letter(world).draft.raw, world.clock.now, "Junk")
    world.poll()
    assert steps(world) == [Step.REGISTERED, Step.SENT]
    assert [entry[2] for entry in world.seen()] == ["request", "own", "own"]


def test_our_letter_is_known_by_either_header_where_a_provider_rewrites_the_other(world: World) -> None:
    raw = letter(world).draft.raw
    token = letter(world).draft.token.encode()
    for changed in (
        raw.replace(b"Message-ID: <" + token, b"Message-ID: <0123456789"),
        raw.replace(b"X-Inbox-Bot: " + token, b"X-Inbox-Bot: gone"),
    ):
        assert changed != raw
        copy_arrives(world, changed)
    world.poll()
    assert [entry[2] for entry in world.seen()] == ["request", "own", "own"]


def test_our_token_over_another_text_is_not_our_letter(world: World) -> None:
    token = letter(world).draft.token
    world.mailbox.deliver(mail("erasure", f"X-Inbox-Bot: {token}", sender="mallory@example.org"), world.clock.now)
    world.poll()
    assert world.seen()[-1][2] == "request"
    assert letter(world).witnessed_at is None


def test_a_token_that_we_never_sent_is_no_letter_of_ours(world: World) -> None:
    raw = letter(world).draft.raw
    forged = world.correspondent.probe(1, 1, world.clock.now).token
    copy_arrives(world, raw.replace(letter(world).draft.token.encode(), forged.encode()))
    world.poll()
    assert letter(world).witnessed_at is None


def test_mail_from_our_own_address_that_is_no_letter_of_ours_is_classified_and_not_answered(world: World) -> None:
    world.arrive("erasure", sender=MAILBOX)
    world.poll()
    assert world.seen()[-1][2:] == ("request", "from_ourselves")
    assert len(world.states()) == 1


# -- bounces --------------------------------------------------------------------------------------------------------


def bounce(world: World, action: bytes = b"failed") -> bytes:
    """A delivery report (RFC 3464) with our letter's header in it."""
    header = letter(world).draft.raw.partition(b"\r\n\r\n")[0]
    return (
        b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: "
        + MAILBOX.encode()
        + b"\r\nSubject: Undelivered\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nNobody here. You asked about access.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n"
        b"Action: " + action + b"\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + header + b"\r\n\r\n--b--\r\n"
    )


def test_a_bounce_is_an_event_of_its_letter_and_opens_nothing(world: World) -> None:
    world.deliver()
    world.mailbox.deliver(bounce(world), world.clock.now)
    world.poll()
    assert world.seen()[-1][2:] == ("bounce", "")
    assert letter(world).bounced_at == world.clock.now
    assert steps(world) == [Step.REGISTERED, Step.SENT, Step.BOUNCED]
    assert len(world.register.requests()) == 1


def test_a_warning_that_our_letter_is_delayed_opens_nothing_and_is_no_bounce(world: World) -> None:
    world.mailbox.deliver(bounce(world, b"delayed"), world.clock.now)
    world.poll()
    assert world.seen()[-1][2:] == ("bounce", "")
    assert letter(world).bounced_at is None


def test_a_second_bounce_of_a_letter_is_no_second_event(world: World) -> None:
    for _ in range(2):
        world.mailbox.deliver(bounce(world), world.clock.now)
    world.poll()
    assert steps(world).count(Step.BOUNCED) == 1
    assert [entry[2] for entry in world.seen()] == ["request", "bounce", "bounce"]


def test_an_out_of_office_reply_to_our_letter_is_a_reply_and_no_bounce(world: World) -> None:
    world.deliver()
    thread = f"In-Reply-To: {letter(world).draft.message_id}"
    world.arrive("Away until Monday.", "Return-Path: <>", thread, "Auto-Submitted: auto-replied")
    world.poll()
    assert world.seen()[-1][2:] == ("unrelated", "reply")
    assert letter(world).bounced_at is None


# -- replies --------------------------------------------------------------------------------------------------------


def test_a_reply_is_linked_to_its_request_by_our_token_in_its_thread(world: World) -> None:
    world.deliver()
    world.arrive("Thanks, here it is.", f"References: <1@example.org> {letter(world).draft.message_id}")
    world.poll()
    (request,) = world.register.requests()
    assert world.register.events()[-1].step is Step.REPLIED
    assert world.register.events()[-1].reference == request.reference
    assert world.seen()[-1][2:] == ("unrelated", "reply")


def test_a_reply_that_asks_for_something_else_is_a_request_and_answered(world: World) -> None:
    world.deliver()
    world.arrive("And now: erasure", f"In-Reply-To: {letter(world).draft.message_id}")
    assert world.poll().acknowledged == 1


def test_a_reply_to_a_closed_request_that_only_says_thanks_is_linked_and_opens_nothing(world: World) -> None:
    world.deliver()
    (request,) = world.register.requests()
    world.register.step(Happening(request.reference, Step.CLOSED, world.clock.now, "owner"), outcome=Outcome.DONE)
    world.arrive("Thanks!", f"In-Reply-To: {letter(world).draft.message_id}")
    world.poll()
    assert world.seen()[-1][2:] == ("unrelated", "reply")
    assert world.register.request(request.reference).state is State.CLOSED
    assert len(world.register.requests(closed=True)) == 1


def test_a_mail_that_names_a_reference_is_linked_if_its_sender_is_the_known_one_and_shown_if_not(world: World) -> None:
    world.deliver()
    (request,) = world.register.requests()
    world.arrive(f"Any news of {request.reference.lower()}?")
    world.poll()
    assert [event.step for event in world.register.events(request.reference)][-1] is Step.REPLIED
    world.arrive(f"Any news of {request.reference}?", sender="eve@example.net")
    world.poll()
    _, shown = sorted(world.register.requests(), key=lambda each: each.state is State.TRIAGE)
    assert (shown.sender, shown.state, shown.marks) == ("eve@example.net", State.TRIAGE, ("quotes_reference",))


def test_a_key_that_was_replaced_still_knows_our_letters_and_our_mail(world: World) -> None:
    world.deliver()
    copy_arrives(world)
    world.register.keys = (b"n" * 32, *world.register.keys)
    world.mailbox.renumber()
    world.poll()
    assert world.seen()[-1][2] == "own"
    assert letter(world).witnessed_at is not None
    assert len(world.register.requests()) == len(world.states()) == 1
