"""Entries into the pool: which of them are known, what an update changes, what it was before.

The rules are `recommender.sameness`; here they meet the rows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from itertools import chain, count
from typing import TYPE_CHECKING

from recommender.sameness import KnownItem, changed_fields, choose, may_rewrite
from recommender.storage.rows import to_text, to_time

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import NewItem
    from recommender.storage.database import Database, Row

MAX_UPDATES_A_DAY = 24


class Intake:
    """Puts the entries of one reading of one feed into the pool, within a transaction."""

    def __init__(self, db: Database, *, feed_id: int | None, owner_id: str, now: datetime) -> None:
        self._db = db
        self._feed_id = feed_id
        self._owner_id = owner_id
        self._now = now
        row = db.row("SELECT title FROM feeds WHERE id = ?", (feed_id,))
        self._feed_title = row["title"] if row else ""
        self._met: set[int] = set()
        self.added = 0
        self.changed = 0

    def put(self, item: NewItem) -> None:
        """Add the entry, update the item it is, or leave things as they are."""
        known = self._find(item)
        if known is None:
            self._remember(item, self._insert(item))
            self.added += 1
        elif not may_rewrite(item, known, self._feed_id):
            self._remember(item, known.item_id)
            if self._feed_id is not None and not known.came_from_this_feed:
                meet_anew(self._db, known.item_id)
        elif self._has_updates_left(known.item_id):
            self._rewrite(item, known)
            self._remember(item, known.item_id)
            self.changed += 1

    def _find(self, item: NewItem) -> KnownItem | None:
        keys = dict.fromkeys((*item.aliases, item.key))
        marks = ",".join("?" * len(keys))
        rows = self._db.rows(
            "SELECT k.key, i.id, i.title, i.url, i.author, i.published_at, i.content_hash,"
            " i.feed_id, i.expired_at, length(i.text) AS n, f.feed_id AS ours,"
            " f.content_hash AS last_hash FROM item_keys k JOIN items i ON i.id = k.item_id"
            " LEFT JOIN feed_items f ON f.item_id = i.id AND f.feed_id = ?"
            f" WHERE k.owner_id = ? AND k.key IN ({marks})",
            (self._feed_id, self._owner_id, *keys),
        )
        items = {row["id"]: _known(row) for row in rows}
        held: dict[int, set[str]] = defaultdict(set)
        for row in rows:
            held[row["id"]].add(row["key"])
        # Two entries of one reading are two items, unless they say the same.
        free = [
            (known, held[item_id])
            for item_id, known in items.items()
            if item_id not in self._met or known.content_hash == item.content_hash
        ]
        return choose(item, free)

    def _insert(self, item: NewItem) -> int:
        row = self._db.row(
            "INSERT INTO items (owner_id, key, kind, url, title, author, language, tags,"
            " published_at, fetched_at, content_hash, feed_title, text, feed_id, minutes,"
            " paywalled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                self._owner_id,
                self._free_key(item),
                item.kind,
                item.url,
                item.title,
                item.author,
                item.language,
                json.dumps(item.tags, ensure_ascii=False),
                to_text(item.published_at),
                to_text(self._now),
                item.content_hash,
                self._feed_title,
                item.text,
                self._feed_id,
                item.minutes,
                int(item.paywalled),
            ),
        )
        assert row is not None
        return int(row["id"])

    def _free_key(self, item: NewItem) -> str:
        """The entry's key, or another of its names where a different item has that."""
        numbered = (f"{item.key}#{n}" for n in count(2))
        sql = "SELECT 1 FROM items WHERE owner_id = ? AND key = ?"
        return next(
            key
            for key in chain((item.key, *item.aliases), numbered)
            if self._db.row(sql, (self._owner_id, key)) is None
        )

    def _has_updates_left(self, item_id: int) -> bool:
        row = self._db.row(
            "SELECT count(*) FROM item_revisions WHERE item_id = ? AND at > ?",
            (item_id, to_text(self._now - timedelta(days=1))),
        )
        return row is None or int(row[0]) < MAX_UPDATES_A_DAY

    def _rewrite(self, item: NewItem, known: KnownItem) -> None:
        is_ours = known.feed_id in {None, self._feed_id}
        self._db.execute(
            "INSERT INTO item_revisions (item_id, at, title, text, changed)"
            " SELECT id, ?, title, text, ? FROM items WHERE id = ?",
            (to_text(self._now), json.dumps(changed_fields(item, known)), known.item_id),
        )
        self._db.execute(
            "UPDATE items SET title = ?, text = ?, author = ?, url = ?, language = ?, tags = ?,"
            " content_hash = ?, minutes = ?, paywalled = ?, updated_at = ?, full_text = NULL,"
            " story = NULL WHERE id = ?",
            (
                # Another feed may complete the text; whose article it is stays as it was.
                item.title if is_ours else known.title,
                item.text,
                item.author if is_ours else known.author,
                item.url if is_ours else known.url,
                item.language,
                json.dumps(item.tags, ensure_ascii=False),
                item.content_hash,
                item.minutes,
                int(item.paywalled),
                to_text(self._now),
                known.item_id,
            ),
        )
        forget_derived(self._db, known.item_id)

    def _remember(self, item: NewItem, item_id: int) -> None:
        self._met.add(item_id)
        self._db.execute_many(
            "INSERT INTO item_keys (owner_id, key, item_id) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            [(self._owner_id, key, item_id) for key in dict.fromkeys((item.key, *item.aliases))],
        )
        if self._feed_id is not None:
            self._db.execute(
                "INSERT INTO feed_items (feed_id, item_id, content_hash) VALUES (?, ?, ?)"
                " ON CONFLICT (item_id, feed_id)"
                " DO UPDATE SET content_hash = excluded.content_hash",
                (self._feed_id, item_id, item.content_hash),
            )


def forget_derived(db: Database, item_id: int) -> None:
    """Drop what was computed from an item's text; the next refresh makes it anew."""
    # Whoever just computes a vector from the old text holds this lock when it is put: it is there
    # and dropped now, or the new text is seen then.
    db.lock("vectors")
    db.execute("DELETE FROM item_vectors WHERE item_id = ?", (item_id,))
    db.execute("DELETE FROM matches WHERE item_id = ?", (item_id,))
    db.execute("DELETE FROM story_bands WHERE item_id = ?", (item_id,))
    db.execute("UPDATE items SET level = NULL, topics = '[]' WHERE id = ?", (item_id,))


def meet_anew(db: Database, item_id: int) -> None:
    """Give an item's vectors new numbers: it came to the eyes of some who have met those before."""
    db.lock("vectors")
    vectors = db.rows("SELECT model_key, vector FROM item_vectors WHERE item_id = ?", (item_id,))
    db.execute("DELETE FROM item_vectors WHERE item_id = ?", (item_id,))
    db.execute_many(
        "INSERT INTO item_vectors (model_key, item_id, vector) VALUES (?, ?, ?)",
        [(row["model_key"], item_id, row["vector"]) for row in vectors],
    )


def _known(row: Row) -> KnownItem:
    return KnownItem(
        item_id=row["id"],
        title=row["title"],
        url=row["url"],
        author=row["author"],
        published_at=to_time(row["published_at"]),
        content_hash=row["content_hash"],
        n_characters=row["n"],
        feed_id=row["feed_id"],
        came_from_this_feed=row["ours"] is not None,
        last_hash=row["last_hash"],
        is_expired=row["expired_at"] is not None,
    )
