"""A refresh that others do: an account's due feeds are put in the queue, and followed to the end.

How far it is shows in the rows and in what is under way, not in jobs: whoever does the work, and
whoever put it, the feeds are read, the items ready and the interests matched in the end.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from recommender.errors import RecommenderError, StorageError
from recommender.services import shapes
from recommender.services.ingest import FeedOutcome, wants_a_look
from recommender.services.queueing import (
    AWAITED,
    is_matching,
    look_job,
    match_interests_job,
    poll_job,
)
from recommender.services.refresh import RefreshReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from recommender.domain import Feed
    from recommender.services.progress import Progress
    from recommender.services.queueing import JobQueue
    from recommender.storage.protocol import Storage

LOOK_EVERY_S = 0.5
PATIENCE_S = 300.0
"""So long nothing may move before it is given up to follow; the work itself goes on."""


class QueuedRefresh:
    """A refresh of one account's feeds by workers; `recommender.services.jobs.ChildWork`.

    Args:
        storage: The library.
        queue: Where the work is put.
        account_id: Whose feeds.
        clock: Gives aware times.
        everything: Also feeds that are not due.
        patience_s: How long nothing may move.
        look_every_s: How often it is looked at.
    """

    def __init__(
        self,
        storage: Storage,
        queue: JobQueue,
        account_id: str,
        clock: Callable[[], datetime],
        *,
        everything: bool = False,
        patience_s: float = PATIENCE_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._storage = storage
        self._queue = queue
        self._account_id = account_id
        self._clock = clock
        self._everything = everything
        self._patience_s = patience_s
        self._look_every_s = look_every_s
        self._stopped = threading.Event()

    def run(self, progress: Progress) -> dict[str, Any]:
        """Put it, follow it to its end, and return its report.

        Raises:
            RecommenderError: No worker is there, or none gets on.
        """
        return shapes.refresh_shape(self.report(progress))

    def stop(self) -> None:
        """Follow it no longer; workers go on with it."""
        self._stopped.set()

    def report(self, progress: Progress) -> RefreshReport:
        """Like `run`, but the report as it is."""
        now = self._clock()
        feeds = [
            feed
            for feed in self._storage.feeds.feeds(self._account_id)
            if self._everything or wants_a_look(feed, now)
        ]
        polls = [poll_job(feed.id, anyway=self._everything, priority=AWAITED - 1) for feed in feeds]
        if not self._queue.census().workers:
            raise RecommenderError(
                "no worker is there to do it: start `sawthis worker`; feeds that are due are "
                "read as soon as one runs"
            )
        self._queue.put([*polls, look_job(), match_interests_job(self._account_id)])
        self._follow({job.queueing_lock or job.name for job in polls}, progress)
        return self._reported(feeds)

    def _follow(self, polls: set[str], progress: Progress) -> None:
        """Wait until nothing of it is under way, and as long as anything moves."""
        seen: tuple[int, int, int] | None = None
        moved_at = time.monotonic()
        while True:
            with suppress(StorageError):  # a database that restarts comes back
                left = self._left(polls)
                if not any(left):
                    return
                if left != seen:
                    seen, moved_at = left, time.monotonic()
                    _tell(progress, left, len(polls))
            if time.monotonic() - moved_at > self._patience_s:
                raise RecommenderError(
                    f"nothing has moved for {self._patience_s:g} s; `sawthis doctor` tells how "
                    "the workers are, and they go on by themselves"
                )
            if self._stopped.wait(self._look_every_s):
                raise RecommenderError("it is not followed any longer; workers go on with it")

    def _left(self, polls: set[str]) -> tuple[int, int, int]:
        """(polls, items to make ready, jobs of matching) that are still to be done."""
        # In this order: what comes of a job is put before the job ends, and so seen here.
        n_polls = len(self._queue.under_way({"poll"}) & polls)
        is_embedding = bool(self._queue.under_way({"look", "embed"}))
        n_unready = self._storage.backlog.n_unready(self._account_id) if is_embedding else 0
        matching = self._queue.under_way({"match", "match_interests"})
        return n_polls, n_unready, sum(is_matching(one, self._account_id) for one in matching)

    def _reported(self, feeds: Sequence[Feed]) -> RefreshReport:
        news = self._storage.backlog.news(self._account_id)
        now = {feed.id: feed for feed in self._storage.feeds.feeds(self._account_id)}
        outcomes = [_outcome(feed, now.get(feed.id, feed), news) for feed in feeds]
        n_ready = sum(one.added + one.changed for one in outcomes)
        return RefreshReport(tuple(outcomes), n_ready, 0)


def _tell(progress: Progress, left: tuple[int, int, int], n_polls: int) -> None:
    polls, unready, matching = left
    if polls:
        progress("Checking feeds", n_polls - polls, n_polls)
    elif unready:
        progress("Embedding", 0, unready)
    else:
        progress("Matching", 0, matching)


def _outcome(before: Feed, after: Feed, news: dict[int, tuple[int, int]]) -> FeedOutcome:
    """What became of a feed, by its state before and after."""
    if after.checked_at == before.checked_at:
        return FeedOutcome(after, "failed", error="it was not read; a worker tries it again")
    added, changed = news.get(after.id, (0, 0))
    if after.failures:
        return FeedOutcome(after, "failed", error=after.error)
    is_same = after.body_hash == before.body_hash and not (added or changed)
    return FeedOutcome(after, "unchanged" if is_same else "parsed", added, changed)
