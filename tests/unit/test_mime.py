"""Reading mail as it really comes: every trap with a mail written for it, and garbage that must never raise."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.domain.message import Address, InboundMessage
from inbox_bot.domain.mime import parse, topmost_received_at

FROM = b"From: Alex Morgan <alex@example.org>\r\nTo: privacy@shop.example\r\nSubject: My data\r\n"
ASK = "Please send me a copy of everything you hold about me."


def mail(*fields: str, body: str | bytes = ASK, charset: str = "utf-8") -> bytes:
    content = body if isinstance(body, bytes) else body.encode(charset)
    return FROM + "".join(f"{field}\r\n" for field in fields).encode(charset) + b"\r\n" + content


def multipart(subtype: str, *parts: str | bytes, boundary: str = "=_b", close: bool = True) -> bytes:
    """A multipart message; each part is its own header block, blank line and body."""
    lines = [part if isinstance(part, bytes) else part.encode() for part in parts]
    head = f'MIME-Version: 1.0\r\nContent-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    mark = f"--{boundary}".encode()
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in lines) + (mark + b"--\r\n" if close else b"")


def plain(text: str) -> str:
    return f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}"


def rich(source: str) -> str:
    return f"Content-Type: text/html; charset=utf-8\r\n\r\n{source}"


def attachment(name: str) -> str:
    return f"Content-Type: application/pdf; {name}\r\nContent-Disposition: attachment\r\n\r\nJVBERi0="


def sender(value: str) -> tuple[Address, ...]:
    return parse(f"From: {value}\r\nTo: us@shop.example\r\n\r\nhi".encode()).senders


# --- the header ------------------------------------------------------------------------------------------------------


def test_an_ordinary_mail_is_read_whole() -> None:
    message = parse(
        b"Received: from a by mx.shop.example; Mon, 2 Mar 2026 09:15:02 +0000\r\n"
        b"From: Alex Morgan <Alex@Example.ORG>\r\n"
        b"Reply-To: <forms@example.org>\r\n"
        b"To: Privacy <privacy@Shop.example>, dpo@shop.example\r\nCc: other@example.net\r\n"
        b"Subject: My\r\n data\r\n"
        b"Message-ID: <1@example.org>\r\nIn-Reply-To: <0@shop.example>\r\n"
        b"References: <a@shop.example>\r\n <0@shop.example>\r\n"
        b"Date: Mon, 02 Mar 2026 10:15:00 +0100\r\n\r\n" + ASK.encode()
    )
    assert message.senders == (Address("Alex Morgan", "Alex@example.org"),)
    assert message.reply_to == (Address("", "forms@example.org"),)
    assert message.recipients == ("privacy@shop.example", "dpo@shop.example", "other@example.net")
    assert message.subject == "My data"
    assert message.message_id == "<1@example.org>"
    assert message.in_reply_to == ("<0@shop.example>",)
    assert message.references == ("<a@shop.example>", "<0@shop.example>")
    assert message.sent_at == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert topmost_received_at(message) == datetime(2026, 3, 2, 9, 15, 2, tzinfo=UTC)
    assert message.content_types == ("text/plain",)
    assert (message.text, message.truncated, message.html_only, message.problems) == (ASK, False, False, ())


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
def test_every_kind_of_line_end_divides_header_and_body(end: bytes) -> None:
    message = parse((FROM + b"X-Note: a\r\n b\r\n\r\n" + b"one\r\n\r\ntwo").replace(b"\r\n", end))
    assert message.subject == "My data"
    assert message.first("x-note") == "a b"
    assert message.text == "one\n\ntwo"
    assert message.header_block.startswith(b"From: Alex")
    assert message.header_block.endswith(b" b")


@pytest.mark.parametrize(
    "before",
    [
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
        b"From alex@example.org Mon Mar  2 09:15:00 2026\r\n",
        b">From alex@example.org Mon Mar  2 09:15:00 2026\r\n",
        b"*** garbage first line\r\n",
        b"*** garbage first line\r\n\r\n",
    ],
)
def test_nothing_before_the_header_hides_it(before: bytes) -> None:
    message = parse(before + mail("Auto-Submitted : auto-replied"))
    assert message.subject == "My data"
    assert message.first("auto-submitted") == "auto-replied"
    assert message.text.endswith(ASK)
    assert b"Auto-Submitted" in message.header_block


def test_garbage_between_headers_hides_none_and_is_not_lost() -> None:
    message = parse(FROM + b"this is no header\r\n  nor this\r\nPrecedence: bulk\r\n\r\n" + ASK.encode())
    assert message.first("precedence") == "bulk"
    assert message.text.startswith("this is no header")
    assert message.text.endswith(ASK)
    assert message.problems == ("garbage_header",)


def test_a_mail_without_a_header_is_text() -> None:
    message = parse(b"I want my data deleted.\n\nNote: soon.\n")
    assert message.text == "I want my data deleted.\n\nNote: soon."


def test_a_mail_without_a_blank_line_keeps_its_last_words() -> None:
    message = parse(FROM + b"I want my data deleted.")
    assert message.subject == "My data"
    assert message.text == "I want my data deleted."


def test_every_occurrence_of_a_header_counts() -> None:
    message = parse(b"Precedence: first\r\nFrom: a@example.org\r\nFrom: b@example.org\r\nprecedence: second\r\n\r\nhi")
    assert message.all("Precedence") == ("first", "second")
    assert [address.address for address in message.senders] == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("=?utf-8?Q?L=C3=B6schung_meiner_Daten?=", "Löschung meiner Daten"),
        ("=?UTF-8?B?TMO2c2NodW5n?= bitte", "Löschung bitte"),
        ("Re: =?iso-8859-1?q?donn=E9es?= =?iso-8859-1?q?_personnelles?=", "Re: données personnelles"),
        ("=?utf-8?q?a=C3?= =?utf-8?q?=A9b?=", "aéb"),
        ("=?utf-8*en?q?caf=C3=A9?=", "café"),
        ("=?utf-8?q?one?= =?iso-8859-1?b?IHR3bw==?=", "one two"),
        ("=?utf-8?q?with blanks in it?=", "with blanks in it"),
        ("=?windows-1252?q?=80_5?=", "€ 5"),
        ("=?x-nobody-knows?q?caf=C3=A9?=", "café"),
        ("=?utf-8?b?TMO2c2No", "=?utf-8?b?TMO2c2No"),
        ("=?utf-8?b?SGVsbG8?=", "Hello"),
        ("=?utf-8?q?line=0D=0ABcc:_x?=", "line Bcc: x"),
        ("=?utf-8?q?nul=00l?=", "null"),
        ("=?utf-16-le?b?ANg=?=", ""),
    ],
)
def test_encoded_words_are_read_as_meant(value: str, meant: str) -> None:
    subject = parse(f"Subject: {value}\r\n\r\nhi".encode()).subject
    assert " ".join(subject.split()) == meant


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_raw_eight_bit_headers_are_read(charset: str) -> None:
    assert parse("Subject: Löschung\r\n\r\nhi".encode(charset)).subject == "Löschung"


def test_header_values_hold_no_control_characters() -> None:
    message = parse(b"Subject: a\x00b\x1b[31m\r\n\r\nhi")
    assert message.subject == "ab[31m"


def test_a_huge_header_is_cut_and_the_mail_is_read_all_the_same() -> None:
    message = parse(b"Subject: " + b"x" * 20_000 + b"\r\nFrom: alex@example.org\r\n\r\n" + ASK.encode())
    assert len(message.subject) == 8 * 1024
    assert message.senders == (Address("", "alex@example.org"),)
    assert message.text == ASK
    assert message.problems == ("header_size",)


def test_a_header_of_many_folded_lines_is_cut_too() -> None:
    message = parse(b"To: a@b.example\r\n" + b" ,c@d.example\r\n" * 2_000 + b"\r\n" + ASK.encode())
    assert len(message.first("to")) <= 8 * 1024
    assert message.text == ASK


def test_a_huge_header_block_is_cut_and_the_body_still_found() -> None:
    message = parse(FROM + b"X-A: b\r\n" * 200_000 + b"\r\n" + ASK.encode())
    assert len(message.header_block) == 64 * 1024
    assert message.text == ASK
    assert "headers_size" in message.problems


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("Mon, 2 Mar 2026 09:15:00 -0000", datetime(2026, 3, 2, 9, 15, tzinfo=UTC)),
        ("2 Mar 2026 09:15 GMT (a comment)", datetime(2026, 3, 2, 9, 15, tzinfo=UTC)),
        ("Mon, 2 Mar 1926 09:15:00 +0000", None),
        ("Mon, 2 Mar 9999 23:59:59 -2359", None),
        ("Mon, 31 Feb 2026 09:15:00 +0000", None),
        ("Mon, 2 Mar 2026 09:15:00 +99999999999", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_instants_or_nothing(value: str, instant: datetime | None) -> None:
    assert parse(f"Date: {value}\r\n\r\nhi".encode()).sent_at == instant


@pytest.mark.parametrize(
    ("value", "identifiers"),
    [
        ("<a@b> (comment) <c@d>", ("<a@b>", "<c@d>")),
        ('"Your mail of Monday" <a@b>', ("<a@b>",)),
        ("a@b", ("<a@b>",)),
        ("=?utf-8?q?=3Ca=40b=3E?=", ("<a@b>",)),
        ("<no blanks @ here>", ()),
        ("none", ()),
    ],
)
def test_message_identifiers_are_found_wherever_they_hide(value: str, identifiers: tuple[str, ...]) -> None:
    message = parse(f"References: {value}\r\nIn-Reply-To: {value}\r\n\r\nhi".encode())
    assert message.references == identifiers
    assert message.in_reply_to == identifiers


# --- the addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "display", "address"),
    [
        ("alex@Example.ORG", "", "alex@example.org"),
        ("<alex@example.org>", "", "alex@example.org"),
        ("alex@example.org (Alex Morgan)", "Alex Morgan", "alex@example.org"),
        ('"Morgan, Alex" <alex@example.org>', "Morgan, Alex", "alex@example.org"),
        ('"A \\"Lex\\" M" <alex@example.org>', 'A "Lex" M', "alex@example.org"),
        ('"alex@work" <alex@example.org>', "alex@work", "alex@example.org"),
        ("alex@example.org <Alex@example.org>", "alex@example.org", "Alex@example.org"),
        ("'alex@example.org' <alex@example.org>", "'alex@example.org'", "alex@example.org"),
        ("=?utf-8?q?M=C3=BCller,_A?= <alex@example.org>", "Müller, A", "alex@example.org"),
        ('"=?utf-8?q?M=C3=BCller?=" <alex@example.org>', "Müller", "alex@example.org"),
        ("Alex (at work) <alex@example.org>", "Alex (at work)", "alex@example.org"),
        ("Alex  Morgan<alex@example.org>", "Alex Morgan", "alex@example.org"),
        ("Friends: alex@example.org;", "", "alex@example.org"),
        ("ælex@exämple.org", "", "ælex@exämple.org"),
    ],
)
def test_a_clear_sender_is_read(value: str, display: str, address: str) -> None:
    assert sender(value) == (Address(display, address),)


@pytest.mark.parametrize(
    "value",
    [
        "alice@example.org)bob@example.net",
        "alice@example.org <bob@example.net>",
        "alice(@evil.example)@example.org",
        "<alice@example.org>, bob@example.net, (unclosed",
        '"unclosed <alice@example.org>, bob@example.net',
        "alice@example.org bob@example.net",
        "<<alice@example.org>>",
        "alice@example.org@example.net",
        "Friends: alice@example.org",
        "alice@example.org;bob@example.net",
        "<@relay.example,@two.example:alice@example.org>",
        "alice@[192.0.2.1]",
        "Alex Morgan",
    ],
)
def test_a_sender_that_can_be_read_in_two_ways_is_kept_whole(value: str) -> None:
    assert sender(value) == (Address("", value),)


def test_several_senders_are_several() -> None:
    assert [address.address for address in sender("a@b.example, C <c@d.example>,, e@f.example")] == [
        "a@b.example",
        "c@d.example",
        "e@f.example",
    ]


@pytest.mark.parametrize("value", ["", "undisclosed-recipients:;", "<>"])
def test_no_sender_is_invented(value: str) -> None:
    assert all("@" not in address.address for address in sender(value))


def test_our_address_is_seen_among_recipients_however_odd_the_list() -> None:
    message = parse(b'To: "unclosed <x@y.example>, Us <Privacy@Shop.example>; (more\r\n\r\nhi')
    assert "privacy@shop.example" in message.recipients


# --- the text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-8", "Löschen Sie bitte alles – ganz"),
        ("iso-8859-1", "données à caractère personnel"),
        ("windows-1252", "“my data” – €"),
        ("iso-8859-2", "proszę usunąć moje dane"),
        ("koi8-r", "удалите мои данные"),
        ("utf-16", "delete my data é"),
        ("utf-7", "delete my data é"),
        ("iso-2022-jp", "個人情報を削除してください"),
        ("shift_jis", "個人情報を削除してください"),
        ("gb2312", "请删除我的个人资料"),
        ("ks_c_5601-1987", "개인정보를 삭제해 주세요"),
    ],
)
def test_the_declared_charset_is_used(charset: str, text: str) -> None:
    codec = {"ks_c_5601-1987": "cp949"}.get(charset, charset)
    raw = mail(f"Content-Type: text/plain; charset={charset}").replace(ASK.encode(), b"") + text.encode(codec)
    assert parse(raw).text == text


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("us-ascii", "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("", "utf-8"),
        ("", "cp1252"),
        ("utf-8", "cp1252"),
        ("nobody-knows-it", "utf-8"),
        ("nobody-knows-it", "cp1252"),
        ("rot13", "utf-8"),
        ("punycode", "utf-8"),
        ("utf-16", "utf-8"),
        ("x" * 500, "utf-8"),
        ("a\\0b", "utf-8"),
    ],
)
def test_a_wrong_charset_costs_no_letter(declared: str, sent: str) -> None:
    raw = mail(f'Content-Type: text/plain; charset="{declared}"', body="données à caractère".encode(sent))
    assert parse(raw).text == "données à caractère"


def test_one_damaged_byte_does_not_spoil_the_rest() -> None:
    body = "données à caractère personnel, supprimées".encode() + b"\xff"
    assert "données à caractère personnel, supprimées" in parse(mail(body=body)).text


def test_an_unknown_charset_is_a_problem_worth_a_note() -> None:
    assert parse(mail("Content-Type: text/plain; charset=nobody-knows-it")).problems == ("charset",)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.encodebytes(ASK.encode())),
        ("BASE64 ;", base64.encodebytes(ASK.encode())),
        ("base64", base64.b64encode(ASK.encode()[:7]) + b"\r\n" + base64.b64encode(ASK.encode()[7:])),
        ("base64", base64.b64encode(ASK.encode()).rstrip(b"=")),
        ("base64", base64.b64encode(ASK.encode()).replace(b"U", b"\x00U!", 1)),
        ("base64", base64.b64encode(ASK.encode() + b".") + b"\r\n_____\r\nA list, its footer\r\n"),
        ("base64", ASK.encode()),
        ("quoted-printable", b"Please send me a copy of =\r\nevery=74hing you hold=  \r\n about me=2E"),
        ("quoted-printable", ASK.encode() + b"="),
        ("8bit", ASK.encode()),
        ("x-nobody-knows", ASK.encode()),
    ],
)
def test_transfer_encodings_are_undone_whatever_is_wrong_with_them(encoding: str, body: bytes) -> None:
    text = parse(mail(f"Content-Transfer-Encoding: {encoding}", body=body)).text
    assert text.rstrip("=.") == ASK.rstrip(".")


def test_a_uuencoded_file_is_no_text() -> None:
    assert parse(mail("Content-Transfer-Encoding: x-uuencode", body="begin 644 a.txt\r\n#0V%T\r\n`\r\nend")).text == ""


def test_flowed_paragraphs_are_joined_and_quotations_kept_apart() -> None:
    body = (
        "Please delete \r\nmy data.\r\n>> old \r\n>> words\r\n> newer \r\n From here \r\non.\r\n-- \r\nAlex \r\nMorgan"
    )
    message = parse(mail("Content-Type: text/plain; format=flowed", body=body))
    assert message.text == "Please delete my data.\n>> old words\n> newer \nFrom here on.\n-- \nAlex Morgan"


def test_flowed_text_with_delsp_loses_the_blank_that_marks_the_break() -> None:
    message = parse(mail("Content-Type: text/plain; Format=Flowed; DelSp=yes", body="del \r\nete"))
    assert message.text == "delete"


def test_text_is_capped_and_says_so() -> None:
    message = parse(mail(body="x" * 70_000))
    assert len(message.text) == 64 * 1024
    assert message.truncated


def test_text_holds_no_control_characters() -> None:
    assert parse(mail(body=b"a\x00b\x1b[2Jc\x0bd\xe2\x80\xa8e\tf")).text == "ab[2Jc\nd\ne\tf"


# --- the parts -------------------------------------------------------------------------------------------------------


def test_of_an_alternative_the_plain_text_is_read() -> None:
    message = parse(FROM + multipart("alternative", plain(ASK), rich(f"<p>{ASK}</p>")))
    assert message.text == ASK
    assert message.content_types == ("multipart/alternative", "text/plain", "text/html")
    assert not message.html_only


@pytest.mark.parametrize("stub", ["", " \r\n", "This is an HTML mail. Please view it in a browser."])
def test_a_plain_part_that_says_nothing_yields_to_the_html(stub: str) -> None:
    message = parse(FROM + multipart("alternative", plain(stub), rich(f"<p>{ASK}</p>")))
    assert message.text == ASK
    assert message.html_only


def test_html_that_says_much_more_is_read_as_well() -> None:
    long = "<p>and delete what you hold of my children</p>" * 10
    message = parse(FROM + multipart("alternative", plain("Hello"), rich(long)))
    assert message.text.startswith("Hello")
    assert "my children" in message.text


def test_html_alone_is_read_as_text() -> None:
    message = parse(mail("Content-Type: text/html", body="<p>delete</p><p>my data</p>"))
    assert message.text == "delete\n\nmy data"
    assert message.html_only


def test_html_under_a_plain_name_is_read_as_html() -> None:
    assert parse(mail(body="<!DOCTYPE html><html><p>delete my data</p></html>")).text == "delete my data"


def test_the_charset_inside_the_html_is_used() -> None:
    body = '<html><meta http-equiv=Content-Type content="text/html; charset=koi8-r"><p>удалите</p>'.encode("koi8-r")
    assert parse(mail("Content-Type: text/html", body=body)).text == "удалите"


def test_several_inline_texts_are_joined() -> None:
    inline = "Content-Type: text/plain; name=more.txt\r\nContent-Disposition: inline\r\n\r\ntwo"
    message = parse(FROM + multipart("mixed", plain("one"), attachment("name=x.pdf"), inline))
    assert message.text == "one\n\ntwo"
    assert message.attachments == ("x.pdf", "more.txt")


def test_attachments_give_their_name_and_nothing_else() -> None:
    attached = "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=request.txt\r\n\r\nsecret"
    calendar = "Content-Type: text/calendar; name=invite.ics\r\n\r\nBEGIN:VCALENDAR"
    message = parse(FROM + multipart("mixed", plain(ASK), attached, calendar))
    assert message.text == ASK
    assert message.attachments == ("request.txt", "invite.ics")


@pytest.mark.parametrize(
    "name",
    [
        'name="=?utf-8?q?L=C3=B6schung.pdf?="',
        "name*=utf-8''L%C3%B6schung.pdf",
        "name*=iso-8859-1'de'L%F6schung.pdf",
        "name*0*=utf-8''L%C3%B6; name*1=schung.pdf",
        "name*=nobody-knows-it''L%C3%B6schung.pdf",
        'name="Löschung.pdf"',
        "name=Löschung.pdf",
    ],
)
def test_file_names_are_decoded(name: str) -> None:
    assert parse(FROM + multipart("mixed", plain(ASK), attachment(name))).attachments == ("Löschung.pdf",)


def test_a_mail_that_is_itself_marked_as_attachment_is_read() -> None:
    assert parse(mail("Content-Disposition: attachment; filename=mail.txt")).text == ASK


def test_an_enclosed_message_is_forwarded_text() -> None:
    inner = b"Subject: =?utf-8?q?L=C3=B6schung?=\r\nContent-Type: text/html\r\n\r\n<p>delete my data</p>"
    enclosed = b"Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=a.eml\r\n\r\n" + inner
    message = parse(FROM + multipart("mixed", plain("see below"), enclosed))
    assert message.text == "see below"
    assert message.forwarded == "Subject: Löschung\n\ndelete my data"
    assert message.content_types == ("multipart/mixed", "text/plain", "message/rfc822")
    assert message.attachments == ("a.eml",)
    assert not message.html_only


def test_an_enclosed_message_in_base64_and_one_within_it_are_read() -> None:
    inner = b"Subject: two\r\n\r\ninnermost"
    outer = b"Subject: one\r\n" + multipart("mixed", plain("first"), b"Content-Type: message/rfc822\r\n\r\n" + inner)
    enclosed = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(outer)
    message = parse(FROM + multipart("mixed", enclosed, boundary="outer"))
    assert message.forwarded == "Subject: one\n\nfirst\n\nSubject: two\n\ninnermost"


def test_the_parts_of_a_digest_are_messages() -> None:
    message = parse(FROM + multipart("digest", "\r\nSubject: one\r\n\r\nfirst", "\r\nSubject: two\r\n\r\nsecond"))
    assert message.forwarded == "Subject: one\n\nfirst\n\nSubject: two\n\nsecond"


def test_a_part_without_a_header_is_text() -> None:
    assert parse(FROM + multipart("mixed", "\r\none", "\r\ntwo")).text == "one\n\ntwo"


def test_preamble_and_epilogue_are_not_read_but_a_part_behind_the_end_is() -> None:
    raw = FROM + multipart("mixed", plain("one")) + b"epilogue\r\n--=_b\r\n" + plain("two").encode() + b"\r\n--=_b--"
    assert parse(raw.replace(b"\r\n\r\n--=_b", b"\r\n\r\npreamble\r\n--=_b", 1)).text == "one\n\ntwo"


def test_an_inner_boundary_that_begins_like_the_outer_is_not_taken_for_it() -> None:
    inner = multipart("alternative", plain("one"), boundary="=_b1")
    assert parse(FROM + multipart("mixed", inner, plain("two"))).text == "one\n\ntwo"


@pytest.mark.parametrize("declared", ['boundary="other"', "boundary=", "charset=utf-8"])
def test_a_multipart_under_a_wrong_boundary_is_read(declared: str) -> None:
    raw = FROM + multipart("mixed", plain("one"), plain("two")).replace(b'boundary="=_b"', declared.encode())
    message = parse(raw)
    assert message.text == "one\n\ntwo"
    assert message.problems == ("boundary",)


def test_a_multipart_without_any_part_is_text() -> None:
    assert parse(mail("Content-Type: multipart/mixed; boundary=b")).text == ASK


def test_nesting_ends_at_a_depth() -> None:
    raw = plain("at the bottom").encode()
    for level in range(40):
        raw = multipart("mixed", plain(f"level {level}"), raw, boundary=f"b{level}.")
    message = parse(FROM + raw)
    assert "level 39" in message.text
    assert "at the bottom" not in message.text
    assert message.problems == ("depth",)


def test_enclosed_messages_end_at_a_depth() -> None:
    message = parse(FROM + b"Content-Type: message/rfc822\r\n\r\n" * 5_000 + ASK.encode())
    assert message.problems == ("depth",)


def test_parts_end_at_a_number() -> None:
    message = parse(FROM + multipart("mixed", *(plain(f"part {number}.") for number in range(1_000))))
    assert "part 98." in message.text
    assert "part 100." not in message.text
    assert len(message.content_types) <= 101
    assert message.problems == ("parts",)


def test_many_html_parts_share_one_allowance() -> None:
    parts = (rich("<p>x" * 20_000) for _ in range(10))
    assert parse(FROM + multipart("mixed", *parts)).truncated


# --- cut anywhere ----------------------------------------------------------------------------------------------------

PICTURE = b"Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 50


def test_a_cut_inside_an_attachment_leaves_the_text_complete() -> None:
    message = parse((FROM + multipart("mixed", plain(ASK), PICTURE))[:-100], truncated=True)
    assert message.text == ASK
    assert not message.truncated
    assert message.attachments == ("a.png",)


def test_a_cut_inside_the_html_leaves_the_plain_text_complete() -> None:
    raw = FROM + multipart("alternative", plain(ASK), rich(f"<p>{ASK}</p>"), close=False)
    assert not parse(raw[:-20], truncated=True).truncated


@pytest.mark.parametrize("end", [10, len(FROM), len(FROM) + 20])
def test_a_cut_before_any_text_asks_for_more(end: int) -> None:
    assert parse((FROM + multipart("mixed", PICTURE, plain(ASK)))[:end], truncated=True).truncated


def test_a_cut_inside_the_text_asks_for_more() -> None:
    body = base64.encodebytes(("Löschen Sie meine Daten. " * 20).encode())
    for end in range(-9, 0):
        message = parse(mail("Content-Transfer-Encoding: base64", body=body)[:end], truncated=True)
        assert message.truncated
        assert message.text.startswith("Löschen Sie meine Daten. Löschen")


def test_a_cut_inside_a_character_spoils_nothing() -> None:
    message = parse(
        mail(body="Löschen Sie alle Einträge über Müller in Köln, auch für ä".encode()[:-1]), truncated=True
    )
    assert message.text == "Löschen Sie alle Einträge über Müller in Köln, auch für "


def test_whole_mail_is_not_truncated() -> None:
    assert not parse(FROM + multipart("mixed", plain(ASK), close=False)).truncated


# --- anything at all -------------------------------------------------------------------------------------------------

REALISTIC = (
    b"Return-Path: <alex@example.org>\r\n"
    b"Received: from a by mx.shop.example; Mon, 2 Mar 2026 09:15:02 +0000\r\n"
    b"From: =?utf-8?q?M=C3=BCller=2C_A?= <alex@example.org>\r\nTo: us: privacy@shop.example;\r\n"
    b"Subject: =?utf-8?b?TMO2c2NodW5n?=\r\n =?utf-8?q?_meiner_Daten?=\r\n"
    b"Date: Mon, 02 Mar 2026 10:15:00 +0100\r\nMessage-ID: <1@example.org>\r\nReferences: <a@b> <c@d>\r\n"
) + multipart(
    "mixed",
    multipart(
        "alternative",
        b"Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes("Löschen Sie meine Daten. ".encode() * 5),
        b"Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<blockquote type=3D=22cite=22>L=F6schen</blockquote><img alt=3Dx>",
        boundary="inner",
    ),
    b"Content-Type: application/pdf; name*0*=utf-8''L%C3%B6; name*1=schung.pdf\r\n\r\nJVBERi0=",
    b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nforwarded",
)


def assert_sound(message: InboundMessage) -> None:
    """What every parsed mail promises, whatever it was made of."""
    strings = [message.subject, message.text, message.forwarded, *message.attachments, *message.content_types]
    strings += [text for pair in message.headers for text in pair]
    strings += [
        text for address in (*message.senders, *message.reply_to) for text in (address.display, address.address)
    ]
    for text in strings:
        text.encode()  # no lone surrogates
        assert "\0" not in text
    assert not any(end in value for _, value in message.headers for end in "\r\n")
    assert len(message.text) <= 64 * 1024
    assert len(message.header_block) <= 64 * 1024
    assert message.sent_at is None or message.sent_at.tzinfo is UTC


@given(st.binary(max_size=600))
def test_random_bytes_never_raise(raw: bytes) -> None:
    assert_sound(parse(raw))


@given(st.integers(0, len(REALISTIC)), st.booleans())
def test_a_realistic_mail_may_be_cut_anywhere(end: int, truncated: bool) -> None:  # noqa: FBT001 - drawn
    assert_sound(parse(REALISTIC[:end], truncated=truncated))


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(REALISTIC)), st.binary(max_size=6), st.integers(0, 9)), max_size=8))
def test_a_realistic_mail_may_be_damaged_anywhere(wounds: list[tuple[int, bytes, int]]) -> None:
    raw = REALISTIC
    for place, put, taken in wounds:
        raw = raw[:place] + put + raw[place + taken :]
    message = parse(raw)
    assert_sound(message)
    topmost_received_at(message)


PIECES = st.sampled_from(
    [
        *("From: ", "To: ", "Date: ", "Subject: ", "References: ", "Content-Type: ", "Content-Disposition: "),
        *("Content-Transfer-Encoding: ", "multipart/mixed", "message/rfc822", "text/html", "; boundary=", "charset="),
        *(
            "base64",
            "utf-16",
            "name*0*=",
            "name*99*=",
            "utf-8''",
            "%C3",
            "=?utf-8?",
            "q?",
            "b?",
            "?=",
            "=C3",
            "b",
            "--b",
        ),
        *("--", "\r\n", "\n", "\r\n\r\n", "<", ">", "@", "(", ")", ",", ";", ":", '"', "\\", " ", "\t", "\0", "é"),
        *("Mon, 2 Mar 2026", "+0100", "<div ", "begin 644 x"),
    ]
)


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=60))
def test_anything_made_of_the_words_of_mail_never_raises(pieces: list[str]) -> None:
    assert_sound(parse("".join(pieces).encode()))


@given(st.text(alphabet='ab@.,;:<>()"\\ =?é', max_size=40))
def test_a_sender_is_read_or_kept_but_never_dropped(value: str) -> None:
    found = sender(value)
    for address in found:
        assert address.address == " ".join(address.address.split("\n"))
        assert address.address.partition("@")[0] in value
    if "@" in value and not set(value) & set(':;"\\()'):
        assert found


def test_a_parameter_given_whole_and_in_pieces_does_not_beat_the_parser() -> None:
    raw = b"Content-Type: text/plain; name*=a; name*0*=b; charset=utf-8\r\n\r\nDelete my data.\r\n"
    assert parse(raw).text == "Delete my data."
