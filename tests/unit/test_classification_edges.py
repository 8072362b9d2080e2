"""Where evidence stops counting: distances, lengths, sums and ties, one step to either side."""

from dataclasses import replace
from typing import Any

import pytest

from inbox_bot.domain.classification import STEPS, Classification, classify
from inbox_bot.domain.hits import REACH, Part, part_of, passage
from inbox_bot.domain.lexicon import parse_lexicon
from inbox_bot.domain.message import InboundMessage
from inbox_bot.domain.pattern import Work
from inbox_bot.domain.request import Right, Verdict
from inbox_bot.domain.rulebook import Rulebook, compile_rules

REQUEST, UNCERTAIN, UNRELATED = Verdict.REQUEST, Verdict.UNCERTAIN, Verdict.UNRELATED


def rule(name: str, match: str, weight: float = 0, *rights: str, more: str = "") -> str:
    listed = ", ".join(f'"{right}"' for right in rights)
    return f"[[rule]]\nname = '{name}'\nweight = {weight}\nrights = [{listed}]\nmatch = '''\n{match}\n'''\n{more}\n"


def frame(needs: str, adds: str, more: str = "") -> str:
    lines = "\n".join(adds.split(", "))
    return f"[[frame]]\nname = 'frame'\nrights = ['erasure']\nneeds = ['{needs}']\nadds = '''\n{lines}\n'''\n{more}\n"


def book(**rules: str) -> Rulebook:
    return compile_rules(parse_lexicon(name, f"language = '{name}'\n{text}") for name, text in rules.items())


def judged(rules: str, text: str = "", subject: str = "", *, whole: bool = False, **parts: Any) -> Classification:
    message = replace(InboundMessage(subject=subject, text=text), **parts)
    return classify(message, book(en=rules), whole=whole)


def hits(rules: str, text: str, *, faint: bool = True, steps: int = STEPS) -> Part:
    return part_of(passage("new", text), [book(en=rules).speech("en")], Work(steps), faint=faint)


GONE, PHOTO = rule("gone", "gone"), rule("photo", "photo")
TWO = GONE + PHOTO


# -- frames ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weight", "verdict"), [(5.5, UNCERTAIN), (5.25, UNRELATED), (10, REQUEST), (9.75, UNCERTAIN)])
def test_a_frame_counts_from_a_sum_a_little_above_uncertain_on(weight: float, verdict: Verdict) -> None:
    found = judged(GONE + frame("gone", f"gone {weight}"), "Gone.")
    assert (found.verdict, found.score) == (verdict, weight if weight >= 5.5 else 0)


@pytest.mark.parametrize(("weight", "score"), [(1, 6.5), (0.5, 6), (0, 5.5), (-0.5, 0), (-1, 0)])
def test_each_sign_gives_or_takes_what_the_frame_says(weight: float, score: float) -> None:
    assert judged(TWO + frame("gone", f"gone 5.5, photo {weight}"), "Photo gone.").score == score


@pytest.mark.parametrize(("words", "score"), [(4, 6), (5, 0)])
def test_a_frame_holds_up_to_its_longest_text(words: int, score: float) -> None:
    rules = GONE + frame("gone", "gone 6", "longest = 4")
    assert judged(rules, "gone " + "word " * (words - 1)).score == score
    assert judged(rules, "gone " + "word " * (words - 2), subject="Hello").score == score
    assert judged(GONE + frame("gone", "gone 6"), "gone " + "word " * 3000).score == 6
    assert judged(GONE + frame("gone", "gone 6", "longest = 1"), "gone").score == 6
    assert judged(GONE + frame("gone", "gone 6", "longest = 1"), "gone word").score == 0


def test_what_a_frame_needs_must_not_be_silenced() -> None:
    rules = rule("gone", "gone", more="unless = 'not gone'") + PHOTO + frame("gone", "photo 6")
    assert judged(rules, "Photo gone.").score == 6
    assert judged(rules, "Photo not gone.").score == 0


