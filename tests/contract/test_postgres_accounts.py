"""Behind the queries, which name their account, PostgreSQL itself keeps accounts apart.

Every table with an account in it is tried, so that a new one without a policy fails here.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from recommender.storage.postgres import open_postgres
from recommender.testing import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import Server

# Shared rows of these belong to nobody: their owner is an empty text.
OWNER_COLUMNS = ("account_id", "owner_id")
_SAMPLES = {"bytea": b"\1", "text": "x", "double precision": 0.5, "real": 0.5, "boolean": True}


@contextmanager
def connected(url: str, account: str | None) -> Iterator[psycopg.Connection]:
    """A connection of the role Sawthis logs in with, on behalf of an account."""
    with psycopg.connect(url, autocommit=True) as db:
        if account is not None:
            db.execute("SELECT set_config('sawthis.account', %s, false)", [account])
        yield db


def owned_tables(db: psycopg.Connection, column: str) -> list[str]:
    """The tables with such a column."""
    found = db.execute(
        "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = %s"
        " AND c.table_name NOT LIKE 'procrastinate%%' ORDER BY 1",
        [column],
    )
    return [name for (name,) in found]


def _sample_row(db: psycopg.Connection, table: str) -> dict[str, Any]:
    columns = db.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
        " AND table_schema = 'public' AND identity_generation IS NULL AND is_generated = 'NEVER'"
        " AND column_default IS NULL",
        [table],
    )
    return {name: _SAMPLES.get(kind, 1) for name, kind in columns}


def _insert(db: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    db.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Literal, row.values())),
        )
    )


def _count(db: psycopg.Connection, table: str, column: str, account: str = "me") -> int:
    row = db.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE {} = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        ),
        [account],
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def owned(postgres_url: str, postgres_server: Server) -> dict[str, tuple[str, dict[str, Any]]]:
    """Table -> (its column of the account, a row of `me` that is in it)."""
    database = postgres_url.rsplit("/", 1)[1]
    with postgres_server.superuser(database) as db:
        # Neither foreign keys nor policies hold now: one row of every kind, whatever it means.
        db.execute("SET session_replication_role = replica")
        made = {}
        for column in OWNER_COLUMNS:
            for table in owned_tables(db, column):
                row = {**_sample_row(db, table), column: "me"}
                _insert(db, table, row)
                made[table] = (column, row)
    return made


def test_there_is_something_to_keep_apart(owned: dict[str, Any]) -> None:
    known = {"contacts", "interests", "touches", "matches", "status_events", "plans", "tokens"}
    assert known | {"sessions", "subscriptions", "outbox", "items", "feeds"} <= set(owned)


def test_the_role_is_held_to_policies(postgres_url: str, owned: dict[str, Any]) -> None:
    with connected(postgres_url, None) as db:
        role = db.execute(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, False)
        without = db.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s)"
            " AND relnamespace = 'public'::regnamespace"
            " AND NOT (relrowsecurity AND relforcerowsecurity)",
            [list(owned)],
        ).fetchall()
    assert without == []


@pytest.mark.parametrize("account", ["other", "", None])
def test_nobody_else_sees_a_row(
    postgres_url: str, owned: dict[str, Any], account: str | None
) -> None:
    with connected(postgres_url, account) as db:
        seen = {table: _count(db, table, column) for table, (column, _) in owned.items()}
    assert {table for table, n in seen.items() if n} == set()


@pytest.mark.parametrize("account", ["me", "*"])
def test_the_account_and_the_system_see_its_rows(
    postgres_url: str, owned: dict[str, Any], account: str
) -> None:
    with connected(postgres_url, account) as db:
        seen = {table: _count(db, table, column) for table, (column, _) in owned.items()}
    assert {table for table, n in seen.items() if n == 0} == set()


@pytest.mark.parametrize("account", ["other", None])
def test_nobody_else_changes_a_row(
    postgres_url: str, postgres_server: Server, owned: dict[str, Any], account: str | None
) -> None:
    with connected(postgres_url, account) as db:
        for table, (column, _) in owned.items():
            names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
            taken = db.execute(
                sql.SQL("UPDATE {table} SET {column} = 'other' WHERE {column} = 'me'").format(
                    **names
                )
            )
            gone = db.execute(sql.SQL("DELETE FROM {table} WHERE {column} = 'me'").format(**names))
            assert (taken.rowcount, gone.rowcount) == (0, 0), table
    with postgres_server.superuser(postgres_url.rsplit("/", 1)[1]) as db:
        kept = {table: _count(db, table, column) for table, (column, _) in owned.items()}
    assert set(kept.values()) == {1}


@pytest.mark.parametrize("account", ["other", None])
def test_nobody_else_adds_a_row(
    postgres_url: str, owned: dict[str, Any], account: str | None
) -> None:
    with connected(postgres_url, account) as db:
        for table, (_, row) in owned.items():
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                _insert(db, table, row)
                pytest.fail(table)


def test_no_row_is_given_to_another(postgres_url: str, owned: dict[str, Any]) -> None:
    """An account can't write into another's by changing whose a row of its own is."""
    with connected(postgres_url, "me") as db:
        for table, (column, _) in owned.items():
            given = sql.SQL("UPDATE {} SET {} = 'other'").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                db.execute(given)
                pytest.fail(table)


def test_a_pooled_connection_forgets_whose_it_was(postgres_url: str) -> None:
    storage = open_postgres(postgres_url)
    fill(storage, "me")
    assert storage.accounts() == ["me"]
    # As the storage itself would ask, but for nobody in particular.
    with storage.transaction():
        rows = storage._db.rows("SELECT current_setting('sawthis.account', true)")
    assert rows[0][0] in ("*", "", None)
    storage.close()
