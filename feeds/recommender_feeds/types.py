"""Feeds and entries as they were pulled; what is kept of them is the recommender's affair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, cleaned."""

    id: str | None
    url: str | None
    title: str
    """One line without markup or entities; a label from the text if the entry has none."""
    text: str
    """Plain paragraphs divided by blank lines."""
    html: str
    """Clean markup with absolute links."""
    published_at: datetime | None
    """Aware UTC; None where the feed does not say, never "now"."""
    author: str | None
    tags: tuple[str, ...]
    language: str | None
    """As the feed states it; `recommender_feeds.language` tells it from the text."""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed with its newest entries."""

    title: str
    site_url: str | None
    language: str | None
    entries: tuple[Entry, ...]
    reader: str
    """What read it: "libxml2", "feedparser", "libxml2-recovery", "jsonfeed" or a source's name."""
    n_entries_found: int
    """How many entries the document holds; `entries` has at most 500 of them."""
    ttl_minutes: int | None = None
    """How long the publisher says the document stays as it is."""
    skip_hours: frozenset[int] = frozenset()
    """Hours of the day (UTC) in which the publisher asks not to be visited."""
    skip_days: frozenset[int] = frozenset()
    """Days of the week (Monday = 0), likewise."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next request conditional."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    private_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """A login, sent to the feed's own host and nowhere else."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What one check of a feed brought."""

    feed: ParsedFeed | None
    """None when unchanged."""
    validators: Validators
    final_url: str
    status: Literal["parsed", "unchanged"]
    moved_to: str | None = None
    """Where it lives now, if every redirect on the way was a permanent one."""
    fresh_s: float = 0.0
    """How long the server says that the answer stays as it is (Cache-Control, Expires)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One line of an OPML file."""

    url: str
    title: str
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A web page as title and text."""

    url: str
    title: str
    text: str
    language: str | None
