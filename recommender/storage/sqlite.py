"""The embedded storage: one SQLite file in WAL mode, split by subject.

`open_sqlite` is the way in. Everything heavy (sqlite_utils) waits for the first write.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recommender.domain import Counts
from recommender.errors import StorageError
from recommender.storage.connection import BUSY_TIMEOUT_S, Connections
from recommender.storage.feeds import VISIBLE, SqliteFeeds
from recommender.storage.history import SqliteHistory
from recommender.storage.items import SqliteItems
from recommender.storage.matches import SqliteMatches
from recommender.storage.migrations import bring_up_to_date
from recommender.storage.people import SqlitePeople
from recommender.storage.rhythm import SqliteRhythm
from recommender.storage.vectors import SqliteVectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from recommender.storage.access import SqliteAccess
    from recommender.storage.mail import SqliteMail

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


class SqliteStorage:
    """`recommender.storage.protocol.Storage` on one SQLite file."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections
        self.people = SqlitePeople(connections)
        self.feeds = SqliteFeeds(connections)
        self.items = SqliteItems(connections)
        self.vectors = SqliteVectors(connections)
        self.matches = SqliteMatches(connections)
        self.history = SqliteHistory(connections)
        self.rhythm = SqliteRhythm(connections)

    @cached_property
    def access(self) -> SqliteAccess:
        """Tokens, codes, sessions; `suggest` has no use for them."""
        from recommender.storage.access import SqliteAccess

        return SqliteAccess(self._db)

    @cached_property
    def mail(self) -> SqliteMail:
        """Digests on their way; `suggest` has no use for them."""
        from recommender.storage.mail import SqliteMail

        return SqliteMail(self._db)

    def transaction(self) -> AbstractContextManager[None]:
        """One atomic unit of work."""
        return self._db.transaction()

    def counts(self, account_id: str) -> Counts:
        """What the account holds."""
        row = self._db.rows(_COUNTS, {"account_id": account_id})[0]
        return Counts(**{name: row[name] for name in row.keys()})  # noqa: SIM118

    def library_id(self) -> str:
        """A random name that this library keeps for life."""
        name: str = self._db.rows("SELECT value FROM settings WHERE key = 'library_id'")[0][0]
        return name

    def accounts(self) -> list[str]:
        """Account ids, in order."""
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

        return import_rows(self._db, account_id, rows, empty=self._is_empty(account_id))

    def erase_account(self, account_id: str) -> dict[str, int]:
        """Erase an account with everything that is its own."""
        from recommender.storage.erasing import erase_account

        return erase_account(self._db, account_id)

    def _is_empty(self, account_id: str) -> bool:
        counts = self.counts(account_id)
        return not (counts.contacts or counts.feeds or counts.touches)

    def check(self) -> str | None:
        """None if the file is sound, else one line about what is wrong."""
        try:
            row = self._db.row("PRAGMA quick_check(1)")
        except StorageError as error:
            return str(error)
        return None if row is None or row[0] == "ok" else str(row[0])

    def close(self) -> None:
        """Close every connection."""
        self._db.close()


def open_sqlite(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> SqliteStorage:
    """Open a library, making or upgrading it when needed.

    Raises:
        SchemaTooNew: It was written by a newer version.
        StorageError: Its folder can't be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(
            f"the folder {path.parent} can't be made ({error.strerror}); set SAWTHIS_DATA_DIR"
        ) from error
    connections = Connections(path, busy_timeout_s=busy_timeout_s)
    try:
        bring_up_to_date(connections)
    except BaseException:
        connections.close()
        raise
    return SqliteStorage(connections)
