"""Real workers as processes, on a library that lies on a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.conftest import Sawthis

STOP_S = 60


class Crew:
    """Workers; each has a folder of its own, as a host would.

    Args:
        library: The command line on the library.
        folder: Where the workers' folders are made.
    """

    def __init__(self, library: Sawthis, folder: Path) -> None:
        self._library = library
        self._folder = folder
        self.processes: list[subprocess.Popen[str]] = []

    def start(
        self, *arguments: str, before: Sequence[str] = (), **environment: str
    ) -> subprocess.Popen[str]:
        """Start one; `before` is a program that starts it, such as one that puts it elsewhere."""
        number = len(self.processes)
        home = self._folder / f"worker-{number}"
        home.mkdir(parents=True)
        (home / "models").symlink_to((self._library.data_dir / "models").resolve())
        with (self._folder / f"worker-{number}.log").open("w") as log:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "recommender", "worker", *arguments],
                env={
                    **self._library.env(),
                    "SAWTHIS_DATA_DIR": str(home),
                    "SAWTHIS_LOG_LEVEL": "info",
                    **environment,
                },
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def said(self, number: int) -> str:
        """What a worker wrote."""
        return (self._folder / f"worker-{number}.log").read_text("utf-8")

    def wait(self, patience_s: float) -> None:
        """Wait for all to end by themselves, well."""
        for number, process in enumerate(self.processes):
            assert process.wait(patience_s) == 0, self.said(number)

    def end(self) -> None:
        """Ask all to stop, then make them."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def crew(library: Sawthis, folder: Path) -> Iterator[Crew]:
    """Workers that are ended in the end."""
    made = Crew(library, folder)
    try:
        yield made
    finally:
        made.end()
