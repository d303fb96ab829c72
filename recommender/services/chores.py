"""What waits in queues, done: pull a feed, make items ready, match them, send a digest.

    look ─┬─> poll(feed) ──> embed(items) ─┬─> stories
          ├─> embed(items left lying)      └─> match(accounts) for each range that sees them
          └─> digest(account)
    sweep ──> embed, match: whatever else was left lying
    prune ──> expires old items

Every chore can be done twice, at once, late, or killed at any moment and done again: what it
writes is written once, and what comes of it is put in the queue after that, whether or not there
was anything to write. So a chore that is done again puts it again. If all of that is lost, `look`
and `sweep` find what is missing in the rows.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender_feeds import FeedError

from recommender.services.full_text import complete
from recommender.services.ingest import keep, visit_to, wants_a_look
from recommender.services.mailing import due_week, schedule_of
from recommender.services.preparing import prepare
from recommender.services.progress import silent
from recommender.services.pulling import pull_one
from recommender.services.queueing import (
    USUAL,
    digest_job,
    embed_job,
    match_job,
    poll_job,
    stories_job,
)
from recommender.services.ranges import ACCOUNTS_AT_ONCE, Borders
from recommender.services.refresh import RETENTION
from recommender.services.stories import place_stories

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from recommender_feeds import SourceRegistry
    from recommender_models import Embedder

    from recommender.domain import Feed
    from recommender.services.progress import Progress
    from recommender.services.queueing import Chore, JobQueue, QueuedJob
    from recommender.storage.protocol import Storage

ITEMS_AT_ONCE = 64
"""In one job: a second or two of embedding, so that nobody waits long for a worker to stop."""
SWEPT_AT_ONCE = 64 * ITEMS_AT_ONCE
"""Items that one look puts; the next look puts more."""
LOST_AFTER = timedelta(minutes=10)
"""What has waited so long is put again, even if much is under way."""
STORIES_WAIT = timedelta(seconds=2)
STORIES_WAIT_AT_MOST = timedelta(minutes=5)
KEPT = timedelta(days=30)
"""For so long it is told what became of a face's job."""


class Ways(NamedTuple):
    """How chores reach what they need; made when first asked for, so that no worker holds more."""

    sources: Callable[[], SourceRegistry]
    embedder: Callable[[], Embedder]
    model_key: Callable[[], str]
    """Of the embedder; loads nothing."""
    match: Callable[[str, str, Progress], object]
    """What is new with a range of accounts, both ends included."""
    match_account: Callable[[str, Progress], object]
    """An account's interests with everything."""
    send_digest: Callable[[str], object]
    """An account's, if it is due."""
    clock: Callable[[], datetime]
    rng: random.Random
    zone: tzinfo | None


