"""Feeds, jokes and pages as entries: fetched politely, read safely, cleaned. A leaf package.

Importing it imports nothing heavy; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender_feeds.addresses import AddressPolicy
    from recommender_feeds.discovery import FoundFeed, find_feeds
    from recommender_feeds.errors import FeedError, FetchError, ParseError, UnsafeUrl
    from recommender_feeds.http import HttpClient, Response
    from recommender_feeds.identity import canonical_url, content_hash, entry_keys
    from recommender_feeds.opml import parse_opml, write_opml
    from recommender_feeds.page import read_page
    from recommender_feeds.parsing import parse
    from recommender_feeds.scheduling import is_due, next_check_at
    from recommender_feeds.sources import FeedSource, Source, SourceRegistry, entry_point_sources
    from recommender_feeds.text import clean_html, html_to_text, plain_title
    from recommender_feeds.types import (
        Entry,
        Page,
        ParsedFeed,
        Pull,
        Subscription,
        Validators,
    )
    from recommender_feeds.worker import ParserPool

_HOMES = {
    "addresses": ("AddressPolicy",),
    "discovery": ("FoundFeed", "find_feeds"),
    "errors": ("FeedError", "FetchError", "ParseError", "UnsafeUrl"),
    "http": ("HttpClient", "Response"),
    "identity": ("canonical_url", "content_hash", "entry_keys"),
    "opml": ("parse_opml", "write_opml"),
    "page": ("read_page",),
    "parsing": ("parse",),
    "scheduling": ("is_due", "next_check_at"),
    "sources": ("FeedSource", "Source", "SourceRegistry", "entry_point_sources"),
    "text": ("clean_html", "html_to_text", "plain_title"),
    "types": ("Entry", "Page", "ParsedFeed", "Pull", "Subscription", "Validators"),
    "worker": ("ParserPool",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AddressPolicy",
    "Entry",
    "FeedError",
    "FeedSource",
    "FetchError",
    "FoundFeed",
    "HttpClient",
    "Page",
    "ParseError",
    "ParsedFeed",
    "ParserPool",
    "Pull",
    "Response",
    "Source",
    "SourceRegistry",
    "Subscription",
    "UnsafeUrl",
    "Validators",
    "canonical_url",
    "clean_html",
    "content_hash",
    "entry_keys",
    "entry_point_sources",
    "find_feeds",
    "html_to_text",
    "is_due",
    "next_check_at",
    "parse",
    "parse_opml",
    "plain_title",
    "read_page",
    "write_opml",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever the name stands for)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
