"""One SQLite connection per thread, with our errors in place of sqlite3's.

Rows are read through the standard library: importing sqlite_utils costs more than the whole
answer of `suggest`. Writes go through sqlite_utils, which is imported with the first of them.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from recommender.errors import ConflictError, StorageBusy, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

BUSY_TIMEOUT_S = 10.0
JOURNAL_WAIT_S = 5.0
"""A page or a call of `serve` reads for some milliseconds."""


class Connections:
    """The connections to one database file.

    Args:
        path: The database file; it is made when missing.
        busy_timeout_s: How long a writer waits for another before StorageBusy.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._timeout_s = busy_timeout_s
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []

    @property
    def name(self) -> str:
        """What a message calls this database."""
        return self.path.name

    def get(self) -> sqlite3.Connection:
        """This thread's connection, opened when first asked for."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with translated(self.path):
                connection = self._connect()
            self._local.connection = connection
            with self._lock:
                self._close_orphans()
                self._open.append((threading.current_thread(), connection))
        return connection

    def _close_orphans(self) -> None:
        """Close the connections of threads that ended: a service's threads come and go."""
        for thread, connection in self._open:
            if not thread.is_alive():
                connection.close()
        self._open = [one for one in self._open if one[0].is_alive()]

    def _connect(self) -> sqlite3.Connection:
        # check_same_thread is off only so that close() may be called from any thread.
        if not self.path.exists():
            # It holds people and logins: nobody else's to read (SQLite gives -wal the same).
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            self._use_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Change a new library to WAL; while another process does the same, wait for it."""
        until = time.monotonic() + self._timeout_s
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:  # at once, whatever the time-out
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def rows(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[sqlite3.Row]:
        """All rows of a query, with parameters by place or by name."""
        with translated(self.path):
            return self.get().execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with translated(self.path):
            first: sqlite3.Row | None = self.get().execute(sql, parameters).fetchone()
            return first

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; returns the number of rows it changed."""
        with translated(self.path):
            return self.get().execute(sql, parameters).rowcount

    def execute_if_free(self, sql: str, parameters: Sequence[object] = ()) -> bool:
        """Run one statement if it can be written at once; whether it was.

        For what is good to know and nobody should wait for, or be refused for.
        """
        connection = self.get()
        if _is_in_transaction(connection):
            return self.execute(sql, parameters) > 0
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            return self.execute(sql, parameters) > 0
        except StorageError:
            return False  # another writes, or the disk is full: the next call will note it
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(self._timeout_s * 1000)}")

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object] | Mapping[str, object]]
    ) -> int:
        """Run one statement for each row, in a transaction; returns how many rows changed."""
        with self.transaction(), translated(self.path):
            return max(0, self.get().executemany(sql, rows).rowcount)  # -1 for no statement

    def insert(self, table: str, row: Mapping[str, object]) -> None:
        """Insert one row; ConflictError when its key is taken."""
        with self.transaction(), translated(self.path):
            self._utils()[table].insert(dict(row))

    def upsert(self, table: str, row: Mapping[str, object], *, pk: str | tuple[str, ...]) -> None:
        """Insert one row, or replace the named columns of the one with its key."""
        with self.transaction(), translated(self.path):
            self._utils()[table].upsert(dict(row), pk=pk)

    def delete(self, table: str, where: str, parameters: Sequence[object]) -> int:
        """Delete rows; returns their number."""
        with self.transaction():
            before = self.get().total_changes
            with translated(self.path):
                self._utils()[table].delete_where(where, list(parameters))
            return self.get().total_changes - before

    def json_list(self, column: str) -> str:
        """The aggregate that makes a JSON list of a column, as text."""
        return f"json_group_array({column})"

    def columns(self, table: str) -> set[str]:
        """The names of a table's columns."""
        return {row["name"] for row in self.rows("SELECT name FROM pragma_table_info(?)", (table,))}

    def scope(self, account_id: str) -> AbstractContextManager[None]:
        """Nothing: a file has no guard of its own behind the queries."""
        return nullcontext()

    def lock(self, name: str) -> None:
        """Nothing: a transaction is the only one that writes."""

    def overwrite_deleted(self) -> None:
        """Leave no trace in the file of what this transaction deletes."""
        self.execute("PRAGMA secure_delete = ON")

    def _utils(self) -> Any:  # noqa: ANN401  (sqlite_utils publishes no types)
        import sqlite_utils

        database = getattr(self._local, "utils", None)
        if database is None:
            database = sqlite_utils.Database(self.get())
            self._local.utils = database
        return database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Atomic unit; joins the one this thread is already in."""
        connection = self.get()
        if _is_in_transaction(connection):
            yield
            return
        with translated(self.path):
            # IMMEDIATE: the lock is waited for here, where waiting is harmless,
            # and not in the middle of the work, where SQLite gives up at once.
            connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with translated(self.path):
                connection.execute("COMMIT")
        except BaseException:
            if _is_in_transaction(connection):
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def durable(self) -> Iterator[None]:
        """What is written within is on the disk when it ends, even if the power goes then.

        Elsewhere it may be lost with the power, as all that can be done again may be. Not to be
        used within a transaction.
        """
        connection = self.get()
        connection.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            connection.execute("PRAGMA synchronous = NORMAL")

    def empty_journal(self) -> None:
        """Take what was erased out of the journal, as soon as nobody reads there any more.

        SQLite does it by itself when the last process closes the library.
        """
        until = time.monotonic() + JOURNAL_WAIT_S
        while True:
            row = self.row("PRAGMA wal_checkpoint(TRUNCATE)")
            if row is None or row[0] == 0 or time.monotonic() > until:
                return
            time.sleep(0.05)

    def close(self) -> None:
        """Close what was opened, in whichever thread."""
        with self._lock:
            for _, connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()


def _is_in_transaction(connection: sqlite3.Connection) -> bool:
    return connection.in_transaction


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn sqlite3's errors into one line that says what to do."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ConflictError(f"that is already there ({error})") from error
    except sqlite3.OperationalError as error:
        raise _operational(str(error), path) from error
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"{path.name} is damaged ({error}); restore it from a `sawthis export`"
        ) from error


def _operational(text: str, path: Path) -> StorageError:
    if "locked" in text or "busy" in text:
        return StorageBusy(f"{path.name} is in use by another process; try again when it is done")
    if "full" in text:
        return StorageError(
            f"the disk that holds {path.name} is full; nothing was written: free some space"
        )
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return StorageError(
            f"{path} can't be opened for writing ({text}); check its folder's permissions"
        )
    return StorageError(f"{path.name}: {text}; run `sawthis doctor`")
