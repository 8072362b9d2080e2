"""Letters as they are written: `inbox_bot.adapters.templates` and the templates that come with it."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from inbox_bot.adapters.dates import in_words
from inbox_bot.adapters.templates import COLUMNS, KINDS, JinjaWriter, packaged_folder
from inbox_bot.domain.agenda import Agenda
from inbox_bot.domain.request import Right
from inbox_bot.errors import TemplateError
from inbox_bot.ports import Writer, Written

FACTS = KINDS["acknowledgement"].samples[0]
# Every way to combine rights that changes the letter's words.
RIGHTS = [(), *((right,) for right in Right), (Right.ACCESS, Right.COMPLAINT), tuple(Right)]

Owner = Callable[[str, str], JinjaWriter]


def _sample_agenda() -> Agenda:
    sample = KINDS["digest"].samples[0]["agenda"]
    assert isinstance(sample, Agenda)
    return sample


AGENDA = _sample_agenda()


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    """A writer whose owner has put one template into their own folder."""

    def with_template(name: str, text: str) -> JinjaWriter:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return JinjaWriter(in_words, tmp_path)

    return with_template


def acknowledgement(**facts: object) -> Written:
    return JinjaWriter(in_words).write("en", "acknowledgement", {**FACTS, **facts})


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_packaged_templates_have_no_fault() -> None:
    assert JinjaWriter(in_words).check() == ()
    assert (packaged_folder() / "en" / "acknowledgement.txt.j2").is_file()


def test_the_dates_and_the_reference_come_first() -> None:
    assert acknowledgement().text.startswith(
        "Hello,\n\n"
        "We received your request on Sunday 22 November 2026.\n"
        "We will answer it by Tuesday 22 December 2026.\n"
        "Your reference is DSR-26-7F3K7.\n"
    )


def test_the_subject_is_fixed_but_for_the_reference() -> None:
    assert acknowledgement().subject == "Your message about personal data: DSR-26-7F3K7"


def test_the_acknowledgement_says_all_that_the_law_and_the_reader_need() -> None:
    text = one_line(acknowledgement().text)
    for said in (
        "send you a copy of any personal data",
        "delete personal data about you",
        "If this is wrong, or if you did not send it, please tell us",
        "If we need longer, we will write to you before that day, with the reason",
        "free of charge",
        "Jo Bloggs, privacy@example.co.uk, 020 7946 0000, 1 High Street, London N1 1AA",
        "You can complain to us in the same way, or to the regulator",
        "Information Commission, https://ico.org.uk/make-a-complaint, 0303 123 1113",
        "If you write for someone else, please send us their authority",
        "Example Ltd",
    ):
        assert said in text


@pytest.mark.parametrize("rights", RIGHTS, ids=lambda rights: "+".join(rights) or "none")
def test_the_acknowledgement_never_says_what_it_must_not(rights: tuple[Right, ...]) -> None:
    letter = acknowledgement(rights=rights)
    never = (
        r"30 days|\bfee\b|\bpay|identi|passport|proof|\bform to|fill in|do not reply|no-?reply|\bArticle\b|\bArt\b|GDPR"
        r"|has been|have been|we hold your|customer|dear|you wrote|health|religio|politic|automatic"
    )
    assert not re.search(never, letter.subject + one_line(letter.text), re.IGNORECASE)


@pytest.mark.parametrize("rights", RIGHTS, ids=lambda rights: "+".join(rights) or "none")
def test_the_acknowledgement_is_plain_short_and_narrow(rights: tuple[Right, ...]) -> None:
    text = acknowledgement(rights=rights).text
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert text.isascii()
    assert text.endswith("Example Ltd\n")
    assert "\n\n\n" not in text
    assert len(text.split()) <= 130 + 11 * len(rights)
    assert acknowledgement(rights=rights).html is None


def test_a_typical_acknowledgement_has_about_120_words() -> None:
    typical = acknowledgement(rights=(Right.ACCESS,), contact_name="", contact_postal="")
    assert 100 <= len(typical.text.split()) <= 130


def test_a_complaint_alone_is_promised_word_and_not_an_extension() -> None:
    text = one_line(acknowledgement(rights=(Right.COMPLAINT,)).text)
    assert "We received your complaint on Sunday 22 November 2026. We will write to you by Tuesday 22 December" in text
    assert "longer" not in text
    assert "request" not in text
    both = one_line(acknowledgement(rights=(Right.ACCESS, Right.COMPLAINT)).text)
    assert "We will answer it by" in both
    assert "look into your complaint" in both


def test_what_the_owner_left_empty_leaves_no_hole() -> None:
    empty = dict.fromkeys(KINDS["acknowledgement"].optional, "")
    text = one_line(acknowledgement(**empty).text)
    assert "reply to this message or use: privacy@example.co.uk. You can" in text
    assert "the regulator: Information Commission. Example Ltd" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "Re: my request"},
        {"reference": "DSR-26-7F3K7\nBcc: all@example.org"},
        {"reference": "Ana Silva"},
        {"rights": ("everything about Ana",)},
        {"received_on": "yesterday"},
        {"company": None},
    ],
)
def test_no_word_of_the_sender_fits_into_the_facts(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="acknowledgement"):
        acknowledgement(**wrong)


def test_a_missing_fact_and_an_unknown_kind_are_refused() -> None:
    writer: Writer = JinjaWriter(in_words)
    with pytest.raises(ValueError, match="takes the facts"):
        writer.write("en", "acknowledgement", {"reference": "DSR-26-7F3K7"})
    with pytest.raises(ValueError, match="poem"):
        writer.write("en", "poem", {"reference": "DSR-26-7F3K7"})


def test_who_writes_for_another_is_asked_for_authority_and_told_nothing() -> None:
    text = one_line(acknowledgement(for_other=True).text)
    assert "You write for someone else. Please send us their authority" in text
    assert "cannot tell you whether we hold anything about them" in text
    assert "If you write for someone else" not in text
    assert "If you write for someone else, please send us their authority." in one_line(acknowledgement().text)


@pytest.mark.parametrize("language", ["xx", "../en", "en/../en", ""])
def test_a_person_whose_language_has_no_template_is_answered_in_english(language: str) -> None:
    assert JinjaWriter(in_words).write(language, "acknowledgement", FACTS) == acknowledgement()


def test_an_owners_language_is_written_in_it(owner: Owner) -> None:
    writer = owner("de/acknowledgement.txt.j2", "Subject: Anfrage {{ reference }}\n\nBis {{ answer_by_on | day }}.\n")
    assert writer.write("de", "acknowledgement", FACTS).text.startswith("Bis ")
    assert writer.write("de", "acknowledgement", FACTS).text.rstrip(".\n").endswith("2026")


def test_the_digest_text_shows_dates_reasons_and_whole_commands() -> None:
    text = JinjaWriter(in_words).write("en", "digest", {"agenda": AGENDA}).text
    first = AGENDA.entries[0]
    assert text.startswith(
        "Sunday 22 November 2026\n\nOVERDUE\nDSR-26-7F3K7: access, erasure\nDue 2 days ago, Friday 20"
    )
    for entry in AGENDA.entries:
        assert in_words(entry.due_on, "en") in one_line(text)
    for command in (*first.commands, *(trouble.remedy for trouble in AGENDA.troubles)):
        assert f"\n    {command}\n" in text
    assert first.explanation in one_line(text)
    assert all(trouble.words in one_line(text) for trouble in AGENDA.troubles)
    assert "stop that use of the data now" in one_line(text)


def test_a_quiet_digest_is_short() -> None:
    letter = JinjaWriter(in_words).write("en", "digest", KINDS["digest"].samples[1])
    assert letter.subject == "inbox-bot: all quiet — Example Ltd"
    assert len(letter.text.splitlines()) <= 6
    assert "All quiet" in letter.text


def test_the_urgent_notice_names_no_one_and_says_what_to_stop() -> None:
    letter = JinjaWriter(in_words).write("en", "new", KINDS["new"].samples[0])
    assert letter.subject == "inbox-bot: act now on DSR-26-7F3K7 — Example Ltd"
    assert "stop that use of the data now" in one_line(letter.text)
    assert "    inbox-bot show DSR-26-7F3K7\n" in letter.text


def test_html_is_escaped_and_text_is_not() -> None:
    letter = JinjaWriter(in_words).write("en", "digest", {"agenda": replace(AGENDA, company="<b>Fish & Chips</b>")})
    assert letter.html is not None
    assert "<b>" not in letter.html
    assert "&lt;b&gt;Fish &amp; Chips" in letter.html
    assert letter.subject.endswith("— <b>Fish & Chips</b>")


def test_a_huge_digest_stays_below_the_size_at_which_mail_programs_cut_and_omits_no_count() -> None:
    late, *_, later = AGENDA.entries
    huge = replace(AGENDA, entries=(late,) * 400 + (later,) * 400)
    letter = JinjaWriter(in_words).write("en", "digest", {"agenda": huge})
    assert letter.html is not None
    assert len(letter.html.encode()) < 102_000
    assert "And 325 more:" in letter.html
    assert "And 350 more:" in letter.html
    assert letter.text.count("\nOVERDUE\n") == 400


def test_long_words_and_commands_are_never_broken(owner: Owner) -> None:
    url, command = "https://example.org/" + "x" * 90, "    inbox-bot " + "word " * 20 + "end"
    writer = owner(
        "en/new.txt.j2",
        f"Subject: s\n\n- see {url} and {'then rest ' * 9}\n{command}\n{{# {{{{ entry }}}}{{{{ company }}}} #}}",
    )
    lines = writer.write("en", "new", KINDS["new"].samples[0]).text.splitlines()
    assert lines[:2] == ["- see", f"  {url}"]
    assert command in lines


def test_the_owners_template_wins_and_the_others_stay_ours(owner: Owner) -> None:
    writer = owner("en/new.txt.j2", "Subject: {{ entry.reference }}\n\nStop now. {{ company }}\n")
    assert writer.check() == ()
    assert writer.write("en", "new", KINDS["new"].samples[0]) == Written("DSR-26-7F3K7", "Stop now. Example Ltd\n")
    assert writer.write("en", "acknowledgement", FACTS) == acknowledgement()


GOOD = "Subject: {{ entry.reference }}\n\n{{ company }}\n"


@pytest.mark.parametrize(
    ("text", "fault", "remedy"),
    [
        (GOOD + "{% if %}\n", "4: Expected an expression", "Correct the template"),
        (GOOD + "{{ company | shout }}\n", "4: shout", "Correct the template"),
        (GOOD + "\n{{ compny }}\n", "5: there is no fact compny", "Did you mean company?"),
        (GOOD + "{{ zzz }}\n", "4: there is no fact zzz", "There are: company, entry."),
        (GOOD + "\n\n{{ entry.sender }}\n", "6: has no attribute 'sender'", "Correct the template"),
        (GOOD + "{{ 1 // 0 }}\n", "4: zero", "Correct the template"),
        (GOOD + "{{ entry.__class__.__mro__ }}\n", "4: unsafe", "Correct the template"),
        (GOOD + "{% include 'en/_foot.j2' %}\n", "4: there is no template en/_foot.j2", "Restore it"),
        ("Subject: {{ entry.reference }}\n\nHello\n", "1: does not say company", "Use {{ company }}."),
        ("{{ company }}\n\n{{ entry.reference }}", "1: starts with one line `Subject:", "Correct"),
        ("Subject:\n\n{{ company }}{{ entry.reference }}", "1: starts with one line `Subject:", "Correct"),
        ("Subject: {{ company }}\nBcc: {{ entry.reference }}\n", "1: starts with one line `Subject:", "Correct"),
        ("Subject: {{ company }}\x07\n\n{{ entry.reference }}", "1: control character", "Correct"),
    ],
)
def test_a_fault_of_the_owner_is_reported_with_its_line(
    owner: Owner, tmp_path: Path, text: str, fault: str, remedy: str
) -> None:
    (problem,) = owner("en/new.txt.j2", text).check()
    line, _, message = fault.partition(": ")
    assert str(problem).startswith(f"{tmp_path}/en/new.txt.j2:{line}: ")
    assert message in str(problem)
    assert problem.remedy.startswith(remedy)


def test_a_faulty_template_raises_the_same_error_when_written(owner: Owner, tmp_path: Path) -> None:
    writer = owner("en/new.txt.j2", GOOD + "{{ entry.sender }}")
    with pytest.raises(TemplateError, match=re.escape(f"{tmp_path}/en/new.txt.j2:4: ")):
        writer.write("en", "new", KINDS["new"].samples[0])


def test_what_is_no_utf_8_is_reported(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "new.txt.j2").write_bytes(b"Subject: Gr\xfc\xdfe\n\n")
    (problem,) = JinjaWriter(in_words, tmp_path).check()
    assert str(problem).startswith(f"{tmp_path}/en/new.txt.j2:1: 'utf-8' codec")


def test_a_misspelt_file_name_is_reported_instead_of_being_ignored(owner: Owner) -> None:
    (problem,) = owner("en/acknowledgment.txt.j2", "Subject: x\n\n").check()
    assert "no letter uses this file" in str(problem)
    assert problem.remedy == "Did you mean en/acknowledgement.txt.j2?"


def test_a_part_that_letters_include_may_use_their_facts(owner: Owner) -> None:
    owner("en/_foot.txt.j2", "{{ company }}\n")
    assert owner("en/new.txt.j2", "Subject: {{ entry.reference }}\n\n{% include 'en/_foot.txt.j2' %}").check() == ()


def test_the_owners_own_letters_are_written_in_english_only(owner: Owner, tmp_path: Path) -> None:
    (problem,) = owner("xx/new.txt.j2", GOOD).check()
    assert str(problem) == f"{tmp_path}/xx/new.txt.j2:1: no letter uses this file"


def test_an_owners_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    (problem,) = JinjaWriter(in_words, tmp_path / "nowhere").check()
    assert "nowhere:1: no such folder" in str(problem)


def test_a_template_edited_while_the_service_runs_waits_for_the_next_start(owner: Owner) -> None:
    writer = owner("en/new.txt.j2", GOOD)
    assert writer.check() == ()
    owner("en/new.txt.j2", "{{ broken")
    assert writer.write("en", "new", KINDS["new"].samples[0]).text == "Example Ltd\n"
