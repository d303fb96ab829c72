"""Two contacts become one, and one becomes two: what hangs on them moves along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recommender.domain import suggestion_id
from recommender.errors import ConflictError
from recommender.storage.rows import contact_row, to_contact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.domain import Contact
    from recommender.storage.database import Database, Row

_NEWEST = "SELECT * FROM merges WHERE account_id = ? AND contact_id = ? ORDER BY id DESC LIMIT 1"
_MOVED = {
    "interests": "rowid",
    "touches": "rowid",
    "status_events": "id",
    "plan_slots": "day, place",
    "merges": "id",
}
"""Tables of what hangs on a contact, and the order in which its rows came."""
_LISTS = frozenset({"emails", "own_sites", "reads", "taboo", "groups"})


class Merging:
    """Moves the rows of one account's contacts; every method within a transaction.

    Args:
        db: The library.
        account_id: Whose contacts.
    """

    def __init__(self, db: Database, account_id: str) -> None:
        self._db = db
        self._account_id = account_id

    def merge(self, kept: Contact, gone: Contact) -> None:
        """See `PeopleStore.merge_contacts`."""
        before: dict[str, Any] = {
            "kept": self._row(kept.id),
            "merged": contact_row(self._account_id, kept),
            "gone": self._row(gone.id),
            **{table: self._dicts(table, gone.id) for table in _MOVED},
        }
        moved, before["dropped"] = self._settled(kept.id, before["interests"])
        self._db.upsert("contacts", before["merged"], pk=("account_id", "id"))
        for one in before["dropped"]:
            self._delete("interests", "id = ?", one["id"])
        self.move_interests(moved, kept.id)
        self.move_touches([row["id"] for row in before["touches"]], kept.id)
        self.move_events([row["id"] for row in before["status_events"]], kept.id)
        self._move_slots(gone.id, kept.id)
        self._update("merges", "contact_id = ?", (gone.id,), kept.id)
        self._delete("contacts", "id = ?", gone.id)
        self._db.insert(
            "merges",
            {
                "account_id": self._account_id,
                "contact_id": kept.id,
                "gone_id": gone.id,
                "before": json.dumps(before, ensure_ascii=False),
            },
        )

    def _settled(
        self, kept_id: str, theirs: Sequence[dict[str, Any]]
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """(interests to move, rows of the kept contact to drop) of those that both have.

        Where one likes what the other avoids, it is avoided.
        """
        own = {row["phrase"].casefold(): row for row in self._dicts("interests", kept_id)}
        moved, dropped = [], []
        for row in theirs:
            known = own.get(row["phrase"].casefold())
            if known is None:
                moved.append(row["id"])
            elif row["polarity"] == "avoid" != known["polarity"]:
                moved.append(row["id"])
                dropped.append(known)
        return moved, dropped

    def undo(self, contact_id: str) -> tuple[Contact, Contact]:
        """See `PeopleStore.undo_merge`."""
        row = self._db.row(_NEWEST, (self._account_id, contact_id))
        if row is None:
            raise ConflictError("this contact was not merged; say what to take out instead")
        before: dict[str, Any] = json.loads(row["before"])
        gone_id = before["gone"]["id"]
        current = self._row(contact_id)
        self._db.upsert(
            "contacts",
            {
                name: parted(name, value, before["merged"][name], current[name])
                for name, value in before["kept"].items()
            },
            pk=("account_id", "id"),
        )
        self._db.insert("contacts", {**before["gone"], "slug": self._free(before["gone"]["slug"])})
        self._part_interests(before, contact_id, gone_id)
        self.move_touches([one["id"] for one in before["touches"]], gone_id)
        self._put_back("touches", before["touches"])
        self.move_events([one["id"] for one in before["status_events"]], gone_id)
        for slot in before["plan_slots"]:
            self._delete("plan_slots", "day = ? AND place = ?", slot["day"], slot["place"])
        self._put_back("plan_slots", before["plan_slots"])
        for merge in before["merges"]:
            self._update("merges", "id = ?", (merge["id"],), gone_id)
        self._delete("merges", "id = ?", row["id"])
        return to_contact(self._row(contact_id)), to_contact(self._row(gone_id))

    def _part_interests(self, before: dict[str, Any], contact_id: str, gone_id: str) -> None:
        kept_phrases = {one["phrase"].casefold() for one in self._of("interests", contact_id)}
        self.move_interests([one["id"] for one in before["interests"]], gone_id)
        # What both had was not moved but dropped; what the user removed since stays removed.
        both = [one for one in before["interests"] if one["phrase"].casefold() in kept_phrases]
        self._put_back("interests", both)
        self._put_back("interests", before["dropped"])

    def _put_back(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows as they were, but those that are there."""
        for row in rows:
            self._db.execute(
                f"INSERT INTO {table} ({', '.join(row)})"
                f" VALUES ({', '.join('?' * len(row))}) ON CONFLICT DO NOTHING",
                tuple(row.values()),
            )

    def _free(self, slug: str) -> str:
        sql = "SELECT 1 FROM contacts WHERE account_id = ? AND slug = ?"
        found, n = slug, 2
        while self._db.row(sql, (self._account_id, found)) is not None:
            found, n = f"{slug}-{n}", n + 1
        return found

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
        """Give slots of plans to a contact; one who has a slot that day gets no second."""
        self._db.execute(
            "DELETE FROM plan_slots WHERE account_id = ? AND contact_id = ? AND day IN"
            " (SELECT day FROM plan_slots WHERE account_id = ? AND contact_id = ?)",
            (self._account_id, gone_id, self._account_id, kept_id),
        )
        self._db.execute(
            "UPDATE plan_slots SET contact_id = ?, suggestion_id = NULL WHERE account_id = ?"
            " AND contact_id = ?",
            (kept_id, self._account_id, gone_id),
        )

    def forget(self, contact_id: str) -> None:
        """Forget how a contact was before its merges: they can't be undone any more."""
        self._delete("merges", "contact_id = ?", contact_id)

    def _delete(self, table: str, where: str, *values: object) -> None:
        self._db.delete(table, f"account_id = ? AND {where}", (self._account_id, *values))

    def _dicts(self, table: str, contact_id: str) -> list[dict[str, Any]]:
        return [_plain(row) for row in self._of(table, contact_id)]

    def _update(self, table: str, where: str, values: Sequence[object], contact_id: str) -> None:
        # Table and condition are constants of this module; every value is a parameter.
        self._db.execute(
            f"UPDATE {table} SET contact_id = ? WHERE account_id = ? AND {where}",
            (contact_id, self._account_id, *values),
        )

    def _row(self, contact_id: str) -> dict[str, Any]:
        sql = "SELECT * FROM contacts WHERE account_id = ? AND id = ?"
        return _plain(self._db.rows(sql, (self._account_id, contact_id))[0])

    def _of(self, table: str, contact_id: str) -> Sequence[Row]:
        order = _MOVED[table]
        sql = f"SELECT * FROM {table} WHERE account_id = ? AND contact_id = ? ORDER BY {order}"
        return self._db.rows(sql, (self._account_id, contact_id))


