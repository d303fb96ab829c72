"""The feeds a web page names in its head."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

from recommender_feeds.text import plain_title

FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
    }
)
MAX_FOUND = 50


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that a page names."""

    url: str
    title: str


class _Links(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.found: dict[str, FoundFeed] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "base" and values.get("href"):
            self.base = urljoin(self.base, values["href"])
        if tag != "link" or "alternate" not in values.get("rel", "").casefold().split():
            return
        kind = values.get("type", "").split(";")[0].strip().casefold()
        if kind in FEED_TYPES and values.get("href") and len(self.found) < MAX_FOUND:
            url = urljoin(self.base, values["href"].strip())
            if url.startswith(("http://", "https://")):
                self.found.setdefault(url, FoundFeed(url, plain_title(values.get("title", ""))))


def find_feeds(body: bytes, url: str) -> tuple[FoundFeed, ...]:
    """The feeds named by `<link rel="alternate">`, absolute, each once, in order."""
    reader = _Links(url)
    try:
        reader.feed(body[:1_000_000].decode("utf-8", "replace"))
    except ValueError:
        return tuple(reader.found.values())
    return tuple(reader.found.values())
