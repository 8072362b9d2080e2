"""What the owner hears on a day: `inbox_bot.domain.agenda`."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.agenda import (
    MARKS,
    RIGHT_WORDS,
    Agenda,
    AgendaItem,
    Entry,
    Trouble,
    TroubleKind,
    Urgency,
    agenda,
    entry_of,
)
from inbox_bot.domain.message import Place
from inbox_bot.domain.request import Evidence, Request, Right, State

TUESDAY = date(2026, 11, 24)
MONDAY = date(2026, 11, 23)
REQUEST = Request(
    reference="DSR-26-7F3K7",
    state=State.OPEN,
    outcome=None,
    rights=(Right.ACCESS,),
    language="en",
    received_at=datetime(2026, 10, 20, 9, tzinfo=UTC),
    received_on=date(2026, 10, 20),
    due_on=TUESDAY + timedelta(days=20),
    extended=False,
    law="uk_gdpr",
    place="GB-ENG",
    channel="mail",
    sender="ana.silva@home.example",
    message_id="<secret@home.example>",
    text_hash="0f",
    evidence=(Evidence("access", "copy of everything about Ana", "new", 0, 1.0),),
    marks=(),
    withheld=None,
    location=Place("INBOX", 1, 7),
)


def item(
    reference: str = "DSR-26-7F3K7",
    left: int = 20,
    *,
    today: date = TUESDAY,
    rights: tuple[Right, ...] = (Right.ACCESS,),
    state: State = State.OPEN,
    marks: tuple[str, ...] = (),
    withheld: str | None = None,
    acknowledgement: str = "sent",
    reminded: frozenset[int] = frozenset(),
    announced: bool = True,
) -> AgendaItem:
    """A request that is due `left` days after `today`; by default known to the owner and far from due."""
    due_on = today + timedelta(days=left)
    request = replace(
        REQUEST, reference=reference, due_on=due_on, rights=rights, state=state, marks=marks, withheld=withheld
    )
    return AgendaItem(request, "One month after receipt.", acknowledgement, reminded, announced)


def on(today: date, *items: AgendaItem, troubles: tuple[Trouble, ...] = ()) -> Agenda:
    return agenda(items, troubles, today=today, company="Example Ltd")


def test_nothing_goes_out_when_nothing_is_new_or_near() -> None:
    assert not on(TUESDAY, item(left=15)).due
    assert not on(TUESDAY).due


def test_mondays_say_all_quiet() -> None:
    quiet = on(MONDAY, item(left=20, today=MONDAY))
    assert quiet.due
    assert quiet.all_quiet
    assert quiet.subject == "inbox-bot: all quiet, 1 open — Example Ltd"
    assert on(MONDAY).subject == "inbox-bot: all quiet — Example Ltd"


def test_a_monday_with_something_near_is_not_called_quiet() -> None:
    monday = on(MONDAY, item(left=10, today=MONDAY, reminded=frozenset({14})))
    assert monday.due
    assert not monday.all_quiet
    assert monday.subject == "inbox-bot: 1 due soon — Example Ltd"


def test_a_new_request_is_announced_once() -> None:
    first = on(TUESDAY, item(announced=False))
    assert first.due
    assert first.announced == ("DSR-26-7F3K7",)
    assert first.entries[0].status == "NEW"
    second = on(TUESDAY, item(announced=True))
    assert not second.due
    assert second.announced == ()


def test_a_request_in_triage_is_asked_about_every_day() -> None:
    asked = on(TUESDAY, item(state=State.TRIAGE))
    assert asked.due
    assert asked.entries[0].status == "IS THIS A REQUEST?"


@pytest.mark.parametrize("late", [1, 2, 30])
def test_an_overdue_request_is_shown_every_day_though_every_mark_is_recorded(late: int) -> None:
    overdue = on(TUESDAY, item(left=-late, reminded=frozenset(MARKS)))
    assert overdue.due
    assert overdue.marks_to_record == ()
    assert overdue.entries[0].status == "OVERDUE"


@pytest.mark.parametrize("left", range(16))
def test_a_digest_goes_out_on_the_marks_and_only_on_them(left: int) -> None:
    earlier = frozenset(mark for mark in MARKS if mark > left)
    reminded = on(TUESDAY, item(left=left, reminded=earlier))
    assert reminded.due == (left in MARKS)
    assert [mark.days for mark in reminded.marks_to_record] == ([left] if left in MARKS else [])


def test_a_mark_missed_while_the_service_slept_is_due_the_day_it_wakes() -> None:
    late = on(TUESDAY, item(left=5, reminded=frozenset({14})))
    assert late.due
    assert [(mark.reference, mark.days) for mark in late.marks_to_record] == [("DSR-26-7F3K7", 7)]
    assert late.marks_to_record[0].due_on == TUESDAY + timedelta(days=5)
    assert not on(TUESDAY, item(left=5, reminded=frozenset({14, 7}))).due


@given(asleep=st.sets(st.integers(0, 30)))
def test_every_mark_is_recorded_once_by_the_due_day_whatever_the_downtime(asleep: set[int]) -> None:
    recorded: list[int] = []
    start = TUESDAY
    for offset in sorted(set(range(31)) - asleep | {30}):
        today = start + timedelta(days=offset)
        decided = on(today, item(left=30 - offset, today=today, reminded=frozenset(recorded)))
        recorded += [mark.days for mark in decided.marks_to_record]
    assert sorted(recorded) == sorted(MARKS)


def test_the_owner_chooses_the_marks() -> None:
    def due(left: int) -> bool:
        return agenda([item(left=left)], (), today=TUESDAY, company="Example Ltd", days=(5,)).due

    assert [left for left in range(1, 20) if due(left)] == [1, 2, 3, 4, 5]
    assert not agenda([item(left=1)], (), today=TUESDAY, company="Example Ltd", days=()).due


def test_a_closed_request_is_passed_over() -> None:
    closed = on(TUESDAY, item(left=-3, state=State.CLOSED, announced=False))
    assert not closed.due
    assert closed.entries == ()
    assert closed.marks_to_record == ()
    assert closed.announced == ()


def test_the_most_pressing_stands_first() -> None:
    shown = on(
        TUESDAY,
        item("DSR-26-LATER", 40),
        item("DSR-26-NEW00", 30, announced=False),
        item("DSR-26-SOON0", 3),
        item("DSR-26-ASKED", 30, state=State.TRIAGE),
        item("DSR-26-NOW00", 30, marks=("urgent",)),
        item("DSR-26-TODAY", 0),
        item("DSR-26-LATE1", -1),
        item("DSR-26-LATE9", -9),
    )
    assert [entry.urgency for entry in shown.entries] == [Urgency.OVERDUE, *Urgency]
    assert [entry.reference for entry in shown.entries[:2]] == ["DSR-26-LATE9", "DSR-26-LATE1"]
    assert [entry.status for entry in shown.entries[1:]] == [
        "OVERDUE", "DUE TODAY", "ACT NOW", "IS THIS A REQUEST?", "DUE IN 3 DAYS", "NEW", "OPEN",
    ]  # fmt: skip


def test_the_subject_counts_each_request_once() -> None:
    shown = on(
        TUESDAY,
        item(left=-1, state=State.TRIAGE, announced=False),
        item(left=3),
        item(left=7, announced=False),
        item(left=30, state=State.TRIAGE, announced=False),
        item(left=40),
    )
    assert shown.subject == "inbox-bot: 1 overdue, 2 due soon, 1 to decide — Example Ltd"


def test_a_question_and_an_absolute_right_are_never_hidden_by_the_date() -> None:
    asked, bound = on(TUESDAY, item(left=-1, state=State.TRIAGE), item(left=0, marks=("urgent",))).entries
    assert asked.status == "OVERDUE · IS THIS A REQUEST?"
    assert bound.status == "DUE TODAY · ACT NOW"
    assert bound.urgent
    assert not asked.urgent


def test_nothing_of_the_data_subject_reaches_the_digest() -> None:
    shown = on(TUESDAY, item(acknowledgement="withheld", withheld="from_ourselves", announced=False))
    assert not re.search(r"\bana\b|silva|home\.example|secret|copy", repr(shown), re.IGNORECASE)


@pytest.mark.parametrize(
    ("left", "words", "status"),
    [
        (-2, "2 days ago", "OVERDUE"),
        (-1, "yesterday", "OVERDUE"),
        (0, "today", "DUE TODAY"),
        (1, "tomorrow", "DUE TOMORROW"),
        (3, "in 3 days", "DUE IN 3 DAYS"),
    ],
)
def test_the_days_left_are_said_as_people_say_them(left: int, words: str, status: str) -> None:
    entry = on(TUESDAY, item(left=left)).entries[0]
    assert (entry.when, entry.status) == (words, status)


def verbs(an_item: AgendaItem) -> list[str]:
    return [command.split()[1] for command in on(TUESDAY, an_item).entries[0].commands]


def test_each_request_shows_the_commands_that_act_on_it() -> None:
    assert verbs(item()) == ["show", "close"]
    assert verbs(item(state=State.TRIAGE)) == ["show", "confirm", "dismiss"]
    assert verbs(item(acknowledgement="withheld")) == ["show", "acknowledge", "close"]
    assert verbs(item(acknowledgement="failed")) == ["show", "acknowledge", "close"]
    assert verbs(item(left=3)) == ["show", "extend", "close"]
    assert on(TUESDAY, item()).entries[0].commands[-1] == "inbox-bot close DSR-26-7F3K7 --outcome done"


def test_no_extension_is_offered_where_the_law_gives_none() -> None:
    near = item(left=3)
    extended = replace(near, request=replace(near.request, extended=True))
    assert "extend" not in verbs(extended)
    assert "extend" not in verbs(item(left=3, rights=(Right.COMPLAINT,)))
    assert "extend" not in verbs(item(left=-1))
    assert "extend" in verbs(item(left=3, rights=(Right.COMPLAINT, Right.ACCESS)))


def test_every_right_has_its_words() -> None:
    assert set(RIGHT_WORDS) == set(Right)
    assert on(TUESDAY, item(rights=(Right.RECTIFICATION, Right.CONSENT_WITHDRAWAL))).entries[0].rights == (
        "correction",
        "withdrawal of consent",
    )


@pytest.mark.parametrize(
    ("acknowledgement", "state", "words"),
    [
        ("sent", State.OPEN, "Acknowledged."),
        ("queued", State.OPEN, "The acknowledgement is on its way."),
        ("withheld", State.OPEN, "The acknowledgement is withheld: from ourselves."),
        ("failed", State.OPEN, "The acknowledgement was refused by a mail server."),
        ("uncertain", State.OPEN, "The acknowledgement may or may not have arrived."),
        ("none", State.OPEN, "Not acknowledged."),
        ("none", State.TRIAGE, "Not acknowledged: that waits for your decision."),
    ],
)
def test_the_entry_says_what_became_of_the_acknowledgement(acknowledgement: str, state: State, words: str) -> None:
    shown = on(TUESDAY, item(acknowledgement=acknowledgement, state=state, withheld="from_ourselves"))
    assert shown.entries[0].acknowledgement == words


def test_a_fresh_trouble_goes_out_at_once_and_an_old_one_only_in_company() -> None:
    fresh = Trouble(TroubleKind.FAILED, "inbox-bot show DSR-26-7F3K7", reference="DSR-26-7F3K7")
    told = on(TUESDAY, troubles=(fresh,))
    assert told.due
    assert not told.all_quiet
    assert told.subject == "inbox-bot: 1 to look at — Example Ltd"
    old = replace(fresh, fresh=False)
    assert not on(TUESDAY, troubles=(old,)).due
    monday = on(MONDAY, troubles=(old,))
    assert monday.troubles == (old,)
    assert not monday.all_quiet


def test_troubles_stand_in_order_of_weight_and_say_how_many() -> None:
    shown = on(TUESDAY, troubles=tuple(Trouble(kind, "inbox-bot check", 3) for kind in reversed(TroubleKind)))
    assert [trouble.kind for trouble in shown.troubles] == list(TroubleKind)
    assert all("3 " in trouble.words for trouble in shown.troubles)
    assert Trouble(TroubleKind.UNPARSED, "").words == "A mail could not be read; it may hold a request."


# -- what is special about a request -----------------------------------------------------------------------------


def entry(**facts: Any) -> Entry:
    claimed_on = facts.pop("claimed_on", None)
    return entry_of(replace(item(**facts), claimed_on=claimed_on), TUESDAY)


def test_a_chaser_is_to_be_acted_on_now_with_the_day_it_claims() -> None:
    chased = entry(marks=("chaser",), claimed_on=date(2026, 3, 3))
    assert (chased.urgency, chased.status) == (Urgency.NOW, "ACT NOW")
    assert not chased.urgent
    assert chased.notices[0].startswith("They say that they asked before on 3 March 2026: look for that mail today")
    assert entry(marks=("chaser",)).notices[0].startswith("They say that they asked before: look")


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        (("agent",), ["see their authority"]),
        (("agent", "child"), ["about a child"]),
        (("quotes_reference",), ["came from another address"]),
        (("chaser", "agent"), ["asked before", "see their authority"]),
        (("urgent",), []),
        ((), []),
    ],
)
def test_what_is_special_about_a_request_is_told(marks: tuple[str, ...], words: list[str]) -> None:
    notices = entry(marks=marks).notices
    assert len(notices) == len(words)
    assert all(word in notice for word, notice in zip(words, notices, strict=True))
