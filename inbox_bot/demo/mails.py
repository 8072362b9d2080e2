"""A morning's mail for the demo, written for it: requests as people write them, and what arrives between them.

Every person and company is invented; every domain is reserved (RFC 2606), so nothing can reach anyone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from textwrap import dedent


@dataclass(frozen=True, slots=True)
class DemoMail:
    """A mail as it lies in the mailbox. raw: RFC 5322 with CRLF. received_at: aware. label: what it is, for a table."""

    raw: bytes
    received_at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """One mail to be written. age: minutes before now. fill: puts the text into the message."""

    label: str
    age: int
    sender: str
    subject: str
    text: str
    fill: Callable[[EmailMessage, str], None]
    headers: tuple[tuple[str, str], ...] = ()


def mails(now: datetime, mailbox: str) -> list[DemoMail]:
    """The demo's mails to `mailbox`, oldest first, received within `OLDEST` before `now` (aware). Always the same."""
    return [_write(draft, now, mailbox) for draft in sorted(_DRAFTS, key=lambda draft: -draft.age)]


def _write(draft: _Draft, now: datetime, mailbox: str) -> DemoMail:
    received_at = now - timedelta(minutes=draft.age)
    _, address = parseaddr(draft.sender)
    host = f"mail.{address.partition('@')[2]}"
    message = EmailMessage(policy=SMTP)
    null_sender = any(name == "Auto-Submitted" for name, _ in draft.headers)
    message["Return-Path"] = "<>" if null_sender else f"<{address}>"
    message["Received"] = (
        f"from {host} ({host} [192.0.2.25]) by mail.demo.invalid with ESMTPS"
        f" for <{mailbox}>; {format_datetime(received_at)}"
    )
    message["From"] = draft.sender
    message["To"] = mailbox
    message["Subject"] = draft.subject
    message["Date"] = format_datetime(received_at - timedelta(seconds=4))
    message["Message-ID"] = f"<{received_at:%Y%m%d%H%M%S}.{draft.age}@{host}>"
    for name, value in draft.headers:
        message[name] = value
    draft.fill(message, dedent(draft.text).lstrip("\n").replace("{mailbox}", mailbox))
    return DemoMail(message.as_bytes(), received_at, draft.label)


def _plain(message: EmailMessage, text: str) -> None:
    message.set_content(text)


def _html(message: EmailMessage, text: str) -> None:
    message.set_content(text, subtype="html")


def _both(message: EmailMessage, text: str) -> None:
    """Plain text, and the same as HTML: what most mail programs send."""
    paragraphs = "".join(f"<p>{paragraph}</p>\n" for paragraph in text.strip().split("\n\n"))
    message.set_content(text)
    message.add_alternative(f"<html><body>\n{paragraphs}</body></html>\n", subtype="html")
    message.set_boundary("=_both")


def _invoice(message: EmailMessage, text: str) -> None:
    """The text with a document attached. The document is a stub: attachments are never opened."""
    message.set_content(text)
    message.add_attachment(b"%PDF-1.4\n%%EOF\n", maintype="application", subtype="pdf", filename="invoice-20418.pdf")
    message.set_boundary("=_invoice")


def _bounce(message: EmailMessage, text: str) -> None:
    """A delivery status notification (RFC 3462, RFC 3464): words, then fields, then the returned headers."""
    words, fields, headers = text.split("\n--\n")
    explanation, status, returned = (EmailMessage(policy=SMTP) for _ in range(3))
    explanation.set_content(words)
    returned.set_content(headers, subtype="rfc822-headers")
    status["Content-Type"] = "message/delivery-status"
    for block in fields.split("\n\n"):
        status.attach(message_from_string(block, EmailMessage, policy=SMTP))
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = 'multipart/report; report-type=delivery-status; boundary="=_report"'
    for part in (explanation, status, returned):
        message.attach(part)


