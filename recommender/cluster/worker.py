"""A worker: does what waits in queues, until it is told to stop.

procrastinate's worker ends when the database does; this one says so, waits, and begins anew. Jobs
run in threads. Asked to stop, it lets them finish, then asks them to leave off at their next step,
then goes: what is left is taken over by another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import JobAborted
from procrastinate.worker import Worker as QueueWorker

from recommender.cluster.connecting import CONNECTION, OUTAGES, POOL_WAIT_S, quieten, reason_of
from recommender.cluster.manager import PatientManager
from recommender.cluster.queue import STALLED_S
from recommender.cluster.rescue import rescue
from recommender.cluster.retrying import FIRST_WAIT, Backoff, is_last
from recommender.errors import RecommenderError, StorageError
from recommender.services.queueing import QUEUES, UPKEEP, call_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from procrastinate.job_context import JobContext

    from recommender.cluster.queue import ProcrastinateQueue
    from recommender.services.queueing import Chore, Queue

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 30.0
LAST_MOMENT_S = 5.0
"""For jobs that were asked to leave off."""
SOON_S = 20.0
"""Once: what has its time so soon is waited for."""
EVERY_MINUTE = "* * * * *"
EVERY_TEN_MINUTES = "*/10 * * * *"
EVERY_NIGHT = "40 3 * * *"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a worker does what, in seconds."""

    heartbeat_s: float = 10.0
    stalled_s: float = STALLED_S
    """After so long without one a worker is gone."""
    polling_s: float = 5.0
    """What is put is told at once; what falls due is seen so often."""
    stop_s: float = 30.0
    """How long jobs may go on when the worker is told to stop."""
    retry_s: float = FIRST_WAIT.total_seconds()
    """How long a job that failed waits for its second attempt."""
    rescue: str = EVERY_MINUTE
    look: str = EVERY_MINUTE
    sweep: str = EVERY_TEN_MINUTES

    def times(self, factor: float) -> Pace:
        """So many times as fast; for tests."""
        if factor == 1:
            return self

        def every(seconds: float) -> str:
            return f"* * * * * */{max(1, min(59, round(seconds / factor)))}"

        return Pace(
            self.heartbeat_s / factor,
            self.stalled_s / factor,
            self.polling_s / factor,
            self.stop_s / factor,
            self.retry_s / factor,
            every(60),
            every(60),
            every(600),
        )


