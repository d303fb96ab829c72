"""What every storage promises: feeds and what comes from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from recommender.domain import (
    Login,
    NewItem,
    StatusEvent,
)
from recommender.errors import (
    FeedNotFound,
)
from recommender.testing.builders import MODEL, NOW, fill, make_item, raises

if TYPE_CHECKING:
    from recommender.storage.protocol import Storage


class IntakeContract:
    """Feeds and what comes from them; part of `StorageContract`."""

    def test_subscribing_twice_is_once(self, storage: Storage) -> None:
        """The feed is shared, the subscription is each account's own."""
        url = "https://example.com/feed"
        for account in ("one", "one", "two"):
            storage.feeds.subscribe(account, url, kind="article", title="F", now=NOW)
        assert len(storage.feeds.feeds("one")) == 1
        assert len(storage.feeds.subscribed_feeds()) == 1
        storage.feeds.unsubscribe("one", storage.feeds.feeds("one")[0].id)
        assert storage.feeds.feeds("one") == []
        assert len(storage.feeds.feeds("two")) == 1

    def test_feed_state_comes_back(self, storage: Storage) -> None:
        """Validators and health survive; a feed that is gone is an error."""
        feed = storage.feeds.subscribe(
            "me", "https://example.com/f", kind="joke", title="F", now=NOW
        )
        state = replace(
            feed, etag='"x"', body_hash="h", checked_at=NOW, failures=2, error="it is gone"
        )
        storage.feeds.put_state(state)
        assert storage.feeds.feeds("me") == [state]
        with raises(FeedNotFound):
            storage.feeds.put_state(replace(feed, id=999))

    def test_items_are_put_once(self, storage: Storage) -> None:
        """The same key adds nothing; another content changes the item and drops its vector."""
        feed = storage.feeds.subscribe(
            "me", "https://example.com/f", kind="article", title="F", now=NOW
        )
        item = make_item()

        def put(one: NewItem) -> tuple[int, int]:
            return storage.items.put_items([one], feed_id=feed.id, owner_id="", now=NOW)

        assert put(item) == (1, 0)
        assert put(item) == (0, 0)
        (item_id, _, _) = storage.items.without_vector(MODEL, limit=9)[0]
        storage.vectors.put_item_vectors(MODEL, {item_id: b"\0" * 16, 999: b"\0" * 16})
        assert storage.items.n_without_vector(MODEL) == 0
        assert put(replace(item, title="New", content_hash="other")) == (0, 1)
        assert storage.items.item("me", item_id).title == "New"
        assert storage.items.n_without_vector(MODEL) == 1

    def test_an_entry_is_known_by_any_of_its_names(self, storage: Storage) -> None:
        """A feed that changes its ids or its host brings nothing new."""
        feed = storage.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW)

        def put(*items: NewItem) -> tuple[int, int]:
            return storage.items.put_items(items, feed_id=feed.id, owner_id="", now=NOW)

        first = make_item(
            "https://old.example/a", aliases=("id:1", "https://old.example/a", "content:x")
        )
        assert put(first) == (1, 0)
        moved = replace(first, key="https://new.example/a", aliases=("id:1", "content:y"))
        assert put(moved) == (0, 0)
        renamed = replace(moved, key="https://new.example/a", aliases=("id:2", "content:z"))
        assert put(renamed) == (0, 0)
        copied = replace(first, key="https://third.example/b", aliases=("id:9", "content:x"))
        assert put(copied) == (0, 0)
        other = replace(
            first,
            title="Another",
            content_hash="another",
            aliases=("id:3", "https://old.example/a"),
            published_at=NOW + timedelta(days=9),
        )
        assert put(other) == (1, 0)
        assert put(first, other) == (0, 0)
        assert len(storage.items.items("me")) == 2

    def test_updates_are_remembered_and_limited(self, storage: Storage) -> None:
        """What an item was is kept; the twenty-fifth update of a day has to wait."""
        feed = storage.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW)

        def put(n: int, at: datetime) -> tuple[int, int]:
            item = make_item(title=f"Version {n}", content_hash=str(n))
            return storage.items.put_items([item], feed_id=feed.id, owner_id="", now=at)

        put(0, NOW)
        for n in range(1, 30):
            assert put(n, NOW + timedelta(minutes=n)) == (0, 1 if n <= 24 else 0)
        assert put(31, NOW + timedelta(days=2)) == (0, 1)
        (item,) = storage.items.items("me")
        assert item.title == "Version 31"
        assert item.updated_at == NOW + timedelta(days=2)
        revisions = storage.items.revisions(item.id)
        assert [revision.title for revision in revisions[:2]] == ["Version 24", "Version 23"]
        assert revisions[0].changed == ("title",)

    def test_two_feeds_do_not_take_turns(self, storage: Storage) -> None:
        """Another feed's text counts only if it is much longer."""
        ours = storage.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW)
        theirs = storage.feeds.subscribe("me", "https://g", kind="article", title="G", now=NOW)
        short = make_item(text="Short.", content_hash="short")
        other = make_item(text="Shorty", content_hash="other")
        long = make_item(text="Long " * 50, content_hash="long")

        def put(item: NewItem, feed_id: int) -> tuple[int, int]:
            return storage.items.put_items([item], feed_id=feed_id, owner_id="", now=NOW)

        assert put(short, ours.id) == (1, 0)
        assert put(other, theirs.id) == (0, 0)
        assert put(long, theirs.id) == (0, 1)

    def test_old_articles_leave_and_do_not_return(self, storage: Storage) -> None:
        """Tombstones keep the names; jokes, saved pages and what was sent stay."""
        contact, _interest = fill(storage, n_items=1)
        (sent,) = storage.items.items("me")
        event = StatusEvent("s", contact.id, sent.id, sent.key, "sent", NOW, None)
        storage.history.add_status("me", event, None)
        feed = storage.feeds.feeds("me")[0]
        old, joke = make_item("https://old"), make_item("joke", kind="joke")
        page = make_item("https://page", kind="page")
        storage.items.put_items([old, joke], feed_id=feed.id, owner_id="", now=NOW)
        storage.items.put_items([page], feed_id=None, owner_id="me", now=NOW)
        later = NOW + timedelta(days=200)
        assert storage.items.expire(NOW - timedelta(days=1), now=later) == 0
        assert storage.items.expire(later - timedelta(days=180), now=later) == 1
        keys = {item.key for item in storage.items.items("me")}
        assert keys == {sent.key, joke.key, page.key}
        changed = replace(old, content_hash="new", title="New")
        for version in (old, changed):
            again = storage.items.put_items([version], feed_id=feed.id, owner_id="", now=later)
            assert again == (0, 0)
        assert storage.items.n_without_vector("m") == 3

    def test_a_feed_with_a_login_is_its_owners(self, storage: Storage) -> None:
        """Its items, its login and its row are nobody else's; it goes when it is removed."""
        login = Login("basic", "joe:secret")
        assert "secret" not in repr(login)
        url = "https://f"
        own = storage.feeds.subscribe(
            "me", url, kind="article", title="F", now=NOW, folders=["A", "B"], login=login
        )
        public = storage.feeds.subscribe("you", url, kind="article", title="F", now=NOW)
        assert own.id != public.id
        assert own.owner_id == "me"
        assert storage.feeds.login(own.id) == login
        assert storage.feeds.login(public.id) is None
        assert storage.feeds.feeds("me")[0].folders == ("A", "B")
        storage.items.put_items([make_item()], feed_id=own.id, owner_id="me", now=NOW)
        assert storage.items.items("you") == []
        assert len(storage.items.items("me")) == 1
        storage.feeds.unsubscribe("me", own.id)
        assert storage.items.items("me") == []
        assert [feed.id for feed in storage.feeds.subscribed_feeds()] == [public.id]

    def test_logins_are_exported_only_when_asked_for(self, storage: Storage) -> None:
        """And come back with the rest."""
        login = Login("cookie", "session=secret")
        storage.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW, login=login)
        assert "secret" not in str(list(storage.export_rows("me")))
        rows = list(storage.export_rows("me", with_logins=True))
        assert "session=secret" in str(rows)
        storage.import_rows("copy", rows)
        (copy,) = storage.feeds.feeds("copy")
        assert storage.feeds.login(copy.id) == login
        assert list(storage.export_rows("copy", with_logins=True)) == rows

    def test_a_feed_moves_and_joins_another(self, storage: Storage) -> None:
        """Subscriptions and items go along."""
        old = storage.feeds.subscribe("me", "https://old", kind="article", title="F", now=NOW)
        new = storage.feeds.subscribe("you", "https://new", kind="article", title="F", now=NOW)
        storage.items.put_items([make_item()], feed_id=old.id, owner_id="", now=NOW)
        storage.feeds.move(old.id, "https://moved")
        assert storage.feeds.feeds("me")[0].url == "https://moved"
        storage.feeds.move(old.id, "https://new")
        assert [feed.id for feed in storage.feeds.feeds("me")] == [new.id]
        assert len(storage.items.items("you")) == 1
        with raises(FeedNotFound):
            storage.feeds.move(old.id, "https://x")
