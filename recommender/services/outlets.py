"""The digest as feeds: suggestions as Atom, who is due as a calendar, behind secret addresses."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender.rhythm import days_ago

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from recommender.domain import Contact
    from recommender.mail.atom import AtomEntry
    from recommender.mail.calendar import DueDay
    from recommender.services.digest import Card, Digests
    from recommender.storage.protocol import Storage

AHEAD_DAYS = 60
"""So far ahead the calendar shows whose turn comes."""


class Addresses(NamedTuple):
    """Where the feeds are read; whoever knows them may."""

    atom: str
    calendar: str


def addresses(
    storage: Storage, account_id: str, origin: str, *, now: datetime, anew: bool = False
) -> Addresses:
    """The account's addresses, made when first asked for.

    Args:
        storage: The library.
        account_id: Whose.
        origin: By which programs reach the service.
        now: Aware time.
        anew: Make others; those before stop at once.
    """
    key = storage.mail.feed_key(account_id)
    if key is None or anew:
        key = secrets.token_urlsafe(32)
        storage.mail.put_feed_key(account_id, key, now=now)
    return Addresses(f"{origin}/out/{key}/suggestions.atom", f"{origin}/out/{key}/contacts.ics")


def atom_feed(digests: Digests, found: Addresses, origin: str, *, now: datetime) -> bytes:
    """The week's suggestions, as the digest has them."""
    from recommender.mail.atom import render_atom

    entries = [entry for card in digests.build(now=now).cards for entry in _entries(card, origin)]
    return render_atom(
        entries,
        self_url=found.atom,
        home_url=f"{origin}/",
        title="Sawthis: what to send to whom",
        updated=max((entry.updated for entry in entries), default=now),
    )


def _entries(card: Card, origin: str) -> Iterator[AtomEntry]:
    from recommender.mail.atom import AtomEntry

    for one in card.suggestions:
        joke = f"{one.text}\n\n" if one.kind == "joke" else ""
        yield AtomEntry(
            id=f"urn:sawthis:suggestion:{one.id}",
            title=f"For {card.contact.first_name}: {one.title}",
            url=f"{origin}/suggestions/{one.id}?back=/",
            text=f"{joke}{one.reason}\n\n{one.url or ''}".strip(),
            source=one.feed_title,
            updated=one.published_at or one.fetched_at,
        )


def calendar(digests: Digests, origin: str, *, now: datetime) -> bytes:
    """Whose turn comes in the next weeks, and birthdays."""
    from recommender.mail.calendar import Birthday, render_calendar

    day, active, turns, _ = digests.week(now=now)
    until = day + timedelta(days=AHEAD_DAYS)
    dues = [
        _due(active[turn.contact_id], max(day, turn.window.due), turn.last, day, origin)
        for turn in sorted(turns, key=lambda t: (t.window.due, t.contact_id))
        if turn.window.due <= until
    ]
    birthdays = [
        Birthday(f"birthday-{c.id}@sawthis.invalid", c.name, c.birthday, _page(c, origin))
        for c in active.values()
        if c.birthday
    ]
    return render_calendar(dues, birthdays=birthdays, name="Sawthis", now=now)


def _due(contact: Contact, on: date, last: date | None, today: date, origin: str) -> DueDay:
    from recommender.mail.calendar import DueDay

    return DueDay(
        # The same event moves along while it is not done, and another comes after it.
        uid=f"due-{contact.id}-{last or 'first'}@sawthis.invalid",
        name=contact.name,
        on=on,
        reason=f"The last time was {days_ago(last, today)}." if last else "Not in touch yet.",
        url=_page(contact, origin),
    )


def _page(contact: Contact, origin: str) -> str:
    return f"{origin}/person/{contact.slug}"
