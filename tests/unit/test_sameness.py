"""When two entries are one: what feeds do to their ids over the years."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from recommender_feeds import Entry, ParsedFeed, entry_names

from recommender.services.ingest import to_items
from recommender.testing import NOW

if TYPE_CHECKING:
    from recommender.domain import NewItem
    from recommender.storage.sqlite import SqliteStorage

FEED = "https://blog.example/feed"


def entry(n: int, **changes: object) -> Entry:
    made = Entry(
        id=f"https://blog.example/?p={n}",
        url=f"https://blog.example/{n}",
        title=f"About knot number {n}",
        text=f"How knot number {n} is tied, and why it holds where the others do not. " * 3,
        html="",
        published_at=datetime(2026, 1, n % 28 + 1, 9, 0, tzinfo=UTC),
        author=None,
        tags=(),
        language="en",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def feed(*entries: Entry, site: str = "https://blog.example/") -> ParsedFeed:
    return ParsedFeed("Knots", site, "en", entries, "test", len(entries))


def put(storage: SqliteStorage, made: ParsedFeed, url: str = FEED) -> tuple[int, int]:
    source = storage.feeds.subscribe("me", url, kind="article", title="K", now=NOW)
    items = to_items(made, url, "article")
    return storage.items.put_items(items, feed_id=source.id, owner_id="", now=NOW)


def changed(made: ParsedFeed, **changes: object) -> ParsedFeed:
    entries = []
    for at, one in enumerate(made.entries, start=1):
        values: dict[str, Any] = {
            name: value(at) if callable(value) else value for name, value in changes.items()
        }
        entries.append(replace(one, **values))
    return replace(made, entries=tuple(entries))


TWENTY = feed(*(entry(n) for n in range(1, 21)))


@pytest.mark.parametrize(
    "after",
    [
        TWENTY,
        changed(TWENTY, id=lambda n: f"http://blog.example/?p={n}"),
        changed(TWENTY, url=lambda n: f"http://www.blog.example/{n}?utm_source=rss"),
        changed(TWENTY, id=lambda n: f"tag:blog.example,2026:{n}"),
        changed(TWENTY, id=None),
        changed(TWENTY, id=lambda n: f"new-{n}", url=lambda n: f"https://new.example/posts/{n}"),
        changed(TWENTY, id=None, url=None),
        changed(
            TWENTY,
            id=lambda n: f"new-{n}",
            url=lambda n: f"https://new.example/posts/{n}",
            text="Only the first words …",
        ),
        replace(TWENTY, entries=tuple(reversed(TWENTY.entries))),
        replace(TWENTY, entries=TWENTY.entries[:5]),
    ],
    ids=[
        "again",
        "http",
        "tracking",
        "platform",
        "no ids",
        "new host",
        "bare",
        "new program",
        "order",
        "short",
    ],
)
def test_a_feed_that_changes_its_ids_does_not_flood_the_pool(
    storage: SqliteStorage, after: ParsedFeed
) -> None:
    assert put(storage, TWENTY) == (20, 0)
    assert put(storage, after)[0] == 0
    assert put(storage, after) == (0, 0)


def test_ids_counted_anew_every_day_are_not_believed(storage: SqliteStorage) -> None:
    def day(n: int) -> ParsedFeed:
        return feed(
            *(
                entry(10 * n + at, id=str(at), published_at=NOW + timedelta(days=n))
                for at in range(1, 4)
            )
        )

    assert put(storage, day(1)) == (3, 0)
    assert put(storage, day(2)) == (3, 0)
    assert put(storage, day(2)) == (0, 0)


def test_one_address_for_a_new_joke_every_day(storage: SqliteStorage) -> None:
    def day(n: int) -> ParsedFeed:
        return feed(entry(n, url="https://blog.example/today", id=f"joke-{n}"))

    assert [put(storage, day(n)) for n in (1, 2, 3, 3)] == [(1, 0), (1, 0), (1, 0), (0, 0)]


def test_the_front_page_is_nobodys_address(storage: SqliteStorage) -> None:
    first = feed(entry(1, url="https://blog.example/", id=None))
    second = feed(entry(2, url="https://blog.example/", id=None))
    assert put(storage, first) == (1, 0)
    assert put(storage, second) == (1, 0)


def test_a_corrected_title_is_an_update(storage: SqliteStorage) -> None:
    put(storage, feed(entry(1)))
    assert put(storage, feed(entry(1, title="About knot number one"))) == (0, 1)
    assert len(storage.items.items("me")) == 1


def test_an_article_in_two_feeds_is_one_item(storage: SqliteStorage) -> None:
    put(storage, feed(entry(1)))
    links = feed(entry(1, id="https://links.example/9", title="A fine read on knots", text="x"))
    assert put(storage, links, "https://links.example/rss") == (0, 0)


def test_131_entries_with_9_links_neither_collapse_nor_double(storage: SqliteStorage) -> None:
    made = feed(
        *(entry(n, id=None, url=f"https://blog.example/page{n % 9}") for n in range(1, 132))
    )
    assert put(storage, made) == (131, 0)
    assert put(storage, made) == (0, 0)


def test_names_are_what_no_other_entry_has() -> None:
    made = feed(entry(1), entry(2, id="https://blog.example/?p=1"), entry(3))
    names = entry_names(made, FEED)
    assert [len(one.aliases) for one in names] == [3, 3, 4]
    assert len({alias for one in names for alias in one.aliases}) == 10


def test_a_key_that_is_taken_is_not_taken_again(storage: SqliteStorage) -> None:
    source = storage.feeds.subscribe("me", FEED, kind="article", title="K", now=NOW)
    first: NewItem = to_items(feed(entry(1)), FEED, "article")[0]
    second = replace(
        first,
        title="Quite another",
        content_hash="other",
        published_at=NOW,
        aliases=("id:other", first.key),
    )
    storage.items.put_items([first, second], feed_id=source.id, owner_id="", now=NOW)
    keys = [item.key for item in storage.items.items("me")]
    assert len(set(keys)) == 2


def test_two_feeds_with_a_long_and_a_short_text_do_not_take_turns(storage: SqliteStorage) -> None:
    long = entry(1)
    short = replace(long, id="short", text="How knot number 1 is tied …")
    assert put(storage, feed(short), "https://a.example/feed") == (1, 0)
    assert put(storage, feed(long), "https://b.example/feed") == (0, 1)
    assert put(storage, feed(short), "https://a.example/feed") == (0, 0)
    assert put(storage, feed(long), "https://b.example/feed") == (0, 0)
    (item,) = storage.items.items("me")
    assert item.text == long.text


def test_names_that_belong_to_others_do_not_keep_an_entry_from_being_known(
    storage: SqliteStorage,
) -> None:
    """Each of its names is another item's already; it is stored once all the same."""
    assert put(storage, feed(entry(1), entry(2))) == (2, 0)
    mixed = replace(entry(3), id=entry(1).id, url=entry(2).url)
    assert put(storage, feed(mixed)) == (1, 0)
    assert put(storage, feed(mixed)) == (0, 0)
    assert put(storage, feed(entry(1), entry(2))) == (0, 0)


