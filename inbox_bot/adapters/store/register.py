"""The register: cursors, mail seen, requests and their history. The only writer of these tables."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from inbox_bot.adapters.store import rows
from inbox_bot.adapters.store.connection import translated, writing
from inbox_bot.domain.message import Place
from inbox_bot.domain.outbox import Draft, Kind, LetterState
from inbox_bot.domain.request import TRANSITIONS, Event, Outcome, Request, State
from inbox_bot.domain.thread import keyed
from inbox_bot.errors import NotFound, StepRefused
from inbox_bot.ports import Cursor, Sighting

_NO_LETTER_YET = "SELECT COUNT(*) AS n FROM outbox WHERE kind = ? AND state != 'cancelled' AND created_at > ?"


class Table:
    """Shared by the register and the outbox: one connection, one file, one set of keys."""

    def __init__(self, database: Database, path: Path, keys: tuple[bytes, ...]) -> None:
        self._database = database
        self._path = path
        self.keys = keys

    def writing(self) -> AbstractContextManager[None]:
        """One write transaction; what is read inside it is what will be committed."""
        return writing(self._database, self._path)

    @contextmanager
    def _joined(self) -> Iterator[None]:
        """The open transaction, or one of its own."""
        if self._database.conn.in_transaction:
            yield
        else:
            with self.writing():
                yield

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        # Fetch all and close: an open reader would make another connection's COMMIT wait.
        with translated(self._path):
            cursor = self._database.conn.execute(sql, values)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _run(self, sql: str, *values: object) -> int:
        with translated(self._path):
            return self._database.conn.execute(sql, values).rowcount

    def _insert(self, table: str, row: Mapping[str, object]) -> int:
        marks = ", ".join("?" for _ in row)
        with translated(self._path):
            sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - our own column names
            return self._database.conn.execute(sql, tuple(row.values())).lastrowid or 0

    def _count(self, sql: str, *values: object) -> int:
        return int(self._rows(sql, *values)[0]["n"])


class Register(Table):
    """Implements `ports.Register` on SQLite."""

    # -- meta -----------------------------------------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        """A remembered value, or None."""
        found = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return found[0]["value"] if found else None

    def remember(self, key: str, value: str) -> None:
        """Remember a value."""
        self._run(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            key,
            value,
        )

    # -- folders and mail seen ------------------------------------------------------------------------------------

    def cursor(self, folder: str) -> Cursor | None:
        """Our position in a folder, or None before its first pass."""
        found = self._rows("SELECT * FROM cursor WHERE folder = ?", folder)
        return _cursor(found[0]) if found else None

    def cursors(self) -> tuple[Cursor, ...]:
        """Our position in every folder."""
        return tuple(_cursor(row) for row in self._rows("SELECT * FROM cursor ORDER BY folder"))

    def set_cursor(self, cursor: Cursor) -> None:
        """Write a position."""
        self._run(
            "INSERT INTO cursor (folder, uidvalidity, uid, baseline_at, left_alone, swept_on) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (folder) DO UPDATE SET uidvalidity = excluded.uidvalidity, uid = excluded.uid,"
            " swept_on = excluded.swept_on",
            cursor.folder,
            cursor.uidvalidity,
            cursor.uid,
            rows.instant(cursor.baseline_at),
            cursor.left_alone,
            cursor.swept_on and cursor.swept_on.isoformat(),
        )

    def uids_seen(self, folder: str, uidvalidity: int) -> frozenset[int]:
        """The UIDs recorded for one incarnation of a folder."""
        found = self._rows("SELECT uid FROM seen WHERE folder = ? AND uidvalidity = ?", folder, uidvalidity)
        return frozenset(row["uid"] for row in found)

    def sighting(self, digests: tuple[str, ...]) -> Sighting | None:
        """The most telling record of the same delivery, in any folder."""
        marks = ", ".join("?" for _ in digests)
        found = self._rows(
            f"SELECT verdict, reason, reference FROM seen WHERE digest IN ({marks})"  # noqa: S608 - marks only
            " ORDER BY (reason = 'junk'), (reference IS NULL), seen_at DESC LIMIT 1",
            *digests,
        )
        return Sighting(found[0]["verdict"], found[0]["reason"], found[0]["reference"]) if found else None

    def sightings(self, folder: str) -> dict[int, Sighting]:
        """How each mail of a folder was recorded, by UID."""
        found = self._rows("SELECT uid, verdict, reason, reference FROM seen WHERE folder = ?", folder)
        return {row["uid"]: Sighting(row["verdict"], row["reason"], row["reference"]) for row in found}

    def see(self, place: Place, digest: str, verdict: str, reason: str, reference: str | None, now: datetime) -> None:
        """Record that a mail was dealt with. At a place `old` and `unrelated` give way, and another mail."""
        self._run(
            "INSERT INTO seen (folder, uidvalidity, uid, digest, verdict, reason, reference, seen_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET verdict = excluded.verdict,"
            " digest = excluded.digest, reason = excluded.reason, reference = excluded.reference,"
            " seen_at = excluded.seen_at WHERE verdict IN ('old', 'unrelated') OR digest != excluded.digest",
            place.folder,
            place.uidvalidity,
            place.uid,
            digest,
            verdict,
            reason,
            reference,
            rows.instant(now),
        )

    def deaths(self, place: Place) -> int:
        """How many attempts at this mail were begun and not finished."""
        found = self._rows(
            "SELECT deaths FROM attempt WHERE folder = ? AND uidvalidity = ? AND uid = ?",
            place.folder,
            place.uidvalidity,
            place.uid,
        )
        return int(found[0]["deaths"]) if found else 0

    def attempt(self, place: Place) -> None:
        """Commit that an attempt at this mail begins."""
        with self.writing():
            self._run(
                "INSERT INTO attempt (folder, uidvalidity, uid, deaths) VALUES (?, ?, ?, 1)"
                " ON CONFLICT DO UPDATE SET deaths = deaths + 1",
                place.folder,
                place.uidvalidity,
                place.uid,
            )

    def forget_attempts(self, folder: str) -> None:
        """Forget the attempts in a folder: its pass ended cleanly."""
        self._run("DELETE FROM attempt WHERE folder = ?", folder)

    def counts(self) -> dict[str, int]:
        """How many mails were seen, by verdict."""
        found = self._rows("SELECT verdict, COUNT(*) AS n FROM seen GROUP BY verdict ORDER BY verdict")
        return {row["verdict"]: int(row["n"]) for row in found}

    # -- requests -------------------------------------------------------------------------------------------------

    def request(self, reference: str) -> Request:
        """One request.

        Raises:
            NotFound: there is none with that reference.
        """
        found = self._rows("SELECT * FROM request WHERE reference = ?", reference)
        if not found:
            raise NotFound(f"there is no request {reference}", "`inbox-bot list --all` shows every reference")
        return rows.row_to_request(found[0])

    def has(self, reference: str) -> bool:
        """Whether a reference is taken."""
        return bool(self._rows("SELECT 1 AS n FROM request WHERE reference = ?", reference))

    def requests(self, *, closed: bool = False) -> tuple[Request, ...]:
        """The requests that are not closed, or all of them, the next due first."""
        chosen = "" if closed else " WHERE state != 'closed'"
        found = self._rows(f"SELECT * FROM request{chosen} ORDER BY due_on, received_at, reference")  # noqa: S608
        return tuple(rows.row_to_request(row) for row in found)

    def open_requests_of(self, sender: str) -> tuple[Request, ...]:
        """The requests of one address that are not closed, the oldest first."""
        found = self._rows(
            "SELECT * FROM request WHERE sender_hash = ? AND state != 'closed' ORDER BY received_at",
            keyed(self.keys[0], sender),
        )
        return tuple(rows.row_to_request(row) for row in found)

    def duplicate(self, message_id: str, sender: str, text_hash: str) -> str | None:
        """The request that the same Message-ID, sender and text opened."""
        found = self._rows(
            "SELECT reference FROM request WHERE message_id = ? AND sender_hash = ? AND text_hash = ?",
            message_id,
            keyed(self.keys[0], sender),
            text_hash,
        )
        return found[0]["reference"] if found else None

    def add(self, request: Request) -> None:
        """Insert a request."""
        row = rows.request_to_row(request)
        self._insert("request", row | {"sender_hash": request.sender and keyed(self.keys[0], request.sender)})

    def amend(self, reference: str, **columns: str | int | None) -> None:
        """Write named columns of one request."""
        sets = ", ".join(f"{name} = ?" for name in columns)
        self._run(f"UPDATE request SET {sets} WHERE reference = ?", *columns.values(), reference)  # noqa: S608

    def step(self, event: Event, *, outcome: Outcome | None = None, **columns: str | int | None) -> Request:
        """Append an event and move the request by the table of states, compare-and-set.

        Raises:
            NotFound, StepRefused: nothing was changed.
        """
        with self._joined():
            request = self.request(event.reference)
            moved = _moved(request, event, outcome)
            changed = self._run(
                "UPDATE request SET state = ?, outcome = ?, closed_at = ? WHERE reference = ? AND state = ?",
                moved.state,
                moved.outcome,
                moved.closed_at and rows.instant(moved.closed_at),
                request.reference,
                request.state,
            )
            if changed != 1:
                raise StepRefused(f"{request.reference} changed under our hands", "look again, then repeat the step")
            if columns:
                self.amend(request.reference, **columns)
            self.append(event)
            return self.request(request.reference)

    # -- history --------------------------------------------------------------------------------------------------

    def append(self, event: Event) -> None:
        """Append an event to the history and its hash chain, inside the open transaction."""
        last = self._rows("SELECT id, chain FROM event ORDER BY id DESC LIMIT 1")
        number = last[0]["id"] + 1 if last else 1
        detail = rows.event_detail(event, keyed(self.keys[0], event.text) if event.text else "")
        at = rows.instant(event.at)
        before = last[0]["chain"] if last else ""
        chain = rows.chained(before, str(number), event.reference, event.step, at, event.actor, detail)
        self._insert(
            "event",
            {
                "id": number,
                "reference": event.reference,
                "step": str(event.step),
                "at": at,
                "actor": event.actor,
                "detail": detail,
                "chain": chain,
            },
        )
        if event.text:
            self._insert("event_text", {"event_id": number, "text": event.text})

    def events(self, reference: str | None = None) -> tuple[Event, ...]:
        """The history of one request, or all of it, in order."""
        chosen = "" if reference is None else " WHERE reference = ?"
        values = () if reference is None else (reference,)
        sql = f"SELECT event.*, text FROM event LEFT JOIN event_text ON event_id = event.id{chosen} ORDER BY event.id"  # noqa: S608
        return tuple(rows.row_to_event(row) for row in self._rows(sql, *values))

    def broken_link(self) -> int | None:
        """The first event whose link of the hash chain does not fit, or None: nothing was edited."""
        before = ""
        for expected, row in enumerate(self._rows("SELECT * FROM event ORDER BY id"), start=1):
            columns = (str(row["id"]), row["reference"], row["step"], row["at"], row["actor"], row["detail"])
            if row["id"] != expected or rows.chained(before, *columns) != row["chain"]:
                return int(row["id"])
            before = row["chain"]
        return None

    # -- days and caps --------------------------------------------------------------------------------------------

    def day_decided(self, day: date) -> bool:
        """Whether the digest of a local day was decided."""
        return bool(self._rows("SELECT 1 AS n FROM day WHERE day = ?", day.isoformat()))

    def decide_day(self, day: date, now: datetime, *, sent: bool) -> None:
        """Record that the digest of a local day is decided."""
        self._insert("day", {"day": day.isoformat(), "decided_at": rows.instant(now), "sent": int(sent)})

    def letters_since(self, since: datetime, forward_path: str | None = None) -> int:
        """How many acknowledgements were decided after an instant, in all or to one address."""
        values: list[object] = [str(Kind.ACKNOWLEDGEMENT), rows.instant(since)]
        sql = _NO_LETTER_YET
        if forward_path is not None:
            sql += " AND forward_hash = ?"
            values.append(keyed(self.keys[0], forward_path))
        return self._count(sql, *values)

    def tally(self, forward_path: str, now: datetime) -> tuple[int, int, int]:
        """Acknowledgements to one address in 24 h, to all in 1 h, to all in 24 h."""
        day, hour = now - timedelta(hours=24), now - timedelta(hours=1)
        return self.letters_since(day, forward_path), self.letters_since(hour), self.letters_since(day)

    # -- letters --------------------------------------------------------------------------------------------------

    def queue(self, draft: Draft, now: datetime) -> bool:
        """Put a letter into the outbox; False if one with its occasion is there already."""
        if self._rows("SELECT 1 AS n FROM outbox WHERE occasion = ?", draft.occasion):
            return False
        self._insert(
            "outbox",
            {
                "occasion": draft.occasion,
                "kind": str(draft.kind),
                "reference": draft.reference,
                "reverse_path": draft.reverse_path,
                "forward_path": draft.forward_path,
                "forward_hash": keyed(self.keys[0], draft.forward_path),
                "copy": draft.copy,
                "message_id": draft.message_id,
                "token": draft.token,
                "text_hash": draft.text_hash,
                "raw": draft.raw,
                "state": str(LetterState.QUEUED),
                "created_at": rows.instant(now),
                "due_at": rows.instant(now),
                "attempts": 0,
                "reply": "",
            },
        )
        return True


def _moved(request: Request, event: Event, outcome: Outcome | None) -> Request:
    """The request after a step, by the table of states; StepRefused."""
    target = TRANSITIONS[request.state].get(event.step)
    if target is None:
        raise StepRefused(
            f"{request.reference} is {request.state}: it cannot be {event.step}",
            f"`inbox-bot show {request.reference}` shows what can be done",
        )
    if target is not State.CLOSED:
        return replace(request, state=target, outcome=None, closed_at=None)
    if request.state is State.CLOSED:
        return request
    return replace(request, state=target, outcome=outcome, closed_at=event.at)


def _cursor(row: rows.Row) -> Cursor:
    return Cursor(
        folder=row["folder"],
        uidvalidity=row["uidvalidity"],
        uid=row["uid"],
        baseline_at=datetime.fromisoformat(row["baseline_at"]),
        left_alone=row["left_alone"],
        swept_on=row["swept_on"] and date.fromisoformat(row["swept_on"]),
    )