def test_a_frame_is_of_its_own_language() -> None:
    german = rule("weg", "weg") + PHOTO + frame("weg", "photo 6")
    both = book(en=GONE + PHOTO + frame("gone", "photo 6"), de=german)
    for text, language in (("Photo gone.", "en"), ("Photo weg.", "de")):
        found = classify(InboundMessage(text=text), both)
        assert (found.language, found.score) == (language, 6)


@pytest.mark.parametrize("first", ["Photo.", "Gone."])
@pytest.mark.parametrize(("between", "score"), [(REACH - 1, 6), (REACH, 0)])
def test_near_ends_after_three_sentences_in_either_direction(first: str, between: int, score: float) -> None:
    second = "Gone." if first == "Photo." else "Photo."
    fill = "".join(f" Word{number}." for number in range(between))
    found = judged(TWO + frame("gone", "gone 3, photo 3", "also = ['photo']"), f"{first}{fill} {second}")
    assert found.score == score


def test_faint_rules_are_for_frames_and_left_out_where_no_frame_can_count() -> None:
    assert [hit.rule.name for hit in hits(TWO, "Photo gone.").hits] == ["photo", "gone"]
    assert hits(TWO, "Photo gone.", faint=False).hits == ()
    firm = (
        rule("weighs", "gone", 1) + rule("marks", "gone", more="marks = ['agent']")
        + rule("cancels", "gone", more="cancels = ['weighs']") + rule("absorbs", "gone", more="absorbs = ['weighs']")
        + rule("near", "gone", 1, more="near = ['wanted-*']") + rule("wanted-here", "gone")
    )  # fmt: skip
    assert len(hits(firm, "Gone.", faint=False).hits) == 6


def test_a_long_text_is_read_without_the_signs_that_no_frame_takes() -> None:
    rules = TWO + rule("erase", "erase", 7) + frame("gone", "gone 6", "longest = 9")
    long = judged(rules, "Erase. Gone. " + "word " * 9, whole=True)
    assert ([each.rule for each in long.evidence], long.score) == (["en/erase"], 7)
    short = judged(rules, "Erase. Gone.", whole=True)
    assert {each.rule for each in short.evidence} == {"en/erase", "en/gone", "en/frame"}
    behind = judged(rules, "Erase.\n\n> Photo gone.", whole=True)
    assert "en/photo" not in {each.rule for each in behind.evidence}


def test_a_frame_may_keep_signs_from_naming_another_right_but_not_a_weighty_rule() -> None:
    soft = rule("soft", "photo", 5, "objection")
    frames = frame("gone", "gone 6", "over = ['objection']")
    assert judged(GONE + soft + frames, "Photo gone.").rights == (Right.ERASURE,)
    assert judged(GONE + soft.replace("weight = 5", "weight = 6") + frames, "Photo gone.").rights[-1] == Right.OBJECTION
    assert judged(GONE + soft + frames.replace("over = ['objection']", ""), "Photo gone.").rights[-1] == Right.OBJECTION


# -- what silences --------------------------------------------------------------------------------------------------


def test_words_that_only_touch_do_not_overlap() -> None:
    greedy = rule("all", "everything", more="absorbs = ['me']") + rule("me", "about me", 6, "access")
    assert judged(greedy, "Everything about me.").score == 6
    assert judged(greedy, "About me everything.").score == 6
    wider = greedy.replace("match = '''\neverything", "match = '''\neverything about")
    assert judged(wider, "Everything about me.").score == 0


def test_a_rule_absorbs_by_name_or_by_right() -> None:
    target = rule("me", "about me", 6, "access")
    for absorbs in ("me", "m*", "access", "*"):
        assert judged(rule("all", "all about me", more=f"absorbs = ['{absorbs}']") + target, "All about me.").score == 0
    assert judged(rule("all", "all about me", more="absorbs = ['erasure']") + target, "All about me.").score == 6


def test_a_cancelled_right_leaves_the_others_of_its_rule() -> None:
    both = rule("both", "take it", 12, "access", "erasure")
    no_access = rule("no-access", "no copy", more="cancels = ['access']")
    found = judged(both + no_access, "Take it, no copy.")
    assert (found.rights, found.score) == ((Right.ERASURE,), 12)
    neither = judged(
        both + no_access + rule("no-erasure", "keep", more="cancels = ['erasure']"), "Keep, take it, no copy."
    )
    assert neither.score == 0


