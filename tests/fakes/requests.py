"""A request and its letter, as plain values to vary."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from inbox_bot.domain.message import Place
from inbox_bot.domain.request import Evidence, Request, Right, State

REQUEST = Request(
    reference="DSR-26-7F3K7",
    state=State.OPEN,
    outcome=None,
    rights=(Right.ACCESS,),
    language="en",
    received_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
    received_on=date(2026, 11, 23),
    due_on=date(2026, 12, 23),
    extended=False,
    law="uk_gdpr",
    place="GB-ENG",
    channel="email",
    sender="alex@example.org",
    message_id="<1@example.org>",
    text_hash="0f",
    evidence=(Evidence("en/access", "a copy of my data", "new", 3, 10.0),),
    marks=(),
    withheld=None,
    location=Place("INBOX", 7, 1),
)


def request(reference: str = REQUEST.reference, **changes: Any) -> Request:
    """The request, with some of its columns changed."""
    return replace(REQUEST, reference=reference, **changes)
