"""procrastinate's job manager, made to outlive what a long life brings.

As it comes, the end of a job that can't be written leaves the job `doing` for ever, under a worker
that lives: neither done, nor tried again, nor rescued, and its lock is never let go of.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from procrastinate import exceptions
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from recommender.cluster.connecting import OUTAGES, reason_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import Any

    from procrastinate.connector import BaseConnector

log = logging.getLogger(__name__)
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Between the attempts to write how a job ended: two minutes, as a database takes to restart."""
UNKNOWN_AGAIN = timedelta(minutes=2)
UNKNOWN_ATTEMPTS = 30


class PatientManager(JobManager):
    """A job manager that does not lose a job's end.

    Args:
        connector: To the database.
        on_lost: Called when an end could not be written after all: the worker is to begin anew, so
            that its jobs count as those of a worker that is gone.
        is_known: Whether there is a task of a name.
    """

    def __init__(
        self,
        connector: BaseConnector,
        on_lost: Callable[[], None],
        is_known: Callable[[str], bool],
    ) -> None:
        super().__init__(connector)
        self._on_lost = on_lost
        self._is_known = is_known

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job; none for now where another took one with the same lock just then."""
        try:
            return await super().fetch_job(queues, worker_id)
        except exceptions.UniqueViolation:
            return None

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Write that a job is done, or given up."""
        is_unknown = status == Status.FAILED and not self._is_known(job.task_name)
        if is_unknown and job.attempts < UNKNOWN_ATTEMPTS:
            # Put by a newer Sawthis than ours: somebody else knows it, or will after the upgrade.
            log.warning("%s is nothing this version knows: left to another", job.call_string)
            await self.retry_job(job, retry_at=datetime.now(UTC) + UNKNOWN_AGAIN)
            return
        await self._patiently(
            job, lambda: super(PatientManager, self).finish_job(job, status, delete_job)
        )

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Write that a job is to be tried again; if the same wish waits anyway, that is enough."""
        try:
            await self._patiently(
                job,
                lambda: super(PatientManager, self).retry_job(job, retry_at, priority, queue, lock),
            )
        except (exceptions.UniqueViolation, AssertionError):
            # Its queueing lock is taken. procrastinate looks for the lock in the server's message,
            # and fails with an AssertionError where the server speaks another language.
            log.info("%s waits already: it is not tried again besides", job.call_string)
            await self._patiently(
                job, lambda: super(PatientManager, self).finish_job(job, Status.ABORTED, True)
            )

    async def _patiently(self, job: Job, write: Callable[[], Awaitable[Any]]) -> None:
        for wait_s in (*WAITS_S, None):
            try:
                await write()
            except exceptions.UniqueViolation:
                raise
            except OUTAGES as error:
                if isinstance(error.__cause__, psycopg.errors.RaiseException):
                    # It was given to another while we were not heard of, or the first answer
                    # did not reach us.
                    log.info("%s is in other hands, or ended already", job.call_string)
                    return
                if wait_s is None:
                    log.error(
                        "how %s ended could not be written: it is done again", job.call_string
                    )
                    self._on_lost()
                    raise
                log.warning(
                    "how %s ended can't be written (%s); trying again",
                    job.call_string,
                    reason_of(error),
                )
                await asyncio.sleep(wait_s)
            else:
                return
