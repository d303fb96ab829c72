"""The schema's history: append-only, numbered, each step in one transaction.

PRAGMA user_version holds the number of the last step, so that the cold path can see that
there is nothing to do without importing sqlite_utils. Never change a step that was released.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender.errors import SchemaTooNew
from recommender.storage.connection import translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommender.storage.connection import Connections

_M001 = """
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL
);
CREATE TABLE contacts (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    emails TEXT NOT NULL,
    employer TEXT NOT NULL,
    notes TEXT NOT NULL,
    own_sites TEXT NOT NULL,
    humour TEXT NOT NULL,
    state TEXT NOT NULL,
    cadence_days INTEGER,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, slug)
);
CREATE TABLE interests (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    phrase TEXT NOT NULL,
    weight REAL NOT NULL,
    polarity TEXT NOT NULL,
    origin TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (account_id, id),
    UNIQUE (account_id, contact_id, phrase),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE TABLE feeds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    site_url TEXT,
    kind TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    body_hash TEXT,
    checked_at TEXT,
    succeeded_at TEXT,
    next_check_at TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE TABLE subscriptions (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    feed_id INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    PRIMARY KEY (account_id, feed_id)
) WITHOUT ROWID;
CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id TEXT NOT NULL DEFAULT '',
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    url TEXT,
    title TEXT NOT NULL,
    author TEXT,
    language TEXT,
    tags TEXT NOT NULL,
    published_at TEXT,
    fetched_at TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    story TEXT,
    feed_title TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL,
    UNIQUE (owner_id, key)
);
CREATE TABLE feed_items (
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    feed_id INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
    PRIMARY KEY (item_id, feed_id)
) WITHOUT ROWID;
CREATE INDEX feed_items_by_feed ON feed_items(feed_id);
CREATE TABLE item_vectors (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    model_key TEXT NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    vector BLOB NOT NULL,
    UNIQUE (item_id, model_key)
);
CREATE INDEX item_vectors_by_model ON item_vectors(model_key, seq);
CREATE TABLE interest_vectors (
    account_id TEXT NOT NULL,
    interest_id TEXT NOT NULL,
    model_key TEXT NOT NULL,
    vector BLOB NOT NULL,
    matched_seq INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, interest_id, model_key),
    FOREIGN KEY (account_id, interest_id) REFERENCES interests(account_id, id) ON DELETE CASCADE
);
CREATE TABLE matches (
    account_id TEXT NOT NULL,
    model_key TEXT NOT NULL,
    interest_id TEXT NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    contact_id TEXT NOT NULL,
    suggestion_id TEXT NOT NULL,
    relevance REAL NOT NULL,
    cosine REAL NOT NULL,
    lexical REAL NOT NULL,
    span TEXT NOT NULL,
    PRIMARY KEY (account_id, model_key, interest_id, item_id),
    FOREIGN KEY (account_id, interest_id) REFERENCES interests(account_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX matches_by_contact ON matches(account_id, model_key, contact_id, relevance DESC);
CREATE INDEX matches_by_interest ON matches(account_id, interest_id);
CREATE INDEX matches_by_suggestion ON matches(account_id, suggestion_id);
CREATE INDEX matches_by_item ON matches(item_id);
CREATE TABLE status_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    suggestion_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    item_id INTEGER NOT NULL,
    item_key TEXT NOT NULL,
    status TEXT NOT NULL,
    at TEXT NOT NULL,
    until TEXT,
    touch_id TEXT,
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE INDEX status_events_by_contact ON status_events(account_id, contact_id);
CREATE INDEX status_events_by_suggestion ON status_events(account_id, suggestion_id);
CREATE TABLE touches (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,
    at TEXT NOT NULL,
    note TEXT NOT NULL,
    item_id INTEGER,
    suggestion_id TEXT,
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE INDEX touches_by_contact ON touches(account_id, contact_id, at DESC);
CREATE TABLE tokens (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at TEXT,
    PRIMARY KEY (account_id, id)
);
CREATE TABLE backgrounds (
    model_key TEXT PRIMARY KEY,
    mean BLOB NOT NULL,
    deviation REAL NOT NULL
);
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO settings VALUES ('library_id', lower(hex(randomblob(8))))
"""
# The id names derived files (the vector matrix), so that they are never taken for another's.


_M002 = """
CREATE TABLE new_feeds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    site_url TEXT,
    kind TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    body_hash TEXT,
    checked_at TEXT,
    succeeded_at TEXT,
    next_check_at TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    problem TEXT,
    moved_to TEXT,
    interval_s REAL NOT NULL DEFAULT 3600,
    weekly REAL,
    full_text TEXT NOT NULL DEFAULT 'auto',
    UNIQUE (owner_id, url)
);
INSERT INTO new_feeds (id, url, title, site_url, kind, etag, last_modified, body_hash, checked_at,
    succeeded_at, next_check_at, failures, error)
    SELECT id, url, title, site_url, kind, etag, last_modified, body_hash, checked_at,
    succeeded_at, next_check_at, failures, error FROM feeds;
DROP TABLE feeds;
ALTER TABLE new_feeds RENAME TO feeds;
CREATE TABLE feed_logins (
    feed_id INTEGER PRIMARY KEY REFERENCES feeds(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL
);
ALTER TABLE subscriptions ADD COLUMN folders TEXT NOT NULL DEFAULT '[]';
ALTER TABLE items ADD COLUMN feed_id INTEGER REFERENCES feeds(id) ON DELETE SET NULL;
ALTER TABLE items ADD COLUMN minutes INTEGER;
ALTER TABLE items ADD COLUMN paywalled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE items ADD COLUMN full_text TEXT;
ALTER TABLE items ADD COLUMN updated_at TEXT;
ALTER TABLE items ADD COLUMN expired_at TEXT;
UPDATE items SET feed_id = (SELECT min(feed_id) FROM feed_items WHERE item_id = items.id);
CREATE INDEX items_by_fetch ON items(fetched_at) WHERE expired_at IS NULL;
CREATE INDEX items_by_feed ON items(feed_id);
CREATE INDEX items_by_story ON items(story);
CREATE TABLE item_keys (
    owner_id TEXT NOT NULL,
    key TEXT NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    PRIMARY KEY (owner_id, key)
) WITHOUT ROWID;
CREATE INDEX item_keys_by_item ON item_keys(item_id);
INSERT INTO item_keys (owner_id, key, item_id) SELECT owner_id, key, id FROM items;
CREATE TABLE item_revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    changed TEXT NOT NULL
);
CREATE INDEX item_revisions_by_item ON item_revisions(item_id, at);
CREATE TABLE story_bands (
    band INTEGER NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    PRIMARY KEY (band, item_id)
) WITHOUT ROWID;
CREATE INDEX story_bands_by_item ON story_bands(item_id)
"""


_M003 = """
ALTER TABLE feeds ADD COLUMN newest_at TEXT;
ALTER TABLE feeds ADD COLUMN ttl_minutes INTEGER;
ALTER TABLE feeds ADD COLUMN skip_hours TEXT NOT NULL DEFAULT '[]';
ALTER TABLE feeds ADD COLUMN skip_days TEXT NOT NULL DEFAULT '[]';
CREATE TABLE new_item_keys (
    owner_id TEXT NOT NULL,
    key TEXT NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    PRIMARY KEY (owner_id, key, item_id)
) WITHOUT ROWID;
INSERT INTO new_item_keys (owner_id, key, item_id) SELECT owner_id, key, item_id FROM item_keys;
DROP TABLE item_keys;
ALTER TABLE new_item_keys RENAME TO item_keys;
CREATE INDEX item_keys_by_item ON item_keys(item_id);
ALTER TABLE feed_items ADD COLUMN content_hash TEXT
"""


# Interests are embedded otherwise, and compared with more, than before: all of it is made anew.
_M004 = """
DROP TABLE backgrounds;
CREATE TABLE backgrounds (
    model_key TEXT PRIMARY KEY,
    mean BLOB NOT NULL,
    deviation REAL NOT NULL,
    subjects BLOB NOT NULL
);
ALTER TABLE matches ADD COLUMN margin REAL NOT NULL DEFAULT 0;
DELETE FROM matches;
DELETE FROM interest_vectors
"""


# Of what is avoided, more matches are kept than before: those interests are matched anew.
_M005 = """
ALTER TABLE contacts ADD COLUMN town TEXT NOT NULL DEFAULT '';
ALTER TABLE contacts ADD COLUMN reads TEXT NOT NULL DEFAULT '[]';
ALTER TABLE contacts ADD COLUMN taboo TEXT NOT NULL DEFAULT '[]';
ALTER TABLE items ADD COLUMN level TEXT;
ALTER TABLE items ADD COLUMN topics TEXT NOT NULL DEFAULT '[]';
CREATE INDEX items_unrated ON items(id) WHERE level IS NULL AND expired_at IS NULL;
DELETE FROM interest_vectors WHERE EXISTS (SELECT 1 FROM interests t
    WHERE t.account_id = interest_vectors.account_id AND t.id = interest_vectors.interest_id
    AND t.polarity = 'avoid')
"""


_M006 = """
ALTER TABLE contacts ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';
ALTER TABLE contacts ADD COLUMN birthday TEXT NOT NULL DEFAULT '';
ALTER TABLE contacts ADD COLUMN paused_until TEXT;
ALTER TABLE contacts ADD COLUMN hard_at TEXT;
ALTER TABLE contacts ADD COLUMN archived_at TEXT;
ALTER TABLE contacts ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE touches ADD COLUMN channel TEXT;
ALTER TABLE touches ADD COLUMN source TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX touches_by_source ON touches(account_id, contact_id, source) WHERE source <> '';
CREATE TABLE groups (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    cadence_days INTEGER,
    PRIMARY KEY (account_id, name)
);
CREATE TABLE preferences (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE TABLE plans (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    made_at TEXT NOT NULL,
    PRIMARY KEY (account_id, day)
);
CREATE TABLE plan_slots (
    account_id TEXT NOT NULL,
    day TEXT NOT NULL,
    place INTEGER NOT NULL,
    contact_id TEXT NOT NULL,
    action TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    is_dormant INTEGER NOT NULL,
    suggestion_id TEXT,
    skipped_at TEXT,
    PRIMARY KEY (account_id, day, place),
    FOREIGN KEY (account_id, day) REFERENCES plans(account_id, day) ON DELETE CASCADE,
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE INDEX plan_slots_by_contact ON plan_slots(account_id, contact_id);
CREATE TABLE merges (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    gone_id TEXT NOT NULL,
    before TEXT NOT NULL,
    FOREIGN KEY (account_id, contact_id) REFERENCES contacts(account_id, id) ON DELETE CASCADE
);
CREATE INDEX merges_by_contact ON merges(account_id, contact_id)
"""


_M007 = """
ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'write';
ALTER TABLE tokens ADD COLUMN expires_at TEXT;
CREATE TABLE one_time_codes (
    hash TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE TABLE sessions (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE TABLE answers (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX answers_by_age ON answers(at);
CREATE TABLE mutes (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (account_id, kind, value)
)
"""


_M008 = """
CREATE TABLE outbox (
    account_id TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    week TEXT NOT NULL,
    state TEXT NOT NULL,
    recipient TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at TEXT NOT NULL,
    retry_at TEXT,
    error TEXT NOT NULL,
    PRIMARY KEY (account_id, week)
);
CREATE TABLE feed_keys (
    account_id TEXT PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
    key TEXT NOT NULL UNIQUE
)
"""


_STEPS = {
    "m001_first_house": _M001,
    "m002_the_ingester": _M002,
    "m003_what_publishers_ask_for": _M003,
    "m004_margins": _M004,
    "m005_safe_to_send": _M005,
    "m006_people_and_rhythm": _M006,
    "m007_who_may_come_in": _M007,
    "m008_the_digest": _M008,
}
LATEST = len(_STEPS)


def _steps() -> Any:  # noqa: ANN401  (sqlite_utils publishes no types)
    from sqlite_utils.migrations import Migrations

    steps = Migrations("sawthis")
    for number, (name, sql) in enumerate(_STEPS.items(), start=1):
        steps(name=name)(_step(sql, number))
    return steps


def _step(sql: str, number: int) -> Callable[[Any], None]:
    def apply(db: Any) -> None:  # noqa: ANN401
        for statement in sql.split(";"):
            db.conn.execute(statement)
        db.conn.execute(f"PRAGMA user_version = {number}")

    return apply


def bring_up_to_date(connections: Connections) -> None:
    """Apply the steps this database has not seen.

    Raises:
        SchemaTooNew: The file was written by a newer version.
        StorageError: The file can't be written.
    """
    found = schema_version(connections)
    if found == LATEST:
        return
    if found > LATEST:
        raise SchemaTooNew(
            f"{connections.path.name} has schema {found}, this Sawthis knows {LATEST}: "
            "upgrade Sawthis, or point SAWTHIS_DATA_DIR elsewhere",
            found=found,
            known=LATEST,
        )
    from sqlite_utils import Database

    # A table is rebuilt by making another and renaming it; with foreign keys in force, dropping
    # the old one would take the rows of others with it (https://sqlite.org/lang_altertable.html).
    connections.get().execute("PRAGMA foreign_keys = OFF")
    try:
        with translated(connections.path), connections.transaction():
            # Another process may have done it while we waited for the lock.
            if schema_version(connections) < LATEST:
                _steps().apply(Database(connections.get()))
    finally:
        connections.get().execute("PRAGMA foreign_keys = ON")


def schema_version(connections: Connections) -> int:
    """The number of the last step applied; 0 for an empty file."""
    row = connections.row("PRAGMA user_version")
    return int(row[0]) if row else 0
