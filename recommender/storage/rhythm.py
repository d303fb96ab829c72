"""RhythmStore in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.domain import Group
from recommender.storage.people import put_account
from recommender.storage.rows import need_time, slot_row, to_slot, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from recommender.account import Mute, MuteKind
    from recommender.domain import Slot
    from recommender.storage.database import Database


class SqlRhythm:
    """Groups, preferences, mutes, plans; see `recommender.storage.protocol.RhythmStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def groups(self, account_id: str) -> list[Group]:
        """Groups with a cadence of their own, by name."""
        rows = self._db.rows(
            "SELECT name, cadence_days FROM groups WHERE account_id = ? ORDER BY name",
            (account_id,),
        )
        return [Group(row["name"], row["cadence_days"]) for row in rows]

    def put_group(self, account_id: str, group: Group, *, now: datetime) -> None:
        """Put a group, in place of the one of its name."""
        with self._db.transaction():
            put_account(self._db, account_id, to_text(now) or "")
            self._db.execute(
                "INSERT INTO groups (account_id, name, cadence_days) VALUES (?, ?, ?)"
                " ON CONFLICT (account_id, name)"
                " DO UPDATE SET cadence_days = excluded.cadence_days",
                (account_id, group.name, group.cadence_days),
            )

    def delete_group(self, account_id: str, name: str) -> bool:
        """Forget a group's cadence; False if it had none."""
        sql = "DELETE FROM groups WHERE account_id = ? AND name = ?"
        return self._db.execute(sql, (account_id, name)) > 0

    def preferences(self, account_id: str) -> dict[str, str]:
        """What the user has set, by key."""
        sql = "SELECT key, value FROM preferences WHERE account_id = ? ORDER BY key"
        return {row["key"]: row["value"] for row in self._db.rows(sql, (account_id,))}

    def put_preference(self, account_id: str, key: str, value: str, *, now: datetime) -> None:
        """Set a preference; an empty value forgets it."""
        with self._db.transaction():
            put_account(self._db, account_id, to_text(now) or "")
            self._db.execute(
                "DELETE FROM preferences WHERE account_id = ? AND key = ?", (account_id, key)
            )
            if value:
                self._db.execute(
                    "INSERT INTO preferences (account_id, key, value) VALUES (?, ?, ?)",
                    (account_id, key, value),
                )

    def mutes(self, account_id: str) -> list[Mute]:
        """What is not suggested to anybody, oldest first."""
        sql = "SELECT * FROM mutes WHERE account_id = ? ORDER BY created_at, kind, value"
        rows = self._db.rows(sql, (account_id,))
        if not rows:
            return []  # as for most who ask, `suggest` among them
        from recommender.account import Mute

        return [Mute(row["kind"], row["value"], need_time(row["created_at"])) for row in rows]

    def put_mute(self, account_id: str, mute: Mute) -> None:
        """Put a mute; one that is there stays as it is."""
        at = to_text(mute.created_at) or ""
        with self._db.transaction():
            put_account(self._db, account_id, at)
            self._db.execute(
                "INSERT INTO mutes (account_id, kind, value, created_at)"
                " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (account_id, mute.kind, mute.value, at),
            )

    def delete_mute(self, account_id: str, kind: MuteKind, value: str) -> bool:
        """Take a mute back; False if there was none."""
        sql = "DELETE FROM mutes WHERE account_id = ? AND kind = ? AND value = ?"
        return self._db.execute(sql, (account_id, kind, value)) > 0

    def plan(self, account_id: str, day: date) -> tuple[int, list[Slot]] | None:
        """(minutes, slots) of a day's plan, or None where none was made."""
        where = (account_id, day.isoformat())
        sql = "SELECT minutes FROM plans WHERE account_id = ? AND day = ?"
        row = self._db.row(sql, where)
        if row is None:
            return None
        sql = "SELECT * FROM plan_slots WHERE account_id = ? AND day = ? ORDER BY place"
        return row["minutes"], [to_slot(slot) for slot in self._db.rows(sql, where)]

    def put_plan(
        self, account_id: str, day: date, minutes: int, slots: Sequence[Slot], *, now: datetime
    ) -> None:
        """Put a day's plan, in place of the one there was."""
        with self._db.transaction():
            put_account(self._db, account_id, to_text(now) or "")
            self._db.execute(
                "DELETE FROM plans WHERE account_id = ? AND day = ?", (account_id, day.isoformat())
            )
            self._db.execute(
                "INSERT INTO plans (account_id, day, minutes, made_at) VALUES (?, ?, ?, ?)",
                (account_id, day.isoformat(), minutes, to_text(now)),
            )
            self._db.execute_many(
                "INSERT INTO plan_slots (account_id, day, place, contact_id, action, minutes,"
                " is_dormant, suggestion_id, skipped_at) VALUES (:account_id, :day, :place,"
                " :contact_id, :action, :minutes, :is_dormant, :suggestion_id, :skipped_at)",
                [slot_row(account_id, place, slot) for place, slot in enumerate(slots)],
            )

    def slots_since(self, account_id: str, day: date) -> list[Slot]:
        """Slots of plans of that day and later, oldest first."""
        rows = self._db.rows(
            "SELECT * FROM plan_slots WHERE account_id = ? AND day >= ? ORDER BY day, place",
            (account_id, day.isoformat()),
        )
        return [to_slot(row) for row in rows]
