"""Fetching from a real server: conditional, limited, and never into a private network."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from recommender_feeds import (
    AddressPolicy,
    FeedError,
    FeedSource,
    FetchError,
    HttpClient,
    ParseError,
    ParserPool,
    SourceRegistry,
    UnsafeUrl,
    Validators,
)
from recommender_feeds.addresses import is_public
from recommender_feeds.http import retry_after

from tests.site import RSS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler

    from tests.site import Site

NOTHING = Validators()
LOCAL = AddressPolicy(frozenset({"127.0.0.1"}))


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(LOCAL, read_timeout_s=2, total_timeout_s=2) as made:
        yield made


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserPool]:
    with ParserPool(1) as pool:
        yield pool


def test_a_feed_is_read_once_and_then_unchanged(
    site: Site, client: HttpClient, parser: ParserPool
) -> None:
    url = site.serve_conditional("/feed", RSS, '"tag"')
    source = FeedSource(client, parser)
    first = source.pull(url, NOTHING)
    assert first.feed is not None
    assert first.feed.title == "Sea & sky"
    (entry,) = first.feed.entries
    assert entry.url == f"{site.base}/one"
    assert entry.text == "The wind."
    assert "bad()" not in entry.html
    again = source.pull(url, first.validators)
    assert (again.status, again.feed) == ("unchanged", None)
    assert site.requests[-1][1]["If-None-Match"] == '"tag"'


def test_the_same_body_is_not_parsed_again(
    site: Site, client: HttpClient, parser: ParserPool
) -> None:
    url = site.serve("/feed", RSS)  # a server without validators
    source = FeedSource(client, parser)
    first = source.pull(url, NOTHING)
    assert source.pull(url, first.validators).status == "unchanged"


@pytest.mark.parametrize(
    ("status", "words"), [(403, "refuses"), (404, "nothing at that"), (410, "gone"), (500, "500")]
)
def test_errors_say_what_to_do(site: Site, client: HttpClient, status: int, words: str) -> None:
    with pytest.raises(FetchError, match=words) as caught:
        client.get(site.serve("/x", b"", status))
    assert caught.value.status == status


def test_429_tells_when_to_come_back(site: Site, client: HttpClient) -> None:
    with pytest.raises(FetchError) as caught:
        client.get(site.serve("/x", b"", 429, Retry_After="120"))
    assert caught.value.retry_after_s == 120


def test_retry_after_is_bounded() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    later = (now + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert retry_after(later, now) == 90
    assert retry_after("Mon, 01 Jan 2001 00:00:00 GMT", now) == 0
    assert retry_after("99999999999", now) == 7 * 86400
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


def test_redirects_are_followed_five_times(site: Site, client: HttpClient) -> None:
    site.serve("/5", b"here")
    for hop in range(5):
        site.serve(f"/{hop}", b"", 302, Location=f"/{hop + 1}")
    assert client.get(f"{site.base}/0").body == b"here"
    site.serve("/loop", b"", 301, Location="/loop")
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        client.get(f"{site.base}/loop")


def test_a_redirect_does_not_open_the_private_network(site: Site) -> None:
    port = site.base.rsplit(":", 1)[1]
    with HttpClient(AddressPolicy(frozenset({f"127.0.0.1:{port}"}))) as client:
        for target in ("http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "file:///etc"):
            url = site.serve("/away", b"", 302, Location=target)
            with pytest.raises(UnsafeUrl):
                client.get(url)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "http://", "gopher://x", "http://[::1"]
)
def test_only_http_and_https(client: HttpClient, url: str) -> None:
    with pytest.raises(UnsafeUrl):
        client.get(url)


def test_private_hosts_are_refused_unless_listed(site: Site) -> None:
    url = site.serve("/feed", RSS)
    with HttpClient(AddressPolicy()) as client, pytest.raises(UnsafeUrl, match="private address"):
        client.get(url)
    assert site.requests == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("2002:c0a8:101::", False),
        ("2002:5db8:d822::", True),
        ("2001:0:5db8:d822:0:0:f5ff:fffe", False),
        ("::127.0.0.1", False),
        ("64:ff9b:1::a00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("192.0.0.8", False),
        ("198.18.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("ff02::1", False),
        ("fec0::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_gzip_bomb_is_cut(site: Site, client: HttpClient) -> None:
    url = site.serve_bomb("/bomb", 50 * 2**20)
    with pytest.raises(FetchError, match="larger than 10 MB"):
        client.get(url)


def test_a_slow_drip_is_cut(site: Site, client: HttpClient) -> None:
    url = site.serve_drip("/drip", 0.1)
    start = time.monotonic()
    with pytest.raises(FetchError, match="did not answer in time"):
        client.get(url)
    assert time.monotonic() - start < 10


def test_a_drip_of_headers_is_cut(site: Site, client: HttpClient) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with suppress(OSError):
            for _ in range(200):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)

    site.answers["/drip"] = answer
    start = time.monotonic()
    with pytest.raises(FetchError, match="did not answer in time"):
        client.get(f"{site.base}/drip")
    assert time.monotonic() - start < 10


def test_cookies_of_one_answer_are_not_shown_for_the_next(site: Site, client: HttpClient) -> None:
    client.get(site.serve("/feed", RSS, Set_Cookie="session=joes; Path=/"))
    client.get(f"{site.base}/feed")
    assert "Cookie" not in site.requests[-1][1]


@pytest.mark.parametrize(
    "host", ["printer.local", "Nas.LOCAL.", "router.lan", "a.internal", "x.localhost"]
)
def test_names_of_private_networks_are_refused_without_asking(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kw: pytest.fail("asked"))
    with pytest.raises(UnsafeUrl, match="name of a private network"):
        AddressPolicy().resolve(host, 80)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:7f00:1]"])
def test_odd_spellings_of_loopback_are_seen_through(host: str) -> None:
    with HttpClient(AddressPolicy()) as client, pytest.raises(FeedError, match=r"private|Invalid"):
        client.get(f"http://{host}/")


def test_nobody_there(client: HttpClient) -> None:
    with pytest.raises(FetchError, match="can't be fetched"):
        client.get("http://127.0.0.1:9/")


def test_a_web_page_is_no_feed(site: Site, client: HttpClient, parser: ParserPool) -> None:
    url = site.serve("/", b"<!doctype html><html><body>Hello</body></html>")
    with pytest.raises(ParseError, match="web page, not a feed"):
        FeedSource(client, parser).pull(url, NOTHING)


def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    slow = b"<rss version='2.0'><channel>" + b"<item><title>a &amp; b</title></item>" * 60_000
    hasty, usual = ParserPool(1, time_limit_s=0.5), ParserPool(1)
    with hasty, pytest.raises(ParseError, match=r"longer than 0\.5 s"):
        hasty.parse(slow, "https://slow.example/")
    with usual as pool:
        assert pool.parse(RSS, "https://site.example/").title == "Sea & sky"


def test_an_entity_bomb_does_no_harm(parser: ParserPool) -> None:
    lines = ["<!ENTITY a0 'ha'>"]
    lines += [f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)]
    bomb = (
        f"<?xml version='1.0'?><!DOCTYPE rss [{''.join(lines)}]>"
        "<rss version='2.0'><channel><item><title>&a11;</title></item></channel></rss>"
    )
    try:
        feed = parser.parse(bomb.encode(), "https://bomb.example/")
    except ParseError:
        feed = None
    assert feed is None or all(len(entry.title) < 1000 for entry in feed.entries)
    assert parser.parse(RSS, "https://site.example/").entries


def test_the_registry_asks_in_order(client: HttpClient, parser: ParserPool) -> None:
    source = FeedSource(client, parser)
    registry = SourceRegistry([source])
    assert registry.for_url("https://example.com/") is source
    with pytest.raises(FetchError, match="nothing here reads"):
        registry.for_url("joke:today")
