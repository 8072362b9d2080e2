"""How evidence becomes a verdict, on rules written for each test."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox_bot.adapters.lexicons import load_rulebook
from inbox_bot.domain.classification import STEPS, Classification, classify
from inbox_bot.domain.hits import part_of, passage
from inbox_bot.domain.lexicon import parse_lexicon
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.pattern import Work
from inbox_bot.domain.request import Right, Verdict
from inbox_bot.domain.rulebook import compile_rules

REQUEST, UNCERTAIN, UNRELATED = Verdict.REQUEST, Verdict.UNCERTAIN, Verdict.UNRELATED


def rule(name: str, match: str, weight: float = 0, *rights: str, more: str = "") -> str:
    listed = ", ".join(f'"{right}"' for right in rights)
    return f"[[rule]]\nname = '{name}'\nweight = {weight}\nrights = [{listed}]\nmatch = '''\n{match}\n'''\n{more}\n"


def judged(rules: str, text: str = "", subject: str = "", language: str = "en", **parts: Any) -> Classification:
    message = replace(InboundMessage(subject=subject, text=text), **parts)
    return classify(message, compile_rules([parse_lexicon("en.toml", f"language = '{language}'\n{rules}")]))


BOOK = load_rulebook()
ERASE = rule("erase", "delete ..2 data", 10, "erasure")
SOFT = rule("soft", "gone", 5, "erasure")
SEE = rule("see", "show me\neverything ..3 hold", 10, "access")


def test_weights_add_up_to_the_verdict() -> None:
    assert judged(ERASE, "Please delete my data.").verdict is REQUEST
    assert judged(SOFT, "I want it gone.").verdict is UNCERTAIN
    assert judged(SOFT, "Nothing of the kind.").verdict is UNRELATED
    both = judged(ERASE + SOFT, "Delete my data. I want it gone.")
    assert (both.score, both.rights, both.language) == (15.0, (Right.ERASURE,), "en")


def test_a_rule_counts_once_a_mail_however_often_it_fires() -> None:
    assert judged(SOFT, "It is gone. It is really gone. All gone!").score == 5.0


def test_a_rule_below_zero_takes_away() -> None:
    vendor = rule("vendor", "free trial", -8)
    assert judged(ERASE + vendor, "We delete your data. Start a free trial.").verdict is UNRELATED


def test_what_silences_a_rule_is_shown_at_weight_zero() -> None:
    unless = rule("erase", "delete ..2 data", 10, "erasure", more="unless = 'do not delete'")
    found = judged(unless, "Do not delete my data.")
    assert found.verdict is UNRELATED
    assert [(each.rule, each.words, each.weight) for each in found.evidence] == [
        ('en/erase: unless "Do not delete"', "delete my data", 0.0)
    ]
    assert judged(unless, "Do not delete it all. But delete my data.").verdict is REQUEST


@pytest.mark.parametrize("cancels", ["erase", "era*", "erasure", "*"])
def test_a_rule_cancels_others_in_its_sentence_only(cancels: str) -> None:
    policy = rule("policy", "you may", more=f"cancels = ['{cancels}']")
    found = judged(ERASE + policy, "You may delete your data.")
    assert found.verdict is UNRELATED
    assert "en/erase: cancelled by policy" in {each.rule for each in found.evidence}
    assert judged(ERASE + policy, "You may think so. Delete my data!").verdict is REQUEST


def test_a_rule_absorbs_others_only_where_their_words_overlap() -> None:
    erase = rule("erase-all", "delete ..2 everything ..3 hold", 10, "erasure", more="absorbs = ['access']")
    assert judged(SEE + erase, "Delete everything you hold.").rights == (Right.ERASURE,)
    both = judged(SEE + erase, "Show me everything you hold, then delete everything you hold.")
    assert both.rights == (Right.ACCESS, Right.ERASURE)


NEAR = rule("it", "delete it", 10, "erasure", more="near = ['cue-*']") + rule("cue-photo", "photo of me")


def test_a_rule_that_must_be_near_another_counts_only_there() -> None:
    assert judged(NEAR, "Delete it.").verdict is UNRELATED
    assert judged(NEAR, "You have a photo of me. Delete it.").verdict is REQUEST
    assert judged(NEAR, "You have a photo of me. A. B. C. Delete it.").verdict is UNRELATED
    assert judged(NEAR, "A. B. C. D. E. Delete it.", subject="A photo of me").verdict is REQUEST


def test_a_silent_rule_is_no_neighbour() -> None:
    silent = rule("cue-photo", "photo of me", more="unless = 'nice photo'")
    lone = rule("it", "delete it", 10, "erasure", more="near = ['cue-*']")
    assert judged(silent + lone, "A nice photo of me. Delete it.").verdict is UNRELATED


def test_a_rule_may_be_for_the_subject_or_the_body_only() -> None:
    subject = rule("s", "deletion", 10, "erasure", more="where = 'subject'")
    body = rule("b", "deletion", 10, "erasure", more="where = 'body'")
    assert [judged(each, subject="Deletion").verdict for each in (subject, body)] == [REQUEST, UNRELATED]
    assert [judged(each, "Deletion").verdict for each in (subject, body)] == [UNRELATED, REQUEST]


def test_a_rule_for_short_texts_is_silent_in_longer_ones() -> None:
    stop = rule("stop", "^ stop $", 10, "objection", more="longest = 3")
    assert judged(stop, "Stop.\n\nThanks, Bob").verdict is REQUEST
    assert judged(stop, "Stop.\n\nThanks and greetings, Bob").verdict is UNRELATED


FRAME = """
[[frame]]
name = "frame"
rights = ["erasure"]
needs = ["gone"]
also = ["mine"]
longest = 30
marks = ["urgent"]
adds = '''
gone 3
mine 3
ask 2
order -4
'''
"""
SIGNS = "".join(
    rule(name, match) for name, match in {"gone": "gone", "mine": "my photo", "ask": "please", "order": "order"}.items()
)


def test_a_frame_adds_up_what_stands_close_together() -> None:
    found = judged(SIGNS + FRAME, "I want my photo gone.")
    assert (found.verdict, found.score, found.rights, found.marks) == (UNCERTAIN, 6.0, (Right.ERASURE,), ("urgent",))
    assert [(each.rule, each.words, each.weight) for each in found.evidence] == [("en/frame", "my photo + gone", 6.0)]
    assert judged(SIGNS + FRAME, "Please, I want my photo gone.").score == 8.0
    assert judged(SIGNS + FRAME, "My photo. A. B. C. I want it gone, please.").verdict is UNRELATED


def test_a_frame_needs_what_it_needs() -> None:
    assert judged(SIGNS + FRAME, "Please, my photo.").verdict is UNRELATED
    assert judged(SIGNS + FRAME, "Please, I want it gone. Gone!").verdict is UNRELATED


def test_what_speaks_against_a_frame_counts_wherever_it_stands() -> None:
    assert judged(SIGNS + FRAME, "My photo gone, please. A. B. C. D. It is about my order.").verdict is UNRELATED


def test_a_frame_is_silent_where_a_rule_says_it_plainly() -> None:
    cited = rule("cite-17", "article 17", 7, "erasure")
    frame = FRAME.replace("longest = 30", "longest = 30\nunless = ['cite-*']")
    assert judged(SIGNS + cited + frame, "My photo gone. Article 17!").score == 7.0
    assert judged(SIGNS + cited + frame, "My photo gone.").score == 6.0


def test_a_frame_is_for_short_texts() -> None:
    assert judged(SIGNS + FRAME, "My photo gone. " + "word " * 28).verdict is UNRELATED


def test_weighty_rules_name_the_rights_and_faint_ones_add_none() -> None:
    faint = rule("law", "gdpr", 4, "access")
    assert judged(ERASE + faint, "Delete my data, gdpr.").rights == (Right.ERASURE,)
    assert judged(faint + rule("more", "request", 4), "A gdpr request.").rights == (Right.ACCESS,)


def test_a_request_that_names_no_right_is_for_access() -> None:
    assert judged(rule("law", "gdpr", 10), "GDPR!").rights == (Right.ACCESS,)


def test_rights_come_in_the_order_of_the_law() -> None:
    assert judged(ERASE + SEE, "Delete my data but first show me.").rights == (Right.ACCESS, Right.ERASURE)


def test_what_is_only_quoted_is_uncertain() -> None:
    quoted = judged(ERASE, "See below.\n\n> Please delete my data.\n")
    assert (quoted.verdict, quoted.marks) == (UNCERTAIN, ("quoted",))
    assert [each.where for each in quoted.evidence] == ["quoted"]
    assert judged(ERASE, "Please delete my data.\n\n> What can we do?\n").verdict is REQUEST


def test_what_stands_only_in_an_enclosed_mail_or_a_file_name_is_uncertain() -> None:
    enclosed = judged(ERASE, "See attached, this came to my address.", forwarded="Please delete my data.")
    assert (enclosed.verdict, enclosed.marks) == (UNCERTAIN, ("forwarded",))
    named = judged(ERASE, "See attached, this is what I want.", attachments=("delete-my-data.pdf",))
    assert (named.verdict, named.marks) == (UNCERTAIN, ("attachment",))


def test_a_letter_below_a_line_of_two_hyphens_is_not_lost() -> None:
    below = "Hello,\n--\nPlease delete the data held about the undersigned.\nRegards\nAnn\n"
    letter = judged(ERASE, below)
    assert (letter.verdict, letter.marks) == (UNCERTAIN, ("signature",))
    real = classify(InboundMessage(text=below.replace("the data", "all the personal data")), BOOK)
    assert real.verdict is UNCERTAIN


def test_a_footer_asks_for_nothing() -> None:
    footer = "The parcel came, thank you.\n-- \nAnn Lee\nAcme Ltd, registered in England no 1234567\n"
    disclaimer = "This e-mail is confidential. If you are not the addressee, please delete it and tell us.\n"
    assert classify(InboundMessage(text=footer + disclaimer), BOOK).verdict is UNRELATED


@pytest.mark.parametrize(
    ("parts", "mark"),
    [
        ({"text": "See attached", "attachments": ("letter.PDF",)}, "attachment"),
        ({"text": "", "content_types": ("multipart/encrypted",)}, "encrypted"),
    ],
)
def test_a_mail_that_hides_its_text_is_uncertain(parts: dict[str, Any], mark: str) -> None:
    found = classify(replace(InboundMessage(), **parts), load_rulebook())
    assert (found.verdict, found.marks) == (UNCERTAIN, (mark,))


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "Here is the photo of the cake that you wanted", "attachments": ("cake.jpg",)},
        {"text": "See attached", "attachments": ("song.mp3",)},
        {"text": "This is a long text that everybody can read. " * 5, "content_types": ("multipart/encrypted",)},
    ],
)
def test_a_mail_that_can_be_read_is_judged_by_its_text(parts: dict[str, Any]) -> None:
    assert classify(replace(InboundMessage(), **parts), load_rulebook()).verdict is UNRELATED


def test_a_mark_of_a_rule_without_weight_is_shown_with_its_words() -> None:
    chaser = rule("chaser", "i wrote on # march", more="marks = ['chaser']")
    found = judged(ERASE + chaser, "I wrote on 3 March. Delete my data.")
    assert found.marks == ("chaser",)
    assert ("en/chaser", "I wrote on 3 March") in {(each.rule, each.words) for each in found.evidence}


def test_the_language_is_that_whose_rules_weigh_most() -> None:
    german = f"language = 'de'\n{rule('loeschen', 'Daten', 7, 'erasure')}"
    english = f"language = 'en'\n{ERASE}"
    book = compile_rules([parse_lexicon("de", german), parse_lexicon("en", english)])
    assert classify(InboundMessage(text="Delete my data. Meine Daten."), book).language == "en"
    assert classify(InboundMessage(text="Meine Daten."), book).language == "de"


def test_both_languages_name_their_rights_where_both_say_request() -> None:
    german = f"language = 'de'\n{rule('auskunft', 'Auskunft', 10, 'access')}"
    book = compile_rules([parse_lexicon("de", german), parse_lexicon("en", f"language = 'en'\n{ERASE}")])
    found = classify(InboundMessage(text="Delete my data. Auskunft bitte."), book)
    assert found.rights == (Right.ACCESS, Right.ERASURE)


def test_evidence_tells_where_the_words_stand() -> None:
    text = "Hello,\n\nplease DELETE all my Dáta."
    (evidence,) = judged(rule("erase", "delete ..3 data", 10, "erasure"), text).evidence
    assert evidence.words == "DELETE all my Dáta"
    assert text[evidence.offset :].startswith(evidence.words)
    assert (evidence.rule, evidence.where, evidence.weight) == ("en/erase", "new", 10.0)


def test_a_repeated_sentence_is_read_once() -> None:
    work = Work(STEPS)
    book = load_rulebook()
    part_of(passage("new", "Please delete my data.\n\n"), [book.speech("en")], work)
    once = STEPS - work.left
    work = Work(STEPS)
    part_of(passage("new", "Please delete my data.\n\n" * 500), [book.speech("en")], work)
    assert STEPS - work.left == once > 0


def test_a_text_made_to_be_dense_is_uncertain_at_least() -> None:
    text = " ".join(f"you have my x{number} details on me please send" for number in range(9000))
    found = classify(InboundMessage(text=text), load_rulebook())
    assert found.verdict is REQUEST or found.marks == ("dense",)


ENGLISH = parse_lexicon("en.toml", (Path(__file__).parents[2] / "inbox_bot" / "lexicon" / "en.toml").read_text())
LEXICON_WORDS = sorted({word for each in ENGLISH.rules for word in " ".join(each.match).split() if word.isalpha()})


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.sampled_from([*LEXICON_WORDS, "you", "my", "me", "the", "i", "to", "on", "it", ".", "\n\n"]),
        min_size=1,
        max_size=400,
    ),
    st.integers(1, 60),
)
def test_the_work_is_bounded_for_any_text_made_of_the_words_of_the_rules(words: list[str], times: int) -> None:
    text = " ".join(
        f"{word}{number if word.isalpha() and not number % 7 else ''}" for number in range(times) for word in words
    )
    work = Work(STEPS)
    part_of(passage("new", text), [BOOK.speech("en")], work)
    # one sentence may overdraw what is left: eighty words cannot cost more than this
    assert work.left > -60_000
