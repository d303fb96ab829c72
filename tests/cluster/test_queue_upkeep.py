"""What keeps the queue whole: its tables made once, and no job's end lost."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from procrastinate import App, PsycopgConnector, exceptions
from procrastinate.jobs import Job, Status

from recommender.cluster import manager as manager_module
from recommender.cluster import schema
from recommender.cluster.manager import PatientManager
from recommender.cluster.queue import ProcrastinateQueue
from recommender.cluster.retrying import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MAX_ATTEMPTS,
    SPREAD,
    Backoff,
    wait_after,
)
from recommender.cluster.schema import ensure_schema
from recommender.cluster.worker import Pace, Worker
from recommender.errors import StorageBusy, StorageError
from recommender.services.queueing import QueuedJob, poll_job
from recommender.testing.queueing import Diary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def queue(postgres_url: str) -> Iterator[ProcrastinateQueue]:
    made = ProcrastinateQueue(postgres_url)
    yield made
    made.close()


def test_many_make_the_tables_at_once(postgres_url: str) -> None:
    errors: list[BaseException] = []

    def make() -> None:
        try:
            ensure_schema(postgres_url)
        except StorageError as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("SELECT step FROM queue_schema ORDER BY step").fetchall()
    assert [step for (step,) in rows] == schema._migrations()


def test_a_newer_procrastinate_brings_its_steps(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those the database has not seen, once, in order."""
    ensure_schema(postgres_url)
    known = schema._migrations()
    text = schema._text
    made = {
        "99_01.sql": "CREATE TABLE newer (n INTEGER)",
        "99_02.sql": "ALTER TABLE newer ADD m TEXT",
    }
    monkeypatch.setattr(schema, "_migrations", lambda: [*known, *made])
    monkeypatch.setattr(schema, "_text", lambda *names: made.get(names[-1]) or text(*names))
    for _ in range(2):
        ensure_schema(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT n, m FROM newer").fetchall() == []


def test_a_server_that_is_not_there_is_told_in_our_words() -> None:
    queue = ProcrastinateQueue("postgresql://nobody:secret@127.0.0.1:1/nothing")
    for ask in (queue.census, lambda: queue.put([poll_job(1)]), lambda: queue.failed(1)):
        with pytest.raises(StorageBusy, match="can't be reached") as caught:
            ask()
        assert "secret" not in str(caught.value)


def test_waits_grow_and_scatter() -> None:
    usual = [wait_after(n, 0.5) for n in range(1, MAX_ATTEMPTS)]
    assert usual[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert usual == sorted(usual)
    assert wait_after(99, 0.5) == LONGEST_WAIT
    assert wait_after(1, 0.0) == (1 - SPREAD) * FIRST_WAIT
    assert wait_after(1, 0.999) < (1 + SPREAD) * FIRST_WAIT
    job = Job(queue="q", lock=None, queueing_lock=None, task_name="t", attempts=MAX_ATTEMPTS - 1)
    assert Backoff().get_retry_decision(exception=ValueError(), job=job) is None
    stopped = Backoff().get_retry_decision(exception=exceptions.JobAborted(), job=job)
    assert stopped is not None


class Patience:
    """A manager over a real database, and what it told its worker."""

    def __init__(self, url: str, known: str) -> None:
        self.lost = 0
        self._url = url
        self._known = known

    def run(self, use: Callable[[PatientManager], Any]) -> Any:
        async def main() -> Any:
            connector = PsycopgConnector(conninfo=self._url, min_size=1, max_size=1)
            async with App(connector=connector).open_async():
                manager = PatientManager(connector, self._on_lost, self._known.__eq__)
                return await use(manager)

        return asyncio.run(main())

    def _on_lost(self) -> None:
        self.lost += 1


async def _fetched(manager: PatientManager) -> Job:
    job = await manager.fetch_job(["ingest"], await manager.register_worker())
    assert job is not None
    return job


def test_an_end_is_written_when_the_database_is_back(
    postgres_url: str, queue: ProcrastinateQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.put([poll_job(1)])
    monkeypatch.setattr(manager_module, "WAITS_S", (0.0, 0.0))
    n_failures = 2
    patience = Patience(postgres_url, "poll")

    async def use(manager: PatientManager) -> None:
        nonlocal n_failures
        job = await _fetched(manager)
        execute = manager.connector.execute_query_async

        async def flaky(*values: Any, **named: Any) -> None:
            nonlocal n_failures
            n_failures -= 1
            if n_failures >= 0:
                raise exceptions.ConnectorException from psycopg.OperationalError("gone")
            await execute(*values, **named)

        manager.connector.execute_query_async = flaky  # type: ignore[method-assign]
        await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
        # Somebody else has it by now, or the answer was lost: that is no failure.
        await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
        assert patience.lost == 0

    patience.run(use)
    assert queue.under_way({"poll"}) == set()
    assert [one.running for one in queue.census().queues] == []


def test_an_end_that_cannot_be_written_lets_the_worker_begin_anew(
    postgres_url: str, queue: ProcrastinateQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that its job counts as one of a worker that is gone, and is rescued."""
    queue.put([poll_job(1)])
    monkeypatch.setattr(manager_module, "WAITS_S", (0.0,))
    patience = Patience(postgres_url, "poll")

    async def use(manager: PatientManager) -> None:
        job = await _fetched(manager)

        async def broken(*values: Any, **named: Any) -> None:
            del values, named
            raise exceptions.ConnectorException from psycopg.OperationalError("gone")

        manager.connector.execute_query_async = broken  # type: ignore[method-assign]
        with pytest.raises(exceptions.ConnectorException):
            await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)

    patience.run(use)
    assert patience.lost == 1


def test_what_a_newer_version_put_is_left_to_it(
    postgres_url: str, queue: ProcrastinateQueue
) -> None:
    """It is no failure that ours does not know it."""
    queue.put([QueuedJob("brand_new", "ingest", {"n": 1}), poll_job(1)])
    patience = Patience(postgres_url, "poll")

    async def use(manager: PatientManager) -> None:
        for _ in range(2):
            job = await _fetched(manager)
            await manager.finish_job(job, Status.FAILED, delete_job=False)

    patience.run(use)
    assert [one.name for one in queue.failed(9)] == ["poll"]
    (count,) = queue.census().queues
    assert (count.later, count.failed) == (1, 1)


def test_old_jobs_are_removed(postgres_url: str, queue: ProcrastinateQueue) -> None:
    """What was done a day ago; what was given up stays a month."""
    good, bad = Diary(), Diary()
    bad.fails = True
    chores = {"good": good, "bad": bad}
    jobs = [QueuedJob(name, "ingest", {"n": n}) for n, name in enumerate(chores)]
    worker = Worker(postgres_url, chores, queue, pace=Pace().times(3000))

    def age(days: int) -> None:
        with psycopg.connect(postgres_url) as connection:
            connection.execute(
                "UPDATE procrastinate_events SET at = at - make_interval(days => %s)", (days,)
            )

    def names() -> list[str]:
        with psycopg.connect(postgres_url) as connection:
            found = connection.execute(
                "SELECT task_name FROM procrastinate_jobs WHERE queue_name = 'ingest' ORDER BY id"
            ).fetchall()
        return [name for (name,) in found]

    queue.put(jobs)
    worker.run(once=True)
    kept = []
    for days in (0, 2, 31):
        age(days)
        queue.tidy()
        Worker(postgres_url, chores, queue, pace=Pace().times(3000)).run(once=True)
        kept.append(names())
    assert kept == [["good", "bad"], ["bad"], []]


def test_a_census_tells_how_long_the_first_has_waited(queue: ProcrastinateQueue) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    queue.put([poll_job(1)])
    queue.put([poll_job(2)], not_before=before - timedelta(hours=1))
    (count,) = queue.census().queues
    assert count.oldest_at is not None
    assert count.oldest_at == before - timedelta(hours=1)
    assert queue.is_busy(["ingest"], 0)
    assert not queue.is_busy(["mail"], 0)
