"""Feeds in: which are due, pull them, keep what is new. One bad feed never stops the others.

Pulling runs in threads, storing in the caller's thread. Each feed's items and its state are
written in one transaction: after a crash a feed is either done or due again, never half.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from recommender_feeds import (
    FeedError,
    Validators,
    content_hash,
    entry_keys,
    is_due,
    next_check_at,
)

from recommender.domain import NewItem
from recommender.errors import IngestError
from recommender.services.progress import silent

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

    from recommender_feeds import ParsedFeed, Pull, SourceRegistry

    from recommender.domain import Feed, Kind
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage

CHECK_INTERVAL_S = 3600
N_FETCHERS = 8
MAX_TITLE_CHARACTERS = 300
MAX_TEXT_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class FeedOutcome:
    """What one check of one feed came to."""

    feed: Feed
    status: Literal["parsed", "unchanged", "failed"]
    added: int = 0
    changed: int = 0
    error: str | None = None


def due_feeds(storage: Storage, now: datetime) -> list[Feed]:
    """The feeds whose next check has come."""
    return [feed for feed in storage.feeds.subscribed_feeds() if is_due(feed.next_check_at, now)]


def ingest(
    storage: Storage,
    sources: SourceRegistry,
    feeds: Sequence[Feed],
    *,
    now: datetime,
    rng: random.Random,
    progress: Progress = silent,
) -> list[FeedOutcome]:
    """Pull the feeds and keep what is new; one outcome a feed, in the order they finished."""
    outcomes: list[FeedOutcome] = []
    with ThreadPoolExecutor(N_FETCHERS, thread_name_prefix="fetch") as pool:
        waiting = {pool.submit(_pull, sources, feed): feed for feed in feeds}
        try:
            for future in as_completed(waiting):
                outcomes.append(
                    store_pull(
                        storage, waiting[future], future.result(), now=now, jitter=rng.random()
                    )
                )
                progress("Checking feeds", len(outcomes), len(feeds))
        except BaseException:
            # Don't keep the user waiting for pulls nobody will store.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return outcomes


def _pull(sources: SourceRegistry, feed: Feed) -> Pull | FeedError:
    try:
        validators = Validators(feed.etag, feed.last_modified, feed.body_hash)
        return sources.for_url(feed.url).pull(feed.url, validators)
    except FeedError as error:
        return error


def store_pull(
    storage: Storage, feed: Feed, pull: Pull | FeedError, *, now: datetime, jitter: float
) -> FeedOutcome:
    """Write what one pull brought: items and the feed's new state, in one transaction."""
    if isinstance(pull, FeedError):
        return _store_failure(storage, feed, pull, now=now, jitter=jitter)
    state = replace(
        feed,
        etag=pull.validators.etag,
        last_modified=pull.validators.last_modified,
        body_hash=pull.validators.body_hash,
        checked_at=now,
        succeeded_at=now,
        next_check_at=next_check_at(
            now, interval_s=CHECK_INTERVAL_S, failures=0, retry_after_s=None, jitter=jitter
        ),
        failures=0,
        error=None,
    )
    if pull.feed is None:
        storage.feeds.put_state(state)
        return FeedOutcome(state, "unchanged")
    state = replace(
        state,
        title=pull.feed.title or feed.title or feed.url,
        site_url=pull.feed.site_url or feed.site_url,
    )
    with storage.transaction():
        storage.feeds.put_state(state)
        added, changed = storage.items.put_items(
            to_items(pull.feed, feed.url, feed.kind), feed_id=feed.id, owner_id="", now=now
        )
    return FeedOutcome(state, "parsed", added, changed)


def _store_failure(
    storage: Storage, feed: Feed, error: FeedError, *, now: datetime, jitter: float
) -> FeedOutcome:
    failures = feed.failures + 1
    state = replace(
        feed,
        checked_at=now,
        failures=failures,
        error=str(error),
        next_check_at=next_check_at(
            now,
            interval_s=CHECK_INTERVAL_S,
            failures=failures,
            retry_after_s=getattr(error, "retry_after_s", None),
            jitter=jitter,
        ),
    )
    storage.feeds.put_state(state)
    return FeedOutcome(state, "failed", error=str(error))


def check_feed(sources: SourceRegistry, url: str) -> str:
    """Read a feed once without keeping anything; returns its title, or IngestError."""
    try:
        pull = sources.for_url(url).pull(url, Validators(None, None, None))
    except FeedError as error:
        raise IngestError(str(error), url=url) from error
    return pull.feed.title if pull.feed else ""


def to_items(feed: ParsedFeed, feed_url: str, kind: Kind) -> list[NewItem]:
    """Entries as items, in the feed's order; those without title and text are left out."""
    return [
        NewItem(
            key=key,
            kind=kind,
            url=entry.url,
            title=entry.title[:MAX_TITLE_CHARACTERS],
            text=entry.text[:MAX_TEXT_CHARACTERS],
            author=entry.author,
            language=entry.language or feed.language,
            tags=entry.tags,
            published_at=entry.published_at,
            content_hash=content_hash(entry.title, entry.text),
        )
        for entry, key in zip(feed.entries, entry_keys(feed, feed_url), strict=True)
        if entry.title or entry.text
    ]
