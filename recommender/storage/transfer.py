"""A whole account as (table, row) pairs and back: what `sawthis export` and `import` move.

Integer ids are this database's own affair, so rows name feeds by URL and items by key.
Vectors and matches are left out (they are recomputed), and so are tokens (secrets stay).
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from recommender.errors import ConflictError, InvalidInput
from recommender.storage.feeds import VISIBLE
from recommender.storage.people import put_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from recommender.storage.database import Database, Row

# Constants; every value is a parameter.
_OWNED = {
    "contact": "SELECT * FROM contacts WHERE account_id = :account_id ORDER BY rowid",
    "interest": "SELECT * FROM interests WHERE account_id = :account_id ORDER BY rowid",
    "feed": "SELECT f.url, f.title, f.site_url, f.kind, f.etag, f.last_modified, f.body_hash,"
    " f.checked_at, f.succeeded_at, f.next_check_at, f.failures, f.error, f.problem,"
    " f.interval_s, f.weekly, f.newest_at, f.ttl_minutes, f.skip_hours, f.skip_days,"
    " f.full_text, CASE WHEN f.owner_id <> '' THEN 1 ELSE 0 END AS owned, s.folders,"
    " l.kind AS login_kind, l.value AS login_value, s.created_at AS subscribed_at"
    " FROM feeds f JOIN subscriptions s ON s.feed_id = f.id"
    " LEFT JOIN feed_logins l ON l.feed_id = f.id"
    " WHERE s.account_id = :account_id ORDER BY f.id",
    "item": "SELECT i.key, CASE WHEN i.owner_id <> '' THEN 1 ELSE 0 END AS owned,"
    " i.kind, i.url, i.title, i.author,"
    " i.language, i.tags, i.published_at, i.fetched_at, i.content_hash, i.story, i.feed_title,"
    " i.text, i.minutes, i.paywalled, i.full_text, i.updated_at, i.expired_at,"
    " f0.url AS first_feed,"
    " (SELECT JSON_LIST(key) FROM (SELECT key FROM item_keys WHERE item_id = i.id"
    " ORDER BY key) AS k) AS keys, (SELECT JSON_LIST(url) FROM (SELECT f.url FROM feed_items fi"
    " JOIN feeds f ON f.id = fi.feed_id JOIN subscriptions s ON s.feed_id = f.id"
    " WHERE fi.item_id = i.id AND s.account_id = :account_id ORDER BY f.url) AS u) AS feeds"
    " FROM items i LEFT JOIN feeds f0 ON f0.id = i.feed_id WHERE " + VISIBLE + " ORDER BY i.id",
    "revision": "SELECT i.key AS item_key,"
    " CASE WHEN i.owner_id <> '' THEN 1 ELSE 0 END AS owned, r.at, r.title, r.text,"
    " r.changed FROM item_revisions r JOIN items i ON i.id = r.item_id WHERE "
    + VISIBLE
    + " ORDER BY r.id",
    "touch": "SELECT t.id, t.contact_id, t.kind, t.direction, t.at, t.note, i.key AS item_key,"
    " t.suggestion_id, t.channel, t.source FROM touches t LEFT JOIN items i ON i.id = t.item_id"
    " WHERE t.account_id = :account_id ORDER BY t.rowid",
    "status": "SELECT suggestion_id, contact_id, item_key, status, at, until, touch_id"
    " FROM status_events WHERE account_id = :account_id ORDER BY id",
    "group": "SELECT * FROM groups WHERE account_id = :account_id ORDER BY name",
    "preference": "SELECT * FROM preferences WHERE account_id = :account_id ORDER BY key",
    "mute": "SELECT * FROM mutes WHERE account_id = :account_id ORDER BY created_at, value",
    "digest": "SELECT * FROM outbox WHERE account_id = :account_id ORDER BY week",
    "plan": "SELECT * FROM plans WHERE account_id = :account_id ORDER BY day",
    "slot": "SELECT * FROM plan_slots WHERE account_id = :account_id ORDER BY day, place",
}
_PLAIN = {
    "contact": "contacts",
    "interest": "interests",
    "group": "groups",
    "preference": "preferences",
    "mute": "mutes",
    "digest": "outbox",
    "plan": "plans",
    "slot": "plan_slots",
}
"""Kinds of rows that are read back as they are, and their tables."""
_FORMAT = 1


def export_rows(
    db: Database, account_id: str, *, with_logins: bool = False
) -> Iterator[tuple[str, dict[str, object]]]:
    """(table, row) pairs in an order in which they can be read back."""
    hidden = {"account_id", "rowid"} | (set() if with_logins else {"login_kind", "login_value"})
    yield "sawthis", {"format": _FORMAT}
    for table, sql in _OWNED.items():
        with db.scope(account_id):
            rows = db.rows(_in_words_of(db, sql), {"account_id": account_id})
        for row in rows:
            yield table, {name: row[name] for name in row.keys() if name not in hidden}  # noqa: SIM118


def _in_words_of(db: Database, sql: str) -> str:
    return re.sub(r"JSON_LIST\((\w+)\)", lambda found: db.json_list(found[1]), sql)


def import_rows(
    db: Database,
    account_id: str,
    rows: Iterable[tuple[str, dict[str, object]]],
    *,
    empty: bool,
) -> int:
    """Read exported rows into an empty account, all or nothing; returns their number."""
    if not empty:
        raise ConflictError(
            "this library already holds data; import into an empty one (set SAWTHIS_DATA_DIR)"
        )
    n_rows = 0
    reader = _Reader(db, account_id)
    with db.transaction():
        db.lock("pool")
        put_account(db, account_id, "1970-01-01T00:00:00+00:00")
        for table, row in rows:
            reader.read(table, row)
            n_rows += 1
    return n_rows


class _Reader:
    """Writes exported rows, translating feed URLs and item keys to this database's ids."""

    def __init__(self, db: Database, account_id: str) -> None:
        self._db = db
        self._account_id = account_id
        self._item_ids: dict[str, int] = {}
        self._revised: dict[tuple[bool, str], int] = {}
        self._readers: dict[str, Callable[[dict[str, Any]], None]] = {
            "sawthis": self._header,
            **{kind: partial(self._plain, table) for kind, table in _PLAIN.items()},
            "feed": self._feed,
            "item": self._item,
            "revision": self._revision,
            "touch": self._touch,
            "status": self._status,
        }

    def read(self, table: str, row: dict[str, Any]) -> None:
        if table not in self._readers:
            raise InvalidInput(f"unknown kind of row “{table}”: is this a `sawthis export` file?")
        try:
            self._readers[table](row)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"a {table} row is damaged: {error!r}") from error

    def _header(self, row: dict[str, Any]) -> None:
        if row["format"] != _FORMAT:
            raise InvalidInput(f"the export has format {row['format']}, known is {_FORMAT}")

    def _plain(self, table: str, row: dict[str, Any]) -> None:
        self._insert(table, {**row, "account_id": self._account_id})

    def _feed(self, row: dict[str, Any]) -> None:
        apart = {"subscribed_at", "folders", "owned", "login_kind", "login_value"}
        feed = {name: value for name, value in row.items() if name not in apart}
        # Without its login a private feed can't be read; it stays private all the same.
        feed["owner_id"] = self._account_id if row.get("owned") else ""
        if self._feed_row(row["url"]) is None:
            self._insert("feeds", feed)
        if row.get("login_kind"):
            feed_id = self._need_feed(row["url"])
            login = {"kind": row["login_kind"], "value": row["login_value"]}
            self._insert("feed_logins", {**login, "feed_id": feed_id})
        self._insert(
            "subscriptions",
            {
                "account_id": self._account_id,
                "feed_id": self._need_feed(row["url"]),
                "created_at": row["subscribed_at"],
                "folders": row.get("folders", "[]"),
            },
        )

    def _item(self, row: dict[str, Any]) -> None:
        owner_id = self._account_id if row["owned"] else ""
        known = self._item_row(owner_id, row["key"])
        if known is None:
            apart = {"owned", "feeds", "keys", "first_feed"}
            item = {name: value for name, value in row.items() if name not in apart}
            first = self._feed_row(row.get("first_feed") or "")
            origin = first["id"] if first else None
            self._insert("items", {**item, "owner_id": owner_id, "feed_id": origin})
            known = self._item_row(owner_id, row["key"])
        assert known is not None
        self._item_ids[row["key"]] = known["id"]
        self._revised[bool(row["owned"]), row["key"]] = known["id"]
        for key in json.loads(row.get("keys") or "[]") or [row["key"]]:
            self._db.execute(
                "INSERT INTO item_keys (owner_id, key, item_id) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (owner_id, key, known["id"]),
            )
        for url in json.loads(row["feeds"]):
            self._db.execute(
                "INSERT INTO feed_items (feed_id, item_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (self._need_feed(url), known["id"]),
            )

    def _revision(self, row: dict[str, Any]) -> None:
        # Another account of this library may have brought the same item with its history.
        item_id = self._revised[bool(row["owned"]), row["item_key"]]
        self._db.execute(
            "INSERT INTO item_revisions (item_id, at, title, text, changed)"
            " SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS"
            " (SELECT 1 FROM item_revisions WHERE item_id = ? AND at = ?)",
            (item_id, row["at"], row["title"], row["text"], row["changed"], item_id, row["at"]),
        )

    def _touch(self, row: dict[str, Any]) -> None:
        touch = {name: value for name, value in row.items() if name != "item_key"}
        item_id = self._item_ids.get(row["item_key"])
        self._insert("touches", {**touch, "account_id": self._account_id, "item_id": item_id})

    def _status(self, row: dict[str, Any]) -> None:
        item_id = self._item_ids.get(row["item_key"], 0)
        self._insert("status_events", {**row, "account_id": self._account_id, "item_id": item_id})

    def _insert(self, table: str, row: Mapping[str, object]) -> None:
        # Column names come from the file: only those the table has are taken.
        unknown = set(row) - self._db.columns(table)
        if unknown:
            raise InvalidInput(f"unknown field “{sorted(unknown)[0]}” in a row for {table}")
        self._db.insert(table, row)

    def _feed_row(self, url: str) -> Row | None:
        # The account's own comes first where it reads an address with a login.
        return self._db.row(
            "SELECT id FROM feeds WHERE url = ? AND owner_id IN (?, '') ORDER BY owner_id DESC",
            (url, self._account_id),
        )

    def _need_feed(self, url: str) -> int:
        row = self._feed_row(url)
        if row is None:
            raise InvalidInput(f"an item names the feed {url}, which is not in the export")
        return int(row["id"])

    def _item_row(self, owner_id: str, key: str) -> Row | None:
        sql = "SELECT id FROM items WHERE owner_id = ? AND key = ?"
        return self._db.row(sql, (owner_id, key))
