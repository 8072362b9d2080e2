"""Tokens and hashes: which letter a mail answers, repeats or is. `inbox_bot.domain.thread`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_bot.domain.message import Address, InboundMessage
from inbox_bot.domain.thread import (
    WINDOW,
    answered_tokens,
    bounced_tokens,
    digest,
    keyed,
    mint,
    only_warns,
    own_tokens,
    plain,
    text_hash,
    tokens,
)

KEY, OLD_KEY, STRANGER = b"k" * 32, b"o" * 32, b"s" * 32
TOKEN = mint(KEY, b"0123456789")
NULL_PATH = (("return-path", "<>"),)


def test_a_token_is_known_again_wherever_it_stands() -> None:
    text = f"References: <1@x.example> <{TOKEN}@shop.example>\nX: {TOKEN}"
    assert tokens([KEY], text) == (TOKEN,)
    assert tokens([KEY], text.encode()) == (TOKEN,)


def test_nobody_without_the_key_can_mint_a_token() -> None:
    assert tokens([KEY], mint(STRANGER, b"0123456789")) == ()


@given(st.binary(min_size=10, max_size=10), st.integers(4, 46), st.sampled_from("abc234"))
def test_a_token_changed_in_one_place_is_none(entropy: bytes, position: int, wrong: str) -> None:
    token = mint(KEY, entropy)
    assert len(token) == 47
    changed = token[:position] + wrong + token[position + 1 :]
    # The last character of the mac holds only some of its bits: the others must be as we wrote them too.
    assert tokens([KEY], changed) == ((token,) if changed == token else ())


def test_a_token_under_a_replaced_key_still_verifies() -> None:
    old = mint(OLD_KEY, b"abcdefghij")
    assert tokens([KEY, OLD_KEY], f"{old} {TOKEN}") == (old, TOKEN)
    assert tokens([KEY], old) == ()


def test_a_token_of_the_same_nonce_for_another_purpose_is_none() -> None:
    nonce = TOKEN.split(".")[1]
    assert tokens([KEY], f"ib1.{nonce}.{keyed(KEY, nonce)[:26]}") == ()


# -- digest -------------------------------------------------------------------------------------------------------

HEAD = b"Received: by mx.example; Mon, 2 Mar 2026 09:00:00 +0000\r\nFrom: a@x.example\r\nSubject: s\r\n\r\nbody"


def test_the_digest_is_of_the_header_block_alone_however_much_of_the_body_was_fetched() -> None:
    assert digest(KEY, HEAD) == digest(KEY, HEAD[:-2]) == digest(KEY, HEAD + b" and more")


def test_two_deliveries_of_one_mail_have_two_digests() -> None:
    assert digest(KEY, HEAD) != digest(KEY, HEAD.replace(b"09:00:00", b"09:00:01"))


def test_the_digest_does_not_mind_the_form_of_line_ends() -> None:
    assert digest(KEY, HEAD) == digest(KEY, HEAD.replace(b"\r\n", b"\n"))


def test_without_a_received_line_the_whole_window_counts() -> None:
    bare = b"From: form@shop.example\r\nX-Received: told by the sender\r\nSubject: received: a form\r\n\r\nDelete me"
    assert digest(KEY, bare) != digest(KEY, bare.replace(b"Delete me", b"Send me my data"))


def test_the_digest_looks_at_one_window_and_no_further() -> None:
    endless = b"Received: x\r\n" + b"X: y\r\n" * WINDOW
    assert digest(KEY, endless) == digest(KEY, endless[:WINDOW])


def test_nobody_without_the_key_can_make_a_digest() -> None:
    assert digest(KEY, HEAD) != digest(STRANGER, HEAD)


# -- texts --------------------------------------------------------------------------------------------------------


def test_the_text_hash_does_not_mind_white_space_case_or_compatibility_forms() -> None:
    assert text_hash(KEY, "Send me\r\n my DATA") == text_hash(KEY, " send  me my ｄａｔａ\n")
    assert text_hash(KEY, "send me my data") != text_hash(KEY, "send me your data")
    assert plain(" A\n\tB ") == "a b"


def test_hashes_for_different_purposes_never_meet() -> None:
    assert len({text_hash(KEY, "a@x.example"), keyed(KEY, "a@x.example"), digest(KEY, b"a@x.example")}) == 3


def test_an_address_is_hashed_whatever_its_case() -> None:
    assert keyed(KEY, "Alex@Example.org") == keyed(KEY, "alex@example.org")


@given(st.text())
def test_any_text_can_be_hashed(text: str) -> None:
    assert len(text_hash(KEY, text)) == len(keyed(KEY, text)) == 32
    assert tokens([KEY], text) == ()


# -- which letter -------------------------------------------------------------------------------------------------


def test_our_own_letter_says_so_in_its_own_header_or_its_message_id() -> None:
    assert own_tokens([KEY], InboundMessage(headers=(("x-inbox-bot", TOKEN),))) == (TOKEN,)
    assert own_tokens([KEY], InboundMessage(message_id=f"<{TOKEN}@shop.example>")) == (TOKEN,)


def test_a_reply_to_our_letter_is_not_our_letter() -> None:
    reply = InboundMessage(message_id="<2@x.example>", in_reply_to=(f"<{TOKEN}@shop.example>",))
    assert own_tokens([KEY], reply) == ()
    assert answered_tokens([KEY], reply) == (TOKEN,)
    assert answered_tokens([KEY], InboundMessage(references=("<1@x.example>", f"<{TOKEN}@shop.example>"))) == (TOKEN,)


RETURNED = f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{TOKEN}@shop.example>\r\n--b--".encode()
IN_ITS_BODY = b"From: x\r\n\r\n" + RETURNED
IN_ITS_THREAD = f"From: x\r\nIn-Reply-To: <{TOKEN}@shop.example>\r\n\r\nhello".encode()


@pytest.mark.parametrize(
    ("bounce", "head"),
    [
        (InboundMessage(content_types=("multipart/report", "message/delivery-status")), IN_ITS_BODY),
        (InboundMessage(content_types=("multipart/report",)), IN_ITS_THREAD),
        (InboundMessage(senders=(Address("", "MAILER-DAEMON@mx.example"),)), IN_ITS_BODY),
        (InboundMessage(senders=(Address("", "postmaster@mx.example"),)), IN_ITS_THREAD),
        (InboundMessage(headers=NULL_PATH), IN_ITS_BODY),
        (InboundMessage(headers=NULL_PATH, text=f"once base64: <{TOKEN}@shop.example>"), b"From: x\r\n\r\naGVsbG8="),
    ],
)
def test_a_bounce_names_the_letter_that_came_back(bounce: InboundMessage, head: bytes) -> None:
    assert bounced_tokens([KEY], bounce, head) == (TOKEN,)


@pytest.mark.parametrize(
    ("other", "head"),
    [
        (InboundMessage(senders=(Address("", "alex@example.org"),)), IN_ITS_BODY),
        # RFC 3834 section 3.3: an automatic reply has the null reverse path and refers to our letter, which arrived.
        (InboundMessage(headers=NULL_PATH, text="I am away until Monday"), IN_ITS_THREAD),
        (InboundMessage(content_types=("multipart/report", "message/disposition-notification")), IN_ITS_BODY),
        (InboundMessage(content_types=("multipart/report",)), b"From: x\r\n\r\nabout some other letter"),
    ],
)
def test_what_only_refers_to_our_letter_is_no_bounce(other: InboundMessage, head: bytes) -> None:
    assert bounced_tokens([KEY], other, head) == ()


def test_a_report_of_a_delay_is_no_failure() -> None:
    assert only_warns(b"Final-Recipient: rfc822; a@x.example\r\nAction: delayed\r\n")
    assert only_warns(b"action: Delivered\n")
    assert not only_warns(b"Action: delayed\r\n\r\nACTION: Failed\r\n")
    assert not only_warns(b"a bounce in words, with no actions: none at all\r\n")
