"""A queue without a database: jobs are done at once, by whoever puts them.

For the embedded library, where one process does all there is, and for tests.
"""

from __future__ import annotations

import itertools
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommender.errors import JobNotFound, RecommenderError
from recommender.services.progress import silent
from recommender.services.queueing import Census, FailedJob, QueueCount

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from recommender.services.queueing import Chore, QueuedJob

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3


@dataclass
class _Kept:
    """A job with what became of it so far."""

    id: int
    job: QueuedJob
    put_at: datetime
    not_before: datetime | None
    attempts: int = 0
    error: str = ""
    failed_at: datetime | None = None


class InProcessQueue:
    """`recommender.services.queueing.JobQueue` in this process's memory.

    Breadth first: what a chore puts is done after it, in the thread that put the first of them.
    One thread works at a time, so that every lock holds.

    Args:
        clock: Gives aware times.
        at_once: Whether to do jobs as they are put; else `run` does.
    """

    def __init__(self, clock: Callable[[], datetime], *, at_once: bool = True) -> None:
        self._clock = clock
        self._at_once = at_once
        self._chores: Mapping[str, Chore] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._works = False
        self._jobs: list[_Kept] = []
        self._running: _Kept | None = None
        self._failed: list[_Kept] = []

    def serve(self, chores: Mapping[str, Chore]) -> None:
        """Say what does the work; chores need the queue, so they come second."""
        self._chores = chores

    def put(self, jobs: Iterable[QueuedJob], *, not_before: datetime | None = None) -> int:
        """Do jobs, or let them wait for `run`; see `JobQueue.put`."""
        n = 0
        with self._lock:
            for job in jobs:
                waiting = {one.job.queueing_lock for one in self._jobs} - {None}
                if job.queueing_lock not in waiting:
                    self._jobs.append(_Kept(next(self._ids), job, self._clock(), not_before))
                    n += 1
        if self._at_once:
            self.run()
        return n

    def run(self) -> int:
        """Do what waits and whose time has come, and what comes of it; returns how many jobs.

        Nothing where somebody is at it already.
        """
        with self._lock:
            if self._works:
                return 0
            self._works = True
        done = 0
        try:
            while (kept := self._next()) is not None:
                self._do(kept)
                done += 1
        finally:
            self._works = False
        return done

    def _next(self) -> _Kept | None:
        with self._lock:
            ready = [one for one in self._jobs if self._is_ready(one)]
            kept = min(ready, key=lambda one: (-one.job.priority, one.id), default=None)
            if kept is not None:
                self._jobs.remove(kept)
            self._running = kept
            return kept

    def _is_ready(self, kept: _Kept) -> bool:
        return kept.not_before is None or kept.not_before <= self._clock()

    def _do(self, kept: _Kept) -> None:
        kept.attempts += 1
        try:
            self._chores[kept.job.name](**kept.job.arguments, progress=silent)
        except Exception as error:
            # Nobody above waits for this one; those that come after it must not suffer.
            kept.error = str(error) or type(error).__name__
            if not isinstance(error, RecommenderError):
                log.exception("%s failed", kept.job.name)
            self._go_on(kept)
        finally:
            self._running = None

    def _go_on(self, kept: _Kept) -> None:
        """Try it again, unless that was its last attempt or the same wish waits anyway."""
        with self._lock:
            if kept.attempts >= MAX_ATTEMPTS:
                kept.failed_at = self._clock()
                self._failed.append(kept)
            elif all(
                one.job.queueing_lock is None or one.job.queueing_lock != kept.job.queueing_lock
                for one in self._jobs
            ):
                self._jobs.append(kept)

    def under_way(self, names: Collection[str]) -> set[str]:
        """Jobs of these names that run, or could."""
        with self._lock:
            ready = [one for one in self._jobs if self._is_ready(one)]
            everything = [*ready, *([self._running] if self._running else [])]
            return {
                one.job.queueing_lock or one.job.name for one in everything if one.job.name in names
            }

    def failed(self, limit: int) -> list[FailedJob]:
        """Jobs that were given up, newest first."""
        return [
            FailedJob(
                one.id, one.job.name, one.job.arguments, one.attempts, one.error, one.failed_at
            )
            for one in self._failed[::-1][:limit]
        ]

    def retry(self, job_id: int) -> None:
        """Put a job that was given up again, or JobNotFound."""
        kept = next((one for one in self._failed if one.id == job_id), None)
        if kept is None:
            raise JobNotFound(f"no job with the id {job_id} was given up", ref=str(job_id))
        self._failed.remove(kept)
        self.put([kept.job])

    def census(self) -> Census:
        """How much waits; the one who works is this process."""
        with self._lock:
            names = sorted({one.job.queue for one in [*self._jobs, *self._failed]})
            return Census([self._count(name) for name in names], 1, 0, 0)

    def _count(self, name: str) -> QueueCount:
        mine = [one for one in self._jobs if one.job.queue == name]
        ready = [one for one in mine if self._is_ready(one)]
        return QueueCount(
            name,
            waiting=len(ready),
            later=len(mine) - len(ready),
            running=int(self._running is not None and self._running.job.queue == name),
            failed=sum(one.job.queue == name for one in self._failed),
            oldest_at=min((one.not_before or one.put_at for one in ready), default=None),
        )

    def tidy(self) -> None:
        """Nothing: what was done is not kept."""
