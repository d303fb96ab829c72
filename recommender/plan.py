"""Today's few actions: who, and what, within the minutes there are. Pure.

A plan is made from how things stand, never from what was left undone: there is no backlog. Whose
turn ends today comes first, then whoever is furthest past theirs by their own cadence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import Slot
from recommender.rhythm import call_is_due, first_turn, is_dormant, next_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recommender.domain import Action
    from recommender.rhythm import Window

MINUTES: dict[Action, int] = {"greet": 1, "send": 2, "hello": 2, "call": 5}
"""What an action takes: a line, an article and a line, a line, a short call."""
EASY_BEFORE_DORMANT = 2
DORMANT_AFTER_DAYS = 7
"""Where nobody easy is left, somebody dormant may follow another after so many days."""
ATTENTION_DAYS = 56
ATTENTION_SHARE = 0.1
"""With more than ten people, nobody takes more of the slots of eight weeks."""
FEW_SLOTS = 3
"""So many anybody may have: a tenth of a few weeks' slots would be less than a rhythm."""
FEW_PEOPLE = 10
HELLO_DAYS = 2
"""A line without an item may go so long before a turn ends: its last day may have no room."""
MOST_LOOKED_AT = 40
"""People for whom an item is looked up before the rest of the day's minutes is left free."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How one person stands today; who may not be written to has none."""

    contact_id: str
    window: Window
    cadence: int
    last: date | None
    """The day of the last touch."""
    is_dormant: bool
    call_is_due: bool
    has_day: bool
    """It is their birthday or another day of theirs."""
    at_rest: bool = False
    """They talked just now: only a day of theirs is a reason to write."""


def turn_of(
    contact_id: str,
    cadence: int,
    day: date,
    *,
    added: date,
    last: date | None,
    last_talk: date | None,
    has_day: bool = False,
    at_rest: bool = False,
) -> Turn:
    """How somebody stands on a day, by when they came and were last touched and talked to."""
    return Turn(
        contact_id=contact_id,
        window=next_turn(contact_id, cadence, last)
        if last
        else first_turn(contact_id, cadence, added),
        cadence=cadence,
        last=last,
        is_dormant=is_dormant(last, added, day),
        call_is_due=call_is_due(contact_id, last_talk, added, day),
        has_day=has_day,
        at_rest=at_rest,
    )


class Past(NamedTuple):
    """What earlier plans of the last eight weeks say."""

    slots: Sequence[Slot]
    """Oldest first, today's not among them."""

    def calls_of_week(self, day: date) -> int:
        """Calls planned in the calendar week of a day."""
        week = day.isocalendar()[:2]
        return sum(s.action == "call" and s.day.isocalendar()[:2] == week for s in self.slots)


def most_calls(n_people: int) -> int:
    """Yearly calls of one week, so that a year has room for everybody's."""
    return max(1, math.ceil(n_people / 52))


