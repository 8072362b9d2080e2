"""Mail as people and machines send it, written for the tests."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

REQUESTS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("access",), "My data", "Hello,\n\nplease send me a copy of all the personal data you hold about me.\n\nAnn"),
    (("access",), "question", "what do you know about me? I want to see everything you have on me"),
    (("erasure",), "Account", "Please delete my account and all my personal data.\nThanks, Bea"),
    (("erasure",), "Leaving", "I have left the club. Erase all the data you hold about me."),
    (("rectification",), "Wrong", "My date of birth is wrong in your records. Please correct it: 4 May 1971."),
    (("rectification",), "Surname", "You have my surname spelt wrong, please correct my name in your records."),
    (("restriction",), "Dispute", "Please restrict the processing of my personal data until my claim is settled."),
    (("objection",), "Leaflets", "Stop sending me your marketing emails."),
    (("objection",), "Profiling", "I object to you using my data for profiling."),
    (("portability",), "Moving", "Please send my data to my new provider in a machine readable format."),
    (("automated_decision",), "Loan", "Your computer turned down my loan. I want a human to review my application."),
    (("consent_withdrawal",), "Photos", "I withdraw my consent to the use of my photos."),
    (
        ("access", "erasure"),
        "Two things",
        "Send me a copy of all the personal data you hold about me.\n\nAfter that, delete my account and all my data.",
    ),
    (
        ("erasure", "objection"),
        "Enough",
        "Please delete all my personal data.\n\nAnd stop sending me your newsletters.",
    ),
)
_TOPICS = ("invoice", "meeting", "quote", "delivery", "lunch", "contract")
ORDINARY = tuple(
    (f"About the {topic} of week {week}", f"Hi,\n\nis the {topic} of week {week} all set? See you soon.\n\nKim")
    for topic in _TOPICS
    for week in range(41, 46)
)
AUTOMATED: tuple[tuple[str, dict[str, str]], ...] = (
    ("Out of office: Re: hello", {"Auto-Submitted": "auto-replied"}),
    ("Undelivered Mail Returned to Sender", {"From": "MAILER-DAEMON@mail.example.net", "Return-Path": "<>"}),
    ("Weekly news", {"List-Unsubscribe": "<https://news.example.net/u>", "Precedence": "bulk"}),
    ("Your ticket 4711", {"X-Auto-Response-Suppress": "All"}),
    ("Backup finished", {"From": "root@server.example.net", "Auto-Submitted": "auto-generated"}),
    ("Your parcel", {"From": "no-reply@parcels.example.net"}),
    ("Digest of the list", {"List-Id": "<talk.example.net>"}),
    ("Winter sale", {"Feedback-ID": "1:2:3:mail"}),
    ("I am away until Monday", {"X-Autoreply": "yes"}),
    ("Vote today", {"Precedence": "list"}),
    ("Report domain: example.co.uk", {"From": "noreply-dmarc@google.example", "Auto-Submitted": "auto-generated"}),
    ("Receipt", {"X-SES-Outgoing": "2026.11.22-54.240.3.1", "Feedback-ID": "ses:1"}),
)
_MACHINE_TEXT = "This mail was made by a machine. The figures of the week stand below.\n\n12 34 56"
PORTAL_TEXT = "A visitor filled in the form: please delete my account and all my personal data."


@dataclass(frozen=True, slots=True)
class Post:
    """A mail to deliver: its bytes, what it asks for, and the address of whoever wrote it."""

    raw: bytes
    sender: str
    rights: tuple[str, ...] = ()


def mail(to: str, sender: str, subject: str, body: str, at: datetime, **headers: str) -> bytes:
    """A mail as it lies in the mailbox: with the Received line of the company's own server."""
    message = EmailMessage()
    message["Return-Path"] = f"<{sender}>"
    stamp = format_datetime(at)
    message["Received"] = f"from relay.example.net by mail.example.co.uk with ESMTPS id {sender}; {stamp}"
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = stamp
    message["Message-ID"] = f"<{sender.partition('@')[0]}.{at:%Y%m%d%H%M%S}@example.net>"
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def requests(to: str, at: datetime) -> list[Post]:
    """Fourteen requests: every right, some several."""
    return [
        Post(mail(to, f"person{number}@example.net", subject, body, at), f"person{number}@example.net", rights)
        for number, (rights, subject, body) in enumerate(REQUESTS)
    ]


def ordinary(to: str, at: datetime) -> list[Post]:
    """Thirty mails of an ordinary day."""
    return [
        Post(mail(to, f"kim{number}@example.org", subject, body, at), f"kim{number}@example.org")
        for number, (subject, body) in enumerate(ORDINARY)
    ]


def automated(to: str, at: datetime, body: str = _MACHINE_TEXT) -> list[Post]:
    """Twelve mails of machines."""
    return [
        Post(
            mail(to, f"machine{number}@example.net", subject, body, at, **headers),
            headers.get("From", f"machine{number}@example.net"),
        )
        for number, (subject, headers) in enumerate(AUTOMATED)
    ]
