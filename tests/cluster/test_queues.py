"""Both queues against one contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from recommender.services.in_process import InProcessQueue
from recommender.services.queueing import poll_job
from recommender.testing.queueing import Diary, QueueContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recommender.cluster.queue import ProcrastinateQueue
    from recommender.services.queueing import Chore


class InProcessBench:
    def __init__(self) -> None:
        self.queue = InProcessQueue(lambda: datetime.now(UTC), at_once=False)

    def run(self, chores: Mapping[str, Chore]) -> None:
        self.queue.serve(chores)
        self.queue.run()


class TestInProcess(QueueContract):
    """The whole contract."""

    @pytest.fixture
    def bench(self) -> InProcessBench:
        return InProcessBench()


class ClusterBench:
    def __init__(self, url: str, queue: ProcrastinateQueue) -> None:
        self._url = url
        self.queue = queue

    def run(self, chores: Mapping[str, Chore]) -> None:
        from recommender.cluster.worker import Pace, Worker

        Worker(self._url, chores, self.queue, pace=Pace().times(2000)).run(once=True)


class TestProcrastinate(QueueContract):
    """The whole contract, on a real server with a real worker."""

    @pytest.fixture
    def bench(self, postgres_url: str) -> Iterator[ClusterBench]:
        from recommender.cluster.queue import ProcrastinateQueue

        queue = ProcrastinateQueue(postgres_url)
        yield ClusterBench(postgres_url, queue)
        queue.close()


def test_at_once_means_in_the_callers_thread() -> None:
    """Breadth first: what a chore puts is done after it, not within."""
    queue, seen = InProcessQueue(lambda: datetime.now(UTC)), []

    def poll(*, feed_id: int, progress: object) -> None:
        del progress
        seen.append(feed_id)
        if feed_id < 3:
            queue.put([poll_job(feed_id + 1)])
            seen.append(-feed_id)

    queue.serve({"poll": poll})
    assert queue.put([poll_job(1)]) == 1
    assert seen == [1, -1, 2, -2, 3]


def test_a_retry_in_process_is_done_at_once() -> None:
    queue, diary = InProcessQueue(lambda: datetime.now(UTC)), Diary()
    diary.fails = True
    queue.serve({"poll": diary})
    queue.put([poll_job(1)])
    (failed,) = queue.failed(1)
    diary.fails = False
    queue.retry(failed.id)
    assert queue.failed(1) == []
