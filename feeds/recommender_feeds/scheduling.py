"""When a feed is looked at again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST_S = 7 * 86400.0
JITTER = 0.2


def next_check_at(
    now: datetime,
    *,
    interval_s: float,
    failures: int,
    retry_after_s: float | None,
    jitter: float,
) -> datetime:
    """The next check: the interval, doubled for each failure, at most a week away.

    Args:
        now: Aware time.
        interval_s: Usual time between checks.
        failures: How many checks in a row have failed.
        retry_after_s: What the server asked for; never undercut.
        jitter: In [0, 1]; spreads checks by up to a fifth, so that they do not march in step.
    """
    wait = min(interval_s * 2.0 ** min(failures, 20), LONGEST_S)
    wait *= 1.0 + JITTER * (jitter - 0.5)
    return now + timedelta(seconds=max(0.0, wait, retry_after_s or 0.0))


def is_due(at: datetime | None, now: datetime) -> bool:
    """Whether a check set for `at` is due; one never set is."""
    return at is None or at <= now
