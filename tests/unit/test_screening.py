"""May we answer? For every rule a mail that it stops and a twin that it lets pass; and tricks that must not help."""

import email
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_bot.domain.message import Address, Identity, InboundMessage
from inbox_bot.domain.screening import Screening, screen
from inbox_bot.domain.screening.rules import RULES
from inbox_bot.domain.screening.tables import HEADERS

US = Identity(
    mailbox="privacy@shop.example.co.uk",
    addresses=frozenset({"privacy@shop.example.co.uk", "dpo@shop.example.co.uk"}),
    forms=frozenset({"form@shop.example.co.uk", "no-reply@forms.example.net"}),
    authserv_ids=frozenset({"mx.shop.example.co.uk"}),
)
ORDINARY = {
    "Return-Path": "<alex@example.org>",
    "Received": "from mail.example.org by mx.shop.example.co.uk; Mon, 2 Mar 2026 09:15:00 +0000",
    "From": "Alex Morgan <alex@example.org>",
    "To": "privacy@shop.example.co.uk",
    "Subject": "My data",
    "Message-ID": "<1@example.org>",
    "Content-Type": "text/plain; charset=utf-8",
}


def read(block: bytes, content_types: tuple[str, ...] = ()) -> InboundMessage:
    """A header block as the standard library's parser sees it: it gives up where a sender wants it to."""
    parsed = email.message_from_bytes(block)

    def addresses(*names: str) -> list[Address]:
        values = [str(value) for name in names for value in parsed.get_all(name, [])]
        return [Address(display, address) for display, address in getaddresses(values) if address]

    return InboundMessage(
        headers=tuple((name.lower(), str(make_header(decode_header(str(value))))) for name, value in parsed.items()),
        header_block=block,
        senders=tuple(addresses("from")),
        reply_to=tuple(addresses("reply-to")),
        recipients=tuple(found.address.lower() for found in addresses("to", "cc")),
        subject=str(make_header(decode_header(str(parsed.get("subject", ""))))),
        content_types=content_types or (parsed.get_content_type(),),
    )


def mail(*lines: str, without: tuple[str, ...] = (), content_types: tuple[str, ...] = ()) -> InboundMessage:
    """An ordinary mail with these header lines; a line whose name it has already takes that one's place."""
    names = {line.partition(":")[0].strip().lower() for line in lines}
    kept = [f"{name}: {value}" for name, value in ORDINARY.items() if name.lower() not in {*names, *without}]
    return read("\r\n".join((*kept, *lines, "")).encode(), content_types)


def asked(*lines: str, without: tuple[str, ...] = ()) -> Screening:
    return screen(mail(*lines, without=without), US)


OURS = "Authentication-Results: mx.shop.example.co.uk;"

