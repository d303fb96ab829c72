"""The digest: who deserves a few lines this week, and with what. The rows behind page and mail.

    turns of the coming week -> those due, most urgent first; then those who are nearest to it
    each -> the suggester's best, as every face shows them
    calls, birthdays, what came back, the gauge

Nothing is marked as sent, and nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender.plan import EASY_BEFORE_DORMANT, Past, most_calls
from recommender.rhythm import day_of, is_hard, last_contact, overdue_days
from recommender.safety import may_be_written_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime, tzinfo

    from recommender.domain import Contact, Suggestion, Touch
    from recommender.ledger import Gauge
    from recommender.plan import Turn
    from recommender.services.people import People
    from recommender.services.planning import Plans
    from recommender.services.standing import Occasion, Standings
    from recommender.services.suggest import Suggester
    from recommender.storage.protocol import Storage

WEEK_DAYS = 7
MOST_PEOPLE = 7
MOST_EACH = 3
MOST_PICKS = 12
"""Things to send in one digest: with the rest of it, five minutes of reading."""
FEW_PEOPLE = 3
"""With fewer than that who are due, others are looked at."""
MOST_BACK = 10


@dataclass(frozen=True, slots=True)
class Card:
    """One person with one to three things to send."""

    contact: Contact
    suggestions: tuple[Suggestion, ...]
    """Best first; at least one."""
    last_contact: str
    overdue_days: int
    is_due: bool
    """Whether it is their turn this week."""

    @property
    def suggestion(self) -> Suggestion:
        """The best."""
        return self.suggestions[0]


class CallDue(NamedTuple):
    """Somebody to ring up this week."""

    contact: Contact
    last_contact: str
    topics: tuple[str, ...]


class Reply(NamedTuple):
    """Something that came back in the last week."""

    contact: Contact
    touch: Touch
    title: str
    """Of what it answers; empty if that is not known."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One week's digest."""

    day: date
    cards: tuple[Card, ...]
    n_without: int
    """People who are due, and for whom nothing is good enough."""
    calls: tuple[CallDue, ...]
    occasions: tuple[Occasion, ...]
    """Birthdays and other days of the week to come."""
    came_back: tuple[Reply, ...]
    gauge: Gauge


class Week(NamedTuple):
    """Who may be written to, and how they stand; not those who talked just now."""

    day: date
    active: dict[str, Contact]
    """By id."""
    turns: list[Turn]
    last: dict[str, Touch]
    """Contact id -> newest touch."""


