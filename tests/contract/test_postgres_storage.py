"""The storage on PostgreSQL against the contract, and what its schema alone can get wrong.

What several writers do is in test_postgres_writers.py, what a lost server does in
test_postgres_outages.py, what keeps accounts apart in test_postgres_accounts.py.
"""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import psycopg
import pytest

from recommender.errors import SchemaTooNew, StorageError
from recommender.storage.postgres import open_postgres
from recommender.storage.sqlite import open_sqlite
from recommender.testing import MODEL, NOW, StorageContract, fill, make_contact, make_item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from recommender.storage.postgres import PostgresStorage
    from recommender.storage.protocol import Storage
    from tests.postgres import Server

NAMES = ("anna", "Anna", "Äbi", "Zoë", "zoe", "Ölund", "O’Brien", "O Brien", "oak", "1st", "émile")
"""People sort these one way, bytes another."""


class TestPostgresStorage(StorageContract):
    """The whole contract."""

    @pytest.fixture
    def storage(self, postgres_storage: PostgresStorage) -> PostgresStorage:
        return postgres_storage


@pytest.fixture
def empty_url(postgres_server: Server) -> Iterator[str]:
    """Where a database without any table is."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


def _named(storage: Storage) -> list[str]:
    for n, name in enumerate(NAMES):
        storage.people.add_contact("me", make_contact(name, id=f"c{n}", slug=f"c{n}"))
        storage.feeds.subscribe("me", f"https://{name}/", kind="article", title=name, now=NOW)
    return [contact.name for contact in storage.people.contacts("me")]


def test_text_sorts_as_it_does_embedded(tmp_path: Path, postgres_storage: PostgresStorage) -> None:
    embedded = open_sqlite(tmp_path / "a.db")
    assert _named(postgres_storage) == _named(embedded)
    assert [feed.title for feed in postgres_storage.feeds.feeds("me")] == [
        feed.title for feed in embedded.feeds.feeds("me")
    ]
    for name in (*NAMES, "ÉMILE", "ÄBI", "abi", "an", "O'Brien", "_", "%"):
        found, wanted = (
            [one.id for one in storage.people.find_contacts("me", name)]
            for storage in (postgres_storage, embedded)
        )
        assert found == wanted, name
    embedded.close()


def test_every_text_is_compared_by_its_bytes(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as db:
        others = db.execute(
            "SELECT c.relname, a.attname FROM pg_attribute a"
            " JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')"
            " JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'"
            " JOIN pg_collation l ON l.oid = a.attcollation"
            " WHERE l.collname <> 'C' AND a.atttypid = 'text'::regtype AND NOT a.attisdropped"
            " AND c.relname NOT LIKE 'procrastinate%'"
        ).fetchall()
    assert others == []


def test_a_new_database_is_at_the_latest_schema_and_stays(postgres_url: str) -> None:
    first, again = open_postgres(postgres_url), open_postgres(postgres_url)
    assert first.library_id() == again.library_id()
    assert first.check() is None
    for opened in (first, again):
        opened.close()


def test_each_library_has_an_id_of_its_own(empty_url: str, postgres_server: Server) -> None:
    other_url = postgres_server.create()
    one, other = open_postgres(empty_url), open_postgres(other_url)
    assert len(one.library_id()) == 16
    assert one.library_id() != other.library_id()
    for opened in (one, other):
        opened.close()
    postgres_server.drop(other_url)


def test_a_newer_schema_is_refused(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as db:
        db.execute("INSERT INTO schema_steps VALUES (99, 'p099_takes_away', 99)")
    with pytest.raises(SchemaTooNew, match="upgrade Sawthis") as caught:
        open_postgres(postgres_url)
    assert caught.value.found == 99


def test_a_newer_schema_that_took_nothing_away_is_worked_with(postgres_url: str) -> None:
    """So hosts are upgraded one by one, while the others go on."""
    with psycopg.connect(postgres_url) as db:
        db.execute("INSERT INTO schema_steps VALUES (99, 'p099_adds', 1)")
    opened = open_postgres(postgres_url)
    opened.people.add_contact("me", make_contact())
    opened.close()


def _open_at_once(url: str, barrier: Barrier) -> None:
    barrier.wait(60)
    opened = open_postgres(url)
    opened.people.add_contact("me", make_contact(f"Worker {multiprocessing.current_process().pid}"))
    opened.close()


def test_four_hosts_bring_an_empty_database_up_to_date(empty_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    hosts = [spawn.Process(target=_open_at_once, args=(empty_url, barrier)) for _ in range(4)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join(120)
    assert [host.exitcode for host in hosts] == [0, 0, 0, 0]
    opened = open_postgres(empty_url)
    assert len(opened.people.contacts("me")) == 4
    opened.close()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("127.0.0.1:1/none", "127.0.0.1"),
        ("{server}/no_such_database", "no_such_database"),
        ("wrong:password@{host}/postgres", "wrong"),
    ],
)
def test_an_address_that_leads_nowhere(postgres_server: Server, address: str, told: str) -> None:
    """One line that says where and why, and no password."""
    server = postgres_server.url("").removeprefix("postgresql://").rstrip("/")
    url = "postgresql://" + address.format(server=server, host=server.split("@")[1])
    with pytest.raises(StorageError, match=told) as caught:
        open_postgres(url).close()
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "password@" not in str(caught.value)


def test_vectors_are_the_same_bytes(tmp_path: Path, postgres_storage: PostgresStorage) -> None:
    embedded = open_sqlite(tmp_path / "a.db")
    vector = bytes(range(256)) * 6
    read = []
    for storage in (postgres_storage, embedded):
        _, interest = fill(storage, n_items=1)
        new = [make_item("https://example.com/new")]
        storage.items.put_items(new, feed_id=1, owner_id="", now=NOW)
        ((item_id, _, _),) = storage.items.without_vector(MODEL, limit=9)
        storage.vectors.put_item_vectors(MODEL, {item_id: vector})
        storage.vectors.put_interest_vector("me", interest.id, MODEL, vector)
        storage.vectors.put_background(MODEL, vector, 0.1, vector)
        read.append(
            (
                storage.vectors.item_vectors(MODEL, [item_id])[item_id],
                storage.vectors.item_vectors_after(MODEL, 1, limit=1)[0][2],
                storage.vectors.interest_vectors("me", MODEL)[interest.id][0],
                storage.vectors.mean(MODEL),
                *(storage.vectors.background(MODEL) or ()),
            )
        )
    assert read[0] == read[1] == (vector, vector, vector, vector, vector, 0.1, vector)
    assert all(type(one) is bytes for one in read[0] if one != 0.1)
    embedded.close()


def test_text_that_postgresql_cannot_hold(postgres_storage: PostgresStorage) -> None:
    """A zero byte comes with broken feeds; one item must not stop the others."""
    feed = postgres_storage.feeds.subscribe("me", "https://f/", kind="article", title="F", now=NOW)
    broken = make_item("https://f/1", text="One\0two", title="A\0B")
    added = postgres_storage.items.put_items(
        [broken, make_item("https://f/2")], feed_id=feed.id, owner_id="", now=NOW
    )
    assert added == (2, 0)
    assert len(postgres_storage.items.items("me")) == 2
