"""A library on a server as one side of a move."""

from __future__ import annotations

import time
from contextlib import contextmanager
from itertools import chain, count
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from recommender.errors import ConflictError, InvalidInput, SchemaTooNew
from recommender.storage.database import SYSTEM
from recommender.storage.moving import Shape
from recommender.storage.moving_sql import Writer, listed, quoted, select
from recommender.storage.postgres import open_postgres
from recommender.storage.postgres_connections import PostgresConnections
from recommender.storage.postgres_pool import CONNECT_TIMEOUT_S
from recommender.storage.postgres_sql import statements, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from recommender.storage.moving import Table, Values

    Connection = psycopg.Connection[Values]

LOCK_WAIT_S = 5.0
"""The server may need a moment to see that a move was killed."""
STREAM_ROWS = 500
_SETUP = {
    "sawthis.account": SYSTEM,
    "client_min_messages": "warning",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "60s",
    # What a crash of the server could take is copied again: the note of how far it got goes, too.
    "synchronous_commit": "off",
}
# A network that was cut is noticed in a minute.
_NETWORK: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_LOCK = "SELECT pg_try_advisory_lock(hashtext('sawthis'), hashtext('moving'))"
_COLUMNS = """
SELECT c.relname, a.attname, t.typname, a.attidentity <> '',
    coalesce(array_position(k.indkey::int[], a.attnum::int), -1),
    EXISTS (SELECT 1 FROM pg_index u WHERE u.indrelid = c.oid AND u.indisunique
        AND NOT u.indisprimary AND a.attnum = ANY (u.indkey))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
"""
_PARENTS = """
SELECT c.relname, p.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
    JOIN pg_class p ON p.oid = f.confrelid
WHERE f.contype = 'f' AND c.relnamespace = current_schema()::regnamespace
"""
NOT_MOVED = frozenset({"face_jobs", "schema_steps"})
"""Tables that a library has on a server alone: what runs there, and the schema's own history."""
_QUEUE = ("procrastinate_", "queue_", "job_troubles")


class PostgresSide(Writer):
    """`recommender.storage.moving.Side` of a library on a server; there is one at a time.

    Args:
        url: postgresql://user@host/database.
        is_new: Whether its tables may be made.

    Raises:
        InvalidInput: The URL can't be read, or there is no library.
        ConflictError: Another move is under way there.
        StorageError: The server can't be reached, or refuses.
    """

    mark: ClassVar[str] = "%s"

    def __init__(self, url: str, *, is_new: bool) -> None:
        if not _is_readable(url):
            # Without libpq's reason, which may repeat the password.
            raise InvalidInput(
                "the URL can't be read; it is postgresql://user:password@host:port/database, "
                "with %40 for @ in a password, %2F for /, %25 for %"
            )
        self._url = url
        # For its name, and its words for what goes wrong.
        self._about = PostgresConnections(url, pool_size=1)
        self._types: dict[str, dict[str, str]] = {}
        self._counting: dict[str, str] = {}
        self._connections: list[Connection] = []
        self._looker: Connection | None = None
        try:
            self._writer = self._connect()
            self._prepare(is_new=is_new)
        except BaseException:
            self.close()
            raise

    def _connect(self) -> Connection:
        with self._about.translated():
            connection = psycopg.connect(
                self._url, autocommit=True, application_name="sawthis migrate", **_NETWORK
            )
            self._connections.append(connection)
            settings = ", ".join(["set_config(%s, %s, false)"] * len(_SETUP))
            connection.execute(f"SELECT {settings}", [*chain.from_iterable(_SETUP.items())])
            return connection

    def _prepare(self, *, is_new: bool) -> None:
        with self._about.translated():
            deadline = time.monotonic() + LOCK_WAIT_S
            # The connection's own: the server lets go of it when this process ends.
            while not self._value(_LOCK):
                if time.monotonic() > deadline:
                    raise ConflictError(
                        f"another `sawthis migrate` is at work on {self.name}; "
                        "try again when it is done"
                    )
                time.sleep(0.1)
            if not is_new and not self._value(statements()["history_exists"]):
                raise InvalidInput(f"there is no library in {self.name}")
        open_postgres(self._url).close()
        found, known = self._value(statements()["applied"]), steps()[-1].number
        if found != known:
            raise SchemaTooNew(
                f"{self.name} has schema {found}, this Sawthis knows {known}: upgrade Sawthis",
                found=int(str(found)),
                known=known,
            )

    @property
    def name(self) -> str:
        """What a message calls it; without a password."""
        return self._about.name

    def shapes(self) -> Mapping[str, Shape]:
        """Its tables."""
        keys: dict[str, dict[int, str]] = {}
        unique: dict[str, set[str]] = {}
        parents: dict[str, set[str]] = {}
        with self._about.translated():
            for table, column, kind, counts, place, is_unique in self._writer.execute(_COLUMNS):
                if table in NOT_MOVED or table.startswith(_QUEUE):
                    continue
                self._types.setdefault(table, {})[column] = kind
                keys.setdefault(table, {})[place] = column
                unique.setdefault(table, set()).update({column} if is_unique else ())
                if counts:
                    self._counting[table] = column
            for table, parent in self._writer.execute(_PARENTS):
                parents.setdefault(table, set()).add(parent)
        return {
            table: Shape(
                columns=frozenset(columns),
                key=tuple(name for place, name in sorted(keys[table].items()) if place >= 0),
                unique=frozenset(unique[table]),
                parents=frozenset(parents.get(table, ())),
            )
            for table, columns in self._types.items()
        }

    @contextmanager
    def reading(self) -> Iterator[_Reader]:
        """Look at it; one look at a time."""
        if self._looker is None:
            self._looker = self._connect()
        try:
            yield _Reader(self._looker, self._about, self._counting)
        finally:
            if not self._looker.closed:
                with self._about.translated():
                    self._looker.rollback()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        with self._about.translated(), self._writer.transaction():
            yield

    def insert(self, table: Table, rows: Sequence[Values]) -> int:
        """Insert rows, but for those that are there; returns how many.

        By COPY, which is twice as fast as the fastest INSERT; but not into the table itself,
        which row-level security keeps it from.
        """
        page, names = f"moving_{table.name}", listed(table.columns)
        with self.transaction():
            self._writer.execute(
                f"CREATE TEMP TABLE IF NOT EXISTS {page} (LIKE {table.name}) ON COMMIT DELETE ROWS"
            )
            copy = f"COPY {page} ({names}) FROM STDIN (FORMAT BINARY)"
            with self._writer.cursor().copy(copy) as stream:
                stream.set_types([self._types[table.name][name] for name in table.columns])
                for row in rows:
                    stream.write_row(row)
            return self._writer.execute(
                f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {page}"
                " ON CONFLICT DO NOTHING"
            ).rowcount

    def finish(self, counters: Mapping[str, int]) -> None:
        """Go on counting where the other side would; then it is no longer unfinished."""
        with self.transaction():
            for table, column in self._counting.items():
                self._writer.execute(
                    f"SELECT setval(pg_get_serial_sequence(%s, %s), greatest(n, 1), n > 0)"
                    f" FROM (SELECT greatest(%s, max({quoted(column)})) AS n FROM {table}) AS t",
                    (table, column, counters.get(table, 0)),
                )
            # Else the server would plan as if all of it were empty still.
            for table in self._types:
                self._writer.execute(f"ANALYZE {table}")
            self._writer.execute("SET LOCAL synchronous_commit = on")
            self._drop_note()

    def close(self) -> None:
        """Let go of it."""
        for connection in self._connections:
            connection.close()
        self._about.close()

    def _run(self, sql: str, rows: Sequence[Values]) -> int:
        with self._about.translated():
            cursor = self._writer.cursor()
            cursor.executemany(sql, rows)
            return max(0, cursor.rowcount)

    def _value(self, sql: str, parameters: Values = ()) -> object:
        with self._about.translated():
            row = self._writer.execute(sql, parameters).fetchone()
            return row[0] if row else None


