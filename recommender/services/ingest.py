"""Feeds in: which are due, pull them, keep what is new. One bad feed never stops the others.

Pulling runs in threads, storing in the caller's thread. Each feed's items and its state are
written in one transaction: after a crash a feed is either done or due again, never half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from recommender_feeds import (
    FeedError,
    ParseError,
    content_hash,
    entry_names,
    hints_at_paywall,
    is_due,
    language_of,
    next_check_at,
    reading_minutes,
    rhythm,
    same_origin,
    unchanged_interval,
)

from recommender.domain import NewItem
from recommender.errors import ConflictError, FeedNotFound
from recommender.services.progress import silent
from recommender.services.pulling import pull_all, visit_of

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

    from recommender_feeds import ParsedFeed, Pull, SourceRegistry

    from recommender.domain import Feed, Kind
    from recommender.services.progress import Progress
    from recommender.services.pulling import Visit
    from recommender.storage.protocol import Storage

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
    """The feeds whose next check has come; those that are gone for good never are."""
    return [feed for feed in storage.feeds.subscribed_feeds() if wants_a_look(feed, now)]


def wants_a_look(feed: Feed, now: datetime) -> bool:
    """Whether a feed's next check has come. Pure."""
    return is_due(feed.next_check_at, now) and feed.problem != "gone"


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
    visits = [visit_to(storage, feed) for feed in feeds]
    for brought in pull_all(sources, visits):
        outcomes.append(
            keep(storage, brought.visit.feed, brought.pull, now=now, jitter=rng.random())
        )
        progress("Checking feeds", len(outcomes), len(feeds))
    return outcomes


def visit_to(storage: Storage, feed: Feed) -> Visit:
    """A visit that goes on from what is known of the feed, with its login if it has one."""
    return visit_of(feed, storage.feeds.login(feed.id) if feed.owner_id else None)


def keep(
    storage: Storage, feed: Feed, pull: Pull | FeedError, *, now: datetime, jitter: float
) -> FeedOutcome:
    """Store what one pull brought, whatever it is: never raises for what a feed holds."""
    try:
        return store_pull(storage, feed, pull, now=now, jitter=jitter)
    except FeedNotFound as error:  # it was removed meanwhile
        return FeedOutcome(feed, "failed", error=str(error))
    except (ConflictError, ValueError) as error:
        # What nobody thought of in one feed must not cost the others.
        failure = ParseError(f"{feed.url} holds what can't be kept ({error})", url=feed.url)
        return store_pull(storage, feed, failure, now=now, jitter=jitter)


def store_pull(
    storage: Storage, feed: Feed, pull: Pull | FeedError, *, now: datetime, jitter: float
) -> FeedOutcome:
    """Write what one pull brought: items and the feed's new state, in one transaction."""
    if isinstance(pull, FeedError):
        state = after_failure(feed, pull, now=now, jitter=jitter)
        storage.feeds.put_state(state)
        return FeedOutcome(state, "failed", error=str(pull))
    state = after_success(feed, pull, now=now, jitter=jitter)
    added = changed = 0
    try:
        with storage.transaction():
            storage.feeds.put_state(state)
            offered = to_items(pull.feed, feed.url, feed.kind) if pull.feed else []
            if pull.feed is not None:
                added, changed = storage.items.put_items(
                    offered,
                    feed_id=feed.id,
                    owner_id=feed.owner_id,
                    now=now,
                )
            if pull.moved_to:
                n_offered = len({item.key for item in offered})
                if not is_proved(feed, pull, n_known=n_offered - added):
                    raise _UnprovedError
                if not feed.owner_id or same_origin(feed.url, pull.moved_to):
                    storage.feeds.move(feed.id, pull.moved_to)
                    state = replace(state, url=pull.moved_to, moved_to=None)
    except _UnprovedError:
        # Nothing of it is kept, nor its validators: the next look must compare it again.
        state = unproved(feed, state)
        storage.feeds.put_state(state)
        return FeedOutcome(state, "unchanged")
    return FeedOutcome(state, "parsed" if pull.feed else "unchanged", added, changed)