_DRAFTS = (
    _Draft(
        label="formal access letter",
        age=1560,
        sender="Harriet Okafor <h.okafor@westmail.example>",
        subject="Subject access request under Article 15 UK GDPR",
        fill=_plain,
        text="""
        Dear Data Protection Officer,

        I have held an account with you since 2019 (customer number
        77-40213). Under Article 15 of the UK GDPR I request a copy of all
        personal data you process about me, including order history,
        correspondence, call recordings and any notes made by your staff.

        Please also tell me for what purposes you use the data, with whom
        you have shared it, how long you intend to keep it, and where you
        obtained anything that did not come from me.

        Yours faithfully,
        Harriet Okafor
        """,
    ),
    _Draft(
        label="invoice",
        age=1490,
        sender="Fenwright Supplies <accounts@fenwright.example>",
        subject="Invoice 20418 for October deliveries",
        fill=_invoice,
        text="""
        Good afternoon,

        Please find attached invoice 20418 for the October deliveries to
        your Bristol store: 40 cartons of till rolls and 12 of packing tape,
        £312.60 including VAT. Payment is due within 30 days of the invoice
        date to our usual account.

        The driver asks for access to the loading bay from 7 am next time,
        as the front entrance was still locked.

        Kind regards,
        Moira Fenwright
        """,
    ),
    _Draft(
        label="rectification after moving house",
        age=1275,
        sender="Zoë Aldous <zoe.aldous@hilltop.example>",
        subject="New address",
        fill=_both,
        text="""
        Hello,

        we moved on the 3rd, and two parcels have gone to the old flat since. The address you have on file for me is wrong. Please correct it to 8 Quarry Rise, Stirling, and change the surname from Bell to Aldous while you are there. It is misspelt on your letters as "Aldus", too.

        Could you also let whoever ships for you know?

        Thanks!
        Zoë
        """,  # noqa: E501 one line a paragraph, as mail programs send it
    ),
    _Draft(
        label="newsletter",
        age=1130,
        sender="Retail Weekly <news@retailweekly.example>",
        subject="This week: five ways to handle data requests without losing sleep",
        headers=(
            ("List-ID", "Retail Weekly <weekly.retailweekly.example>"),
            ("List-Unsubscribe", "<https://retailweekly.example/u/4471>, <mailto:leave@retailweekly.example>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("Precedence", "bulk"),
        ),
        fill=_both,
        text="""
        Customers are asking more often: "send me a copy of my personal data." Our columnist has five habits that keep a small shop calm.

        Also in this issue: card fees, late trains, and the return of the paper catalogue.

        You receive this mail because you subscribed. To exercise your rights under the GDPR, including the right to erasure, see our privacy notice.
        """,  # noqa: E501 the same
    ),
    _Draft(
        label="chatty question: what do you know about me?",
        age=940,
        sender="Dev Raman <dev.raman@northpost.example>",
        subject="quick question",
        fill=_plain,
        text="""
        hiya

        weird one maybe. my mate says shops like yours keep all sorts on
        people, so now im curious: what do you actually know about me? can
        you send me everything youve got, orders, emails, whatever is in the
        system under my name

        no rush, cheers
        Dev
        """,
    ),
    _Draft(
        label="erasure, and no more marketing",
        age=815,
        sender="Colin Straker <colin@straker.example>",
        subject="Close my account",
        fill=_plain,
        text="""
        Dear Sir or Madam,

        I no longer shop with you. Please close my account and delete all
        the personal information you hold about me.

        I also object to my details being used for direct marketing. I have
        pressed "unsubscribe" three times this year and the offers keep
        coming, by post as well. Take me off every list, please.

        Confirm in writing once this has been done.

        C. Straker
        """,
    ),
    _Draft(
        label="bounce",
        age=700,
        sender="Mail Delivery System <MAILER-DAEMON@northpost.example>",
        subject="Undelivered Mail Returned to Sender",
        headers=(("Auto-Submitted", "auto-replied"),),
        fill=_bounce,
        text="""
        This is the mail system at northpost.example.

        Your message could not be delivered to one of its recipients. The
        reason given by the other server is below.

        <old.customer@northpost.example>: 550 5.1.1 no such mailbox
        --
        Reporting-MTA: dns; mail.northpost.example

        Final-Recipient: rfc822; old.customer@northpost.example
        Action: failed
        Status: 5.1.1
        Diagnostic-Code: smtp; 550 5.1.1 no such mailbox
        --
        From: {mailbox}
        To: old.customer@northpost.example
        Subject: Your order is ready to collect
        """,
    ),
    _Draft(
        label="solicitor for a client",
        age=455,
        sender="Imogen Vale <i.vale@pembertonvale.example>",
        subject="Our client: Mr Tobias Lund - our ref IV/3312",
        headers=(("Importance", "high"),),
        fill=_both,
        text="""
        Dear Sirs,

        We act for Mr Tobias Lund of 2 Mill Cottages, Hexham, in connection with an accident at your Newcastle store. A signed form of authority can be provided on request.

        On behalf of our client we request disclosure of all personal data concerning him, to include the accident report, CCTV footage of the day and internal correspondence in which he is named.

        We look forward to hearing from you within the statutory period.

        Yours faithfully,
        Pemberton Vale Solicitors
        """,  # noqa: E501 the same
    ),
    _Draft(
        label="portability",
        age=330,
        sender="Aoife Brennan <aoife.brennan@lakeside.example>",
        subject="Moving my purchase history",
        fill=_plain,
        text="""
        Hi there,

        I am switching to another loyalty scheme and would like to take my
        data with me. Please export the data I have given you (profile,
        purchases, wish lists) in a machine-readable format such as CSV or
        JSON, or transfer it directly to the new provider if you can.

        Many thanks
        Aoife Brennan
        """,
    ),
    _Draft(
        label="out-of-office reply",
        age=262,
        sender="Marta Nowak <m.nowak@fenwright.example>",
        subject="Automatic reply: Delivery slots for December",
        headers=(("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")),
        fill=_plain,
        text="""
        Thank you for your mail. I am out of the office until Thursday and
        will read it when I am back.

        For anything urgent, including questions about personal data, please
        ring our switchboard.

        Marta Nowak
        """,
    ),
    _Draft(
        label="request in the third paragraph of a rant",
        age=187,
        sender="Gordon Pike <gpike@northpost.example>",
        subject="Re: Re: broken kettle AGAIN",
        headers=(
            ("In-Reply-To", "<case-88121@support.example>"),
            ("References", "<case-88120@support.example> <case-88121@support.example>"),
        ),
        fill=_plain,
        text="""
        So that is the second kettle that leaks, and your "customer care"
        tells me to descale it. I descaled it. I have descaled more kettles
        than you have sold.

        Then a lad on the phone says there is "a note on my account" that I
        am difficult. Difficult! I have bought from you for twenty-two years
        and never once raised my voice before Tuesday.

        I want to see that note, and every other note, recording and record
        you hold on me. All of it. You have to give it to me by law and I
        will be counting the days.

        And I want a kettle that holds water.

        G. Pike

        > On Monday Support wrote:
        > We are sorry to hear that. Have you tried descaling the kettle?
        """,
    ),
    _Draft(
        label="meeting",
        age=96,
        sender="Priya Nair <priya@fitout.example>",
        subject="Thursday 10:30 - shelving for the new shop",
        fill=_plain,
        text="""
        Hi all,

        could we move Thursday's meeting to 10:30? I will bring the revised
        drawings and the data sheets for the shelving. We still need a
        decision on the colour, and whether to delete the second counter
        from the plan.

        See you then
        Priya
        """,
    ),
    _Draft(
        label="complaint",
        age=54,
        sender="Ruth Ellery <ruth.ellery@westmail.example>",
        subject="Complaint about how you handled my personal data",
        fill=_plain,
        text="""
        To whom it may concern,

        I wish to make a formal complaint about the way my personal data has
        been handled. On Friday your store in Exeter emailed my prescription
        order, with my name and date of birth, to another customer, who was
        kind enough to tell me.

        Please investigate and tell me what you have done about it. If I am
        not satisfied I will go to the Information Commissioner.

        Ruth Ellery
        """,
    ),
    _Draft(
        label="restriction, in HTML only",
        age=12,
        sender="Samir Haddad <samir.haddad@lakeside.example>",
        subject="Balance on my account",
        fill=_html,
        text="""
        <html><head><style>p { font: 15px sans-serif }</style></head><body>
        <p>Hello,</p>
        <p>your letter says I owe &pound;84.10. I paid that in May and have the receipt.</p>
        <p>I dispute the accuracy of this record. Until you have checked it, please <b>restrict the
        processing of my personal data</b>: do not pass it to a debt collector or a credit agency.</p>
        <p>Regards<br>Samir Haddad</p>
        <p style="display:none">tracking pixel text</p>
        </body></html>
        """,
    ),
)

OLDEST = timedelta(minutes=max(draft.age for draft in _DRAFTS))
"""How long before `now` the first mail was received: a baseline must lie further back, or they count as old mail."""