class Digests:
    """The digests of one account.

    Args:
        storage: The library.
        account_id: Whose.
        people: Their contacts.
        suggester: Their suggestions.
        plans: Whose turn it is.
        standings: How the network stands.
        zone: The user's own, which says when a day begins.
    """

    def __init__(
        self,
        storage: Storage,
        account_id: str,
        people: People,
        suggester: Suggester,
        plans: Plans,
        standings: Standings,
        zone: tzinfo | None,
    ) -> None:
        self._storage = storage
        self._account_id = account_id
        self._people = people
        self._suggester = suggester
        self._plans = plans
        self._standings = standings
        self._zone = zone

    def build(self, *, now: datetime, n_people: int = MOST_PEOPLE) -> Digest:
        """The digest of the coming week, of what there is now."""
        week = self.week(now=now)
        calls = self._calls(week, now)
        called = {call.contact.id for call in calls}
        due, others = _split([t for t in week.turns if t.contact_id not in called], week.day)
        others = [turn for turn in others if _has_waited(turn, week.day)]
        cards, n_without = self._cards(
            week, due, others, now, n_people=n_people, n_others=min(n_people, FEW_PEOPLE)
        )
        return Digest(
            day=week.day,
            cards=tuple(_within(cards, MOST_PICKS)),
            n_without=n_without,
            calls=tuple(calls),
            occasions=tuple(
                one
                for one in self._standings.occasions(now=now, days=WEEK_DAYS - 1)
                if not is_hard(one.contact, week.day, self._zone)
            ),
            came_back=tuple(self._came_back(week.active, now)),
            gauge=self._standings.on(now=now).gauge,
        )

    def ideas(self, *, now: datetime, n_people: int) -> list[Card]:
        """One thing each for whoever waits the longest, whether it is their turn or not."""
        week = self.week(now=now)
        due, others = _split(week.turns, week.day)
        cards, _ = self._cards(
            week, due, others, now, n_people=n_people, n_others=n_people, n_each=1
        )
        return cards

    def week(self, *, now: datetime) -> Week:
        """How everybody stands."""
        active = {c.id: c for c in self._people.all() if may_be_written_to(c, now)}
        last = self._storage.history.last_touches(self._account_id)
        day = day_of(now, self._zone)
        turns = self._plans.turns(list(active.values()), last, day)
        return Week(day, active, [turn for turn in turns if not turn.at_rest], last)

    def _cards(
        self,
        week: Week,
        due: Sequence[Turn],
        others: Sequence[Turn],
        now: datetime,
        *,
        n_people: int,
        n_others: int,
        n_each: int = MOST_EACH,
    ) -> tuple[list[Card], int]:
        """Cards of those due, and of others as long as there are fewer than `n_others`.

        With the number of those due for whom nothing is good enough.
        """
        cadences = self._people.cadences()
        cards: list[Card] = []
        n_without = 0
        for turn, is_due in (*((t, True) for t in due), *((t, False) for t in others)):
            if len(cards) >= (n_people if is_due else n_others):
                break
            contact, touch = week.active[turn.contact_id], week.last.get(turn.contact_id)
            found = self._suggester.suggest(contact, now=now, n=n_each).suggestions
            if found:
                late = overdue_days(contact, touch, now, cadences)
                cards.append(Card(contact, found, last_contact(touch, now), late, is_due))
            n_without += not found and is_due
        return cards, n_without

    def _calls(self, week: Week, now: datetime) -> list[CallDue]:
        """This week's yearly calls: those already planned for it, then whoever waited longest."""
        since = week.day - timedelta(days=week.day.weekday())
        slots = self._storage.rhythm.slots_since(self._account_id, since)
        planned = {slot.contact_id for slot in slots if slot.action == "call"}
        n_left = most_calls(len(week.active)) - Past(slots).calls_of_week(week.day)
        fit = [turn for turn in week.turns if turn.call_is_due]
        ours = [turn for turn in fit if turn.contact_id in planned]
        spare = [t for t in fit if t.contact_id not in planned and not t.is_dormant]
        spare.sort(key=lambda t: (t.last is None, t.last or week.day, t.contact_id))
        return [
            CallDue(
                week.active[turn.contact_id],
                last_contact(week.last.get(turn.contact_id), now),
                self._plans.topics(week.active[turn.contact_id], now=now),
            )
            for turn in [*ours, *spare[: max(0, n_left)]]
        ]

    def _came_back(self, active: dict[str, Contact], now: datetime) -> Iterator[Reply]:
        """What they said in the last seven days, newest first."""
        touches = self._storage.history.touches(self._account_id)
        lately = (
            touch
            for touch in touches
            if touch.direction == "in"
            and touch.contact_id in active
            # To the hour: what came after the last digest of this weekday is in this one.
            and now - touch.at < timedelta(days=WEEK_DAYS)
        )
        for _, touch in zip(range(MOST_BACK), lately, strict=False):
            told = self._storage.items.texts([touch.item_id] if touch.item_id else [])
            yield Reply(active[touch.contact_id], touch, next((t for t, _ in told.values()), ""))


def _split(turns: Iterable[Turn], day: date) -> tuple[list[Turn], list[Turn]]:
    """(due within the week, not), most urgent first; two easy ones before each dormant one."""
    ordered = sorted(turns, key=lambda t: (day < t.window.latest, *_lateness(t, day)))
    until = day + timedelta(days=WEEK_DAYS - 1)
    due = [turn for turn in ordered if turn.window.due <= until]
    others = sorted((t for t in ordered if t.window.due > until), key=lambda t: _lateness(t, day))
    return list(_easy_first(due)), others


def _lateness(turn: Turn, day: date) -> tuple[float, str]:
    return -(day - turn.window.due).days / turn.cadence, turn.contact_id


def _easy_first(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Two who heard from the user within a year before each who did not, while there are any."""
    easy = [turn for turn in turns if not turn.is_dormant]
    dormant = [turn for turn in turns if turn.is_dormant]
    while easy or dormant:
        yield from easy[:EASY_BEFORE_DORMANT]
        yield from dormant[:1]
        easy, dormant = easy[EASY_BEFORE_DORMANT:], dormant[1:]


def _has_waited(turn: Turn, day: date) -> bool:
    """Whether half of the cadence has gone by: before that it is no week to write again."""
    return turn.last is None or 2 * (day - turn.last).days >= turn.cadence


def _within(cards: Sequence[Card], n_picks: int) -> Iterator[Card]:
    """Everybody's first, and everybody's second and third as long as there is room."""
    n_each = [0] * len(cards)
    for rank in range(MOST_EACH):
        for at, card in enumerate(cards):
            if len(card.suggestions) > rank and (rank == 0 or sum(n_each) < n_picks):
                n_each[at] += 1
    for n, card in zip(n_each, cards, strict=True):
        yield replace(card, suggestions=card.suggestions[:n])
