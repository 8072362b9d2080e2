"""The register's tables, as migrations. STRICT: SQLite itself refuses a wrong type."""

from sqlite_utils import Database, Migrations

migrations = Migrations("inbox_bot")

# Instants are ISO 8601 in UTC with microseconds, so that text order is time order; days are ISO 8601 dates.
_FIRST = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    folder TEXT PRIMARY KEY,
    uidvalidity INTEGER NOT NULL CHECK (uidvalidity > 0),
    uid INTEGER NOT NULL CHECK (uid >= 0),
    baseline_at TEXT NOT NULL,
    left_alone INTEGER NOT NULL,
    swept_on TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE seen (
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    digest TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    reference TEXT,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (folder, uidvalidity, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_digest ON seen (digest);

CREATE TABLE attempt (
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    deaths INTEGER NOT NULL,
    PRIMARY KEY (folder, uidvalidity, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
    reference TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('triage', 'open', 'closed')),
    outcome TEXT CHECK ((outcome IS NOT NULL) = (state = 'closed')),
    rights TEXT NOT NULL,
    language TEXT NOT NULL,
    received_at TEXT NOT NULL,
    received_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    extended INTEGER NOT NULL CHECK (extended IN (0, 1)),
    law TEXT NOT NULL,
    place TEXT NOT NULL,
    channel TEXT NOT NULL,
    sender TEXT,
    sender_hash TEXT,
    message_id TEXT,
    text_hash TEXT,
    evidence TEXT,
    marks TEXT NOT NULL,
    withheld TEXT,
    folder TEXT,
    uidvalidity INTEGER,
    uid INTEGER,
    closed_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX request_state ON request (state);
CREATE INDEX request_sender ON request (sender_hash);
CREATE INDEX request_message ON request (message_id);

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL,
    step TEXT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    chain TEXT NOT NULL
) STRICT;
CREATE INDEX event_reference ON event (reference);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;

CREATE TABLE event_text (
    event_id INTEGER PRIMARY KEY REFERENCES event (id),
    text TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    occasion TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    reference TEXT,
    reverse_path TEXT NOT NULL,
    forward_path TEXT NOT NULL,
    forward_hash TEXT NOT NULL,
    copy TEXT,
    message_id TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    text_hash TEXT NOT NULL,
    raw BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'dot', 'sent', 'failed', 'uncertain', 'cancelled')),
    created_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reply TEXT NOT NULL,
    settled_at TEXT,
    witnessed_at TEXT,
    bounced_at TEXT
) STRICT;
CREATE INDEX outbox_state ON outbox (state, due_at);
CREATE INDEX outbox_reference ON outbox (reference);

CREATE TABLE day (
    day TEXT PRIMARY KEY,
    decided_at TEXT NOT NULL,
    sent INTEGER NOT NULL CHECK (sent IN (0, 1))
) STRICT, WITHOUT ROWID;
"""

TABLES = frozenset(
    {"meta", "cursor", "seen", "attempt", "request", "event", "event_text", "outbox", "day", "_sqlite_migrations"}
)


@migrations()
def m001_first(db: Database) -> None:
    """The tables of the first release."""
    db.executescript(_FIRST)
