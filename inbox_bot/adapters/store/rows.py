"""Rows of the register as frozen values, and back."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from inbox_bot.domain.message import Place
from inbox_bot.domain.outbox import Draft, Kind, Letter, LetterState
from inbox_bot.domain.request import Event, Evidence, Outcome, Request, Right, State, Step

Row = Mapping[str, Any]


def instant(at: datetime) -> str:
    """An aware instant as text whose order is the order of time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def from_instant(text: str | None) -> datetime | None:
    """The instant back from its text."""
    return None if text is None else datetime.fromisoformat(text)


def _known(text: str) -> datetime:
    return datetime.fromisoformat(text)


def request_to_row(request: Request) -> dict[str, object]:
    """The columns of `request`, less `sender_hash`."""
    place = request.location
    evidence = [[e.rule, e.words, e.where, e.offset, e.weight] for e in request.evidence]
    return {
        "reference": request.reference,
        "state": str(request.state),
        "outcome": request.outcome and str(request.outcome),
        "rights": " ".join(request.rights),
        "language": request.language,
        "received_at": instant(request.received_at),
        "received_on": request.received_on.isoformat(),
        "due_on": request.due_on.isoformat(),
        "extended": int(request.extended),
        "law": request.law,
        "place": request.place,
        "channel": request.channel,
        "sender": request.sender,
        "message_id": request.message_id,
        "text_hash": request.text_hash,
        "evidence": json.dumps(evidence, ensure_ascii=False),
        "marks": " ".join(request.marks),
        "withheld": request.withheld,
        "folder": place and place.folder,
        "uidvalidity": place and place.uidvalidity,
        "uid": place and place.uid,
        "closed_at": request.closed_at and instant(request.closed_at),
    }


def row_to_request(row: Row) -> Request:
    """A request from its row."""
    place = None if row["folder"] is None else Place(row["folder"], row["uidvalidity"], row["uid"])
    return Request(
        reference=row["reference"],
        state=State(row["state"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        rights=tuple(Right(name) for name in row["rights"].split()),
        language=row["language"],
        received_at=_known(row["received_at"]),
        received_on=date.fromisoformat(row["received_on"]),
        due_on=date.fromisoformat(row["due_on"]),
        extended=bool(row["extended"]),
        law=row["law"],
        place=row["place"],
        channel=row["channel"],
        sender=row["sender"],
        message_id=row["message_id"],
        text_hash=row["text_hash"],
        evidence=tuple(Evidence(*entry) for entry in json.loads(row["evidence"] or "[]")),
        marks=tuple(row["marks"].split()),
        withheld=row["withheld"],
        location=place,
        closed_at=from_instant(row["closed_at"]),
    )


def row_to_event(row: Row) -> Event:
    """An event from its row, joined with its erasable text."""
    detail = tuple(sorted((str(k), str(v)) for k, v in json.loads(row["detail"]).items()))
    return Event(row["reference"], Step(row["step"]), _known(row["at"]), row["actor"], detail, row["text"] or "")


def event_detail(event: Event, text_mark: str) -> str:
    """The detail as canonical JSON; `text_mark` is the keyed hash of the erasable text, if there is any."""
    detail = dict(event.detail)
    if text_mark:
        detail["text"] = text_mark
    return json.dumps(detail, sort_keys=True, separators=(",", ":"))


def chained(before: str, *columns: str) -> str:
    """The next link of the history's hash chain."""
    return hashlib.sha256("\x1f".join((before, *columns)).encode()).hexdigest()


def row_to_letter(row: Row) -> Letter:
    """A letter of the outbox from its row."""
    draft = Draft(
        occasion=row["occasion"],
        kind=Kind(row["kind"]),
        reference=row["reference"],
        reverse_path=row["reverse_path"],
        forward_path=row["forward_path"],
        copy=row["copy"],
        message_id=row["message_id"],
        token=row["token"],
        text_hash=row["text_hash"],
        raw=row["raw"],
    )
    return Letter(
        id=row["id"],
        draft=draft,
        state=LetterState(row["state"]),
        created_at=_known(row["created_at"]),
        due_at=_known(row["due_at"]),
        attempts=row["attempts"],
        reply=row["reply"],
        settled_at=from_instant(row["settled_at"]),
        witnessed_at=from_instant(row["witnessed_at"]),
        bounced_at=from_instant(row["bounced_at"]),
    )
