"""When the weekly digest falls due, in the user's own time zone. Pure.

A turn is a moment on the clock of a wall: where the clock jumps over it in spring it comes as much
later, and where the clock shows it twice in autumn the first one counts (PEP 495, fold 0).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender.rhythm import day_of

if TYPE_CHECKING:
    from datetime import date, tzinfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEFAULT_AT = time(8, 0)
LATEST = timedelta(days=3)
"""After that a turn that was missed, because the machine slept, is let go: the next one comes."""
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)


class Weekly(NamedTuple):
    """A moment of every week."""

    weekday: int
    """0 for Monday."""
    at: time
    """On the clock of a wall."""


def weekly_of(day: str, at: str) -> Weekly:
    """What the user has set, as a moment.

    Args:
        day: One of `DAYS`.
        at: Such as "08:00"; empty for the usual.

    Raises:
        ValueError: One of them is neither.
    """
    if at and not re.fullmatch(r"[0-9]{2}:[0-9]{2}", at):
        raise ValueError(at)
    return Weekly(DAYS.index(day), time.fromisoformat(at) if at else DEFAULT_AT)


def last_turn(weekly: Weekly, now: datetime, zone: tzinfo | None) -> datetime:
    """The newest turn that is not after now, in UTC."""
    today = day_of(now, zone)
    day = today - timedelta(days=(today.weekday() - weekly.weekday) % 7)
    turn = _moment(day, weekly.at, zone)
    return turn if turn <= now else _moment(day - timedelta(days=7), weekly.at, zone)


def coming_turn(weekly: Weekly, now: datetime, zone: tzinfo | None) -> datetime:
    """The first turn after now, in UTC."""
    day = day_of(last_turn(weekly, now, zone), zone)
    # Where the clock jumped over midnight, the last turn may be of the day after its own.
    day -= timedelta(days=(day.weekday() - weekly.weekday) % 7)
    return _moment(day + timedelta(days=7), weekly.at, zone)


def due_turn(
    weekly: Weekly, now: datetime, zone: tzinfo | None, *, since: datetime
) -> datetime | None:
    """The turn whose digest is due now, sent or not; None if there is none.

    Args:
        weekly: When.
        now: Aware time.
        zone: The user's own; None for this machine's.
        since: When the user asked for it: no turn before that is due.
    """
    turn = last_turn(weekly, now, zone)
    return turn if turn >= since and now - turn < LATEST else None


def week_of(day: date) -> str:
    """The ISO year and week of a day: "2026-W48"."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def retry_after(n_attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed: twice as long each time."""
    doublings = min(max(n_attempts, 1) - 1, 10)
    return min(LONGEST_RETRY, FIRST_RETRY * (1 << doublings))


def _moment(day: date, at: time, zone: tzinfo | None) -> datetime:
    # Without a zone Python reads the time as this machine's own.
    return datetime.combine(day, at, zone).astimezone(UTC)
