"""Jobs of workers that are gone, taken over.

procrastinate leaves the jobs of a killed worker in `doing`, and their locks with them: nobody
would ever pull that feed again.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from procrastinate.jobs import Status

from recommender.cluster.retrying import is_last, next_try

if TYPE_CHECKING:
    from recommender.cluster.manager import PatientManager
    from recommender.cluster.queue import ProcrastinateQueue

log = logging.getLogger(__name__)
GONE = "the worker that did it is gone: killed, out of memory, or cut off"


async def rescue(
    manager: PatientManager, queue: ProcrastinateQueue, *, stalled_s: float, retry_s: float
) -> int:
    """Let somebody else do the jobs of workers that are gone; returns how many.

    A job whose every worker dies is given up in the end: it may be what kills them.

    Args:
        manager: Of the jobs.
        queue: Keeps what is told of them.
        stalled_s: After so long without a sign of life a worker is gone.
        retry_s: How long a job waits that loses its second worker; then longer each time.
    """
    found = list(await manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s))
    for job in found:
        assert job.id is not None
        await asyncio.to_thread(queue.note, job.id, "rescued", GONE)
        if is_last(job):
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            log.error("gave up %s: every worker that began it is gone", job.call_string)
        else:
            at_once = job.attempts == 0
            later = next_try(job, timedelta(seconds=retry_s))
            await manager.retry_job(job, retry_at=None if at_once else later)
            log.warning("rescued job %s of a worker that is gone", job.call_string)
    return len(found)
