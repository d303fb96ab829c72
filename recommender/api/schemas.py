"""What the API takes and gives, for validation and OpenAPI; shapes are `services.shapes`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from recommender.domain import (
    Channel,
    ContactState,
    Direction,
    Humour,
    Kind,
    Origin,
    Polarity,
    Status,
    Topic,
    TouchKind,
)
from recommender.safety import Rule

Phrase = Annotated[str, Field(min_length=1, max_length=200, examples=["fly fishing"])]
FileBody = Annotated[
    bytes, Body(media_type="application/octet-stream", json_schema_extra={"format": "binary"})
]
"""A file as it is."""
Weight = Annotated[float, Field(gt=0, le=2)]


class Strict(BaseModel):
    """Unknown fields are refused: a typing error must not look like success."""

    model_config = ConfigDict(extra="forbid")


class InterestOut(BaseModel):
    """An interest of a contact."""

    id: str
    contact_id: str
    phrase: str
    weight: float
    polarity: Polarity
    origin: Origin
    created_at: datetime


class NamePartsOut(BaseModel):
    """A name in its parts; each may be empty."""

    family: str = ""
    given: str = ""
    additional: str = ""
    prefix: str = ""
    suffix: str = ""


class DetailsOut(BaseModel):
    """What an address book knows of a contact."""

    parts: NamePartsOut = NamePartsOut()
    nicknames: list[str] = []
    phones: list[str] = []
    addresses: list[str] = []
    role: str = ""
    feeds: list[str] = []
    languages: list[str] = []
    time_zone: str = ""
    channel: Channel | None = None
    anniversary: str = ""
    uids: list[str] = []


class ContactOut(BaseModel):
    """A contact with its interests."""

    id: str
    slug: str
    name: str
    first_name: str = ""
    emails: list[str]
    employer: str
    notes: str
    own_sites: list[str]
    humour: Humour
    state: ContactState
    cadence_days: int | None
    town: str = ""
    reads: list[str] = []
    taboo: list[str] = []
    groups: list[str] = []
    birthday: str = ""
    """1984-02-29, or --02-29 without the year."""
    paused_until: datetime | None = None
    hard_at: datetime | None = None
    """When a hard event was last heard of."""
    archived_at: datetime | None = None
    details: DetailsOut = DetailsOut()
    interests: list[InterestOut]
    created_at: datetime
    updated_at: datetime


class ContactIn(Strict):
    """A contact to add."""

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Joe Ferraro"])]
    emails: list[str] = []
    interests: list[Phrase] = []
    employer: Annotated[str, Field(max_length=200)] = ""
    notes: Annotated[str, Field(max_length=10_000)] = ""
    own_sites: list[str] = []
    humour: Humour | None = None
    """What you prefer for new contacts if left out."""
    cadence_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    town: Annotated[str, Field(max_length=200)] = ""
    reads: list[str] = []
    taboo: list[Topic] = []
    groups: list[str] = []
    birthday: Annotated[str, Field(max_length=10, examples=["--02-29"])] = ""


class ContactPatch(Strict):
    """Fields of a contact to change; those left out stay."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    emails: list[str] | None = None
    employer: Annotated[str, Field(max_length=200)] | None = None
    notes: Annotated[str, Field(max_length=10_000)] | None = None
    own_sites: list[str] | None = None
    humour: Humour | None = None
    state: ContactState | None = None
    cadence_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    town: Annotated[str, Field(max_length=200)] | None = None
    reads: list[str] | None = None
    taboo: list[Topic] | None = None
    groups: list[str] | None = None
    birthday: Annotated[str, Field(max_length=10)] | None = None
    paused_until: datetime | None = None
    hard_at: datetime | None = None
    archived_at: datetime | None = None
    phones: list[str] | None = None
    nicknames: list[str] | None = None
    role: Annotated[str, Field(max_length=200)] | None = None
    time_zone: Annotated[str, Field(max_length=100)] | None = None
    channel: Channel | None = None


class InterestIn(Strict):
    """An interest to add."""

    phrase: Phrase
    weight: Weight = 1.0
    polarity: Polarity = "like"


class InterestPatch(Strict):
    """Fields of an interest to change."""

    weight: Weight | None = None
    polarity: Polarity | None = None


class FeedOut(BaseModel):
    """A feed with its health."""

    id: int
    url: str
    title: str
    site_url: str | None
    kind: Kind
    checked_at: datetime | None
    succeeded_at: datetime | None
    next_check_at: datetime | None
    failures: int
    error: str | None
    problem: str | None = None
    """What kind of error: blocked, busy, gone, login, missing, not_a_feed, refused, …"""
    items_a_week: float | None = None
    full_text: Literal["on", "off", "auto"] = "auto"
    folders: list[str] = []
    has_login: bool = False
    condition: Literal["well", "new", "quiet", "ill"]
    health: str
    """How it is, in words."""
    what_to_do: str | None = None


