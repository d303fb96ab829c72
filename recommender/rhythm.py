"""Time between people: whose turn it is, and when, in numbers and in words. Pure.

Days are the user's own calendar days; whoever calls turns times into days with `day_of`, so that
neither a change of clocks nor a late evening moves anything.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from recommender.domain import Contact, Touch

DEFAULT_CADENCE_DAYS = 60
YEAR_DAYS = 365
JITTER = 0.2
"""A turn comes up to so much of the cadence sooner or later; nobody is written to by the clock."""
QUIET_AFTER_TALK_DAYS = 3
"""After a talk or a letter of theirs there is no need for a reason to write."""
QUIET_AFTER_HARD_DAYS = 30
STARTING_CADENCES = {
    21: ("family", "familie", "close", "close friends", "best friends", "enge freunde", "vip"),
    60: ("friends", "freunde", "neighbours", "neighbors", "nachbarn", "club", "verein"),
    180: ("work", "colleagues", "arbeit", "kollegen", "business", "clients", "kunden", "coworkers"),
    365: ("acquaintances", "bekannte", "wider", "school", "schule", "university", "linkedin"),
}
"""What a group of such a name starts with: three weeks, two months, half a year, a year."""


def day_of(at: datetime, zone: tzinfo | None) -> date:
    """The calendar day of an aware time in a time zone; None is this machine's own."""
    return at.astimezone(zone).date()


def starting_cadence(group: str) -> int | None:
    """Days between touches that a group of this name starts with, or None if it says nothing."""
    name = group.strip().casefold()
    return next((days for days, names in STARTING_CADENCES.items() if name in names), None)


def cadence_of(contact: Contact, cadences: Mapping[str, int | None]) -> int:
    """Wanted days between touches: the contact's own, else the shortest of its groups'.

    Args:
        contact: Whose.
        cadences: What the user has set for groups; None for "as each contact says".
    """
    if contact.cadence_days:
        return contact.cadence_days
    set_ones = {name.casefold(): days for name, days in cadences.items()}
    of_groups = [
        set_ones[group.casefold()] if group.casefold() in set_ones else starting_cadence(group)
        for group in contact.groups
    ]
    return min((days for days in of_groups if days), default=DEFAULT_CADENCE_DAYS)


def chance(*names: str) -> float:
    """A number in [0, 1) that depends on nothing but these names."""
    from hashlib import sha256

    digest = sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


class Window(NamedTuple):
    """When somebody's next turn is."""

    earliest: date
    due: date
    """Never the weekday of the last touch, if the window has another."""
    latest: date


def next_turn(contact_id: str, cadence: int, last: date) -> Window:
    """The turn after a touch: the cadence, give or take a fifth, the same whenever it is asked.

    Args:
        contact_id: With `last`, decides how much sooner or later.
        cadence: Wanted days between touches, at least 1.
        last: The day of the last touch.
    """
    least = max(1, -int(-cadence * (1 - JITTER) // 1))
    most = max(least, int(cadence * (1 + JITTER)))
    days = least + int(chance(contact_id, last.isoformat()) * (most - least + 1))
    if days % 7 == 0 and most > least:
        days += 1 if days < most else -1
    return Window(
        last + timedelta(days=least), last + timedelta(days=days), last + timedelta(days=most)
    )


def first_turn(contact_id: str, cadence: int, added: date) -> Window:
    """The first turn of somebody never in touch: anywhere in the first cadence after they came.

    So that an address book of hundreds does not come due in one week.
    """
    due = added + timedelta(days=int(chance(contact_id) * cadence))
    return Window(due, due, added + timedelta(days=int(cadence * (1 + JITTER))))


def call_is_due(contact_id: str, last_talk: date | None, added: date, today: date) -> bool:
    """Whether a yearly call is due: a year after the last talk, or within the first year.

    Args:
        contact_id: Decides when in the first year.
        last_talk: The day of the last call or meeting.
        added: The day the contact was added.
        today: The day asked for.
    """
    if last_talk is not None:
        return (today - last_talk).days >= YEAR_DAYS
    return (today - added).days >= chance(contact_id, "call") * YEAR_DAYS


def is_dormant(last: date | None, added: date, today: date) -> bool:
    """Whether more than a year has passed since the last touch, or since they came."""
    return (today - (last or added)).days > YEAR_DAYS


def is_hard(contact: Contact, today: date, zone: tzinfo | None) -> bool:
    """Whether a hard event of the last thirty days is a reason to say nothing at all."""
    if contact.hard_at is None:
        return False
    return days_between(contact.hard_at, today, zone) < QUIET_AFTER_HARD_DAYS


def is_at_rest(last: Touch | None, today: date, zone: tzinfo | None) -> bool:
    """Whether the last touch, above all a talk or a letter of theirs, was just now."""
    if last is None:
        return False
    talked = last.kind in ("call", "met") or last.direction == "in"
    since = days_between(last.at, today, zone)
    return since < (QUIET_AFTER_TALK_DAYS if talked else 1)


def days_between(then: datetime, today: date, zone: tzinfo | None) -> int:
    """Calendar days from a time to a day; 0 if the clock went backwards meanwhile."""
    return max(0, (today - day_of(then, zone)).days)


def falls_on(yearly: str, day: date) -> bool:
    """Whether a birthday or anniversary, "1984-02-29" or "--02-29", is kept on this day.

    29 February is kept on the 28th where a year has no 29th.
    """
    if not yearly:
        return False
    month_day = yearly[-5:]
    if month_day == "02-29" and not _is_leap(day.year):
        month_day = "02-28"
    return day.strftime("%m-%d") == month_day


def next_date(yearly: str, today: date) -> date:
    """The next day on which a birthday or anniversary is kept; today counts."""
    return next(day for n in range(367) if falls_on(yearly, day := today + timedelta(days=n)))


def age_on(yearly: str, day: date) -> int | None:
    """How many years a birthday or anniversary completes on a day; None if that is not known."""
    years = day.year - int(yearly[:4]) if yearly[:4].isdigit() else -1
    return years if years >= 0 else None


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_since(then: datetime, now: datetime) -> int:
    """Whole days from `then` to `now`, never negative."""
    return max(0, (now - then).days)


def overdue_days(
    contact: Contact, last: Touch | None, now: datetime, cadences: Mapping[str, int | None]
) -> int:
    """Days past the wanted cadence; negative while there is time left.

    Somebody never written to counts from the day they were added.
    """
    since = days_since(last.at if last else contact.created_at, now)
    return since - cadence_of(contact, cadences)


def ago(then: datetime, now: datetime) -> str:
    """A time ago in words: "today", "9 days ago", "6 weeks ago", "2 years ago"."""
    return _days_ago(days_since(then, now))


def days_ago(then: date, today: date) -> str:
    """A day ago in words, as `ago`."""
    return _days_ago(max(0, (today - then).days))


def _days_ago(days: int) -> str:
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
