"""The whole policy, one mail at a time: `inbox_bot.domain.decision`."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from inbox_bot.domain.classification import Classification
from inbox_bot.domain.decision import Arrival, Decision, Known, Policy, decide, sender_of
from inbox_bot.domain.message import Address, InboundMessage, Place
from inbox_bot.domain.request import Evidence, Outcome, Right, State, Step, Verdict
from inbox_bot.domain.screening import Screening
from inbox_bot.domain.screening.rules import RULES
from tests.fakes.requests import request

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NEW = "DSR-26-9XYZ4"
POLICY = Policy(
    live=True,
    max_age=timedelta(days=7),
    per_sender_per_day=3,
    per_hour=60,
    per_day=300,
    law="uk_gdpr",
    place="GB-ENG",
    default_language="en",
    zone=lambda instant: instant.date(),
    due_on=lambda rights, day: day + timedelta(days=30 if Right.COMPLAINT in rights else 29),
)
ASKED = Classification(
    Verdict.REQUEST, (Right.ACCESS,), "en", 12.0, (Evidence("en/access", "my data", "new", 0, 12.0),), ("urgent",)
)
UNSURE = Classification(Verdict.UNCERTAIN, (Right.ERASURE,), "en", 6.0)
UNRELATED = Classification(Verdict.UNRELATED)
ARRIVAL = Arrival(
    place=Place("INBOX", 7, 5),
    received_at=NOW - timedelta(minutes=3),
    junk=False,
    digest="d1",
    message=InboundMessage(senders=(Address("Alex", "alex@example.org"),), message_id="<9@example.org>"),
    screening=Screening(None, forward_path="alex@example.org"),
    classification=ASKED,
    text_hash="ff",
)
THEIRS = request(rights=(Right.ACCESS,))
CLOSED = replace(THEIRS, state=State.CLOSED, outcome=Outcome.DONE)


def decided(
    found: Classification = ASKED, known: Known | None = None, policy: Policy = POLICY, **changes: Any
) -> Decision:
    return decide(replace(ARRIVAL, classification=found, **changes), known or Known(), policy, NEW, NOW)


def screened(reason: str | None, forward_path: str | None = "alex@example.org") -> Screening:
    return Screening(reason, forward_path=forward_path)


# -- opening ------------------------------------------------------------------------------------------------------


def test_a_request_is_opened_dated_and_acknowledged() -> None:
    decision = decided()
    assert (decision.verdict, decision.reason, decision.reference) == ("request", "", NEW)
    assert (decision.acknowledge, decision.forward_path) == (True, "alex@example.org")
    opened = decision.request
    assert opened is not None
    assert (opened.state, opened.outcome, opened.withheld) == (State.OPEN, None, None)
    assert (opened.rights, opened.language, opened.marks) == ((Right.ACCESS,), "en", ("urgent",))
    assert (opened.received_on, opened.due_on) == (date(2026, 11, 24), date(2026, 12, 23))
    assert (opened.sender, opened.message_id, opened.text_hash) == ("alex@example.org", "<9@example.org>", "ff")
    assert (opened.law, opened.place, opened.location) == ("uk_gdpr", "GB-ENG", ARRIVAL.place)
    assert opened.evidence == ASKED.evidence


def test_registering_is_an_event_without_anything_personal() -> None:
    (event,) = decided().events
    assert (event.reference, event.step, event.at, event.actor) == (NEW, Step.REGISTERED, NOW, "mail")
    assert dict(event.detail) == {
        "verdict": "request",
        "rights": "access",
        "received_at": "2026-11-24T09:27:00+00:00",
        "due_on": "2026-12-23",
        "withheld": "",
    }
    assert event.text == ""


def test_the_day_of_receipt_is_the_controllers() -> None:
    policy = replace(POLICY, zone=lambda instant: (instant + timedelta(hours=15)).date())
    opened = decided(policy=policy).request
    assert opened is not None
    assert (opened.received_on, opened.due_on) == (date(2026, 11, 25), date(2026, 12, 24))


def test_the_rights_decide_the_day_due() -> None:
    opened = decided(replace(ASKED, rights=(Right.COMPLAINT,))).request
    assert opened is not None
    assert opened.due_on == date(2026, 12, 24)


def test_uncertain_mail_opens_a_request_in_triage_whose_clock_runs_and_which_nobody_answers() -> None:
    decision = decided(UNSURE)
    assert decision.request is not None
    assert (decision.request.state, decision.request.due_on) == (State.TRIAGE, date(2026, 12, 23))
    assert decision.request.rights == (Right.ERASURE,)
    assert not decision.acknowledge
    assert decision.forward_path is None


def test_uncertain_mail_that_names_no_right_is_dated_like_an_access_request() -> None:
    opened = decided(Classification(Verdict.UNCERTAIN)).request
    assert opened is not None
    assert (opened.rights, opened.language) == ((Right.ACCESS,), "en")


def test_unrelated_mail_leaves_nothing_but_its_verdict() -> None:
    assert decided(UNRELATED) == Decision(replace(ARRIVAL, classification=UNRELATED), "unrelated")


def test_unrelated_machine_mail_is_recorded_with_the_reason() -> None:
    decision = decided(UNRELATED, screening=screened("mailing_list"))
    assert (decision.verdict, decision.reason, decision.reference) == ("unrelated", "mailing_list", None)


def test_a_mail_that_beat_the_parser_is_a_possible_request() -> None:
    arrival = replace(ARRIVAL, message=None, screening=None, classification=None, text_hash=None)
    decision = decide(arrival, Known(), POLICY, NEW, NOW)
    assert (decision.verdict, decision.reason, decision.acknowledge) == ("uncertain", "unparsed", False)
    assert decision.request is not None
    assert (decision.request.state, decision.request.marks) == (State.TRIAGE, ("unparsed",))
    assert (decision.request.sender, decision.request.due_on) == (None, date(2026, 12, 23))


# -- withholding --------------------------------------------------------------------------------------------------


WITHHELD: list[tuple[str, dict[str, Any]]] = [
    ("imported", {"imported": True}),
    ("imported", {"imported": True, "before_baseline": True}),
    ("observe", {"policy": replace(POLICY, live=False)}),
    ("junk", {"junk": True}),
    ("too_old", {"received_at": NOW - timedelta(days=7, seconds=1)}),
    ("cap_per_sender", {"known": Known(letters_to_sender=3)}),
    ("cap_per_hour", {"known": Known(letters_last_hour=60)}),
    ("cap_per_day", {"known": Known(letters_last_day=300)}),
    *((rule.name, {"screening": screened(rule.name, None)}) for rule in RULES),
]


@pytest.mark.parametrize(("reason", "facts"), WITHHELD)
def test_a_request_that_may_not_be_answered_is_registered_with_the_reason(reason: str, facts: dict[str, Any]) -> None:
    decision = decided(**facts)
    assert decision.request is not None
    assert (decision.request.state, decision.request.withheld) == (State.OPEN, reason)
    assert (decision.verdict, decision.reason) == ("request", reason)
    assert (decision.acknowledge, decision.forward_path) == (False, None)
    assert dict(decision.events[0].detail)["withheld"] == reason


@pytest.mark.parametrize(
    "facts",
    [
        {"received_at": NOW - timedelta(days=7)},
        {"known": Known(letters_to_sender=2, letters_last_hour=59, letters_last_day=299)},
    ],
)
def test_at_the_edge_of_age_and_caps_an_answer_still_goes_out(facts: dict[str, Any]) -> None:
    assert decided(**facts).acknowledge


def test_the_lasting_reason_is_the_one_recorded() -> None:
    # In observe mode nothing may be released later; junk is released when the mail is moved.
    everything: dict[str, Any] = {
        "junk": True,
        "screening": screened("mailing_list"),
        "known": Known(letters_last_day=300),
    }
    assert decided(**everything).reason == "junk"
    assert decided(**everything, policy=replace(POLICY, live=False)).reason == "observe"
    assert decided(**everything, policy=replace(POLICY, live=False), imported=True).reason == "imported"


def test_a_withheld_request_keeps_whoever_it_says_it_is_from() -> None:
    opened = decided(screening=screened("dangerous_sender", None)).request
    assert opened is not None
    assert opened.sender == "alex@example.org"


# -- recognised first ---------------------------------------------------------------------------------------------


def test_a_copy_of_our_own_letter_is_a_witness_and_nothing_else() -> None:
    decision = decided(known=Known(own_letter=4, seen=("own", "", None), thread=THEIRS))
    assert decision == Decision(ARRIVAL, "own", witnessed=4)


def test_a_bounce_opens_nothing() -> None:
    assert decided(known=Known(bounced_letter=4, thread=THEIRS)) == Decision(ARRIVAL, "bounce", bounced=4)


def test_a_warning_that_a_letter_is_delayed_opens_nothing_and_is_no_bounce() -> None:
    decision = decided(known=Known(bounced_letter=4), only_warns=True)
    assert (decision.verdict, decision.bounced, decision.request) == ("bounce", None, None)


def test_mail_from_before_the_baseline_is_set_aside() -> None:
    decision = decided(before_baseline=True)
    assert (decision.verdict, decision.reason, decision.request) == ("old", "before_baseline", None)


def test_known_mail_at_a_new_place_changes_nothing() -> None:
    seen = Known(seen=("request", "too_old", THEIRS.reference), earlier=replace(THEIRS, withheld="too_old"))
    decision = decided(known=seen)
    assert decision == Decision(ARRIVAL, "request", "too_old", THEIRS.reference)


# -- junk, then INBOX ---------------------------------------------------------------------------------------------

JUNKED = replace(THEIRS, withheld="junk")
FROM_JUNK = Known(seen=("request", "junk", JUNKED.reference), earlier=JUNKED)


def test_a_request_moved_out_of_junk_is_released_and_acknowledged() -> None:
    decision = decided(known=FROM_JUNK)
    assert (decision.released, decision.reference, decision.request) == (JUNKED.reference, JUNKED.reference, None)
    assert (decision.reason, decision.acknowledge, decision.forward_path) == ("", True, "alex@example.org")
    (event,) = decision.events
    assert (event.step, dict(event.detail)) == (Step.RELEASED, {"from": "junk", "withheld": ""})


def test_moved_out_of_junk_the_other_reasons_still_hold() -> None:
    for reason, facts in WITHHELD:
        if reason not in {"imported", "junk"}:
            known = replace(facts.get("known", Known()), seen=FROM_JUNK.seen, earlier=JUNKED)
            decision = decided(**facts | {"known": known})
            assert (decision.reason, decision.released) == (reason, JUNKED.reference)
            assert not decision.acknowledge


def test_a_copy_that_is_still_in_junk_releases_nothing() -> None:
    decision = decided(known=FROM_JUNK, junk=True)
    assert (decision.released, decision.events, decision.acknowledge) == (None, (), False)


@pytest.mark.parametrize(
    ("earlier", "acknowledged"),
    [
        (replace(JUNKED, state=State.TRIAGE), False),
        (replace(JUNKED, state=State.OPEN), True),
        (replace(JUNKED, state=State.CLOSED, outcome=Outcome.NOT_A_REQUEST), False),
        (replace(JUNKED, withheld=None), False),
        (replace(JUNKED, sender="other@example.org"), False),
    ],
)
def test_what_comes_out_of_junk_is_answered_only_while_its_request_is_open_and_waiting(
    earlier: Any, *, acknowledged: bool
) -> None:
    decision = decided(known=replace(FROM_JUNK, earlier=earlier))
    assert decision.acknowledge is acknowledged


def test_uncertain_mail_that_the_owner_confirmed_meanwhile_is_acknowledged_once_out_of_junk() -> None:
    known = Known(seen=("uncertain", "junk", JUNKED.reference), earlier=JUNKED)
    assert decided(UNSURE, known=known).acknowledge


# -- the same again -----------------------------------------------------------------------------------------------


def test_the_same_mail_delivered_twice_is_linked() -> None:
    decision = decided(known=Known(earlier=THEIRS, open_requests=(THEIRS,)))
    assert decision == Decision(ARRIVAL, "request", "duplicate", THEIRS.reference)


def test_the_second_copy_of_a_mail_lets_the_first_out_of_junk() -> None:
    decision = decided(known=Known(earlier=JUNKED, open_requests=(JUNKED,)))
    assert (decision.released, decision.acknowledge) == (JUNKED.reference, True)


@pytest.mark.parametrize(
    ("found", "earlier"),
    [
        (ASKED, THEIRS),
        (ASKED, replace(THEIRS, rights=(Right.ACCESS, Right.ERASURE))),
        (replace(UNSURE, rights=(Right.ACCESS,)), THEIRS),
        (replace(UNSURE, rights=(Right.ACCESS,)), replace(THEIRS, state=State.TRIAGE)),
        (ASKED, replace(THEIRS, withheld="too_old")),
    ],
)
def test_the_same_person_asking_the_same_again_gets_no_second_letter(found: Classification, earlier: Any) -> None:
    decision = decided(found, known=Known(open_requests=(earlier,)))
    assert (decision.reason, decision.reference, decision.request) == ("repeated", earlier.reference, None)
    assert not decision.acknowledge
    assert [event.step for event in decision.events] == [Step.REPEATED]


@pytest.mark.parametrize(
    ("found", "earlier", "screening"),
    [
        # Another right, or one that the mail does not name.
        (replace(ASKED, rights=(Right.ACCESS, Right.ERASURE)), THEIRS, screened(None)),
        (Classification(Verdict.UNCERTAIN), THEIRS, screened(None)),
        # What was uncertain then is sure now: it must be acknowledged.
        (ASKED, replace(THEIRS, state=State.TRIAGE), screened(None)),
        # Somebody may have written the earlier one under this address.
        (ASKED, replace(THEIRS, withheld="dmarc_fail"), screened(None)),
        (ASKED, replace(THEIRS, withheld="junk"), screened(None)),
        # Behind a form, a portal or an agent stand many people.
        (ASKED, THEIRS, screened("machine_sender")),
        (ASKED, THEIRS, screened("from_ourselves")),
        (replace(ASKED, marks=("agent",)), THEIRS, screened(None)),
        (ASKED, replace(THEIRS, marks=("child",)), screened(None)),
    ],
)
def test_what_may_be_another_request_is_registered(found: Classification, earlier: Any, screening: Screening) -> None:
    decision = decided(found, known=Known(open_requests=(earlier,)), screening=screening)
    assert decision.request is not None
    assert decision.reference == NEW


def test_a_forged_repetition_opens_nothing_and_changes_nothing() -> None:
    decision = decided(known=Known(open_requests=(THEIRS,)), screening=screened("dmarc_fail"))
    assert (decision.reason, decision.reference) == ("repeated", THEIRS.reference)
    both = decided(
        known=Known(open_requests=(replace(THEIRS, withheld="dmarc_fail"),)), screening=screened("dmarc_fail")
    )
    assert both.reason == "repeated"


def test_the_first_request_that_covers_the_mail_is_the_one_repeated() -> None:
    other = replace(THEIRS, reference="DSR-26-00000", rights=(Right.ERASURE,))
    assert decided(known=Known(open_requests=(other, THEIRS))).reference == THEIRS.reference


# -- replies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [UNRELATED, UNSURE, ASKED])
@pytest.mark.parametrize("state", [State.OPEN, State.TRIAGE])
def test_a_reply_is_linked_to_its_request(found: Classification, state: State) -> None:
    decision = decided(found, known=Known(thread=replace(THEIRS, state=state)))
    assert (decision.verdict, decision.reason, decision.reference) == (found.verdict, "reply", THEIRS.reference)
    assert [event.step for event in decision.events] == [Step.REPLIED]
    assert decision.request is None
    assert not decision.acknowledge


def test_a_reply_that_asks_for_something_new_is_a_request_and_answered() -> None:
    decision = decided(replace(ASKED, rights=(Right.ERASURE,)), known=Known(thread=THEIRS, open_requests=(THEIRS,)))
    assert decision.request is not None
    assert decision.acknowledge


@pytest.mark.parametrize("found", [UNSURE, ASKED])
def test_what_answers_a_closed_request_and_asks_for_something_is_judged_by_itself(found: Classification) -> None:
    decision = decided(found, known=Known(thread=CLOSED))
    assert (decision.request is not None, decision.reference) == (True, NEW)


def test_a_reply_to_a_closed_request_that_asks_for_nothing_is_linked_to_it() -> None:
    decision = decided(UNRELATED, known=Known(thread=CLOSED))
    assert (decision.reason, decision.reference, decision.request) == ("reply", THEIRS.reference, None)


def test_who_names_the_reference_of_their_own_request_is_linked_to_it() -> None:
    for sender in ("alex@example.org", "Alex@Example.org"):
        decision = decided(UNRELATED, known=Known(quoted=replace(THEIRS, sender=sender)))
        assert (decision.reason, decision.reference) == ("reply", THEIRS.reference)
        assert [event.step for event in decision.events] == [Step.REPLIED]


STRANGERS = replace(THEIRS, sender="somebody@else.example")


def test_a_stranger_who_names_a_reference_is_not_linked_but_shown() -> None:
    decision = decided(UNRELATED, known=Known(quoted=STRANGERS))
    assert decision.request is not None
    assert (decision.reference, decision.request.state) == (NEW, State.TRIAGE)
    assert (decision.request.marks, decision.request.rights) == (("quotes_reference",), STRANGERS.rights)
    assert [evidence.words for evidence in decision.request.evidence] == [STRANGERS.reference]
    assert not decision.acknowledge


def test_a_strangers_own_request_stays_one_beside_the_reference_it_names() -> None:
    decision = decided(known=Known(quoted=STRANGERS))
    assert decision.request is not None
    assert (decision.request.state, decision.request.marks) == (State.OPEN, ("urgent", "quotes_reference"))
    assert decision.acknowledge


def test_a_forged_sender_is_a_stranger() -> None:
    decision = decided(UNRELATED, known=Known(quoted=THEIRS), screening=screened("dmarc_fail"))
    assert decision.request is not None
    assert decision.request.marks == ("quotes_reference",)


def test_a_machine_that_repeats_a_reference_is_no_stranger() -> None:
    decision = decided(UNRELATED, known=Known(quoted=STRANGERS), screening=screened("auto_submitted"))
    assert (decision.verdict, decision.reason, decision.request) == ("unrelated", "auto_submitted", None)


def test_a_chaser_is_registered_with_the_day_it_claims() -> None:
    def claimed_on(said: tuple[str, ...], language: str, day: date) -> date | None:
        assert (said, language, day) == (("I asked on 3 March.",), "en", date(2026, 11, 24))
        return date(2026, 3, 3)

    found = replace(ASKED, marks=("chaser",), chasing=("I asked on 3 March.",))
    (event,) = decided(found, policy=replace(POLICY, claimed_on=claimed_on)).events
    assert dict(event.detail)["claims"] == "2026-03-03"
    (silent,) = decided(found).events
    assert "claims" not in dict(silent.detail)


# -- the sender ---------------------------------------------------------------------------------------------------


def test_an_answer_goes_to_the_checked_address() -> None:
    form = replace(ARRIVAL, screening=screened(None, "person@example.org"))
    assert sender_of(form) == "person@example.org"
    assert decide(form, Known(), POLICY, NEW, NOW).forward_path == "person@example.org"


def test_a_mail_from_nobody_has_no_sender() -> None:
    assert sender_of(replace(ARRIVAL, message=InboundMessage(), screening=screened("no_single_sender", None))) is None
