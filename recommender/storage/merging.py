"""Two contacts become one, and one becomes two: what hangs on them moves along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recommender.domain import suggestion_id
from recommender.errors import ConflictError
from recommender.storage.rows import contact_row, to_contact, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import Contact
    from recommender.storage.connection import Connections

_NEWEST = "SELECT * FROM merges WHERE account_id = ? AND contact_id = ? ORDER BY at DESC LIMIT 1"


class Merging:
    """Moves the rows of one account's contacts; every method within a transaction.

    Args:
        db: The library.
        account_id: Whose contacts.
    """

    def __init__(self, db: Connections, account_id: str) -> None:
        self._db = db
        self._account_id = account_id

    def merge(self, kept: Contact, gone: Contact, now: datetime) -> None:
        """See `PeopleStore.merge_contacts`."""
        before: dict[str, Any] = {
            "kept": self._row(kept.id),
            "merged": contact_row(self._account_id, kept),
            "gone": self._row(gone.id),
            "interests": [dict(row) for row in self._of("interests", gone.id)],
            "touches": [row["id"] for row in self._of("touches", gone.id)],
            "events": [row["id"] for row in self._of("status_events", gone.id)],
        }
        self._db.upsert("contacts", before["merged"], pk=("account_id", "id"))
        known = {row["phrase"].casefold() for row in self._of("interests", kept.id)}
        self.move_interests(
            [row["id"] for row in before["interests"] if row["phrase"].casefold() not in known],
            kept.id,
        )
        self.move_touches(before["touches"], kept.id)
        self.move_events(before["events"], kept.id)
        self._move_slots(gone.id, kept.id)
        self._update("merges", "contact_id = ?", (gone.id,), kept.id)
        self._db.delete("contacts", "account_id = ? AND id = ?", (self._account_id, gone.id))
        self._db.insert(
            "merges",
            {
                "account_id": self._account_id,
                "contact_id": kept.id,
                "at": to_text(now),
                "before": json.dumps(before, ensure_ascii=False),
            },
        )

    def undo(self, contact_id: str) -> tuple[Contact, Contact]:
        """See `PeopleStore.undo_merge`."""
        row = self._db.row(_NEWEST, (self._account_id, contact_id))
        if row is None:
            raise ConflictError("this contact was not merged; say what to take out instead")
        before: dict[str, Any] = json.loads(row["before"])
        current = self._row(contact_id)
        restored = {
            name: value if current[name] == before["merged"][name] else current[name]
            for name, value in before["kept"].items()
        }
        self._db.upsert("contacts", restored, pk=("account_id", "id"))
        self._db.insert("contacts", before["gone"])
        gone_id = before["gone"]["id"]
        self.move_interests([one["id"] for one in before["interests"]], gone_id)
        there = {one["id"] for one in self._of("interests", gone_id)}
        kept_phrases = {one["phrase"].casefold() for one in self._of("interests", contact_id)}
        for one in before["interests"]:
            # What both had was not moved but dropped; what the user removed since stays removed.
            if one["id"] not in there and one["phrase"].casefold() in kept_phrases:
                self._db.insert("interests", one)
        self.move_touches(before["touches"], gone_id)
        self.move_events(before["events"], gone_id)
        self._db.delete(
            "merges",
            "account_id = ? AND contact_id = ? AND at = ?",
            (self._account_id, contact_id, row["at"]),
        )
        return to_contact(self._row(contact_id)), to_contact(self._row(gone_id))

    def move_interests(self, ids: Sequence[str], contact_id: str) -> None:
        """Give interests, with their matches, to a contact."""
        for interest_id in ids:
            self._update("interests", "id = ?", (interest_id,), contact_id)
            rows = self._db.rows(
                "SELECT m.item_id, m.model_key, i.key FROM matches m JOIN items i"
                " ON i.id = m.item_id WHERE m.account_id = ? AND m.interest_id = ?",
                (self._account_id, interest_id),
            )
            self._db.execute_many(
                "UPDATE matches SET contact_id = ?, suggestion_id = ? WHERE account_id = ?"
                " AND model_key = ? AND interest_id = ? AND item_id = ?",
                [
                    (
                        contact_id,
                        suggestion_id(self._account_id, contact_id, row["key"]),
                        self._account_id,
                        row["model_key"],
                        interest_id,
                        row["item_id"],
                    )
                    for row in rows
                ],
            )

    def move_touches(self, ids: Sequence[str], contact_id: str) -> None:
        """Give touches to a contact; a letter that it has already is not doubled."""
        for touch_id in ids:
            self._db.delete(
                "touches",
                "account_id = ? AND id = ? AND source <> '' AND source IN"
                " (SELECT source FROM touches WHERE account_id = ? AND contact_id = ?)",
                (self._account_id, touch_id, self._account_id, contact_id),
            )
            self._update("touches", "id = ?", (touch_id,), contact_id)

    def move_events(self, ids: Sequence[int], contact_id: str) -> None:
        """Give status events to a contact: what one was sent, the other has."""
        for event_id in ids:
            row = self._db.row(
                "SELECT item_key FROM status_events WHERE account_id = ? AND id = ?",
                (self._account_id, event_id),
            )
            if row is not None:
                self._db.execute(
                    "UPDATE status_events SET contact_id = ?, suggestion_id = ?"
                    " WHERE account_id = ? AND id = ?",
                    (
                        contact_id,
                        suggestion_id(self._account_id, contact_id, row["item_key"]),
                        self._account_id,
                        event_id,
                    ),
                )

    def _move_slots(self, gone_id: str, kept_id: str) -> None:
        self._db.execute(
            "UPDATE plan_slots SET contact_id = ?, suggestion_id = NULL WHERE account_id = ?"
            " AND contact_id = ?",
            (kept_id, self._account_id, gone_id),
        )

    def _update(self, table: str, where: str, values: Sequence[object], contact_id: str) -> None:
        # Table and condition are constants of this module; every value is a parameter.
        self._db.execute(
            f"UPDATE {table} SET contact_id = ? WHERE account_id = ? AND {where}",
            (contact_id, self._account_id, *values),
        )

    def _row(self, contact_id: str) -> dict[str, Any]:
        sql = "SELECT * FROM contacts WHERE account_id = ? AND id = ?"
        return dict(self._db.rows(sql, (self._account_id, contact_id))[0])

    def _of(self, table: str, contact_id: str) -> list[Any]:
        sql = f"SELECT * FROM {table} WHERE account_id = ? AND contact_id = ? ORDER BY rowid"
        return self._db.rows(sql, (self._account_id, contact_id))