class FeedIn(Strict):
    """A feed to subscribe to; it is read at the next refresh."""

    url: Annotated[str, Field(max_length=2000, examples=["https://example.com/feed.xml"])]
    kind: Literal["article", "joke"] = "article"
    title: Annotated[str, Field(max_length=300)] = ""
    folders: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=32)] = []


class SuggestedItem(BaseModel):
    """The item of a suggestion."""

    id: int
    kind: Kind
    url: str | None
    title: str
    text: str
    author: str | None
    feed: str
    published_at: datetime | None


class SuggestionOut(BaseModel):
    """An item to send, with its evidence."""

    id: str
    contact_id: str
    item: SuggestedItem
    interest: str
    relevance: Annotated[float, Field(ge=0, le=1)]
    cosine: float
    margin: float
    lexical: float
    score: float
    freshness: float
    weight: float
    lift: float
    span: Annotated[str, Field(max_length=160)]
    reason: str
    note: str
    status: Status


class Withheld(BaseModel):
    """An item that fits but must not be sent, and why."""

    item_id: int
    title: str
    rule: Rule
    reason: str


class SuggestionsOut(BaseModel):
    """What to send to one contact."""

    contact: ContactOut
    suggestions: list[SuggestionOut]
    nearest: SuggestionOut | None
    withheld: list[Withheld]
    last_contact: str
    silence: str


class PageIn(Strict):
    """A page at hand."""

    url: Annotated[str, Field(max_length=2000)] | None = None
    title: Annotated[str, Field(max_length=1000)] = ""
    text: Annotated[str, Field(max_length=100_000)] = ""
    selection: Annotated[str, Field(max_length=10_000)] = ""
    """What the reader selected of it; it counts more than the rest."""
    limit: Annotated[int, Field(ge=1, le=50)] = 5


class FitContact(BaseModel):
    """Who would enjoy it."""

    id: str
    slug: str
    name: str
    first_name: str = ""


class FitOut(BaseModel):
    """One contact who would enjoy a page."""

    contact: FitContact
    interest: str
    relevance: float
    span: str
    reason: str
    note: str
    """A draft that goes with the page; its first sentence is yours to write."""
    last_contact: str
    suggestion_id: str | None
    """By which what comes of it is noted, once something did; null for a page without address."""
    status: Status
    had_it: bool
    """Whether they were sent it already, or another copy of it."""
    has_email: bool


class FitsOut(BaseModel):
    """Everybody who would enjoy a page, best first."""

    people: list[FitOut]


class StatusIn(Strict):
    """What was done with a suggestion; `undo` takes the last change back."""

    status: Literal["opened", "sent", "liked", "replied", "snoozed", "dismissed", "less", "undo"]
    until: datetime | None = None
    note: Annotated[str, Field(max_length=10_000)] = ""


class StatusOut(BaseModel):
    """A change of a suggestion's status."""

    suggestion_id: str
    contact_id: str
    item_id: int
    status: Status
    at: datetime
    until: datetime | None


class TouchIn(Strict):
    """A touch to log."""

    kind: TouchKind
    direction: Direction | None = None
    at: datetime | None = None
    note: Annotated[str, Field(max_length=10_000)] = ""
    channel: Channel | None = None


class TouchOut(BaseModel):
    """A logged touch."""

    id: str
    contact_id: str
    kind: TouchKind
    direction: Direction
    at: datetime
    note: str
    item_id: int | None
    suggestion_id: str | None
    channel: Channel | None = None
    advice: list[str] = []
    """What the guard says to an ask of somebody who was given nothing for a year."""


class Page(BaseModel):
    """Where the next page of a list begins; null on the last."""

    next_cursor: str | None


class ContactsOut(Page):
    """A page of contacts, by name."""

    contacts: list[ContactOut]


class FeedsOut(BaseModel):
    """All feeds, by title."""

    feeds: list[FeedOut]


class TouchesOut(Page):
    """A page of touches, newest first."""

    touches: list[TouchOut]


class ProposalOut(BaseModel):
    """A change to interests that reactions suggest."""

    kind: Literal["add", "raise", "lower"]
    phrase: str
    words: Annotated[str, Field(examples=["crypto 0 of 3: still into crypto?"])]
    weight: float


class ProposalsOut(BaseModel):
    """What reactions suggest; nothing of it is applied."""

    proposals: list[ProposalOut]


class ProposalIn(Strict):
    """A proposal to accept."""

    phrase: Phrase


class InterestsOut(BaseModel):
    """A contact's interests, oldest first."""

    interests: list[InterestOut]


class Health(BaseModel):
    """Whether the service is well."""

    status: Literal["ok"]
