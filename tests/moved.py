"""What a library holds, row by row, asked of its engine and not of Sawthis."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from recommender.services.moving import Move
from recommender.services.progress import silent
from recommender.storage.moving_postgres import PostgresSide
from recommender.storage.moving_sqlite import SqliteSide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recommender.services.moving import MoveReport
    from recommender.services.progress import Progress
    from recommender.storage.moving import Side
    from tests.postgres import Server

Rows: TypeAlias = list[dict[str, Any]]

WITH_ORDER = ("contacts", "interests", "touches")
"""Tables whose rows are listed in the order in which they came."""
ON_SERVER_ALONE = {"face_jobs", "schema_steps"}


def rows_in_file(path: Path) -> dict[str, Rows]:
    """Table -> its rows, those of SQLite's and sqlite_utils' own tables apart."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        found = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = [row[0] for row in connection.execute(found) if row[0][0] != "_"]
        return {
            name: _sorted(
                connection.execute(f"SELECT {'rowid, ' * (name in WITH_ORDER)}* FROM {name}")
            )
            for name in names
            if not name.startswith("sqlite_")
        }


def rows_on_server(server: Server, url: str) -> dict[str, Rows]:
    """Table -> its rows, as the server's owner sees them."""
    from psycopg.rows import dict_row

    with server.superuser(url.rsplit("/", 1)[1]) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        ).fetchall()
        cursor = connection.cursor(row_factory=dict_row)
        return {
            name: _sorted(cursor.execute(f'SELECT * FROM "{name}"'.encode()))
            for (name,) in names
            if name not in ON_SERVER_ALONE
        }


def _sorted(rows: Any) -> Rows:
    return sorted(map(dict, rows), key=lambda row: repr(sorted(row.items())))


def numbers_in_file(path: Path) -> dict[str, int]:
    """Table -> the highest number it gave out."""
    with closing(sqlite3.connect(path)) as connection:
        return {name: n for name, n in connection.execute("SELECT * FROM sqlite_sequence") if n}


def run_sql(path: Path, *statements: str) -> None:
    """Change a library behind its back, but within its rules."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        with connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def sides(path: Path, url: str, *, back: bool = False) -> Iterator[tuple[Side, Side]]:
    """Source and target."""
    with (
        closing(SqliteSide(path, is_new=back)) as file,
        closing(PostgresSide(url, is_new=not back)) as server,
    ):
        yield (server, file) if back else (file, server)


def move(path: Path, url: str, progress: Progress = silent, *, back: bool = False) -> MoveReport:
    """Move a library, in this process."""
    with sides(path, url, back=back) as (source, target):
        return Move(source, target, progress).run()
