"""When a feed is looked at again: its own rhythm within what its publisher asks for. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHORTEST_S = 15 * 60.0
LONGEST_S = 7 * 86400.0
USUAL_S = 3600.0
"""For a feed that tells nothing of its rhythm."""
LONGEST_FRESH_S = 86400.0
"""A Cache-Control, Expires or ttl beyond a day is not believed."""
JITTER = 0.2
N_RECENT = 20
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


def rhythm(dates: Iterable[datetime | None], now: datetime) -> tuple[float, float | None]:
    """(seconds between checks, entries a week) from the dates of a feed's entries.

    A feed is asked twice in the time that usually lies between two of its newest 20 entries,
    or between the newest and now if that is longer: one that has fallen silent is asked less
    and less. 15 minutes to 7 days.
    """
    known = sorted((at for at in dates if at is not None and at <= now), reverse=True)[:N_RECENT]
    if not known:
        return USUAL_S, None
    silence_s = (now - known[0]).total_seconds()
    gaps = [(a - b).total_seconds() for a, b in pairwise(known)]
    usual_s = max(median(gaps), silence_s / 2) if gaps else silence_s
    span_s = max((now - known[-1]).total_seconds(), 86400.0)
    weekly = len(known) / (span_s / (7 * 86400.0))
    return min(max(usual_s / 2, SHORTEST_S), LONGEST_S), round(weekly, 2)


def unchanged_interval(interval_s: float, newest_at: datetime | None, now: datetime) -> float:
    """Seconds between checks of a feed that brought nothing new: the longer, the longer it rests.

    Args:
        interval_s: As it was.
        newest_at: When it last spoke; where it carries no dates, the pause grows by half, to a day.
        now: Aware time.
    """
    if newest_at is None:
        return max(interval_s, min(interval_s * 1.5, LONGEST_FRESH_S))
    quarter_s = (now - newest_at).total_seconds() / 4
    return min(max(interval_s, quarter_s), LONGEST_S)


def fresh_seconds(headers: Mapping[str, str], now: datetime) -> float:
    """How long an answer says that it stays good (RFC 9111, 4.2.1), at most a day; else 0.

    Args:
        headers: Names in lower case.
        now: For Expires, where the answer has no Date.
    """
    control = headers.get("cache-control", "")
    if "no-cache" in control or "no-store" in control:
        return 0.0
    age = _MAX_AGE.search(control)
    if age:
        seconds = float(age.group(1)) - _number(headers.get("age", ""))
    else:
        expires = _date(headers.get("expires"))
        seconds = (expires - (_date(headers.get("date")) or now)).total_seconds() if expires else 0
    return min(max(0.0, seconds), LONGEST_FRESH_S)


def _number(text: str) -> float:
    return float(text) if text.isdecimal() and len(text) < 10 else 0.0


def _date(text: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def next_check_at(
    now: datetime,
    *,
    interval_s: float,
    failures: int,
    retry_after_s: float | None,
    jitter: float,
    fresh_s: float = 0.0,
    skip_hours: frozenset[int] = frozenset(),
    skip_days: frozenset[int] = frozenset(),
) -> datetime:
    """The next check: never in the past, never within 15 minutes.

    Args:
        now: Aware time.
        interval_s: Usual time between checks; doubled for each failure, up to a week.
        failures: How many checks in a row have failed.
        retry_after_s: What the server asked for; never undercut.
        jitter: In [0, 1]; spreads checks by up to a fifth, so that they do not march in step.
        fresh_s: How long the last answer stays good; at most a day of it counts.
        skip_hours: Hours (UTC) in which the publisher wants no visits.
        skip_days: Days (Monday = 0), likewise.
    """
    wait = min(interval_s * 2.0 ** min(failures, 20), LONGEST_S)
    wait = max(wait, min(fresh_s, LONGEST_FRESH_S), SHORTEST_S)
    wait *= 1.0 + JITTER * jitter
    at = now + timedelta(seconds=max(min(wait, LONGEST_S), retry_after_s or 0.0))
    return _outside(at, skip_hours, skip_days)


def _outside(at: datetime, hours: frozenset[int], days: frozenset[int]) -> datetime:
    """The first moment from `at` on that no skip rule covers; `at` where they cover all."""
    moved = at
    for _hour in range(24 * 8):
        utc = moved.astimezone(UTC)
        if utc.hour not in hours and utc.weekday() not in days:
            return moved
        moved = utc.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at


def is_due(at: datetime | None, now: datetime) -> bool:
    """Whether a check set for `at` is due; one never set is."""
    return at is None or at <= now
