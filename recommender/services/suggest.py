"""Suggestions: stored matches through the pure rules. Reads rows, computes next to nothing.

Nothing heavy may be imported here: this is the path of `suggest --contact joe`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from recommender import ranking, safety
from recommender.domain import SHARED
from recommender.errors import InvalidInput, SuggestionNotFound
from recommender.services.learning import floats, taste_of
from recommender.services.repeats import MOST_COMPARED, first_new
from recommender.services.voice import note_for, voice_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from recommender.account import Mute
    from recommender.domain import (
        Candidate,
        Contact,
        Had,
        Interest,
        Kind,
        Status,
        StatusEvent,
        Suggestion,
        Touch,
    )
    from recommender.ranking import Scored
    from recommender.services.voice import Voice
    from recommender.storage.protocol import Storage

CANDIDATES_READ = 300
DIVERSIFIED = 40
DEFAULT_N = 3
MAX_N = 50
MAX_HAD = 1000


class Withheld(NamedTuple):
    """A relevant item that a rule held back."""

    item_id: int
    title: str
    rule: safety.Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What `suggest` says about one contact."""

    contact: Contact
    suggestions: tuple[Suggestion, ...]
    nearest: Suggestion | None
    """The best that stayed below the threshold, when there is nothing better."""
    withheld: tuple[Withheld, ...]
    """Relevant items that a rule held back; tender news first."""
    n_interests: int
    last_touch: Touch | None
    silence: str
    """Why there is nothing, in words; empty when there is something."""


