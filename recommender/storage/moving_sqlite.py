"""An embedded library as one side of a move."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from recommender.errors import InvalidInput
from recommender.storage.connection import Connections, translated
from recommender.storage.moving import Shape
from recommender.storage.moving_sql import Writer, listed, n_cleaned_in, quoted, select, without_nul
from recommender.storage.sqlite import open_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from recommender.storage.moving import Table, Values

_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    " AND name NOT LIKE '\\_%' ESCAPE '\\'"
)
"""Without those that SQLite and sqlite_utils keep for themselves."""
_COLUMNS = "SELECT name, pk FROM pragma_table_info(?)"
_UNIQUE = (
    "SELECT i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i"
    " WHERE l.\"unique\" AND l.origin <> 'pk' AND i.name IS NOT NULL"
)
_PARENTS = 'SELECT "table" FROM pragma_foreign_key_list(?)'
_COUNTING = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
_NUL = "SELECT 1 FROM {table} WHERE instr(CAST({column} AS BLOB), x'00') LIMIT 1"
_ROWID = frozenset({"contacts", "interests", "touches"})
"""Tables whose rows have an order that counts, and no column for it."""


class SqliteSide(Writer):
    """`recommender.storage.moving.Side` of a library in a file.

    Args:
        path: The file.
        is_new: Whether it may be made.

    Raises:
        InvalidInput: It is not there.
        StorageError: It can't be opened.
    """

    mark: ClassVar[str] = "?"

    def __init__(self, path: Path, *, is_new: bool) -> None:
        if not is_new and not path.exists():
            raise InvalidInput(f"there is no library in {path.parent}; set SAWTHIS_DATA_DIR")
        open_sqlite(path).close()
        self._path = path
        self._db = Connections(path)

    @property
    def name(self) -> str:
        """What a message calls it."""
        return str(self._path)

    def shapes(self) -> Mapping[str, Shape]:
        """Its tables."""
        return {row["name"]: self._shape(row["name"]) for row in self._db.rows(_TABLES)}

    def _shape(self, table: str) -> Shape:
        columns = {row["name"]: row["pk"] for row in self._db.rows(_COLUMNS, (table,))}
        key = sorted((name for name, place in columns.items() if place), key=columns.__getitem__)
        hidden = {"rowid"} if table in _ROWID else set()
        return Shape(
            columns=frozenset({*columns, *hidden}),
            key=tuple(key),
            unique=frozenset({*(row[0] for row in self._db.rows(_UNIQUE, (table,))), *hidden}),
            parents=frozenset(row[0] for row in self._db.rows(_PARENTS, (table,))),
        )

    @contextmanager
    def reading(self) -> Iterator[_Reader]:
        """Look at it."""
        with translated(self._path), closing(sqlite3.connect(self._path)) as connection:
            connection.isolation_level = None
            connection.execute("PRAGMA query_only = ON")
            yield _Reader(connection, self._path)

    def transaction(self) -> AbstractContextManager[None]:
        """All of it or nothing."""
        return self._db.transaction()

    def insert(self, table: Table, rows: Sequence[Values]) -> int:
        """Insert rows, but for those that are there; returns how many."""
        marks = ", ".join("?" * len(table.columns))
        return self._run(
            f"INSERT INTO {table.name} ({listed(table.columns)}) VALUES ({marks})"
            " ON CONFLICT DO NOTHING",
            rows,
        )

    def finish(self, counters: Mapping[str, int]) -> None:
        """Go on counting where the other side would; then it is no longer unfinished."""
        counting = {row["name"] for row in self._db.rows(_COUNTING)}
        with self._db.durable(), self._db.transaction():
            known = dict(map(tuple, self._db.rows("SELECT name, seq FROM sqlite_sequence")))
            for table in sorted(counting & counters.keys()):
                highest = max(counters[table], known.get(table, 0))
                self._run("DELETE FROM sqlite_sequence WHERE name = ?", [(table,)])
                self._run(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [(table, highest)]
                )
            self._drop_note()

    def close(self) -> None:
        """Let go of it."""
        self._db.close()

    def _run(self, sql: str, rows: Sequence[Values]) -> int:
        return self._db.execute_many(sql, rows)

    def _value(self, sql: str, parameters: Values = ()) -> object:
        row = self._db.row(sql, parameters)
        return row[0] if row else None


class _Reader:
    """One look: a read transaction, which other processes may write beside."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._order: dict[str, list[str]] = {}
        self.n_cleaned = 0
        connection.create_function("without_nul", 1, _text_without_nul, deterministic=True)
        connection.execute("BEGIN")
        self._version = self._value("PRAGMA data_version")
        self._value("SELECT count(*) FROM settings")  # only now the look begins

    def count(self, table: Table, after: Values | None = None) -> int:
        """How many rows have a higher key."""
        with translated(self._path):
            sql = select(table, "count(*)", after, self._ordered(table), "?")
            return int(self._connection.execute(sql, after or ()).fetchone()[0])

    def rows(self, table: Table, after: Values | None = None) -> Iterator[Values]:
        """The rows that have a higher key, in its order, from a stream."""
        with translated(self._path):
            sql = select(table, listed(table.columns), after, self._ordered(table), "?")
            for row in self._connection.execute(sql, after or ()):
                n_cleaned = n_cleaned_in(row)
                self.n_cleaned += n_cleaned
                yield without_nul(row) if n_cleaned else row

    def _ordered(self, table: Table) -> list[str]:
        """The key as PostgreSQL sorts it: where it holds NUL, as if it did not."""
        if table.name not in self._order:
            self._order[table.name] = [
                f"without_nul({quoted(name)})"
                if self._value(_NUL.format(table=table.name, column=quoted(name)))
                else quoted(name)
                for name in table.key
            ]
        return self._order[table.name]

    def counters(self) -> Mapping[str, int]:
        """The highest number that each table gave out, also to rows that are gone."""
        with translated(self._path):
            return dict(self._connection.execute("SELECT name, seq FROM sqlite_sequence"))

    def is_current(self) -> bool:
        """Whether nobody has written since; ends the look."""
        with translated(self._path):
            self._connection.execute("COMMIT")
            return bool(self._value("PRAGMA data_version") == self._version)

    def _value(self, sql: str) -> Any:  # noqa: ANN401  (whatever is asked for)
        row = self._connection.execute(sql).fetchone()
        return row[0] if row else None


def _text_without_nul(value: Any) -> Any:  # noqa: ANN401  (a column)
    return value.replace("\0", "") if isinstance(value, str) else value
