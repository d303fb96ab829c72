"""Whole articles for entries that bring only a summary: politely, and each page once.

Per feed: "on" completes every new summary, "off" none, "auto" the newest few of feeds that
bring little else. A page that was tried is not asked for again, whatever came of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recommender_feeds import FeedError, FetchError, reading_minutes

from recommender.services.progress import silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender_feeds import PageFetcher

    from recommender.domain import PageWanted
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage

SUMMARY_CHARACTERS = 600
"""An entry with a longer text is taken for the article itself."""
MIN_ARTICLE_CHARACTERS = 400
DAYS = 7
MAX_PAGES = 60
"""In one refresh; the rest has its turn in the next."""
PAGES_A_FEED = {"auto": 3, "on": 20}
AUTO_SHARE = 0.8
"""Share of summaries among a feed's newest entries from which "auto" completes them."""
AUTO_ENTRIES = 20
MIN_SHARED_WORDS = 0.3
MAX_TEXT_CHARACTERS = 100_000


def complete(
    storage: Storage,
    pages: PageFetcher,
    *,
    now: datetime,
    feed_id: int | None = None,
    progress: Progress = silent,
) -> int:
    """Fetch the pages of summaries that came in the last days; returns how many gave a text.

    Args:
        storage: The library.
        pages: Fetches them.
        now: Aware time.
        feed_id: Only those of one feed.
        progress: Told after each page.
    """
    wanted = choose(
        storage,
        storage.items.awaiting_full_text(
            since=now - timedelta(days=DAYS), longest=SUMMARY_CHARACTERS, feed_id=feed_id
        ),
    )
    shut: set[str] = set()
    unanswered: list[PageWanted] = []
    completed = 0
    for done, page in enumerate(wanted, start=1):
        host = urlsplit(page.url).netloc
        if host not in shut:
            text, is_open = _read(storage, pages, page)
            if not is_open:
                shut.add(host)
                unanswered.append(page)
            else:
                minutes = reading_minutes(text) if text else None
                storage.items.put_full_text(page.item_id, text, minutes)
                completed += text is not None
        progress("Completing summaries", done, len(wanted))
    if completed:
        # The network is there, so these hosts are not: they must not stand before others again.
        for page in unanswered:
            storage.items.put_full_text(page.item_id, None, None)
    return completed


def choose(storage: Storage, wanted: Sequence[PageWanted]) -> list[PageWanted]:
    """The pages of one refresh: newest first, a few of each feed."""
    counts: dict[int, int] = {}
    allowed: dict[int, int] = {}
    chosen: list[PageWanted] = []
    for page in wanted:
        if page.feed_id not in allowed:
            allowed[page.feed_id] = _allowance(storage, page)
        counts[page.feed_id] = counts.get(page.feed_id, 0) + 1
        if counts[page.feed_id] <= allowed[page.feed_id] and len(chosen) < MAX_PAGES:
            chosen.append(page)
    return chosen


def _allowance(storage: Storage, page: PageWanted) -> int:
    if page.full_text == "auto":
        short, n = storage.feeds.n_summaries(
            page.feed_id, longest=SUMMARY_CHARACTERS, of=AUTO_ENTRIES
        )
        if short < AUTO_SHARE * n:
            return 0
    return PAGES_A_FEED[page.full_text]


def _read(storage: Storage, pages: PageFetcher, page: PageWanted) -> tuple[str | None, bool]:
    """(the article or None, whether its host may be asked again in this refresh)."""
    try:
        found = pages.fetch(page.url)
    except FetchError as error:
        # A page that is missing says nothing of the next; a host that does not answer does.
        return None, error.reason in {"missing", "gone", "refused"}
    except FeedError:
        return None, True
    title, summary = storage.items.texts([page.item_id])[page.item_id]
    is_article = is_completion(f"{title} {summary}", found.text)
    return (found.text[:MAX_TEXT_CHARACTERS] if is_article else None), True


def is_completion(summary: str, text: str) -> bool:
    """Whether a page's text is the article a summary belongs to, not a wall in front of it."""
    if len(text) < max(MIN_ARTICLE_CHARACTERS, len(summary)):
        return False
    words = {word for word in summary.casefold().split() if len(word) > 3}
    if not words:
        return True
    shared = words & set(text.casefold().split())
    return len(shared) >= MIN_SHARED_WORDS * len(words)