# rule -> (header lines that it stops, header lines of a twin that may be answered)
TWINS: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("null_return_path", ("Return-Path: <>",), ("Return-Path: <a@example.org>",)),
    ("null_return_path", ("Return-Path:",), ("X-Return-Path:",)),
    ("null_return_path", ("X-Envelope-From: < >",), ("X-Envelope-From: <alex@example.org>",)),
    ("delivery_report", ("Content-Type: multipart/report; report-type=x",), ("Content-Type: multipart/mixed",)),
    ("delivery_report", ("Content-Type: Message/Delivery-Status",), ("Content-Type: message/rfc822",)),
    ("delivery_report", ("X-Failed-Recipients: a@b.example",), ("X-Recipients: a@b.example",)),
    (
        "delivery_report",
        ("Subject: Undelivered Mail Returned to Sender",),
        ("Subject: Fwd: Undelivered Mail Returned to Sender",),
    ),
    ("delivery_report", ("Subject: complaint about message from 192.0.2.7",), ("Subject: complaint about message 7",)),
    ("auto_submitted", ("Auto-Submitted: auto-replied",), ("Auto-Submitted: no",)),
    ("auto_submitted", ('Auto-Submitted: auto-generated; owner-email="x@y"',), ("Auto-Submitted: (auto-replied) No",)),
    ("auto_submitted", ("Auto-Submitted:",), ('Auto-Submitted: "no" ; a=b',)),
    ("auto_submitted", ("Auto-Submitted: no-really",), ("Auto-Submitted: NO (none)",)),
    ("auto_submitted", ("Auto-Submitted: (no", "Auto-Submitted: no"), ("Auto-Submitted: no", "Auto-Submitted: no")),
    (
        "auto_response_suppress",
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply",),
        ("X-Auto-Response-Suppress: DR, RN",),
    ),
    ("auto_response_suppress", ("X-Auto-Response-Suppress: ALL",), ("X-Auto-Response-Suppress: NRN,DR",)),
    ("autoresponder", ("X-Autoreply: yes",), ("X-Auto-Response-Suppress: RN",)),
    ("autoresponder", ("X-Apple-Action: VACATION/1",), ("X-Apple-Action: JUNKMAIL_FILTER",)),
    ("autoresponder", ("X-Mimecast-Originator: <>",), ("X-Mimecast-Originator: example.org",)),
    ("out_of_office", ("Subject: Automatic reply: My data",), ("Subject: Automatic decision about me",)),
    ("out_of_office", ("Subject: Re: AW: [extern] Abwesenheitsnotiz",), ("Subject: Fwd: Abwesenheitsnotiz",)),
    ("out_of_office", ("Subject: Urlaub: 12.-26. Juli",), ("Subject: Urlaubsanspruch und meine Daten",)),
    ("precedence", ("Precedence: Bulk",), ("Precedence: first-class",)),
    ("precedence", ("Precedence: normal", "Precedence: auto_reply"), ("Precedence: normal", "Precedence: urgent")),
    ("mailing_list", ("List-Whatever: x",), ("Listing-Id: 7",)),
    ("mass_mailing", ("Feedback-ID: 1.eu-west-1.x:AmazonSES",), ("Feedback-ID: i1a2b3c4d:Fastmail",)),
    ("mass_mailing", ("X-Campaign-Id: 9",), ("X-Champagne-Id: 9",)),
    ("mass_mailing", ("X-Microsoft-Antispam: BCL:7;ARA:1",), ("X-Microsoft-Antispam: BCL:0;ARA:17",)),
    (
        "mass_mailing",
        ("Return-Path: <b-77-privacy=shop.example.co.uk@lists.example.net>",),
        ("Return-Path: <SRS0=Ab1=CD=example.org=a.b@fwd.example.net>",),
    ),
    (
        "mass_mailing",
        ("Return-Path: <news+privacy=shop.example.co.uk@example.net>",),
        ("Return-Path: <jo+caf_=privacy=shop.example.co.uk@gmail.com>",),
    ),
    ("loop_guard", ("X-Loop: us",), ("X-Lopo: us",)),
    ("loop_guard", ("X-RT-Loop-Prevention: rt.example",), ("X-Prevention: rt.example",)),
    ("machine_headers", ("X-Cron-Env: <SHELL=/bin/sh>",), ("X-Cross-Env: 1",)),
    ("machine_headers", ("X-Mailer: PHPMailer 6.9",), ("X-Mailer: Apple Mail (2.3774.500)",)),
    ("machine_headers", ("X-PHP-Originating-Script: 33:form.php",), ("X-PHP-Originating-Script: 33:rcube.php",)),
    ("machine_headers", ("X-Powered-By: OTRS",), ("X-Powered-By: coffee",)),
    ("machine_sender", ("From: Mail System <MAILER-DAEMON@example.org>",), ("From: Daemona Mailer <d@example.org>",)),
    ("machine_sender", ("Sender: list-bounces@example.org",), ("Sender: secretary@example.org",)),
    ("machine_sender", ("Return-Path: <MAILER-DAEMON>",), ("Return-Path: <mail@example.org>",)),
    ("machine_sender", ("Reply-To: do.not.reply@example.org",), ("Reply-To: please.reply@example.org",)),
    ("no_acknowledgement_wanted", ("X-Ack: No",), ("X-Ack: yes",)),
    ("too_many_hops", ("Received: x",) * 51, ("Received: x",) * 50),
    ("header_too_long", ("X-Pad: " + "x" * 65_536,), ("X-Pad: " + "x" * 60_000,)),
    ("spam_verdict", ("X-Spam-Flag: YES",), ("X-Spam-Flag: NO",)),
    ("spam_verdict", ("X-Spam-Status: Yes, score=9",), ("X-Spam-Status: No, score=1.2 tests=YES_MAN",)),
    ("spam_verdict", ("X-Spam: Yes",), ("X-Spam: no",)),
    ("spam_verdict", ("X-Spam-Level: ***********",), ("X-Spam-Level: ***",)),
    (
        "spam_verdict",
        ("X-Forefront-Antispam-Report: CIP:1.2.3.4;SCL:5;SFV:SPM;CAT:SPM;",),
        ("X-Forefront-Antispam-Report: CIP:1.2.3.4;SCL:1;SFV:NSPM;CAT:NONE;",),
    ),
    ("spam_verdict", ("X-MS-Exchange-Organization-SCL: 6",), ("X-MS-Exchange-Organization-SCL: 1",)),
    ("spam_verdict", ("X-MS-Exchange-Organization-SCL: 9",), ("X-MS-Exchange-Organization-SCL: -1",)),
    ("spam_verdict", ("X-Rspamd-Action: add header",), ("X-Rspamd-Action: no action",)),
    ("spam_verdict", ("X-Spamd-Result: default: True [19 / 15]",), ("X-Spamd-Result: default: False [1 / 15]",)),
    (
        "spam_verdict",
        ("X-Proofpoint-Spam-Details: rule=inbound_spam policy=inbound",),
        ("X-Proofpoint-Spam-Details: rule=notspam policy=default classifier=spam",),
    ),
    ("spam_verdict", ("X-Barracuda-Spam-Flag: YES",), ("X-Barracuda-Spam-Flag: NO",)),
    ("spam_verdict", ("X-Acme-MailScanner-SpamCheck: spam, x",), ("X-Acme-MailScanner-SpamCheck: not spam, x",)),
    ("spam_verdict", ("X-Bogosity: Spam, tests=bogofilter",), ("X-Bogosity: Ham, tests=bogofilter",)),
    ("spam_verdict", ("X-Spam: spam",), ("X-Spam: spamless",)),
    ("spam_verdict", ("X-VR-SPAMSTATE: SPAM:HIGH",), ("X-VR-SPAMSTATE: OK",)),
    ("spam_verdict", ("X-UI-Filterresults: junk:10;V03",), ("X-UI-Filterresults: notjunk:1;V03",)),
    ("spam_verdict", ("X-Yandex-Spam: 4",), ("X-Yandex-Spam: 1",)),
    ("spam_verdict", ("X-ESET-AS: R=SPAM;S=99",), ("X-ESET-AS: R=OK;S=0",)),
    ("spam_verdict", ("X-Virus-Status: Infected (Eicar)",), ("X-Virus-Status: Clean",)),
    ("dmarc_fail", (OURS + " dmarc=fail header.from=example.org",), (OURS + " dmarc=none header.from=example.org",)),
    (
        "dmarc_fail",
        ("Authentication-Results: MX.shop.example.co.uk (we) 1; dmarc = FAIL (p=reject)",),
        ("Authentication-Results: mx.elsewhere.example; dmarc=fail",),
    ),
    (
        "spf_fail",
        (OURS + " spf=fail smtp.mailfrom=example.org",),
        (OURS + " spf=softfail smtp.mailfrom=example.org",),
    ),
    (
        "spf_fail",
        (OURS + " spf=fail smtp.mailfrom=fwd.example.net; dkim=pass header.d=elsewhere.example",),
        (OURS + " spf=fail smtp.mailfrom=fwd.example.net; dkim=pass header.d=example.org",),
    ),
    (
        "spf_fail",
        (OURS + " spf=hardfail smtp.mailfrom=example.org",),
        (OURS + " spf=fail smtp.helo=pc.local; spf=pass smtp.mailfrom=example.org",),
    ),
    ("from_ourselves", ("From: privacy@shop.example.co.uk",), ("From: sales@shop.example.co.uk",)),
    ("from_ourselves", ("From: DPO+7@Shop.Example.co.uk",), ("From: dpo7@shop.example.co.uk",)),
    ("not_addressed_to_us", ("To: undisclosed-recipients:;",), ("To: x@example.net", "Cc: DPO@shop.example.co.uk")),
    (
        "not_addressed_to_us",
        ("To: jo@example.net", f"Delivered-To: {US.mailbox}"),
        ("To: privacy+x@shop.example.co.uk",),
    ),
    ("not_addressed_to_us", ("To: privacy@shop.example",), ("To: jo@example.net", f"Resent-To: Us <{US.mailbox}>")),
    ("no_single_sender", ("From: a@example.org, b@example.org",), ("From: a@example.org", "Sender: b@example.org")),
    ("no_single_sender", ("From: a@example.org", "From: a@example.org"), ("From: a@example.org",)),
    ("no_single_sender", ("From:",), ("From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>",)),
    ("dangerous_sender", ("From: <a%b@example.org>",), ("From: <o'brien+x@example.org>",)),
    ("dangerous_sender", ("From: <a@[192.0.2.1]>",), ("From: <a@xn--bcher-kva.example>",)),
]


