"""Real `sawthis worker` processes on what waits in a queue, and what that takes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cluster_library import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cluster_server import Server

    from recommender.services.queueing import QueuedJob

SAWTHIS = [sys.executable, "-m", "recommender"]
LONGEST_S = 3600
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "SAWTHIS_THREADS": "1"}


class Spent(NamedTuple):
    """Processor seconds."""

    workers: float
    server: float

    @property
    def all(self) -> float:
        """Both."""
        return self.workers + self.server

    def less(self, other: Spent) -> Spent:
        """What is left without another."""
        return Spent(self.workers - other.workers, self.server - other.server)


def work(server: Server, database: str, queue: str, workers: int, **settings: str) -> Spent:
    """Let workers do what waits in a queue; what that takes, with their start."""
    with environment(server, database, **settings) as env:
        before = Spent(_children_s(), server.processor_s())
        running = [
            subprocess.Popen(
                [*SAWTHIS, "worker", "--queues", queue, "--once", "-c", "1"],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(workers)
        ]
        for process in running:
            said, _ = process.communicate(timeout=LONGEST_S)
            if process.returncode:
                raise SystemExit(said)
        return Spent(_children_s(), server.processor_s()).less(before)


@contextmanager
def environment(server: Server, database: str, **settings: str) -> Iterator[dict[str, str]]:
    """Of a process on one core that works on a database, with a folder of its own."""
    MODELS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "models").symlink_to(MODELS, target_is_directory=True)
        yield {
            **os.environ,
            **ONE_THREAD,
            "SAWTHIS_DATABASE": server.url(database),
            "SAWTHIS_DATA_DIR": folder,
            **settings,
        }


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def put(server: Server, database: str, jobs: Sequence[QueuedJob]) -> None:
    """Put jobs."""
    from recommender.cluster.queue import ProcrastinateQueue

    queue = ProcrastinateQueue(server.url(database))
    queue.put(jobs)
    queue.close()


def took(server: Server, database: str, name: str) -> tuple[float, int]:
    """(seconds from the first begin to the last end, number) of jobs that were done."""
    with server.superuser(database) as db:
        row = db.execute(
            "SELECT extract(epoch FROM max(at) FILTER (WHERE type = 'succeeded')"
            " - min(at) FILTER (WHERE type = 'started')),"
            " count(DISTINCT job_id) FILTER (WHERE type = 'succeeded'), count(DISTINCT job_id)"
            " FROM procrastinate_events e JOIN procrastinate_jobs j ON j.id = e.job_id"
            " WHERE task_name = %s",
            (name,),
        ).fetchone()
    assert row is not None
    if row[1] != row[2]:
        raise SystemExit(f"{row[2] - row[1]} of {row[2]} jobs were not done")
    return float(row[0]), int(row[1])