def test_a_stranger_cannot_put_words_into_somebodys_article(storage: SqliteStorage) -> None:
    """Neither by its title and minute, nor by its id; by its address, only a longer text."""
    ours = entry(1)
    assert put(storage, feed(ours), "https://a.example/feed") == (1, 0)
    theirs = replace(ours, id="x", url="https://evil.example/phish", text=ours.text * 3)
    assert put(storage, feed(theirs), "https://evil.example/feed") == (1, 0)
    same_id = replace(theirs, id=ours.id, url="https://evil.example/again", text=ours.text * 4)
    put(storage, feed(same_id), "https://evil.example/feed")
    same_url = replace(ours, title="Another title", text=ours.text * 5, id="y")
    put(storage, feed(same_url), "https://evil.example/feed")
    (item,) = (one for one in storage.items.items("me") if one.url == ours.url)
    assert (item.title, item.author) == (ours.title, ours.author)


def test_two_warnings_of_one_day_are_two(storage: SqliteStorage) -> None:
    """A date without a time is no moment."""
    day = datetime(2026, 3, 2, tzinfo=UTC)
    first = replace(entry(1), title="Weather warning for the coast", published_at=day)
    second = replace(entry(2), title="Weather warning for the coast", published_at=day)
    assert put(storage, feed(first)) == (1, 0)
    assert put(storage, feed(second)) == (1, 0)
    other = replace(entry(3), title="Weather warning for the coast", published_at=day)
    assert put(storage, feed(other), "https://other.example/feed") == (1, 0)
