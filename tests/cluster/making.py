"""A small world to do chores in: feeds without a network, two accounts, a model of words."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from recommender_feeds import (
    Entry,
    FetchError,
    ParsedFeed,
    Pull,
    SourceRegistry,
    Validators,
)
from recommender_models import VectorMatrix

from recommender.services.chores import Ways
from recommender.services.embedding import background
from recommender.services.matching import Matching
from recommender.services.range_matching import RangeMatching
from recommender.services.refresh import Refresher
from recommender.testing import NOW, WordEmbedder, make_contact, make_interest
from recommender.wiring import shipped_relevance_model

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from recommender.services.progress import Progress
    from recommender.storage.database import Row
    from recommender.storage.protocol import Storage

SUBJECTS = ("sailing", "chess", "bread", "stars", "gardens", "trains")
RUMOUR = (
    "The old lighthouse at the mouth of the river was sold on Tuesday to a keeper of bees, who "
    "means to live in it and to let the lamp burn once a year, at midsummer, for the neighbours."
)


class Fixed(random.Random):
    """No chance."""

    def random(self) -> float:
        return 0.5


class FakeSource:
    """Feeds by address, in memory; one is down."""

    name = "feed"

    def __init__(self, feeds: dict[str, list[Entry]]) -> None:
        self.feeds = feeds
        self.n_pulls: dict[str, int] = defaultdict(int)

    def handles(self, url: str) -> bool:
        return url.startswith("https://")

    def pull(self, url: str, validators: Validators) -> Pull:
        self.n_pulls[url] += 1
        if url not in self.feeds:
            raise FetchError(f"{url} did not answer in time; it is tried again", url=url)
        entries = tuple(self.feeds[url])
        return Pull(
            ParsedFeed(f"Feed of {url}", None, "en", entries, "fake", len(entries)),
            Validators(body_hash=str(len(entries))),
            url,
            "parsed",
        )


def entry(feed: int, n: int, text: str | None = None) -> Entry:
    subject = SUBJECTS[(feed + n) % len(SUBJECTS)]
    words = f"A few words on {subject}, number {n} of feed {feed}. " + f"About {subject}. " * 3
    return Entry(
        id=f"{feed}-{n}",
        url=f"https://site{feed}.example/{n}",
        title=f"{subject.capitalize()} and more, {feed}.{n}",
        text=text or words,
        html="",
        published_at=NOW - timedelta(hours=n + feed),
        author=None,
        tags=(),
        language="en",
    )


def some_feeds(n_feeds: int = 4, n_entries: int = 3) -> dict[str, list[Entry]]:
    """Feeds of which each tells the rumour, too."""
    return {
        feed_url(feed): [
            *(entry(feed, n) for n in range(n_entries)),
            entry(feed, 90, f"{RUMOUR} {SUBJECTS[feed % 6]}."),
        ]
        for feed in range(n_feeds)
    }


def feed_url(feed: int) -> str:
    return f"https://site{feed}.example/feed"


class World:
    """A library, what it is fed from, and the ways chores need."""

    def __init__(self, storage: Storage, folder: Path, source: FakeSource) -> None:
        self.storage = storage
        self.source = source
        self.embedder = WordEmbedder()
        self.now = NOW
        self.sent: list[str] = []
        self._folder = folder
        self._matching: list[Matching] = []
        self._ranges: list[RangeMatching] = []

    def use_model(self, key: str) -> None:
        """Take another model from now on."""
        self.embedder.key = key
        self._matching.clear()
        self._ranges.clear()

    def fill(self, n_accounts: int = 2) -> None:
        """Accounts with contacts and interests, each with most of the feeds and a dead one."""
        for number in range(n_accounts):
            account_id = f"account-{number}"
            contact = make_contact()
            self.storage.people.add_contact(account_id, contact)
            for phrase in SUBJECTS[number : number + 3]:
                self.storage.people.add_interest(account_id, make_interest(contact, phrase))
            urls = [url for at, url in enumerate(self.source.feeds) if at % (number + 2)]
            for url in [*urls, "https://down.example/feed"]:
                self.storage.feeds.subscribe(account_id, url, kind="article", title="", now=NOW)
        background(self.storage, self.embedder)

    def matching(self) -> Matching:
        if not self._matching:
            self._folder.mkdir(exist_ok=True)
            self._matching.append(
                Matching(
                    self.storage,
                    self.embedder,
                    lambda holds, dim: VectorMatrix(self._folder / f"vectors-{holds}", dim),
                    shipped_relevance_model(),
                )
            )
        return self._matching[0]

    def refresher(self) -> Refresher:
        self._folder.mkdir(exist_ok=True)
        return Refresher(self.storage, self._folder, lambda: self.embedder, self.matching)

    def sources(self) -> SourceRegistry:
        return SourceRegistry([self.source])

    def clock(self) -> datetime:
        return self.now

    def _match(self, first: str, last: str, progress: Progress) -> None:
        if not self._ranges:
            self._ranges.append(RangeMatching(self.storage, self.matching()))
        self._ranges[0].run(first, last, progress)

    def ways(self) -> Ways:
        return Ways(
            sources=self.sources,
            embedder=lambda: self.embedder,
            model_key=lambda: self.embedder.key,
            match=self._match,
            match_account=lambda account_id, progress: self._match(
                account_id, account_id, progress
            ),
            send_digest=self.sent.append,
            clock=self.clock,
            rng=Fixed(),
            zone=None,
        )


def said(storage: Storage, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query as the database itself, in an order of their own."""
    database = storage._db  # type: ignore[attr-defined]
    with database.scope("*"):
        rows: list[Row] = database.rows(sql)
    return sorted((tuple(row) for row in rows), key=repr)


def everything(storage: Storage) -> dict[str, list[tuple[Any, ...]]]:
    """What a library holds, by what things are called and not by their numbers."""
    found = {
        "feeds": said(
            storage,
            "SELECT url, title, checked_at, succeeded_at, next_check_at, failures, problem,"
            " body_hash FROM feeds",
        ),
        "items": said(
            storage,
            "SELECT i.key, i.title, i.text, i.level, i.topics, i.fetched_at, f.url FROM items i"
            " JOIN feeds f ON f.id = i.feed_id",
        ),
        "vectors": said(
            storage,
            "SELECT i.key, v.model_key, v.vector FROM item_vectors v"
            " JOIN items i ON i.id = v.item_id",
        ),
        "interests": said(
            storage,
            "SELECT v.account_id, v.interest_id, v.model_key, v.vector FROM interest_vectors v",
        ),
        "matches": said(
            storage,
            "SELECT m.account_id, m.model_key, m.interest_id, i.key, m.contact_id,"
            " m.suggestion_id, m.relevance, m.cosine, m.margin, m.lexical, m.span"
            " FROM matches m JOIN items i ON i.id = m.item_id",
        ),
        "model": said(storage, "SELECT value FROM settings WHERE key = 'active_model'"),
    }
    told = defaultdict(list)
    for key, story in said(storage, "SELECT key, story FROM items"):
        told[story].append(key)
    # A story's name is that of whichever telling came first.
    return {**found, "stories": sorted(tuple(keys) for keys in told.values())}
