"""What the register keeps, on a real SQLite file: `inbox_bot.adapters.store`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from inbox_bot.adapters.store import Store, opened
from inbox_bot.adapters.store.schema import TABLES
from inbox_bot.domain.message import Place
from inbox_bot.domain.outbox import Draft, Kind, Letter, LetterState
from inbox_bot.domain.request import Event, Outcome, Right, State, Step
from inbox_bot.domain.thread import mint
from inbox_bot.errors import NotFound, StepRefused
from inbox_bot.ports import Cursor, Register, Sighting
from tests.fakes.requests import REQUEST, request

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
REFERENCE = REQUEST.reference
_: type[Register] = Store  # holds the adapter to the port


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "state" / "register.db") as store:
        yield store


def draft(occasion: str = "ack:1", **changes: object) -> Draft:
    token = mint(b"k" * 32, occasion.encode().ljust(10)[:10])
    facts = Draft(
        occasion=occasion,
        kind=Kind.ACKNOWLEDGEMENT,
        reference=REFERENCE,
        reverse_path="privacy@shop.example",
        forward_path="alex@example.org",
        copy="privacy@shop.example",
        message_id=f"<{token}@shop.example>",
        token=token,
        text_hash="0f",
        raw=b"Subject: hello\r\n\r\n.\r\n",
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def queued(register: Store, occasion: str = "ack:1", at: datetime = NOW, **changes: object) -> Letter:
    with register.writing():
        assert register.queue(draft(occasion, **changes), at)
    letter = register.by_occasion(occasion)
    assert letter is not None
    return letter


def test_every_table_there_is_was_made_by_a_migration(register: Store) -> None:
    # sqlite-utils makes a table of any name that is mistyped.
    assert {name for name in register._database.table_names() if not name.startswith("sqlite_")} == TABLES


def test_every_table_of_ours_is_strict(register: Store) -> None:
    found = register._rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    ours = {row["name"] for row in found if row["strict"]}
    assert ours == TABLES - {"_sqlite_migrations"}


def test_opening_again_finds_everything_and_migrates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "register.db"
    with opened(path) as first:
        keys = first.keys
        with first.writing():
            first.add(REQUEST)
    with opened(path) as second:
        assert second.keys == keys
        assert second.request(REFERENCE) == REQUEST
        applied = second._rows("SELECT name FROM _sqlite_migrations")
        assert [row["name"] for row in applied] == ["m001_first"]


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kept",
    [
        REQUEST,
        request(state=State.CLOSED, outcome=Outcome.REFUSED, closed_at=NOW, extended=True, withheld="junk"),
        request(rights=tuple(Right), marks=("urgent", "quoted"), message_id=None, text_hash=None, location=None),
        request(sender=None, evidence=(), received_at=datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)),
        request(sender="grün@bücher.example", place="GB-SCT", language="de"),
    ],
)
def test_a_request_comes_back_as_it_was_added(register: Store, kept: object) -> None:
    assert isinstance(kept, type(REQUEST))
    with register.writing():
        register.add(kept)
    assert register.request(REFERENCE) == kept
    assert register.has(REFERENCE)


def test_an_unknown_reference_is_not_found(register: Store) -> None:
    with pytest.raises(NotFound, match="DSR-26-00000"):
        register.request("DSR-26-00000")
    assert not register.has("DSR-26-00000")


def test_requests_are_listed_by_day_due_without_the_closed(register: Store) -> None:
    later = request("DSR-26-00001", due_on=date(2027, 1, 1))
    closed = request("DSR-26-00002", state=State.CLOSED, outcome=Outcome.DONE, due_on=date(2026, 1, 1))
    with register.writing():
        for each in (later, REQUEST, closed):
            register.add(each)
    assert register.requests() == (REQUEST, later)
    assert register.requests(closed=True) == (closed, REQUEST, later)


def test_the_open_requests_of_an_address_are_found_whatever_its_case(register: Store) -> None:
    closed = request("DSR-26-00002", state=State.CLOSED, outcome=Outcome.DONE)
    other = request("DSR-26-00003", sender="somebody@else.example")
    with register.writing():
        for each in (REQUEST, closed, other):
            register.add(each)
    assert register.open_requests_of("Alex@Example.org") == (REQUEST,)
    assert register.open_requests_of("nobody@example.org") == ()


def test_a_duplicate_has_the_same_message_id_sender_and_text(register: Store) -> None:
    with register.writing():
        register.add(REQUEST)
    assert register.duplicate("<1@example.org>", "alex@example.org", "0f") == REFERENCE
    assert register.duplicate("<2@example.org>", "alex@example.org", "0f") is None
    assert register.duplicate("<1@example.org>", "mallory@example.org", "0f") is None
    assert register.duplicate("<1@example.org>", "alex@example.org", "1f") is None


def test_a_mail_without_message_id_is_nobodys_duplicate(register: Store) -> None:
    with register.writing():
        register.add(request(message_id=None))
    assert register.duplicate("", "alex@example.org", "0f") is None


def test_a_step_moves_the_request_and_writes_its_history(register: Store) -> None:
    with register.writing():
        register.add(request(state=State.TRIAGE))
    confirmed = register.step(
        Event(REFERENCE, Step.CONFIRMED, NOW, "owner", (("rights", "erasure"),), "she telephoned"),
        rights="erasure",
        due_on="2026-12-24",
    )
    assert (confirmed.state, confirmed.rights, confirmed.due_on) == (State.OPEN, (Right.ERASURE,), date(2026, 12, 24))
    (event,) = register.events(REFERENCE)
    assert (event.step, event.at, event.actor, event.text) == (Step.CONFIRMED, NOW, "owner", "she telephoned")
    assert dict(event.detail)["rights"] == "erasure"


def test_a_step_is_whole_or_not_at_all(register: Store) -> None:
    waiting = request(state=State.TRIAGE)
    with register.writing():
        register.add(waiting)
    with pytest.raises(Exception, match="CHECK constraint"):
        register.step(Event(REFERENCE, Step.CONFIRMED, NOW, "owner"), extended=7)
    assert register.request(REFERENCE) == waiting
    assert register.events() == ()


def test_a_step_from_a_state_that_changed_meanwhile_is_refused(register: Store) -> None:
    register._run("CREATE TEMP TRIGGER slip BEFORE UPDATE ON request BEGIN SELECT RAISE(IGNORE); END")
    with register.writing():
        register.add(REQUEST)
    with pytest.raises(StepRefused, match="changed under our hands"):
        register.step(Event(REFERENCE, Step.DISMISSED, NOW, "owner"), outcome=Outcome.NOT_A_REQUEST)
    assert register.events() == ()


# -- cursors and mail seen ----------------------------------------------------------------------------------------


def test_a_cursor_moves_but_its_baseline_stays(register: Store) -> None:
    first = Cursor("INBOX", 7, 10, NOW, 3)
    register.set_cursor(first)
    assert register.cursor("INBOX") == first
    register.set_cursor(Cursor("INBOX", 8, 2, NOW + timedelta(days=1), 99, date(2026, 11, 25)))
    assert register.cursor("INBOX") == Cursor("INBOX", 8, 2, NOW, 3, date(2026, 11, 25))
    assert register.cursor("Junk") is None
    assert len(register.cursors()) == 1


def test_a_mail_is_known_again_by_its_digest_in_any_folder(register: Store) -> None:
    register.see(Place("INBOX", 7, 1), "d1", "request", "", REFERENCE, NOW)
    assert register.sighting(("d1",)) == Sighting("request", "", REFERENCE)
    assert register.sighting(("new key's", "d1")) == Sighting("request", "", REFERENCE)
    assert register.sighting(("d2",)) is None
    assert register.uids_seen("INBOX", 7) == {1}
    assert register.uids_seen("INBOX", 8) == frozenset()


def test_the_record_that_says_most_is_told_first(register: Store) -> None:
    register.see(Place("Junk", 8, 1), "d", "request", "junk", REFERENCE, NOW + timedelta(hours=2))
    assert register.sighting(("d",)) == Sighting("request", "junk", REFERENCE)
    register.see(Place("INBOX", 7, 1), "d", "request", "", REFERENCE, NOW)
    assert register.sighting(("d",)) == Sighting("request", "", REFERENCE)


def test_only_a_mail_set_aside_as_old_is_recorded_anew(register: Store) -> None:
    place = Place("INBOX", 7, 1)
    register.see(place, "d", "old", "before_baseline", None, NOW)
    register.see(place, "d", "request", "imported", REFERENCE, NOW)
    register.see(place, "d", "unrelated", "", None, NOW)
    assert register.sighting(("d",)) == Sighting("request", "imported", REFERENCE)
    assert register.counts() == {"request": 1}


def test_another_mail_at_a_used_place_is_recorded(register: Store) -> None:
    place = Place("INBOX", 7, 1)
    register.see(place, "before the restore", "unrelated", "", None, NOW)
    register.see(place, "after the restore", "request", "", REFERENCE, NOW)
    assert register.sighting(("after the restore",)) == Sighting("request", "", REFERENCE)


def test_attempts_are_counted_by_mail_and_forgotten_by_folder(register: Store) -> None:
    here, there = Place("INBOX", 7, 1), Place("Junk", 8, 1)
    assert register.deaths(here) == 0
    for place in (here, here, there):
        register.attempt(place)
    assert (register.deaths(here), register.deaths(there)) == (2, 1)
    register.forget_attempts("INBOX")
    assert (register.deaths(here), register.deaths(there)) == (0, 1)


def test_a_day_is_decided_once(register: Store) -> None:
    assert not register.day_decided(date(2026, 11, 24))
    register.decide_day(date(2026, 11, 24), NOW, sent=True)
    assert register.day_decided(date(2026, 11, 24))
    assert not register.day_decided(date(2026, 11, 25))
    with pytest.raises(Exception, match="UNIQUE constraint"):
        register.decide_day(date(2026, 11, 24), NOW, sent=False)


def test_what_is_remembered_replaces_what_was(register: Store) -> None:
    assert register.meta("poll") is None
    register.remember("poll", "1")
    register.remember("poll", "2")
    assert register.meta("poll") == "2"


# -- letters ------------------------------------------------------------------------------------------------------


def test_a_letter_comes_back_byte_for_byte(register: Store) -> None:
    letter = queued(register)
    assert letter.draft == draft()
    assert (letter.state, letter.created_at, letter.due_at, letter.attempts) == (LetterState.QUEUED, NOW, NOW, 0)
    assert register.by_token(letter.draft.token) == letter
    assert register.letter(letter.id) == letter
    assert register.letters(REFERENCE) == register.letters(state=LetterState.QUEUED) == (letter,)
    assert register.letters(REFERENCE, LetterState.SENT) == ()


def test_an_occasion_has_one_letter(register: Store) -> None:
    letter = queued(register)
    with register.writing():
        assert not register.queue(replace(draft("ack:2"), occasion="ack:1"), NOW)
    assert register.letters() == (letter,)


def test_claiming_a_letter_counts_and_settling_it_dates(register: Store) -> None:
    letter = queued(register)
    claimed = register.move(letter, LetterState.SENDING, NOW)
    assert (claimed.attempts, claimed.settled_at) == (1, None)
    dot = register.move(claimed, LetterState.DOT, NOW)
    sent = register.move(dot, LetterState.SENT, NOW + timedelta(seconds=1), reply="250 ok")
    assert (sent.attempts, sent.settled_at, sent.reply) == (1, NOW + timedelta(seconds=1), "250 ok")


def test_a_letter_that_moved_meanwhile_is_not_moved_again(register: Store) -> None:
    letter = queued(register)
    register.move(letter, LetterState.SENDING, NOW)
    with pytest.raises(StepRefused, match="no longer queued"):
        register.move(letter, LetterState.SENDING, NOW)
    assert register.letter(letter.id).attempts == 1


def test_the_letter_due_longest_goes_first_and_none_before_its_time(register: Store) -> None:
    late = queued(register, "ack:2", NOW + timedelta(hours=1))
    early = queued(register, "ack:1", NOW)
    assert register.next_due(NOW - timedelta(seconds=1)) is None
    assert register.next_due(NOW + timedelta(hours=2)) == early
    register.move(early, LetterState.SENDING, NOW)
    assert register.next_due(NOW + timedelta(hours=2)) == late


def test_letters_to_the_owner_can_be_asked_for_alone(register: Store) -> None:
    queued(register, "ack:1", NOW)
    digest = queued(register, "digest:2026-11-24", NOW + timedelta(minutes=1), kind=Kind.DIGEST, copy=None)
    assert register.next_due(NOW + timedelta(hours=1), owner_only=True) == digest


def test_the_first_finding_of_a_copy_and_of_a_bounce_is_what_counts(register: Store) -> None:
    letter = queued(register)
    for hours in (1, 2):
        register.mark_witnessed(letter, NOW + timedelta(hours=hours))
        register.mark_bounced(letter, NOW + timedelta(hours=hours + 1))
    marked = register.letter(letter.id)
    assert (marked.witnessed_at, marked.bounced_at) == (NOW + timedelta(hours=1), NOW + timedelta(hours=2))


def test_only_a_copy_of_a_letter_to_somebody_else_shows_that_copies_arrive(register: Store) -> None:
    register.mark_witnessed(queued(register, "probe:1:1", kind=Kind.PROBE, copy=None), NOW)
    register.mark_witnessed(queued(register, "digest:1", kind=Kind.DIGEST, copy=None), NOW)
    assert not register.ever_witnessed()
    register.mark_witnessed(queued(register), NOW)
    assert register.ever_witnessed()


def test_acknowledgements_are_tallied_by_address_hour_and_day(register: Store) -> None:
    queued(register, "ack:1", NOW - timedelta(hours=25))
    queued(register, "ack:2", NOW - timedelta(hours=2))
    queued(register, "ack:3", NOW - timedelta(minutes=5), forward_path="other@example.org")
    queued(register, "digest:1", NOW, kind=Kind.DIGEST)
    cancelled = queued(register, "ack:4", NOW)
    register.move(cancelled, LetterState.CANCELLED, NOW)
    assert register.tally("Alex@Example.org", NOW) == (1, 1, 2)
    assert register.tally("nobody@example.org", NOW) == (0, 1, 2)
