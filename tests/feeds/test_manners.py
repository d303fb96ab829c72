"""What hosts ask for is done: waits, moves, logins, encodings; and what is hostile is cut."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommender_feeds import (
    AddressPolicy,
    FeedSource,
    FetchError,
    HostGate,
    HttpClient,
    PageFetcher,
    ParseError,
    ParserPool,
    Robots,
    Validators,
    fresh_seconds,
    next_check_at,
    rhythm,
    unchanged_interval,
)

from tests.site import RSS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler

    from tests.site import Site

LOCAL = AddressPolicy(frozenset({"127.0.0.1", "localhost"}))
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(LOCAL, read_timeout_s=2, total_timeout_s=3) as made:
        yield made


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserPool]:
    with ParserPool(1) as pool:
        yield pool


@pytest.fixture
def source(client: HttpClient, parser: ParserPool) -> FeedSource:
    return FeedSource(client, parser)


# Encodings


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", _raw_deflate),
        ("br", brotli.compress),
        ("gzip, br", lambda body: brotli.compress(gzip.compress(body))),
    ],
)
def test_every_encoding_we_ask_for_is_read(
    site: Site, client: HttpClient, name: str, pack: object
) -> None:
    url = site.serve("/feed", pack(RSS), Content_Encoding=name)  # type: ignore[operator]
    assert client.get(url).body == RSS
    assert site.requests[-1][1]["Accept-Encoding"] == "gzip, deflate, br"
    assert "+https://" in site.requests[-1][1]["User-Agent"]


@pytest.mark.parametrize("pack", [gzip.compress, brotli.compress])
def test_bombs_are_cut_before_they_fill_the_memory(
    site: Site, client: HttpClient, pack: object
) -> None:
    body = pack(bytes(200 * 2**20))  # type: ignore[operator]
    name = "gzip" if pack is gzip.compress else "br"
    url = site.serve("/bomb", body, Content_Encoding=name)
    began = time.monotonic()
    with pytest.raises(FetchError, match="larger than 10 MB"):
        client.get(url)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(RSS)[:-20]])
def test_a_damaged_body_is_an_error_of_ours(site: Site, client: HttpClient, body: bytes) -> None:
    with pytest.raises(FetchError, match="can't be fetched"):
        client.get(site.serve("/feed", body, Content_Encoding="gzip"))


# Hostile servers


def test_a_reset_in_mid_body_is_an_error_of_ours(site: Site, client: HttpClient) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(b"<rss>")
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    site.answers["/reset"] = answer
    with pytest.raises(FetchError, match="can't be fetched"):
        client.get(f"{site.base}/reset")


def test_redirect_loops_end(site: Site, client: HttpClient) -> None:
    site.serve("/a", b"", 302, Location="/b")
    url = site.serve("/b", b"", 301, Location="/a")
    with pytest.raises(FetchError, match="redirects more than 5"):
        client.get(url)
    assert len(site.requests) == 6


def test_a_server_without_tls_is_an_error_of_ours(site: Site, client: HttpClient) -> None:
    with pytest.raises(FetchError, match="can't be fetched"):
        client.get(site.base.replace("http://", "https://") + "/feed")


def test_an_untrusted_certificate_is_refused(client: HttpClient, tmp_path: object) -> None:
    """A server whose certificate nobody signed, on loopback."""
    import subprocess
    from pathlib import Path

    folder = Path(str(tmp_path))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]

        def serve() -> None:
            try:
                accepted, _address = plain.accept()
                with context.wrap_socket(accepted, server_side=True) as connection:
                    connection.recv(100)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(FetchError, match=r"can't be fetched .*CERTIFICATE"):
            client.get(f"https://localhost:{port}/feed")
        thread.join(5)


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason"),
    [
        (403, {"cf_mitigated": "challenge"}, b"", "blocked"),
        (503, {}, b"<html><title>Just a moment...</title>", "blocked"),
        (403, {}, b"no", "refused"),
        (401, {}, b"", "login"),
        (404, {}, b"", "missing"),
        (410, {}, b"", "gone"),
        (429, {}, b"", "busy"),
        (500, {}, b"", "unreachable"),
        (200, {}, b"<!doctype html><html><body>Hello</body></html>", "not_a_feed"),
        (200, {}, b"<html><head><title>Attention Required! | Cloudflare</title>", "blocked"),
        (200, {}, b"", "not_a_feed"),
    ],
)
def test_every_trouble_has_its_name(
    site: Site, source: FeedSource, status: int, headers: dict[str, str], body: bytes, reason: str
) -> None:
    url = site.serve("/feed", body, status, **headers)
    with pytest.raises((FetchError, ParseError)) as caught:
        source.pull(url, Validators())
    assert caught.value.reason == reason


# Validators, moves, logins


def test_validators_are_kept_when_only_they_change(site: Site, source: FeedSource) -> None:
    url = site.serve("/feed", b"", 304, ETag='"new"', Cache_Control="max-age=600")
    pull = source.pull(url, Validators('"old"', "Mon, 02 Mar 2026 08:00:00 GMT", "hash"))
    assert pull.status == "unchanged"
    assert pull.validators == Validators('"new"', "Mon, 02 Mar 2026 08:00:00 GMT", "hash")
    assert pull.fresh_s == 600
    sent = site.requests[-1][1]
    assert sent["If-None-Match"] == '"old"'
    assert sent["If-Modified-Since"] == "Mon, 02 Mar 2026 08:00:00 GMT"


def test_only_permanent_redirects_are_moves(site: Site, source: FeedSource) -> None:
    new = site.serve("/new", RSS)
    for status, moved_to in ((301, new), (308, new), (302, None), (307, None)):
        url = site.serve("/old", b"", status, Location="/new")
        assert source.pull(url, Validators()).moved_to == moved_to
    site.serve("/middle", b"", 302, Location="/new")
    url = site.serve("/old", b"", 301, Location="/middle")
    assert source.pull(url, Validators()).moved_to is None
    assert source.pull(new, Validators()).moved_to is None


def test_a_login_stays_with_its_host(site: Site, client: HttpClient) -> None:
    login = (("Authorization", "Basic c2VjcmV0"),)
    here = site.serve("/here", RSS)
    site.serve("/same", b"", 302, Location="/here")
    other = here.replace("127.0.0.1", "localhost")
    away = site.serve("/away", b"", 302, Location=other)
    client.get(f"{site.base}/same", private_headers=login)
    assert [headers.get("Authorization") for _path, headers in site.requests] == [
        "Basic c2VjcmV0"
    ] * 2
    client.get(away, private_headers=login)
    assert site.requests[-1][1].get("Authorization") is None
    assert "c2VjcmV0" not in repr(Validators(private_headers=login))


# Turns


class FakeTime:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def test_requests_to_a_host_keep_their_distance() -> None:
    time_ = FakeTime()
    gate = HostGate(2.0, clock=time_.clock, sleep=time_.sleep)
    starts = []
    for url in ("https://a.example/1", "https://b.example/1", "https://a.example/2"):
        with gate.turn(url):
            starts.append(time_.now_s)
            time_.now_s += 0.5
    assert starts == [0.0, 0.5, 2.5]


def test_a_host_serves_one_at_a_time() -> None:
    gate = HostGate(0.0)
    inside, most = [0], [0]

    def work() -> None:
        with gate.turn("https://a.example/"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_429_closes_the_host_for_the_others(site: Site, client: HttpClient) -> None:
    url = site.serve("/busy", b"", 429, Retry_After="120")
    other = site.serve("/fine", RSS)
    with pytest.raises(FetchError):
        client.get(url)
    asked = len(site.requests)
    for _ in range(5):
        with pytest.raises(FetchError, match="less often") as caught:
            client.get(other)
        assert caught.value.retry_after_s is not None
        assert 100 < caught.value.retry_after_s <= 120
    assert len(site.requests) == asked


# Robots


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        (b"User-agent: *\nDisallow: /private/", "/private/x", False),
        (b"User-agent: *\nDisallow: /private/", "/public", True),
        (b"User-agent: Sawthis\nDisallow: /\n\nUser-agent: *\nAllow: /", "/a", False),
        (b"User-agent: *\nDisallow: /*?print", "/a?print=1", False),
        (b"\xff\xfe nonsense", "/a", True),
    ],
)
def test_robots_are_heard(
    site: Site, client: HttpClient, rules: bytes, path: str, *, allowed: bool
) -> None:
    site.serve("/robots.txt", rules)
    robots = Robots(client)
    assert robots.allow(site.base + path) is allowed
    robots.allow(site.base + path)
    assert [asked for asked, _ in site.requests] == ["/robots.txt"]


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False)])
def test_no_robots_is_a_yes_and_trouble_is_a_no(
    site: Site, client: HttpClient, status: int, *, allowed: bool
) -> None:
    site.serve("/robots.txt", b"", status)
    assert Robots(client).allow(f"{site.base}/a") is allowed


def test_pages_are_read_where_robots_may(
    site: Site, client: HttpClient, parser: ParserPool
) -> None:
    site.serve("/robots.txt", b"User-agent: *\nDisallow: /no")
    text = b"<html><title>T</title><article><p>" + b"The wind rose. " * 60 + b"</p></article>"
    pages = PageFetcher(client, parser)
    assert "The wind rose." in pages.fetch(site.serve("/yes", text)).text
    with pytest.raises(FetchError, match="robots"):
        pages.fetch(site.serve("/no", text))
    with pytest.raises(ParseError):
        pages.fetch(site.serve("/empty", b""))


# Times


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": "public, max-age=600", "age": "100"}, 500),
        ({"cache-control": 'max-age="60"'}, 60),
        ({"cache-control": "no-cache, max-age=600"}, 0),
        ({"cache-control": "max-age=99999999"}, 86400),
        ({"cache-control": "max-age=soon"}, 0),
        ({"expires": format_datetime(NOW + timedelta(hours=2))}, 7200),
        ({"expires": format_datetime(NOW - timedelta(hours=2))}, 0),
        ({"expires": "0"}, 0),
        (
            {
                "expires": "Wed, 04 Mar 2026 11:00:00 GMT",
                "date": "Wed, 04 Mar 2026 10:00:00 GMT",
            },
            3600,
        ),
        ({}, 0),
    ],
)
def test_how_long_an_answer_stays_good(headers: dict[str, str], seconds: int) -> None:
    assert fresh_seconds(headers, NOW) == seconds


def test_a_feed_that_rests_is_asked_less_and_less() -> None:
    spoke = NOW - timedelta(days=8)
    assert unchanged_interval(3600, spoke, NOW) == 2 * 86400
    assert unchanged_interval(3 * 86400, spoke, NOW) == 3 * 86400
    assert unchanged_interval(3600, NOW - timedelta(days=400), NOW) == 7 * 86400
    assert unchanged_interval(3600, None, NOW) == 5400
    assert unchanged_interval(80_000, None, NOW) == 86400


@given(
    st.lists(st.one_of(st.none(), MOMENTS), max_size=40),
    MOMENTS,
)
def test_a_rhythm_is_between_a_quarter_of_an_hour_and_a_week(
    dates: list[datetime | None], now: datetime
) -> None:
    interval_s, weekly = rhythm(dates, now)
    assert 15 * 60 <= interval_s <= 7 * 86400
    assert weekly is None or weekly > 0 or weekly == 0.0


def test_a_feed_is_asked_as_often_as_it_speaks() -> None:
    def at_intervals(hours: float, silent_hours: float = 0.0) -> float:
        dates = [NOW - timedelta(hours=silent_hours + n * hours) for n in range(20)]
        return rhythm(dates, NOW)[0]

    assert at_intervals(0.1) == 15 * 60
    assert at_intervals(2) == 3600
    assert at_intervals(24) == 12 * 3600
    assert at_intervals(24 * 60) == 7 * 86400
    assert at_intervals(2, silent_hours=96) == 24 * 3600
    assert rhythm([], NOW) == (3600, None)
    assert rhythm([NOW - timedelta(days=7 * n / 14) for n in range(20)], NOW)[1] == pytest.approx(
        14, abs=1
    )


@given(
    now=MOMENTS,
    interval_s=st.floats(0, 1e8),
    failures=st.integers(0, 100),
    retry_after_s=st.none() | st.floats(0, 7 * 86400),
    jitter=st.floats(0, 1),
    fresh_s=st.floats(0, 1e9),
    skip_hours=st.frozensets(st.integers(0, 23)),
    skip_days=st.frozensets(st.integers(0, 6)),
)
def test_the_next_check_is_never_in_the_past_and_hears_the_publisher(
    now: datetime,
    interval_s: float,
    failures: int,
    retry_after_s: float | None,
    jitter: float,
    fresh_s: float,
    skip_hours: frozenset[int],
    skip_days: frozenset[int],
) -> None:
    at = next_check_at(
        now,
        interval_s=interval_s,
        failures=failures,
        retry_after_s=retry_after_s,
        jitter=jitter,
        fresh_s=fresh_s,
        skip_hours=skip_hours,
        skip_days=skip_days,
    )
    wait_s = (at - now).total_seconds()
    assert wait_s >= 15 * 60 - 1
    assert wait_s >= (retry_after_s or 0) - 1
    assert wait_s <= 15 * 86400 + 3600
    if len(skip_hours) < 24 and len(skip_days) < 7:
        assert at.hour not in skip_hours
        assert at.weekday() not in skip_days
