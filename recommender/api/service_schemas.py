"""What the API says of feeds, items, jobs, access and the account; shapes are `services.shapes`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from recommender.account import MuteKind, Scope
from recommender.api.schemas import FitContact, Page, StatusOut, Strict
from recommender.domain import Kind, Level, Topic
from recommender.services.drafts import Form
from recommender.services.jobs import JobKind, JobState

Url = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://example.com/essay"])]


class FeedPatch(Strict):
    """How a feed is read."""

    full_text: Literal["on", "off", "auto"]


class LoginIn(Strict):
    """What a feed's server is shown; kept, never told again."""

    kind: Literal["basic", "cookie"]
    value: Annotated[
        str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00-\x1f]+$", examples=["me:pass"])
    ]


class AddressIn(Strict):
    """An address as people type it."""

    url: Annotated[str, Field(min_length=1, max_length=2000, examples=["xkcd.com"])]


class LatestOut(BaseModel):
    """One of the last entries of a feed."""

    title: str
    published_at: datetime | None


class OfferOut(BaseModel):
    """A feed that can be subscribed to."""

    url: str
    title: str
    site_url: str | None
    entries: int
    latest: list[LatestOut]


class OffersOut(BaseModel):
    """The feeds behind an address."""

    offers: list[OfferOut]


class CatalogueFeedOut(BaseModel):
    """A well-known feed."""

    url: str
    title: str
    home: str
    subject: str
    kind: Kind
    language: str
    rating: str


class CatalogueOut(BaseModel):
    """Well-known feeds, by subject."""

    feeds: list[CatalogueFeedOut]


class OpmlOut(BaseModel):
    """What came of an OPML file."""

    added: int
    already_there: int
    skipped: list[str]


class FanOut(BaseModel):
    """Somebody an item would be for."""

    contact: FitContact
    interest: str
    relevance: float


class ItemOut(BaseModel):
    """An item of the pool."""

    id: int
    kind: Kind
    url: str | None
    title: str
    text: str = ""
    """Left out in lists."""
    author: str | None
    language: str | None
    tags: list[str]
    feed: str
    minutes: int | None
    paywalled: bool
    level: Level | None
    topics: list[Topic]
    published_at: datetime | None
    updated_at: datetime | None
    fetched_at: datetime
    own: bool = False
    """A page that you saved."""
    muted: bool = False
    people: list[FanOut] = []
    """Whom it would be for, best first."""


class ItemsOut(Page):
    """A page of items, newest first."""

    items: list[ItemOut]


class RevisionOut(BaseModel):
    """An item as it was before an update."""

    until: datetime
    changed: list[str]
    title: str
    text: str


class RevisionsOut(BaseModel):
    """What an item was before each update, newest first."""

    revisions: list[RevisionOut]


class ItemIn(Strict):
    """A page to save; it is fetched if its text is not at hand."""

    url: Url
    title: Annotated[str, Field(max_length=1000)] = ""
    text: Annotated[str, Field(max_length=100_000)] = ""


class MuteIn(Strict):
    """What to suggest to nobody: a source by the name items have it by, or words."""

    kind: MuteKind
    value: Annotated[str, Field(min_length=1, max_length=200, examples=["crypto"])]


class MuteOut(BaseModel):
    """What is suggested to nobody."""

    kind: MuteKind
    value: str
    created_at: datetime


class MutesOut(BaseModel):
    """All mutes, oldest first."""

    mutes: list[MuteOut]


class HadOut(StatusOut):
    """What came of a suggestion, with its item."""

    kind: Kind
    title: str
    url: str | None


class HadsOut(Page):
    """A page of what came of suggestions, newest first."""

    suggestions: list[HadOut]


class DraftIn(Strict):
    """In what form a note is wanted."""

    form: Form = "mailto"
    note: Annotated[str, Field(max_length=10_000)] | None = None
    """Your words; the prepared ones if left out."""


class DraftOut(BaseModel):
    """A note, ready to be sent by you."""

    contact_id: str
    form: Form
    subject: str
    draft: str


