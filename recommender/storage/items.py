"""ItemStore in SQL."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from recommender.domain import PageWanted, Revision, Told, Unplaced, Unrated
from recommender.errors import ConflictError, ItemNotFound
from recommender.storage.feeds import VISIBLE
from recommender.storage.intake import Intake, forget_derived
from recommender.storage.rows import need_time, to_item, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from recommender.domain import Item, Kind, Level, NewItem
    from recommender.storage.database import Database

# SQLite takes 32,766 parameters; far fewer keep statements small enough to cache.
CHUNK = 500


class SqlItems:
    """The pool; see `recommender.storage.protocol.ItemStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put_items(
        self, items: Sequence[NewItem], *, feed_id: int | None, owner_id: str, now: datetime
    ) -> tuple[int, int]:
        """Put items; returns how many were (added, changed)."""
        with self._db.transaction():
            # Two feeds may bring the same item at once.
            self._db.lock("pool")
            intake = Intake(self._db, feed_id=feed_id, owner_id=owner_id, now=now)
            for item in items:
                intake.put(item)
        return intake.added, intake.changed

    def revisions(self, item_id: int) -> list[Revision]:
        """What the item was before each update, newest first."""
        rows = self._db.rows(
            "SELECT at, title, text, changed FROM item_revisions WHERE item_id = ?"
            " ORDER BY id DESC",
            (item_id,),
        )
        return [
            Revision(
                need_time(row["at"]), row["title"], row["text"], tuple(json.loads(row["changed"]))
            )
            for row in rows
        ]

    def expire(self, before: datetime, *, now: datetime) -> int:
        """Make tombstones of articles fetched before a moment; returns their number."""
        with self._db.transaction():
            rows = self._db.rows(
                "SELECT id FROM items WHERE expired_at IS NULL AND fetched_at < ?"
                " AND kind = 'article' AND (owner_id = '' OR feed_id IS NOT NULL)"
                " AND id NOT IN (SELECT item_id FROM status_events)"
                " AND id NOT IN (SELECT item_id FROM touches WHERE item_id IS NOT NULL)",
                (to_text(before),),
            )
            for row in rows:
                self._db.execute(
                    "UPDATE items SET text = '', author = NULL, tags = '[]', story = NULL,"
                    " expired_at = ? WHERE id = ?",
                    (to_text(now), row["id"]),
                )
                self._db.execute("DELETE FROM item_revisions WHERE item_id = ?", (row["id"],))
                forget_derived(self._db, row["id"])
            return len(rows)

    def awaiting_full_text(
        self, *, since: datetime, longest: int, feed_id: int | None = None
    ) -> list[PageWanted]:
        """Summaries fetched since a moment whose page was not tried yet, newest first."""
        of_feed = "" if feed_id is None else " AND i.feed_id = ?"
        rows = self._db.rows(
            "SELECT i.id, i.url, i.feed_id, f.full_text FROM items i JOIN feeds f"
            " ON f.id = i.feed_id WHERE i.fetched_at >= ? AND i.expired_at IS NULL"
            " AND i.full_text IS NULL AND i.url IS NOT NULL AND i.kind = 'article'"
            f" AND f.full_text <> 'off' AND length(i.text) <= ?{of_feed}"
            " ORDER BY i.published_at DESC, i.id DESC",
            (to_text(since), longest, *([] if feed_id is None else [feed_id])),
        )
        return [PageWanted(row["id"], row["url"], row["feed_id"], row["full_text"]) for row in rows]

    def put_full_text(self, item_id: int, text: str | None, minutes: int | None) -> None:
        """Note that an item's page was tried; its text replaces the summary if there is any."""
        with self._db.transaction():
            if text is None:
                self._db.execute("UPDATE items SET full_text = 'failed' WHERE id = ?", (item_id,))
                return
            self._db.execute(
                "UPDATE items SET full_text = 'fetched', text = ?, minutes = ?, story = NULL"
                " WHERE id = ?",
                (text, minutes, item_id),
            )
            forget_derived(self._db, item_id)

    def without_story(self, *, limit: int) -> list[Unplaced]:
        """Articles with a vector that have no story yet, by the time they were told, then key."""
        rows = self._db.rows(
            "SELECT i.id, i.key, i.title, i.text, i.feed_id,"
            " coalesce(i.published_at, i.fetched_at) AS at"
            " FROM items i WHERE i.story IS NULL AND i.expired_at IS NULL AND i.kind = 'article'"
            " AND EXISTS (SELECT 1 FROM item_vectors v WHERE v.item_id = i.id)"
            " ORDER BY at, i.key, i.id LIMIT ?",
            (limit,),
        )
        return [
            Unplaced(
                row["id"],
                row["key"],
                row["title"],
                row["text"],
                need_time(row["at"]),
                row["feed_id"],
            )
            for row in rows
        ]

    def stories(self, item_ids: Sequence[int]) -> dict[int, Told]:
        """Item id -> its story, for those that have one."""
        found: dict[int, Told] = {}
        for chunk in chunks(item_ids):
            rows = self._db.rows(
                "SELECT id, story, feed_id, title, coalesce(published_at, fetched_at) AS at"
                f" FROM items WHERE story IS NOT NULL AND id IN ({marks(chunk)})",
                chunk,
            )
            found.update(
                {
                    row["id"]: Told(
                        row["story"], need_time(row["at"]), row["feed_id"], row["title"]
                    )
                    for row in rows
                }
            )
        return found

    def told_between(self, first: datetime, last: datetime) -> list[int]:
        """Ids of articles with a story told in a span of time, by id."""
        rows = self._db.rows(
            "SELECT id FROM items WHERE story IS NOT NULL AND expired_at IS NULL"
            " AND coalesce(published_at, fetched_at) BETWEEN ? AND ? ORDER BY id",
            (to_text(first), to_text(last)),
        )
        return [int(row["id"]) for row in rows]

    def sharing_bands(self, bands: Sequence[int]) -> list[int]:
        """Ids of items that share a band of their signature with these, by id."""
        if not bands:
            return []
        rows = self._db.rows(
            f"SELECT DISTINCT item_id FROM story_bands WHERE band IN ({marks(bands)})"
            " ORDER BY item_id",
            bands,
        )
        return [int(row["item_id"]) for row in rows]

    def put_story(self, item_id: int, story: str, bands: Sequence[int]) -> None:
        """Give an item its story and the bands it is found by."""
        with self._db.transaction():
            self._db.execute("UPDATE items SET story = ? WHERE id = ?", (story, item_id))
            self._db.execute_many(
                "INSERT INTO story_bands (band, item_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(band, item_id) for band in bands],
            )

    def unrated(self, *, limit: int) -> list[Unrated]:
        """Items whose level was not judged yet, by id."""
        rows = self._db.rows(
            "SELECT id, kind, title, text FROM items WHERE level IS NULL AND expired_at IS NULL"
            " ORDER BY id LIMIT ?",
            (limit,),
        )
        return [Unrated(row["id"], row["kind"], row["title"], row["text"]) for row in rows]

    def n_unrated(self) -> int:
        """How many items were not judged yet."""
        sql = "SELECT count(*) FROM items WHERE level IS NULL AND expired_at IS NULL"
        row = self._db.row(sql)
        return int(row[0]) if row else 0

    def put_ratings(self, ratings: Mapping[int, tuple[Level, Sequence[str]]]) -> None:
        """Put the level and topics of items."""
        self._db.execute_many(
            "UPDATE items SET level = ?, topics = ? WHERE id = ?",
            [(level, json.dumps(topics), item_id) for item_id, (level, topics) in ratings.items()],
        )

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
            "(CAST(:kind AS TEXT) IS NULL OR i.kind = :kind)"
            " AND (CAST(:before AS BIGINT) IS NULL OR i.id < :before)"
            " AND (:search = '' OR lower(i.title) LIKE lower(:pattern) ESCAPE '!'"
            " OR lower(i.text) LIKE lower(:pattern) ESCAPE '!')",
            {
                "account_id": account_id,
                "kind": kind,
                "before": before_id,
                "search": search,
                "pattern": "%" + re.sub("([!%_])", r"!\1", search) + "%",
                "limit": limit,
            },
        )

    def _select(self, where: str, values: dict[str, object]) -> list[Item]:
        # `where` is one of the two constants above; every value is a parameter.
        sql = (
            f"SELECT i.* FROM items i WHERE {where} AND i.expired_at IS NULL"
            f" AND {VISIBLE} ORDER BY i.id DESC LIMIT :limit"
        )
        return [to_item(row) for row in self._db.rows(sql, values)]

    def own_by_key(self, account_id: str, key: str) -> Item:
        """The item of the account's own that a key names, or ItemNotFound."""
        row = self._db.row(
            "SELECT i.* FROM items i JOIN item_keys k ON k.item_id = i.id"
            " WHERE k.owner_id = ? AND k.key = ? AND i.owner_id = ? ORDER BY i.id LIMIT 1",
            (account_id, key, account_id),
        )
        if row is None:
            raise ItemNotFound(f"no page of yours is {key}", ref=key)
        return to_item(row)

    def delete_own(self, account_id: str, item_id: int) -> None:
        """Erase a page the account saved, or ItemNotFound; ConflictError if somebody had it."""
        with self._db.transaction():
            if not self.own_ids(account_id, [item_id]):
                raise ItemNotFound(f"no page of yours has the id {item_id}", ref=str(item_id))
            if self._db.row("SELECT 1 FROM status_events WHERE item_id = ? LIMIT 1", (item_id,)):
                raise ConflictError(
                    "somebody was sent that page, or it was put off: it stays, so that they do "
                    "not get it twice"
                )
            self._db.delete("items", "id = ?", (item_id,))

    def own_ids(self, account_id: str, item_ids: Sequence[int]) -> set[int]:
        """Which of the items are pages that the account saved."""
        found: set[int] = set()
        for chunk in chunks(item_ids):
            rows = self._db.rows(
                f"SELECT id FROM items WHERE id IN ({marks(chunk)}) AND owner_id = ?"
                " AND feed_id IS NULL AND kind = 'page'",
                (*chunk, account_id),
            )
            found.update(row["id"] for row in rows)
        return found

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

    def looks(self, item_ids: Sequence[int]) -> list[tuple[str, str, str | None]]:
        """(title, content hash, story) of items, for those that exist."""
        found: list[tuple[str, str, str | None]] = []
        for chunk in chunks(item_ids):
            rows = self._db.rows(
                f"SELECT title, content_hash, story FROM items WHERE id IN ({marks(chunk)})",
                chunk,
            )
            found += [(row["title"], row["content_hash"], row["story"]) for row in rows]
        return found

    def without_vector(self, model_key: str, *, limit: int) -> list[tuple[int, str, str]]:
        """(id, title, text) of items this model has not embedded yet, by key."""
        rows = self._db.rows(
            "SELECT i.id, i.title, i.text FROM items i WHERE i.expired_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM"
            " item_vectors v WHERE v.item_id = i.id AND v.model_key = ?) ORDER BY i.id LIMIT ?",
            (model_key, limit),
        )
        return [(row["id"], row["title"], row["text"]) for row in rows]

    def n_without_vector(self, model_key: str) -> int:
        """How many items this model has not embedded yet."""
        row = self._db.row(
            "SELECT count(*) FROM items i WHERE i.expired_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM item_vectors v"
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
