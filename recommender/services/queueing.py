"""Work that waits in a queue: what there is, and what every queue promises.

A job is a name and arguments; `recommender.services.chores` does what the name says. Every chore
may be done twice, at once or in any order, and leaves the same rows; so a queue may give a job to
somebody else whenever it doubts that the first one lives.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    Chore = Callable[..., None]
    """Takes a job's arguments by name, and `progress`."""

Queue = Literal["ingest", "embed", "match", "mail", "upkeep"]
QUEUES: tuple[Queue, ...] = ("ingest", "embed", "match", "mail")
UPKEEP: Queue = "upkeep"
"""What keeps the others going; every worker looks after it."""

AWAITED = 10
"""Somebody sits before the page and waits for it."""
USUAL = 0


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A piece of work for whoever is free."""

    name: str
    queue: Queue
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON."""
    lock: str | None = None
    """Of jobs with the same one runs at a time."""
    queueing_lock: str | None = None
    """Of jobs with the same one waits at a time: another is the same wish once more."""
    priority: int = USUAL
    """Higher goes first."""


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that was given up after all its attempts."""

    id: int
    name: str
    arguments: Mapping[str, Any]
    attempts: int
    error: str
    """What went wrong the last time, in one line; empty if that is not known."""
    at: datetime | None
    """When it was given up."""

    @property
    def call(self) -> str:
        """Name and arguments, as a person would write them; long lists cut off."""
        return call_text(self.name, self.arguments)


class QueueCount(NamedTuple):
    """How long a queue is."""

    name: str
    waiting: int
    """Jobs whose time has come."""
    later: int
    """Jobs that wait for a moment, such as that of their next attempt."""
    running: int
    failed: int
    oldest_at: datetime | None
    """Since when the first of those that wait could have begun."""


class Census(NamedTuple):
    """How a queue is as a whole."""

    queues: Sequence[QueueCount]
    """By name; those without any job may be left out."""
    workers: int
    """How many are alive."""
    stalled: int
    """Jobs of workers that are gone, which nobody has taken over yet."""
    rescued: int
    """Jobs of the last day that were taken over from a worker that was gone."""

    def waiting(self) -> int:
        """Jobs in all queues whose time has come."""
        return sum(one.waiting for one in self.queues)


class JobQueue(Protocol):
    """Where jobs wait. May be used from any thread; errors are recommender.errors only."""

    def put(self, jobs: Iterable[QueuedJob], *, not_before: datetime | None = None) -> int:
        """Let jobs be done, in their order where nothing else speaks against it.

        Those with a queueing lock that waits already are left out: the wish is known.
        Not to be called in a transaction: the work may begin at once.

        Returns:
            How many were new.
        """

    def under_way(self, names: Collection[str]) -> set[str]:
        """Queueing locks of jobs of these names that run, or whose time to run has come.

        For a job without one it is its name.
        """

    def failed(self, limit: int) -> list[FailedJob]:
        """Jobs that were given up, newest first."""

    def retry(self, job_id: int) -> None:
        """Put a job that was given up again, as if it had never been tried; or JobNotFound."""

    def census(self) -> Census:
        """How long the queues are, and who works on them."""

    def tidy(self) -> None:
        """Let go of what is not worth knowing any more."""


def call_text(name: str, arguments: Mapping[str, Any], longest: int = 80) -> str:
    """A job as a person would write it: `poll(feed_id=7)`."""
    text = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return f"{name}({text if len(text) <= longest else text[:longest] + '…'})"


def poll_job(feed_id: int, *, anyway: bool = False, priority: int = USUAL) -> QueuedJob:
    """Pull a feed if it is due, or anyway."""
    lock = f"poll:{feed_id}"
    if anyway:
        # Another wish than that of one who only asks whether it is due.
        arguments = {"feed_id": feed_id, "anyway": True}
        return QueuedJob("poll", "ingest", arguments, lock, f"{lock}!", priority)
    return QueuedJob("poll", "ingest", {"feed_id": feed_id}, lock, lock, priority)


def embed_job(item_ids: Sequence[int], priority: int = USUAL) -> QueuedJob:
    """Give items their vectors and levels; those that have them cost a look."""
    lock = f"embed:{item_ids[0]}-{item_ids[-1]}:{len(item_ids)}"
    return QueuedJob("embed", "embed", {"item_ids": list(item_ids)}, lock, lock, priority)


def stories_job() -> QueuedJob:
    """Find which articles tell the same story."""
    return QueuedJob("stories", "embed", {}, "stories", "stories")


def match_job(first: str, last: str) -> QueuedJob:
    """Match what is new with a range of accounts, both ends included."""
    wish = f"match:{json.dumps([first, last])}"
    return QueuedJob("match", "match", {"first": first, "last": last}, f"match:{first}", wish)


def is_matching(queueing_lock: str, account_id: str) -> bool:
    """Whether a job with this queueing lock matches an account's interests."""
    name, _, whose = queueing_lock.partition(":")
    if name == "match":
        first, last = json.loads(whose)
        return bool(first <= account_id <= last)
    return queueing_lock == match_interests_job(account_id).queueing_lock


def match_interests_job(account_id: str) -> QueuedJob:
    """Match an account's new interests with the pool."""
    lock = f"interests:{account_id}"
    return QueuedJob(
        "match_interests", "match", {"account_id": account_id}, lock, lock, priority=AWAITED
    )


def digest_job(account_id: str) -> QueuedJob:
    """Send an account's digest if it is due."""
    lock = f"digest:{account_id}"
    return QueuedJob("digest", "mail", {"account_id": account_id}, lock, lock)


def look_job() -> QueuedJob:
    """See what is due, and what was left lying."""
    return QueuedJob("look", UPKEEP, {}, "look", "look", priority=AWAITED)


def sweep_job() -> QueuedJob:
    """Go through everything for what was left lying."""
    return QueuedJob("sweep", UPKEEP, {}, "sweep", "sweep", priority=AWAITED)


def prune_job() -> QueuedJob:
    """Let go of what is old."""
    return QueuedJob("prune", UPKEEP, {}, "prune", "prune")