class ShareIn(Strict):
    """A page that you found for somebody, and what you do with it."""

    url: Url
    title: Annotated[str, Field(max_length=1000)] = ""
    text: Annotated[str, Field(max_length=100_000)] = ""
    status: Literal["opened", "sent", "dismissed"] = "opened"
    note: Annotated[str, Field(max_length=10_000)] = ""
    form: Form = "mailto"


class ShareOut(StatusOut):
    """What was noted, and your note in the form that was wanted."""

    form: Form
    draft: str
    """Empty where it is not for them."""


class FoundInterestOut(BaseModel):
    """What somebody writes about again and again."""

    phrase: str
    n: int
    of: int
    example: str


class FoundInterestsOut(BaseModel):
    """What a contact's own site is about; nothing is added."""

    found: list[FoundInterestOut]


class LettersOut(BaseModel):
    """What letters came to."""

    letters: int
    logged: int
    known: int
    strangers: int
    impersonal: int
    failed: int


class CardDavIn(Strict):
    """An address book on a server."""

    url: Url
    user: Annotated[str, Field(max_length=300)] = ""
    password: Annotated[str, Field(max_length=1000)] = ""


class GroupIn(Strict):
    """How often a group is to hear from you."""

    cadence_days: Annotated[int, Field(ge=1, le=3650)] | None


class GroupOut(BaseModel):
    """A group of contacts."""

    name: str
    contacts: int
    cadence_days: int | None


class GroupsOut(BaseModel):
    """Groups by name."""

    groups: list[GroupOut]


class PreferencesOut(BaseModel):
    """What you have set; empty for the usual."""

    preferences: Annotated[
        dict[str, str], Field(examples=[{"minutes": "10", "voice.language": "en"}])
    ]


class PreferencesIn(Strict):
    """What to set; an empty value goes back to the usual."""

    preferences: Annotated[
        dict[str, Annotated[str, Field(max_length=2000)]],
        Field(max_length=20, examples=[{"minutes": "10"}]),
    ]


class JobOut(BaseModel):
    """How far long work is."""

    id: str
    kind: JobKind
    state: JobState
    stage: str
    done: int
    total: int
    result: dict[str, Any] | None
    error: str
    started_at: datetime
    ended_at: datetime | None


class JobsOut(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobOut]


class TokenIn(Strict):
    """A token to make."""

    name: Annotated[str, Field(min_length=1, max_length=80, examples=["laptop"])]
    scope: Scope = "write"
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """After how many it runs out; never if left out."""


class TokenOut(BaseModel):
    """A token, without its secret."""

    id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewTokenOut(TokenOut):
    """A token with its secret, which is shown this once."""

    secret: str


class TokensOut(BaseModel):
    """All tokens, oldest first."""

    tokens: list[TokenOut]


class CodeOut(BaseModel):
    """A code that pairs one device."""

    code: Annotated[str, Field(examples=["ABCD-EFGH"])]
    connection: Annotated[str, Field(examples=["http://127.0.0.1:8765#ABCD-EFGH"])]
    until: datetime


class PairIn(Strict):
    """A code in exchange for a token."""

    code: Annotated[str, Field(min_length=8, max_length=20, examples=["ABCD-EFGH"])]
    name: Annotated[str, Field(min_length=1, max_length=60)] = "Browser extension"


class SessionOut(BaseModel):
    """A browser that is logged in to the pages."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class SessionsOut(BaseModel):
    """Browsers that are logged in, oldest first."""

    sessions: list[SessionOut]


class CountsOut(BaseModel):
    """What an account holds."""

    feeds: int
    items: int
    contacts: int
    interests: int
    matches: int
    vectors: int
    touches: int


class AccountOut(BaseModel):
    """The account a token belongs to."""

    account: str
    version: str
    counts: CountsOut


class FindingOut(BaseModel):
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "fault"]
    detail: str
    advice: str


class DiagnosisOut(BaseModel):
    """What is well, what is ill, and what to do about it."""

    well: bool
    findings: list[FindingOut]


class EraseIn(Strict):
    """Spelled out, so that nothing is erased by mistake."""

    account: Annotated[str, Field(max_length=200, examples=["me"])]


class ErasedAccountOut(BaseModel):
    """How much of what was erased."""

    erased: dict[str, int]


class RowsOut(BaseModel):
    """How many rows were read."""

    rows: int
