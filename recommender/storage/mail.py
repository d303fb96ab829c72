"""MailStore in SQL: the outbox of digests, the keys of feeds, and what signs links."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from recommender.account import Outgoing
from recommender.storage.people import put_account
from recommender.storage.rows import need_time, to_text, to_time

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.storage.database import Database, Row


class SqlMail:
    """Digests on their way; see `recommender.storage.protocol.MailStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def outgoing(self, account_id: str, week: str) -> Outgoing | None:
        """A week's digest, or None."""
        sql = "SELECT * FROM outbox WHERE account_id = ? AND week = ?"
        row = self._db.row(sql, (account_id, week))
        return _to_outgoing(row) if row else None

    def outbox(self, account_id: str, *, limit: int) -> list[Outgoing]:
        """The newest digests, newest week first."""
        rows = self._db.rows(
            "SELECT * FROM outbox WHERE account_id = ? ORDER BY week DESC LIMIT ?",
            (account_id, limit),
        )
        return [_to_outgoing(row) for row in rows]

    def prepare(self, account_id: str, week: str, recipient: str, *, now: datetime) -> Outgoing:
        """Put a week's digest in waiting, unless it is there already."""
        with self._db.transaction():
            put_account(self._db, account_id, to_text(now) or "")
            self._db.execute(
                "INSERT INTO outbox (account_id, week, state, recipient, attempts, at, error)"
                " VALUES (?, ?, 'waiting', ?, 0, ?, '') ON CONFLICT DO NOTHING",
                (account_id, week, recipient, to_text(now)),
            )
            found = self.outgoing(account_id, week)
            assert found is not None
            return found

    def claim(
        self,
        account_id: str,
        week: str,
        recipient: str,
        *,
        now: datetime,
        after: datetime | None = None,
    ) -> bool:
        """From waiting to sending; False for all but one of those who ask."""
        with self._db.durable():
            changed = self._db.execute(
                "UPDATE outbox SET state = 'sending', recipient = ?, attempts = attempts + 1,"
                " at = ?"
                " WHERE account_id = ? AND week = ?"
                " AND (at = ? OR (CAST(? AS TEXT) IS NULL AND state = 'waiting'))",
                (recipient, to_text(now), account_id, week, to_text(after), to_text(after)),
            )
        return changed > 0

    def settle(self, account_id: str, week: str, *, now: datetime) -> None:
        """From sending to sent."""
        self._db.execute(
            "UPDATE outbox SET state = 'sent', at = ?, retry_at = NULL, error = ''"
            " WHERE account_id = ? AND week = ? AND state = 'sending'",
            (to_text(now), account_id, week),
        )

    def put_back(
        self,
        account_id: str,
        week: str,
        *,
        now: datetime,
        retry_at: datetime | None,
        error: str,
        was_claimed: bool,
    ) -> None:
        """Back to waiting after an attempt of which it is certain that it failed."""
        self._db.execute(
            "UPDATE outbox SET state = 'waiting', attempts = attempts + ?, at = ?, retry_at = ?,"
            " error = ? WHERE account_id = ? AND week = ? AND state = ?",
            (
                0 if was_claimed else 1,
                to_text(now),
                to_text(retry_at),
                error,
                account_id,
                week,
                "sending" if was_claimed else "waiting",
            ),
        )

    def feed_key(self, account_id: str) -> str | None:
        """What the account's feeds are read by, or None."""
        row = self._db.row("SELECT key FROM feed_keys WHERE account_id = ?", (account_id,))
        return row["key"] if row else None

    def put_feed_key(self, account_id: str, key: str, *, now: datetime) -> None:
        """Set it, in place of the one there was."""
        with self._db.transaction():
            put_account(self._db, account_id, to_text(now) or "")
            self._db.execute(
                "INSERT INTO feed_keys (account_id, key) VALUES (?, ?)"
                " ON CONFLICT (account_id) DO UPDATE SET key = excluded.key",
                (account_id, key),
            )

    def account_of_feed_key(self, key: str) -> str | None:
        """Whose feeds a key opens, or None."""
        row = self._db.row("SELECT account_id FROM feed_keys WHERE key = ?", (key,))
        return row["account_id"] if row else None

    def signing_key(self) -> str:
        """A random secret that this library keeps for life; links are signed with it."""
        sql = "SELECT value FROM settings WHERE key = 'signing_key'"
        row = self._db.row(sql)
        if row is None:
            # Of two processes that make one at once, the first one's stays.
            self._db.execute(
                "INSERT INTO settings (key, value) VALUES ('signing_key', ?)"
                " ON CONFLICT DO NOTHING",
                (secrets.token_urlsafe(32),),
            )
            row = self._db.rows(sql)[0]
        key: str = row["value"]
        return key


def _to_outgoing(row: Row) -> Outgoing:
    """A row as a digest on its way."""
    return Outgoing(
        week=row["week"],
        state=row["state"],
        recipient=row["recipient"],
        attempts=row["attempts"],
        at=need_time(row["at"]),
        retry_at=to_time(row["retry_at"]),
        error=row["error"],
    )