class Suggester:
    """Suggestions of one account.

    Args:
        storage: The library.
        account_id: Whose contacts.
        threshold: Probability below which nothing is suggested.
    """

    def __init__(self, storage: Storage, account_id: str, threshold: float) -> None:
        self._storage = storage
        self._account_id = account_id
        self._threshold = threshold

    def suggest(
        self, contact: Contact, *, now: datetime, n: int = DEFAULT_N, kind: Kind | None = None
    ) -> Answer:
        """The best items to send to a contact now; possibly, and honestly, none.

        Args:
            contact: Whom to write to.
            now: Aware time.
            n: Most suggestions, 1 to 50.
            kind: Only items of this kind.

        Raises:
            InvalidInput: n is out of range.
        """
        if not 1 <= n <= MAX_N:
            raise InvalidInput(f"the number of suggestions is between 1 and {MAX_N}, not {n}")
        interests = self._storage.people.interests(self._account_id, contact.id)
        touches = self._storage.history.touches(self._account_id, contact.id)
        events = self._statuses(contact.id)
        pool = self._storage.matches.candidates(self._account_id, contact.id, limit=CANDIDATES_READ)
        if not safety.may_be_written_to(contact, now):
            pool = []
        likely, unlikely, withheld = self._sift(contact, pool, events, touches, kind, now)
        chosen = self._choose(likely, events, n)
        shown = partial(self._shown, contact, events, self._voice(), now)
        suggestions = tuple(map(shown, chosen))
        nearest = shown(unlikely[0]) if unlikely else None
        return Answer(
            contact=contact,
            suggestions=suggestions,
            nearest=None if suggestions else nearest,
            withheld=tuple(sorted(withheld, key=lambda one: one.rule != "tender")),
            n_interests=len(interests),
            last_touch=touches[0] if touches else None,
            silence="" if suggestions else self._silence(contact, interests, pool, likely, now),
        )

    def _silence(
        self,
        contact: Contact,
        interests: Sequence[Interest],
        pool: Sequence[Candidate],
        likely: Sequence[Scored],
        now: datetime,
    ) -> str:
        """Why there is nothing, in words."""
        name = contact.first_name
        if put_away := safety.why_not(contact, now):
            return put_away
        if not interests:
            return (
                f'{name} has no interests yet: `sawthis interests add {contact.slug} "…"` adds one'
            )
        if likely:
            return "only jokes are left, and the last shares had one"
        from recommender.services.hints import foreign_hint

        if hint := foreign_hint(self._storage, interests):
            return hint
        if not pool:
            return f"nothing in the pool comes near {name}'s interests"
        return f"nothing in the pool is a good enough fit for {name} right now"

    def _statuses(self, contact_id: str) -> dict[str, StatusEvent]:
        events = self._storage.history.statuses(self._account_id, contact_id)
        return {event.suggestion_id: event for event in events}

    def _sift(
        self,
        contact: Contact,
        pool: Sequence[Candidate],
        events: Mapping[str, StatusEvent],
        touches: Sequence[Touch],
        kind: Kind | None,
        now: datetime,
    ) -> tuple[list[Scored], list[Scored], list[Withheld]]:
        """(above the threshold, below it, withheld with reason)."""
        avoided = self._storage.matches.avoided(
            self._account_id, contact.id, at_least=ranking.AVOID_FROM
        )
        mutes = self._storage.rhythm.mutes(self._account_id)
        sources = {mute.value.casefold() for mute in mutes if mute.kind == "source"}
        allowed: list[Candidate] = []
        withheld: dict[int, Withheld] = {}
        for candidate in ranking.unseen(pool, events, now, self._had(events, now)):
            if candidate.item_id in avoided or (kind and candidate.kind != kind):
                continue
            if candidate.feed_title.casefold() in sources:
                continue
            objection = safety.objection(candidate, contact, touches, now)
            if objection is None:
                allowed.append(candidate)
            elif candidate.relevance >= self._threshold:
                withheld[candidate.item_id] = _withheld(candidate, objection)
        likely = [c for c in allowed if c.relevance >= self._threshold]
        unlikely = [c for c in allowed if c.relevance < self._threshold]
        best = ranking.score(likely, now)[:DIVERSIFIED]
        tender = self._tender([one.candidate for one in best], contact)
        muted = self._muted([one.candidate for one in best], mutes)
        gone = tender.keys() | muted
        return (
            [one for one in best if one.candidate.item_id not in gone],
            ranking.score(unlikely, now),
            [*withheld.values(), *tender.values()],
        )

    def _had(self, events: Mapping[str, StatusEvent], now: datetime) -> list[ranking.Look]:
        """Looks of what is closed for a contact, also where its match is gone long since."""
        ids = [event.item_id for event in events.values() if ranking.is_closed(event, now)]
        return [ranking.Look(*look) for look in self._storage.items.looks(ids)]

    def _tender(self, candidates: Sequence[Candidate], contact: Contact) -> dict[int, Withheld]:
        """Which of them bring trouble that is close to the contact; for that they are read."""
        texts = self._storage.items.texts([candidate.item_id for candidate in candidates])
        return {
            candidate.item_id: _withheld(candidate, objection)
            for candidate in candidates
            for title, text in (texts.get(candidate.item_id, (candidate.title, "")),)
            if (objection := safety.tender(title, text, contact))
        }

    def _muted(self, candidates: Sequence[Candidate], mutes: Sequence[Mute]) -> set[int]:
        """Which of them are about what the user has muted; for that they are read."""
        if not mutes:
            return set()
        texts = self._storage.items.texts([candidate.item_id for candidate in candidates])
        return {
            c.item_id
            for c in candidates
            for title, text in (texts.get(c.item_id, (c.title, "")),)
            if safety.is_muted(title, text, c.feed_title, c.topics, mutes)
        }

    def history(self, contact: Contact) -> list[Had]:
        """What came of everything that was suggested for a contact, newest first."""
        found = self._storage.history.had(self._account_id, contact_id=contact.id, limit=MAX_HAD)
        return [had for _, had in found]

    def _choose(
        self, likely: Sequence[Scored], events: Mapping[str, StatusEvent], n: int
    ) -> list[Scored]:
        best = list(likely)
        had = [event.item_id for event in events.values() if event.status in ranking.CLOSED]
        had = had[-MOST_COMPARED:] if best else []
        vectors: dict[int, Sequence[float]] = {}
        if len(best) > 1 or had:
            vectors = self._vectors([*(one.candidate.item_id for one in best), *had])
        taste = taste_of(self._storage, events.values()) if len(best) > 1 else None
        if taste is not None:
            ids = [one.candidate.item_id for one in best]
            lifts = {i: taste.lift(vectors[i]) for i in ids if i in vectors}
            best = ranking.lifted(best, lifts)
        sent = [e for e in reversed(list(events.values())) if e.status in SHARED]
        kinds = self._kinds([event.item_id for event in sent[: safety.SHARES_PER_JOKE]])
        mixed = ranking.at_most_one_joke(
            ranking.diversified(best, vectors), first_may_be_joke=safety.joke_is_due(kinds)
        )
        return first_new(self._storage, mixed, vectors, had, n)

    def _vectors(self, item_ids: Sequence[int]) -> dict[int, Sequence[float]]:
        model_key = self._storage.vectors.active_model() or ""
        blobs = self._storage.vectors.item_vectors(model_key, item_ids)
        return {item_id: floats(blob) for item_id, blob in blobs.items()}

    def _kinds(self, item_ids: Sequence[int]) -> list[str]:
        return [self._storage.items.item(self._account_id, i).kind for i in item_ids if i]

    def one(
        self, contact: Contact, suggestion_id: str, *, now: datetime
    ) -> tuple[Suggestion, Status] | None:
        """A suggestion by its id, with what became of it so far, if its match is still there."""
        candidate = self._storage.matches.candidate(self._account_id, suggestion_id)
        if candidate is None:
            return None
        events = self._statuses(contact.id)
        (scored,) = ranking.score([candidate], now)
        event = events.get(suggestion_id)
        return (
            self._shown(contact, events, self._voice(), now, scored),
            event.status if event else "pending",
        )

    def _shown(
        self,
        contact: Contact,
        events: Mapping[str, StatusEvent],
        voice: Voice,
        now: datetime,
        scored: Scored,
    ) -> Suggestion:
        event = events.get(scored.candidate.suggestion_id)
        suggestion = ranking.to_suggestion(contact, scored, event, now)
        return replace(suggestion, note=note_for(voice, contact, suggestion))

    def _voice(self) -> Voice:
        # Read each time: `serve` lives long, and the user may have changed it.
        return voice_of(self._storage.rhythm.preferences(self._account_id))

    def whose(self, suggestion_id: str) -> Contact:
        """The contact a suggestion is for, or SuggestionNotFound."""
        contact_id = self._storage.matches.contact_of(self._account_id, suggestion_id)
        if contact_id is None:
            raise SuggestionNotFound(
                f"no suggestion has the id {suggestion_id}; "
                "`sawthis suggest --contact NAME` shows them with their ids",
                ref=suggestion_id,
            )
        return self._storage.people.contact(self._account_id, contact_id)


def _withheld(candidate: Candidate, objection: safety.Objection) -> Withheld:
    return Withheld(candidate.item_id, candidate.title, objection.rule, objection.reason)
