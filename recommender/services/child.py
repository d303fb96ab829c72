"""A refresh in a child process.

Its model's memory goes back to the system with it, and a feed that brings it down does not bring
down the service.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from recommender.errors import RecommenderError

if TYPE_CHECKING:
    from recommender.services.progress import Progress
    from recommender.settings import Settings

STOP_WAIT_S = 10
NICENESS = 10
"""A refresh has time; whoever opens a page has not."""


class ChildRefresh:
    """`sawthis refresh` of the same library, in a process of its own.

    Args:
        settings: Where the library is, and how it is refreshed.
        account_id: Whose interests are in a hurry; every account's are matched.
    """

    def __init__(self, settings: Settings, account_id: str) -> None:
        self._settings = settings
        self._account_id = account_id
        self._process: subprocess.Popen[str] | None = None

    def run(self, progress: Progress) -> dict[str, Any]:
        """Run it to its end and return its report.

        Raises:
            RecommenderError: It failed; its own words.
        """
        command = [sys.executable, "-m", "recommender", "refresh", "--json", "--progress-lines"]
        with subprocess.Popen(  # noqa: S603  (constants)
            command,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            self._process = process
            _step_back(process.pid)
            last_words = self._follow(process, progress)
            report = process.stdout.read() if process.stdout else ""
        if process.returncode != 0:
            raise RecommenderError(
                last_words.removeprefix("sawthis: ") or "the refresh was ended early"
            )
        result: dict[str, Any] = json.loads(report)
        return result

    def _follow(self, process: subprocess.Popen[str], progress: Progress) -> str:
        """Pass its progress on; returns the last line that was no progress."""
        last_words = ""
        for line in process.stderr or ():
            if line.startswith("{"):
                step = json.loads(line)
                progress(step["stage"], step["done"], step["total"])
            elif line.strip():
                last_words = line.strip()
        return last_words

    def stop(self) -> None:
        """End it: what it did not finish is done next time."""
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait(STOP_WAIT_S)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SAWTHIS_DATA_DIR": str(self._settings.data_dir),
            "SAWTHIS_ACCOUNT": self._account_id,
            "SAWTHIS_MODEL": self._settings.model,
            "SAWTHIS_ALLOW_PRIVATE_HOSTS": ",".join(self._settings.allow_private_hosts),
        }


def _step_back(pid: int) -> None:
    """Let others have the processor first, where the system knows how."""
    if hasattr(os, "setpriority"):
        with suppress(ProcessLookupError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
