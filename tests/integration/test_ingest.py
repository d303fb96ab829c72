"""Whole refreshes: moves, logins, pages, retention, a month of polling, and sudden death."""

from __future__ import annotations

import heapq
import itertools
import json
import os
import random
import signal
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from recommender_feeds import (
    AddressPolicy,
    Entry,
    FeedSource,
    FetchError,
    HostGate,
    HttpClient,
    PageFetcher,
    ParsedFeed,
    ParserPool,
    Pull,
    SourceRegistry,
    Validators,
)

from recommender.domain import Feed, Login
from recommender.services import full_text, stories
from recommender.services.health import health
from recommender.services.ingest import after_failure, after_success, due_feeds, ingest
from recommender.testing import NOW, WordEmbedder
from recommender.words import overlap, triples
from tests.site import RSS, running_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from recommender.storage.sqlite import SqliteStorage
    from tests.conftest import Sawthis
    from tests.site import Site

ARTICLE = "The yawl was built on the island in the winter, of larch on oak. " * 20


@pytest.fixture
def sources() -> Iterator[SourceRegistry]:
    policy = AddressPolicy(frozenset({"127.0.0.1"}))
    with HttpClient(policy, read_timeout_s=2) as client, ParserPool(1) as parser:
        yield SourceRegistry([FeedSource(client, parser)], PageFetcher(client, parser))


def rss(*items: tuple[str, str, str]) -> bytes:
    """A feed of (title, link, description)."""
    body = "".join(
        f"<item><title>{title}</title><link>{link}</link><description>{text}</description></item>"
        for title, link, text in items
    )
    return f"<rss version='2.0'><channel><title>Boats</title>{body}</channel></rss>".encode()


def refresh(storage: SqliteStorage, sources: SourceRegistry, now: datetime = NOW) -> list[str]:
    outcomes = ingest(storage, sources, due_feeds(storage, now), now=now, rng=random.Random(1))
    return [outcome.status for outcome in outcomes]


def subscribe(storage: SqliteStorage, url: str, login: Login | None = None) -> Feed:
    return storage.feeds.subscribe("me", url, kind="article", title=url, now=NOW, login=login)


# Moves and ends


