"""FeedStore in SQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recommender.domain import Login
from recommender.errors import FeedNotFound
from recommender.storage.people import put_account
from recommender.storage.rows import to_feed, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import Feed, FullText, Kind
    from recommender.storage.database import Database, Row

# Items an account may see: from a feed it subscribes to, or saved by itself.
VISIBLE = """(i.owner_id = :account_id OR EXISTS (
    SELECT 1 FROM feed_items fi JOIN subscriptions s ON s.feed_id = fi.feed_id
    WHERE fi.item_id = i.id AND s.account_id = :account_id))"""


class SqlFeeds:
    """Feeds and subscriptions; see `recommender.storage.protocol.FeedStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def subscribe(
        self,
        account_id: str,
        url: str,
        *,
        kind: Kind,
        title: str,
        now: datetime,
        folders: Sequence[str] = (),
        login: Login | None = None,
    ) -> Feed:
        """Put a subscription; the feed is made if no account had it before."""
        owner_id = account_id if login else ""
        with self._db.transaction():
            put_account(self._db, account_id, now.isoformat())
            row = self._row(url, owner_id)
            if row is None:
                # Another account may add it at this moment.
                self._db.execute(
                    "INSERT INTO feeds (url, owner_id, title, kind) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO NOTHING",
                    (url, owner_id, title, kind),
                )
                row = self._row(url, owner_id)
            assert row is not None
            if login:
                value = {"feed_id": row["id"], "kind": login.kind, "value": login.value}
                self._db.upsert("feed_logins", value, pk="feed_id")
            added = self._db.execute(
                "INSERT INTO subscriptions (account_id, feed_id, created_at, folders)"
                " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (account_id, row["id"], to_text(now), json.dumps(list(folders))),
            )
            if added:
                self._look_again(account_id, row["id"])
            return to_feed(row, tuple(folders))

    def _row(self, url: str, owner_id: str) -> Row | None:
        sql = "SELECT * FROM feeds WHERE url = ? AND owner_id = ?"
        return self._db.row(sql, (url, owner_id))

    def _look_again(self, account_id: str, feed_id: int) -> None:
        """The feed may hold items that were matched for others before."""
        self._db.execute(
            "UPDATE interest_vectors SET matched_seq = 0 WHERE account_id = ?"
            " AND EXISTS (SELECT 1 FROM feed_items WHERE feed_id = ?)",
            (account_id, feed_id),
        )

    def unsubscribe(self, account_id: str, feed_id: int) -> None:
        """End a subscription and drop matches with items that are no longer visible."""
        with self._db.transaction():
            gone = self._db.delete(
                "subscriptions", "account_id = ? AND feed_id = ?", (account_id, feed_id)
            )
            if not gone:
                raise FeedNotFound(f"not subscribed to feed {feed_id}", ref=str(feed_id))
            self._db.execute(
                "DELETE FROM items WHERE owner_id = ? AND feed_id = ?"
                " AND id NOT IN (SELECT item_id FROM status_events)",
                (account_id, feed_id),
            )
            self._db.delete("feeds", "id = ? AND owner_id = ?", (feed_id, account_id))
            self._db.execute(
                "DELETE FROM matches WHERE account_id = ? AND item_id NOT IN (SELECT fi.item_id"
                " FROM feed_items fi JOIN subscriptions s ON s.feed_id = fi.feed_id"
                " WHERE s.account_id = ? UNION SELECT id FROM items WHERE owner_id = ?)",
                (account_id, account_id, account_id),
            )

    def feeds(self, account_id: str) -> list[Feed]:
        """The account's feeds, by title then id, with the folders it keeps them in."""
        rows = self._db.rows(
            "SELECT f.*, s.folders FROM feeds f JOIN subscriptions s ON s.feed_id = f.id"
            " WHERE s.account_id = ? ORDER BY lower(f.title), f.id",
            (account_id,),
        )
        return [to_feed(row, tuple(json.loads(row["folders"]))) for row in rows]

    def subscribed_feeds(self) -> list[Feed]:
        """Every feed that any account subscribes to, by id."""
        rows = self._db.rows(
            "SELECT * FROM feeds WHERE id IN (SELECT feed_id FROM subscriptions) ORDER BY id"
        )
        return [to_feed(row) for row in rows]

    def set_full_text(self, feed_id: int, full_text: FullText) -> None:
        """Choose whether summaries are completed from their pages."""
        self._db.execute("UPDATE feeds SET full_text = ? WHERE id = ?", (full_text, feed_id))

    def move(self, feed_id: int, url: str) -> None:
        """Give a feed its new address; if another feed has it, they become one."""
        with self._db.transaction():
            row = self._db.row("SELECT owner_id FROM feeds WHERE id = ?", (feed_id,))
            if row is None:
                raise FeedNotFound(f"feed {feed_id} is gone", ref=str(feed_id))
            other = self._row(url, row["owner_id"])
            if other is None or other["id"] == feed_id:
                sql = "UPDATE feeds SET url = ?, moved_to = NULL WHERE id = ?"
                self._db.execute(sql, (url, feed_id))
                return
            for table, ours in (("subscriptions", "account_id"), ("feed_items", "item_id")):
                self._db.execute(
                    f"DELETE FROM {table} WHERE feed_id = ? AND {ours} IN"
                    f" (SELECT {ours} FROM {table} WHERE feed_id = ?)",
                    (feed_id, other["id"]),
                )
                self._db.execute(
                    f"UPDATE {table} SET feed_id = ? WHERE feed_id = ?", (other["id"], feed_id)
                )
            sql = "UPDATE items SET feed_id = ? WHERE feed_id = ?"
            self._db.execute(sql, (other["id"], feed_id))
            self._db.delete("feeds", "id = ?", (feed_id,))

    def login(self, feed_id: int) -> Login | None:
        """What the feed's server is shown, if anything. Secret."""
        row = self._db.row("SELECT kind, value FROM feed_logins WHERE feed_id = ?", (feed_id,))
        return Login(row["kind"], row["value"]) if row else None

    def n_summaries(self, feed_id: int, *, longest: int, of: int) -> tuple[int, int]:
        """(how many of the feed's newest `of` articles are this short, how many there are)."""
        row = self._db.row(
            "SELECT coalesce(sum(CASE WHEN n <= ? OR full_text = 'fetched' THEN 1 ELSE 0 END), 0),"
            " count(*) FROM (SELECT length(text) AS n, full_text FROM items WHERE feed_id = ?"
            " AND expired_at IS NULL ORDER BY id DESC LIMIT ?) AS newest",
            (longest, feed_id, of),
        )
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def put_state(self, feed: Feed) -> None:
        """Write a feed's title, validators and health."""
        changed = self._db.execute(
            "UPDATE feeds SET title = ?, site_url = ?, etag = ?, last_modified = ?,"
            " body_hash = ?, checked_at = ?, succeeded_at = ?, next_check_at = ?,"
            " failures = ?, error = ?, problem = ?, moved_to = ?, interval_s = ?, weekly = ?,"
            " newest_at = ?, ttl_minutes = ?, skip_hours = ?, skip_days = ? WHERE id = ?",
            (
                feed.title,
                feed.site_url,
                feed.etag,
                feed.last_modified,
                feed.body_hash,
                to_text(feed.checked_at),
                to_text(feed.succeeded_at),
                to_text(feed.next_check_at),
                feed.failures,
                feed.error,
                feed.problem,
                feed.moved_to,
                feed.interval_s,
                feed.weekly,
                to_text(feed.newest_at),
                feed.ttl_minutes,
                json.dumps(sorted(feed.skip_hours)),
                json.dumps(sorted(feed.skip_days)),
                feed.id,
            ),
        )
        if not changed:
            raise FeedNotFound(f"feed {feed.id} is gone", ref=str(feed.id))
