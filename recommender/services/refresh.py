"""One refresh: feeds in, vectors, matches. Every stage can die and be run again."""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from recommender.errors import ConflictError, StorageError
from recommender.services.embedding import embed_items
from recommender.services.full_text import complete
from recommender.services.ingest import due_feeds, ingest
from recommender.services.progress import silent
from recommender.services.rating import rate_items
from recommender.services.stories import place_stories

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from recommender_feeds import SourceRegistry
    from recommender_models import Embedder

    from recommender.services.ingest import FeedOutcome
    from recommender.services.matching import Matching
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage


MATCH_WAIT_S = 10.0
RETENTION = timedelta(days=180)
"""After so long in the pool an article leaves it; jokes and what somebody acted on stay."""


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh did."""

    outcomes: tuple[FeedOutcome, ...]
    n_embedded: int
    n_interests_matched: int
    n_completed: int = 0
    """Summaries whose whole article was fetched."""
    n_expired: int = 0
    """Articles that left the pool for their age."""

    @property
    def n_added(self) -> int:
        """Items new to the pool."""
        return sum(outcome.added for outcome in self.outcomes)

    @property
    def n_changed(self) -> int:
        """Items whose text changed."""
        return sum(outcome.changed for outcome in self.outcomes)

    def count(self, status: str) -> int:
        """How many feeds came to this status."""
        return sum(outcome.status == status for outcome in self.outcomes)


class Refresher:
    """Refreshes a library; one at a time for each data directory.

    Args:
        storage: The library.
        data_dir: Where the lock lies.
        embedder: Gives the model when it is first needed.
        matching: Gives the matching for it.
    """

    def __init__(
        self,
        storage: Storage,
        data_dir: Path,
        embedder: Callable[[], Embedder],
        matching: Callable[[], Matching],
    ) -> None:
        self._storage = storage
        self._lock = data_dir / "refresh.lock"
        self._embedder = embedder
        self._matching = matching

    def refresh(
        self,
        sources: SourceRegistry,
        *,
        now: datetime,
        rng: random.Random,
        everything: bool = False,
        progress: Progress = silent,
    ) -> RefreshReport:
        """Pull the feeds that are due (or all), embed what is new, match it.

        Raises:
            ConflictError: Another refresh of this library is under way.
            EmbeddingError: The model failed; what was pulled is kept.
        """
        with self.exclusive():
            feeds = (
                self._storage.feeds.subscribed_feeds()
                if everything
                else due_feeds(self._storage, now)
            )
            outcomes = ingest(self._storage, sources, feeds, now=now, rng=rng, progress=progress)
            n_expired = self._storage.items.expire(now - RETENTION, now=now)
            n_completed = 0
            if sources.pages is not None:
                n_completed = complete(self._storage, sources.pages, now=now, progress=progress)
            n_embedded, n_matched = self._embed_and_match(progress)
        return RefreshReport(tuple(outcomes), n_embedded, n_matched, n_completed, n_expired)

    def match(self, progress: Progress = silent) -> int:
        """Match changed interests with the pool; returns how many had something to do.

        A refresh under way is waited for a while. Longer, and the next one does it: what has
        changed is stored, and forgets nothing.
        """
        if self._storage.items.n_without_vector("") == 0:
            return 0
        try:
            with self.exclusive(MATCH_WAIT_S):
                return self._embed_and_match(progress)[1]
        except ConflictError:
            return 0

    def _embed_and_match(self, progress: Progress) -> tuple[int, int]:
        if self._storage.items.n_without_vector("") == 0:
            return 0, 0  # an empty pool needs no model
        embedder = self._embedder()
        n_embedded = embed_items(self._storage, embedder, progress)
        rate_items(self._storage, embedder, progress)
        place_stories(self._storage, embedder, progress)
        n_matched = self._matching().run(self._storage.accounts(), progress)
        self._storage.vectors.activate_model(embedder.key)
        return n_embedded, n_matched

    @contextmanager
    def exclusive(self, wait_s: float = 0.0) -> Iterator[None]:
        """Hold the library's refresh lock; the system lets go of it if the process dies."""
        try:
            handle = self._lock.open("a")
        except OSError as error:
            raise StorageError(f"{self._lock} can't be written: {error.strerror}") from error
        with handle:
            if not _locked(handle, wait_s):
                raise ConflictError(
                    "another refresh of this library is under way; try again when it is done"
                )
            yield


def _locked(handle: IO[str], wait_s: float) -> bool:
    """Take the lock, trying for a while; whether it was to be had."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True
