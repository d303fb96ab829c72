"""Workers as processes on a real server: killed, stopped, cut off, and their jobs poisoned."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from recommender.services.queue_health import diagnose_queue
from recommender.wiring import utc_now
from tests.cluster.hands import cling, die, fail, hold
from tests.conftest import ROOT
from tests.postgres import Server
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from recommender.cluster.queue import ProcrastinateQueue

FAST = 30.0
"""A worker that is gone for 1.5 s is missed."""


class Crew:
    """Workers of one test."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self.folder = folder
        self._running: list[subprocess.Popen[str]] = []

    def start(self, pace: float = FAST) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.cluster.hands", self._url, str(self.folder)]
        with (self.folder / f"stderr-{len(self._running)}").open("w") as log:
            process = subprocess.Popen([*command, str(pace)], cwd=ROOT, stderr=log, text=True)
        self._running.append(process)
        return process

    def lines(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text().split("\n")[:-1] if log.exists() else []

    def said(self, at: int = 0) -> str:
        return (self.folder / f"stderr-{at}").read_text()

    def go(self) -> None:
        (self.folder / "go").touch()

    def end(self) -> None:
        self.go()
        for process in self._running:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


@pytest.fixture
def crew(postgres_url: str, tmp_path: Path) -> Iterator[Crew]:
    made = Crew(postgres_url, tmp_path)
    yield made
    made.end()


@pytest.fixture
def queue(postgres_url: str) -> Iterator[ProcrastinateQueue]:
    from recommender.cluster.queue import ProcrastinateQueue

    made = ProcrastinateQueue(postgres_url, stalled_s=45 / FAST)
    yield made
    made.close()


def _idle(queue: ProcrastinateQueue) -> Callable[[], bool]:
    return lambda: not queue.is_busy(["ingest"], 3600)


def test_the_job_of_a_killed_worker_is_taken_over(crew: Crew, queue: ProcrastinateQueue) -> None:
    """With its lock, which it would have kept for ever; the rescue is told."""
    queue.put([hold(1, lock="feed", queueing_lock="feed")])
    first = crew.start()
    until(lambda: "began 1" in crew.lines())
    queue.put([hold(2, lock="feed", queueing_lock="feed")])
    first.kill()
    first.wait()
    until(lambda: queue.census().stalled)
    # The same wish waits already, so that the first need not be done again besides.
    crew.go()
    crew.start()
    until(_idle(queue))
    assert crew.lines() == ["began 1", "began 2", "ended 2"]
    queue.put([hold(3, lock="feed")])
    until(_idle(queue))
    assert crew.lines()[-1] == "ended 3"


def test_a_rescued_job_is_done_again_and_told_of(crew: Crew, queue: ProcrastinateQueue) -> None:
    queue.put([hold(1, lock="feed")])
    first = crew.start()
    until(lambda: "began 1" in crew.lines())
    second = crew.start()
    until(lambda: queue.census().workers == 2)
    first.kill()
    first.wait()
    until(lambda: crew.lines().count("began 1") == 2)
    crew.go()
    until(_idle(queue))
    assert crew.lines()[-1] == "ended 1"
    assert queue.census().rescued == 1
    findings = {one.name: one for one in diagnose_queue(queue, utc_now())}
    assert "one job taken over" in findings["rescued jobs"].detail
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    assert "rescued job hold" in crew.said(1)
    assert queue.census().workers == 0
    findings = {one.name: one for one in diagnose_queue(queue, utc_now())}
    assert findings["workers"].state == "fault"


def test_a_job_that_kills_every_worker_is_given_up(crew: Crew, queue: ProcrastinateQueue) -> None:
    queue.put([die(1)])
    with_luck = 40
    for _ in range(with_luck):
        if queue.failed(1):
            break
        with suppress(subprocess.TimeoutExpired):
            crew.start(600.0).wait(20)
    (failed,) = queue.failed(9)
    assert (failed.name, failed.attempts) == ("die", 8)
    assert "the worker that did it is gone" in failed.error
    assert crew.lines() == ["began 1"] * 8


def test_a_poisoned_job_is_given_up_shown_and_put_again(
    crew: Crew, queue: ProcrastinateQueue
) -> None:
    queue.put([fail(1)])
    crew.start(3000.0)
    failed = until(lambda: queue.failed(9))[0]
    assert crew.lines() == ["began 1"] * 8
    findings = {one.name: one for one in diagnose_queue(queue, utc_now())}
    found = findings[f"job {failed.id}"]
    assert found.state == "warning"
    assert found.detail == "fail(n=1) was given up after 8 attempts: it always fails"
    assert f"--retry {failed.id}" in found.advice
    assert "given up, see `sawthis doctor`" in crew.said()
    crew.go()
    queue.retry(failed.id)
    until(lambda: "ended 1" in crew.lines())
    assert queue.failed(9) == []


def test_asked_to_stop_it_lets_jobs_finish(crew: Crew, queue: ProcrastinateQueue) -> None:
    queue.put([hold(1), hold(2), hold(3)])
    worker = crew.start(1.0)
    until(lambda: {"began 1", "began 2"} <= set(crew.lines()))
    worker.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.5)
    crew.go()
    assert worker.wait(30) == 0
    assert set(crew.lines()) == {"began 1", "began 2", "ended 1", "ended 2"}
    (count,) = (one for one in queue.census().queues if one.name == "ingest")
    assert (count.waiting, count.running, queue.census().workers) == (1, 0, 0)
    assert crew.said().rstrip().endswith("Stopped.")


