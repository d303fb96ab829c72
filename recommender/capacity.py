"""How many people fit into so many minutes a day: the years ahead, played through. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender.plan import ATTENTION_DAYS, Past, Planner, turn_of
from recommender.rhythm import YEAR_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from recommender.domain import Slot


class Member(NamedTuple):
    """One person of a network."""

    contact_id: str
    cadence: int
    last: date | None
    added: date
    last_talk: date | None = None


class Outlook(NamedTuple):
    """What the years ahead come to, if every plan is done."""

    reached: int
    """People touched within the last twelve months, at the end."""
    people: int
    in_rhythm: float
    """Share of touches that came before the latest day of their turn."""
    minutes_a_day: float
    """Minutes that the plans used, on average."""
    calls: int
    all_reached_on: date | None
    """The first day on which everybody had been touched within twelve months."""


def look_ahead(members: Sequence[Member], *, start: date, days: int, minutes: int) -> Outlook:
    """Play the days through, with something to send whenever it is somebody's turn.

    Args:
        members: Everybody, as they stand at the start.
        start: The first day.
        days: How many to play.
        minutes: How many there are each day.
    """
    last = {m.contact_id: m.last for m in members}
    talked = {m.contact_id: m.last_talk for m in members}
    slots: list[Slot] = []
    done = late = used = calls = 0
    all_reached_on = None
    for n in range(days):
        day = start + timedelta(days=n)
        turns = [
            turn_of(
                m.contact_id,
                m.cadence,
                day,
                added=m.added,
                last=last[m.contact_id],
                last_talk=talked[m.contact_id],
            )
            for m in members
            if last[m.contact_id] != day
        ]
        latest = {turn.contact_id: turn.window.latest for turn in turns}
        slots = [slot for slot in slots if (day - slot.day).days <= ATTENTION_DAYS]
        made = Planner(day, len(members), Past(slots), lambda one: one).plan(turns, minutes)
        for slot in made:
            last[slot.contact_id] = day
            if slot.action == "call":
                talked[slot.contact_id] = day
                calls += 1
            done += 1
            late += day > latest[slot.contact_id]
            used += slot.minutes
        slots += made
        if all_reached_on is None and _reached(last.values(), day) == len(members):
            all_reached_on = day
    end = start + timedelta(days=days - 1)
    return Outlook(
        _reached(last.values(), end),
        len(members),
        1 - late / done if done else 1.0,
        used / days if days else 0.0,
        calls,
        all_reached_on,
    )


def _reached(days: Iterable[date | None], today: date) -> int:
    return sum(d is not None and (today - d).days <= YEAR_DAYS for d in days)
