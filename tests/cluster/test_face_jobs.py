"""Jobs that faces start where there are several hosts, and refreshes that workers do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from recommender.account import Job
from recommender.errors import ConflictError, JobNotFound, RecommenderError, StorageBusy
from recommender.services.following import QueuedRefresh
from recommender.services.in_process import InProcessQueue
from recommender.services.jobs import SILENT_AFTER, Jobs
from recommender.services.progress import silent
from recommender.testing import NOW, make_contact
from tests.cluster.making import FakeSource, World, some_feeds
from tests.cluster.test_chores import Held
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from recommender.services.jobs import ChildWork
    from recommender.services.progress import Progress
    from recommender.services.queueing import Census
    from recommender.storage.postgres import PostgresStorage
    from recommender.storage.sqlite import SqliteStorage


class Work:
    """A refresh that ends when a test says so."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.progress: Progress = silent
        self.was_stopped = False

    def run(self, progress: Progress) -> dict[str, Any]:
        self.progress = progress
        progress("Checking feeds", 1, 3)
        self.may_end.wait(30)
        if self.was_stopped:
            raise RecommenderError("it was ended early")
        return {"items": {"added": 2}}

    def stop(self) -> None:
        self.was_stopped = True
        self.may_end.set()


class Host:
    """A house as jobs see it."""

    def __init__(self, account_id: str = "me") -> None:
        self.account_id = account_id
        self.work = Work()

    def child_refresh(self) -> ChildWork:
        return self.work

    def import_book(self, book: bytes, progress: Progress) -> dict[str, Any]:
        raise AssertionError


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hosts(postgres_storage: PostgresStorage, clock: Clock) -> list[Jobs]:
    """Two hosts' jobs over one database, in which the account is known."""
    postgres_storage.people.add_contact("me", make_contact())
    return [Jobs(clock, lambda: postgres_storage.job_log) for _ in range(2)]


def test_every_host_tells_of_a_job(hosts: list[Jobs]) -> None:
    first, second = hosts
    host = Host()
    job = first.refresh(host)
    until(lambda: second.get("me", job.id).stage == "Checking feeds")
    seen = second.get("me", job.id)
    assert (seen.state, seen.done, seen.total, seen.kind) == ("running", 1, 3, "refresh")
    # Whoever asks for another is shown this one, wherever they ask.
    assert second.refresh(Host()).id == first.refresh(Host()).id == job.id
    assert [one.id for one in second.all("me")] == [one.id for one in first.all("me")] == [job.id]
    host.work.may_end.set()
    until(lambda: second.get("me", job.id).state == "done")
    ended = second.latest("me", "refresh")
    assert ended is not None
    assert (ended.result, ended.ended_at) == ({"items": {"added": 2}}, NOW)
    assert ended.started_at == first.get("me", job.id).started_at


def test_nobody_is_told_of_anothers_job(hosts: list[Jobs]) -> None:
    first, second = hosts
    host = Host()
    job = first.refresh(host)
    for jobs in hosts:
        assert jobs.all("you") == []
        with pytest.raises(JobNotFound):
            jobs.get("you", job.id)
    host.work.may_end.set()
    until(lambda: first.get("me", job.id).state == "done")
    with pytest.raises(JobNotFound):
        second.get("me", "no such job")


def test_a_host_that_is_gone_takes_its_job_with_it(
    postgres_storage: PostgresStorage, hosts: list[Jobs], clock: Clock
) -> None:
    log = postgres_storage.job_log
    log.put("me", Job("lost", "me", "refresh", "running", NOW, "Embedding", 1, 9, heard_at=NOW))
    first, _ = hosts
    assert first.get("me", "lost").state == "running"
    assert first.refresh(Host()).id == "lost"
    clock.now = NOW + SILENT_AFTER
    lost = first.get("me", "lost")
    assert (lost.state, lost.ended_at) == ("failed", NOW)
    assert "the host that did it is gone" in lost.error
    host = Host()
    again = first.refresh(host)
    assert again.id != "lost"
    assert [one.id for one in first.all("me")] == [again.id, "lost"]
    host.work.may_end.set()


def test_a_job_whose_account_is_erased_ends_quietly(
    postgres_storage: PostgresStorage, hosts: list[Jobs]
) -> None:
    first, second = hosts
    host = Host()
    job = first.refresh(host)
    postgres_storage.erase_account("me")
    with pytest.raises(ConflictError):
        postgres_storage.job_log.put("me", job)
    host.work.may_end.set()
    until(lambda: first.get("me", job.id).state == "done")
    assert second.all("me") == []
    assert postgres_storage.accounts() == []


def test_what_runs_is_ended_with_its_host(hosts: list[Jobs]) -> None:
    first, second = hosts
    job = first.refresh(Host())
    first.stop()
    until(lambda: second.get("me", job.id).state == "failed")
    assert second.get("me", job.id).error == "it was ended early"


