"""Who gave and who asked: balance, the guard against asking cold, and how far the year has come.

Pure. The advice is old: build the network before you need it. "Microwave" networking, warming
people up only when a favour is wanted, is what the guard speaks up against; it never forbids.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.domain import Touch

YEAR_DAYS = 365
GIVES_BEFORE_ASK = 3
WEEKS_OF_GIVING = 6
LONGEST_DAYS = 36_500
"""A date further away than a life is none."""
PACE_DAYS = 90
"""Today's pace is that of the last three months."""


class Balance(NamedTuple):
    """What passed between the user and one contact in twelve months."""

    gave: int
    """Things sent for the contact's sake."""
    received: int
    asked: int
    """Favours asked for."""


class Advice(NamedTuple):
    """What the guard says before somebody is asked."""

    balance: Balance
    last_give: date | None
    give_on: tuple[date, ...]
    """Days for the gives that come first."""
    ask_from: date


def is_give(touch: Touch) -> bool:
    """Whether a touch was for the contact's sake: something sent to them."""
    return touch.kind == "sent" and touch.direction == "out"


def balance(touches: Sequence[Touch], days: Mapping[str, date], today: date) -> Balance:
    """What passed in the last twelve months.

    Args:
        touches: With one contact.
        days: Touch id -> the user's calendar day.
        today: The day asked for.
    """
    recent = [t for t in touches if (today - days[t.id]).days <= YEAR_DAYS]
    return Balance(
        gave=sum(map(is_give, recent)),
        received=sum(t.direction == "in" for t in recent),
        asked=sum(t.kind == "ask" and t.direction == "out" for t in recent),
    )


def guard(touches: Sequence[Touch], days: Mapping[str, date], today: date) -> Advice | None:
    """What to do first, before asking somebody to whom nothing was given for a year; or None."""
    found = balance(touches, days, today)
    if found.gave:
        return None
    gives = [days[touch.id] for touch in touches if is_give(touch)]
    step = 7 * WEEKS_OF_GIVING // GIVES_BEFORE_ASK
    return Advice(
        found,
        max(gives, default=None),
        tuple(today + timedelta(days=step * n) for n in range(GIVES_BEFORE_ASK)),
        today + timedelta(days=7 * WEEKS_OF_GIVING),
    )


class Gauge(NamedTuple):
    """Network before need: how many people heard from the user within twelve months."""

    touched: int
    people: int
    full_on: date | None
    """When everybody will have been touched at today's pace; None if not in a hundred years."""

    @property
    def share(self) -> float:
        """In [0, 1]; 1 where there is nobody."""
        return self.touched / self.people if self.people else 1.0


def gauge(last: Mapping[str, date | None], new_lately: int, today: date) -> Gauge:
    """The gauge of a day.

    Args:
        last: Contact id -> day of the last touch.
        new_lately: How many of them were reached in the last three months after a year's
            silence or for the first time.
        today: The day asked for.
    """
    touched = sum(d is not None and (today - d).days <= YEAR_DAYS for d in last.values())
    missing = len(last) - touched
    if not missing:
        return Gauge(touched, len(last), today)
    if not new_lately:
        return Gauge(touched, len(last), None)
    days = -(-missing * PACE_DAYS // new_lately)
    on = today + timedelta(days=days) if days <= LONGEST_DAYS else None
    return Gauge(touched, len(last), on)
