"""What a house needs so that its work can be done by others: a queue, chores, workers.

Built for `recommender.wiring.House`; the cluster's parts are imported only where the library lies
on a server.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import IO, TYPE_CHECKING, Protocol

from recommender.errors import ConfigError, EmbeddingError, StorageError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, tzinfo
    from pathlib import Path

    from recommender_feeds import SourceRegistry
    from recommender_models import Embedder

    from recommender.cluster.queue import ProcrastinateQueue
    from recommender.services.chores import Ways
    from recommender.services.following import QueuedRefresh
    from recommender.services.jobs import ChildWork
    from recommender.services.matching import Matching
    from recommender.services.progress import Progress
    from recommender.services.queueing import Queue
    from recommender.services.range_matching import RangeMatching
    from recommender.services.refresh import Refresher
    from recommender.settings import Settings
    from recommender.storage.protocol import Storage

log = logging.getLogger(__name__)


class House(Protocol):
    """What is needed of `recommender.wiring.House`."""

    account_id: str

    settings: Settings

    @property
    def storage(self) -> Storage:
        """The library."""

    @property
    def embedder(self) -> Callable[[], Embedder]:
        """Gives the model."""

    @property
    def refresher(self) -> Refresher:
        """Feeds in, vectors, matches, in this process."""

    @property
    def zone(self) -> tzinfo | None:
        """Where the user's days begin and end."""

    def matching(self) -> Matching:
        """Matching under the current model."""

    def sources(self) -> AbstractContextManager[SourceRegistry]:
        """Every kind of source."""

    def send_digest(self, account_id: str) -> object:
        """Send an account's digest if it is due."""

    def rng(self) -> random.Random:
        """Randomness for jitter."""

    def use_vectors_in(self, folder: Path) -> None:
        """Keep the matrices there from now on."""


class SharedQueue:
    """The queue of a library on a server, for all accounts of a process; made when first needed.

    Args:
        settings: Where the library is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._making = threading.Lock()
        self._made: ProcrastinateQueue | None = None

    def __call__(self) -> ProcrastinateQueue:
        """The queue.

        Raises:
            ConfigError: The library lies in a file, or the extra is not installed.
        """
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> ProcrastinateQueue:
        if not self._settings.is_cluster:
            raise ConfigError(
                "the embedded library needs no worker: `sawthis serve` and `sawthis refresh` do "
                "its work; SAWTHIS_DATABASE names a library on a server",
                setting="database",
            )
        try:
            from recommender.cluster.queue import ProcrastinateQueue
        except ImportError as error:
            raise ConfigError(
                f"a library on a server needs more: `pip install sawthis[cluster]` ({error})",
                setting="database",
            ) from error
        return ProcrastinateQueue(self._settings.database)

    def close(self) -> None:
        """Close its connections."""
        with self._making:
            if self._made is not None:
                self._made.close()


class Workshop:
    """Work that others do for one account's house, or for everybody's.

    Args:
        house: The library and what chores need.
        queue: Where work waits for workers.
        clock: Gives aware times.
    """

    def __init__(self, house: House, queue: SharedQueue, clock: Callable[[], datetime]) -> None:
        self._house = house
        self._clock = clock
        self.queue = queue

    def match_soon(self, progress: Progress) -> bool:
        """Match what has changed: now, or by workers in a moment; whether it is done.

        The change itself is stored: where workers can't be told now, a sweep finds it.
        """
        if not self._house.settings.is_cluster:
            self._house.refresher.match(progress)
            return True
        from recommender.services.queueing import look_job, match_interests_job

        try:
            self.queue().put([match_interests_job(self._house.account_id), look_job()])
        except StorageError as error:
            log.warning("matching could not be asked for; the next sweep finds it: %s", error)
        return False

    def refresh(self) -> ChildWork:
        """A refresh that a process of its own does, or workers."""
        if self._house.settings.is_cluster:
            return self.queued_refresh()
        from recommender.services.child import ChildRefresh

        return ChildRefresh(self._house.settings, self._house.account_id)

    def queued_refresh(self, *, everything: bool = False) -> QueuedRefresh:
        """A refresh by workers."""
        from recommender.services.following import QueuedRefresh

        house = self._house
        return QueuedRefresh(
            house.storage, self.queue(), house.account_id, self._clock, everything=everything
        )

    def work(
        self,
        announce: Callable[[str], None],
        *,
        queues: Sequence[Queue],
        concurrency: int,
        once: bool = False,
        pace: float = 1,
    ) -> None:
        """Do what waits in queues until told to stop; see `recommender.cluster.worker`.

        Args:
            announce: Gets a line when it begins and ends.
            queues: Which ones.
            concurrency: How many jobs at once.
            once: Only until nothing waits any more.
            pace: So many times as fast; for tests.

        Raises:
            ConfigError: The library lies in a file, and one process does its work.
        """
        queue, house = self.queue(), self._house
        from recommender.cluster.worker import Pace, Worker
        from recommender.services.chores import Chores
        from recommender.services.queueing import look_job

        with (
            claimed_folder(house.settings.vector_dir) as folder,
            opened_ways(house, self._clock) as ways,
        ):
            house.use_vectors_in(folder)
            if once:  # whoever runs all the time looks every minute
                queue.put([look_job()])
            Worker(
                house.settings.database,
                Chores(house.storage, queue, ways).by_name(),
                queue,
                queues=queues,
                concurrency=concurrency,
                pace=Pace().times(pace),
                announce=announce,
            ).run(once=once)


@contextmanager
def opened_ways(house: House, clock: Callable[[], datetime]) -> Iterator[Ways]:
    """How chores reach what they need; what was opened for them is closed in the end."""
    from recommender.services.chores import Ways

    with ExitStack() as stack:
        opened: list[SourceRegistry] = []
        opening = threading.Lock()

        def sources() -> SourceRegistry:
            with opening:
                if not opened:
                    opened.append(stack.enter_context(house.sources()))
                return opened[0]

        ranges: list[RangeMatching] = []

        def match(first: str, last: str, progress: Progress) -> None:
            from recommender.services.range_matching import RangeMatching

            if not ranges:
                # Kept: what it has read of new items serves the next range, too.
                ranges.append(RangeMatching(house.storage, house.matching()))
            ranges[0].run(first, last, progress)

        yield Ways(
            sources=sources,
            embedder=house.embedder,
            model_key=lambda: _model_key(house.settings),
            match=match,
            # As a range of one: it keeps to what was changed meanwhile, by the account itself.
            match_account=lambda account_id, progress: match(account_id, account_id, progress),
            send_digest=house.send_digest,
            clock=clock,
            rng=house.rng(),
            zone=house.zone,
        )


def _model_key(settings: Settings) -> str:
    from recommender_models import EmbedderError, embedder_key

    try:
        return embedder_key(settings.model)
    except EmbedderError as error:
        raise EmbeddingError(str(error)) from error


@contextmanager
def claimed_folder(parent: Path) -> Iterator[Path]:
    """A folder that no other process of this machine works in; let go of when it ends.

    The matrices in it stay, so that the next one who claims it need not read them all again.

    Raises:
        StorageError: It can't be written.
    """
    try:
        claim, folder = _claim(parent)
    except OSError as error:
        raise StorageError(f"{parent} can't be written: {error.strerror}") from error
    with claim:
        yield folder


def _claim(parent: Path) -> tuple[IO[str], Path]:
    import fcntl

    for number in count(1):
        folder = parent / f"worker-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        claim = (folder / "claim").open("a")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
        else:
            return claim, folder
    raise AssertionError("numbers have no end")
