"""The nouns of the house (docs/glossary.md), as plain frozen data.

Nothing here knows a database, a clock or a face. Times are aware UTC datetimes,
checked at the door by the storage. Ids are opaque strings, but items and feeds,
which are shared by all accounts, have integer ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from datetime import date, datetime

Kind = Literal["article", "joke", "page"]
FullText = Literal["on", "off", "auto"]
Problem = Literal[
    "blocked",
    "busy",
    "gone",
    "login",
    "missing",
    "not_a_feed",
    "refused",
    "unreachable",
    "unreadable",
]
Polarity = Literal["like", "avoid"]
Origin = Literal["stated", "learned"]
Humour = Literal["none", "clean", "any"]
ContactState = Literal["active", "paused", "do_not_contact", "deceased"]
Status = Literal["pending", "opened", "sent", "liked", "replied", "snoozed", "dismissed", "less"]
"""liked and replied are said of what was sent; less is a dismissal of more like it."""
Level = Literal["clean", "mild", "adult"]
Topic = Literal["sexual", "slur", "religion", "politics", "violence", "drugs", "death", "profanity"]
"""What a text may touch that somebody may not want; see recommender_models.offcolour."""
TouchKind = Literal["sent", "call", "met", "received", "ask"]
Action = Literal["send", "greet", "call", "hello"]
"""Send an item, congratulate, call, or write a line without an item."""
Channel = Literal["mail", "phone", "sms", "whatsapp", "chat", "post", "person"]
Direction = Literal["out", "in"]

KINDS: tuple[Kind, ...] = ("article", "joke", "page")
HUMOURS: tuple[Humour, ...] = ("none", "clean", "any")
POLARITIES: tuple[Polarity, ...] = ("like", "avoid")
CONTACT_STATES: tuple[ContactState, ...] = ("active", "paused", "do_not_contact", "deceased")
STATUSES: tuple[Status, ...] = get_args(Status)
SHARED: frozenset[Status] = frozenset({"sent", "liked", "replied"})
"""Statuses that say: the contact has it."""
TOPICS: tuple[Topic, ...] = get_args(Topic)
TOUCH_KINDS: tuple[TouchKind, ...] = ("sent", "call", "met", "received", "ask")
DIRECTIONS: tuple[Direction, ...] = ("out", "in")
CHANNELS: tuple[Channel, ...] = get_args(Channel)

DEFAULT_ACCOUNT = "me"
MAX_SPAN_CHARACTERS = 160


class NameParts(NamedTuple):
    """A name in the parts that vCard knows (RFC 6350, 6.2.2); each may be empty."""

    family: str = ""
    given: str = ""
    additional: str = ""
    prefix: str = ""
    suffix: str = ""


NO_PARTS = NameParts()


@dataclass(frozen=True, slots=True)
class Details:
    """What an address book knows of a contact beyond what the rules ask for."""

    parts: NameParts = NO_PARTS
    nicknames: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """One line each."""
    role: str = ""
    feeds: tuple[str, ...] = ()
    """Addresses of feeds of their own."""
    languages: tuple[str, ...] = ()
    """BCP 47, the preferred one first."""
    time_zone: str = ""
    """An IANA name."""
    channel: Channel | None = None
    """How they like to be reached."""
    anniversary: str = ""
    """Like `Contact.birthday`."""
    uids: tuple[str, ...] = ()
    """What the address books that the contact came from call it."""


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True)
class Contact:
    """A person the user wants to keep in touch with."""

    id: str
    slug: str
    name: str
    emails: tuple[str, ...]
    employer: str
    notes: str
    own_sites: tuple[str, ...]
    """Hosts of the contact's own pages; never suggested back to them."""
    humour: Humour
    state: ContactState
    cadence_days: int | None
    """Wanted days between touches; None where the user has not said."""
    created_at: datetime
    updated_at: datetime
    town: str = ""
    reads: tuple[str, ...] = ()
    """Hosts of what the contact surely reads; not suggested, for it would be no news."""
    taboo: tuple[str, ...] = ()
    """Topics (of TOPICS) that nothing sent to the contact may touch."""
    groups: tuple[str, ...] = ()
    """Names of groups; a group may have a cadence."""
    birthday: str = ""
    """"1984-02-29", or "--02-29" where the year is not known."""
    paused_until: datetime | None = None
    """For the state paused: when it ends by itself; None for "until further notice"."""
    hard_at: datetime | None = None
    """When a hard event (a death, an illness, a lost job) was last heard of."""
    archived_at: datetime | None = None
    """Since when the contact is put away: kept, and shown nowhere."""
    details: Details = NO_DETAILS

    @property
    def first_name(self) -> str:
        """How a friend would be greeted."""
        words = (self.details.parts.given or self.name).split()
        return words[0] if words else self.name

    @property
    def family_name(self) -> str:
        """The family name; else the last word of a name of several; empty where there is none."""
        words = self.name.split()
        return self.details.parts.family or (words[-1] if len(words) > 1 else "")


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing a contact has said they care about, or would rather not see."""

    id: str
    contact_id: str
    phrase: str
    weight: float
    """How much it counts against the contact's other interests, in (0, 2]; 1 is usual."""
    polarity: Polarity
    origin: Origin
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A source of items and how its last check went; shared by all accounts."""

    id: int
    url: str
    title: str
    site_url: str | None
    kind: Kind
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    checked_at: datetime | None
    succeeded_at: datetime | None
    next_check_at: datetime | None
    failures: int
    error: str | None
    owner_id: str = ""
    """The account it belongs to if it is read with a login; empty for a public feed."""
    problem: Problem | None = None
    """What kind of error it is; a feed that is "gone" is not asked for again."""
    moved_to: str | None = None
    """Where a permanent redirect leads, until it has proved to be the same feed."""
    interval_s: float = 3600.0
    """Usual time between checks, from the feed's own rhythm."""
    weekly: float | None = None
    """Entries a week, as the last reading showed; None where they carry no dates."""
    newest_at: datetime | None = None
    """The date of its newest entry, as the last reading showed."""
    ttl_minutes: int | None = None
    """How long its publisher says that the document stays as it is."""
    skip_hours: frozenset[int] = frozenset()
    """Hours (UTC) in which its publisher wants no visits."""
    skip_days: frozenset[int] = frozenset()
    """Days (Monday = 0), likewise."""
    full_text: FullText = "auto"
    """Whether summaries are completed from their pages."""
    folders: tuple[str, ...] = ()
    """Where the account keeps it, outermost first; empty when read for all accounts."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a feed's server is shown; never logged, and exported only when asked for."""

    kind: Literal["basic", "cookie"]
    value: str = field(repr=False)
    """`user:password`, or the value of the Cookie header."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """An entry on its way into the pool: everything but the id."""

    key: str
    """Identity in the pool, from recommender_feeds.identity; equal key, equal item."""
    kind: Kind
    url: str | None
    title: str
    text: str
    author: str | None
    language: str | None
    tags: tuple[str, ...]
    published_at: datetime | None
    content_hash: str
    aliases: tuple[str, ...] = ()
    """Other keys by which the same entry may come again: its id, address and content."""
    minutes: int | None = None
    """Reading time."""
    paywalled: bool = False
    """The feed hints that the page is for subscribers."""


class Revision(NamedTuple):
    """An item as it was before an update."""

    at: datetime
    """When the update came."""
    title: str
    text: str
    changed: tuple[str, ...]
    """What the update changed: "title", "text", "author", "url"."""


class PageWanted(NamedTuple):
    """A summary whose page may be fetched for the whole text."""

    item_id: int
    url: str
    feed_id: int
    full_text: FullText


class Unplaced(NamedTuple):
    """An article that has not been given a story yet."""

    item_id: int
    key: str
    title: str
    text: str
    told_at: datetime
    feed_id: int | None


class Unrated(NamedTuple):
    """An item whose level was not judged yet."""

    item_id: int
    kind: Kind
    title: str
    text: str


class Told(NamedTuple):
    """The story an article tells, when, and which feed brought it."""

    story: str
    at: datetime
    feed_id: int | None
    title: str


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be sent to a person: an article, a joke or a page."""

    id: int
    key: str
    kind: Kind
    url: str | None
    title: str
    text: str
    author: str | None
    language: str | None
    tags: tuple[str, ...]
    published_at: datetime | None
    fetched_at: datetime
    feed_title: str
    content_hash: str
    minutes: int | None = None
    paywalled: bool = False
    story: str | None = None
    """Equal for items that tell the same story."""
    updated_at: datetime | None = None
    level: Level | None = None
    """How fit it is for all ears; None until the next refresh has judged it."""
    topics: tuple[str, ...] = ()
    """What of TOPICS it touches."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well an item serves one interest, computed when either of them was new."""

    contact_id: str
    interest_id: str
    item_id: int
    relevance: float
    """Calibrated probability in [0, 1] that the item serves the interest."""
    cosine: float
    """Background-centred cosine in [-1, 1]."""
    margin: float
    """By how much it is above the item's likeness to other subjects, in the background's
    standard deviations."""
    lexical: float
    """Share of the interest's words, weighted by rarity, that the item holds; [0, 1]."""
    span: str
    """Exact substring of the item's title or text, at most 160 characters."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored match with what the rules need to know of its item and interest."""

    suggestion_id: str
    item_id: int
    item_key: str
    kind: Kind
    url: str | None
    title: str
    text: str
    """The whole joke; empty for articles, whose text suggest has no need of."""
    author: str | None
    feed_title: str
    published_at: datetime | None
    fetched_at: datetime
    content_hash: str
    interest_id: str
    phrase: str
    weight: float
    polarity: Polarity
    relevance: float
    cosine: float
    margin: float
    lexical: float
    span: str
    story: str | None = None
    """Equal for items that tell the same story."""
    level: Level | None = None
    """How fit it is for all ears; None where that is not judged yet."""
    topics: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """One change of a suggestion's status; undo takes the newest back."""

    suggestion_id: str
    contact_id: str
    item_id: int
    item_key: str
    status: Status
    at: datetime
    until: datetime | None
    """For snoozed: when it may come back."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A match that passed every rule, with its reason and a draft."""

    id: str
    contact_id: str
    item_id: int
    kind: Kind
    url: str | None
    title: str
    text: str
    author: str | None
    feed_title: str
    published_at: datetime | None
    fetched_at: datetime
    interest: str
    relevance: float
    cosine: float
    margin: float
    lexical: float
    score: float
    """What it was ranked by: relevance x weight x freshness x lift, in [0, 4]."""
    freshness: float
    """In [0.4, 1]."""
    weight: float
    """Of the interest, in (0, 2]."""
    lift: float
    """What the contact's reactions so far make of it, in [0.5, 2]; 1 without any."""
    span: str
    reason: str
    note: str
    status: Status


