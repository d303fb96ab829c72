"""BacklogStore in SQL: what waits to be done, whoever was to do it.

Asked every minute, and so kept to what an index answers: items that are not ready yet carry no
level, and there are few of them at any time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recommender.domain import Unrated
from recommender.storage.feeds import VISIBLE
from recommender.storage.items import chunks, marks
from recommender.storage.rows import to_feed, to_text, to_time
from recommender.storage.vectors import SqlVectors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import Feed
    from recommender.storage.backlog_protocol import Prepared
    from recommender.storage.database import Database

_SUBSCRIBED = "id IN (SELECT feed_id FROM subscriptions)"


class SqlBacklog:
    """What waits to be done; see `recommender.storage.backlog_protocol.BacklogStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def due_feeds(self, now: datetime) -> list[int]:
        """Feeds whose next check has come, those that waited longest first."""
        rows = self._db.rows(
            f"SELECT id FROM feeds WHERE {_SUBSCRIBED}"
            " AND (next_check_at IS NULL OR next_check_at <= ?)"
            " AND (problem IS NULL OR problem <> 'gone')"
            " ORDER BY coalesce(next_check_at, ''), id",
            (to_text(now),),
        )
        return [int(row["id"]) for row in rows]

    def feed(self, feed_id: int) -> Feed | None:
        """A feed that somebody subscribes to, or None."""
        row = self._db.row(f"SELECT * FROM feeds WHERE id = ? AND {_SUBSCRIBED}", (feed_id,))
        return to_feed(row) if row else None

    def unready(
        self, *, feed_id: int | None = None, before: datetime | None = None, limit: int
    ) -> list[int]:
        """Ids of items that were not prepared yet, by id."""
        # Said only if it is asked for: with an OR in it no index would be of use.
        sql = "SELECT i.id FROM items i WHERE i.level IS NULL AND i.expired_at IS NULL"
        values: list[object] = []
        if feed_id is not None:
            sql += " AND i.feed_id = ?"
            values.append(feed_id)
        if before is not None:
            sql += " AND coalesce(i.updated_at, i.fetched_at) < ?"
            values.append(to_text(before))
        rows = self._db.rows(f"{sql} ORDER BY i.id LIMIT ?", [*values, limit])
        return [int(row["id"]) for row in rows]

    def own_unready(self, account_id: str, *, limit: int) -> list[int]:
        """Ids of the account's own items that were not prepared yet, newest first."""
        rows = self._db.rows(
            "SELECT id FROM items WHERE owner_id = ? AND level IS NULL AND expired_at IS NULL"
            " ORDER BY id DESC LIMIT ?",
            (account_id, limit),
        )
        return [int(row["id"]) for row in rows]

    def n_unready(self, account_id: str) -> int:
        """How many items that the account can see were not prepared yet."""
        rows = self._db.rows(
            "SELECT count(*) AS n FROM items i WHERE i.level IS NULL AND i.expired_at IS NULL"
            f" AND {VISIBLE}",
            {"account_id": account_id},
        )
        return int(rows[0]["n"])

    def unprepared(self, model_key: str, item_ids: Sequence[int]) -> list[Unrated]:
        """Those of the items that lack a level, or a vector of this model, by id."""
        found: list[Unrated] = []
        for chunk in chunks(sorted(item_ids)):
            rows = self._db.rows(
                "SELECT i.id, i.kind, i.title, i.text FROM items i"
                f" WHERE i.id IN ({marks(chunk)}) AND i.expired_at IS NULL"
                " AND (i.level IS NULL OR NOT EXISTS (SELECT 1 FROM item_vectors v"
                " WHERE v.item_id = i.id AND v.model_key = ?)) ORDER BY i.id",
                (*chunk, model_key),
            )
            found += [Unrated(row["id"], row["kind"], row["title"], row["text"]) for row in rows]
        return found

    def put_prepared(self, model_key: str, prepared: Sequence[Prepared]) -> None:
        """Put vectors and levels of items whose text is still what they were made from."""
        with self._db.transaction():
            # Who rewrites an item takes this lock before the old vector is dropped: either the
            # new text is seen here, or the vector put here is seen there.
            self._db.lock("vectors")
            same = self._unchanged(prepared)
            vectors = {one.item.item_id: one.vector for one in same}
            SqlVectors(self._db).put_item_vectors(model_key, vectors)
        # Apart from it, lest a row that another holds while it waits for the lock be waited for.
        self._db.execute_many(
            "UPDATE items SET level = ?, topics = ? WHERE id = ? AND title = ? AND text = ?",
            [
                (one.level, json.dumps(one.topics), one.item.item_id, one.item.title, one.item.text)
                for one in same
            ],
        )

    def _unchanged(self, prepared: Sequence[Prepared]) -> list[Prepared]:
        texts: dict[int, tuple[str, str]] = {}
        for chunk in chunks([one.item.item_id for one in prepared]):
            rows = self._db.rows(
                f"SELECT id, title, text FROM items WHERE id IN ({marks(chunk)})"
                " AND expired_at IS NULL",
                chunk,
            )
            texts.update({row["id"]: (row["title"], row["text"]) for row in rows})
        return [
            one
            for one in prepared
            if texts.get(one.item.item_id) == (one.item.title, one.item.text)
        ]

    def hold_stories(self) -> None:
        """Let nobody else place stories before this transaction ends."""
        self._db.lock("stories")

    def oldest_unplaced(self) -> datetime | None:
        """Since when the longest waiting article with a vector has had no story."""
        row = self._db.row(
            "SELECT min(coalesce(i.updated_at, i.fetched_at)) AS at FROM items i"
            " WHERE i.story IS NULL AND i.expired_at IS NULL AND i.kind = 'article'"
            " AND EXISTS (SELECT 1 FROM item_vectors v WHERE v.item_id = i.id)"
        )
        return to_time(row["at"]) if row else None

    def readers(self, item_ids: Sequence[int]) -> list[str]:
        """Accounts that can see at least one of the items, in order."""
        found: set[str] = set()
        for chunk in chunks(item_ids):
            rows = self._db.rows(
                "SELECT account_id FROM subscriptions WHERE feed_id IN"
                f" (SELECT feed_id FROM feed_items WHERE item_id IN ({marks(chunk)}))"
                f" UNION SELECT owner_id FROM items WHERE id IN ({marks(chunk)})"
                " AND owner_id <> ''",
                (*chunk, *chunk),
            )
            found.update(row["account_id"] for row in rows)
        return sorted(found)

    def behind(self, model_key: str) -> list[str]:
        """Accounts with an interest that has not met all there is under this model, in order."""
        rows = self._db.rows(
            "SELECT DISTINCT t.account_id FROM interests t LEFT JOIN interest_vectors v"
            " ON v.account_id = t.account_id AND v.interest_id = t.id AND v.model_key = ?"
            " WHERE v.matched_seq IS NULL OR v.matched_seq <"
            " (SELECT coalesce(max(seq), 0) FROM item_vectors WHERE model_key = ?)"
            " ORDER BY t.account_id",
            (model_key, model_key),
        )
        return [row["account_id"] for row in rows]

    def digest_wishes(self) -> list[tuple[str, dict[str, str]]]:
        """(account, what it has set for the digest) of those that want one by itself."""
        rows = self._db.rows(
            "SELECT account_id, key, value FROM preferences WHERE key IN"
            " ('digest.to', 'digest.day', 'digest.at', 'digest.since')"
            " AND account_id IN (SELECT account_id FROM preferences WHERE key = 'digest.day')"
            " ORDER BY account_id"
        )
        found: dict[str, dict[str, str]] = {}
        for row in rows:
            found.setdefault(row["account_id"], {})[row["key"]] = row["value"]
        return list(found.items())

    def digests_settled(self, weeks: Sequence[str], now: datetime) -> set[tuple[str, str]]:
        """(account, week) of digests that went out, or are not to be tried yet."""
        rows = self._db.rows(
            f"SELECT account_id, week FROM outbox WHERE week IN ({marks(weeks) or 'NULL'})"
            " AND (state <> 'waiting' OR retry_at > ?)",
            (*weeks, to_text(now)),
        )
        return {(row["account_id"], row["week"]) for row in rows}

    def news(self, account_id: str) -> dict[int, tuple[int, int]]:
        """Feed id -> how many items its last check (added, changed), for the account's feeds."""
        # What a check writes carries the check's own time, whichever host's clock that was.
        rows = self._db.rows(
            "SELECT i.feed_id,"
            " sum(CASE WHEN i.fetched_at = f.checked_at THEN 1 ELSE 0 END) AS added,"
            " sum(CASE WHEN i.fetched_at < f.checked_at THEN 1 ELSE 0 END) AS changed"
            " FROM items i JOIN feeds f ON f.id = i.feed_id JOIN subscriptions s"
            " ON s.feed_id = f.id WHERE s.account_id = ?"
            " AND (i.fetched_at = f.checked_at OR i.updated_at = f.checked_at) GROUP BY i.feed_id",
            (account_id,),
        )
        return {row["feed_id"]: (int(row["added"]), int(row["changed"])) for row in rows}
