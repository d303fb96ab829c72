"""The captured live feeds and OPML files: nothing lost, nothing doubled, nothing raised."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import feedparser
import pytest
from recommender_feeds import ParseError, entry_keys, parse, parse_opml

from tests.conftest import need_shared

if TYPE_CHECKING:
    from collections.abc import Iterator


def documents(archive: str, wanted: str) -> Iterator[tuple[str, bytes]]:
    path = need_shared("corpus", archive)
    with tarfile.open(path) as tar:
        for member in tar:
            name = member.name.rsplit("/", 1)[-1]
            handle = tar.extractfile(member) if member.isfile() else None
            if handle is not None and wanted in member.name and not name.startswith("_"):
                yield member.name, handle.read()


@pytest.mark.slow
def test_no_entry_of_the_live_feeds_is_lost_or_doubled() -> None:
    n_feeds = 0
    for name, body in documents("fastfeedparser.tar.gz", "/benchmark_data/"):
        n_feeds += 1
        url = f"https://corpus.example/{name}"
        try:
            feed = parse(body, url)
        except ParseError:
            assert not feedparser.parse(body).entries, name
            continue
        plain = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
        assert feed.n_entries_found >= len(plain.entries), name
        assert len(feed.entries) == min(500, feed.n_entries_found), name
        keys = entry_keys(feed, url)
        contents = {(e.title, e.text, e.id, e.url) for e in feed.entries}
        assert len(set(keys)) >= len({(t, x) for t, x, _, _ in contents}), name
        assert entry_keys(parse(body, url), url) == keys, name
    assert n_feeds > 190


def test_every_opml_of_the_corpus_is_read() -> None:
    found = 0
    for name, body in documents("awesome-rss-feeds.tar.gz", ".opml"):
        listed = parse_opml(body)
        assert listed, name
        found += len(listed)
    assert found > 1000
    for _name, body in documents("listparser.tar.gz", ".opml"):
        try:
            parse_opml(body)
        except ParseError as error:
            assert "no OPML" in str(error)