class _Reader:
    """One look: a transaction on a connection of its own."""

    n_cleaned = 0

    def __init__(
        self, connection: Connection, about: PostgresConnections, counting: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._about = about
        self._counting = counting
        self._n_streams = count()
        with about.translated():
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute("SELECT count(*) FROM settings")  # only now the look begins

    def count(self, table: Table, after: Values | None = None) -> int:
        """How many rows have a higher key."""
        with self._about.translated():
            sql = select(table, "count(*)", after, _ordered(table), "%s")
            row = self._connection.execute(sql, after).fetchone()
            return int(row[0]) if row else 0

    def rows(self, table: Table, after: Values | None = None) -> Iterator[Values]:
        """The rows that have a higher key, in its order, from a stream."""
        sql = select(table, listed(table.columns), after, _ordered(table), "%s")
        with (
            self._about.translated(),
            psycopg.ServerCursor(self._connection, f"rows_{next(self._n_streams)}") as cursor,
        ):
            cursor.itersize = STREAM_ROWS
            yield from cursor.execute(sql, after, binary=True)

    def counters(self) -> Mapping[str, int]:
        """The highest number that each table gave out, also to rows that are gone."""
        found: dict[str, int] = {}
        with self._about.translated():
            for table, column in self._counting.items():
                named = "SELECT pg_get_serial_sequence(%s, %s)"
                (counter,) = self._connection.execute(named, (table, column)).fetchone() or ("",)
                (last, is_given) = self._connection.execute(
                    f"SELECT last_value, is_called FROM {counter}"
                ).fetchone() or (0, True)
                found[table] = int(last) if is_given else int(last) - 1
        return found

    def is_current(self) -> bool:
        """Whether nobody is known to have written since; ends the look."""
        with self._about.translated():
            self._connection.execute("COMMIT")
        return True


def _is_readable(url: str) -> bool:
    """Whether no part of a password was taken for something else, which messages would tell."""
    try:
        about = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return False
    names = f"{about.get('host', '')}{about.get('dbname', '')}"
    return "@" not in names and str(about.get("port") or "0").replace(",", "0").isdigit()


def _ordered(table: Table) -> list[str]:
    return [quoted(name) for name in table.key]