class Worker:
    """One process's worker.

    Args:
        url: The database.
        chores: What does the work, by the name of a job.
        queue: Where chores put what comes of them.
        queues: Those it looks after, upkeep always among them.
        concurrency: How many jobs at once.
        pace: How often it does what.
        announce: Gets a line when it begins and ends.
    """

    def __init__(
        self,
        url: str,
        chores: Mapping[str, Chore],
        queue: ProcrastinateQueue,
        *,
        queues: Sequence[Queue] = QUEUES,
        concurrency: int = 1,
        pace: Pace | None = None,
        announce: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._url = url
        self._chores = chores
        self._queue = queue
        self._queues = list(dict.fromkeys([*queues, UPKEEP]))
        self._concurrency = concurrency
        self._pace = pace or Pace()
        self._announce = announce
        self._stopping = asyncio.Event()
        self._current: QueueWorker | None = None

    def run(self, *, once: bool = False) -> None:
        """Work until told to stop by SIGTERM or Ctrl-C.

        Args:
            once: Only until nothing waits any more, nor will in some seconds.
        """
        self._queue.census()  # the tables are made here, and a wrong address is told at once
        asyncio.run(self._once() if once else self._until_stopped())

    async def _until_stopped(self) -> None:
        self._set_up()
        self._announce(f"At work on {', '.join(self._queues)} (Ctrl-C ends it)")
        pause_s = 1.0
        while not self._stopping.is_set():
            began = time.monotonic()
            await self._work(wait=True)
            if self._stopping.is_set():
                break
            pause_s = 1.0 if time.monotonic() - began > LONGEST_PAUSE_S else pause_s
            log.warning("the queue was lost; looking for it again in %g s", pause_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        self._announce("Stopped.")

    async def _once(self) -> None:
        self._set_up()
        while not self._stopping.is_set():
            await self._work(wait=False)
            if not await self._is_more_to_come():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), min(0.5, self._pace.polling_s))

    async def _is_more_to_come(self) -> bool:
        """Whether anything waits or runs here, or has its time soon."""
        return await asyncio.to_thread(self._queue.is_busy, self._queues, SOON_S)

    def _set_up(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._concurrency + 2, "job"))
        if not log.isEnabledFor(logging.DEBUG):
            quieten()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop)

    def _ask_to_stop(self) -> None:
        if self._stopping.is_set():  # for the second time: at once
            self._leave()
        self._stopping.set()
        self._announce("Stopping when the jobs under way have ended (once more ends it at once)")
        if self._current is not None:
            self._current.stop()  # type: ignore[no-untyped-call]
        loop = asyncio.get_running_loop()
        loop.call_later(self._pace.stop_s + LAST_MOMENT_S, self._leave)

    def _leave(self) -> None:
        """Go, whatever still runs: from outside it looks as if this process had been killed."""
        log.warning("jobs that did not end in time are left to be taken over by another worker")
        logging.shutdown()
        sys.stderr.flush()
        os._exit(0)

    async def _work(self, *, wait: bool) -> None:
        """Work until told to stop, or the database is lost, or nothing waits."""
        app = self._app()
        try:
            async with app.open_async():
                assert isinstance(app.job_manager, PatientManager)
                await self._rescue(app.job_manager)
                self._current = worker = QueueWorker(
                    app,
                    queues=self._queues,
                    concurrency=self._concurrency,
                    wait=wait,
                    listen_notify=wait,
                    fetch_job_polling_interval=self._pace.polling_s,
                    abort_job_polling_interval=max(self._pace.polling_s, 1.0),
                    shutdown_graceful_timeout=self._pace.stop_s,
                    update_heartbeat_interval=self._pace.heartbeat_s,
                    stalled_worker_timeout=self._pace.stalled_s,
                    install_signal_handlers=False,
                    task_middleware=[self._noted],
                )
                if not self._stopping.is_set():
                    await worker.run()  # type: ignore[no-untyped-call]
        except (*OUTAGES, StorageError) as error:
            log.warning("the queue can't be reached: %s", reason_of(error))
        finally:
            self._current = None

    def _app(self) -> App:
        connector = PsycopgConnector(
            conninfo=self._url, kwargs=CONNECTION, min_size=1, max_size=4, timeout=POOL_WAIT_S
        )
        app = App(connector=connector)
        app.job_manager = PatientManager(connector, self._begin_anew, app.tasks.__contains__)
        periodic = {"look": self._pace.look, "sweep": self._pace.sweep, "prune": EVERY_NIGHT}
        backoff = Backoff(timedelta(seconds=self._pace.retry_s))
        for name, chore in self._chores.items():
            task = app.task(name=name, retry=backoff, pass_context=True, queue=UPKEEP)(
                _as_task(chore)
            )
            if cron := periodic.get(name):
                app.periodic_registry.register_task(
                    task, cron, "", {"queue": UPKEEP, "lock": name, "queueing_lock": name}
                )

        async def rescue_stalled(context: JobContext, timestamp: int) -> None:
            assert isinstance(app.job_manager, PatientManager)
            await self._rescue(app.job_manager)

        rescuing = app.task(name="rescue", pass_context=True, queue=UPKEEP)(rescue_stalled)
        # Without a lock, which its own death would leave behind.
        app.periodic_registry.register_task(
            rescuing, self._pace.rescue, "", {"queueing_lock": "rescue", "priority": 100}
        )
        return app

    async def _rescue(self, manager: PatientManager) -> None:
        pace = self._pace
        await rescue(manager, self._queue, stalled_s=pace.stalled_s, retry_s=pace.retry_s)

    def _begin_anew(self) -> None:
        if self._current is not None:
            self._current.stop()  # type: ignore[no-untyped-call]

    def _noted(self, call: Callable[[], Any], context: JobContext, worker: QueueWorker) -> Any:  # noqa: ANN401  (procrastinate's)
        """Run a job in its thread, and keep what goes wrong with it."""
        job = context.job
        text = f"{call_text(job.task_name, job.task_kwargs)} [{job.id}]"
        log.debug("begins %s", text)
        try:
            result = call()
        except JobAborted:
            log.info("left off %s, to go on later", text)
            raise
        except Exception as error:
            line = str(error).partition("\n")[0] or type(error).__name__
            is_ours = isinstance(error, RecommenderError)
            level = logging.ERROR if is_last(job) else logging.WARNING
            ending = "given up, see `sawthis doctor`" if is_last(job) else "to be tried again"
            log.log(level, "%s failed (%s): %s", text, line, ending, exc_info=not is_ours)
            if job.id is not None:
                with contextlib.suppress(StorageError):  # the log has it
                    self._queue.note(job.id, "failed", line)
            raise
        log.debug("ended %s", text)
        return result


def _as_task(chore: Chore) -> Callable[..., None]:
    def run(context: JobContext, timestamp: int = 0, **arguments: Any) -> None:  # noqa: ANN401
        def progress(stage: str, done: int, total: int) -> None:
            if context.should_abort():
                raise JobAborted

        chore(**arguments, progress=progress)

    return run
