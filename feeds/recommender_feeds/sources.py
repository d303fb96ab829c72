"""Where entries come from: the Source protocol, the feed source, and the registry."""

from __future__ import annotations

import hashlib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from recommender_feeds.errors import FetchError
from recommender_feeds.types import Pull, Validators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender_feeds.http import HttpClient
    from recommender_feeds.worker import ParserPool

ENTRY_POINT_GROUP = "sawthis.sources"


class Source(Protocol):
    """A kind of place that entries come from.

    `pull` is idempotent, keeps nothing, may be called from several threads at once, and raises
    nothing but FeedError.
    """

    name: str

    def handles(self, url: str) -> bool:
        """Whether this source reads such an address."""

    def pull(self, url: str, validators: Validators) -> Pull:
        """What the address holds now, or that it is unchanged since the validators."""


class FeedSource:
    """RSS, Atom, RDF and JSON Feed over http and https."""

    name = "feed"

    def __init__(self, client: HttpClient, parser: ParserPool) -> None:
        self._client = client
        self._parser = parser

    def handles(self, url: str) -> bool:
        """Any http or https address."""
        return url.casefold().startswith(("http://", "https://"))

    def pull(self, url: str, validators: Validators) -> Pull:
        """Fetch conditionally; a body with the known hash is not parsed."""
        answer = self._client.get(url, etag=validators.etag, last_modified=validators.last_modified)
        if answer.status == 304:
            return Pull(None, validators, answer.url, "unchanged")
        body_hash = hashlib.sha256(answer.body).hexdigest()
        headers = {name.casefold(): value for name, value in answer.headers.items()}
        now = Validators(headers.get("etag"), headers.get("last-modified"), body_hash)
        if body_hash == validators.body_hash:
            return Pull(None, now, answer.url, "unchanged")
        feed = self._parser.parse(answer.body, answer.url, headers.get("content-type"))
        return Pull(feed, now, answer.url, "parsed")


class SourceRegistry:
    """The sources in order; the first that handles an address reads it."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)

    def for_url(self, url: str) -> Source:
        """The source for an address, or FetchError."""
        for source in self._sources:
            if source.handles(url):
                return source
        raise FetchError(f"nothing here reads {url[:100]}; give an http or https address", url=url)


def entry_point_sources() -> list[Source]:
    """Sources of other installed packages (entry point group `sawthis.sources`)."""
    return [point.load()() for point in entry_points(group=ENTRY_POINT_GROUP)]
