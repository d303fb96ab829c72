"""The storage for many machines: the same stores on a PostgreSQL server."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from recommender.errors import SchemaTooNew, StorageError
from recommender.storage.job_log import SqlJobLog
from recommender.storage.library import SqlLibrary
from recommender.storage.postgres_connections import POOL_SIZE, PostgresConnections
from recommender.storage.postgres_pool import CONNECT_TIMEOUT_S
from recommender.storage.postgres_sql import statements, steps
from recommender.storage.scoped import scoped

if TYPE_CHECKING:
    Connection = psycopg.Connection[tuple[Any, ...]]

Store = TypeVar("Store")


class PostgresStorage(SqlLibrary):
    """`recommender.storage.protocol.Storage` on a PostgreSQL server.

    Args:
        connections: To its server.
    """

    def __init__(self, connections: PostgresConnections) -> None:
        self._connections = connections
        super().__init__(connections)

    def _guarded(self, store: Store) -> Store:
        return scoped(store, self._connections)

    @cached_property
    def job_log(self) -> SqlJobLog:
        """Jobs that faces started, on whichever host."""
        return self._guarded(SqlJobLog(self._db))

    def check(self) -> str | None:
        """None if the server answers and its guards hold, else one line about what is wrong."""
        try:
            row = self._connections.own("is_above_row_security")
            self._try_to_write()
        except StorageError as error:
            return str(error)
        if row is not None and row[0]:
            return (
                "its user is above row-level security, which then guards nothing: "
                "make one that is no superuser"
            )
        return None

    def _try_to_write(self) -> None:
        """Write what needs room, and take it back: only then a full disk says so."""
        with suppress(_Undone), self._connections.transaction():
            self._connections.own("try_to_write")
            raise _Undone


class _Undone(Exception):
    """Takes a trial back."""


def open_postgres(url: str, *, pool_size: int = POOL_SIZE, **options: float) -> PostgresStorage:
    """Open a library on a server, making or upgrading its tables when needed.

    Args:
        url: postgresql://user@host/database.
        pool_size: How many connections this process may hold.
        options: Time-outs of `PostgresConnections`.

    Raises:
        SchemaTooNew: A newer version has taken away what this one needs.
        StorageError: The server can't be reached, or refuses.
    """
    connections = PostgresConnections(url, pool_size=pool_size, **options)
    try:
        # Not from the pool, which would wait, and keep to itself why none is to be had.
        with (
            connections.translated(),
            psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection,
        ):
            _bring_up_to_date(connection, connections.name)
    except BaseException:
        connections.close()
        raise
    return PostgresStorage(connections)


def _bring_up_to_date(connection: Connection, name: str) -> None:
    """Apply the steps this database has not seen, one process after the other.

    Newer steps than ours are fine as long as they took nothing away: so hosts can be upgraded
    one by one.
    """
    latest = steps()[-1].number
    found, needs = _applied(connection)
    if needs > latest:
        raise SchemaTooNew(
            f"{name} has schema {found}, which needs a Sawthis that knows {needs}; this one knows "
            f"{latest}: upgrade Sawthis",
            found=found,
            known=latest,
        )
    if found < latest:
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    own = statements()
    connection.execute("SET client_min_messages = warning")
    connection.execute(own["begin_upgrade"])  # held by the session, whose end lets go of it
    if not _row(connection, "history_exists")[0]:
        connection.execute(own["make_history"])
    found, _ = _applied(connection)
    for step in steps():
        if step.number > found:
            with connection.transaction():
                connection.execute(step.sql)
                connection.execute(own["note_step"], (step.number, step.name, step.needs))


def _applied(connection: Connection) -> tuple[int, int]:
    """(the newest step that was applied, the newest one that must be known of)."""
    if not _row(connection, "history_exists")[0]:
        return 0, 0
    number, needs = _row(connection, "applied")
    return number, needs


def _row(connection: Connection, name: str) -> tuple[Any, ...]:
    row = connection.execute(statements()[name]).fetchone()
    assert row is not None
    return row
