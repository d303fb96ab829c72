"""A PostgreSQL server that goes away, comes back, or has no room for one more."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest

from recommender.errors import StorageBusy, StorageError
from recommender.storage.postgres import open_postgres
from recommender.testing import make_contact
from tests.postgres import Server
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recommender.storage.postgres import PostgresStorage
    from tests.postgres import Mode


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server to be stopped and starved."""
    with Server.make(tmp_path, max_connections=8) as server:
        yield server


def test_a_server_without_a_free_connection(own_server: Server) -> None:
    url = own_server.create()
    storage = open_postgres(url, pool_wait_s=0.5)
    with ExitStack() as others:
        for _ in range(5):  # three are kept for the superuser
            others.enter_context(psycopg.connect(url))
        with pytest.raises(StorageBusy, match="no connection to spare"):
            storage.people.contacts("me")
        with pytest.raises(StorageError, match="connection slots"):
            open_postgres(url)
    assert until(lambda: _answers(storage))
    open_postgres(url).close()
    storage.close()


def _use_connections(storage: PostgresStorage, n: int) -> None:
    """Let the pool hold several, which are all dead after a restart."""
    barrier = threading.Barrier(n)

    def use() -> None:
        with storage.transaction():
            barrier.wait(60)

    with ThreadPoolExecutor(n) as threads:
        for done in [threads.submit(use) for _ in range(n)]:
            done.result()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_between_two_calls_is_survived(own_server: Server, mode: Mode) -> None:
    storage = open_postgres(own_server.create())
    storage.people.add_contact("me", make_contact())
    _use_connections(storage, 4)
    own_server.restart(mode)
    assert [contact.name for contact in storage.people.contacts("me")] == ["Joe Ferraro"]
    _use_connections(storage, 4)
    own_server.restart(mode)
    storage.people.add_contact("me", make_contact("Ann Other"))
    storage.close()


def test_a_restart_within_a_transaction_undoes_it(own_server: Server) -> None:
    storage = open_postgres(own_server.create())
    with pytest.raises(StorageError), storage.transaction():
        storage.people.add_contact("me", make_contact())
        own_server.restart()
        storage.people.add_contact("me", make_contact("Ann Other"))
    with pytest.raises(StorageError), storage.transaction():
        storage.people.add_contact("me", make_contact())
        own_server.restart()
    assert storage.people.contacts("me") == []
    storage.people.add_contact("me", make_contact())
    storage.close()


def test_a_server_that_is_down_is_said_and_waited_for_by_nobody(own_server: Server) -> None:
    storage = open_postgres(own_server.create(), pool_wait_s=0.5)
    own_server.stop()
    for _ in range(2):
        with pytest.raises(StorageBusy):
            storage.people.contacts("me")
    own_server.start()
    assert until(lambda: _answers(storage))
    storage.close()


def _answers(storage: PostgresStorage) -> bool:
    try:
        return storage.people.contacts("me") == []
    except StorageBusy:
        return False