@pytest.mark.parametrize(("rule", "lines", "_twin"), TWINS)
def test_the_rule_stops_the_mail_it_is_for(rule: str, lines: tuple[str, ...], _twin: tuple[str, ...]) -> None:
    assert rule in asked(*lines).fired


@pytest.mark.parametrize(("_rule", "_lines", "twin"), TWINS)
def test_the_twin_of_a_stopped_mail_may_be_answered(_rule: str, _lines: tuple[str, ...], twin: tuple[str, ...]) -> None:
    assert asked(*twin).fired == ()


def test_every_rule_has_a_stopped_mail_and_a_twin() -> None:
    assert {rule.name for rule in RULES} == {rule for rule, _, _ in TWINS}


def test_every_row_of_the_table_belongs_to_a_rule() -> None:
    assert {rule for rule, _, _ in HEADERS} <= {rule.name for rule in RULES}


@pytest.mark.parametrize(
    ("rule", "name"), [(rule, name) for rule, names, pattern in HEADERS if not pattern for name in names.split()]
)
def test_a_field_whose_presence_is_enough_stops_a_mail(rule: str, name: str) -> None:
    assert rule in asked(f"{name.replace('*', 'something').title()}: 1").fired


@pytest.mark.parametrize(
    "line",
    [
        "List-Id: <x.example.org>", "List-Unsubscribe: <mailto:x@example.org>", "List-Post: NO", "Mailing-List: x",
        "X-Mailing-List: x", "X-BeenThere: x", "Precedence: junk", "Precedence: list", "Feedback-ID: a:b:c",
        "X-Campaign-Id: 1", "X-CampaignID: 1", "X-Mailgun-Sid: 1", "X-SES-Outgoing: 2026.03.02", "X-SG-EID: 1",
        "X-Mandrill-User: md_1", "X-MC-User: 1", "X-Autoreply: yes", "X-Autorespond: x", "X-Autoresponder: x",
        "X-Autoresponse: x", "X-AutoReply-From: x", "X-Mail-Autoreply: x", "X-Autogenerated: Reply", "X-Loop: x",
        "X-POST-MessageClass: 9; Autoresponder", "X-MS-Exchange-Inbox-Rules-Loop: a@b.example",
        "X-FC-Machinegenerated: true", "X-Auto-Response-Suppress: OOF", "X-OTRS-Loop: 1", "X-Zendesk-Email-Id: 1",
        "X-ServiceNow-Generated: true", "X-JIRA-FingerPrint: 1", "X-GitHub-Reason: mention", "X-RT-Originator: x",
        "X-Mailer: Mailchimp Mailer - **CID1**", "X-Mailer: Zendesk Mailer", "User-Agent: Drupal",
    ],
)  # fmt: skip
def test_the_machine_marks_of_the_world_are_known(line: str) -> None:
    assert asked(line).reason is not None


