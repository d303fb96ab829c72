"""Time between people, in numbers and in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Contact, Touch

DEFAULT_CADENCE_DAYS = 30


def days_since(then: datetime, now: datetime) -> int:
    """Whole days from `then` to `now`, never negative."""
    return max(0, (now - then).days)


def overdue_days(contact: Contact, last: Touch | None, now: datetime) -> int:
    """Days past the wanted cadence; negative while there is time left.

    Somebody never written to counts from the day they were added.
    """
    cadence = contact.cadence_days or DEFAULT_CADENCE_DAYS
    return days_since(last.at if last else contact.created_at, now) - cadence


def ago(then: datetime, now: datetime) -> str:
    """A time ago in words: "today", "9 days ago", "6 weeks ago", "2 years ago"."""
    days = days_since(then, now)
    if days < 2:
        return ("today", "yesterday")[days]
    for unit, length, until in (("day", 1, 21), ("week", 7, 70), ("month", 30, 730)):
        if days < until:
            return f"{days // length} {unit}{'s' if days // length > 1 else ''} ago"
    return f"{days // 365} years ago"


def last_contact(touch: Touch | None, now: datetime) -> str:
    """One line about the last touch, for any face."""
    if touch is None:
        return "You have not been in touch yet"
    if touch.direction == "in":
        return f"They wrote {ago(touch.at, now)}"
    verb = {"call": "You last spoke", "met": "You last met"}.get(touch.kind, "You last wrote")
    return f"{verb} {ago(touch.at, now)}"
