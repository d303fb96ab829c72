"""What `serve` does as time goes by: looks for feeds that are due, and sends digests on their day.

For the embedded library alone; on a server's, workers look (`recommender.services.chores`). A
refresh runs as a child process, and shows as a job while it does.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recommender.errors import RecommenderError
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recommender.services.jobs import Jobs
    from recommender.wiring import House

log = logging.getLogger(__name__)
DIGEST_EVERY_S = 60


class RefreshLoop:
    """Looks for feeds that are due every so often until stopped.

    Args:
        house: Whose library.
        jobs: Where a refresh is to be seen while it runs.
    """

    def __init__(self, house: House, jobs: Jobs) -> None:
        self._house = house
        self._jobs = jobs
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refresh-loop", daemon=True)

    def start(self) -> None:
        """Begin, unless the settings switch it off."""
        if self._house.settings.refresh_minutes > 0:
            self._thread.start()

    def stop(self) -> None:
        """End; a refresh under way is not waited for."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._house.settings.refresh_minutes * 60):
            self._jobs.refresh(self._house)


class DigestLoop:
    """Looks every minute whose digest is due, and sends it.

    Several may run beside each other, in other processes too: the outbox decides who sends.

    Args:
        house: The library, of which all accounts are looked at.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="digest-loop", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a mail that is being handed over is given a moment."""
        self._stopped.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while True:
            self._look()
            if self._stopped.wait(DIGEST_EVERY_S):
                return

    def _look(self) -> None:
        with _told("digests"):
            for account_id in self._house.storage.accounts():
                # Each by itself: what is wrong with one must not silence the others.
                with _told(f"the digest of {account_id}"):
                    self._house.for_account(account_id).mailer.send_if_due(now=utc_now())


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Let what goes wrong be told in the log: the thread has nobody above it."""
    try:
        yield
    except RecommenderError as error:
        # Such as a database that another process holds: there is another minute.
        log.warning("%s could not be looked after: %s", what, error)
    except Exception:
        log.exception("%s could not be looked after", what)
