"""A worker in a process of its own, whose chores do what a test wants of them.

    python -m tests.cluster.hands URL FOLDER [PACE]

Chores write what they do into FOLDER/log, a line each: `began 7`, `ended 7`, `stopped 7`.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from recommender.cluster.queue import ProcrastinateQueue
from recommender.cluster.worker import Pace, Worker
from recommender.services.queueing import UPKEEP, QueuedJob

if TYPE_CHECKING:
    from recommender.services.progress import Progress


def hold(n: int, **locks: str) -> QueuedJob:
    """Take until FOLDER/go is there; leave off between two looks if asked to."""
    return QueuedJob("hold", "ingest", {"n": n}, **locks)  # type: ignore[arg-type]


def cling(n: int) -> QueuedJob:
    """Take until FOLDER/go is there, whatever anybody asks."""
    return QueuedJob("cling", "ingest", {"n": n})


def die(n: int) -> QueuedJob:
    """Kill the worker that does it."""
    return QueuedJob("die", "ingest", {"n": n})


def fail(n: int) -> QueuedJob:
    """Fail until FOLDER/go is there."""
    return QueuedJob("fail", "ingest", {"n": n})


class Hands:
    """The chores."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _log(self, line: str) -> None:
        with (self._folder / "log").open("a") as log:
            log.write(f"{line}\n")

    def _may_go(self) -> bool:
        return (self._folder / "go").exists()

    def hold(self, n: int, *, progress: Progress) -> None:
        self._log(f"began {n}")
        while not self._may_go():
            try:
                progress("Holding", 0, 1)
            except BaseException:
                self._log(f"stopped {n}")
                raise
            time.sleep(0.02)
        self._log(f"ended {n}")

    def cling(self, n: int, *, progress: Progress) -> None:
        del progress
        self._log(f"began {n}")
        while not self._may_go():
            time.sleep(0.02)
        self._log(f"ended {n}")

    def die(self, n: int, *, progress: Progress) -> None:
        del progress
        self._log(f"began {n}")
        os.kill(os.getpid(), signal.SIGKILL)

    def fail(self, n: int, *, progress: Progress) -> None:
        del progress
        self._log(f"began {n}")
        if not self._may_go():
            raise RuntimeError("it always fails\nand has more to say")
        self._log(f"ended {n}")


def main(url: str, folder: Path, factor: float) -> None:
    """Work until told to stop."""
    logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
    hands = Hands(folder)
    chores = {name: getattr(hands, name) for name in ("hold", "cling", "die", "fail")}
    pace = Pace().times(factor)
    queue = ProcrastinateQueue(url, stalled_s=pace.stalled_s)
    worker = Worker(
        url,
        chores,
        queue,
        queues=["ingest", UPKEEP],
        concurrency=2,
        pace=pace,
        announce=logging.getLogger("hands").info,
    )
    worker.run()
    queue.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
