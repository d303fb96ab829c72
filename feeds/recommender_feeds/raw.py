"""What the readers hand over: a feed as its document says it, before any cleaning."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class RawEntry:
    """One entry as found; markup, links and titles are still the publisher's."""

    id: str = ""
    link: str = ""
    title: str = ""
    title_is_plain: bool = False
    """The title says that it is plain text: what looks like a tag in it may be none."""
    markup: str = ""
    is_plain: bool = False
    """The body says that it is plain text."""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    author: str = ""
    tags: list[str] = field(default_factory=list)
    language: str = ""
    base: str = ""
    """What the link is resolved against; empty for the document's address."""
    body_base: str = ""
    """What links in the body are resolved against; empty for the entry's link."""


@dataclass(slots=True)
class RawFeed:
    """A document as one reader understood it."""

    reader: str
    title: str = ""
    link: str = ""
    base: str = ""
    """What the link is resolved against; empty for the document's address."""
    language: str = ""
    entries: list[RawEntry] = field(default_factory=list)
    ttl_minutes: int | None = None
    """How long the publisher says the document stays as it is (ttl, sy:updatePeriod)."""
    skip_hours: frozenset[int] = frozenset()
    """Hours of the day, UTC, in which nothing new is to be expected."""
    skip_days: frozenset[int] = frozenset()
    """Days of the week, Monday = 0, likewise."""


def update_minutes(period: str, frequency: str) -> int | None:
    """The syndication module's sy:updatePeriod and sy:updateFrequency in minutes."""
    periods = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
    minutes = periods.get(period.strip().casefold())
    if minutes is None:
        return None
    times = int(frequency) if frequency.strip().isdecimal() and len(frequency) < 6 else 1
    return max(1, minutes // max(1, times))


def minutes(text: str) -> int | None:
    """A ttl as the publisher wrote it, or None."""
    digits = text.strip()
    return int(digits) if digits.isdecimal() and 0 < len(digits) < 7 else None


def hours(texts: list[str]) -> frozenset[int]:
    """Hours of skipHours; 24 is an old spelling of 0."""
    found = {int(text) % 24 for text in texts if re.fullmatch(r"\d{1,2}", text) and int(text) <= 24}
    return frozenset(found) if len(found) < 24 else frozenset()


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def days(texts: list[str]) -> frozenset[int]:
    """Days of skipDays by their English names; all seven are taken for none."""
    found = {_DAYS.index(text.casefold()) for text in texts if text.casefold() in _DAYS}
    return frozenset(found) if len(found) < 7 else frozenset()
