"""How often somebody may call: token buckets, kept in memory and bounded in number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BUCKETS = 10_000


class Limit:
    """A bucket a caller: so many calls at once, filled again at a steady rate.

    Args:
        calls: How many a bucket holds; 0 for no limit.
        per_s: In how many seconds an empty bucket is full again.
        clock: Seconds that never go back, as `time.monotonic`.
    """

    def __init__(self, calls: int, per_s: float, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._per_s = per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """Take a call out of the caller's bucket: 0 if it held one, else seconds until it does."""
        if self._calls == 0:
            return 0.0
        now, rate = self._clock(), self._calls / self._per_s
        with self._lock:
            left, since = self._buckets.pop(caller, (float(self._calls), now))
            left = min(float(self._calls), left + (now - since) * rate)
            wait = 0.0 if left >= 1 else (1 - left) / rate
            self._buckets[caller] = (left if wait else left - 1, now)
            if len(self._buckets) > MAX_BUCKETS:
                # Whoever has not called for the longest has a bucket that is full by now.
                self._buckets.popitem(last=False)
        return wait
