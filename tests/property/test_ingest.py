"""Whatever feeds say, and in whatever order: what was stored once is not stored again."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from recommender_feeds import Entry, ParsedFeed, Pull, Validators

from recommender.services.ingest import store_pull
from recommender.storage.sqlite import open_sqlite
from recommender.testing import NOW

FEW = st.sampled_from(["1", "2", "3"])
ENTRIES = st.builds(
    Entry,
    id=st.none() | FEW | FEW.map("https://e.example/{}".format),
    url=st.none() | FEW.map("https://e.example/{}".format) | FEW.map("http://e.example/{}/".format),
    title=st.just("") | FEW.map("A title that says enough, {}".format) | FEW,
    text=FEW | FEW.map(lambda n: f"Some words that come again and again, {n}. " * 4),
    html=st.just(""),
    published_at=st.none() | st.sampled_from([NOW - timedelta(days=n) for n in range(3)]),
    author=st.none(),
    tags=st.just(()),
    language=st.none(),
)
READINGS = st.lists(
    st.tuples(st.integers(0, 2), st.lists(ENTRIES, max_size=6)), min_size=1, max_size=6
)


@given(READINGS)
@settings(max_examples=150, deadline=None)
def test_a_reading_that_is_repeated_adds_nothing(
    readings: list[tuple[int, list[Entry]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        storage = open_sqlite(Path(folder) / "a.db")
        stored: dict[int, Pull] = {}
        for number, entries in readings:
            url = f"https://feed{number}.example/"
            feed = storage.feeds.subscribe("me", url, kind="article", title="F", now=NOW)
            found = ParsedFeed("F", None, None, tuple(entries), "fake", len(entries))
            stored[number] = Pull(found, Validators(), url, "parsed")
            first = store_pull(storage, feed, stored[number], now=NOW, jitter=0.5)
            again = store_pull(storage, feed, stored[number], now=NOW, jitter=0.5)
            assert first.added <= len(entries)
            assert (again.added, again.changed) == (0, 0)
        storage.close()
