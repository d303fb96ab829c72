"""When a job that failed is tried again, and when it is given up."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import JobAborted

if TYPE_CHECKING:
    from procrastinate.jobs import Job

MAX_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
SPREAD = 0.25


def wait_after(n_attempts: int, chance: float, first: timedelta = FIRST_WAIT) -> timedelta:
    """How long to wait after so many attempts that failed: twice as long each time. Pure.

    Args:
        n_attempts: 1 after the first.
        chance: In [0, 1): what failed together is not tried again together.
        first: After the first.
    """
    doublings = min(max(n_attempts, 1) - 1, 30)
    return min(LONGEST_WAIT, first * (1 << doublings)) * (1 - SPREAD + 2 * SPREAD * chance)


def is_last(job: Job) -> bool:
    """Whether the attempt that a job is in is its last one."""
    return job.attempts + 1 >= MAX_ATTEMPTS


def next_try(job: Job, first: timedelta = FIRST_WAIT) -> datetime:
    """When a job that just failed is tried again."""
    return datetime.now(UTC) + wait_after(job.attempts + 1, random.random(), first)


class Backoff(BaseRetryStrategy):
    """Whatever went wrong, several times more, with longer and longer waits.

    Args:
        first: How long after the first attempt.
    """

    def __init__(self, first: timedelta = FIRST_WAIT) -> None:
        self._first = first

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None to give the job up."""
        if isinstance(exception, JobAborted):  # its worker was asked to stop: no fault of the job
            return RetryDecision(retry_at=datetime.now(UTC))
        return None if is_last(job) else RetryDecision(retry_at=next_try(job, self._first))
