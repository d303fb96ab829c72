"""The digest: who deserves a few lines now, and with what. The rows behind page and mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommender.rhythm import last_contact, overdue_days
from recommender.safety import may_be_written_to

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Contact, Suggestion
    from recommender.services.people import People
    from recommender.services.suggest import Suggester
    from recommender.services.touches import Touches

DEFAULT_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Card:
    """One person with one thing to send."""

    contact: Contact
    suggestion: Suggestion
    last_contact: str
    overdue_days: int


@dataclass(frozen=True, slots=True)
class Digest:
    """The cards of a digest and who was left in peace."""

    cards: tuple[Card, ...]
    n_without: int
    """Active contacts for whom there is nothing worth sending."""


def build_digest(
    people: People,
    suggester: Suggester,
    touches: Touches,
    *,
    now: datetime,
    n_people: int = DEFAULT_PEOPLE,
) -> Digest:
    """One suggestion each for the people who are due the longest. Marks nothing as sent."""
    last = touches.last()
    cadences = people.cadences()
    active = [contact for contact in people.all() if may_be_written_to(contact, now)]
    late = {c.id: overdue_days(c, last.get(c.id), now, cadences) for c in active}
    due = sorted(active, key=lambda c: (-late[c.id], c.name))
    cards: list[Card] = []
    looked_at = 0
    for contact in due:
        if len(cards) == n_people:
            break
        looked_at += 1
        answer = suggester.suggest(contact, now=now, n=1)
        for suggestion in answer.suggestions:
            touch = last.get(contact.id)
            cards.append(
                Card(
                    contact,
                    suggestion,
                    last_contact(touch, now),
                    late[contact.id],
                )
            )
    return Digest(tuple(cards), looked_at - len(cards))
