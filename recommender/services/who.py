"""The other way round: a page at hand, who would enjoy it?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from recommender.domain import MAX_SPAN_CHARACTERS, SHARED, suggestion_id
from recommender.errors import InvalidInput
from recommender.ranking import AVOID_FROM, because, disguise
from recommender.rhythm import day_of, is_hard, last_contact
from recommender.safety import is_muted, is_read, known_to, may_be_written_to, tender, unfit
from recommender.services.voice import note_about, voice_of
from recommender.words import clip

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, tzinfo

    from recommender.domain import Contact, Match, Status, StatusEvent, Topic
    from recommender.services.judging import Query
    from recommender.services.matching import Matching
    from recommender.storage.protocol import Storage

MAX_TEXT_CHARACTERS = 100_000
DEFAULT_PEOPLE = 5
UNWANTED = frozenset({"dismissed", "less"})
"""What is not offered to the same person again."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One contact who would enjoy the page."""

    contact: Contact
    interest: str
    relevance: float
    span: str
    reason: str
    """One sentence with the interest and the span."""
    note: str
    """A draft that goes with the page."""
    last_contact: str
    suggestion_id: str | None
    """By which what came of it is noted; None for a page without an address."""
    status: Status
    """What came of it so far: pending if nothing did."""
    had_it: bool
    """Whether the page, or another copy of it, was already sent to the contact."""


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
    zone: tzinfo | None = None,
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
    if is_muted(title, text, "", topics, storage.rhythm.mutes(account_id)):
        return []
    avoided = {
        q.interest.contact_id: True
        for q in queries.all
        if q.interest.polarity == "avoid"
        and any(m.interest_id == q.interest.id and m.relevance >= AVOID_FROM for m in matches)
    }
    best = _best(queries.all, matches, threshold)
    contacts = {c.id: c for c in storage.people.contacts(account_id)} if best else {}
    told = _Told(url, title, text, topics)
    wanted = [
        (contact, match)
        for match in sorted(best.values(), key=lambda m: -m.relevance)
        for contact in (contacts[match.contact_id],)
        if contact.id not in avoided
        and may_be_written_to(contact, now)
        and not is_hard(contact, day_of(now, zone), zone)
        and told.suits(contact)
    ]
    if not wanted:
        return []
    phrases = {q.interest.id: q.interest.phrase for q in queries.all}
    asked = {contact.id for contact, _ in wanted}
    shown = _Shown(storage, account_id, url, title, phrases, asked, now)
    fits = [fit for pair in wanted if (fit := shown.fit(*pair)).status not in UNWANTED]
    return sorted(fits, key=lambda fit: (-fit.relevance, fit.contact.name))[:n]


@dataclass(frozen=True)
class _Told:
    """What a page says, held against what a contact may be sent."""

    url: str | None
    title: str
    text: str
    topics: Sequence[Topic]

    @cached_property
    def language(self) -> str | None:
        """Found out only where somebody minds."""
        from recommender_feeds import language_of

        return language_of(self.title, self.text, None)

    def suits(self, contact: Contact) -> bool:
        """Whether it is nothing of their own, nothing unfit, and nothing they can't read."""
        languages = contact.details.languages
        return not (
            known_to(self.url, contact)
            or unfit("page", None, self.topics, contact)
            or tender(self.title, self.text, contact)
            or (languages and not is_read(self.language, languages))
        )


class _Shown:
    """A page as it is shown for one contact or another, with what came of it before."""

    def __init__(
        self,
        storage: Storage,
        account_id: str,
        url: str | None,
        title: str,
        phrases: Mapping[str, str],
        asked: Collection[str],
        now: datetime,
    ) -> None:
        from recommender_feeds import canonical_url

        self._account_id = account_id
        self._url = url
        self._title = title
        self._key = canonical_url(url) if url else None
        self._phrases = phrases
        self._now = now
        self._last = storage.history.last_touches(account_id)
        self._voice = voice_of(storage.rhythm.preferences(account_id))
        events = storage.history.statuses(account_id)
        self._statuses = {event.suggestion_id: event for event in events}
        self._had = self._who_had(storage, [e for e in events if e.contact_id in asked])

    def _who_had(self, storage: Storage, events: Sequence[StatusEvent]) -> set[str]:
        """Of those asked about, to whom this page, or an item of its title, was sent."""
        sent = [event for event in events if event.status in SHARED]
        look = disguise(self._title)
        titles = storage.items.texts([event.item_id for event in sent]) if look else {}
        return {
            event.contact_id
            for event in sent
            if event.item_key == self._key
            or (event.item_id in titles and disguise(titles[event.item_id][0]) == look)
        }

    def fit(self, contact: Contact, match: Match) -> Fit:
        """The page for a contact."""
        ref = suggestion_id(self._account_id, contact.id, self._key) if self._key else None
        event = self._statuses.get(ref or "")
        phrase, span = self._phrases[match.interest_id], clip(match.span, limit=MAX_SPAN_CHARACTERS)
        return Fit(
            contact=contact,
            interest=phrase,
            relevance=match.relevance,
            span=span,
            reason=because(contact, phrase, "page", span if span != self._title else ""),
            note=note_about(self._voice, contact, phrase, self._title, self._url),
            last_contact=last_contact(self._last.get(contact.id), self._now),
            suggestion_id=ref,
            status=event.status if event else "pending",
            had_it=contact.id in self._had,
        )


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
