"""Manners towards hosts: one request at a time, some seconds apart, and none when told to wait."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recommender_feeds.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GAP_S = 2.0
LONGEST_HOLD_S = 3600.0
"""A host that says "later" is left alone for at most this long within one run."""


@dataclass(slots=True)
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    last_s: float = float("-inf")
    held_until_s: float = float("-inf")


class HostGate:
    """Lets requests to a host through one at a time; safe to use from several threads.

    Args:
        gap_s: From the end of one request to the beginning of the next.
        is_exempt: Hosts (host, port) that need no gap, as the user's own.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        gap_s: float = GAP_S,
        *,
        is_exempt: Callable[[str, int], bool] = lambda host, port: False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap_s = gap_s
        self._is_exempt = is_exempt
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}
        self._guard = threading.Lock()

    @contextmanager
    def turn(self, url: str) -> Iterator[None]:
        """Wait for the host's turn and keep others out of it.

        Raises:
            FetchError: The host asked to be left alone for a while.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        known = self._host(host, port)
        with known.lock:
            self._refuse_if_held(known, url)
            if not self._is_exempt(host, port):
                self._sleep(max(0.0, known.last_s + self._gap_s - self._clock()))
            try:
                yield
            except FetchError as error:
                if error.status in {429, 503} and error.retry_after_s:
                    wait = min(error.retry_after_s, LONGEST_HOLD_S)
                    known.held_until_s = self._clock() + wait
                raise
            finally:
                known.last_s = self._clock()

    def _host(self, host: str, port: int) -> _Host:
        with self._guard:
            return self._hosts.setdefault(f"{host}:{port}", _Host())

    def _refuse_if_held(self, known: _Host, url: str) -> None:
        left = known.held_until_s - self._clock()
        if left > 0:
            raise FetchError(
                f"{url}: its host asked us to come less often; it is tried again later",
                url=url,
                reason="busy",
                status=429,
                retry_after_s=left,
            )
