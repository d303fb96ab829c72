"""What every storage promises: matches and models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recommender.testing.builders import MODEL, NOW, fill, make_item, make_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.storage.protocol import Storage


class MatchesContract:
    """Matches and models; part of `StorageContract`."""

    def test_matches_keep_the_best(self, storage: Storage) -> None:
        """In whatever order they come, the same rows stay; ties go by key."""
        _, interest = fill(storage, n_items=4)
        ids = sorted(item.id for item in storage.items.items("me"))

        def put(chosen: Sequence[int]) -> None:
            storage.matches.put_matches(
                "me",
                MODEL,
                interest.id,
                [make_match(interest, i, 0.9 if i == ids[2] else 0.5) for i in chosen],
                matched_seq=4,
                keep=2,
            )

        put(ids)
        first = storage.matches.candidates("me", interest.contact_id, limit=9)
        put(ids[::-1])
        put(ids[1:2])
        again = storage.matches.candidates("me", interest.contact_id, limit=9)
        assert [c.item_id for c in first] == [ids[2], ids[0]]
        assert first == again
        assert storage.vectors.interest_vectors("me", MODEL)[interest.id][1] == 4

    def test_matches_go_with_what_they_join(self, storage: Storage) -> None:
        """Without interest, subscription or contact there is no match."""
        contact, interest = fill(storage)
        item_id = storage.items.items("me")[0].id

        def put() -> None:
            storage.matches.put_matches(
                "me", MODEL, interest.id, [make_match(interest, item_id)], matched_seq=1, keep=9
            )

        put()
        assert storage.counts("me").matches == 1
        storage.feeds.unsubscribe("me", storage.feeds.feeds("me")[0].id)
        assert storage.counts("me").matches == 0
        put()  # the item is not visible any more
        assert storage.counts("me").matches == 0
        storage.people.delete_contact("me", contact.id)
        assert storage.people.interests("me") == []

    def test_a_mark_that_was_put_back_meanwhile_stays(self, storage: Storage) -> None:
        """Who subscribes while it is matched is matched with what the feed had before."""
        _, interest = fill(storage)

        def put(after_seq: int, matched_seq: int) -> int:
            storage.matches.put_matches(
                *("me", MODEL, interest.id, []),
                after_seq=after_seq,
                matched_seq=matched_seq,
                keep=9,
            )
            return storage.vectors.interest_vectors("me", MODEL)[interest.id][1]

        assert put(0, 3) == 3
        feed = storage.feeds.feeds("me")[0]
        storage.feeds.unsubscribe("me", feed.id)
        storage.feeds.subscribe("you", feed.url, kind="article", title="", now=NOW)
        storage.items.put_items([make_item("https://x")], feed_id=feed.id, owner_id="", now=NOW)
        storage.feeds.subscribe("me", feed.url, kind="article", title="", now=NOW)
        assert put(3, 4) == 0
        assert put(0, 4) == 4

    def test_a_match_does_not_outlive_the_text_it_was_made_of(self, storage: Storage) -> None:
        """One that was put just after the text had changed goes when the new text is ready."""
        _, interest = fill(storage)
        first, second, _ = sorted(item.id for item in storage.items.items("me"))
        feed = storage.feeds.feeds("me")[0]
        changed = make_item("https://example.com/0", text="New.", content_hash="new")
        storage.items.put_items([changed], feed_id=feed.id, owner_id="", now=NOW)
        found = [make_match(interest, one) for one in (first, second)]
        for model_key in (MODEL, "another"):
            storage.vectors.put_interest_vector("me", interest.id, model_key, b"\0" * 16)
            storage.matches.put_matches("me", model_key, interest.id, found, matched_seq=3, keep=9)
        storage.vectors.put_item_vectors(MODEL, {first: b"\1" * 16, second: b"\1" * 16})
        kept = storage.matches.candidates("me", interest.contact_id, limit=9)
        assert [one.item_id for one in kept] == [second]
        assert storage.counts("me").matches == 3

    def test_what_is_avoided_is_told_apart(self, storage: Storage) -> None:
        """Matches with what is avoided are no candidates."""
        contact, interest = fill(storage)
        ids = [one.item_id for one in storage.items.unrated(limit=9)]
        assert storage.matches.visible("me", [*ids, 999]) == set(ids)
        assert storage.matches.visible("other", ids) == set()
        storage.people.update_interest("me", replace(interest, polarity="avoid"))
        # What was kept of it as a like is gone, and it is matched anew.
        assert storage.vectors.interest_vectors("me", MODEL) == {}
        storage.vectors.put_interest_vector("me", interest.id, MODEL, b"\0" * 16)
        found = [make_match(interest, i, r) for i, r in zip(ids, (0.9, 0.4, 0.1), strict=True)]
        storage.matches.put_matches("me", MODEL, interest.id, found, matched_seq=3, keep=9)
        assert storage.matches.candidates("me", contact.id, limit=9) == []
        assert storage.matches.avoided("me", contact.id, at_least=0.3) == set(ids[:2])
        assert storage.matches.avoided("other", contact.id, at_least=0.3) == set()

    def test_another_model_takes_over(self, storage: Storage) -> None:
        """Activating a model drops what the old one left."""
        fill(storage)
        storage.vectors.activate_model("newer")
        assert storage.vectors.active_model() == "newer"
        assert storage.vectors.last_seq(MODEL) == 0
        assert storage.vectors.interest_vectors("me", MODEL) == {}