@dataclass(frozen=True, slots=True)
class Touch:
    """A logged contact with a person."""

    id: str
    contact_id: str
    kind: TouchKind
    direction: Direction
    at: datetime
    note: str
    item_id: int | None
    suggestion_id: str | None
    channel: Channel | None = None
    source: str = ""
    """What it was read from, if it was not logged by hand: the id of a letter."""


class Group(NamedTuple):
    """A name that contacts share, with how often they are to hear from the user."""

    name: str
    cadence_days: int | None
    """None leaves it to each contact."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing to do on one day, for one person."""

    day: date
    contact_id: str
    action: Action
    minutes: int
    is_dormant: bool
    """The contact had not heard from the user for more than a year."""
    suggestion_id: str | None = None
    skipped_at: datetime | None = None


class Had(NamedTuple):
    """What came of a suggestion, with the item it was of."""

    event: StatusEvent
    kind: Kind
    title: str
    url: str | None


class Enjoys(NamedTuple):
    """Somebody an item would be for."""

    contact_id: str
    phrase: str
    relevance: float


class Counts(NamedTuple):
    """What an account holds."""

    feeds: int
    items: int
    contacts: int
    interests: int
    matches: int
    vectors: int
    touches: int


def suggestion_id(account_id: str, contact_id: str, item_key: str) -> str:
    """The id of "this item for this contact": the same after any recomputation.

    Eleven characters of base 32 hold 55 bits: one chance in 10^6 of any clash among
    200,000 suggestions of an account.
    """
    import hashlib

    digest = hashlib.sha256(f"{account_id}\0{contact_id}\0{item_key}".encode()).digest()
    alphabet = "abcdefghjkmnpqrstuvwxyz023456789"
    number = int.from_bytes(digest[:8], "big")
    return "".join(alphabet[(number >> shift) & 31] for shift in range(0, 55, 5))
