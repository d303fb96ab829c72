"""How the network stands: the gauge, who is slipping, who gives and who takes, what fits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender.ledger import PACE_DAYS, YEAR_DAYS, balance, gauge, guard
from recommender.rhythm import cadence_of, day_of, next_date
from recommender.safety import may_be_written_to

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, tzinfo

    from recommender.capacity import Outlook
    from recommender.domain import Contact, Touch
    from recommender.ledger import Advice, Balance, Gauge
    from recommender.services.people import People
    from recommender.storage.protocol import Storage

SLIPPING_SHARE = 0.5
"""Somebody slips away when the cadence is over by so much of itself."""


class Person(NamedTuple):
    """One line of the health report."""

    contact: Contact
    cadence: int
    last: date | None
    late_days: int
    """Days past the cadence; negative while there is time left."""
    balance: Balance
    touches: tuple[tuple[date, str], ...]
    """(day, direction) of the last twelve months, oldest first."""

    @property
    def is_slipping(self) -> bool:
        """Whether the cadence is over by half of itself."""
        return self.late_days > self.cadence * SLIPPING_SHARE


@dataclass(frozen=True, slots=True)
class Standing:
    """How one account's network stands on a day."""

    day: date
    gauge: Gauge
    people: tuple[Person, ...]
    """Whoever may be written to, the latest first."""

    @property
    def slipping(self) -> tuple[Person, ...]:
        """Those who slip away, the latest first."""
        return tuple(person for person in self.people if person.is_slipping)


class Occasion(NamedTuple):
    """A birthday or another day that comes back every year."""

    on: date
    contact: Contact
    what: str
    """birthday or anniversary."""
    since: str
    """As it is kept: "1984-02-29" or "--02-29"."""


class Standings:
    """How the network of one account stands.

    Args:
        storage: The library.
        account_id: Whose.
        people: Their contacts.
        zone: The user's own.
    """

    def __init__(
        self, storage: Storage, account_id: str, people: People, zone: tzinfo | None
    ) -> None:
        self._storage = storage
        self._account_id = account_id
        self._people = people
        self._zone = zone

    def _active(self, now: datetime) -> list[Contact]:
        return [c for c in self._people.all() if may_be_written_to(c, now)]

    def on(self, *, now: datetime) -> Standing:
        """The standing now."""
        today = day_of(now, self._zone)
        by_contact: dict[str, list[Touch]] = {}
        for touch in self._storage.history.touches(self._account_id):
            by_contact.setdefault(touch.contact_id, []).append(touch)
        cadences = self._people.cadences()
        people = [
            self._person(c, by_contact.get(c.id, []), cadence_of(c, cadences), today)
            for c in self._active(now)
        ]
        last = {person.contact.id: person.last for person in people}
        new = sum(self._is_new(by_contact.get(p.contact.id, []), today) for p in people)
        people.sort(key=lambda p: (-p.late_days / p.cadence, p.contact.name))
        return Standing(today, gauge(last, new, today), tuple(people))

    def _days(self, touches: Sequence[Touch], today: date) -> dict[str, date]:
        """Touch id -> the user's calendar day; today for what a wrong clock put later."""
        return {touch.id: min(today, day_of(touch.at, self._zone)) for touch in touches}

    def _person(
        self, contact: Contact, touches: Sequence[Touch], cadence: int, today: date
    ) -> Person:
        days = self._days(touches, today)
        last = max(days.values(), default=None)
        since = (today - (last or day_of(contact.created_at, self._zone))).days
        year = [t for t in touches if (today - days[t.id]).days <= YEAR_DAYS]
        return Person(
            contact,
            cadence,
            last,
            since - cadence,
            balance(touches, days, today),
            tuple(sorted((days[t.id], t.direction) for t in year)),
        )

    def _is_new(self, touches: Sequence[Touch], today: date) -> bool:
        """Whether somebody was reached lately for the first time in a year."""
        days = sorted(self._days(touches, today).values())
        lately = [day for day in days if (today - day).days <= PACE_DAYS]
        before = [day for day in days if (today - day).days > PACE_DAYS]
        return bool(lately) and (not before or (lately[0] - before[-1]).days > YEAR_DAYS)

    def outlook(self, standing: Standing, *, minutes: int, years: int) -> Outlook:
        """The years ahead, if every plan is done."""
        from recommender.capacity import Member, look_ahead

        talks = self._storage.history.last_talks(self._account_id)
        members = [
            Member(
                p.contact.id,
                p.cadence,
                p.last,
                min(standing.day, day_of(p.contact.created_at, self._zone)),
                day_of(talks[p.contact.id], self._zone) if p.contact.id in talks else None,
            )
            for p in standing.people
        ]
        days = years * YEAR_DAYS
        return look_ahead(members, start=standing.day, days=days, minutes=minutes)

    def guard(self, contact: Contact, *, now: datetime) -> Advice | None:
        """What to do before asking a favour of somebody to whom nothing was given for a year."""
        today = day_of(now, self._zone)
        touches = self._storage.history.touches(self._account_id, contact.id)
        days = self._days(touches, today)
        return guard(touches, days, today)

    def occasions(self, *, now: datetime, days: int = 30) -> list[Occasion]:
        """Birthdays and anniversaries of the coming days, today's first."""
        today = day_of(now, self._zone)
        found = [
            Occasion(next_date(yearly, today), contact, what, yearly)
            for contact in self._active(now)
            for what, yearly in (
                ("birthday", contact.birthday),
                ("anniversary", contact.details.anniversary),
            )
            if yearly
        ]
        until = today + timedelta(days=days)
        return sorted(
            (one for one in found if one.on <= until), key=lambda o: (o.on, o.contact.name)
        )


def gauge_lines(gauge: Gauge, day: date) -> list[str]:
    """How many heard from the user within a year, and when all will have, in words."""
    if not gauge.people:
        return []
    lines = [
        f"{gauge.touched} of {gauge.people} people ({gauge.share:.0%}) heard from you within "
        "twelve months."
    ]
    if gauge.full_on is None and gauge.touched:
        lines += ["In the last three months nobody was reached for the first time in a year."]
    elif gauge.full_on and gauge.full_on > day:
        lines += [f"At today's pace it is everybody on {gauge.full_on:%-d %B %Y}."]
    return lines


def advice_lines(advice: Advice | None, contact: Contact) -> list[str]:
    """The guard's advice in words; nothing where it has none."""
    if advice is None:
        return []
    name = contact.first_name
    last = f"the last was on {advice.last_give:%-d %B %Y}" if advice.last_give else "never yet"
    gives = ", ".join(f"{day:%-d %B}" for day in advice.give_on)
    return [
        f"You have sent {name} nothing for twelve months ({last}); in that time you asked "
        f"{_times(advice.balance.asked)} and heard from them {_times(advice.balance.received)}.",
        f"A favour comes easier after a few gifts: send something on {gives}, and ask from "
        f"{advice.ask_from:%-d %B}. It is your call.",
    ]


def _times(n: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(n, f"{n} times")
