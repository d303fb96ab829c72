"""ItemStore on SQLite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recommender.errors import ItemNotFound
from recommender.storage.feeds import VISIBLE
from recommender.storage.rows import to_item, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from recommender.domain import Item, Kind, NewItem
    from recommender.storage.connection import Connections

# SQLite takes 32,766 parameters; far fewer keep statements small enough to cache.
CHUNK = 500


class SqliteItems:
    """The pool; see `recommender.storage.protocol.ItemStore`."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections

    def put_items(
        self, items: Sequence[NewItem], *, feed_id: int | None, owner_id: str, now: datetime
    ) -> tuple[int, int]:
        """Put items by (owner_id, key); returns how many were (added, changed)."""
        added = changed = 0
        with self._db.transaction():
            feed_title = self._feed_title(feed_id)
            for item in items:
                known = self._db.row(
                    "SELECT id, content_hash FROM items WHERE owner_id = ? AND key = ?",
                    (owner_id, item.key),
                )
                if known is None:
                    item_id = self._insert(item, owner_id, feed_title, now)
                    added += 1
                else:
                    item_id = int(known["id"])
                    if known["content_hash"] != item.content_hash:
                        self._rewrite(item_id, item)
                        changed += 1
                if feed_id is not None:
                    self._db.execute(
                        "INSERT OR IGNORE INTO feed_items (feed_id, item_id) VALUES (?, ?)",
                        (feed_id, item_id),
                    )
        return added, changed

    def _feed_title(self, feed_id: int | None) -> str:
        row = self._db.row("SELECT title FROM feeds WHERE id = ?", (feed_id,))
        return row["title"] if row else ""

    def _insert(self, item: NewItem, owner_id: str, feed_title: str, now: datetime) -> int:
        row = self._db.row(
            "INSERT INTO items (owner_id, key, kind, url, title, author, language, tags,"
            " published_at, fetched_at, content_hash, feed_title, text)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                owner_id,
                item.key,
                item.kind,
                item.url,
                item.title,
                item.author,
                item.language,
                json.dumps(item.tags, ensure_ascii=False),
                to_text(item.published_at),
                to_text(now),
                item.content_hash,
                feed_title,
                item.text,
            ),
        )
        assert row is not None
        return int(row["id"])

    def _rewrite(self, item_id: int, item: NewItem) -> None:
        self._db.execute(
            "UPDATE items SET title = ?, text = ?, author = ?, url = ?, language = ?, tags = ?,"
            " content_hash = ? WHERE id = ?",
            (
                item.title,
                item.text,
                item.author,
                item.url,
                item.language,
                json.dumps(item.tags, ensure_ascii=False),
                item.content_hash,
                item_id,
            ),
        )
        self._db.execute("DELETE FROM item_vectors WHERE item_id = ?", (item_id,))
        self._db.execute("DELETE FROM matches WHERE item_id = ?", (item_id,))

    def item(self, account_id: str, item_id: int) -> Item:
        """One item visible to the account, or ItemNotFound."""
        rows = self._select("i.id = :id", {"account_id": account_id, "id": item_id, "limit": 1})
        if not rows:
            raise ItemNotFound(f"no item has the id {item_id}", ref=str(item_id))
        return rows[0]

    def items(
        self,
        account_id: str,
        *,
        kind: Kind | None = None,
        search: str = "",
        before_id: int | None = None,
        limit: int = 50,
    ) -> list[Item]:
        """The account's visible items, newest id first, below `before_id`."""
        return self._select(
            "(:kind IS NULL OR i.kind = :kind) AND (:before IS NULL OR i.id < :before)"
            " AND (:search = '' OR instr(lower(i.title), lower(:search))"
            " OR instr(lower(i.text), lower(:search)))",
            {
                "account_id": account_id,
                "kind": kind,
                "before": before_id,
                "search": search,
                "limit": limit,
            },
        )

    def _select(self, where: str, values: dict[str, object]) -> list[Item]:
        # `where` is one of the two constants above; every value is a parameter.
        sql = f"SELECT i.* FROM items i WHERE {where} AND {VISIBLE} ORDER BY i.id DESC LIMIT :limit"
        return [to_item(row) for row in self._db.rows(sql, values)]

    def texts(self, item_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Item id -> (title, text) for those that exist."""
        found: dict[int, tuple[str, str]] = {}
        for chunk in chunks(item_ids):
            rows = self._db.rows(
                f"SELECT id, title, text FROM items WHERE id IN ({marks(chunk)})",
                chunk,
            )
            found.update({row["id"]: (row["title"], row["text"]) for row in rows})
        return found

    def without_vector(self, model_key: str, *, limit: int) -> list[tuple[int, str, str]]:
        """(id, title, text) of items this model has not embedded yet, by key."""
        rows = self._db.rows(
            "SELECT i.id, i.title, i.text FROM items i WHERE NOT EXISTS (SELECT 1 FROM"
            " item_vectors v WHERE v.item_id = i.id AND v.model_key = ?) ORDER BY i.id LIMIT ?",
            (model_key, limit),
        )
        return [(row["id"], row["title"], row["text"]) for row in rows]

    def n_without_vector(self, model_key: str) -> int:
        """How many items this model has not embedded yet."""
        row = self._db.row(
            "SELECT count(*) FROM items i WHERE NOT EXISTS (SELECT 1 FROM item_vectors v"
            " WHERE v.item_id = i.id AND v.model_key = ?)",
            (model_key,),
        )
        return int(row[0]) if row else 0


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Slices small enough for one statement's parameters."""
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def marks(values: Sequence[object]) -> str:
    """Question marks for an IN list."""
    return ",".join("?" * len(values))
