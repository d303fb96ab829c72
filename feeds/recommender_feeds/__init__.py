"""Feeds, jokes and pages as entries: fetched politely, read safely, cleaned. A leaf package.

Importing it imports nothing heavy; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender_feeds.addresses import AddressPolicy
    from recommender_feeds.catalogue import CatalogueFeed, well_known_feeds
    from recommender_feeds.discovery import FoundFeed, find_feeds, known_addresses, usual_addresses
    from recommender_feeds.errors import FeedError, FetchError, ParseError, UnsafeUrl
    from recommender_feeds.http import HttpClient, Response, same_origin
    from recommender_feeds.identity import (
        EntryNames,
        canonical_url,
        content_hash,
        entry_keys,
        entry_names,
    )
    from recommender_feeds.language import hints_at_paywall, language_of, reading_minutes
    from recommender_feeds.opml import parse_opml, write_opml
    from recommender_feeds.page import read_page
    from recommender_feeds.parsing import parse
    from recommender_feeds.politeness import HostGate
    from recommender_feeds.robots import Robots
    from recommender_feeds.scheduling import (
        fresh_seconds,
        is_due,
        next_check_at,
        rhythm,
        unchanged_interval,
    )
    from recommender_feeds.sources import (
        FeedSource,
        PageFetcher,
        Source,
        SourceRegistry,
        builtin_sources,
        entry_point_sources,
        own_schemes,
    )
    from recommender_feeds.text import clean_html, html_to_text, plain_title
    from recommender_feeds.types import Entry, Page, ParsedFeed, Pull, Subscription, Validators
    from recommender_feeds.worker import ParserPool

_HOMES = {
    "addresses": ("AddressPolicy",),
    "catalogue": ("CatalogueFeed", "well_known_feeds"),
    "discovery": ("FoundFeed", "find_feeds", "known_addresses", "usual_addresses"),
    "errors": ("FeedError", "FetchError", "ParseError", "UnsafeUrl"),
    "http": ("HttpClient", "Response", "same_origin"),
    "identity": ("EntryNames", "canonical_url", "content_hash", "entry_keys", "entry_names"),
    "language": ("hints_at_paywall", "language_of", "reading_minutes"),
    "opml": ("parse_opml", "write_opml"),
    "page": ("read_page",),
    "parsing": ("parse",),
    "politeness": ("HostGate",),
    "robots": ("Robots",),
    "scheduling": ("fresh_seconds", "is_due", "next_check_at", "rhythm", "unchanged_interval"),
    "sources": (
        "FeedSource",
        "PageFetcher",
        "Source",
        "SourceRegistry",
        "builtin_sources",
        "entry_point_sources",
        "own_schemes",
    ),
    "text": ("clean_html", "html_to_text", "plain_title"),
    "types": ("Entry", "Page", "ParsedFeed", "Pull", "Subscription", "Validators"),
    "worker": ("ParserPool",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AddressPolicy",
    "CatalogueFeed",
    "Entry",
    "EntryNames",
    "FeedError",
    "FeedSource",
    "FetchError",
    "FoundFeed",
    "HostGate",
    "HttpClient",
    "Page",
    "PageFetcher",
    "ParseError",
    "ParsedFeed",
    "ParserPool",
    "Pull",
    "Response",
    "Robots",
    "Source",
    "SourceRegistry",
    "Subscription",
    "UnsafeUrl",
    "Validators",
    "builtin_sources",
    "canonical_url",
    "clean_html",
    "content_hash",
    "entry_keys",
    "entry_names",
    "entry_point_sources",
    "find_feeds",
    "fresh_seconds",
    "hints_at_paywall",
    "html_to_text",
    "is_due",
    "known_addresses",
    "language_of",
    "next_check_at",
    "own_schemes",
    "parse",
    "parse_opml",
    "plain_title",
    "read_page",
    "reading_minutes",
    "rhythm",
    "same_origin",
    "unchanged_interval",
    "usual_addresses",
    "well_known_feeds",
    "write_opml",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever the name stands for)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
