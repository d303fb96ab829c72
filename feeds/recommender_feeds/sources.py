"""Where entries come from: the Source protocol, the feed source, and the registry.

A new kind of source is one module with a class like `FeedSource`, and one line in
`builtin_sources`; or, in a package of its own, an entry point (see feeds/README.md).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from recommender_feeds.errors import FeedError, FetchError
from recommender_feeds.robots import Robots
from recommender_feeds.scheduling import fresh_seconds
from recommender_feeds.types import Pull, Validators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender_feeds.http import HttpClient
    from recommender_feeds.types import Page
    from recommender_feeds.worker import ParserPool

ENTRY_POINT_GROUP = "sawthis.sources"


class Source(Protocol):
    """A kind of place that entries come from.

    `pull` is idempotent, keeps nothing, may be called from several threads at once, and raises
    nothing but FeedError. `recommender.testing.SourceContract` is the suite that proves it.
    """

    name: str
    """Also the scheme of its addresses where they are not http ("pyjokes:en")."""

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
        answer = self._client.get(
            url,
            etag=validators.etag,
            last_modified=validators.last_modified,
            private_headers=validators.private_headers,
        )
        fresh_s = fresh_seconds(answer.headers, datetime.now(UTC))
        # A 304 may carry new validators; those it leaves out stay as they were.
        etag = answer.headers.get("etag") or (validators.etag if answer.status == 304 else None)
        last_modified = answer.headers.get("last-modified") or (
            validators.last_modified if answer.status == 304 else None
        )
        body_hash = (
            validators.body_hash
            if answer.status == 304
            else hashlib.sha256(answer.body).hexdigest()
        )
        now = Validators(etag, last_modified, body_hash)
        if answer.status == 304 or body_hash == validators.body_hash:
            return Pull(None, now, answer.url, "unchanged", answer.moved_to, fresh_s)
        try:
            feed = self._parser.parse(answer.body, answer.url, answer.headers.get("content-type"))
        except FeedError as error:
            if answer.url != url:
                error.args = (f"{url} leads to another place: {error}",)
            raise
        return Pull(feed, now, answer.url, "parsed", answer.moved_to, fresh_s)


class PageFetcher:
    """Web pages as text, where the site lets robots have them; safe to use from several threads."""

    def __init__(self, client: HttpClient, parser: ParserPool) -> None:
        self._client = client
        self._parser = parser
        self._robots = Robots(client)

    def fetch(self, url: str) -> Page:
        """The page's title and article text.

        Raises:
            FetchError: The site does not want it, or it can't be had.
            ParseError: There is no text in it.
        """
        if not self._robots.allow(url):
            raise FetchError(f"{url}: its site keeps robots out", url=url, reason="refused")
        answer = self._client.get(url, accept="text/html, application/xhtml+xml;q=0.9")
        return self._parser.read_page(answer.body, answer.url)


class SourceRegistry:
    """The sources in order; the first that handles an address reads it."""

    def __init__(self, sources: Sequence[Source], pages: PageFetcher | None = None) -> None:
        self._sources = tuple(sources)
        self.pages = pages
        """Fetches the pages behind summaries; None where nobody may."""

    def for_url(self, url: str) -> Source:
        """The source for an address, or FetchError."""
        for source in self._sources:
            if source.handles(url):
                return source
        raise FetchError(
            f"nothing here reads {url[:100]}; give an http or https address",
            url=url,
            reason="refused",
        )


def builtin_sources(client: HttpClient, parser: ParserPool) -> list[Source]:
    """Every kind of source that comes with Sawthis, the general one last."""
    from recommender_feeds.jokes import DadJokeSource, JokeApiSource, PyjokesSource

    return [
        JokeApiSource(client),
        DadJokeSource(client),
        PyjokesSource(),
        FeedSource(client, parser),
    ]


def entry_point_sources() -> list[Source]:
    """Sources of other installed packages (entry point group `sawthis.sources`)."""
    return [point.load()() for point in entry_points(group=ENTRY_POINT_GROUP)]


def own_schemes() -> frozenset[str]:
    """Schemes besides http and https that a source answers to: the sources' names."""
    return frozenset({"pyjokes", *(point.name for point in entry_points(group=ENTRY_POINT_GROUP))})
