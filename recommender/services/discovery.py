"""From whatever address somebody gives to the feeds behind it, each with its last items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from recommender_feeds import (
    FeedError,
    ParseError,
    Validators,
    canonical_url,
    find_feeds,
    known_addresses,
    own_schemes,
    same_origin,
    usual_addresses,
)

from recommender.domain import Login
from recommender.errors import IngestError, InvalidInput
from recommender.services.pulling import login_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recommender_feeds import Entry, FoundFeed, HttpClient, ParsedFeed, SourceRegistry

MAX_OFFERS = 6
MAX_GUESSES = 8
N_LATEST = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that can be subscribed to."""

    url: str
    title: str
    site_url: str | None
    n_entries: int
    latest: tuple[Entry, ...]
    """The three newest entries."""
    entries: tuple[Entry, ...] = ()
    """All that it holds now."""


def read_address(text: str) -> tuple[str, Login | None]:
    """An address as people type it: (URL with a scheme, login that was in it).

    Raises:
        InvalidInput: No http or https address, and no other that a source knows.
    """
    url = text.strip()
    scheme = url.partition(":")[0].casefold()
    if scheme in own_schemes():
        return url, None
    if "://" not in url and "." in url.partition("/")[0]:
        url = f"https://{url}"
    if scheme == "feed":
        url = url.partition(":")[2].removeprefix("//")
        url = url if url.startswith(("http://", "https://")) else f"https://{url}"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    has_bad_character = any(c.isspace() or ord(c) < 32 for c in url)
    if not host or has_bad_character or parts.scheme.casefold() not in {"http", "https"}:
        raise InvalidInput(f"“{text[:80]}” is no http or https address")
    parts = parts._replace(fragment="")
    if parts.username is None:
        return urlunsplit(parts), None
    # A password in an address would be shown wherever the address is.
    login = Login("basic", f"{parts.username}:{parts.password or ''}")
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=netloc)), login


def find_offers(
    sources: SourceRegistry, client: HttpClient, url: str, login: Login | None = None
) -> list[Offer]:
    """The feeds behind an address: itself, those a known site has, those its page names.

    Raises:
        IngestError: There is none, or the address can't be had.
    """
    known = known_addresses(url)
    if known:
        offers = list(_offers(sources, (found.url for found in known), login, url))
        if offers:
            return [_named(offer, known) for offer in offers]
    try:
        return [_offer(sources, url, login, url)]
    except ParseError as error:
        not_a_feed = error
    except FeedError as error:
        raise IngestError(str(error), url=url) from error
    offers = list(_offers(sources, _named_by_page(client, url, login), login, url))
    if not offers:
        guesses = [guess for guess in usual_addresses(url) if guess != url][:MAX_GUESSES]
        # The first that is one will do: the others are its other formats.
        offers = list(islice(_offers(sources, guesses, login, url), 1))
    if not offers:
        raise IngestError(
            f"{not_a_feed}; neither does the page name a feed, nor is there one where "
            "sites usually keep it",
            url=url,
        ) from not_a_feed
    return offers


def _named(offer: Offer, known: Iterable[FoundFeed]) -> Offer:
    titles = {canonical_url(found.url): found.title for found in known}
    return offer if offer.title else replace(offer, title=titles.get(canonical_url(offer.url), ""))


def _named_by_page(client: HttpClient, url: str, login: Login | None) -> list[str]:
    try:
        private = (login_header(login),) if login else ()
        answer = client.get(url, private_headers=private)
    except FeedError:
        return []
    return [found.url for found in find_feeds(answer.body, answer.url)]


def _offers(
    sources: SourceRegistry, urls: Iterable[str], login: Login | None, typed: str
) -> Iterator[Offer]:
    n = 0
    for url in urls:
        try:
            offer = _offer(sources, url, login, typed)
        except FeedError:
            continue
        yield offer
        n += 1
        if n == MAX_OFFERS:
            return


def _offer(sources: SourceRegistry, url: str, login: Login | None, typed: str) -> Offer:
    # `login` is for the address that was typed; a page names feeds of other hosts, too.
    headers = (login_header(login),) if login and same_origin(url, typed) else ()
    pull = sources.for_url(url).pull(url, Validators(private_headers=headers))
    feed = pull.feed
    if feed is None:
        raise ParseError(f"{url} answers without a feed", url=url)
    return Offer(
        url=pull.moved_to or url,
        title=feed.title,
        site_url=feed.site_url,
        n_entries=feed.n_entries_found,
        latest=_latest(feed),
        entries=tuple(feed.entries),
    )


def _latest(feed: ParsedFeed) -> tuple[Entry, ...]:
    dated = [entry for entry in feed.entries if entry.published_at]
    if len(dated) < len(feed.entries):
        return feed.entries[:N_LATEST]
    newest = sorted(dated, key=lambda entry: entry.published_at or 0, reverse=True)
    return tuple(newest[:N_LATEST])
