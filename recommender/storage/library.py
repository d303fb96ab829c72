"""One library over a database: every store, and what concerns all of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from recommender.domain import Counts
from recommender.storage.feeds import VISIBLE, SqlFeeds
from recommender.storage.history import SqlHistory
from recommender.storage.items import SqlItems
from recommender.storage.matches import SqlMatches
from recommender.storage.people import SqlPeople
from recommender.storage.rhythm import SqlRhythm
from recommender.storage.vectors import SqlVectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from recommender.storage.access import SqlAccess
    from recommender.storage.backlog import SqlBacklog
    from recommender.storage.database import Database
    from recommender.storage.job_log import SqlJobLog
    from recommender.storage.mail import SqlMail
    from recommender.storage.ranges import SqlRanges

Store = TypeVar("Store")

_COUNTS = f"""
SELECT
 (SELECT count(*) FROM subscriptions WHERE account_id = :account_id) AS feeds,
 (SELECT count(*) FROM items i WHERE i.expired_at IS NULL AND {VISIBLE}) AS items,
 (SELECT count(*) FROM contacts WHERE account_id = :account_id) AS contacts,
 (SELECT count(*) FROM interests WHERE account_id = :account_id) AS interests,
 (SELECT count(*) FROM matches WHERE account_id = :account_id) AS matches,
 (SELECT count(*) FROM item_vectors) AS vectors,
 (SELECT count(*) FROM touches WHERE account_id = :account_id) AS touches
"""


class SqlLibrary:
    """`recommender.storage.protocol.Storage`, but for what each engine does in its own way.

    Args:
        database: The rows.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.people = self._guarded(SqlPeople(database))
        self.feeds = self._guarded(SqlFeeds(database))
        self.items = self._guarded(SqlItems(database))
        self.vectors = self._guarded(SqlVectors(database))
        self.matches = self._guarded(SqlMatches(database))
        self.history = self._guarded(SqlHistory(database))
        self.rhythm = self._guarded(SqlRhythm(database))

    def _guarded(self, store: Store) -> Store:
        """A store with what guards each of its calls, where the engine has such a thing."""
        return store

    @cached_property
    def access(self) -> SqlAccess:
        """Tokens, codes, sessions; `suggest` has no use for them."""
        from recommender.storage.access import SqlAccess

        return self._guarded(SqlAccess(self._db))

    @cached_property
    def mail(self) -> SqlMail:
        """Digests on their way; `suggest` has no use for them."""
        from recommender.storage.mail import SqlMail

        return self._guarded(SqlMail(self._db))

    @cached_property
    def ranges(self) -> SqlRanges:
        """Ranges of accounts; `suggest` has no use for them."""
        from recommender.storage.ranges import SqlRanges

        return self._guarded(SqlRanges(self._db))

    @cached_property
    def backlog(self) -> SqlBacklog:
        """What waits to be done; `suggest` has no use for it."""
        from recommender.storage.backlog import SqlBacklog

        return self._guarded(SqlBacklog(self._db))

    @cached_property
    def job_log(self) -> SqlJobLog | None:
        """None: one process knows them all."""
        return None

    def transaction(self) -> AbstractContextManager[None]:
        """One atomic unit of work."""
        return self._db.transaction()

    def counts(self, account_id: str) -> Counts:
        """What the account holds."""
        with self._db.scope(account_id):
            row = self._db.rows(_COUNTS, {"account_id": account_id})[0]
        return Counts(**{name: row[name] for name in row.keys()})  # noqa: SIM118

    def library_id(self) -> str:
        """A random name that this library keeps for life."""
        name: str = self._db.rows("SELECT value FROM settings WHERE key = 'library_id'")[0][0]
        return name

    def accounts(self) -> list[str]:
        """Account ids, in order."""
        from recommender.storage.database import SYSTEM

        with self._db.scope(SYSTEM):
            return [row["id"] for row in self._db.rows("SELECT id FROM accounts ORDER BY id")]

    def export_rows(
        self, account_id: str, *, with_logins: bool = False
    ) -> Iterator[tuple[str, dict[str, object]]]:
        """Everything that is the account's or that it subscribes to."""
        from recommender.storage.transfer import export_rows

        return export_rows(self._db, account_id, with_logins=with_logins)

    def import_rows(self, account_id: str, rows: Iterable[tuple[str, dict[str, object]]]) -> int:
        """Read exported rows into an empty account."""
        from recommender.storage.transfer import import_rows

        with self._db.scope(account_id):
            return import_rows(self._db, account_id, rows, empty=self._is_empty(account_id))

    def erase_account(self, account_id: str) -> dict[str, int]:
        """Erase an account with everything that is its own."""
        from recommender.storage.database import SYSTEM
        from recommender.storage.erasing import erase_account

        # What nobody else reads goes, too: that is seen only by who sees all.
        with self._db.scope(SYSTEM):
            return erase_account(self._db, account_id)

    def _is_empty(self, account_id: str) -> bool:
        counts = self.counts(account_id)
        return not (counts.contacts or counts.feeds or counts.touches)

    def close(self) -> None:
        """Close every connection."""
        self._db.close()
