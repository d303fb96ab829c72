"""Today's plan for one account: made once a day, shown the same whenever it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import SHARED
from recommender.errors import ContactNotFound, InvalidInput
from recommender.plan import ATTENTION_DAYS, Past, Planner, turn_of
from recommender.rhythm import (
    age_on,
    cadence_of,
    day_of,
    falls_on,
    is_at_rest,
    is_hard,
    last_contact,
)
from recommender.safety import may_be_written_to
from recommender.services.voice import birthday_for, hello_for, voice_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime, tzinfo

    from recommender.domain import Contact, Slot, Suggestion, Touch
    from recommender.plan import Turn
    from recommender.services.people import People
    from recommender.services.suggest import Suggester
    from recommender.storage.protocol import Storage

DEFAULT_MINUTES = 5
MAX_MINUTES = 480
N_TOPICS = 3


class Entry(NamedTuple):
    """One thing to do today, with all that is needed to do it."""

    slot: Slot
    contact: Contact
    suggestion: Suggestion | None
    why: str
    note: str
    topics: tuple[str, ...]
    """What to talk about on the phone."""
    last_contact: str
    is_done: bool

    @property
    def is_open(self) -> bool:
        """Neither done nor skipped."""
        return not self.is_done and self.slot.skipped_at is None


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a day."""

    day: date
    minutes: int
    entries: tuple[Entry, ...]
    n_people: int
    """Contacts that may be written to."""


