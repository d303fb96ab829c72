"""HistoryStore in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.domain import Had
from recommender.errors import ConflictError, NotFoundError
from recommender.storage.rows import (
    need_time,
    to_status_event,
    to_text,
    to_touch,
    touch_row,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import StatusEvent, Touch
    from recommender.storage.database import Database


class SqlHistory:
    """Status events and touches; see `recommender.storage.protocol.HistoryStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add_status(self, account_id: str, event: StatusEvent, touch: Touch | None) -> None:
        """Append a status event, and the touch it stands for."""
        with self._db.transaction():
            if touch is not None:
                self.add_touch(account_id, touch)
            self._db.insert(
                "status_events",
                {
                    "account_id": account_id,
                    "suggestion_id": event.suggestion_id,
                    "contact_id": event.contact_id,
                    "item_id": event.item_id,
                    "item_key": event.item_key,
                    "status": event.status,
                    "at": to_text(event.at),
                    "until": to_text(event.until),
                    "touch_id": touch.id if touch else None,
                },
            )

    def undo_status(self, account_id: str, suggestion_id: str) -> StatusEvent:
        """Take the newest event and its touch back."""
        with self._db.transaction():
            row = self._db.row(
                "SELECT * FROM status_events WHERE account_id = ? AND suggestion_id = ?"
                " ORDER BY id DESC LIMIT 1",
                (account_id, suggestion_id),
            )
            if row is None:
                raise ConflictError(f"nothing to undo for suggestion {suggestion_id}")
            self._db.delete("status_events", "account_id = ? AND id = ?", (account_id, row["id"]))
            self._db.delete("touches", "account_id = ? AND id = ?", (account_id, row["touch_id"]))
            return to_status_event(row)

    def statuses(self, account_id: str, contact_id: str | None = None) -> list[StatusEvent]:
        """The current (newest) event of each suggestion, oldest first."""
        rows = self._db.rows(
            "SELECT * FROM status_events WHERE id IN (SELECT max(id) FROM status_events"
            " WHERE account_id = ? AND (CAST(? AS TEXT) IS NULL OR contact_id = ?)"
            " GROUP BY suggestion_id) AND account_id = ? ORDER BY id",
            (account_id, contact_id, contact_id, account_id),
        )
        return [to_status_event(row) for row in rows]

    def had(
        self,
        account_id: str,
        *,
        contact_id: str | None = None,
        status: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[tuple[int, Had]]:
        """The current event of each suggestion with its item, newest first, by place."""
        rows = self._db.rows(
            "SELECT e.*, i.kind, i.title, i.url FROM status_events e"
            " JOIN items i ON i.id = e.item_id WHERE e.account_id = :account_id"
            " AND e.id IN (SELECT max(id) FROM status_events WHERE account_id = :account_id"
            " AND (CAST(:contact_id AS TEXT) IS NULL OR contact_id = :contact_id)"
            " GROUP BY suggestion_id)"
            " AND (CAST(:status AS TEXT) IS NULL OR e.status = :status)"
            " AND (CAST(:before AS BIGINT) IS NULL OR e.id < :before)"
            " ORDER BY e.id DESC LIMIT :limit",
            {
                "account_id": account_id,
                "contact_id": contact_id,
                "status": status,
                "before": before,
                "limit": limit,
            },
        )
        return [
            (row["id"], Had(to_status_event(row), row["kind"], row["title"], row["url"]))
            for row in rows
        ]

    def add_touch(self, account_id: str, touch: Touch) -> None:
        """Append a touch."""
        self._db.insert("touches", touch_row(account_id, touch))

    def delete_touch(self, account_id: str, touch_id: str) -> None:
        """Erase a touch, or NotFoundError."""
        if not self._db.delete("touches", "account_id = ? AND id = ?", (account_id, touch_id)):
            raise NotFoundError(f"no touch has the id {touch_id}", ref=touch_id)

    def touches(self, account_id: str, contact_id: str | None = None) -> list[Touch]:
        """Touches, newest first."""
        rows = self._db.rows(
            "SELECT * FROM touches WHERE account_id = ?"
            " AND (CAST(? AS TEXT) IS NULL OR contact_id = ?) ORDER BY at DESC, rowid DESC",
            (account_id, contact_id, contact_id),
        )
        return [to_touch(row) for row in rows]

    def last_touches(self, account_id: str) -> dict[str, Touch]:
        """Contact id -> newest touch."""
        rows = self._db.rows(
            "SELECT t.* FROM touches t JOIN (SELECT contact_id, max(at) AS at FROM touches"
            " WHERE account_id = ? GROUP BY contact_id) n ON n.contact_id = t.contact_id"
            " AND n.at = t.at WHERE t.account_id = ? ORDER BY t.rowid",
            (account_id, account_id),
        )
        return {row["contact_id"]: to_touch(row) for row in rows}

    def last_talks(self, account_id: str) -> dict[str, datetime]:
        """Contact id -> time of the newest call or meeting."""
        rows = self._db.rows(
            "SELECT contact_id, max(at) AS at FROM touches WHERE account_id = ?"
            " AND kind IN ('call', 'met') GROUP BY contact_id",
            (account_id,),
        )
        return {row["contact_id"]: need_time(row["at"]) for row in rows}

    def put_touches(self, account_id: str, touches: Sequence[Touch]) -> int:
        """Append touches; those of a source that the contact has already are left out."""
        rows = [touch_row(account_id, touch) for touch in touches]
        if not rows:
            return 0
        with self._db.transaction():
            return self._db.execute_many(
                f"INSERT INTO touches ({', '.join(rows[0])})"
                f" VALUES ({', '.join(f':{name}' for name in rows[0])}) ON CONFLICT DO NOTHING",
                rows,
            )