def _plain(row: Row) -> dict[str, Any]:
    """A row without its place, which is the database's own affair."""
    return {name: row[name] for name in row.keys() if name != "rowid"}  # noqa: SIM118


def parted(name: str, before: Any, merged: Any, current: Any) -> Any:  # noqa: ANN401  (a column)
    """A column's value without what a merge brought, and with what was changed since."""
    if current == merged:
        return before
    if name in _LISTS:
        return json.dumps(
            _without(json.loads(before), json.loads(merged), json.loads(current)),
            ensure_ascii=False,
        )
    if name == "details":
        values = [json.loads(text) for text in (before, merged, current)]
        found = {
            key: _parted_detail(*(one.get(key) for one in values))
            for key in {key for one in values for key in one}
        }
        return json.dumps({k: v for k, v in found.items() if v}, ensure_ascii=False)
    if name == "notes" and merged.startswith(before):
        return current.replace(merged[len(before) :], "", 1)
    return current


def _parted_detail(before: Any, merged: Any, current: Any) -> Any:  # noqa: ANN401  (JSON)
    if current == merged:
        return before
    if isinstance(current, list) and isinstance(merged, list):
        return _without(before or [], merged, current)
    return current


def _without(before: list[Any], merged: list[Any], current: list[Any]) -> list[Any]:
    brought = [value for value in merged if value not in before]
    return [value for value in current if value not in brought]
