"""Who is due, and birthdays, as an iCalendar file (RFC 5545, 7986) to subscribe to. Pure.

Private and transparent: whoever sees when the user is busy learns nothing, and no day is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

from recommender.mail.cleaning import MAX_NAME, lines, one_line, safe_url

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from icalendar import Calendar, Event

MEDIA_TYPE = "text/calendar"
REFRESH = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day on which somebody's turn comes."""

    uid: str
    """Unique in the world and the same each time, such as due-c1-2026-11-26@sawthis.invalid."""
    name: str
    on: date
    reason: str
    """One or more lines; may be empty."""
    url: str
    """Their page; may be empty."""


@dataclass(frozen=True, slots=True)
class Birthday:
    """A day of every year."""

    uid: str
    name: str
    on: str
    """As a contact keeps it: "1984-02-29", or "--02-29" where no year is known."""
    url: str
    """Their page; may be empty."""


def render_calendar(
    dues: Iterable[DueDay], *, birthdays: Iterable[Birthday] = (), name: str, now: datetime
) -> bytes:
    """A whole calendar, escaped and folded.

    Args:
        dues: All-day events.
        birthdays: Events of every year, from the year of `now` on.
        name: What programs call the calendar until the user does.
        now: Aware; each event's DTSTAMP.
    """
    from icalendar import Calendar

    made = Calendar()
    title = one_line(name, MAX_NAME)
    for key, value in (
        ("prodid", "-//Sawthis//Keeping in touch//EN"),
        ("version", "2.0"),
        ("calscale", "GREGORIAN"),
        ("method", "PUBLISH"),
        ("name", title),
        ("x-wr-calname", title),
    ):
        made.add(key, value)
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", f"PT{int(REFRESH.total_seconds()) // 3600}H")
    for due in dues:
        _add_due(made, due, now)
    for birthday in birthdays:
        _add_birthday(made, birthday, now)
    return bytes(made.to_ical())


def _add_due(calendar: Calendar, due: DueDay, now: datetime) -> None:
    event = _event(due.uid, f"Write to {one_line(due.name, MAX_NAME)}", due.on, due.url, now)
    if reason := lines(due.reason):
        event.add("description", reason)
    calendar.add_component(event)


def _add_birthday(calendar: Calendar, birthday: Birthday, now: datetime) -> None:
    year, month, day = birthday.on[:-6], int(birthday.on[-5:-3]), int(birthday.on[-2:])
    is_leap_day = (month, day) == (2, 29)
    first = date(now.year, 3, 1) - timedelta(days=1) if is_leap_day else date(now.year, month, day)
    title = f"Birthday: {one_line(birthday.name, MAX_NAME)}"
    event = _event(birthday.uid, title, first, birthday.url, now)
    rule: dict[str, Any] = {"freq": "yearly"}
    if is_leap_day:
        # The last of February: on the 28th where a year has no 29th, as everywhere in Sawthis.
        rule |= {"bymonth": 2, "bymonthday": -1}
    event.add("rrule", rule)
    if year.isdigit():
        event.add("description", f"Born in {year}")
    calendar.add_component(event)


def _event(uid: str, title: str, on: date, url: str, now: datetime) -> Event:
    from icalendar import Event

    event = Event()
    for key, value in (
        ("uid", one_line(uid)),
        ("dtstamp", now.astimezone(UTC)),
        ("dtstart", on),
        ("dtend", on + timedelta(days=1)),  # the end is the day after (RFC 5545, 3.6.1)
        ("summary", title),
        ("transp", "TRANSPARENT"),
        ("class", "PRIVATE"),
    ):
        event.add(key, value)
    if page := safe_url(url):
        event.add("url", page)
    return event
