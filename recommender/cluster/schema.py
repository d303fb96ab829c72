"""The queue's tables: procrastinate's own, and beside them what went wrong with a job."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from recommender.cluster.connecting import CONNECTION, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = 0x53617754
"""Of the advisory lock that one process holds while it makes the tables."""
_KNOWN = "SELECT to_regclass('queue_schema') IS NOT NULL"
_OURS = """
CREATE TABLE queue_schema (step TEXT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now());
CREATE TABLE job_troubles (
    id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    job_id BIGINT NOT NULL REFERENCES procrastinate_jobs(id) ON DELETE CASCADE,
    at TIMESTAMPTZ NOT NULL DEFAULT now(),
    kind TEXT NOT NULL,
    error TEXT NOT NULL
);
CREATE INDEX job_troubles_by_job ON job_troubles(job_id, id);
CREATE INDEX procrastinate_jobs_failed ON procrastinate_jobs(id) WHERE status = 'failed';
"""


def ensure_schema(url: str) -> None:
    """Make the queue's tables, or bring them to what the installed procrastinate knows.

    Safe to be called by many at once, and one look where there is nothing to do.

    Raises:
        StorageError: The server can't be reached, or refuses.
    """
    conninfo = make_conninfo(url, **CONNECTION)
    with translated(), psycopg.connect(conninfo, autocommit=True) as connection:
        if not list(_missing(connection)):
            return
        connection.execute("SET client_min_messages = warning")
        # The session's, which ends here: a lock taken within the transaction would not let it see
        # what was made while it waited.
        connection.execute("SELECT pg_advisory_lock(%s)", (_KEY,))
        with connection.transaction():
            for name, sql in list(_missing(connection)):
                connection.execute(sql.encode())
                if name:
                    _note(connection, name)


def _missing(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    """(name, SQL) of the steps that this database has not seen, in order."""
    row = connection.execute(_KNOWN).fetchone()
    if row is None or not row[0]:
        yield "", _text("schema.sql")
        yield "", _OURS
        # The schema is what all migrations of its version come to.
        for name in _migrations():
            yield name, "SELECT 1"
        return
    applied = {name for (name,) in connection.execute("SELECT step FROM queue_schema")}
    for name in _migrations():
        if name not in applied:
            yield name, _text("migrations", name)


def _note(connection: psycopg.Connection, name: str) -> None:
    connection.execute("INSERT INTO queue_schema (step) VALUES (%s)", (name,))


def _migrations() -> list[str]:
    folder = resources.files("procrastinate.sql") / "migrations"
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))


def _text(*names: str) -> str:
    return (resources.files("procrastinate.sql").joinpath(*names)).read_text("utf-8")