def test_a_rule_does_not_silence_itself_but_every_other_guard_does() -> None:
    selfish = rule("a", "one", 6, more="absorbs = ['*']")
    assert judged(selfish, "One.").score == 6
    other = rule("b", "one", more="cancels = ['a']")
    assert judged(selfish + other, "One.").score == 0


def test_what_takes_away_is_never_silenced() -> None:
    answer = rule("not-an-answer", "your request", -9)
    offer = rule("not-theirs", "request", more="cancels = ['*']\naround = ['*']")
    assert judged(rule("erase", "erase", 6) + answer + offer, "Your request. A. B. C. Erase it.").score == -3


@pytest.mark.parametrize(("text", "score"), [
    ("Footer. Erase it.", 0), ("Footer. A. Erase it.", 0), ("Footer. A. B. Erase it.", 6),
    ("Erase it. Footer.", 0), ("Erase it. A. Footer.", 6), ("Erase it, footer.", 0),
])  # fmt: skip
def test_a_footer_silences_what_stands_around_it(text: str, score: float) -> None:
    erase = rule("erase", "erase", 6, "erasure")
    for around in ("*", "er*", "erase", "erasure"):
        assert judged(erase + rule("footer", "footer", more=f"around = ['{around}']"), text).score == score
    assert judged(erase + rule("footer", "footer", more="around = ['access']"), text).score == 6
    silenced = rule("footer", "footer", more="around = ['*']\nunless = 'footer'")
    assert judged(erase + silenced, text).score == 6
    shown = judged(erase + rule("footer", "footer", more="around = ['*']"), "Footer. Erase it.").evidence
    assert [each.rule for each in shown] == ["en/erase: cancelled by footer close by"]


def test_a_silenced_guard_guards_nothing() -> None:
    guard = rule("guard", "policy", more="cancels = ['*']\nunless = 'no policy'")
    assert judged(guard + rule("erase", "erase", 10), "Policy: erase.").score == 0
    assert judged(guard + rule("erase", "erase", 10), "No policy: erase.").score == 10


@pytest.mark.parametrize(("words", "score"), [(1, 10), (2, 0)])
def test_a_rule_for_one_word_is_for_one_word(words: int, score: float) -> None:
    assert judged(rule("stop", "stop", 10, more="longest = 1"), "stop " + "now " * (words - 1)).score == score


# -- the sum --------------------------------------------------------------------------------------------------------


def test_the_language_is_not_the_last_in_the_alphabet() -> None:
    both = book(de=rule("a", "weg", 9), en=rule("b", "gone", 6))
    assert classify(InboundMessage(text="Weg! Gone!"), both).language == "de"


def test_what_was_not_enough_is_told_with_its_sum() -> None:
    found = judged(rule("hint", "data", 4.5, "access"), "Data.")
    assert (found.verdict, found.score, found.rights) == (UNRELATED, 4.5, ())
    assert [each.rule for each in found.evidence] == ["en/hint"]


def test_only_languages_that_agree_are_evidence_unless_everything_is_asked_for() -> None:
    both = book(en=rule("b", "gone", 6), de=rule("a", "weg", 10))
    message = InboundMessage(text="Weg! Gone!")
    assert [each.rule for each in classify(message, both).evidence] == ["de/a"]
    assert {each.rule for each in classify(message, both, whole=True).evidence} == {"de/a", "en/b"}


def test_everything_tells_what_each_sign_gave_to_a_frame_and_what_was_silenced() -> None:
    rules = TWO + rule("faint", "photo", more="unless = 'photo gone'") + frame("gone", "gone 5, photo -0.5")
    message = "Hi! The photo gone!"
    whole = {each.rule: each for each in judged(rules, message, whole=True).evidence}
    assert "en/frame" not in whole
    rules = rules.replace("photo -0.5", "photo 1.5")
    whole = {each.rule: each for each in judged(rules, message, whole=True).evidence}
    assert whole["en/frame"].words == "photo +1.5 “photo”, gone +5 “gone”"
    assert (whole["en/frame"].where, whole["en/frame"].offset) == ("new", message.index("gone"))
    assert whole['en/faint: unless "photo gone"'].weight == 0
    plain = judged(rules, message).evidence
    assert [(each.rule, each.words) for each in plain] == [("en/frame", "photo + gone")]


