"""A newer release beside ours: it has added columns to the tables, and ours goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import sql

from recommender.services.people import People
from recommender.services.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommender.storage.postgres import PostgresStorage
    from tests.postgres import Server

OFTEN = 12
"""So often that psycopg has the statement's plan kept by the server."""
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def add_columns(server: Server, database: str) -> None:
    """Add one to every table, as steps that expand do."""
    with server.superuser(database) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (name,) in tables.fetchall():
            statement = "ALTER TABLE {} ADD COLUMN IF NOT EXISTS of_a_newer_release BIGINT"
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def test_columns_that_a_newer_release_adds_disturb_nobody(
    postgres_server: Server, postgres_storage: PostgresStorage, postgres_url: str
) -> None:
    people = People(postgres_storage, "me")
    subscriptions = Subscriptions(postgres_storage, "me")
    people.add("Joe Ferraro", now=NOW, interests=["sailing"])
    subscriptions.add("https://example.com/feed.xml", now=NOW)
    reads: list[Callable[[], object]] = [
        people.all,
        people.interests,
        lambda: people.find("joe"),
        lambda: postgres_storage.feeds.feeds("me"),
        postgres_storage.accounts,
    ]
    before = [read() for read in reads]
    for _ in range(OFTEN):
        assert [read() for read in reads] == before
        with postgres_storage.transaction():
            assert [read() for read in reads] == before
    add_columns(postgres_server, postgres_url.rsplit("/", 1)[1])
    with postgres_storage.transaction():
        assert [read() for read in reads] == before
    assert [read() for read in reads] == before
    added = people.add("Maren Lindqvist", now=NOW, interests=["chess"])
    assert people.find("maren") == added
