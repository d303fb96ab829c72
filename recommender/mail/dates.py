"""When a letter was written, from headers that may be wrong. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_MAX_TEXT = 200
_FARTHEST_ZONE_S = 15 * 3600
_WEEKDAY = re.compile(r"\b(?:mon|tue|wed|thu|fri|sat|sun)\b.*", re.IGNORECASE | re.DOTALL)


def written_at(
    dates: Sequence[str], received: Sequence[str], postmark: str, *, now: datetime
) -> datetime | None:
    """The first date that can be true: Date, then Received from the top, then mbox's postmark.

    Args:
        dates: Values of Date.
        received: Values of Received; the date stands after the last semicolon.
        postmark: The line that begins with "From ", or empty.
        now: Nothing is written after it, nor before 1990.

    Returns:
        In UTC; None if there is no such date.
    """
    texts = [*dates, *(value.rpartition(";")[2] for value in received), _of_postmark(postmark)]
    read = (read_date(text) for text in texts)
    return next((at for at in read if at is not None and EARLIEST <= at <= now), None)


def read_date(text: str) -> datetime | None:
    """A date as RFC 5322 or ISO 8601 write it, in UTC; None if it is neither.

    A zone that is missing, unknown or impossible counts as UTC: half a day matters less here than
    no date at all.
    """
    text = text.strip()[:_MAX_TEXT]
    try:
        return _read_rfc(text) or _read_iso(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _read_rfc(text: str) -> datetime | None:
    parts = parsedate_tz(text)
    if parts is None:
        return None
    year, month, day, hour, minute, second = parts[:6]
    if 100 <= year < 1000:
        year += 1900  # RFC 5322, 4.3: "126" is what some programs made of 2026
    zone_s = parts[9] or 0
    if abs(zone_s) > _FARTHEST_ZONE_S:
        zone_s = 0
    # A leap second is the second before it.
    local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    return local - timedelta(seconds=zone_s)


def _read_iso(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _of_postmark(line: str) -> str:
    """The date in "From joe@example.org Mon Mar  2 08:00:00 2026"."""
    match = _WEEKDAY.search(line)
    return match[0] if match else line.removeprefix("From ").partition(" ")[2]