def test_sentences_in_which_somebody_asks_again_are_told_once() -> None:
    chaser = rule("chaser", "wrote", 6, more="marks = ['chaser']") + rule(
        "again", "again", 1, more="marks = ['chaser']"
    )
    found = judged(chaser, "Hello. I wrote again on 3 March. Bye.")
    assert found.chasing == (" I wrote again on 3 March",)
    assert judged(rule("erase", "erase", 6), "Erase.").chasing == ()


def test_the_first_of_several_silenced_hits_is_shown() -> None:
    found = judged(rule("erase", "erase", 10, more="unless = 'never'"), "Never erase a. Never erase b b.")
    assert [each.offset for each in found.evidence] == [6]


# -- places ---------------------------------------------------------------------------------------------------------


def test_what_is_uncertain_by_itself_is_not_ascribed_to_a_place() -> None:
    soft = rule("soft", "gone", 6, "erasure")
    assert judged(soft, "Gone.\n\n> What can we do?\n").marks == ()
    assert judged(soft, "Gone.\n\n> Gone, you say?\n").marks == ()
    assert judged(soft + rule("more", "photo", 0.5), "Gone.\n\n> Photo.\n").marks == ("quoted",)


def test_a_silenced_rule_is_no_reason_to_name_a_place() -> None:
    rules = rule("soft", "gone", 6) + rule("never", "photo", 6, more="unless = 'photo'")
    assert judged(rules, "x", forwarded="Photo.", attachments=("gone.pdf",)).marks == ("attachment",)


def test_the_names_of_files_are_apart_from_each_other() -> None:
    erase = rule("erase", "delete ..2 data", 10, "erasure")
    assert judged(erase, "Some words to read here", attachments=("please delete", "my data")).verdict is UNRELATED
    assert judged(erase, "Some words to read here", attachments=("delete data",)).verdict is UNCERTAIN


@pytest.mark.parametrize(("words", "verdict"), [(29, UNCERTAIN), (30, UNRELATED)])
def test_a_cover_note_of_an_encrypted_mail_is_short(words: int, verdict: Verdict) -> None:
    assert judged(GONE, "word " * words, content_types=("multipart/encrypted",)).verdict is verdict


@pytest.mark.parametrize(("text", "subject", "verdict"), [(3, 3, UNCERTAIN), (4, 3, UNRELATED), (3, 4, UNRELATED)])
def test_a_cover_of_a_document_says_almost_nothing(text: int, subject: int, verdict: Verdict) -> None:
    found = judged(GONE, "word " * text, subject="word " * subject, attachments=("letter.pdf",))
    assert found.verdict is verdict


def test_a_text_made_to_be_dense_is_for_a_person_to_read() -> None:
    found = judged(GONE, " ".join(f"Word{number}." for number in range(6000)))
    assert (found.verdict, found.marks) == (UNCERTAIN, ("dense",))


# -- work -----------------------------------------------------------------------------------------------------------


def test_no_sentence_is_read_once_the_work_is_used_up() -> None:
    part = hits(rule("erase", "erase", 1), "Erase this. Erase that. Erase it all.", steps=1)
    assert {hit.number for hit in part.hits} <= {0}
    assert hits(rule("erase", "erase", 1), "Erase this.", steps=0).hits == ()


def test_every_rule_that_matches_costs() -> None:
    one, two = Work(STEPS), Work(STEPS)
    text = passage("new", "Erase it.")
    part_of(text, [book(en=rule("a", "erase", 1)).speech("en")], one)
    part_of(text, [book(en=rule("a", "erase", 1) + rule("b", "erase", 1)).speech("en")], two)
    assert one.left - two.left > 60
