"""The pool as the user looks at it: items, and whom each would be for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recommender.safety import is_muted, known_to, may_be_written_to

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Contact, Item, Kind
    from recommender.storage.protocol import Storage


class Fan(NamedTuple):
    """Somebody an item would be for."""

    contact: Contact
    phrase: str
    relevance: float


class Shown(NamedTuple):
    """An item as the pool shows it."""

    item: Item
    people: tuple[Fan, ...]
    """Whom it would be for, best first."""
    is_own: bool
    """A page that the user saved."""
    is_muted: bool


def browse(
    storage: Storage,
    account_id: str,
    *,
    threshold: float,
    now: datetime,
    kind: Kind | None = None,
    search: str = "",
    before_id: int | None = None,
    limit: int = 50,
) -> list[Shown]:
    """Items of the account's pool, newest first, below `before_id`.

    Whom an item is for is what matching says; whether it may be sent to them is for `suggest`.
    """
    items = storage.items.items(
        account_id, kind=kind, search=search, before_id=before_id, limit=limit
    )
    return shown(storage, account_id, items, threshold=threshold, now=now)


def shown(
    storage: Storage, account_id: str, items: list[Item], *, threshold: float, now: datetime
) -> list[Shown]:
    """Items with whom each would be for."""
    ids = [item.id for item in items]
    enjoyed = storage.matches.enjoyed_by(account_id, ids, at_least=threshold)
    own = storage.items.own_ids(account_id, ids)
    mutes = storage.rhythm.mutes(account_id)
    people = {c.id: c for c in storage.people.contacts(account_id) if may_be_written_to(c, now)}
    return [
        Shown(
            item,
            tuple(
                Fan(people[one.contact_id], one.phrase, one.relevance)
                for one in enjoyed.get(item.id, ())
                if one.contact_id in people and not known_to(item.url, people[one.contact_id])
            ),
            item.id in own,
            is_muted(item.title, item.text, item.feed_title, item.topics, mutes),
        )
        for item in items
    ]
