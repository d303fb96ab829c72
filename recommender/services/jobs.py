"""Long work that a face starts and looks after: refreshes and imports, in threads of this process.

A job is remembered until the process ends or many others came after it; where there are several
hosts it is also kept where all of them can read it. What it does can die and be run again, so
nothing hangs on its being remembered.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from recommender.account import Job, JobKind, JobState
from recommender.errors import JobNotFound, RecommenderError
from recommender.services.checking import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from recommender.services.progress import Progress
    from recommender.storage.backlog_protocol import JobLog

    Work = Callable[[Progress], dict[str, Any]]

__all__ = ["ChildWork", "Job", "JobKind", "JobState", "Jobs", "Worker"]

log = logging.getLogger(__name__)
MAX_KEPT = 200
BEAT_S = 20.0
"""How often a job that runs says so to other hosts."""
SILENT_AFTER = timedelta(minutes=2)
"""A host that said nothing of its job for so long is gone."""
TOLD_EVERY = timedelta(seconds=1)


class ChildWork(Protocol):
    """Work that others do: a process of its own, or workers."""

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
        """A refresh that others do."""

    def import_book(self, book: bytes, progress: Progress) -> dict[str, Any]:
        """Take in an address book and match what is new."""


class Jobs:
    """The jobs of this process, and those of other hosts if there are any; newest last.

    Args:
        clock: Gives aware times.
        log: Gives what all hosts read, if there are several.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        log: Callable[[], JobLog | None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._publishing = threading.Lock()
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
        elsewhere = self._newest(self._of_other_hosts(account_id), kind)
        if elsewhere is not None and elsewhere.state == "running":
            return elsewhere
        with self._lock:
            running = self._newest(self._own(account_id), kind)
            if running is not None and running.state == "running":
                return running
            job = Job(new_id(), account_id, kind, "running", self._clock())
            self._jobs[job.id] = job
            self._stops[job.id] = stop
            self._forget_old()
        self._publish(job.id)
        thread = threading.Thread(target=self._run, args=(job.id, work), name=kind, daemon=True)
        thread.start()
        return job

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state != "running"]
        for job_id in ended[: max(0, len(self._jobs) - MAX_KEPT)]:
            del self._jobs[job_id]

    def _run(self, job_id: str, work: Work) -> None:
        told_at = self._clock()

        def progress(stage: str, done: int, total: int) -> None:
            nonlocal told_at
            is_news = self._jobs[job_id].stage != stage
            self._change(job_id, stage=stage, done=done, total=total)
            if is_news or self._clock() - told_at >= TOLD_EVERY:
                told_at = self._clock()
                self._publish(job_id)

        try:
            with self._beating(job_id):
                result = work(progress)
        except RecommenderError as error:
            self._end(job_id, state="failed", error=str(error))
        except Exception:
            # The thread has nobody above it: what is not ours is told in the log, not lost.
            log.exception("job %s failed", job_id)
            self._end(job_id, state="failed", error="an unexpected error; the log has more")
        else:
            self._end(job_id, state="done", result=result)

    @contextmanager
    def _beating(self, job_id: str) -> Iterator[None]:
        """Let other hosts know that this one lives, while the block runs."""
        if self._log() is None:
            yield
            return
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_S):
                self._publish(job_id)

        threading.Thread(target=beat, name=f"beat-{job_id}", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _end(self, job_id: str, **changes: Any) -> None:  # noqa: ANN401  (fields of Job)
        self._change(job_id, ended_at=self._clock(), **changes)
        with self._lock:
            self._stops.pop(job_id, None)
        self._publish(job_id)

    def _change(self, job_id: str, **changes: Any) -> None:  # noqa: ANN401  (fields of Job)
        with self._lock:
            self._jobs[job_id] = replace(self._jobs[job_id], **changes)

    def _publish(self, job_id: str) -> None:
        """Tell other hosts; what they can't be told now they are told the next time."""
        shared = self._log()
        if shared is None:
            return
        # One after the other, lest what is older be written over what is newer.
        with self._publishing:
            self._change(job_id, heard_at=self._clock())
            job = self._jobs[job_id]
            try:
                shared.put(job.account_id, job)
            except RecommenderError as error:  # its account may be gone, too
                log.info("how far job %s is could not be kept: %s", job_id, error)

    def get(self, account_id: str, job_id: str) -> Job:
        """A job of the account, or JobNotFound."""
        job = self._jobs.get(job_id)
        if job is None and (shared := self._log()) is not None:
            found = shared.job(account_id, job_id)
            job = self._unless_silent(found) if found else None
        if job is None or job.account_id != account_id:
            raise JobNotFound(f"no job has the id {job_id}", ref=job_id)
        return job

    def all(self, account_id: str) -> list[Job]:
        """The account's jobs, newest first."""
        with self._lock:
            own = self._own(account_id)
        both = [*self._of_other_hosts(account_id), *own]
        return sorted(both, key=lambda job: job.started_at)[::-1]

    def latest(self, account_id: str, kind: JobKind) -> Job | None:
        """The newest job of a kind, or None."""
        return self._newest(self.all(account_id)[::-1], kind)

    def _own(self, account_id: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.account_id == account_id]

    def _of_other_hosts(self, account_id: str) -> list[Job]:
        """Oldest first."""
        shared = self._log()
        if shared is None:
            return []
        found = shared.all(account_id, limit=MAX_KEPT)[::-1]
        return [self._unless_silent(job) for job in found if job.id not in self._jobs]

    def _unless_silent(self, job: Job) -> Job:
        """The job, failed if its host has not been heard of for long."""
        heard_at = job.heard_at or job.started_at
        if job.state != "running" or self._clock() - heard_at < SILENT_AFTER:
            return job
        error = "the host that did it is gone; start it again"
        return replace(job, state="failed", error=error, ended_at=heard_at)

    @staticmethod
    def _newest(jobs: list[Job], kind: JobKind) -> Job | None:
        of_kind = [job for job in jobs if job.kind == kind]
        return of_kind[-1] if of_kind else None

    def stop(self) -> None:
        """End what others do for a job of this process."""
        with self._lock:
            stops = list(self._stops.values())
        for stop in stops:
            stop()
