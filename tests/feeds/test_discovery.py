"""From the address somebody gives to the feeds behind it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from recommender_feeds import (
    AddressPolicy,
    HttpClient,
    ParserPool,
    SourceRegistry,
    Subscription,
    builtin_sources,
    find_feeds,
    known_addresses,
    parse_opml,
    usual_addresses,
    write_opml,
)

from recommender.domain import Login
from recommender.errors import IngestError, InvalidInput
from recommender.services.discovery import find_offers, read_address
from tests.feeds.corpus import documents
from tests.site import RSS, running_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.site import Site


@pytest.mark.parametrize(
    ("page", "feed"),
    [
        (
            "https://www.youtube.com/channel/UCabc_1-2/videos",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UCabc_1-2",
        ),
        (
            "https://www.youtube.com/user/somebody",
            "https://www.youtube.com/feeds/videos.xml?user=somebody",
        ),
        ("https://github.com/o/r", "https://github.com/o/r/releases.atom"),
        ("https://github.com/o/r.git", "https://github.com/o/r/releases.atom"),
        ("https://github.com/somebody", "https://github.com/somebody.atom"),
        ("https://old.reddit.com/r/sailing/top", "https://www.reddit.com/r/sailing/.rss"),
        ("https://mastodon.example/@joe", "https://mastodon.example/@joe.rss"),
        ("https://joe.substack.com/p/a-post", "https://joe.substack.com/feed"),
        ("https://substack.com/@joe", "https://joe.substack.com/feed"),
        ("https://medium.com/@joe/a-post", "https://medium.com/feed/@joe"),
    ],
)
def test_well_known_sites_need_no_request(page: str, feed: str) -> None:
    assert known_addresses(page)[0].url == feed


@pytest.mark.parametrize("page", ["https://example.org/", "https://youtube.com/@name", "x:y"])
def test_other_sites_have_to_be_asked(page: str) -> None:
    assert known_addresses(page) == ()


def test_usual_places_are_beside_the_page_and_at_the_top() -> None:
    found = usual_addresses("https://example.org/blog/post")
    assert found[0] == "https://example.org/blog/feed"
    assert "https://example.org/feed.xml" in found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("example.org/blog", "https://example.org/blog"),
        (" https://example.org ", "https://example.org"),
        ("feed://example.org/rss", "https://example.org/rss"),
        ("feed:https://example.org/rss", "https://example.org/rss"),
        ("pyjokes:en", "pyjokes:en"),
    ],
)
def test_addresses_are_read_as_people_type_them(typed: str, url: str) -> None:
    assert read_address(typed) == (url, None)


def test_a_password_in_an_address_becomes_the_login() -> None:
    assert read_address("https://joe:se%40cret@example.org:8443/feed") == (
        "https://example.org:8443/feed",
        Login("basic", "joe:se%40cret"),
    )


@pytest.mark.parametrize(
    "typed", ["", "nonsense", "file:///etc/passwd", "javascript:alert(1)", "http://", "a b.org"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        read_address(typed)


class Finder:
    def __init__(self, client: HttpClient, sources: SourceRegistry) -> None:
        self.client = client
        self.sources = sources

    def __call__(self, url: str) -> list[str]:
        return [offer.url for offer in find_offers(self.sources, self.client, url)]


@pytest.fixture
def find() -> Iterator[Finder]:
    policy = AddressPolicy(frozenset({"127.0.0.1"}))
    with HttpClient(policy, read_timeout_s=2) as client, ParserPool(1) as parser:
        yield Finder(client, SourceRegistry(builtin_sources(client, parser)))


def test_a_feed_is_itself(site: Site, find: Finder) -> None:
    url = site.serve("/feed", RSS)
    (offer,) = find_offers(find.sources, find.client, url)
    assert (offer.url, offer.title, offer.n_entries) == (url, "Sea & sky", 1)
    assert [entry.title for entry in offer.latest] == ["One"]


def test_a_page_names_its_feeds_and_dead_ones_are_left_out(site: Site, find: Finder) -> None:
    page = b"""<html><head><base href="/blog/">
        <link rel="alternate" type="application/rss+xml" href="a.xml" title="Posts">
        <link rel="alternate" type="application/atom+xml" href="gone.xml">
        <link rel="alternate" type="application/feed+json" href="/c.json">
        <link rel="alternate" hreflang="de" href="/de">
        <link rel="stylesheet" href="x.css"></head>"""
    site.serve("/blog/a.xml", RSS)
    site.serve("/c.json", b'{"version": "https://jsonfeed.org/version/1.1", "items": []}')
    assert find(site.serve("/", page)) == [f"{site.base}/blog/a.xml", f"{site.base}/c.json"]


def test_a_page_that_names_none_is_searched_where_feeds_usually_are(
    site: Site, find: Finder
) -> None:
    site.serve("/rss.xml", RSS)
    site.serve("/atom.xml", RSS)
    assert find(site.serve("/", b"<html><p>Hello")) == [f"{site.base}/atom.xml"]


def test_a_profile_of_mastodon(site: Site, find: Finder) -> None:
    site.serve("/@joe.rss", RSS)
    assert find(f"{site.base}/@joe") == [f"{site.base}/@joe.rss"]


def test_a_login_is_shown_only_to_the_host_it_was_typed_for(site: Site, find: Finder) -> None:
    with running_site() as other:
        link = f'<link rel="alternate" type="application/rss+xml" href="{other.base}/feed">'
        page = site.serve("/page", f"<html><head>{link}</head></html>".encode())
        other.serve("/feed", RSS)
        login = Login("basic", "joe:secret")
        (offer,) = find_offers(find.sources, find.client, page, login)
        assert offer.url == f"{other.base}/feed"
        assert "Authorization" in site.requests[-1][1]
        assert not any("Authorization" in headers for _path, headers in other.requests)


def test_a_page_without_any_says_so(site: Site, find: Finder) -> None:
    with pytest.raises(IngestError, match="neither does the page name a feed"):
        find(site.serve("/", b"<html><p>Hello"))
    with pytest.raises(IngestError, match="404"):
        find(f"{site.base}/nothing")


def test_pages_of_the_corpus_name_their_feeds() -> None:
    n = 0
    for origin in ("csharp-feedreader", "netnewswire"):
        for name, body in documents(origin, ".html"):
            found = find_feeds(body, "https://site.example/page")
            assert all(feed.url.startswith(("http://", "https://")) for feed in found), name
            n += bool(found)
    assert n >= 5


_EVAL = re.compile(rb"Eval:\s*(.+)")
_FEED_CLAIM = re.compile(
    r"^result\[['\"]feeds['\"]\]\[(\d)\]\[['\"](url|title)['\"]\] == ['\"](.*)['\"]$"
)
_COUNT = re.compile(r"^len\(result\[['\"]feeds['\"]\]\) == (\d+)$")


def test_what_listparser_expects_of_opml_is_met() -> None:
    met, misses = 0, []
    for name, body in documents("listparser"):
        if "/opml/" not in name:
            continue  # lists in RDF (FOAF) are not OPML
        try:
            feeds = parse_opml(body)
        except Exception:
            feeds = ()
        for line in _EVAL.findall(body):
            text = line.decode("utf-8", "replace").strip()
            if count := _COUNT.match(text):
                got, wanted = str(len(feeds)), count.group(1)
            elif claim := _FEED_CLAIM.match(text):
                at, field, wanted = int(claim.group(1)), claim.group(2), claim.group(3)
                got = getattr(feeds[at], field) if at < len(feeds) else ""
            else:
                continue
            if got == wanted:
                met += 1
            else:
                misses.append(f"{name}: {text}: {got!r}")
    assert met >= 18
    assert met >= 0.9 * (met + len(misses)), misses


def test_every_opml_of_the_corpus_goes_round() -> None:
    n = 0
    for origin in ("awesome-rss-feeds", "listparser", "netnewswire", "commafeed", "feedbin"):
        for name, body in documents(origin):
            if "opml" not in name:
                continue
            try:
                listed = parse_opml(body)
            except Exception:
                continue
            again = parse_opml(write_opml(listed, "All"))
            titled = [replace(one, title=one.title or one.url) for one in listed]
            assert set(again) == set(titled), name
            n += 1
    assert n >= 150


def test_an_address_survives_opml_whatever_its_parameters_are_called() -> None:
    url = "https://e.example/f?x=1&region=de&currency=eur&copy=1&section=2&timestamp=5"
    assert [one.url for one in parse_opml(write_opml([Subscription(url, "F")], "T"))] == [url]
