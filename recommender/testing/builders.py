"""Things to test with, ready made; every field can be given otherwise."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from recommender.domain import (
    Contact,
    Interest,
    Match,
    NewItem,
    Touch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recommender.storage.protocol import Storage


NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
MODEL = "test-model"


def make_contact(name: str = "Joe Ferraro", **changes: object) -> Contact:
    """A contact with sensible values; its id is its slug."""
    slug = name.casefold().replace(" ", "-")
    contact = Contact(
        id=slug,
        slug=slug,
        name=name,
        emails=(f"{slug}@mail.example",),
        employer="",
        notes="",
        own_sites=(),
        humour="none",
        state="active",
        cadence_days=None,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(contact, **changes)  # type: ignore[arg-type]  # checked where it is used


def make_interest(contact: Contact, phrase: str = "sailing", **changes: object) -> Interest:
    """An interest of a contact; its id is made of both."""
    made = Interest(f"{contact.id}:{phrase}", contact.id, phrase, 1.0, "like", "stated", NOW)
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


def make_item(key: str = "https://example.com/a", **changes: object) -> NewItem:
    """An item on its way into the pool."""
    made = NewItem(
        key=key,
        kind="article",
        url=key,
        title=f"About {key}",
        text="The wind backed to the west before noon.",
        author=None,
        language="en",
        tags=("sea",),
        published_at=NOW,
        content_hash=key,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


@contextmanager
def raises(kind: type[Exception]) -> Iterator[None]:
    """The block must raise an error of this kind."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def fill(storage: Storage, account_id: str = "me", n_items: int = 3) -> tuple[Contact, Interest]:
    """A contact with an interest, a feed with items, and their vectors."""
    contact = make_contact()
    interest = make_interest(contact)
    storage.people.add_contact(account_id, contact)
    storage.people.add_interest(account_id, interest)
    url = "https://example.com/feed"
    feed = storage.feeds.subscribe(account_id, url, kind="article", title="Feed", now=NOW)
    items = [make_item(f"https://example.com/{n}") for n in range(n_items)]
    storage.items.put_items(items, feed_id=feed.id, owner_id="", now=NOW)
    ids = [row[0] for row in storage.items.without_vector(MODEL, limit=n_items)]
    storage.vectors.put_item_vectors(MODEL, {item_id: b"\0" * 16 for item_id in ids})
    storage.vectors.put_interest_vector(account_id, interest.id, MODEL, b"\0" * 16)
    storage.vectors.activate_model(MODEL)
    return contact, interest


def make_touch(contact: Contact, at: datetime = NOW, **changes: object) -> Touch:
    """A touch with a contact: something sent."""
    name = f"t-{contact.id}-{at.isoformat()}"
    made = Touch(name, contact.id, "sent", "out", at, "", None, None)
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


def make_match(interest: Interest, item_id: int, relevance: float = 0.5) -> Match:
    """A match of an interest."""
    return Match(
        contact_id=interest.contact_id,
        interest_id=interest.id,
        item_id=item_id,
        relevance=relevance,
        cosine=0.3,
        margin=0.5,
        lexical=0.1,
        span="The wind backed",
    )
