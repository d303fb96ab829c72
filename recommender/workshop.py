"""What a house needs so that its work can be done by others: a queue, chores, workers.

Built for `recommender.wiring.House`, which asks for them; the cluster's parts are imported only
where the library lies on a server.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import IO, TYPE_CHECKING, Protocol

from recommender.errors import ConfigError, EmbeddingError, StorageError
from recommender.services.chores import Chores, Ways
from recommender.services.queueing import look_job, match_interests_job

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, tzinfo
    from pathlib import Path

    from recommender_feeds import SourceRegistry
    from recommender_models import Embedder

    from recommender.cluster.queue import ProcrastinateQueue
    from recommender.services.matching import Matching
    from recommender.services.progress import Progress
    from recommender.services.queueing import JobQueue, Queue
    from recommender.settings import Settings
    from recommender.storage.protocol import Storage

log = logging.getLogger(__name__)


class House(Protocol):
    """What chores need of `recommender.wiring.House`."""

    @property
    def settings(self) -> Settings:
        """Where everything is."""

    @property
    def storage(self) -> Storage:
        """The library."""

    @property
    def embedder(self) -> Callable[[], Embedder]:
        """Gives the model."""

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


@contextmanager
def opened_ways(house: House, clock: Callable[[], datetime]) -> Iterator[Ways]:
    """How chores reach what they need; what was opened for them is closed in the end."""
    with ExitStack() as stack:
        opened: list[SourceRegistry] = []
        opening = threading.Lock()

        def sources() -> SourceRegistry:
            with opening:
                if not opened:
                    opened.append(stack.enter_context(house.sources()))
                return opened[0]

        def match(first: str, last: str, progress: Progress) -> None:
            some = [one for one in house.storage.accounts() if first <= one <= last]
            house.matching().run(some, progress)

        yield Ways(
            sources=sources,
            embedder=house.embedder,
            model_key=lambda: _model_key(house.settings),
            match=match,
            match_account=lambda account_id, progress: house.matching().run([account_id], progress),
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


def queue_on_server(settings: Settings) -> ProcrastinateQueue:
    """The queue beside a library that lies on a server.

    Raises:
        ConfigError: It lies in a file, or the extra is not installed.
    """
    if not settings.is_cluster:
        raise ConfigError(
            "the embedded library needs no worker: `sawthis serve` and `sawthis refresh` do its "
            "work; SAWTHIS_DATABASE names a library on a server",
            setting="database",
        )
    try:
        from recommender.cluster.queue import ProcrastinateQueue
    except ImportError as error:
        raise ConfigError(
            f"a library on a server needs more: `pip install sawthis[cluster]` ({error})",
            setting="database",
        ) from error
    return ProcrastinateQueue(settings.database)


def ask_for_matching(queue: Callable[[], JobQueue], account_id: str) -> None:
    """Let workers match what has changed for an account, and see what else is new.

    The change itself is stored: where it can't be told now, a sweep finds it.
    """
    try:
        queue().put([match_interests_job(account_id), look_job()])
    except StorageError as error:
        log.warning("matching could not be asked for, and is done at the next sweep: %s", error)


def work(
    house: House,
    queue: ProcrastinateQueue,
    clock: Callable[[], datetime],
    *,
    queues: Sequence[Queue],
    concurrency: int,
    once: bool,
    pace: float,
    announce: Callable[[str], None],
) -> None:
    """Do what waits in queues, until told to stop or, once, until nothing waits any more."""
    from recommender.cluster.worker import Pace, Worker

    with opened_ways(house, clock) as ways:
        chores = Chores(house.storage, queue, ways)
        worker = Worker(
            house.settings.database,
            chores.by_name(),
            queue,
            queues=queues,
            concurrency=concurrency,
            pace=Pace().times(pace),
            announce=announce,
        )
        if once:  # whoever runs all the time looks every minute
            queue.put([look_job()])
        worker.run(once=once)


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
