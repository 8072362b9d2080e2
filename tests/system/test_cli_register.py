"""The verbs on a register that a real pass has filled: read it as a person does, then decide."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.beds import post
from tests.beds.dovecot import Dovecot
from tests.beds.program import run_cli, write_config
from tests.beds.smtp import SmtpBed

pytestmark = [pytest.mark.dovecot, pytest.mark.slow]
MAILBOX = "privacy-of-the-register-verbs@example.co.uk"
EVIL_ID = "<\x1b]52;c;ZXZpbA==\x07\u202eevil@example.net>"
COPY_OF_A_REQUEST = "Please send me a copy of all the personal \x1b[2Jdata you \u202ehold about me."
# What acts on a terminal: C0 but the line feed, C1, and what turns text around.
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Company:
    """A watched mailbox after its second pass. at: when its mail arrived."""

    config: Path
    smtp: SmtpBed
    at: datetime

    def told(self, *arguments: str, code: int = 0, **env: str) -> str:
        """What a verb prints, on 80 columns."""
        done = run_cli(*arguments, config=self.config, env={"COLUMNS": "80"} | env)
        assert done.returncode == code, done.stdout + done.stderr
        assert STEERING.findall(done.stdout + done.stderr) == []
        return done.stdout if code == 0 else done.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self.told(*arguments, "--json"))

    def requests(self) -> dict[str, Any]:
        """Every request by the address it came from."""
        return {request["sender"]: request for request in self.json("list", "--all")}

    def of(self, sender: str) -> str:
        reference: str = self.requests()[sender]["reference"]
        return reference


def attached(to: str, at: datetime) -> bytes:
    """A mail that may hold a request in what nobody reads: for the owner to decide."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ann@example.net", to, "Letter"
    message["Message-ID"], message["Date"] = "<attached@example.net>", at
    message.set_content("See attached")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="letter.pdf")
    return message.as_bytes()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> Iterator[Company]:
    with SmtpBed() as smtp:
        config = write_config(tmp_path_factory.mktemp("company"), dovecot, smtp, MAILBOX, digest={"at": "23:59"})
        company = Company(config, smtp, datetime.now(UTC).replace(microsecond=0))  # noqa: TID251 - mail arrives now
        company.told("run", "--once")
        at = company.at
        evil = post.mail(MAILBOX, "evil@example.net", "Mine \x9b31m", "X", at).replace(b"\nX\n", b"\n%s\n")
        evil = re.sub(rb"Message-ID: .*\n", b"Message-ID: " + EVIL_ID.encode() + b"\n", evil)
        arriving = [each.raw for each in post.requests(MAILBOX, at)]
        arriving += [each.raw for each in post.automated(MAILBOX, at, post.PORTAL_TEXT)[:3]]
        arriving += [evil.replace(b"%s", COPY_OF_A_REQUEST.encode()), attached(MAILBOX, at)]
        for raw in arriving:
            dovecot.deliver(MAILBOX, raw, at=at)
        company.told("run", "--once")
        yield company


# -- reading ----------------------------------------------------------------------------------------------------------


def test_list_fits_80_columns_and_gives_each_request_a_line_that_starts_with_its_reference(company: Company) -> None:
    head, *lines = company.told("list").splitlines()
    references = [request["reference"] for request in company.json("list")]
    assert len(references) >= 16
    assert head.split() == ["reference", "due", "left", "asks", "for", "state", "acknowledged"]
    assert [line.split()[0] for line in lines if line.startswith("DSR-")] == references
    assert max(map(len, [head, *lines])) <= 80
    assert all(line.split()[-1] in {"sent", "withheld", "-"} for line in lines if line.startswith("DSR-"))


def test_list_is_legible_on_a_telephone(company: Company) -> None:
    lines = company.told("list", COLUMNS="40").splitlines()
    assert max(map(len, lines)) <= 40
    assert [line.split()[1] for line in lines if line.startswith("  reference")] == [
        request["reference"] for request in company.json("list")
    ]


def test_list_as_json_is_one_array_with_the_next_due_first(company: Company) -> None:
    found = company.json("list")
    assert [request["due_on"] for request in found] == sorted(request["due_on"] for request in found)
    first = found[0]
    assert {"reference", "state", "rights", "due_on", "days_left", "overdue", "acknowledgement"} <= first.keys()
    assert first["days_left"] > 20
    assert first["overdue"] is False


def test_show_tells_what_by_when_why_and_what_next(company: Company) -> None:
    request = company.requests()["machine0@example.net"]
    page = company.told("show", request["reference"])
    assert max(map(len, page.splitlines())) <= 80
    labels = re.findall(r"^  (\w[\w ]*?)  ", page, re.MULTILINE)
    wanted = [
        "asks for",
        "from",
        "received",
        "due",
        "because",
        "acknowledged",
        "the mail",
        "the words",
        "history",
        "next",
    ]
    assert [label for label in labels if label in wanted] == wanted
    assert f"inbox-bot acknowledge {request['reference']}" in page
    assert f"inbox-bot close {request['reference']} --outcome done" in page
    assert "withheld: auto submitted" in page


def test_show_is_as_good_a_place_for_a_reference_typed_by_telephone(company: Company) -> None:
    reference = company.of("person0@example.net")
    assert company.told("show", reference.lower().replace("-", "")) == company.told("show", reference)


def test_show_as_json_holds_the_history(company: Company) -> None:
    request = company.json("show", company.of("person0@example.net"))
    assert [event["step"] for event in request["events"]][:2] == ["registered", "sent"]
    assert request["events"][0]["detail"]["verdict"] == "request"
    assert [letter["state"] for letter in request["letters"]] == ["sent"]
    assert "How this came about" in request["explanation"]


