"""Whatever a library holds, it holds it after a move to a server, and after the move back."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.storage.sqlite import open_sqlite
from recommender.testing import fill
from tests.moved import move, numbers_in_file, rows_in_file, rows_on_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.postgres import Server

# What a column of a kind may hold. Half the texts come from a few, so that rows meet.
TEXTS = st.sampled_from(["", "a", "A", "ä", "a b", "🦆", "\\N", "{}", "\t", "'", "%s", "NULL"])
NAMES = TEXTS | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
NUMBERS = st.integers(1, 2**40)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "TEXT": NAMES | st.text(st.characters(codec="utf-8")),
    "INTEGER": st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3),
    "REAL": st.floats(allow_nan=False) | st.integers(-3, 3),
    "BLOB": st.binary(max_size=40),
}
N_ROWS = 5


class Schema:
    """The tables of the newest schema, asked of SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        found = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        self.parents: dict[str, list[tuple[str, dict[str, str]]]] = {}
        self.columns: dict[str, list[tuple[str, str, bool, bool]]] = {}
        for (name,) in connection.execute(found).fetchall():
            if name == "settings" or name[0] == "_":
                continue
            unique = {
                column
                for (column,) in connection.execute(
                    "SELECT i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i"
                    ' WHERE l."unique"',
                    (name,),
                )
            }
            about = "SELECT name, type, [notnull], pk FROM pragma_table_info(?)"
            self.columns[name] = [
                (column, kind, bool(not_null or pk), bool(pk) or column in unique)
                for column, kind, not_null, pk in connection.execute(about, (name,))
            ]
            keys: dict[int, tuple[str, dict[str, str]]] = {}
            asked = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?)'
            for number, parent, ours, theirs in connection.execute(asked, (name,)):
                keys.setdefault(number, (parent, {}))[1][ours] = theirs
            self.parents[name] = list(keys.values())

    def in_order(self) -> list[str]:
        """Parents first."""
        order: list[str] = []
        while len(order) < len(self.parents):
            order += [
                name
                for name, parents in self.parents.items()
                if name not in order and all(parent in order for parent, _ in parents)
            ]
        return order


def put_rows(connection: sqlite3.Connection, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    """Some rows in every table, as far as its rules allow."""
    schema = Schema(connection)
    for table in schema.in_order():
        for _ in range(draw(st.integers(0, N_ROWS))):
            row = _row(connection, schema, table, draw)
            if row is not None:
                names, marks = ", ".join(map('"{}"'.format, row)), ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", [*row.values()]
                )


def _row(
    connection: sqlite3.Connection,
    schema: Schema,
    table: str,
    draw: Callable[[st.SearchStrategy[Any]], Any],
) -> dict[str, Any] | None:
    row: dict[str, Any] = {}
    for parent, columns in schema.parents[table]:
        found = connection.execute(f"SELECT {', '.join(columns.values())} FROM {parent}").fetchall()
        fitting = [
            dict(zip(columns, values, strict=True))
            for values in found
            if all(
                row.get(name, value) == value for name, value in zip(columns, values, strict=True)
            )
        ]
        if not fitting:
            return None
        row |= draw(st.sampled_from(fitting))
    for name, kind, is_needed, is_name in schema.columns[table]:
        if name not in row:
            values = {"TEXT": NAMES, "INTEGER": NUMBERS}[kind] if is_name else KINDS[kind]
            row[name] = draw(values if is_needed else values | st.none())
    return row


def cleaned(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Rows as a server can hold them, and in the order in which they are then compared."""
    without = {
        table: [
            {k: v.replace("\0", "") if isinstance(v, str) else v for k, v in row.items()}
            for row in found
        ]
        for table, found in rows.items()
    }
    return {
        table: sorted(found, key=lambda row: repr(sorted(row.items())))
        for table, found in without.items()
    }


@given(st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_row_survives_both_ways(
    postgres_server: Server, postgres_template: str, data: st.DataObject
) -> None:
    url = postgres_server.create(template=postgres_template)
    with tempfile.TemporaryDirectory() as folder:
        path, back = Path(folder) / "a.db", Path(folder) / "b.db"
        with closing(open_sqlite(path)) as storage:
            if data.draw(st.booleans()):
                fill(storage, "me")
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            put_rows(connection, data.draw)
        rows = rows_in_file(path)
        expected = cleaned(rows)
        n_nul = sum(
            isinstance(value, str) and "\0" in value
            for found in rows.values()
            for row in found
            for value in row.values()
        )
        report = move(path, url)
        assert report.is_complete, report.differences
        assert report.n_cleaned == n_nul
        assert rows_on_server(postgres_server, url) == expected
        assert move(back, url, back=True).is_complete
        assert rows_in_file(back) == expected
        assert numbers_in_file(back) == numbers_in_file(path)
        assert rows_in_file(path) == rows
    postgres_server.drop(url)