class Plans:
    """The plans of one account.

    Args:
        storage: The library.
        account_id: Whose.
        people: Their contacts.
        suggester: Their suggestions.
        zone: The user's own, which says when a day begins.
    """

    def __init__(
        self,
        storage: Storage,
        account_id: str,
        people: People,
        suggester: Suggester,
        zone: tzinfo | None,
    ) -> None:
        self._storage = storage
        self._account_id = account_id
        self._people = people
        self._suggester = suggester
        self._zone = zone

    def today(self, *, now: datetime, minutes: int | None = None) -> Plan:
        """The plan of the day, made when it is first asked for.

        With other minutes than before it is made anew around what was done or skipped.

        Raises:
            InvalidInput: Minutes below 1 or above a working day.
        """
        usual = int(self._preferences().get("minutes", DEFAULT_MINUTES))
        if minutes is not None and not 1 <= minutes <= MAX_MINUTES:
            raise InvalidInput(f"minutes are between 1 and {MAX_MINUTES}, not {minutes}")
        day = day_of(now, self._zone)
        stored = self._storage.rhythm.plan(self._account_id, day)
        active = {c.id: c for c in self._people.all() if may_be_written_to(c, now)}
        last = self._storage.history.last_touches(self._account_id)
        if stored is None or (minutes is not None and minutes != stored[0]):
            kept = [
                slot
                for slot in (stored[1] if stored else ())
                if slot.skipped_at or self._is_done(slot, last)
            ]
            stored = (minutes or usual, self._make(active, last, day, minutes or usual, kept, now))
            self._storage.rhythm.put_plan(self._account_id, day, *stored, now=now)
        entries = [
            entry
            for slot in stored[1]
            if slot.contact_id in active
            and not is_hard(active[slot.contact_id], day, self._zone)
            and (entry := self._entry(slot, active[slot.contact_id], last, now))
        ]
        return Plan(day, stored[0], tuple(entries), len(active))

    def skip(self, contact: Contact, *, now: datetime, undo: bool = False) -> None:
        """Leave a contact out of today's plan, or take that back; nobody takes the place.

        Raises:
            ContactNotFound: Today's plan does not name the contact.
        """
        day = day_of(now, self._zone)
        minutes, slots = self._storage.rhythm.plan(self._account_id, day) or (0, [])
        if all(slot.contact_id != contact.id for slot in slots):
            raise ContactNotFound(f"{contact.name} is not in today's plan", ref=contact.slug)
        changed = [
            replace(slot, skipped_at=None if undo else now)
            if slot.contact_id == contact.id
            else slot
            for slot in slots
        ]
        self._storage.rhythm.put_plan(self._account_id, day, minutes, changed, now=now)

    def _preferences(self) -> dict[str, str]:
        return self._storage.rhythm.preferences(self._account_id)

    def _make(
        self,
        active: Mapping[str, Contact],
        last: Mapping[str, Touch],
        day: date,
        minutes: int,
        kept: Sequence[Slot],
        now: datetime,
    ) -> list[Slot]:
        since = day - timedelta(days=ATTENTION_DAYS)
        slots = self._storage.rhythm.slots_since(self._account_id, since)
        past = Past([slot for slot in slots if slot.day < day])

        def offer(contact_id: str) -> str | None:
            found = self._suggester.suggest(active[contact_id], now=now, n=1).suggestions
            return found[0].id if found else None

        turns = self.turns(list(active.values()), last, day)
        return Planner(day, len(active), past, offer).plan(turns, minutes, kept)

    def turns(
        self, contacts: Sequence[Contact], last: Mapping[str, Touch], day: date
    ) -> list[Turn]:
        """How everybody stands on a day, but those who have just had a hard time."""
        cadences = self._people.cadences()
        talks = self._storage.history.last_talks(self._account_id)
        return [
            self._turn(contact, last.get(contact.id), talks.get(contact.id), cadences, day)
            for contact in contacts
            if not is_hard(contact, day, self._zone)
        ]

    def _turn(
        self,
        contact: Contact,
        touch: Touch | None,
        talk: datetime | None,
        cadences: Mapping[str, int | None],
        day: date,
    ) -> Turn:
        # A touch "of tomorrow" is one of today: the clock went back.
        added, last, last_talk = (
            min(day, day_of(at, self._zone)) if at else None
            for at in (contact.created_at, touch.at if touch else None, talk)
        )
        return turn_of(
            contact.id,
            cadence_of(contact, cadences),
            day,
            added=added or day,
            last=last,
            last_talk=last_talk,
            has_day=falls_on(contact.birthday, day) or falls_on(contact.details.anniversary, day),
            at_rest=is_at_rest(touch, day, self._zone),
        )

    def _is_done(self, slot: Slot, last: Mapping[str, Touch]) -> bool:
        touch = last.get(slot.contact_id)
        if touch is None or day_of(touch.at, self._zone) < slot.day:
            return False
        if slot.action != "greet" or touch.direction == "out":
            return True
        # A letter of theirs is no congratulation; one may have come after it.
        touches = self._storage.history.touches(self._account_id, slot.contact_id)
        return any(t.direction == "out" and day_of(t.at, self._zone) >= slot.day for t in touches)

    def _entry(
        self, slot: Slot, contact: Contact, last: Mapping[str, Touch], now: datetime
    ) -> Entry | None:
        touch = last.get(contact.id)
        is_done = self._is_done(slot, last)
        suggestion = self._suggestion(slot, contact, now, is_done=is_done)
        if slot.action == "send" and suggestion is None and not is_done:
            return None
        return Entry(
            slot=slot,
            contact=contact,
            suggestion=suggestion,
            why=self._why(slot, contact, suggestion),
            note=self._note(slot, contact, suggestion),
            topics=self.topics(contact, now=now) if slot.action == "call" else (),
            last_contact=last_contact(touch, now),
            is_done=is_done,
        )

    def _suggestion(
        self, slot: Slot, contact: Contact, now: datetime, *, is_done: bool
    ) -> Suggestion | None:
        """What the slot was given; something else where the user did not want that."""
        if slot.action != "send" or slot.suggestion_id is None:
            return None
        known = self._suggester.one(contact, slot.suggestion_id, now=now)
        is_wanted = known is not None and known[1] in {"pending", "opened", *SHARED}
        found = known[0] if known and is_wanted else None
        if found is None and not is_done:
            others = self._suggester.suggest(contact, now=now, n=1).suggestions
            found = others[0] if others else None
        return found

    def _why(self, slot: Slot, contact: Contact, suggestion: Suggestion | None) -> str:
        if slot.action == "greet":
            return _occasion(contact, slot.day)
        if suggestion is not None:
            return suggestion.reason
        if slot.action == "call":
            return "a year without a talk: five minutes on the phone"
        return f"it is {contact.first_name}'s turn, and nothing in the pool is good enough"

    def _note(self, slot: Slot, contact: Contact, suggestion: Suggestion | None) -> str:
        if suggestion is not None:
            return suggestion.note
        voice = voice_of(self._preferences())
        if slot.action == "greet" and falls_on(contact.birthday, slot.day):
            return birthday_for(voice, contact)
        interests = [i for i in self._people.interests(contact) if i.polarity == "like"]
        return hello_for(voice, contact, interests[0].phrase if interests else "")

    def topics(self, contact: Contact, *, now: datetime) -> tuple[str, ...]:
        """Three things to talk about: what was sent last, what is new, what they care about."""
        events = self._storage.history.statuses(self._account_id, contact.id)
        sent = [e.item_id for e in reversed(events) if e.status in SHARED][:1]
        texts = self._storage.items.texts(sent)
        topics = [f"what came of \u201c{texts[i][0]}\u201d" for i in sent if i in texts]
        found = self._suggester.suggest(contact, now=now, n=N_TOPICS).suggestions
        topics += [f"\u201c{one.title}\u201d ({one.interest})" for one in found]
        interests = [i.phrase for i in self._people.interests(contact) if i.polarity == "like"]
        topics += [f"how {phrase} is going" for phrase in interests]
        return tuple(dict.fromkeys(topics))[:N_TOPICS]


def _occasion(contact: Contact, day: date) -> str:
    """What day of theirs it is."""
    if falls_on(contact.birthday, day):
        age = age_on(contact.birthday, day)
        return f"{contact.first_name}'s birthday" + (f": {age}" if age else "")
    years = age_on(contact.details.anniversary, day)
    return f"{contact.first_name}'s anniversary" + (f": {years} years" if years else "")