def test_nothing_of_a_hostile_mail_reaches_the_terminal_raw(company: Company) -> None:
    """`told` looks at every byte; this makes sure that there is something to see."""
    request = company.requests()["evil@example.net"]
    assert STEERING.search(request["message_id"] + "".join(entry["words"] for entry in request["evidence"]))
    page = company.told("show", request["reference"])
    assert "ZXZpbA==" in page
    company.told("list")
    company.told("preview", "digest")
    company.told("preview", "digest", "--html")


def test_status_tells_how_things_stand(company: Company) -> None:
    standing = company.json("status")
    words = company.told("status")
    assert standing["requests"] >= 16
    assert standing["overdue"] == 0
    assert standing["history_intact"] is True
    assert standing["letters"]["sent"] >= 14
    assert datetime.fromisoformat(standing["mailbox_read_at"]) >= company.at
    assert f"{standing['requests']} open, {standing['triage']} to decide, 0 overdue" in words
    assert "history       intact" in words
    assert max(map(len, words.splitlines())) <= 80


def test_the_configuration_in_force_is_shown_without_its_secrets(company: Company) -> None:
    shown = company.json("config", "show")
    assert shown["mailbox"] == MAILBOX
    assert shown["password"].startswith("file:")
    assert company.json("config", "check")["ok"] is True


def test_a_shown_configuration_loads_to_the_same(company: Company, tmp_path: Path) -> None:
    text = company.told("config", "show")
    again = tmp_path / "complete.toml"
    again.write_text(text, "utf-8")
    assert run_cli("config", "show", config=again).stdout == text


def test_the_digest_can_be_seen_for_any_day(company: Company) -> None:
    due_on = datetime.fromisoformat(company.json("list")[0]["due_on"])
    letter = company.json("preview", "digest", "--on", f"{due_on:%Y-%m-%d}")
    assert "due today" in letter["subject"]
    assert "<html" in letter["html"]
    assert company.told("preview", "digest", "--on", f"{due_on:%Y-%m-%d}").startswith(f"Subject: {letter['subject']}\n")


def test_the_acknowledgement_can_be_seen_before_anything_runs(company: Company, tmp_path: Path) -> None:
    fresh = tmp_path / "config.toml"
    fresh.write_text(company.config.read_text("utf-8").replace("register.db", "nowhere/register.db"), "utf-8")
    done = run_cli("preview", "acknowledgement", "--on", "2026-01-31", config=fresh)
    assert done.returncode == 0, done.stderr
    assert "Saturday 31 January 2026" in done.stdout
    assert "Monday 2 March 2026" in done.stdout


# -- deciding ---------------------------------------------------------------------------------------------------------


def test_a_withheld_acknowledgement_is_shown_first_and_sent_on_a_yes_only(company: Company) -> None:
    reference = company.of("MAILER-DAEMON@mail.example.net")
    asking = run_cli("acknowledge", reference, config=company.config)
    assert asking.returncode == 1, "nobody said yes"
    assert "Waits because: null return path" in asking.stdout
    assert f"Your reference is {reference}." in asking.stdout
    before = len(company.smtp.taken)
    company.told("run", "--once")
    assert len(company.smtp.taken) == before
    assert "next pass" in company.told("acknowledge", reference, "--yes")
    assert "is on its way" in company.told("acknowledge", reference, "--yes", code=1)
    company.told("run", "--once")
    (letter,) = company.smtp.taken[before:]
    assert f"Your reference is {reference}.".encode() in letter.raw
    assert "was acknowledged on" in company.told("acknowledge", reference, "--yes", code=1)


def test_a_mail_in_triage_is_confirmed_acknowledged_extended_and_closed(company: Company) -> None:
    request = company.requests()["ann@example.net"]
    reference = request["reference"]
    assert request["state"] == "triage"
    assert f"inbox-bot confirm {reference}" in company.told("show", reference)
    assert "cannot be closed" in company.told("close", reference, "--outcome", "done", code=1)

    confirmed = company.told("confirm", reference, "Erasure", "consent-withdrawal")
    assert f"{reference} is open: erasure, consent withdrawal." in confirmed
    assert "acknowledgement goes out with the next pass" in confirmed
    before = len(company.smtp.taken)
    company.told("run", "--once")
    assert [letter.forward_paths[0] for letter in company.smtp.taken[before:]] == ["ann@example.net"]

    extended = company.told("extend", reference, "--because", "four archives\x1b[2J to search")
    assert "Write now: ann@example.net" in extended
    assert company.requests()["ann@example.net"]["due_on"] > request["due_on"]
    assert "allows it once" in company.told("extend", reference, "--because", "five", code=1)

    closed = company.told("close", reference, "--outcome", "nothing-held", "--note", "searched\neverywhere")
    assert "closed: nothing held, in time" in closed
    assert "tell those who got it" in closed
    page = company.told("show", reference)
    assert page.startswith(f"{reference}  CLOSED: nothing held\n")
    assert "“searched everywhere”" in page
    assert "\n  next " not in page
    assert "it cannot be closed" in company.told("close", reference, "--outcome", "done", code=1)
    assert re.findall(r"^DSR-\S+", company.told("list", "--all"), re.MULTILINE)[-1] == reference
    assert reference not in company.told("list")


def test_what_is_no_request_is_dismissed_and_stays_in_the_register(company: Company) -> None:
    reference = company.of("machine2@example.net")
    assert "not a request" in company.told("dismiss", reference, "--because", "a newsletter")
    assert company.requests()["machine2@example.net"]["outcome"] == "not_a_request"
    assert "dismissed" in company.told("list", "--all")