def test_old_jobs_are_forgotten(postgres_storage: PostgresStorage, hosts: list[Jobs]) -> None:
    del hosts
    log = postgres_storage.job_log
    for days in (40, 1):
        at = NOW - timedelta(days=days)
        log.put("me", Job(f"{days}", "me", "import", "done", at, result={}, heard_at=at))
    assert log.forget(NOW - timedelta(days=30)) == 1
    assert [one.id for one in log.all("me", limit=9)] == ["1"]
    assert log.all("me", limit=0) == []


class Working(InProcessQueue):
    """A queue with a worker in a thread of its own, as long as a test lets it work."""

    def __init__(self, world: World) -> None:
        super().__init__(lambda: datetime(9999, 1, 1, tzinfo=UTC), at_once=False)
        self.workers = 1
        self.serve(Held(world)._chores)

    def census(self) -> Census:
        return super().census()._replace(workers=self.workers)


@pytest.fixture
def world(storage: SqliteStorage, tmp_path: Path) -> World:
    made = World(storage, tmp_path / "world", FakeSource(some_feeds()))
    made.fill()
    return made


def refresh_of(world: World, queue: Any, **options: Any) -> QueuedRefresh:
    return QueuedRefresh(
        world.storage, queue, "account-0", world.clock, look_every_s=0.02, **options
    )


def working(world: World) -> tuple[InProcessQueue, Callable[[], None]]:
    """A queue whose jobs another thread does; and what ends that."""
    queue = Held(world)
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            queue.run()

    thread = threading.Thread(target=work)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return queue, end


def test_a_refresh_by_workers_is_followed_to_its_end(world: World) -> None:
    """Its feeds are read, its items ready, its interests matched when it says so."""
    queue, end = working(world)
    told: list[tuple[str, int, int]] = []
    try:
        report = refresh_of(world, queue).run(lambda *step: told.append(step))
        assert report["feeds"] == {"parsed": 2, "unchanged": 0, "failed": 1}
        assert report["items"] == {"added": 8, "changed": 0}
        assert [one["feed"] for one in report["errors"]] == ["https://down.example/feed"]
        assert world.storage.backlog.n_unready("account-0") == 0
        assert world.storage.matches.candidates("account-0", "joe-ferraro", limit=9)
        assert told[0] == ("Checking feeds", 0, 3)
        # Nothing is due any more, but it can be asked for all the same.
        assert refresh_of(world, queue).run(silent)["feeds"] == {
            "parsed": 0, "unchanged": 0, "failed": 0
        }  # fmt: skip
        world.now += timedelta(minutes=1)
        again = refresh_of(world, queue, everything=True).run(silent)
        assert again["feeds"] == {"parsed": 0, "unchanged": 2, "failed": 1}
        assert again["items"] == {"added": 0, "changed": 0}
    finally:
        end()


def test_a_refresh_without_workers_says_what_is_missing(world: World) -> None:
    queue = Working(world)
    queue.workers = 0
    with pytest.raises(RecommenderError, match="start `sawthis worker`"):
        refresh_of(world, queue).run(silent)


def test_a_refresh_that_does_not_get_on_is_not_followed_for_ever(world: World) -> None:
    with pytest.raises(RecommenderError, match="nothing has moved"):
        refresh_of(world, Working(world), patience_s=0.1).run(silent)


def test_a_refresh_is_let_go_of_when_its_host_ends(world: World) -> None:
    refresh = refresh_of(world, Working(world))
    refresh.stop()
    with pytest.raises(RecommenderError, match="workers go on with it"):
        refresh.run(silent)


def test_a_feed_that_was_not_read_is_told(world: World) -> None:
    """Its job failed, and waits for another attempt."""
    queue, end = working(world)
    try:
        pull = world.source.pull

        def broken(url: str, validators: Any) -> Any:
            if "site1" in url:
                raise StorageBusy("whatever it is")
            return pull(url, validators)

        world.source.pull = broken  # type: ignore[method-assign]
        report = refresh_of(world, queue).run(silent)
        assert ("https://site1.example/feed", "it was not read; a worker tries it again") in [
            (one["feed"], one["error"]) for one in report["errors"]
        ]
    finally:
        end()


def test_a_database_that_is_away_for_a_moment_ends_no_refresh(world: World) -> None:
    queue, end = working(world)
    under_way, n = queue.under_way, 0

    def flaky(names: Any) -> set[str]:
        nonlocal n
        n += 1
        if n < 4:
            raise StorageBusy("the queue can't be reached")
        return under_way(names)

    refresh = refresh_of(world, queue)
    refresh._queue = _Flaky(queue, flaky)  # type: ignore[assignment]
    try:
        assert refresh.run(silent)["items"]["added"] == 8
    finally:
        end()


class _Flaky:
    def __init__(self, queue: InProcessQueue, under_way: Callable[[Any], set[str]]) -> None:
        self.put, self.census, self.under_way = queue.put, queue.census, under_way


def test_jobs_of_one_host_need_no_database() -> None:
    """As ever: what is known is in this process."""
    jobs, host = Jobs(lambda: datetime.now(UTC)), Host()
    job = jobs.refresh(host)
    host.work.may_end.set()
    until(lambda: jobs.get("me", job.id).state == "done")
    assert jobs.get("me", job.id).heard_at is None
    assert replace(jobs.all("me")[0]).id == job.id