class Chores:
    """The chores of one library. May be called from several threads.

    Args:
        storage: The library.
        queue: Gets what comes of a chore.
        ways: To what chores need.
        accounts_at_once: How many accounts a range has.
    """

    def __init__(
        self,
        storage: Storage,
        queue: JobQueue,
        ways: Ways,
        *,
        accounts_at_once: int = ACCOUNTS_AT_ONCE,
    ) -> None:
        self._storage = storage
        self._queue = queue
        self._ways = ways
        self._borders = Borders(storage.accounts, ways.clock, accounts_at_once)
        # Model and matrices are one set for the process, and used by one thread at a time.
        self._model = threading.Lock()

    def by_name(self) -> Mapping[str, Chore]:
        """Every chore by the name its jobs have."""
        return {
            "look": self.look,
            "sweep": self.sweep,
            "poll": self.poll,
            "embed": self.embed,
            "stories": self.stories,
            "match": self.match,
            "match_interests": self.match_interests,
            "digest": self.digest,
            "prune": self.prune,
        }

    def look(self, *, progress: Progress = silent) -> None:
        """Put polls of due feeds, digests that are due, and items that were left lying."""
        now = self._ways.clock()
        jobs = [
            *(poll_job(feed_id) for feed_id in self._storage.backlog.due_feeds(now)),
            *(digest_job(account_id) for account_id in self._due_digests(now)),
        ]
        # Who is at it already is left in peace, unless it takes so long that it looks lost.
        is_busy = bool(self._queue.under_way({"embed"}))
        before = now - LOST_AFTER if is_busy else None
        lost = self._storage.backlog.unready(before=before, limit=SWEPT_AT_ONCE)
        self._queue.put([*jobs, *_in_batches(lost)])
        progress("Looking", 1, 1)

    def _due_digests(self, now: datetime) -> list[str]:
        zone = self._ways.zone
        due = [
            (account_id, week)
            for account_id, wish in self._storage.backlog.digest_wishes()
            if (week := due_week(schedule_of(wish), now, zone))
        ]
        if not due:
            return []
        weeks = sorted({week for _, week in due})
        settled = self._storage.backlog.digests_settled(weeks, now)
        return [one[0] for one in due if one not in settled]

    def sweep(self, *, progress: Progress = silent) -> None:
        """Put whatever was left lying: items without a vector, interests that are behind."""
        backlog, key = self._storage.backlog, self._ways.model_key()
        without = self._storage.items.without_vector(key, limit=SWEPT_AT_ONCE)
        unready = backlog.unready(limit=SWEPT_AT_ONCE)
        lost = sorted({*(item_id for item_id, _, _ in without), *unready})
        behind = [] if lost else backlog.behind(key)
        if lost and not self._queue.under_way({"embed"}):
            self._queue.put(_in_batches(lost))
        self._queue.put(self._ranges_of(behind))
        if not lost and not behind and backlog.oldest_unplaced() is not None:
            self._queue.put([stories_job()])
        if not lost and not behind and self._storage.vectors.last_seq(key):
            # A new model takes over when it has done all that the old one did.
            self._storage.vectors.activate_model(key)
        progress("Looking", 1, 1)

    def poll(self, feed_id: int, *, anyway: bool = False, progress: Progress = silent) -> None:
        """Pull a feed if it is due, or anyway; store what is new, and complete it."""
        feed, now = self._storage.backlog.feed(feed_id), self._ways.clock()
        if feed is None:
            return  # nobody subscribes to it any more
        if anyway or wants_a_look(feed, now):
            visit = visit_to(self._storage, feed)
            pull = pull_one(self._ways.sources(), visit)
            if not (isinstance(pull, FeedError) and self._was_read_since(feed)):
                keep(self._storage, feed, pull, now=now, jitter=self._ways.rng.random())
            progress("Checking feeds", 1, 1)
        if (pages := self._ways.sources().pages) is not None:
            complete(self._storage, pages, now=now, feed_id=feed_id, progress=progress)
        new = self._storage.backlog.unready(feed_id=feed_id, limit=SWEPT_AT_ONCE)
        self._queue.put(_in_batches(new))

    def _was_read_since(self, feed: Feed) -> bool:
        """Whether another has read the feed: this worker may have been cut off for a while."""
        found = self._storage.backlog.feed(feed.id)
        return found is not None and found.checked_at != feed.checked_at

    def embed(self, item_ids: Sequence[int], *, progress: Progress = silent) -> None:
        """Make items ready, then match them with whoever can see them."""
        with self._model:
            prepare(self._storage, self._ways.embedder(), item_ids)
        progress("Embedding", len(item_ids), len(item_ids))
        readers = self._storage.backlog.readers(item_ids)
        self._queue.put([*self._ranges_of(readers), stories_job()])

    def _ranges_of(self, accounts: Sequence[str]) -> list[QueuedJob]:
        """Jobs for the ranges that these accounts fall into."""
        return [match_job(*borders) for borders in self._borders.holding(accounts)]

    def stories(self, *, progress: Progress = silent) -> None:
        """Find which articles tell the same story, once those that are coming have come.

        Which story an article joins depends on what was there before it: in one go and by their
        time, a flood of articles gets the same stories however many workers brought them in.
        """
        since = self._storage.backlog.oldest_unplaced()
        if since is None:
            return
        now = self._ways.clock()
        waits = since > now - STORIES_WAIT_AT_MOST and self._queue.under_way({"poll", "embed"})
        if waits:
            self._queue.put([stories_job()], not_before=now + STORIES_WAIT)
            return
        with self._model:
            place_stories(self._storage, self._ways.embedder(), progress)

    def match(self, first: str, last: str, *, progress: Progress = silent) -> None:
        """Match what is new with a range of accounts, both ends included."""
        with self._model:
            self._ways.match(first, last, progress)
            self._serve_first_model()

    def match_interests(self, account_id: str, *, progress: Progress = silent) -> None:
        """Match an account's interests with everything they have not met.

        Somebody waits for it: pages they just saved are made ready here, too.
        """
        with self._model:
            own = self._storage.backlog.own_unready(account_id, limit=ITEMS_AT_ONCE)
            prepare(self._storage, self._ways.embedder(), own)
            self._ways.match_account(account_id, progress)
            self._serve_first_model()

    def _serve_first_model(self) -> None:
        if self._storage.vectors.active_model() is None:
            self._storage.vectors.activate_model(self._ways.model_key())

    def digest(self, account_id: str, *, progress: Progress = silent) -> None:
        """Send an account's digest if it is due; the outbox sees to it that one does."""
        self._ways.send_digest(account_id)
        progress("Sending", 1, 1)

    def prune(self, *, progress: Progress = silent) -> None:
        """Let go of what is old: items, jobs."""
        now = self._ways.clock()
        self._storage.items.expire(now - RETENTION, now=now)
        if (job_log := self._storage.job_log) is not None:
            job_log.forget(now - KEPT)
        self._queue.tidy()
        progress("Pruning", 1, 1)


def _in_batches(item_ids: Sequence[int], priority: int = USUAL) -> Iterable[QueuedJob]:
    for at in range(0, len(item_ids), ITEMS_AT_ONCE):
        yield embed_job(item_ids[at : at + ITEMS_AT_ONCE], priority)