class _UnprovedError(Exception):
    """Undoes what a redirect to another feed would have brought."""


def unproved(feed: Feed, state: Feed) -> Feed:
    """A feed's state after its address led to a feed we do not know. Pure."""
    return replace(
        feed,
        checked_at=state.checked_at,
        next_check_at=state.next_check_at,
        failures=0,
        error=None,
        problem=None,
        moved_to=state.moved_to,
    )


def after_success(feed: Feed, pull: Pull, *, now: datetime, jitter: float) -> Feed:
    """A feed's state after a check that went well. Pure."""
    found = pull.feed
    if found:
        dates = [entry.published_at for entry in found.entries]
        interval_s, weekly = rhythm(dates, now)
        feed = replace(
            feed,
            weekly=weekly,
            newest_at=max((at for at in dates if at is not None and at <= now), default=None),
            ttl_minutes=found.ttl_minutes,
            skip_hours=found.skip_hours,
            skip_days=found.skip_days,
        )
    else:
        interval_s = unchanged_interval(feed.interval_s, feed.newest_at, now)
    return replace(
        feed,
        title=(found.title if found else "") or feed.title or feed.url,
        site_url=(found.site_url if found else None) or feed.site_url,
        etag=pull.validators.etag,
        last_modified=pull.validators.last_modified,
        body_hash=pull.validators.body_hash,
        checked_at=now,
        succeeded_at=now,
        interval_s=interval_s,
        next_check_at=next_check_at(
            now,
            interval_s=interval_s,
            failures=0,
            retry_after_s=None,
            jitter=jitter,
            fresh_s=max(pull.fresh_s, 60.0 * (feed.ttl_minutes or 0)),
            skip_hours=feed.skip_hours,
            skip_days=feed.skip_days,
        ),
        failures=0,
        error=None,
        problem=None,
        moved_to=pull.moved_to,
    )


def after_failure(feed: Feed, error: FeedError, *, now: datetime, jitter: float) -> Feed:
    """A feed's state after a check that failed. Pure."""
    failures = feed.failures + 1
    return replace(
        feed,
        checked_at=now,
        failures=failures,
        error=str(error),
        problem=error.reason,
        next_check_at=next_check_at(
            now,
            interval_s=feed.interval_s,
            failures=failures,
            retry_after_s=getattr(error, "retry_after_s", None),
            jitter=jitter,
            skip_hours=feed.skip_hours,
            skip_days=feed.skip_days,
        ),
    )


def is_proved(feed: Feed, pull: Pull, *, n_known: int) -> bool:
    """Whether what answers at the new address is the feed we knew. Pure.

    It is if it honoured our validators, has the title we know, or holds at least one entry we
    know; a feed that was never read has nothing to be compared with.
    """
    if pull.feed is None or feed.succeeded_at is None:
        return True
    has_our_title = bool(pull.feed.title) and pull.feed.title == feed.title
    return has_our_title or n_known > 0


def to_items(feed: ParsedFeed, feed_url: str, kind: Kind) -> list[NewItem]:
    """Entries as items, in the feed's order; those without title and text are left out."""
    return [
        NewItem(
            key=names.key,
            kind=kind,
            url=entry.url,
            title=entry.title[:MAX_TITLE_CHARACTERS],
            text=entry.text[:MAX_TEXT_CHARACTERS],
            author=entry.author,
            language=language_of(entry.title, entry.text, entry.language or feed.language),
            tags=entry.tags,
            published_at=entry.published_at,
            content_hash=content_hash(entry.title, entry.text),
            aliases=names.aliases,
            minutes=reading_minutes(entry.text),
            paywalled=hints_at_paywall(entry.title, entry.text, entry.tags),
        )
        for entry, names in zip(feed.entries, entry_names(feed, feed_url), strict=True)
        if entry.title or entry.text
    ]
