"""`deadline` from the command line: the worked examples of the law, and what it makes of slips."""

import json
from typing import Any

import pytest

from inbox_bot import cli

Capsys = pytest.CaptureFixture[str]


def deadline(capsys: Capsys, line: str) -> dict[str, Any]:
    assert cli.run(["deadline", *line.split(), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INBOX_BOT_CONFIG", raising=False)


@pytest.mark.parametrize(
    ("line", "due_on"),
    [
        ("2026-01-31", "2026-03-02"),
        ("2028-01-31", "2028-02-29"),
        ("2026-11-25", "2026-12-29"),
        ("2026-11-25 --place GB-SCT", "2026-12-29"),
        ("2026-10-30", "2026-11-30"),
        ("2026-10-30 --place GB-SCT", "2026-12-01"),
        ("2026-10-30 --place gb_sct", "2026-12-01"),
        ("2026-06-30T23:50", "2026-07-30"),
        ("2026-06-30T22:50Z", "2026-07-30"),
        ("2026-06-30T23:50Z", "2026-08-03"),
        ("2026-07-01T00:10+02:00", "2026-07-30"),
        ("2026-07-01T00:10+02:00 --zone Europe/Berlin", "2026-08-03"),
        ("2026-01-31 --type erasure --extended", "2026-04-30"),
        ("2026-01-12 --type access --pause 2026-01-20..2026-01-27 --pause 2026-02-02..2026-02-05", "2026-02-23"),
        ("2026-01-12 --type access --pause 2026-01-20..2026-01-27 --pause 2026-01-22..2026-01-29", "2026-02-23"),
        ("2026-01-12 --type erasure --pause 2026-01-20..2026-01-27", "2026-02-12"),
        ("2026-01-12 --type access --type erasure --pause 2026-01-20..2026-01-27", "2026-02-12"),
        ("2026-01-12 --identity-received 2026-01-20", "2026-02-20"),
        ("2026-01-12 --fee-paid 2026-01-21", "2026-02-23"),
        ("2026-01-31 --law eu_gdpr --place DE-BY", "2026-03-02"),
        ("2026-01-31 --law us_va_vcdpa", "2026-03-17"),
    ],
)
def test_the_day_due(line: str, due_on: str, capsys: Capsys) -> None:
    assert deadline(capsys, line)["due_on"] == due_on


def test_a_complaint_is_acknowledged_and_has_no_day_due(capsys: Capsys) -> None:
    found = deadline(capsys, "2026-07-12 --type complaint")
    assert (found["due_on"], found["acknowledgement_due_on"]) == (None, "2026-08-11")
    assert found["explanation"].startswith("Acknowledge by the end of Tue 11 Aug 2026.")


def test_an_open_pause_has_no_day_due_but_one_before_which_it_will_not_be(capsys: Capsys) -> None:
    found = deadline(capsys, "2026-01-12 --type access --pause 2026-01-20..2026-01-27 --pause 2026-02-01..")
    assert (found["due_on"], found["not_before_on"]) == (None, "2026-02-19")


def test_a_law_without_a_number_gives_no_day(capsys: Capsys) -> None:
    assert deadline(capsys, "2026-07-12 --law in_dpdp")["due_on"] is None
    assert cli.run(["deadline", "2026-07-12", "--law", "in_dpdp"]) == 0
    assert capsys.readouterr().out.startswith("The law sets no day for the answer: give it without undue delay.\n")


def test_an_unreviewed_law_says_so(capsys: Capsys) -> None:
    cli.run(["deadline", "2026-01-31", "--law", "us_ca_ccpa"])
    told = capsys.readouterr().out
    assert "Acknowledge by Fri 13 Feb 2026.\nAnswer by Tue 17 Mar 2026.\n" in told
    assert "(unreviewed)" in told


def test_a_person_reads_the_day_first_and_then_how_it_comes_about(capsys: Capsys) -> None:
    cli.run(["deadline", "2026-06-30T23:50-05:00"])
    told = capsys.readouterr().out
    assert told.startswith(
        "Answer by Mon 3 Aug 2026.\nLaw: UK GDPR\n\n  1. received Wed 1 Jul 2026 05:50 in Europe/London"
    )
    assert "2. one month: 1 Aug 2026, a Saturday\n  3. 2 Aug 2026 is a Sunday\n  4. so Mon 3 Aug 2026\n" in told


def test_an_extension_tells_by_when_the_person_must_hear_of_it(capsys: Capsys) -> None:
    cli.run(["deadline", "2026-01-31", "--extended"])
    assert "Tell the person why it takes longer by Mon 2 Mar 2026.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("31.1.2026", 2, "write a day like 2026-01-31, or an instant like 2026-06-30T23:50+01:00"),
        ("2026-02-30", 2, "write a day like"),
        ("2026-01-31 --place UK", 2, "write GB-ENG, GB-WLS, GB-SCT or GB-NIR"),
        ("2026-01-31 --place GB", 2, "Use GB-ENG, GB-WLS, GB-SCT or GB-NIR"),
        ("2026-01-31 --place XX", 2, "no holidays are known for 'XX'"),
        ("2026-01-31 --place US", 2, "no law profile is the default for 'US'"),
        ("2026-01-31 --law uk", 2, "there is no law profile 'uk'"),
        ("2026-01-31 --law eu_gdpr", 2, "--place AT"),
        ("2026-01-31 --zone Europe", 2, "'Europe' is no time zone"),
        ("2026-01-31 --type acces", 2, "'acces' is not one of"),
        ("2026-01-31 --pause 2026-02-03", 2, "write 2026-02-03..2026-02-10"),
        ("2026-01-31 --type access --pause 2026-02-10..2026-02-03", 1, "Swap the two days"),
        ("0001-01-01T00:00+14:00", 1, "beyond every calendar"),
        ("9999-12-31T23:59-14:00", 1, "beyond every calendar"),
        ("2200-01-01", 1, "1900 to 2100"),
    ],
)
def test_a_slip_is_told_with_what_to_write_instead(line: str, code: int, words: str, capsys: Capsys) -> None:
    assert cli.run(["deadline", *line.split()]) == code
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""
