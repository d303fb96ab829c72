"""What every storage promises: items and what is known of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.testing.builders import MODEL, NOW, fill, make_item, make_match

if TYPE_CHECKING:
    from recommender.storage.protocol import Storage


class PoolContract:
    """Items and what is known of them; part of `StorageContract`."""

    def test_saved_pages_are_their_owners(self, storage: Storage) -> None:
        """A page one account saved is invisible to another, though both save the same."""
        for account in ("one", "two", "one"):
            storage.items.put_items([make_item()], feed_id=None, owner_id=account, now=NOW)
        assert len(storage.items.items("one")) == 1
        assert storage.items.items("one")[0].id != storage.items.items("two")[0].id

    def test_listing_items(self, storage: Storage) -> None:
        """Newest first, by pages, by kind and by text."""
        fill(storage, n_items=5)
        newest = storage.items.items("me", limit=2)
        rest = storage.items.items("me", before_id=newest[-1].id)
        assert [i.id for i in (*newest, *rest)] == sorted(
            (i.id for i in rest + newest), reverse=True
        )
        assert len(rest) == 3
        assert storage.items.items("me", kind="joke") == []
        assert len(storage.items.items("me", search="WIND BACKED")) == 5
        assert storage.items.items("me", search="%") == []

    def test_pages_are_tried_once(self, storage: Storage) -> None:
        """A summary waits for its page until it was tried, whatever came of it."""
        feed = storage.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW)
        items = [make_item(f"https://e/{n}", text="Short.") for n in range(3)]
        storage.items.put_items(items, feed_id=feed.id, owner_id="", now=NOW)

        def wanted() -> list[int]:
            found = storage.items.awaiting_full_text(since=NOW - timedelta(days=1), longest=600)
            return [page.item_id for page in found]

        first, second, third = sorted(wanted())
        assert storage.feeds.n_summaries(feed.id, longest=600, of=20) == (3, 3)
        storage.vectors.put_item_vectors(MODEL, {first: b"\0" * 8})
        storage.items.put_full_text(first, "The whole article. " * 50, 2)
        storage.items.put_full_text(second, None, None)
        assert wanted() == [third]
        assert storage.items.item("me", first).minutes == 2
        assert storage.items.n_without_vector(MODEL) == 3
        assert storage.feeds.n_summaries(feed.id, longest=600, of=20) == (3, 3)
        storage.feeds.set_full_text(feed.id, "off")
        assert wanted() == []

    def test_stories_are_kept_and_found(self, storage: Storage) -> None:
        """By time and by band; an item without a vector waits."""
        feed = storage.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW)
        storage.items.put_items(
            [make_item("https://e/1"), make_item("https://e/2")],
            feed_id=feed.id, owner_id="", now=NOW,
        )  # fmt: skip
        assert storage.items.without_story(limit=9) == []
        ids = sorted(item.id for item in storage.items.items("me"))
        storage.vectors.put_item_vectors(MODEL, {at: b"\0" * 8 for at in ids})
        first, second = storage.items.without_story(limit=9)
        storage.items.put_story(first.item_id, "story:1", [5, 6])
        storage.items.put_story(second.item_id, "story:1", [6])
        assert storage.items.without_story(limit=9) == []
        assert storage.items.sharing_bands([6]) == ids
        assert storage.items.sharing_bands([5, 7]) == ids[:1]
        told = storage.items.stories(ids)
        assert {one.story for one in told.values()} == {"story:1"}
        at = told[ids[0]].at
        assert storage.items.told_between(at, at) == ids
        assert storage.items.told_between(at + timedelta(days=1), at + timedelta(days=2)) == []

    def test_vectors_come_in_sequence(self, storage: Storage) -> None:
        """Sequence numbers rise; `after` leaves out what was seen."""
        fill(storage, n_items=4)
        rows = storage.vectors.item_vectors_after(MODEL, 0, limit=10)
        seqs = [seq for seq, _, _ in rows]
        assert seqs == sorted(set(seqs))
        assert len(seqs) == 4
        assert storage.vectors.last_seq(MODEL) == seqs[-1]
        assert storage.vectors.item_vectors_after(MODEL, seqs[1], limit=1)[0][0] == seqs[2]
        assert storage.vectors.item_ids_by_seq(MODEL, [seqs[0], 999]) == {seqs[0]: rows[0][1]}

    def test_levels_are_judged_once_and_again_after_a_rewrite(self, storage: Storage) -> None:
        """A level is put once; a rewritten item has none."""
        contact, interest = fill(storage)
        first, second, _ = storage.items.unrated(limit=9)
        assert (first.kind, first.title) == ("article", "About https://example.com/0")
        storage.items.put_ratings(
            {first.item_id: ("mild", ("death",)), second.item_id: ("clean", ())}
        )
        assert len(storage.items.unrated(limit=9)) == storage.items.n_unrated() == 1
        assert storage.items.item("me", first.item_id).level == "mild"
        storage.matches.put_matches(
            "me",
            MODEL,
            interest.id,
            [make_match(interest, first.item_id)],
            matched_seq=3,
            keep=9,
        )
        (candidate,) = storage.matches.candidates("me", contact.id, limit=9)
        assert (candidate.level, candidate.topics) == ("mild", ("death",))
        rewritten = make_item("https://example.com/0", text="Another.", content_hash="other")
        (feed,) = storage.feeds.feeds("me")
        storage.items.put_items([rewritten], feed_id=feed.id, owner_id="", now=NOW)
        assert storage.items.item("me", first.item_id).level is None
        assert len(storage.items.unrated(limit=9)) == 2