def test_what_takes_too_long_to_stop_leaves_off_and_goes_on_elsewhere(
    crew: Crew, queue: ProcrastinateQueue
) -> None:
    queue.put([hold(1)])
    worker = crew.start()
    until(lambda: "began 1" in crew.lines())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert crew.lines() == ["began 1", "stopped 1"]
    (count,) = (one for one in queue.census().queues if one.name == "ingest")
    assert (count.waiting, count.running) == (1, 0)
    crew.go()
    crew.start()
    until(lambda: "ended 1" in crew.lines())


def test_what_does_not_stop_at_all_is_left_to_others(crew: Crew, queue: ProcrastinateQueue) -> None:
    """Whoever asked is not kept waiting for ever."""
    queue.put([cling(1)])
    worker = crew.start()
    until(lambda: "began 1" in crew.lines())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert "left to be taken over" in crew.said()
    crew.go()
    crew.start()
    until(lambda: "ended 1" in crew.lines())


def test_a_second_ctrl_c_ends_it_at_once(crew: Crew, queue: ProcrastinateQueue) -> None:
    queue.put([cling(1)])
    worker = crew.start(1.0)
    until(lambda: "began 1" in crew.lines())
    worker.send_signal(signal.SIGINT)
    until(lambda: "Stopping" in crew.said())
    worker.send_signal(signal.SIGINT)
    assert worker.wait(30) == 0


def test_a_restart_of_the_database_is_outlived(tmp_path: Path) -> None:
    """The job that ran meanwhile ends, those that wait are done, nobody needs to look after it."""
    from recommender.cluster.queue import ProcrastinateQueue

    with Server.make(tmp_path) as server:
        url = server.create()
        crew, queue = Crew(url, tmp_path), ProcrastinateQueue(url, stalled_s=45 / FAST)
        try:
            queue.put([hold(1), hold(2, lock="x")])
            worker = crew.start()
            until(lambda: {"began 1", "began 2"} <= set(crew.lines()))
            server.stop()
            crew.go()
            until(lambda: {"ended 1", "ended 2"} <= set(crew.lines()))
            until(lambda: "can't be" in crew.said())
            server.start()
            until(_idle(queue), patience_s=90)
            queue.put([hold(3, lock="x")])
            until(lambda: "ended 3" in crew.lines(), patience_s=90)
            assert worker.poll() is None
            assert queue.failed(9) == []
        finally:
            crew.end()
            queue.close()


def test_a_worker_that_was_taken_for_gone_comes_back(crew: Crew, queue: ProcrastinateQueue) -> None:
    """As after a cut of its network: what it did meanwhile does no harm, and it goes on."""
    queue.put([hold(1, lock="feed")])
    first = crew.start()
    until(lambda: "began 1" in crew.lines())
    first.send_signal(signal.SIGSTOP)
    until(lambda: queue.census().stalled)
    crew.start()  # which forgets workers that were not heard of, and takes their jobs over
    until(lambda: crew.lines().count("began 1") == 2)
    first.send_signal(signal.SIGCONT)
    crew.go()
    until(_idle(queue))
    assert crew.lines().count("ended 1") == 2
    until(lambda: queue.census().workers == 2)
    queue.put([hold(2), hold(3)])
    until(_idle(queue))
    assert {"ended 2", "ended 3"} <= set(crew.lines())
    assert first.poll() is None
    assert queue.failed(9) == []
