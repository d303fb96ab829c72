"""What every source of entries promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_feeds import Validators, entry_keys

if TYPE_CHECKING:
    from recommender_feeds import Source


class SourceContract:
    """What every Source promises; a subclass gives fixtures `source` and `url`."""

    def test_it_handles_its_own_addresses_only(self, source: Source, url: str) -> None:
        """Its address, and no other scheme."""
        assert source.name
        assert source.handles(url)
        assert not source.handles("gopher://example.org/")

    def test_entries_are_clean_and_named(self, source: Source, url: str) -> None:
        """Text without markup, a title on one line, something to know each entry by."""
        feed = source.pull(url, Validators()).feed
        assert feed is not None
        assert feed.entries
        for entry in feed.entries:
            assert entry.text
            assert "\n" not in entry.title
            assert entry.id or entry.url
            assert "<script" not in entry.text

    def test_pulling_twice_gives_the_same_names(self, source: Source, url: str) -> None:
        """From the same state the same entries come, so that nothing is doubled."""
        names = []
        for _ in range(2):
            feed = source.pull(url, Validators()).feed
            assert feed is not None
            names.append(entry_keys(feed, url))
        assert names[0] == names[1]
        assert len(set(names[0])) == len(names[0])

    def test_a_later_pull_goes_on_from_the_validators(self, source: Source, url: str) -> None:
        """Unchanged, or parsed again: never an error, and the state can be kept."""
        first = source.pull(url, Validators())
        again = source.pull(url, first.validators)
        assert (again.feed is None) == (again.status == "unchanged")
        assert again.fresh_s >= 0
