"""Several writers at once on PostgreSQL, and waits that are too long."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from recommender.account import Grant, Token
from recommender.errors import ConflictError, StorageBusy
from recommender.storage.postgres import open_postgres
from recommender.testing import MODEL, NOW, make_contact, make_item
from tests.waiting import until

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier

    from recommender.storage.postgres import PostgresStorage
    from tests.postgres import Server

N_ROUNDS = 20


def _add_all(storage: PostgresStorage, wait: Barrier | threading.Barrier) -> int:
    """Add contacts that another adds, too; returns how often the other was first."""
    conflicts = 0
    for n in range(N_ROUNDS):
        wait.wait(60)
        try:
            storage.people.add_contact("me", make_contact(f"Number {n}"))
        except ConflictError:
            conflicts += 1
    return conflicts


def test_two_threads_add_at_once(postgres_storage: PostgresStorage) -> None:
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(_add_all, postgres_storage, barrier) for _ in range(2)]
        assert sum(one.result() for one in both) == N_ROUNDS
    assert len(postgres_storage.people.contacts("me")) == N_ROUNDS


def _add_in_process(url: str, barrier: Barrier, told: Queue[int]) -> None:
    storage = open_postgres(url)
    told.put(_add_all(storage, barrier))
    storage.close()


def test_two_processes_add_at_once(postgres_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, told = spawn.Barrier(2), spawn.Queue()
    arguments = (postgres_url, barrier, told)
    hosts = [spawn.Process(target=_add_in_process, args=arguments) for _ in range(2)]
    for host in hosts:
        host.start()
    assert told.get(timeout=120) + told.get(timeout=120) == N_ROUNDS
    for host in hosts:
        host.join(60)
    assert [host.exitcode for host in hosts] == [0, 0]


def test_readers_wait_for_nobody(postgres_storage: PostgresStorage) -> None:
    people = postgres_storage.people
    with ThreadPoolExecutor(1) as threads:
        with postgres_storage.transaction():
            people.add_contact("me", make_contact())
            assert threads.submit(people.contacts, "me").result(60) == []
        assert len(threads.submit(people.contacts, "me").result(60)) == 1


def test_a_token_opens_while_another_writes(postgres_url: str) -> None:
    """Its use is not noted then, and nobody waits for it."""
    storage = open_postgres(postgres_url)
    storage.access.add_token("me", Token("t", "laptop", "read", NOW, None, None, None), "hash")
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT set_config('sawthis.account', 'me', false)")
        assert other.execute("SELECT 1 FROM tokens FOR UPDATE").fetchall() == [(1,)]
        assert storage.access.grant_of_token("hash", NOW) == Grant("me", "t", "read")
        assert storage.access.tokens("me")[0].last_used_at is None
    assert storage.access.grant_of_token("hash", NOW) == Grant("me", "t", "read")
    assert storage.access.tokens("me")[0].last_used_at is not None
    storage.close()


def _stop_in_the_middle(url: str, told: Queue[int]) -> None:
    storage = open_postgres(url)
    with storage.transaction():
        storage.people.add_contact("me", make_contact())
        told.put(1)
        threading.Event().wait()


def test_a_process_that_is_killed_lets_go_of_everything(postgres_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    told = spawn.Queue()
    host = spawn.Process(target=_stop_in_the_middle, args=(postgres_url, told))
    host.start()
    told.get(timeout=60)
    host.kill()
    host.join(60)
    storage = open_postgres(postgres_url)
    assert storage.people.contacts("me") == []
    storage.people.add_contact("me", make_contact())
    storage.close()


def test_what_was_looked_up_holds_until_it_is_written(postgres_storage: PostgresStorage) -> None:
    """Of those who add what they saw missing, one sees it missing."""
    barrier = threading.Barrier(4)

    def add_if_missing(thread: int, account: str) -> None:
        barrier.wait(60)
        with postgres_storage.transaction():
            if not postgres_storage.people.contacts(account):
                contact = make_contact(f"From {thread}")
                postgres_storage.people.add_contact(account, contact)

    for n in range(10):
        with ThreadPoolExecutor(4) as threads:
            for done in [threads.submit(add_if_missing, i, f"a{n}") for i in range(4)]:
                done.result()
        assert len(postgres_storage.people.contacts(f"a{n}")) == 1


@pytest.fixture
def items(postgres_storage: PostgresStorage) -> list[int]:
    """Ids of items without vectors."""
    feed = postgres_storage.feeds.subscribe("me", "https://f/", kind="article", title="F", now=NOW)
    new = [make_item(f"https://f/{n}") for n in range(60)]
    postgres_storage.items.put_items(new, feed_id=feed.id, owner_id="", now=NOW)
    return [row[0] for row in postgres_storage.items.without_vector(MODEL, limit=60)]


def _somebody_waits(url: str, server: Server) -> bool:
    with server.superuser(url.rsplit("/", 1)[1]) as db:
        row = db.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return row is not None and row[0] > 0


def test_vectors_appear_in_the_order_of_their_numbers(
    postgres_storage: PostgresStorage, postgres_url: str, postgres_server: Server, items: list[int]
) -> None:
    """Who has read up to a number has read all below it, though two write at once."""
    vectors = postgres_storage.vectors
    with ThreadPoolExecutor(1) as threads:
        with postgres_storage.transaction():
            vectors.put_item_vectors(MODEL, {items[0]: b"slow"})
            later = threads.submit(vectors.put_item_vectors, MODEL, {items[1]: b"fast"})
            until(lambda: _somebody_waits(postgres_url, postgres_server))
            with psycopg.connect(postgres_url) as other:
                assert other.execute("SELECT count(*) FROM item_vectors").fetchone() == (0,)
        later.result(60)
    read = vectors.item_vectors_after(MODEL, 0, limit=9)
    assert [(item_id, vector) for _, item_id, vector in read] == [
        (items[0], b"slow"),
        (items[1], b"fast"),
    ]


def test_a_reader_misses_no_vector_of_many_writers(
    postgres_storage: PostgresStorage, items: list[int]
) -> None:
    vectors = postgres_storage.vectors

    def write(mine: list[int]) -> None:
        for item_id in mine:
            with postgres_storage.transaction():
                vectors.put_item_vectors(MODEL, {item_id: b"v"})
                postgres_storage.items.texts([item_id])

    def read() -> set[int]:
        seq, seen = 0, set()
        while True:
            is_last = all(one.done() for one in writers)
            for row in vectors.item_vectors_after(MODEL, seq, limit=3):
                seq = row[0]
                seen.add(row[1])
            if is_last and seq == vectors.last_seq(MODEL):
                return seen

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write, items[n::3]) for n in range(3)]
        seen = threads.submit(read).result(120)
        for one in writers:
            one.result()
    assert seen == set(items)


def test_a_lock_that_is_not_let_go_is_said(postgres_url: str, postgres_server: Server) -> None:
    storage = open_postgres(postgres_url, lock_timeout_s=0.1)
    with postgres_server.superuser(postgres_url.rsplit("/", 1)[1]) as holder:
        with holder.transaction():
            holder.execute("LOCK TABLE contacts IN EXCLUSIVE MODE")
            with pytest.raises(StorageBusy, match="try again"):
                storage.people.add_contact("me", make_contact())
            assert storage.people.contacts("me") == []  # readers never wait
        storage.people.add_contact("me", make_contact())
    storage.close()


def test_a_statement_that_takes_too_long_is_said(postgres_url: str) -> None:
    storage = open_postgres(postgres_url, statement_timeout_s=0.1)
    with pytest.raises(StorageBusy, match="try again"):
        storage._db.rows("SELECT pg_sleep(60)")
    with pytest.raises(StorageBusy, match="try again"), storage.transaction():
        storage.people.add_contact("me", make_contact())
        storage._db.rows("SELECT pg_sleep(60)")
    assert storage.people.contacts("me") == []
    storage.close()


def test_an_exhausted_pool_is_said(postgres_url: str) -> None:
    storage = open_postgres(postgres_url, pool_size=1, pool_wait_s=0.1)
    with ThreadPoolExecutor(1) as threads:
        with storage.transaction():
            storage.people.add_contact("me", make_contact())
            other = threads.submit(storage.people.contacts, "me")
            with pytest.raises(StorageBusy, match="connection"):
                other.result(60)
        assert len(threads.submit(storage.people.contacts, "me").result(60)) == 1
    storage.close()
