"""Cards: one person and one thing to do for them, in the state it is in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote

from recommender.domain import SHARED
from recommender.errors import InvalidInput, SuggestionNotFound
from recommender.plan import MINUTES
from recommender.rhythm import ago, falls_on, last_contact
from recommender.services.drafts import as_form
from recommender.services.voice import birthday_subject, voice_of
from recommender.web.rendering import Undo

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Action, Contact, Status, Suggestion, Touch
    from recommender.services.drafts import Form
    from recommender.services.planning import Entry
    from recommender.wiring import House

State = Literal["open", "opened", "settled"]
TODAY = "/"
_KINDS = {"article": "Article", "joke": "Joke", "page": "Saved page"}
_ACTIONS: dict[Action, str] = {
    "send": "Send something",
    "greet": "Congratulate",
    "call": "Call",
    "hello": "Write a line",
}


class Way(NamedTuple):
    """A link that opens a note in some program of the user's."""

    form: Form
    label: str
    url: str
    is_whole: bool
    """Whether the link holds the whole note; programs cut long ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that a card shows."""

    key: str
    """Names the card within a page."""
    contact: Contact
    action: Action
    minutes: int
    last_contact: str
    back: str
    """The page it stands on."""
    kind: str = ""
    title: str = ""
    url: str | None = None
    text: str = ""
    """The whole joke."""
    source: str = ""
    why: str = ""
    span: str = ""
    note: str = ""
    topics: tuple[str, ...] = ()
    subject: str = ""
    suggestion_id: str = ""
    state: State = "open"
    ways: tuple[Way, ...] = ()
    opens: bool = False
    """Whether the first way is to be gone at once: the user has just pressed Send."""
    said: str = ""
    """For a settled card: what was done. For an open one: what was done before it came."""
    undo: Undo | None = None
    may_leave_out: bool = False
    """Whether the person can be left out for the day."""


def of_suggestion(
    house: House,
    contact: Contact,
    suggestion: Suggestion,
    *,
    last: str,
    back: str,
    minutes: int = MINUTES["send"],
) -> Card:
    """The card of a suggestion, open or opened."""
    item = house.storage.items.item(house.account_id, suggestion.item_id)
    reading = f", {item.minutes} min read" if item.minutes and item.kind != "joke" else ""
    at = suggestion.published_at
    told = ago(at, _now()) if at else ""
    quoted = f"\u201c{suggestion.span}\u201d"
    why, has_span, _ = suggestion.reason.partition(quoted)
    card = Card(
        key=f"card-{suggestion.id}",
        contact=contact,
        action="send",
        minutes=minutes,
        last_contact=last,
        back=back,
        kind=_KINDS[suggestion.kind] + reading + (", for subscribers" if item.paywalled else ""),
        title=suggestion.title,
        url=suggestion.url if suggestion.kind != "joke" else None,
        text=suggestion.text if suggestion.kind == "joke" else "",
        source=", ".join(part for part in (suggestion.feed_title, told) if part),
        why=why.rstrip(),
        span=suggestion.span if has_span else "",
        note=suggestion.note,
        subject=suggestion.title,
        suggestion_id=suggestion.id,
    )
    return opened(card, card.note) if suggestion.status == "opened" else card


def by_id(
    house: House, suggestion_id: str, *, now: datetime, back: str, note: str = ""
) -> tuple[Card, Status]:
    """(card, status) of a suggestion.

    Raises:
        SuggestionNotFound: No suggestion has this id, or its match is gone.
    """
    contact = house.suggester.whose(suggestion_id)
    known = house.suggester.one(contact, suggestion_id, now=now)
    if known is None:
        raise SuggestionNotFound(
            f"that suggestion for {contact.first_name} is gone: the pool has moved on",
            ref=suggestion_id,
        )
    last = last_contact(house.touches.last().get(contact.id), now)
    card = of_suggestion(house, contact, known[0], last=last, back=back)
    if note.strip():
        card = replace(card, note=note)
        card = opened(card, note) if card.state == "opened" else card
    return card, known[1]


def of_entry(house: House, entry: Entry, *, now: datetime, last: Touch | None) -> Card:
    """The card of one entry of today's plan."""
    card = _open_entry(house, entry)
    name = entry.contact.first_name
    if entry.slot.skipped_at is not None:
        undo = Undo(f"/today/{entry.contact.id}/unskip")
        return settled(card, f"{name} is left out today.", undo)
    if entry.is_done:
        return settled(
            card, f"Done: you were in touch with {name} today.", _done(house, card, last)
        )
    return card


def _open_entry(house: House, entry: Entry) -> Card:
    if entry.suggestion is not None:
        return of_suggestion(
            house,
            entry.contact,
            entry.suggestion,
            last=entry.last_contact,
            back=TODAY,
            minutes=entry.slot.minutes,
        )
    return Card(
        key=f"card-{entry.contact.id}",
        contact=entry.contact,
        action=entry.slot.action,
        minutes=entry.slot.minutes,
        last_contact=entry.last_contact,
        back=TODAY,
        kind=_ACTIONS[entry.slot.action],
        title=entry.why[:1].upper() + entry.why[1:],
        note=entry.note,
        topics=entry.topics,
        subject=_subject(house, entry),
    )


def _subject(house: House, entry: Entry) -> str:
    if entry.slot.action == "greet" and falls_on(entry.contact.birthday, entry.slot.day):
        return birthday_subject(voice_of(house.storage.rhythm.preferences(house.account_id)))
    liked = [i.phrase for i in house.people.interests(entry.contact) if i.polarity == "like"]
    return liked[0] if liked else ""


def _done(house: House, card: Card, last: Touch | None) -> Undo | None:
    """How to take back what is done: the suggestion's status, or the touch that was logged."""
    if card.suggestion_id:
        known = house.suggester.one(card.contact, card.suggestion_id, now=_now())
        if known is not None and known[1] in SHARED:
            return Undo(f"/suggestions/{card.suggestion_id}/undo", {"back": TODAY})
    if last is None or last.suggestion_id or last.source:
        return None
    return Undo(f"/today/{card.contact.id}/undone", {"touch": last.id})


def opened(card: Card, note: str) -> Card:
    """The card while the user sends the note by a program of their own."""
    return replace(card, state="opened", note=note, ways=ways(card.contact, note, card.subject))


def settled(card: Card, said: str, undo: Undo | None) -> Card:
    """The card when nothing is left to do."""
    return replace(card, state="settled", said=said, undo=undo)


def ways(contact: Contact, note: str, subject: str) -> tuple[Way, ...]:
    """Links that open a note, the one that the contact likes best first; possibly none."""
    found = []
    for form, label in _labels(contact):
        try:
            url = as_form(contact, note, form, subject=subject, now=_now())
        except InvalidInput:
            continue
        is_whole = form != "mailto" or _body_of(url) == note.replace("\r\n", "\n")
        found.append(Way(form, label, url, is_whole))
    liked = contact.details.channel
    return tuple(sorted(found, key=lambda way: way.form != liked))


def _labels(contact: Contact) -> tuple[tuple[Form, str], ...]:
    name = contact.first_name
    return (
        ("mailto", "Open in your mail program"),
        ("sms", f"Text {name}"),
        ("whatsapp", f"WhatsApp {name}"),
    )


def _body_of(mailto: str) -> str:
    return unquote(mailto.partition("&body=")[2]).replace("\r\n", "\n")


def _now() -> datetime:
    from recommender.wiring import utc_now

    return utc_now()
