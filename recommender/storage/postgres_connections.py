"""PostgreSQL behind the Database protocol: a pool of connections, scopes, locks, our errors.

A statement outside a transaction borrows a connection for itself; a transaction keeps one for
its thread. What is read outside a transaction is asked a second time when the connection turns
out to be dead, as after a restart of the server; what is written never is, for it may have
been done.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from recommender.errors import StorageError
from recommender.storage.database import SYSTEM
from recommender.storage.postgres_errors import in_our_words
from recommender.storage.postgres_pool import Connection, Row, make_pool
from recommender.storage.postgres_sql import quoted, statements, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    Parameters = Sequence[object] | Mapping[str, object]

Found = TypeVar("Found")
POOL_SIZE = 10
POOL_WAIT_S = 10.0
STATEMENT_TIMEOUT_S = 60.0
LOCK_TIMEOUT_S = 10.0
IDLE_TIMEOUT_S = 60.0
"""A transaction of a host that was cut off lets go of its locks after so long."""
DEAD_PEER_S = 30.0
"""So long without a sign of life, and each side gives the connection up."""


@dataclass(slots=True)
class _Held:
    """A transaction's connection, and the names it has locked."""

    connection: Connection
    locked: set[str] = field(default_factory=set)


class PostgresConnections:
    """`recommender.storage.database.Database` on a PostgreSQL server.

    Args:
        url: postgresql://user@host/database, as libpq takes it.
        pool_size: How many connections there are at most.
        statement_timeout_s: After so long the server ends a statement; StorageBusy.
        lock_timeout_s: How long one waits for another's lock; StorageBusy.
        pool_wait_s: How long one waits for a connection; StorageBusy.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = POOL_SIZE,
        statement_timeout_s: float = STATEMENT_TIMEOUT_S,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
        pool_wait_s: float = POOL_WAIT_S,
    ) -> None:
        try:
            about = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Not in libpq's words, which may hold the password.
            raise StorageError(
                "SAWTHIS_DATABASE can't be read: it is postgresql://user@host/name"
            ) from None
        self._name = f"{about.get('dbname', 'postgres')} on {about.get('host', 'this machine')}"
        self._local = threading.local()
        self._size = pool_size
        self._pool = make_pool(
            url,
            size=pool_size,
            wait_s=pool_wait_s,
            timeouts={
                "statement_timeout": statement_timeout_s,
                "lock_timeout": lock_timeout_s,
                "idle_in_transaction_session_timeout": IDLE_TIMEOUT_S,
                "tcp_user_timeout": DEAD_PEER_S,
                "tcp_keepalives_idle": DEAD_PEER_S / 2,
                "tcp_keepalives_interval": DEAD_PEER_S / 6,
            },
        )

    @property
    def name(self) -> str:
        """What a message calls this database."""
        return self._name

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query, with parameters by place or by name."""
        return self._read(lambda cursor: cursor.fetchall(), translated(sql), parameters)

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row of a query, or None."""
        return self._read(lambda cursor: cursor.fetchone(), translated(sql), parameters)

    def own(self, name: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row of one of PostgreSQL's own statements, if it gives any."""
        return self._read(
            lambda cursor: cursor.fetchone() if cursor.description else None,
            statements()[name],
            parameters,
        )

    def _read(
        self, take: Callable[[psycopg.Cursor[Row]], Found], sql: str, parameters: Parameters
    ) -> Found:
        held = self._held
        if held is not None:
            with self.translated():
                self._enter(held)
                # A plan that is kept fails when an upgrade adds a column, and the transaction
                # with it.
                return take(held.connection.execute(sql, parameters, prepare=False))
        for tries_left in range(self._size, -1, -1):
            with self.translated(), self._borrowed() as connection:
                try:
                    self._set_scope(connection)
                    return take(connection.execute(sql, parameters))
                except psycopg.OperationalError:
                    # After a restart of the server every connection in the pool is dead.
                    if not (connection.closed and tries_left):
                        raise
                except psycopg.errors.FeatureNotSupported:
                    # An upgrade has added a column: plans that were kept are of no use.
                    if not tries_left:
                        raise
                    connection.execute("DEALLOCATE ALL")
        raise AssertionError("not reached")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; returns the number of rows it changed."""
        with self.transaction(), self.translated():
            return self._entered().execute(translated(sql), parameters).rowcount

    def execute_if_free(self, sql: str, parameters: Sequence[object] = ()) -> bool:
        """Run one statement if it can be written at once; whether it was."""
        if self._held is not None:
            return self.execute(sql, parameters) > 0
        try:
            with self.transaction():
                self.own("hurry")
                return self.execute(sql, parameters) > 0
        except StorageError:
            return False  # another writes, or the disk is full: the next call will note it

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object] | Mapping[str, object]]
    ) -> int:
        """Run one statement for each row, in a transaction; returns how many rows changed."""
        with self.transaction(), self.translated():
            cursor = self._entered().cursor()
            cursor.executemany(translated(sql), rows)
            return max(0, cursor.rowcount)

    def insert(self, table: str, row: Mapping[str, object]) -> None:
        """Insert one row; ConflictError when its key is taken."""
        self.execute(_insert(table, row), list(row.values()))

    def upsert(self, table: str, row: Mapping[str, object], *, pk: str | tuple[str, ...]) -> None:
        """Insert one row, or replace the named columns of the one with its key."""
        keys = (pk,) if isinstance(pk, str) else pk
        changed = [f"{quoted(name)} = excluded.{quoted(name)}" for name in row if name not in keys]
        sql = f"{_insert(table, row)} ON CONFLICT ({', '.join(map(quoted, keys))}) DO UPDATE SET "
        self.execute(sql + ", ".join(changed), list(row.values()))

    def delete(self, table: str, where: str, parameters: Sequence[object]) -> int:
        """Delete rows; returns their number."""
        return self.execute(f"DELETE FROM {table} WHERE {where}", parameters)

    def json_list(self, column: str) -> str:
        """The aggregate that makes a JSON list of a column, as text."""
        return f"coalesce(CAST(array_to_json(array_agg({column})) AS TEXT), '[]')"

    def columns(self, table: str) -> set[str]:
        """The names of a table's columns."""
        found = self._read(lambda cursor: cursor.fetchall(), statements()["columns"], (table,))
        return {row["column_name"] for row in found}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Atomic unit; joins the one this thread is already in.

        In it, an account's first statement waits for whoever else is at work on that account:
        what is looked up and then written is as sure as with one writer.
        """
        if self._held is not None:
            yield
            return
        with self.translated(), self._borrowed(begin=True) as connection:
            self._local.held = _Held(connection)
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                connection.scope = None  # set within, it is as it was before
                with suppress(psycopg.Error):  # of a dead one the server has rolled it back
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._local.held = None

    @contextmanager
    def durable(self) -> Iterator[None]:
        """What is written within is on the disk when it ends, whatever the server's habit."""
        with self.transaction():
            self.own("durable")
            yield

    @contextmanager
    def scope(self, account_id: str) -> Iterator[None]:
        """Within, only this account's rows and shared ones are to be had; all of them as SYSTEM."""
        before = self._scope
        self._local.scope = account_id
        try:
            yield
        finally:
            self._local.scope = before

    def lock(self, name: str) -> None:
        """Let nobody else who asks for this name go on before the transaction ends."""
        held = self._held
        assert held is not None, "a lock ends with its transaction"
        if name not in held.locked:
            self.own("lock", (name,))
            held.locked.add(name)

    def overwrite_deleted(self) -> None:
        """Nothing: the server's vacuum frees the place of what was deleted."""

    def empty_journal(self) -> None:
        """Nothing: the write-ahead log is recycled by the server."""

    def close(self) -> None:
        """Close what was opened, in whichever thread."""
        self._pool.close()

    @property
    def _held(self) -> _Held | None:
        held: _Held | None = getattr(self._local, "held", None)
        return held

    @property
    def _scope(self) -> str:
        # Without one nothing of any account is to be had: what was forgotten shows at once.
        scope: str = getattr(self._local, "scope", "")
        return scope

    def _entered(self) -> Connection:
        held = self._held
        assert held is not None
        self._enter(held)
        return held.connection

    def _enter(self, held: _Held) -> None:
        self._set_scope(held.connection)
        name = f"account {self._scope}"
        if self._scope not in {"", SYSTEM} and name not in held.locked:
            held.connection.execute(statements()["lock"], (name,))
            held.locked.add(name)

    def _set_scope(self, connection: Connection) -> None:
        if connection.scope != self._scope:
            connection.execute(statements()["set_scope"], (self._scope,))
            connection.scope = self._scope

    @contextmanager
    def _borrowed(self, *, begin: bool = False) -> Iterator[Connection]:
        """A connection, in a transaction if wanted; dead ones are passed over for that."""
        for tries_left in range(self._size, -1, -1):
            with self._pool.connection() as connection:
                if begin:
                    try:
                        connection.execute("BEGIN")
                    except psycopg.OperationalError:
                        if not (connection.closed and tries_left):
                            raise
                        continue
                yield connection
                return

    def translated(self) -> AbstractContextManager[None]:
        """Turn psycopg's errors into one line that says what to do."""
        return in_our_words(self._name)


def _insert(table: str, row: Mapping[str, object]) -> str:
    names = ", ".join(map(quoted, row))
    return f"INSERT INTO {quoted(table)} ({names}) VALUES ({', '.join('?' * len(row))})"
