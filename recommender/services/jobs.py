"""Long work that a face starts and looks after: refreshes and imports, in threads of this process.

A job is remembered until the process ends or many others came after it. What it does can die and
be run again, so nothing hangs on its being remembered.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from recommender.errors import JobNotFound, RecommenderError
from recommender.services.checking import new_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from recommender.services.progress import Progress

    Work = Callable[[Progress], dict[str, Any]]

log = logging.getLogger(__name__)
JobKind = Literal["refresh", "import"]
JobState = Literal["running", "done", "failed"]
MAX_KEPT = 200


@dataclass(frozen=True, slots=True)
class Job:
    """How far a piece of work is."""

    id: str
    account_id: str
    kind: JobKind
    state: JobState
    started_at: datetime
    stage: str = ""
    """What is being done, in words."""
    done: int = 0
    total: int = 0
    """Steps of the stage; 0 while they are not known."""
    result: dict[str, Any] | None = None
    """What it came to; for a job that is done."""
    error: str = ""
    """One line that says what happened and what to do; for a job that failed."""
    ended_at: datetime | None = None


class ChildWork(Protocol):
    """Work in a process of its own."""

    def run(self, progress: Progress) -> dict[str, Any]:
        """Do it and say what it came to; our errors if it can't be done."""

    def stop(self) -> None:
        """End it early; what it did not finish is done next time."""


class Worker(Protocol):
    """What a job works on: `recommender.wiring.House`."""

    @property
    def account_id(self) -> str:
        """Whose library."""

    def child_refresh(self) -> ChildWork:
        """A refresh in a process of its own."""

    def import_book(self, book: bytes, progress: Progress) -> dict[str, Any]:
        """Take in an address book and match what is new."""


class Jobs:
    """The jobs of this process, newest last.

    Args:
        clock: Gives aware times.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._stops: dict[str, Callable[[], None]] = {}

    def refresh(self, worker: Worker) -> Job:
        """Refresh the library; the running one if there is one."""
        child = worker.child_refresh()
        return self._start(worker.account_id, "refresh", child.run, child.stop)

    def importing(self, worker: Worker, book: bytes | Callable[[], bytes]) -> Job:
        """Take in an address book, or what fetches it; the running one if there is one."""

        def work(progress: Progress) -> dict[str, Any]:
            progress("Reading", 0, 0)
            return worker.import_book(book if isinstance(book, bytes) else book(), progress)

        return self._start(worker.account_id, "import", work)

    def _start(
        self,
        account_id: str,
        kind: JobKind,
        work: Work,
        stop: Callable[[], None] = lambda: None,
    ) -> Job:
        with self._lock:
            running = self._latest(account_id, kind)
            if running is not None and running.state == "running":
                return running
            job = Job(new_id(), account_id, kind, "running", self._clock())
            self._jobs[job.id] = job
            self._stops[job.id] = stop
            self._forget_old()
        thread = threading.Thread(target=self._run, args=(job.id, work), name=kind, daemon=True)
        thread.start()
        return job

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state != "running"]
        for job_id in ended[: max(0, len(self._jobs) - MAX_KEPT)]:
            del self._jobs[job_id]

    def _run(self, job_id: str, work: Work) -> None:
        def progress(stage: str, done: int, total: int) -> None:
            self._change(job_id, stage=stage, done=done, total=total)

        try:
            result = work(progress)
        except RecommenderError as error:
            self._end(job_id, state="failed", error=str(error))
        except Exception:
            # The thread has nobody above it: what is not ours is told in the log, not lost.
            log.exception("job %s failed", job_id)
            self._end(job_id, state="failed", error="an unexpected error; the log has more")
        else:
            self._end(job_id, state="done", result=result)

    def _end(self, job_id: str, **changes: Any) -> None:  # noqa: ANN401  (fields of Job)
        self._change(job_id, ended_at=self._clock(), **changes)
        with self._lock:
            self._stops.pop(job_id, None)

    def _change(self, job_id: str, **changes: Any) -> None:  # noqa: ANN401  (fields of Job)
        with self._lock:
            self._jobs[job_id] = replace(self._jobs[job_id], **changes)

    def get(self, account_id: str, job_id: str) -> Job:
        """A job of the account, or JobNotFound."""
        job = self._jobs.get(job_id)
        if job is None or job.account_id != account_id:
            raise JobNotFound(f"no job has the id {job_id}", ref=job_id)
        return job

    def all(self, account_id: str) -> list[Job]:
        """The account's jobs, newest first."""
        with self._lock:
            mine = [job for job in self._jobs.values() if job.account_id == account_id]
        return mine[::-1]

    def latest(self, account_id: str, kind: JobKind) -> Job | None:
        """The newest job of a kind, or None."""
        with self._lock:
            return self._latest(account_id, kind)

    def _latest(self, account_id: str, kind: JobKind) -> Job | None:
        mine = [j for j in self._jobs.values() if j.account_id == account_id and j.kind == kind]
        return mine[-1] if mine else None

    def stop(self) -> None:
        """End what runs in processes of its own."""
        with self._lock:
            stops = list(self._stops.values())
        for stop in stops:
            stop()
