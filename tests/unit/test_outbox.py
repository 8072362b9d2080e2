"""The bytes of a letter, and when it is tried again: `inbox_bot.domain.outbox`."""

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.outbox import Envelope, compose, message_id, retry_at

AT = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
TOKEN = "ib1.gaytemzugu3doobz.abcdefghijklmnopqrstuvwxyz"


def envelope(**changes: Any) -> Envelope:
    facts: dict[str, Any] = {
        "sender": "privacy@shop.example.co.uk",
        "sender_name": "Example Shop Ltd",
        "recipient": "alex@example.org",
        "subject": "Your message about personal data: DSR-26-7F3K7",
        "token": TOKEN,
        "at": AT,
        "auto_submitted": "auto-replied",
    }
    return Envelope(**(facts | changes))


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_an_acknowledgement_carries_these_headers_and_no_others() -> None:
    raw = compose(envelope(in_reply_to="<1@example.org>"), "Hello\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        "From: Example Shop Ltd <privacy@shop.example.co.uk>",
        "To: alex@example.org",
        "Subject: Your message about personal data: DSR-26-7F3K7",
        "Date: Tue, 24 Nov 2026 10:30:00 +0000",
        f"Message-ID: <{TOKEN}@shop.example.co.uk>",
        "In-Reply-To: <1@example.org>",
        f"References: <1@example.org> <{TOKEN}@shop.example.co.uk>",
        f"X-Inbox-Bot: {TOKEN}",
        "Auto-Submitted: auto-replied",
        "X-Auto-Response-Suppress: All",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: 7bit",
        "MIME-Version: 1.0",
    ]
    assert body == b"Hello\r\n"


def test_our_message_id_is_the_token_at_our_domain() -> None:
    assert message_id(TOKEN, "privacy@shop.example.co.uk") == f"<{TOKEN}@shop.example.co.uk>"


def test_our_own_token_stands_in_references_even_without_a_mail_to_answer() -> None:
    mail = read(compose(envelope(), "Hello\n"))
    assert mail["References"] == f"<{TOKEN}@shop.example.co.uk>"
    assert mail["In-Reply-To"] is None


@pytest.mark.parametrize(
    "unsafe",
    [
        "",
        "1@example.org",
        "<1@example.org> <2@example.org>",
        "<1@example.org\r\nBcc: all@example.org>",
        "<1 2@example.org>",
        "<1@exämple.org>",
        "<<1@example.org>",
        "<" + "a" * 251 + ">",
        "<1@example.org>\n",
    ],
)
def test_an_unsafe_message_id_is_not_answered(unsafe: str) -> None:
    raw = compose(envelope(in_reply_to=unsafe), "Hello\n")
    assert b"In-Reply-To" not in raw
    assert b"Bcc" not in raw
    assert b"References: <" + TOKEN.encode() in raw


def test_a_long_message_id_stays_whole_on_its_line() -> None:
    longest = "<" + "a" * 250 + ">"
    raw = compose(envelope(in_reply_to=longest), "Hello\n")
    assert f"In-Reply-To: {longest}\r\n".encode() in raw


@pytest.mark.parametrize("name", ["sender", "sender_name", "recipient", "subject"])
@pytest.mark.parametrize("control", ["\n", "\r", "\r\nBcc: all@example.org", "\0", "\x7f", "\x85"])
def test_a_control_character_in_a_header_is_refused(name: str, control: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        compose(envelope(**{name: f"a{control}@example.org"}), "Hello\n")


def test_a_letter_that_a_person_ordered_is_not_marked_automatic() -> None:
    mail = read(compose(envelope(auto_submitted=None), "Hello\n"))
    assert mail["Auto-Submitted"] is None
    assert mail["X-Auto-Response-Suppress"] is None


def test_names_and_texts_of_any_script_travel_as_seven_bits() -> None:
    raw = compose(envelope(sender_name="Müller, Søn & Co", subject="Ihre Anfrage – DSR"), "Grüße\n" + "ä" * 2000 + "\n")
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    mail = read(raw)
    assert mail["From"].addresses[0].display_name == "Müller, Søn & Co"
    assert mail["From"].addresses[0].addr_spec == "privacy@shop.example.co.uk"
    assert mail["Subject"] == "Ihre Anfrage – DSR"
    assert mail["Content-Transfer-Encoding"] == "quoted-printable"
    assert mail.get_content().splitlines() == ["Grüße", "ä" * 2000]


def test_a_line_too_long_for_smtp_is_folded() -> None:
    raw = compose(envelope(), "a" * 5000 + "\n")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))  # RFC 5321 section 4.5.3.1.6
    assert read(raw).get_content().splitlines() == ["a" * 5000]


@given(st.text(max_size=300), st.text(max_size=50))
def test_whatever_the_text_the_bytes_are_lines_that_smtp_can_carry(text: str, html: str) -> None:
    raw = compose(envelope(), text, html)
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", raw) is None
    assert b"\0" not in raw.partition(b"\r\n\r\n")[0]


def test_a_digest_is_both_plain_and_html() -> None:
    mail = read(compose(envelope(auto_submitted="auto-generated"), "plain – text\n", "<p>html – text</p>\n"))
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert [cast("EmailMessage", part).get_content().strip() for part in mail.iter_parts()] == [
        "plain – text",
        "<p>html – text</p>",
    ]


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 1), (1, 2), (2, 4), (3, 8), (7, 128), (8, 240), (9, 240), (50, 240)]
)
def test_pauses_double_from_a_minute_to_four_hours(attempts: int, minutes: float) -> None:
    assert retry_at(AT, attempts, 0.5) == AT + timedelta(minutes=minutes)


def test_pauses_are_spread_by_a_fifth() -> None:
    assert retry_at(AT, 2, 0.0) == AT + timedelta(minutes=3.2)
    assert retry_at(AT, 2, 1.0) == AT + timedelta(minutes=4.8)
