"""FeedStore on SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.errors import FeedNotFound
from recommender.storage.people import put_account
from recommender.storage.rows import to_feed, to_text

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Feed, Kind
    from recommender.storage.connection import Connections

# Items an account may see: from a feed it subscribes to, or saved by itself.
VISIBLE = """(i.owner_id = :account_id OR EXISTS (
    SELECT 1 FROM feed_items fi JOIN subscriptions s ON s.feed_id = fi.feed_id
    WHERE fi.item_id = i.id AND s.account_id = :account_id))"""


class SqliteFeeds:
    """Feeds and subscriptions; see `recommender.storage.protocol.FeedStore`."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections

    def subscribe(
        self, account_id: str, url: str, *, kind: Kind, title: str, now: datetime
    ) -> Feed:
        """Put a subscription; the feed is made if no account had it before."""
        with self._db.transaction():
            put_account(self._db, account_id, now.isoformat())
            row = self._db.row("SELECT * FROM feeds WHERE url = ?", (url,))
            if row is None:
                self._db.insert("feeds", {"url": url, "title": title, "kind": kind, "failures": 0})
                row = self._db.row("SELECT * FROM feeds WHERE url = ?", (url,))
            assert row is not None
            added = self._db.execute(
                "INSERT OR IGNORE INTO subscriptions (account_id, feed_id, created_at)"
                " VALUES (?, ?, ?)",
                (account_id, row["id"], to_text(now)),
            )
            if added:
                # The feed may hold items that were matched for others before: look again.
                self._db.execute(
                    "UPDATE interest_vectors SET matched_seq = 0 WHERE account_id = ?"
                    " AND EXISTS (SELECT 1 FROM feed_items WHERE feed_id = ?)",
                    (account_id, row["id"]),
                )
            return to_feed(row)

    def unsubscribe(self, account_id: str, feed_id: int) -> None:
        """End a subscription and drop matches with items that are no longer visible."""
        with self._db.transaction():
            gone = self._db.delete(
                "subscriptions", "account_id = ? AND feed_id = ?", (account_id, feed_id)
            )
            if not gone:
                raise FeedNotFound(f"not subscribed to feed {feed_id}", ref=str(feed_id))
            self._db.execute(
                "DELETE FROM matches WHERE account_id = ? AND item_id NOT IN (SELECT fi.item_id"
                " FROM feed_items fi JOIN subscriptions s ON s.feed_id = fi.feed_id"
                " WHERE s.account_id = ? UNION SELECT id FROM items WHERE owner_id = ?)",
                (account_id, account_id, account_id),
            )

    def feeds(self, account_id: str) -> list[Feed]:
        """The account's feeds, by title then id."""
        rows = self._db.rows(
            "SELECT f.* FROM feeds f JOIN subscriptions s ON s.feed_id = f.id"
            " WHERE s.account_id = ? ORDER BY f.title COLLATE NOCASE, f.id",
            (account_id,),
        )
        return [to_feed(row) for row in rows]

    def subscribed_feeds(self) -> list[Feed]:
        """Every feed that any account subscribes to, by id."""
        rows = self._db.rows(
            "SELECT * FROM feeds WHERE id IN (SELECT feed_id FROM subscriptions) ORDER BY id"
        )
        return [to_feed(row) for row in rows]

    def put_state(self, feed: Feed) -> None:
        """Write a feed's title, validators and health."""
        changed = self._db.execute(
            "UPDATE feeds SET title = ?, site_url = ?, etag = ?, last_modified = ?,"
            " body_hash = ?, checked_at = ?, succeeded_at = ?, next_check_at = ?,"
            " failures = ?, error = ? WHERE id = ?",
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
                feed.id,
            ),
        )
        if not changed:
            raise FeedNotFound(f"feed {feed.id} is gone", ref=str(feed.id))
