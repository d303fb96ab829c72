"""The captured feeds and OPML files: nothing lost, nothing doubled, nothing raised."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import feedparser
import pytest
from recommender_feeds import (
    ParseError,
    ParserPool,
    Pull,
    Validators,
    entry_keys,
    parse,
    parse_opml,
)
from recommender_feeds.parsing import MAX_ENTRIES

from recommender.services.ingest import store_pull
from recommender.testing import NOW
from tests.feeds.corpus import ALL, ORIGINS, REAL, documents, feed_documents

if TYPE_CHECKING:
    from recommender.domain import Feed
    from recommender.storage.sqlite import SqliteStorage

N_LEAST_REAL = 433
"""Documents from real sites that entries are read from (docs/feeds.md has the list of the rest)."""
MET = {
    "feedparser": 0.97,
    "gofeed": 0.98,
    "feed-rs": 0.99,
    "podcastparser": 0.97,
    "rss-parser": 1.0,
}
"""The share of each origin's own expectations that we meet; the misses are explained there."""


@pytest.mark.slow
@pytest.mark.parametrize("origin", ALL)
def test_no_document_raises_hangs_or_gives_an_entry_twice(origin: str) -> None:
    n = 0
    with ParserPool(n_workers=1) as pool:
        for name, body in feed_documents(origin):
            n += 1
            began = time.monotonic()
            url = f"https://corpus.example/{name}"
            try:
                feed = pool.parse(body, url)
            except ParseError as error:
                assert url in str(error)
                continue
            finally:
                assert time.monotonic() - began < 30, f"{name} was not cut off"
            assert len(feed.entries) == min(MAX_ENTRIES, feed.n_entries_found), name
            for entry in feed.entries:
                assert not re.search(r"</(p|div|a|b|span)>", entry.title), name
                assert entry.url is None or entry.url.startswith(("http://", "https://")), name
    assert n


@pytest.mark.slow
def test_nothing_feedparser_finds_is_lost_in_the_captured_feeds() -> None:
    n_read = 0
    for origin in REAL:
        for name, body in feed_documents(origin):
            plain = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
            try:
                feed = parse(body, f"https://corpus.example/{name}", keep_html=False)
            except ParseError:
                assert not plain.entries, name
                continue
            assert feed.n_entries_found >= len(plain.entries), name
            n_read += bool(feed.entries)
    assert n_read >= N_LEAST_REAL


@pytest.mark.slow
def test_a_second_ingest_of_any_document_adds_nothing(storage: SqliteStorage) -> None:
    """All in one library, as feeds that hold each other's ids and addresses; twice, and again."""
    pulls: list[tuple[Feed, Pull]] = []
    for origin in ALL:
        for name, body in feed_documents(origin):
            url = f"https://corpus.example/{name}"
            try:
                first, second = (parse(body, url, keep_html=False) for _ in range(2))
            except ParseError:
                continue
            feed = storage.feeds.subscribe("me", url, kind="article", title=name, now=NOW)
            for found in (first, second):
                pull = Pull(found, Validators(), url, "parsed")
                outcome = store_pull(storage, feed, pull, now=NOW, jitter=0.0)
                assert outcome.added <= len(found.entries), name
            assert (outcome.added, outcome.changed) == (0, 0), name
            pulls.append((feed, pull))
    for feed, pull in pulls:
        outcome = store_pull(storage, feed, pull, now=NOW + timedelta(hours=1), jitter=0.0)
        assert (outcome.added, outcome.changed) == (0, 0), feed.url
    assert len(pulls) > 2400


@pytest.mark.slow
def test_entries_of_live_feeds_keep_their_keys() -> None:
    for name, body in documents("fastfeedparser", "/benchmark_data/"):
        url = f"https://corpus.example/{name}"
        try:
            feed = parse(body, url, keep_html=False)
        except ParseError:
            continue
        keys = entry_keys(feed, url)
        contents = {(e.title, e.text) for e in feed.entries}
        assert len(set(keys)) >= len(contents), name
        assert entry_keys(parse(body, url, keep_html=False), url) == keys, name


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_other_readers_expect_is_met(origin: str) -> None:
    report = ORIGINS[origin]()
    assert report.n > 80
    assert report.share >= MET[origin], report.misses


def test_every_opml_of_the_corpus_is_read() -> None:
    found = 0
    for name, body in documents("awesome-rss-feeds", ".opml"):
        listed = parse_opml(body)
        assert listed, name
        found += len(listed)
    assert found > 1000
