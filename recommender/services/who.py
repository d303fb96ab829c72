"""The other way round: a page at hand, who would enjoy it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommender.domain import MAX_SPAN_CHARACTERS, SHARED
from recommender.errors import InvalidInput
from recommender.ranking import AVOID_FROM
from recommender.rhythm import last_contact
from recommender.safety import known_to, may_be_written_to, tender, unfit
from recommender.words import clip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import Contact, Match
    from recommender.services.judging import Query
    from recommender.services.matching import Matching
    from recommender.storage.protocol import Storage

MAX_TEXT_CHARACTERS = 100_000
DEFAULT_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Fit:
    """One contact who would enjoy the page."""

    contact: Contact
    interest: str
    relevance: float
    span: str
    last_contact: str
    had_it: bool
    """Whether this URL was already sent to the contact."""


def who_would_enjoy(
    storage: Storage,
    account_id: str,
    matching: Matching,
    *,
    url: str | None,
    title: str,
    text: str,
    selection: str = "",
    threshold: float,
    now: datetime,
    n: int = DEFAULT_PEOPLE,
) -> list[Fit]:
    """The contacts whose interests the page serves, best first; possibly none.

    What the reader selected of it is read first, and so counts more than the rest.

    Raises:
        InvalidInput: There is no text to judge by.
    """
    if selection.strip():
        text = f"{selection.strip()}\n\n{text}"
    if not (title.strip() or text.strip()):
        raise InvalidInput("there is no text to judge by; give the page's title or text")
    queries = matching.queries(account_id)
    title, text = title[:1000], text[:MAX_TEXT_CHARACTERS]
    page = matching.page(title, text)
    matches = matching.match_text(queries, title, text, page)
    topics = matching.rating(title, text, page).topics
    avoided = {
        q.interest.contact_id: True
        for q in queries.all
        if q.interest.polarity == "avoid"
        and any(m.interest_id == q.interest.id and m.relevance >= AVOID_FROM for m in matches)
    }
    best = _best(queries.all, matches, threshold)
    contacts = {c.id: c for c in storage.people.contacts(account_id)} if best else {}
    last = storage.history.last_touches(account_id) if best else {}
    had = _had(storage, account_id, url)
    phrases = {q.interest.id: q.interest.phrase for q in queries.all}
    fits = [
        Fit(
            contact=contact,
            interest=phrases[match.interest_id],
            relevance=match.relevance,
            span=clip(match.span, limit=MAX_SPAN_CHARACTERS),
            last_contact=last_contact(last.get(contact.id), now),
            had_it=contact.id in had,
        )
        for match in best.values()
        for contact in (contacts[match.contact_id],)
        if contact.id not in avoided
        and may_be_written_to(contact, now)
        and not known_to(url, contact)
        and not unfit("page", None, topics, contact)
        and not tender(title, text, contact)
    ]
    return sorted(fits, key=lambda fit: (-fit.relevance, fit.contact.name))[:n]


def _best(queries: Sequence[Query], matches: Sequence[Match], threshold: float) -> dict[str, Match]:
    """Contact id -> the best match of what they like, where it is good enough."""
    liked = {q.interest.id for q in queries if q.interest.polarity == "like"}
    best: dict[str, Match] = {}
    for match in matches:
        known = best.get(match.contact_id)
        if match.interest_id not in liked or match.relevance < threshold:
            continue
        if known is None or match.relevance > known.relevance:
            best[match.contact_id] = match
    return best


def _had(storage: Storage, account_id: str, url: str | None) -> set[str]:
    """Contacts to whom an item with this URL was sent."""
    if not url:
        return set()
    from recommender_feeds import canonical_url

    key = canonical_url(url)
    return {
        event.contact_id
        for event in storage.history.statuses(account_id)
        if event.status in SHARED and event.item_key == key
    }
