"""How the queues and their workers are, for `doctor`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.errors import StorageError
from recommender.services.finding import Finding
from recommender.services.queueing import UPKEEP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.services.queueing import Census, FailedJob, JobQueue, QueueCount

SLOW = timedelta(minutes=15)
"""A job that waits longer tells that there are too few workers."""
MOST_SHOWN = 10


def diagnose_queue(queue: JobQueue, now: datetime) -> list[Finding]:
    """Who works, how much waits, and what was given up."""
    try:
        census, failed = queue.census(), queue.failed(MOST_SHOWN)
    except StorageError as error:
        return [Finding("queue", "fault", str(error), "is the server running?")]
    n_failed = sum(one.failed for one in census.queues)
    return [*_workers(census), *_length(census, now), *_given_up(failed, n_failed)]


def _workers(census: Census) -> list[Finding]:
    findings = []
    if census.workers:
        findings += [Finding("workers", "ok", f"{census.workers} at work")]
    else:
        advice = "start `sawthis worker`, on as many machines as you like"
        findings += [Finding("workers", "fault", "none is running: nothing is read", advice)]
    if census.stalled:
        what = f"{_jobs(census.stalled)} of workers that are gone"
        advice = "another worker takes over within two minutes" if census.workers else ""
        findings += [Finding("stalled jobs", "warning", what, advice)]
    if census.rescued:
        what = f"{_jobs(census.rescued)} taken over from workers that were gone, in a day"
        advice = "their log or the system's tells what ended them"
        findings += [Finding("rescued jobs", "warning", what, advice)]
    return findings


def _length(census: Census, now: datetime) -> list[Finding]:
    used = [one for one in census.queues if one.waiting or one.later or one.running]
    return [_queue(one, now) for one in used] or [Finding("queues", "ok", "nothing waits")]


def _queue(one: QueueCount, now: datetime) -> Finding:
    name = f"queue {one.name}"
    what = f"{one.waiting} waiting, {one.running} running"
    what += f", {one.later} for later" if one.later else ""
    if not one.waiting or one.oldest_at is None:
        return Finding(name, "ok", what)
    age = now - one.oldest_at
    what += f"; the first for {max(0, int(age.total_seconds()))} s"
    if age <= SLOW:
        return Finding(name, "ok", what)
    queues = "" if one.name == UPKEEP else f" --queues {one.name}"
    return Finding(name, "warning", what, f"start more of `sawthis worker{queues}`")


def _given_up(failed: Sequence[FailedJob], n_failed: int) -> list[Finding]:
    found = [
        Finding(
            f"job {one.id}",
            "warning",
            f"{one.call} was given up after {one.attempts} attempts: {one.error or 'see the log'}",
            f"`sawthis worker --retry {one.id}` puts it again",
        )
        for one in failed
    ]
    if n_failed > len(failed):
        what = f"{n_failed - len(failed)} more were given up"
        found += [Finding("jobs", "warning", what, "`sawthis worker --retry all`")]
    return found


def _jobs(n: int) -> str:
    return "one job" if n == 1 else f"{n} jobs"
