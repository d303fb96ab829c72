"""Erasing a whole account, so that no trace of it is left in the file or its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recommender.storage.database import Database

# Constants; the account is a parameter. What hangs on these goes with them.
_OWNED = {
    "contacts": "contacts",
    "interests": "interests",
    "feeds": "subscriptions",
    "touches": "touches",
    "status events": "status_events",
    "matches": "matches",
    "tokens": "tokens",
}


def erase_account(db: Database, account_id: str) -> dict[str, int]:
    """Erase an account with everything that is its own; says how many rows of what that was."""
    with db.transaction():
        erased = {name: _count(db, table, account_id) for name, table in _OWNED.items()}
        db.overwrite_deleted()
        # Neither of these hangs on the account by a foreign key.
        for table in ("matches", "status_events"):
            db.execute(f"DELETE FROM {table} WHERE account_id = ?", (account_id,))
        erased["own items"] = db.execute("DELETE FROM items WHERE owner_id = ?", (account_id,))
        db.execute("DELETE FROM feeds WHERE owner_id = ?", (account_id,))
        db.execute("DELETE FROM accounts WHERE id = ?", (account_id,))
        _erase_unread(db)
    db.empty_journal()
    return erased


def _erase_unread(db: Database) -> None:
    """Erase shared feeds that nobody reads any more, and items that only they brought."""
    db.execute("DELETE FROM feeds WHERE id NOT IN (SELECT feed_id FROM subscriptions)")
    db.execute(
        "DELETE FROM items WHERE owner_id = '' AND id NOT IN (SELECT item_id FROM feed_items)"
        " AND id NOT IN (SELECT item_id FROM status_events)"
    )


def _count(db: Database, table: str, account_id: str) -> int:
    row = db.row(f"SELECT count(*) FROM {table} WHERE account_id = ?", (account_id,))
    return int(row[0]) if row else 0