class Planner:
    """Makes the plan of one day.

    Args:
        day: The user's calendar day.
        n_people: Contacts that may be written to, whether it is their turn or not.
        past: Plans of the last eight weeks.
        offer: Id of the best suggestion for a contact, or None.
    """

    def __init__(
        self, day: date, n_people: int, past: Past, offer: Callable[[str], str | None]
    ) -> None:
        self._day = day
        self._n_people = n_people
        self._past = [slot for slot in past.slots if slot.day > day - timedelta(ATTENTION_DAYS)]
        self._calls_left = most_calls(n_people) - past.calls_of_week(day)
        self._offer = offer
        self._looked_at = 0
        self._made: list[Slot] = []
        self._without: list[Turn] = []
        """Those for whom there is no item and no more time: a line must do, if minutes are left."""

    def plan(self, turns: Sequence[Turn], minutes: int, kept: Sequence[Slot] = ()) -> list[Slot]:
        """Slots that fit the minutes, in the order in which to do them.

        Args:
            turns: Everybody who may be written to, but those who have just had a hard time.
            minutes: How many there are.
            kept: Slots of this day that were done or skipped already; they take their minutes.
        """
        self._made = list(kept)
        self._calls_left -= sum(slot.action == "call" for slot in kept)
        for turn in sorted(turns, key=lambda t: t.contact_id):
            if turn.has_day:
                self._add(turn, "greet", minutes)
        due = sorted((turn for turn in turns if self._is_due(turn)), key=self._urgency)
        # The easy ones ahead of those that have not heard anything for long.
        for turn in sorted(due, key=lambda turn: turn.is_dormant):
            if self._left(minutes) < MINUTES["greet"] or self._looked_at > MOST_LOOKED_AT:
                break
            self._fill(turn, minutes)
        for turn in self._without:
            if not turn.is_dormant or self._dormant_may_come():
                self._add(turn, "hello", minutes)
        spare = [
            turn
            for turn in turns
            if turn.call_is_due
            and not turn.is_dormant
            and not turn.at_rest
            and turn.window.earliest <= self._day
            and self._may_follow(turn)
        ]
        for turn in sorted(spare, key=lambda t: (t.last or date.min, t.contact_id)):
            self._call(turn, minutes)
        return self._made

    def _is_due(self, turn: Turn) -> bool:
        return (
            turn.window.due <= self._day
            and not turn.at_rest
            and self._may_follow(turn)
            and all(slot.contact_id != turn.contact_id for slot in self._made)
        )

    def _may_follow(self, turn: Turn) -> bool:
        """Whether this day is not the weekday of the last touch again."""
        return turn.last is None or turn.last.weekday() != self._day.weekday()

    def _urgency(self, turn: Turn) -> tuple[bool, float, str]:
        """Those on or past the last day of their turn first; then by their own cadence."""
        late = (self._day - turn.window.due).days / turn.cadence
        return (self._day < turn.window.latest, -late, turn.contact_id)

    def _fill(self, turn: Turn, minutes: int) -> None:
        if turn.is_dormant and not self._dormant_may_come():
            return
        if turn.call_is_due and not turn.is_dormant and self._call(turn, minutes):
            return
        if self._left(minutes) < MINUTES["send"] or not self._may_take(turn):
            return
        self._looked_at += 1
        found = self._offer(turn.contact_id)
        if found is not None:
            self._add(turn, "send", minutes, found)
        elif self._day >= turn.window.latest - timedelta(days=HELLO_DAYS):
            self._without.append(turn)

    def _call(self, turn: Turn, minutes: int) -> bool:
        if self._calls_left < 1 or not self._may_take(turn):
            return False
        if not self._add(turn, "call", minutes):
            return False
        self._calls_left -= 1
        return True

    def _add(
        self, turn: Turn, action: Action, minutes: int, suggestion_id: str | None = None
    ) -> bool:
        taken = any(slot.contact_id == turn.contact_id for slot in self._made)
        if taken or self._left(minutes) < MINUTES[action]:
            return False
        self._made.append(
            Slot(
                self._day,
                turn.contact_id,
                action,
                MINUTES[action],
                turn.is_dormant,
                suggestion_id,
            )
        )
        return True

    def _left(self, minutes: int) -> int:
        return minutes - sum(slot.minutes for slot in self._made)

    def _may_take(self, turn: Turn) -> bool:
        """Fair attention: one more slot would still not be more than a tenth of all."""
        if self._n_people <= FEW_PEOPLE:
            return True
        slots = [*self._past, *self._made]
        own = sum(slot.contact_id == turn.contact_id for slot in slots)
        return own + 1 <= max(FEW_SLOTS, int(ATTENTION_SHARE * (len(slots) + 1)))

    def _dormant_may_come(self) -> bool:
        """Two easy ones first; or a week apart, where there are none."""
        slots = [*self._past, *self._made]
        since = 0
        for slot in reversed(slots):
            if slot.is_dormant:
                break
            since += 1
        first = slots[-since - 1 :][:1]  # the last dormant one, or else the first easy one
        is_long_ago = all((self._day - s.day).days >= DORMANT_AFTER_DAYS for s in first)
        return since >= EASY_BEFORE_DORMANT or is_long_ago