def test_an_ordinary_mail_may_be_answered_at_its_from_address() -> None:
    assert asked("Reply-To: elsewhere@example.net") == Screening(None, "", (), "alex@example.org")


def test_the_reason_is_the_first_rule_and_the_detail_says_it_in_words() -> None:
    answer = asked("Return-Path: <>", "Auto-Submitted: auto-replied", "Precedence: bulk")
    assert answer.fired == ("null_return_path", "auto_submitted", "precedence")
    assert answer.reason == "null_return_path"
    assert "envelope" in answer.detail


def test_a_mail_that_may_not_be_answered_still_has_its_forward_path_for_the_owner() -> None:
    assert asked("Precedence: bulk").forward_path == "alex@example.org"


def test_without_an_identity_the_rules_about_us_are_skipped() -> None:
    lines = ("To: someone@example.net", "From: privacy@shop.example.co.uk", OURS + " dmarc=fail; spf=fail")
    assert screen(mail(*lines)).fired == ()
    assert asked(*lines).fired == ("dmarc_fail", "spf_fail", "from_ourselves", "not_addressed_to_us")


HIDDEN = [
    b"Auto-Submitted : auto-replied",
    b"Auto-Submitted\t: auto-replied",
    b"Auto-Submitted \t \t: auto-replied",
    b"AUTO-SUBMITTED:AUTO-REPLIED",
    b"aUtO-sUbMiTtEd:\tauto-generated",
    b"Auto-Submitted:\r\n auto-replied",
    b"Auto-Submitted:\r\n\t\r\n auto-replied",
    b"Auto-Submitted\r\n : auto-replied",
    b"Auto-\r\n Submitted: auto-replied",
    b"Auto\r\n\t-Submitted: auto-replied",
    b"Auto-Sub\0mitted: auto-replied",
    b"\0Auto-Submitted: auto-replied",
    b"Auto-Submitted\0: auto-replied",
    b"A\0u\0t\0o\0-\0S\0u\0b\0m\0i\0t\0t\0e\0d\0:\0 \0x\0",
    b"Auto-Submitted: no\r\nAuto-Submitted: auto-replied",
    b"Auto-Submitted: auto-replied\r\nAuto-Submitted: no",
    b"X-Note: hello\rAuto-Submitted: auto-replied\rX-End: 1",
    b"X-Note: hello\nAuto-Submitted: auto-replied",
    b"X-Note: hello\r\r\nAuto-Submitted: auto-replied",
    b"X-Note: hello\x0bAuto-Submitted: auto-replied",
    b"X-Note: hello\x0cAuto-Submitted: auto-replied",
    b"this is no header at all\r\nAuto-Submitted: auto-replied",
    b"this is no header at all\r\n Auto-Submitted: auto-replied",
    b"no header, then: Auto-Submitted\r\nAuto-Submitted: auto-replied",
    b"garbage Auto-Submitted: auto-replied",
    b": Auto-Submitted: auto-replied",
    b"\xef\xbb\xbfAuto-Submitted: auto-replied",
    b"\xa0Auto-Submitted\xa0: auto-replied",
    b"Auto-\x7fSubmitted: auto-replied",
    b"Auto-Submitted: (no) auto-replied",
    b"Auto-Submitted: (no",
    b"Auto-Submitted: =?us-ascii?q?auto-replied?=",
    b"Auto-Submitted: \0auto-replied",
    b"   \r\nAuto-Submitted: auto-replied",
]
PERSON = b"From: alex@example.org\r\nTo: privacy@shop.example.co.uk\r\nSubject: Hello\r\n"


@pytest.mark.parametrize("trick", HIDDEN)
def test_no_spelling_hides_a_field_at_the_top(trick: bytes) -> None:
    assert "auto_submitted" in screen(read(trick + b"\r\n" + PERSON), US).fired


@pytest.mark.parametrize("trick", HIDDEN)
def test_no_spelling_hides_a_field_at_the_bottom(trick: bytes) -> None:
    assert "auto_submitted" in screen(read(PERSON + trick + b"\r\n"), US).fired


@pytest.mark.parametrize(
    ("rule", "trick"),
    [
        ("null_return_path", b"Return-Path :\t<\0>"),
        ("precedence", b"Precedence:\r\n   (a\r\n list"),
        ("precedence", b"Precedence: =?utf-8?b?YnVsaw==?="),
        ("mailing_list", b"garbage\r\nList -Id: <x.example.org>"),
        ("auto_response_suppress", b"X-Auto-Response-Suppress\r\n\t:\r\n\tAll"),
        ("out_of_office", b"Subject: =?utf-8?q?Automatische_Antwort=3A?= x"),
        ("no_single_sender", b"From : victim@example.net"),
        ("delivery_report", b"Content-Type : multipart/report; report-type=delivery-status"),
        ("dmarc_fail", b"Authentication-Results : mx.shop.example.co.uk; dmarc=fail"),
    ],
)
def test_the_raw_scan_serves_every_rule(rule: str, trick: bytes) -> None:
    assert rule in screen(read(PERSON + trick + b"\r\n"), US).fired