def test_a_moved_feed_is_followed_once_it_has_proved_itself(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    old = site.serve("/old", RSS)
    subscribe(storage, old)
    refresh(storage, sources)
    site.serve("/parked", rss(("Buy this name", "https://parked.example/", "Cheap.")))
    site.serve("/old", b"", 301, Location="/parked")
    refresh(storage, sources, NOW + timedelta(days=8))
    (feed,) = storage.feeds.feeds("me")
    assert (feed.url, feed.moved_to) == (old, f"{site.base}/parked")
    assert "holds nothing we know" in health(feed, NOW).words
    new = site.serve("/new", RSS.replace(b"Sea &amp; sky", b"Sea and sky"))
    site.serve("/old", b"", 301, Location="/new")
    refresh(storage, sources, NOW + timedelta(days=16))
    (feed,) = storage.feeds.feeds("me")
    assert (feed.url, feed.moved_to) == (new, None)


def test_an_unproved_redirect_stays_unproved(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    """A second look at the same stranger proves nothing, and nothing of it is kept."""
    old = site.serve("/old", RSS)
    subscribe(storage, old)
    refresh(storage, sources)
    cheap = ("Buy this name", "https://parked.example/", "Cheap.")
    site.serve("/parked", rss(cheap, cheap, ("", "", "")))
    site.serve("/old", b"", 301, Location="/parked")
    for days in (8, 16, 24):
        refresh(storage, sources, NOW + timedelta(days=days))
        (feed,) = storage.feeds.feeds("me")
        assert (feed.url, feed.moved_to) == (old, f"{site.base}/parked")
        assert [item.title for item in storage.items.items("me")] == ["One"]


def test_a_login_does_not_follow_a_move_to_another_host(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    with running_site() as other:
        old = site.serve("/old", RSS)
        subscribe(storage, old, Login("basic", "joe:secret"))
        refresh(storage, sources)
        assert "Authorization" in site.requests[-1][1]
        site.serve("/old", b"", 301, Location=other.serve("/new", RSS + b"<!-- new -->"))
        for days in (8, 16):
            refresh(storage, sources, NOW + timedelta(days=days))
        (feed,) = storage.feeds.feeds("me")
        assert feed.url == old
        assert len(other.requests) == 2
        assert not any("Authorization" in headers for _path, headers in other.requests)


class OddSource:
    """A source whose entry no database takes."""

    name = "odd"

    def handles(self, url: str) -> bool:
        return url.startswith("odd:")

    def pull(self, url: str, validators: Validators) -> Pull:
        entry = Entry("x", "https://e.example/\ud800", "A", "b", "", None, None, (), "en")
        return Pull(ParsedFeed("F", None, "en", (entry,), "odd", 1), validators, url, "parsed")


def test_one_feed_that_cannot_be_kept_does_not_stop_the_others(
    storage: SqliteStorage, site: Site
) -> None:
    subscribe(storage, "odd:1")
    subscribe(storage, site.serve("/feed", RSS))
    policy = AddressPolicy(frozenset({"127.0.0.1"}))
    with HttpClient(policy) as client, ParserPool(1) as parser:
        sources = SourceRegistry([OddSource(), FeedSource(client, parser)])
        assert sorted(refresh(storage, sources)) == ["failed", "parsed"]
    (odd,) = (feed for feed in storage.feeds.feeds("me") if feed.url == "odd:1")
    assert odd.problem == "unreadable"


def test_a_feed_removed_in_mid_refresh_is_passed_over(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    gone = subscribe(storage, site.serve("/gone", RSS), Login("basic", "joe:secret"))
    subscribe(storage, site.serve("/feed", RSS))
    due = due_feeds(storage, NOW)
    storage.feeds.unsubscribe("me", gone.id)
    outcomes = ingest(storage, sources, due, now=NOW, rng=random.Random(1))
    assert sorted(outcome.status for outcome in outcomes) == ["failed", "parsed"]


def _gzip_of_2_gb() -> bytes:
    """Two gigabytes of blanks in some two megabytes: one block that can be repeated."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    block = packer.compress(b" " * 2**26) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + block * 32 + b"\x03\x00" + bytes(8)


@pytest.mark.slow
def test_bombs_make_their_feeds_ill_and_the_rest_goes_on(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    lol = f'<!DOCTYPE rss [<!ENTITY e0 "lol">{entities}]><rss version="2.0"><channel><item>'
    depth = "&lt;div&gt;" * 100_000
    bodies: dict[str, tuple[bytes, dict[str, Any]]] = {
        "encoded": (_gzip_of_2_gb(), {"Content_Encoding": "gzip"}),
        "bare": (_gzip_of_2_gb(), {}),
        "entities": (f"{lol}<title>&e9;</title></item></channel></rss>".encode(), {}),
        "depth": (rss(("Deep", "/deep", depth)), {}),
        "good": (RSS, {}),
    }
    for name, (body, headers) in bodies.items():
        subscribe(storage, site.serve(f"/{name}", body, **headers))
    refresh(storage, sources)
    ill = {feed.url.rpartition("/")[2]: feed.error for feed in storage.feeds.feeds("me")}
    assert "larger than 10 MB" in (ill["encoded"] or "")
    assert "larger than 10 MB" in (ill["bare"] or "")
    assert ill["good"] is None
    texts = {item.title: item.text for item in storage.items.items("me")}
    assert texts["One"] == "The wind."
    assert all(len(text) < 10_000 for text in texts.values())


def test_an_odd_validator_does_not_end_a_feed(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    subscribe(storage, site.serve("/feed", RSS, ETag='"\u00e9t\u00e9"'))
    for days in (0, 8, 16):
        assert refresh(storage, sources, NOW + timedelta(days=days))[0] in {"parsed", "unchanged"}


def test_a_feed_that_is_gone_is_not_asked_again(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    subscribe(storage, site.serve("/feed", b"", 410))
    assert refresh(storage, sources) == ["failed"]
    assert refresh(storage, sources, NOW + timedelta(days=100)) == []
    (feed,) = storage.feeds.feeds("me")
    assert health(feed, NOW).words == "gone, never read"
    assert "remove" in health(feed, NOW).advice


def test_a_feed_behind_a_login_is_read_and_stays_private(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        is_known = handler.headers.get("Authorization") == "Basic am9lOnNlY3JldA=="
        handler.send_response(200 if is_known else 401)
        handler.send_header("Content-Length", str(len(RSS) if is_known else 0))
        handler.end_headers()
        if is_known:
            handler.wfile.write(RSS)

    site.answers["/feed"] = answer
    url = f"{site.base}/feed"
    subscribe(storage, url)
    assert refresh(storage, sources) == ["failed"]
    assert storage.feeds.feeds("me")[0].problem == "login"
    subscribe(storage, url, Login("basic", "joe:secret"))
    assert sorted(refresh(storage, sources, NOW + timedelta(days=8))) == ["failed", "parsed"]
    assert len(storage.items.items("me")) == 1
    storage.feeds.subscribe("you", url, kind="article", title="", now=NOW)
    assert storage.items.items("you") == []


# Pages


def test_summaries_are_completed_politely_and_once(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    site.serve("/robots.txt", b"User-agent: *\nDisallow: /private")
    page = (
        "<html><title>Yawl</title><body><nav>Home</nav><article><p>{}</p></article></body></html>"
    )
    site.serve("/yawl", page.format(ARTICLE).encode())
    site.serve("/private", page.format(ARTICLE).encode())
    site.serve("/wall", page.format("Accept our cookies, or pay. " * 40).encode())
    body = rss(
        ("A yawl", "/yawl", "The yawl was built on the island"),
        ("Private", "/private", "The yawl was built elsewhere"),
        ("Wall", "/wall", "Twelve knots every sailor has forgotten since school"),
        ("Gone", "/gone", "Nobody knows"),
    )
    feed = subscribe(storage, site.serve("/feed", body))
    storage.feeds.set_full_text(feed.id, "on")
    refresh(storage, sources)
    assert sources.pages is not None
    assert full_text.complete(storage, sources.pages, now=NOW) == 1
    asked = Counter(path for path, _headers in site.requests)
    assert asked == {"/feed": 1, "/robots.txt": 1, "/yawl": 1, "/wall": 1, "/gone": 1}
    texts = {item.title: item.text for item in storage.items.items("me")}
    assert texts["A yawl"].startswith("The yawl was built on the island in the winter")
    assert "Home" not in texts["A yawl"]
    assert texts["Wall"].startswith("Twelve knots")
    assert full_text.complete(storage, sources.pages, now=NOW) == 0
    assert Counter(path for path, _headers in site.requests) == asked
    # The feed's own summary is no update of the article.
    site.serve("/feed", body + b"<!-- changed -->")
    refresh(storage, sources, NOW + timedelta(days=8))
    assert {item.title: item.text for item in storage.items.items("me")} == texts
    storage.feeds.set_full_text(feed.id, "off")
    site.serve("/feed", rss(("New", "/new", "Short.")))
    refresh(storage, sources, NOW + timedelta(days=16))
    later = NOW + timedelta(days=16)
    assert full_text.complete(storage, sources.pages, now=later) == 0
    assert "/new" not in {path for path, _headers in site.requests}


def test_auto_leaves_feeds_with_whole_articles_alone(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    whole = [(f"Article {n}", f"/{n}", f"{n} {ARTICLE}") for n in range(4)]
    body = rss(*whole, ("Note", "/note", "A short note"))
    feed = subscribe(storage, site.serve("/feed", body))
    refresh(storage, sources)
    since = NOW - timedelta(days=1)
    wanted = storage.items.awaiting_full_text(since=since, longest=full_text.SUMMARY_CHARACTERS)
    assert len(wanted) == 1
    assert full_text.choose(storage, wanted) == []
    storage.feeds.set_full_text(feed.id, "on")
    wanted = storage.items.awaiting_full_text(since=since, longest=full_text.SUMMARY_CHARACTERS)
    assert full_text.choose(storage, wanted) == wanted


# Stories


def test_near_copies_and_tellings_share_a_story(
    storage: SqliteStorage, sources: SourceRegistry, site: Site
) -> None:
    copy = ARTICLE.replace("winter", "autumn", 1)
    site.serve("/a", rss(("A yawl", "/a/1", ARTICLE), ("Knots", "/a/2", "Other words entirely.")))
    site.serve("/b", rss(("Built of larch", "/b/1", f"{copy} Read more at our site.")))
    for path in ("/a", "/b"):
        subscribe(storage, site.base + path)
    refresh(storage, sources)
    embedder = WordEmbedder()
    items = storage.items.items("me")
    vectors = embedder.embed([f"{item.title} {item.text}" for item in items])
    storage.vectors.put_item_vectors(
        embedder.key, {item.id: v.tobytes() for item, v in zip(items, vectors, strict=True)}
    )
    assert stories.place_stories(storage, embedder) == 1
    told = defaultdict(set)
    for item in storage.items.items("me"):
        told[item.story].add(item.title)
    assert sorted(map(sorted, told.values())) == [["A yawl", "Built of larch"], ["Knots"]]
    assert stories.place_stories(storage, embedder) == 0


def test_overlap_is_of_the_shorter_text() -> None:
    whole = triples("A yawl", ARTICLE)
    half = triples("", " ".join(ARTICLE.split()[:40]))
    assert overlap(half, whole) == 1.0
    assert overlap(whole, frozenset()) == 0.0
    assert stories.bands(frozenset()) == ()
    assert stories.bands(whole) == stories.bands(whole)


# A month of polling, on a clock that costs nothing


class Calendar:
    """500 feeds on 100 hosts that speak now and then, stay away, and ask to be spared."""

    NIGHT = frozenset(range(6))

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.hours = {n: rng.choice([0.5, 3, 12, 24, 72, 240]) for n in range(500)}
        self.is_down = {n: rng.random() < 0.1 for n in range(500)}
        self.is_busy = {n: rng.random() < 0.05 for n in range(500)}
        self.sleeps = {n: rng.random() < 0.1 for n in range(500)}

    def pull(self, feed: Feed, now: datetime) -> Pull | FetchError:
        n = feed.id
        if self.is_busy[n]:
            return FetchError("less", url=feed.url, reason="busy", status=429, retry_after_s=7200)
        if self.is_down[n]:
            return FetchError("down", url=feed.url)
        step = timedelta(hours=self.hours[n])
        since = now - datetime(2020, 1, 1, tzinfo=UTC)
        newest = now - since % step
        state = Validators(etag=str(newest))
        if feed.etag == state.etag:
            return Pull(None, state, feed.url, "unchanged")
        entries = tuple(_entry(newest - k * step) for k in range(10))
        hours = self.NIGHT if self.sleeps[n] else frozenset()
        found = ParsedFeed("F", None, "en", entries, "fake", 10, skip_hours=hours)
        return Pull(found, state, feed.url, "parsed")


def _entry(at: datetime) -> Entry:
    return Entry(at.isoformat(), None, "T", "x", "", at, None, (), "en")


def _month(calendar: Calendar, rng: random.Random) -> dict[int, list[datetime]]:
    """When each feed was visited in thirty days."""
    blank = Feed(0, "", "F", None, "article", *(None,) * 6, 0, None)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    due = [
        (start, n, replace(blank, id=n, url=f"https://host{n % 100}.example/{n}"))
        for n in range(500)
    ]
    visits: dict[int, list[datetime]] = defaultdict(list)
    while due[0][0] < start + timedelta(days=30):
        now, n, feed = due[0]
        visits[n].append(now)
        pull = calendar.pull(feed, now)
        if isinstance(pull, FetchError):
            after = after_failure(feed, pull, now=now, jitter=rng.random())
        else:
            after = after_success(feed, pull, now=now, jitter=rng.random())
        assert after.next_check_at is not None
        heapq.heapreplace(due, (after.next_check_at, n, after))
    return visits


def test_a_month_of_polling_500_feeds_is_polite() -> None:
    calendar = Calendar(7)
    visits = _month(calendar, random.Random(7))
    for n, times in visits.items():
        gaps = [b - a for a, b in itertools.pairwise(times)]
        assert min(gaps, default=timedelta(days=1)) >= timedelta(minutes=15)
        assert max(gaps, default=timedelta()) <= timedelta(days=7, hours=6)
        if calendar.is_busy[n]:
            assert min(gaps) >= timedelta(hours=2)
        elif calendar.is_down[n]:
            assert len(times) <= 14, "a feed that is down is asked less and less"
        else:
            # Twice in the time between two entries, within the bounds; at least once in a week.
            per_month = 30 * 24 / min(max(calendar.hours[n] / 2, 0.25), 168)
            assert 4 <= len(times) <= per_month * 1.05 + 2
            night = {at.hour for at in times[1:]} & Calendar.NIGHT
            assert not (calendar.sleeps[n] and night), "also after an unchanged answer"
    per_host = Counter(n % 100 for n, times in visits.items() for _ in times)
    # Asking each of its five feeds every quarter of an hour would be 14,400.
    assert max(per_host.values()) < 14_400
    assert sum(per_host.values()) < 500 * 30 * 24, "and all of it less than asking every hour"


def test_a_hosts_feeds_are_two_seconds_apart_whatever_the_number() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    gate = HostGate(clock=lambda: now[0], sleep=sleep)
    for n in range(500):
        with gate.turn(f"https://host{n % 4}.example/{n}"):
            now[0] += 0.01
    assert now[0] >= 124 * 2.0


# Sudden death


def _rows(sawthis: Sawthis) -> list[str]:
    rows = [json.loads(line) for line in sawthis.ok("export").splitlines()]
    return sorted(
        f"{row['row']['key']} {row['row']['content_hash']}" for row in rows if row["kind"] == "item"
    )


@pytest.mark.slow
@pytest.mark.parametrize("pause_s", [0.0, 0.6])
def test_killed_while_fetching_or_storing_nothing_is_half(
    sawthis: Sawthis, site: Site, tmp_path: Path, pause_s: float
) -> None:
    """kill -9 after a random number of answers; the next refresh makes up for it."""
    sawthis.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
    sawthis.environment["SAWTHIS_FULL_TEXT"] = "off"
    for n in range(8):
        body = rss(
            *((f"{n} {k}", f"https://e.example/{n}/{k}", f"Words {n} {k}") for k in range(60))
        )

        def answer(handler: BaseHTTPRequestHandler, body: bytes = body) -> None:
            time.sleep(pause_s / 4)
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            time.sleep(pause_s / 4)
            handler.wfile.write(body[len(body) // 2 :])

        site.answers[f"/{n}"] = answer
        sawthis.ok("feeds", "add", f"{site.base}/{n}", "--no-check")
    rng = random.Random(3)
    for _ in range(3):
        asked = len(site.requests)
        process = sawthis.popen("refresh", "--all")
        target = asked + rng.randrange(1, 8)
        deadline = time.monotonic() + 60
        while len(site.requests) < target and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        whole = Counter(row.split("/")[3] for row in _rows(sawthis))
        assert set(whole.values()) <= {60}, "a feed is stored whole or not at all"
    sawthis.ok("refresh", "--all")
    assert len(_rows(sawthis)) == 480
    assert json.loads(sawthis.ok("refresh", "--all", "--json"))["items"] == {
        "added": 0, "changed": 0,
    }  # fmt: skip
