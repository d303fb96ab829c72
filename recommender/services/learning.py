"""What was done with suggestions, turned into taste and into proposals."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from typing import TYPE_CHECKING

from recommender.domain import SHARED
from recommender.errors import InterestNotFound
from recommender.learning import (
    REMEMBERED,
    SIGNALS,
    Proposal,
    Taste,
    on_interests,
    on_subjects,
    taste,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from recommender.domain import Contact, Interest, StatusEvent
    from recommender.services.people import People
    from recommender.storage.protocol import Storage

KIN_COSINE = 0.6
"""A subject that lies this near a stated interest would be no news to propose."""


def floats(blob: bytes) -> Sequence[float]:
    """A stored vector without numpy, which would cost `suggest` more than all the rest."""
    values = array("f")
    values.frombytes(blob)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def taste_of(storage: Storage, events: Iterable[StatusEvent]) -> Taste | None:
    """The taste that a contact's newest events show, oldest first; None if they show none."""
    heard = [event for event in events if event.status in SIGNALS][-REMEMBERED:]
    model_key = storage.vectors.active_model()
    mean = storage.vectors.mean(model_key) if heard and model_key else None
    if mean is None or model_key is None:
        return None
    blobs = storage.vectors.item_vectors(model_key, [event.item_id for event in heard])
    vectors = {item_id: floats(blob) for item_id, blob in blobs.items()}
    return taste([(event.item_id, event.status) for event in heard], vectors, floats(mean))


class Learner:
    """Proposals for one account's contacts."""

    def __init__(self, storage: Storage, account_id: str, people: People) -> None:
        self._storage = storage
        self._account_id = account_id
        self._people = people

    def proposals(self, contact: Contact) -> list[Proposal]:
        """Changes to a contact's interests that reactions suggest; nothing is applied."""
        interests = self._people.interests(contact)
        events = [
            event
            for event in self._storage.history.statuses(self._account_id, contact.id)
            if event.status in SIGNALS
        ]
        served = [
            (candidate.interest_id, event.status)
            for event in events
            if (candidate := self._storage.matches.candidate(self._account_id, event.suggestion_id))
        ]
        return [
            *on_interests(interests, served),
            *on_subjects(self._subjects(interests, events)),
        ]

    def accept(self, contact: Contact, phrase: str, *, now: datetime) -> Interest:
        """Apply a proposal.

        Raises:
            InterestNotFound: Nothing of this phrase is proposed.
        """
        for proposal in self.proposals(contact):
            if proposal.phrase.casefold() != phrase.strip().casefold():
                continue
            if proposal.kind == "add":
                return self._people.add_interest(
                    contact, proposal.phrase, now=now, origin="learned", weight=proposal.weight
                )
            interest = self._people.find_interest(contact, proposal.phrase)
            return self._people.edit_interest(interest, weight=proposal.weight)
        raise InterestNotFound(
            f"nothing is proposed about “{phrase}”; `sawthis interests proposals {contact.slug}`"
            " lists what is",
            ref=phrase,
        )

    def _subjects(
        self, interests: Sequence[Interest], events: Sequence[StatusEvent]
    ) -> dict[str, tuple[int, int]]:
        """Subject -> (good, all) reactions to items nearest to it, but for stated interests."""
        import numpy as np
        from recommender_models import all_subjects, from_bytes

        from recommender.services.embedding import stored_background

        model_key = self._storage.vectors.active_model()
        known = stored_background(self._storage, model_key) if model_key and events else None
        if known is None or model_key is None:
            return {}
        blobs = self._storage.vectors.item_vectors(model_key, [e.item_id for e in events])
        heard = [event for event in events if event.item_id in blobs]
        if not heard:
            return {}
        dim = known.subjects.shape[1]
        items = known.centred(np.stack([from_bytes(blobs[e.item_id], dim) for e in heard]))
        stored = self._storage.vectors.interest_vectors(self._account_id, model_key)
        mine = [stored[one.id][0] for one in interests if one.id in stored]
        like = np.zeros(len(known.subjects))
        if mine:
            stated = known.centred(np.stack([from_bytes(blob, dim) for blob in mine]))
            like = (known.subjects @ stated.T).max(axis=1)
        nearest = np.argmax(items @ known.subjects.T, axis=1).tolist()
        subjects = all_subjects()
        total: Counter[str] = Counter()
        good: Counter[str] = Counter()
        for at, event in zip(nearest, heard, strict=True):
            if like[at] < KIN_COSINE:
                total[subjects[at]] += 1
                good[subjects[at]] += event.status in SHARED
        return {subject: (good[subject], n) for subject, n in total.items()}