def test_what_only_the_parser_saw_counts_too() -> None:
    message = InboundMessage(
        headers=(("precedence", "bulk"),), senders=(Address("", "a@example.org"),), recipients=(US.mailbox,)
    )
    assert screen(message, US).fired == ("precedence",)


@pytest.mark.parametrize(
    "lines",
    [
        ("DKIM-Signature: v=1; h=from:to:subject:\r\n auto-submitted:list-id:\r\n list-unsubscribe:precedence; bh=x",),
        ("X-Note: first line\r\n Auto-Submitted: auto-replied",),
        ("Comments: Precedence: bulk",),
    ],
)
def test_the_continuation_of_a_field_is_not_a_field(lines: tuple[str, ...]) -> None:
    assert asked(*lines).fired == ()


PROVIDERS = {
    "gmail": (
        "Return-Path: <alex.m.1990@gmail.com>",
        "From: Alex M <alex.m.1990@gmail.com>",
        "X-Google-DKIM-Signature: v=1; a=rsa-sha256",
        "X-Gm-Message-State: AOJu0Yx",
        "X-Gm-Gg: ASbGnc",
        "X-Google-Smtp-Source: AGHT+IE",
        "X-Received: by 2002:a05:6402 with SMTP id x",
    ),
    "outlook.com": (
        "From: Alex M <alex@outlook.com>",
        "X-MS-Exchange-Organization-SCL: 1",
        "X-MS-Exchange-Organization-AuthAs: Internal",
        "X-MS-Has-Attach:",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "X-MS-TNEF-Correlator:",
        "X-MS-Exchange-MessageSentRepresentingType: 1",
        "X-Microsoft-Antispam: BCL:0;ARA:14566002|12121999013",
        "X-Forefront-Antispam-Report: CIP:255.255.255.255;CTRY:;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;CAT:NONE;DIR:INB;",
        "X-MS-Exchange-CrossTenant-FromEntityHeader: Hosted",
    ),
    "icloud": (
        "From: Alex <alex@icloud.com>",
        "X-Mailer: iPhone Mail (22B91)",
        "X-Proofpoint-Spam-Details: rule=notspam policy=default score=0 bulkscore=0 classifier=spam",
        "X-Apple-Remote-Links: v=1;",
        "X-Proofpoint-GUID: abc",
    ),
    "yahoo": (
        "From: Alex <alex@yahoo.co.uk>",
        "X-Mailer: WebService/1.1.22876 YMailNorrin",
        "X-YMail-OSG: x",
        "X-Sonic-MF: <alex@yahoo.co.uk>",
        "X-Yahoo-Newman-Property: ymail-3",
    ),
    "proton": (
        "From: Alex <alex@proton.me>",
        "Feedback-ID: 1234567:user:proton",
        "X-Pm-Message-ID: 0123456789abcdef",
    ),
    "gmx": (
        "From: Alex <alex@gmx.de>",
        "X-GMX-Antispam: 0 (Mail was not recognized as spam); Detail=V3;",
        "X-UI-Filterresults: notjunk:1;M01:P0:x",
        "X-Provags-ID: V03:K1:x",
        "X-UI-Out-Filterresults: notjunk:1;",
    ),
    "zoho": ("From: Alex <alex@zohomail.eu>", "Feedback-ID: rr08:zu08:rf08:ZohoMail", "X-Mailer: Zoho Mail"),
    "fastmail": ("From: Alex <alex@fastmail.com>", "Feedback-ID: i1c3946f2:Fastmail", "X-ME-Sender: <xms:x>"),
    "thunderbird": (
        "User-Agent: Mozilla Thunderbird",
        "X-Mozilla-News-Host: news://x",
        "Disposition-Notification-To: a@b.cc",
    ),
    "roundcube": (
        "User-Agent: Roundcube Webmail/1.6.9",
        "X-PHP-Originating-Script: 1001:rcmail.php",
        "X-Sender: a@b.cc",
    ),
    "open-xchange": ("X-Mailer: Open-Xchange Mailer v8.29", "X-Originating-Client: open-xchange-appsuite"),
    "mimecast": ("X-MC-Unique: kJ8s", "X-Mimecast-Originator: example.org", "X-Mimecast-Spam-Score: 0"),
    "spamassassin": ("X-Spam-Checker-Version: SpamAssassin 4", "X-Spam-Level: **", "X-Spam-Status: No, score=2.1"),
    "yandex": ("X-Yandex-Spam: 1", "X-Yandex-Fwd: 1"),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_ordinary_providers_add_stops_nobody(provider: str) -> None:
    assert asked(*PROVIDERS[provider]).fired == ()


PROGRAMS = """
mailer-daemon MAILER-DAEMON mailerdaemon maildaemon postmaster post_master listserv majordomo root nobody owner-news
news-request news-bounces bounce bounces bounce+x bounce-1 bounces+1-a=b no-reply noreply no_reply no.reply
donotreply do-not-reply do_not_reply do.not.reply dont-reply noreply-dmarc-support linkedinnoreply x-noreply-y
noreply+tag root+x postmaster+1
nicht-antworten bitte-nicht-antworten keine-antwort nichtantworten ne-pas-repondre nepasrepondre
no-responder noresponder nao-responda naoresponder non-rispondere nonrispondere niet-beantwoorden geenantwoord
svar-ikke svar-ej svarainte ikke-svar ala-vastaa nie-odpowiadaj neodpovidat ne-valaszoljon nu-raspundeti
notifications notify order-notifications newsletter alerts auto-reply autoresponder automated-notifications
auto-confirm www-data cron
"""


@pytest.mark.parametrize("local", PROGRAMS.split())
def test_a_program_s_local_part_is_not_answered(local: str) -> None:
    assert asked(f"From: Shop <{local}@example.org>", f"Return-Path: <{local}@example.org>").reason == "machine_sender"


PEOPLE = """
alex rooty groot nobodyknows bounceback.mountain jo.root.smith andrejsvarc eleanor.reply requesty bruno.responda
daemona.west noor.reply-smith jan.novak ilse.nicht owner homeowner mailman.jo notifyer novak.odpoved rene.post
"""


@pytest.mark.parametrize("local", PEOPLE.split())
def test_a_person_s_local_part_is_answered(local: str) -> None:
    assert asked(f"From: <{local}@example.org>", f"Return-Path: <{local}@example.org>").fired == ()


@pytest.mark.parametrize(
    "address",
    [
        "a@b@example.org", "a%b@example.org", "host!user@example.org", "-oq@example.org", '"a b"@example.org',
        "a b@example.org", "a,b@example.org", "a(b)@example.org", "jörg@example.org", "a@[192.0.2.1]",
        "a@[IPv6:::1]", "a@192.0.2.1", "a@localhost", "a@box.localdomain", "a@x.invalid", "a@bücher.example",
        "a@раypal.com", "a@-x.example.org", "a@x_y.example.org", "a@example..org", ".a@example.org", "a..b@example.org",
        "a.@example.org", "|sh@example.org", "/etc/passwd@example.org", "a`id`@example.org", "a\n@example.org",
        "a@example.org\r\nBcc: b@example.org", "a\0@example.org", "a@example.org ", "", "@example.org", "a@", "a",
        "x" * 65 + "@example.org", "a@" + "x." * 130 + "org", "a@" + "x" * 64 + ".org", "a@example.org.",
    ],
)  # fmt: skip
def test_a_dangerous_address_is_never_a_forward_path(address: str) -> None:
    message = InboundMessage(senders=(Address("", address),), recipients=(US.mailbox,))
    answer = screen(message, US)
    assert answer.forward_path is None
    assert "dangerous_sender" in answer.fired


@pytest.mark.parametrize(
    "address",
    ["o'brien@example.org", "a+b=c@example.org", "A.B-C_d@Example.org", "x@a.b.c.example.org", "1@1and1.com",
     "x" * 64 + "@example.org", "a@xn--80ak6aa92e.com", "a@example.xn--p1ai", "{a}@example.org", "a@3m.de"],
)  # fmt: skip
def test_a_lawful_address_is_a_forward_path(address: str) -> None:
    answer = screen(InboundMessage(senders=(Address("", address),), recipients=(US.mailbox,)), US)
    assert (answer.forward_path, answer.fired) == (address, ())


AUTOMATIC = """
Automatic reply: x|Out of Office: x|Out of the office|Auto-reply|RE: Automatic reply: x|Re[2]: autoreply
[EXTERNAL] Automatic reply: x|***EXTERN*** Automatische Antwort: x|Jo Doe is out of the office (back 3 May)
Re: Your letter (out of office)|On annual leave until Monday|Vacation|Away until May 5|Annual leave: 3-9 May
Automatische Antwort: x|Abwesenheitsnotiz|Antwort: Ich bin im Urlaub|Jo Doe ist außer Haus.|Abwesend
Réponse automatique : x|Reponse automatique|REPONSE AUTOMATIQUE|Absence du bureau|Respuesta automática: x
Fuera de la oficina|Risposta automatica: x|Fuori ufficio|Resposta automática: x|Ausência temporária
Automatisch antwoord: x|Afwezig: x|Automatiskt svar: x|Frånvaromeddelande|Automatisk svar: x|Fravær
Automaattinen vastaus: x|Poissa|Automaatvastus: x|Automatyczna odpowiedź: x|Automatická odpověď: x
Automatická odpoveď: x|Automatikus válasz: x|Házon kívül|Răspuns automat: x|Raspuns automat
Автоматичен отговор: x|Αυτόματη απάντηση: x|ΑΥΤΟΜΑΤΗ ΑΠΑΝΤΗΣΗ|Automatski odgovor: x|Samodejni odgovor: x
Automatinis atsakymas: x|Automātiska atbilde: x|Freagra uathoibríoch: x|Tweġiba awtomatika: x
Sjálfvirkt svar: x|Otomatik yanıt: x|OTOMATİK YANIT: x|Otomatik Yanit|Автоматический ответ: x
Автоматична відповідь: x|Аутоматски одговор|Përgjigje automatike|Ateb awtomatig: x|自动答复: x|自動回覆: x
自動応答: x|자동 회신: x|رد تلقائي: x|תשובה אוטומטית: x|Trả lời tự động: x
"""


@pytest.mark.parametrize("subject", AUTOMATIC.strip().replace("\n", "|").split("|"))
def test_an_automatic_answer_is_known_by_its_subject(subject: str) -> None:
    assert screen(mail(f"Subject: {subject}"), US).reason == "out_of_office"


@pytest.mark.parametrize(
    "subject",
    [
        "automatic decision", "Automatically rejected application", "My data", "Subject access request", "Re: answer",
        "Vacation rental account: delete my data", "Absent records", "Urlaubsreise 2024: Löschung meiner Daten",
        "Fwd: Automatic reply: x", "WG: Abwesenheitsnotiz", "Auto: Frage zu meiner Versicherung", "Away team photos",
        "Complaint: nobody answers", "Ausente de mis datos", "Automatische Entscheidung", "décision automatique",
        "Ferienwohnung", "Is anyone out there?", "Delivery failure of my parcel", "Re: Undeliverable parcel",
        "I left the company", "", "Poissaolot 2024",
        "Out of officer training", "[DSR-26-7F3KQ] more documents",
    ],
)  # fmt: skip
def test_an_ordinary_subject_stops_nobody(subject: str) -> None:
    assert screen(mail(f"Subject: {subject}"), US).fired == ()


@pytest.mark.parametrize(
    "kinds",
    [
        ("multipart/report", "text/plain", "message/delivery-status"),
        ("multipart/mixed", "text/plain", "message/delivery-status", "message/rfc822"),
        ("multipart/report", "text/plain", "message/disposition-notification"),
        ("multipart/mixed", "message/feedback-report"),
        ("multipart/mixed", "text/plain", "text/rfc822-headers"),
        ("message/global-delivery-status",),
    ],
)
def test_a_report_is_known_by_its_parts(kinds: tuple[str, ...]) -> None:
    assert screen(mail(content_types=kinds), US).reason == "delivery_report"


def test_a_person_may_forward_a_bounce_as_an_attachment() -> None:
    kinds = ("multipart/mixed", "text/plain", "message/rfc822", "multipart/report", "message/delivery-status")
    assert screen(mail(content_types=kinds), US).fired == ()


def test_results_under_another_server_s_name_say_nothing() -> None:
    lines = ("Authentication-Results: mx.evil.example; dmarc=fail; spf=fail", "Received-SPF: fail")
    assert asked(*lines).fired == ()


def test_a_failure_under_our_name_counts_wherever_it_stands() -> None:
    block = b"\r\n".join(
        (
            OURS.encode() + b" dmarc=pass header.from=example.org",
            b"Received: from mail.example.org by mx.shop.example.co.uk",
            OURS.encode() + b" dmarc=fail header.from=example.org",
            PERSON,
        )
    )
    assert screen(read(block), US).fired == ("dmarc_fail",)


def test_separate_results_of_one_hop_are_read_together() -> None:
    top = (OURS + " dkim=pass header.i=@example.org", "X-Other: 1", OURS + " spf=fail smtp.mailfrom=fwd.example")
    assert screen(read("\r\n".join((*top, "Received: x", "")).encode() + PERSON), US).fired == ()


@pytest.mark.parametrize("forged", [" dkim=pass header.d=example.org", " dmarc=pass header.from=example.org"])
def test_a_pass_below_our_server_s_hop_lifts_nothing(forged: str) -> None:
    top = (OURS + " spf=fail smtp.mailfrom=example.org", "Received: from x by mx.shop.example.co.uk", OURS + forged)
    assert screen(read("\r\n".join((*top, "")).encode() + PERSON), US).fired == ("spf_fail",)


def test_results_right_below_our_own_received_line_are_ours() -> None:
    top = ("Received: x", OURS + " spf=fail smtp.mailfrom=a.example; dkim=pass header.d=example.org", "Received: y", "")
    assert screen(read("\r\n".join(top).encode() + PERSON), US).fired == ()


@pytest.mark.parametrize(
    ("signer", "fired"),
    [
        ("example.org", ()),
        ("mail.example.org", ()),
        ("org", ()),
        ("notexample.org", ("spf_fail",)),
        ("", ("spf_fail",)),
    ],
)
def test_a_signature_must_be_of_the_sender_s_domain(signer: str, fired: tuple[str, ...]) -> None:
    assert asked(f"{OURS} spf=fail smtp.mailfrom=f.example; dkim=pass header.d={signer}").fired == fired


@pytest.mark.parametrize(
    "value",
    [
        'spf=fail smtp.mailfrom="("@x.example; dmarc=fail',
        "spf=fail smtp.mailfrom=(@x.example; dmarc=fail",
        'spf=fail (domain of "a)b"@x.example does not like us); dmarc=fail (p=none)',
        "=;=; dmarc=fail",
        "dkim=pass header.d=\x80; dmarc = \t fail",
        "((((" * 900 + "dmarc=fail",
    ],
)
def test_a_result_that_cannot_be_read_still_counts_by_its_failures(value: str) -> None:
    assert "dmarc_fail" in asked(f"{OURS} {value}").fired


M365_LINE = (
    "Authentication-Results: spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=example.org; dkim=none (message not"
    " signed) header.d=none;dmarc=fail action=none header.from=example.org;compauth=fail reason=001"
)


def test_microsoft_365_s_nameless_result_counts_only_where_we_are_told_so() -> None:
    there = Identity(US.mailbox, US.addresses, authserv_ids=frozenset({"m365"}))
    assert screen(mail(M365_LINE), there).fired == ("dmarc_fail", "spf_fail")
    assert asked(M365_LINE).fired == ()


def test_microsoft_365_s_pass_is_read_as_well() -> None:
    there = Identity(US.mailbox, US.addresses, authserv_ids=frozenset({"m365"}))
    line = M365_LINE.replace("dmarc=fail", "dmarc=pass").replace("dkim=none", "dkim=pass")
    assert screen(mail(line), there).fired == ()


FORM = ("From: Contact form <Form@shop.example.co.uk>", "Return-Path: <www-data@web1.shop.example.co.uk>")


def test_a_trusted_form_is_answered_at_its_reply_to_although_it_is_a_machine() -> None:
    machine = (
        "Auto-Submitted: auto-generated",
        "X-Mailer: PHPMailer 6",
        "X-SES-Outgoing: 1",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: All",
    )
    answer = asked(*FORM, *machine, "Reply-To: Kim <kim@example.net>")
    assert (answer.fired, answer.forward_path) == ((), "kim@example.net")


def test_a_trusted_form_may_write_under_our_own_address() -> None:
    ours = Identity(US.mailbox, US.addresses, forms=frozenset({"Privacy@shop.example.co.uk"}))
    lines = ("From: privacy@shop.example.co.uk", "Reply-To: kim@example.net")
    assert screen(mail(*lines), ours).fired == ()
    assert asked(*lines).fired == ("from_ourselves",)


@pytest.mark.parametrize(
    ("lines", "fired"),
    [
        ((), ("no_single_sender",)),
        (("Reply-To: a@example.net, b@example.net",), ("no_single_sender",)),
        (("Reply-To: privacy@shop.example.co.uk",), ("from_ourselves",)),
        (("Reply-To: no-reply@example.net",), ("machine_sender",)),
        (("Reply-To: <a%b@example.net>",), ("dangerous_sender",)),
        (("Reply-To: a@example.net", "Auto-Submitted: auto-replied"), ("auto_submitted",)),
        (("Reply-To: a@example.net", "Return-Path: <>"), ("null_return_path",)),
        (("Reply-To: a@example.net", OURS + " dmarc=fail"), ("dmarc_fail",)),
        (("Reply-To: a@example.net", "X-Spam-Flag: YES"), ("spam_verdict",)),
    ],
)
def test_a_trusted_form_is_not_trusted_with_everything(lines: tuple[str, ...], fired: tuple[str, ...]) -> None:
    assert asked(*FORM, *lines).fired == fired


def test_a_stranger_s_reply_to_is_not_trusted_because_a_form_s_is() -> None:
    lines = ("From: form@shop.example.com", "Reply-To: victim@example.net")
    assert asked(*lines).forward_path == "form@shop.example.com"


@pytest.mark.parametrize(
    "block",
    [
        b"\n" * 65_000,
        b"a\n" * 32_000,
        b"a\n" + b" b\n" * 20_000,
        b"From: " + b"<" * 60_000,
        b"From: " + b"," * 60_000,
        b"Sender: " + b"a=" * 30_000,
        b"Resent-To: " + b"a" * 60_000,
        b"Return-Path: <" + b"-" * 30_000 + b"@" + b"x." * 10_000,
        b"Auto-Submitted: " + b"(" * 60_000,
        b'Auto-Submitted: "' + b"\\" * 60_000,
        b"Subject: " + b"*" * 60_000,
        b"Subject: " + b"re: [" * 12_000,
        b"X-Proofpoint-Spam-Details: " + b"rule=" * 12_000,
        b"X-Mailer: " + b"webmai" * 10_000,
        b"Authentication-Results: mx.shop.example.co.uk; " + b"a=(" * 20_000,
        b"Authentication-Results: mx.shop.example.co.uk; dmarc=fail\n" * 1_100,
        b" : ".join([b"x"] * 15_000),
    ],
)
def test_a_hostile_header_is_read_to_its_end(block: bytes) -> None:
    message = InboundMessage(header_block=block, senders=(Address("", "a@example.org"),), subject="*[re:" * 12_000)
    assert "not_addressed_to_us" in screen(message, US).fired


@settings(deadline=None)
@given(st.binary(max_size=400), st.text(max_size=60), st.text(max_size=60))
def test_whatever_arrives_screening_never_raises(block: bytes, subject: str, address: str) -> None:
    raw = OURS.encode() + block + b"\r\nAuto-Submitted" + block + b"\r\n" + block
    message = InboundMessage(header_block=raw, subject=subject, senders=(Address("", address),))
    answer = screen(message, US)
    assert answer.fired
    assert answer.forward_path in (None, address)
