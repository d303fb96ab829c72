"""What every storage promises of what waits to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.storage.backlog_protocol import Prepared
from recommender.testing.builders import MODEL, NOW, fill, make_interest, make_item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.domain import Feed
    from recommender.storage.protocol import Storage

VECTOR = b"\0" * 16


def _feed(storage: Storage, name: str = "one", account_id: str = "me") -> Feed:
    url = f"https://{name}.example/feed"
    return storage.feeds.subscribe(account_id, url, kind="article", title=name, now=NOW)


def _put(storage: Storage, feed: Feed, *numbers: int, text: str = "Words.") -> list[int]:
    items = [
        make_item(f"https://e.example/{n}", text=f"{text} {n}", content_hash=f"{text} {n}")
        for n in numbers
    ]
    storage.items.put_items(items, feed_id=feed.id, owner_id="", now=NOW)
    return storage.backlog.unready(feed_id=feed.id, limit=99)


def _prepare(storage: Storage, item_ids: Sequence[int]) -> None:
    prepared = [
        Prepared(item, VECTOR, "clean", ("death",))
        for item in storage.backlog.unprepared(MODEL, item_ids)
    ]
    storage.backlog.put_prepared(MODEL, prepared)


class BacklogContract:
    """What waits to be done; part of `StorageContract`."""

    def test_feeds_fall_due(self, storage: Storage) -> None:
        """Those never read first; not those that are gone, nor those nobody reads."""
        new, soon, late, gone, left = (_feed(storage, name) for name in "abcde")
        for feed, hours in ((soon, -1), (late, 1), (gone, -2), (left, -3)):
            at = NOW + timedelta(hours=hours)
            state = replace(feed, next_check_at=at)
            storage.feeds.put_state(replace(state, problem="gone") if feed == gone else state)
        storage.feeds.unsubscribe("me", left.id)
        assert storage.backlog.due_feeds(NOW) == [new.id, soon.id]
        assert storage.backlog.due_feeds(NOW + timedelta(hours=1)) == [new.id, soon.id, late.id]
        assert storage.backlog.feed(left.id) is None
        found = storage.backlog.feed(soon.id)
        assert found is not None
        assert found.next_check_at == NOW - timedelta(hours=1)

    def test_items_wait_until_they_are_prepared(self, storage: Storage) -> None:
        """By feed, by age, by account; a rewritten one waits again."""
        one, two = _feed(storage), _feed(storage, "two", "you")
        mine = _put(storage, one, 1, 2)
        theirs = _put(storage, two, 3)
        assert storage.backlog.unready(limit=9) == [*mine, *theirs]
        assert storage.backlog.unready(limit=1) == mine[:1]
        assert storage.backlog.unready(before=NOW, limit=9) == []
        assert storage.backlog.unready(before=NOW + timedelta(seconds=1), limit=2) == mine
        assert storage.backlog.n_unready("me") == 2
        assert [item.item_id for item in storage.backlog.unprepared(MODEL, theirs)] == theirs
        _prepare(storage, [*mine, *theirs])
        assert storage.backlog.unready(limit=9) == []
        assert storage.backlog.unprepared(MODEL, [*mine, *theirs]) == []
        assert [i.item_id for i in storage.backlog.unprepared("newer", mine)] == mine
        item = storage.items.item("me", mine[0])
        assert (item.level, item.topics) == ("clean", ("death",))
        changed = make_item("https://e.example/1", text="Others.", content_hash="other")
        later = NOW + timedelta(hours=1)
        storage.items.put_items([changed], feed_id=one.id, owner_id="", now=later)
        assert storage.backlog.unready(limit=9) == mine[:1]
        assert storage.backlog.unready(before=later, limit=9) == []
        storage.items.expire(NOW + timedelta(days=1), now=later)
        assert storage.backlog.unready(limit=9) == []

    def test_what_was_made_from_an_old_text_is_not_kept(self, storage: Storage) -> None:
        """Neither vector nor level, where the text is another by now, or gone."""
        feed = _feed(storage)
        ids = _put(storage, feed, 1, 2)
        old = storage.backlog.unprepared(MODEL, ids)
        changed = make_item("https://e.example/1", text="Others.", content_hash="other")
        storage.items.put_items([changed], feed_id=feed.id, owner_id="", now=NOW)
        storage.backlog.put_prepared(MODEL, [Prepared(item, VECTOR, "clean", ()) for item in old])
        assert set(storage.vectors.item_vectors(MODEL, ids)) == {ids[1]}
        assert storage.backlog.unready(limit=9) == ids[:1]
        gone = Prepared(old[0]._replace(item_id=999), VECTOR, "clean", ())
        storage.backlog.put_prepared(MODEL, [gone])

    def test_pages_of_ones_own_wait_apart(self, storage: Storage) -> None:
        """Newest first, and nobody else's."""
        for n, account_id in enumerate(("me", "me", "you")):
            page = make_item(f"https://p.example/{n}")
            storage.items.put_items([page], feed_id=None, owner_id=account_id, now=NOW)
        mine = storage.backlog.own_unready("me", limit=9)
        assert len(mine) == 2
        assert mine == sorted(mine, reverse=True)
        assert storage.backlog.own_unready("me", limit=1) == mine[:1]
        _prepare(storage, mine)
        assert storage.backlog.own_unready("me", limit=9) == []

    def test_readers_are_those_who_see_an_item(self, storage: Storage) -> None:
        """By subscription, or because it is their own."""
        ids = _put(storage, _feed(storage), 1)
        _feed(storage, "one", "you")
        _feed(storage, "two", "nobody")
        page = make_item("https://p.example/")
        storage.items.put_items([page], feed_id=None, owner_id="owner", now=NOW)
        (own,) = storage.backlog.own_unready("owner", limit=9)
        assert storage.backlog.readers(ids) == ["me", "you"]
        assert storage.backlog.readers([*ids, own]) == ["me", "owner", "you"]
        assert storage.backlog.readers([]) == []

    def test_interests_fall_behind(self, storage: Storage) -> None:
        """Without a vector, and when something came since they were matched."""
        assert storage.backlog.behind(MODEL) == []
        contact, interest = fill(storage)
        assert storage.backlog.behind(MODEL) == ["me"]
        last_seq = storage.vectors.last_seq(MODEL)
        storage.matches.put_matches("me", MODEL, interest.id, [], matched_seq=last_seq, keep=9)
        assert storage.backlog.behind(MODEL) == []
        assert storage.backlog.behind("newer") == ["me"]
        storage.people.add_interest("me", make_interest(contact, "chess"))
        assert storage.backlog.behind(MODEL) == ["me"]

    def test_articles_wait_for_their_stories(self, storage: Storage) -> None:
        """From when they came, once they have a vector, until they have one."""
        ids = _put(storage, _feed(storage), 1)
        assert storage.backlog.oldest_unplaced() is None
        _prepare(storage, ids)
        assert storage.backlog.oldest_unplaced() == NOW
        with storage.transaction():
            storage.backlog.hold_stories()
            storage.items.put_story(ids[0], "story", [1])
        assert storage.backlog.oldest_unplaced() is None

    def test_digests_are_wished_for(self, storage: Storage) -> None:
        """By whoever set a day; settled when they went out, or are to be left alone."""
        storage.rhythm.put_preference("me", "digest.day", "monday", now=NOW)
        storage.rhythm.put_preference("me", "digest.to", "me@example.org", now=NOW)
        storage.rhythm.put_preference("me", "minutes", "9", now=NOW)
        storage.rhythm.put_preference("you", "digest.to", "you@example.org", now=NOW)
        wish = {"digest.day": "monday", "digest.to": "me@example.org"}
        assert storage.backlog.digest_wishes() == [("me", wish)]
        week = "2026-W10"
        assert storage.backlog.digests_settled([week], NOW) == set()
        assert storage.backlog.digests_settled([], NOW) == set()
        storage.mail.prepare("me", week, "me@example.org", now=NOW)
        assert storage.backlog.digests_settled([week], NOW) == set()
        later = NOW + timedelta(minutes=5)
        storage.mail.put_back("me", week, now=NOW, retry_at=later, error="down", was_claimed=False)
        assert storage.backlog.digests_settled([week], NOW) == {("me", week)}
        assert storage.backlog.digests_settled([week], later) == set()
        assert storage.mail.claim("me", week, "me@example.org", now=later)
        assert storage.backlog.digests_settled([week, "2026-W11"], later) == {("me", week)}

    def test_news_is_what_the_last_check_brought(self, storage: Storage) -> None:
        """For the account's feeds, those added and those rewritten apart."""
        feed, quiet = _feed(storage), _feed(storage, "quiet")
        _put(storage, feed, 1, 2)
        storage.feeds.put_state(replace(feed, checked_at=NOW))
        storage.feeds.put_state(replace(quiet, checked_at=NOW))
        assert storage.backlog.news("me") == {feed.id: (2, 0)}
        later = NOW + timedelta(hours=1)
        changed = make_item("https://e.example/1", text="Others.", content_hash="other")
        items = [changed, make_item("https://e.example/3")]
        storage.items.put_items(items, feed_id=feed.id, owner_id="", now=later)
        storage.feeds.put_state(replace(feed, checked_at=later))
        assert storage.backlog.news("me") == {feed.id: (1, 1)}
        assert storage.backlog.news("you") == {}
