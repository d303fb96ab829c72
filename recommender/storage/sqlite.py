"""The embedded storage: one SQLite file that needs no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.errors import StorageError
from recommender.storage.connection import BUSY_TIMEOUT_S, Connections
from recommender.storage.library import SqlLibrary
from recommender.storage.migrations import bring_up_to_date

if TYPE_CHECKING:
    from pathlib import Path


class SqliteStorage(SqlLibrary):
    """`recommender.storage.protocol.Storage` on one SQLite file."""

    def check(self) -> str | None:
        """None if the file is sound, else one line about what is wrong."""
        try:
            row = self._db.row("PRAGMA quick_check(1)")
        except StorageError as error:
            return str(error)
        return None if row is None or row[0] == "ok" else str(row[0])


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
