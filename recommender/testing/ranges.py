"""What every storage promises: matching ranges of accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recommender.domain import Login
from recommender.storage.range_protocol import Pending, Seen
from recommender.testing.builders import (
    MODEL,
    NOW,
    make_contact,
    make_interest,
    make_item,
    make_match,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.domain import Contact, Interest, Match
    from recommender.storage.protocol import Storage

VECTOR = b"\0" * 16


def join(storage: Storage, account_id: str, *feeds: str, phrase: str = "sailing") -> Interest:
    """An account with an interest and its vector, and the feeds it reads."""
    interest = make_interest(make_contact(), phrase)
    storage.people.add_contact(account_id, make_contact())
    storage.people.add_interest(account_id, interest)
    for url in feeds:
        storage.feeds.subscribe(account_id, url, kind="article", title="", now=NOW)
    storage.vectors.put_interest_vector(account_id, interest.id, MODEL, VECTOR)
    return interest


def publish(storage: Storage, url: str, *keys: str, text: str = "Wind.", owner_id: str = "") -> int:
    """Items of a feed with their vectors; returns the number of the last."""
    (feed,) = (
        one
        for one in storage.feeds.subscribed_feeds()
        if (one.url, one.owner_id) == (url, owner_id)
    )
    items = [make_item(key, text=text, content_hash=text) for key in keys]
    storage.items.put_items(items, feed_id=feed.id, owner_id=owner_id, now=NOW)
    return embed(storage)


def embed(storage: Storage) -> int:
    """Give every item a vector; returns the number of the last."""
    for item_id, _, _ in storage.items.without_vector(MODEL, limit=99):
        storage.vectors.put_item_vectors(MODEL, {item_id: VECTOR})
    return storage.vectors.last_seq(MODEL)


def save(storage: Storage, account_id: str, key: str) -> int:
    """A page of the account's own with its vector; returns its number."""
    storage.items.put_items([make_item(key)], feed_id=None, owner_id=account_id, now=NOW)
    return embed(storage)


def seqs(storage: Storage, after: dict[str, int]) -> dict[str, list[int]]:
    """The numbers of what accounts can see."""
    last_seq = storage.vectors.last_seq(MODEL)
    found = storage.ranges.seen(MODEL, after, last_seq=last_seq)
    assert {one: seen.after_seq for one, seen in found.items()} == after
    return {one: [seq for seq, _ in seen.rows] for one, seen in found.items()}


def marks(storage: Storage, account_id: str) -> set[int]:
    """How far an account's interests were matched."""
    return {seq for _, seq in storage.vectors.interest_vectors(account_id, MODEL).values()}


class Round:
    """One round of matching: what is read before, and what is put afterwards."""

    def __init__(self, storage: Storage, first: str = "a", last: str = "z") -> None:
        self.storage = storage
        self.last_seq = storage.vectors.last_seq(MODEL)
        after = storage.ranges.behind(MODEL, first, last, before_seq=self.last_seq)
        self.seen = storage.ranges.seen(MODEL, after, last_seq=self.last_seq)
        sighted = [one for one, seen in self.seen.items() if seen.rows]
        self.met = storage.ranges.pending(MODEL, sighted, before_seq=self.last_seq)

    def put(
        self, relevances: Sequence[float] = (0.5,), keep: int = 9, keep_avoided: int = 9
    ) -> int:
        """Every interest matches all its account sees; the relevances go round."""
        found: list[tuple[str, Match]] = []
        for one in self.met:
            rows = [row for row in self.seen[one.account_id].rows if row[0] > one.matched_seq]
            for at, (_, item_id) in enumerate(rows):
                match = make_match(one.interest, item_id, relevances[at % len(relevances)])
                found.append((one.account_id, match))
        return self.storage.ranges.put(
            MODEL,
            self.seen,
            self.met,
            found,
            matched_seq=self.last_seq,
            keep=keep,
            keep_avoided=keep_avoided,
        )


def kept(
    storage: Storage, account_id: str, contact: Contact | None = None
) -> list[tuple[str, float]]:
    """(item key, relevance) of an account's matches, best first."""
    contact_id = (contact or make_contact()).id
    found = storage.matches.candidates(account_id, contact_id, limit=99)
    return [(one.item_key, one.relevance) for one in found]


class RangeContract:
    """Ranges of accounts; part of `StorageContract`."""

    def test_accounts_come_in_ranges(self, storage: Storage) -> None:
        """Consecutive, in the order of their ids, and only those with interests."""
        assert storage.ranges.account_ranges(2) == []
        for account_id in ("e", "B", "d", "a", "é"):
            join(storage, account_id)
        storage.people.add_contact("c", make_contact())
        assert storage.ranges.account_ranges(2) == [("B", "a"), ("d", "e"), ("é", "é")]
        assert storage.ranges.account_ranges(9) == [("B", "é")]

    def test_what_a_range_has_not_met(self, storage: Storage) -> None:
        """Interests by account, with their vectors; those without one are named by account."""
        one, two = join(storage, "a", "https://f"), join(storage, "b")
        join(storage, "c")
        other = make_interest(make_contact(), "chess", polarity="avoid")
        storage.people.add_interest("b", other)
        assert storage.ranges.without_vector(MODEL, "a", "b") == ["b"]
        assert storage.ranges.without_vector(MODEL, "c", "z") == []
        assert storage.ranges.without_vector("another", "a", "b") == ["a", "b"]
        storage.vectors.put_interest_vector("b", other.id, MODEL, b"\1" * 16)
        assert storage.ranges.pending(MODEL, ["b", "a"], before_seq=1) == [
            Pending("a", one, VECTOR, 0),
            Pending("b", other, b"\1" * 16, 0),
            Pending("b", two, VECTOR, 0),
        ]
        assert storage.ranges.pending(MODEL, [], before_seq=1) == []
        assert storage.ranges.pending("another", ["a"], before_seq=1) == []
        assert storage.ranges.behind(MODEL, "a", "b", before_seq=1) == {"a": 0, "b": 0}
        storage.matches.put_matches("b", MODEL, two.id, [], matched_seq=7, keep=9)
        assert storage.ranges.behind(MODEL, "b", "b", before_seq=9) == {"b": 0}
        storage.matches.put_matches("b", MODEL, other.id, [], matched_seq=5, keep=9)
        assert storage.ranges.behind(MODEL, "b", "b", before_seq=9) == {"b": 5}
        assert storage.ranges.behind(MODEL, "b", "b", before_seq=5) == {}
        assert [p.interest for p in storage.ranges.pending(MODEL, ["b"], before_seq=7)] == [other]

    def test_accounts_see_what_they_read_and_what_is_theirs(self, storage: Storage) -> None:
        """Each vector once, by number, up to a number; nothing of others, nothing rewritten."""
        join(storage, "a", "https://f", "https://g")
        join(storage, "b", "https://g")
        join(storage, "c")
        login = Login("basic", "c:secret")
        storage.feeds.subscribe("c", "https://p", kind="article", title="", now=NOW, login=login)
        first = publish(storage, "https://f", "https://e/1", "https://e/2")
        second = publish(storage, "https://g", "https://e/2")  # the same, by another feed
        own = save(storage, "b", "https://e/own")
        private = publish(storage, "https://p", "https://e/private", owner_id="c")
        last = publish(storage, "https://g", "https://e/3")
        everybody = {"a": 0, "b": 0, "c": 0, "nobody": 0}
        wanted = {
            "a": [first - 1, second, last],
            "b": [second, own, last],
            "c": [private],
            "nobody": [],
        }
        assert seqs(storage, everybody) == wanted
        for account_id, some in wanted.items():
            assert seqs(storage, {account_id: 0}) == {account_id: some}
        assert seqs(storage, {"a": first - 1, "b": own, "c": private}) == {
            "a": [second, last],
            "b": [last],
            "c": [],
        }
        assert storage.ranges.seen(MODEL, {"a": 0, "b": 0}, last_seq=second)["a"].rows == [
            (seq, item_id)
            for seq, item_id, _ in storage.vectors.item_vectors_after(MODEL, 0, limit=2)
        ]
        assert seqs(storage, {}) == {}
        newest = publish(storage, "https://f", "https://e/1", text="Rewritten.")
        assert seqs(storage, {"a": 0, "b": 0})["a"] == [second, last, newest]

    def test_what_a_second_feed_brings_is_new_to_its_readers(self, storage: Storage) -> None:
        """Once; and nothing is lost by it for those who knew it."""
        join(storage, "a", "https://f")
        join(storage, "b", "https://g")
        first = publish(storage, "https://f", "https://e/1")
        storage.vectors.activate_model(MODEL)
        Round(storage).put()
        second = publish(storage, "https://g", "https://e/1")
        assert second > first
        assert storage.items.n_without_vector(MODEL) == 0
        assert Round(storage).put() == 2
        assert kept(storage, "a") == kept(storage, "b") == [("https://e/1", 0.5)]
        assert publish(storage, "https://g", "https://e/1") == second

    def test_how_far_back_the_newest_reach(self, storage: Storage) -> None:
        """As many as there are are after the number; one fewer are after the next."""
        join(storage, "a", "https://f")
        assert storage.ranges.seq_before(MODEL, 5) == 0
        last = publish(storage, "https://f", *(f"https://e/{n}" for n in range(5)))
        assert storage.ranges.seq_before(MODEL, 5) == 0
        before = storage.ranges.seq_before(MODEL, 2)
        assert len(storage.vectors.item_vectors_after(MODEL, before, limit=9)) == 2
        assert storage.ranges.seq_before(MODEL, 0) == last

    def test_a_range_is_put_at_once_and_as_one_by_one(self, storage: Storage) -> None:
        """The best are kept, ties by key; who sees nothing has met all; again changes nothing."""
        join(storage, "a", "https://f")
        avoiding = join(storage, "b", "https://f")
        storage.people.update_interest("b", replace(avoiding, polarity="avoid"))
        storage.vectors.put_interest_vector("b", avoiding.id, MODEL, VECTOR)
        join(storage, "c", "https://g")
        last = publish(storage, "https://f", *(f"https://e/{n}" for n in (3, 2, 4, 1)))
        storage.vectors.activate_model(MODEL)
        matching = Round(storage)
        assert matching.put((0.5, 0.5, 0.9, 0.5), keep=2, keep_avoided=3) == 3
        best = [("https://e/4", 0.9), ("https://e/1", 0.5)]
        for _ in range(2):
            assert kept(storage, "a") == best
            assert storage.counts("b").matches == 3
            assert storage.matches.avoided("b", make_contact().id, at_least=0.5) != set()
            assert storage.counts("c").matches == 0
            assert [marks(storage, one) for one in "abc"] == [{last}] * 3
            assert matching.put((0.1,), keep=2) == 0  # it is not what it was when it was read
        later = publish(storage, "https://f", "https://e/0", "https://e/5", "https://e/6")
        assert Round(storage).put((0.5, 0.6, 0.1), keep=2) == 3
        assert kept(storage, "a") == [("https://e/4", 0.9), ("https://e/5", 0.6)]
        assert marks(storage, "a") == marks(storage, "c") == {later}

    def test_ties_at_the_border_go_by_key(self, storage: Storage) -> None:
        """What ties with the last of the best may take its place, and may not."""
        join(storage, "a", "https://f")
        publish(storage, "https://f", "https://e/5", "https://e/3")
        storage.vectors.activate_model(MODEL)
        Round(storage).put(keep=2)
        publish(storage, "https://f", "https://e/4")
        Round(storage).put(keep=2)
        assert kept(storage, "a") == [("https://e/3", 0.5), ("https://e/4", 0.5)]
        publish(storage, "https://f", "https://e/9")
        Round(storage).put(keep=2)
        assert kept(storage, "a") == [("https://e/3", 0.5), ("https://e/4", 0.5)]

    def test_what_changed_meanwhile_is_left_to_the_next(self, storage: Storage) -> None:
        """Nothing stale is stored, and nothing is taken for matched that is not."""
        changed = {name: join(storage, name, "https://f") for name in ("a", "b", "c", "d", "e")}
        last = publish(storage, "https://f", "https://e/1")
        storage.vectors.activate_model(MODEL)
        matching = Round(storage)
        storage.people.delete_interest("a", changed["a"].id)
        storage.people.update_interest("b", replace(changed["b"], polarity="avoid"))
        storage.vectors.put_interest_vector("b", changed["b"].id, MODEL, VECTOR)
        storage.matches.put_matches("c", MODEL, changed["c"].id, [], matched_seq=last, keep=9)
        other = make_contact("Another Person")
        storage.people.split_contact(
            "d", make_contact(), other, interest_ids=[changed["d"].id], touch_ids=[]
        )
        assert matching.put() == 1
        assert [storage.counts(one).matches for one in "abcde"] == [0, 0, 0, 0, 1]
        assert [marks(storage, one) for one in "abcde"] == [set(), {0}, {last}, {0}, {last}]
        assert Round(storage).put() == 2
        assert kept(storage, "d", other) == [("https://e/1", 0.5)]
        assert storage.counts("b").matches == 1
        assert marks(storage, "b") == marks(storage, "d") == {last}

    def test_what_can_be_seen_has_changed_meanwhile(self, storage: Storage) -> None:
        """Who sees less keeps what it still sees; who sees more is matched by the next."""
        for name in ("a", "b", "c", "d"):
            join(storage, name, "https://f", "https://g")
        join(storage, "late", "https://g")
        join(storage, "later", "https://h")
        publish(storage, "https://f", "https://e/1", "https://e/2")
        last = publish(storage, "https://g", "https://e/3")
        storage.vectors.activate_model(MODEL)
        matching = Round(storage)
        for feed in storage.feeds.feeds("a"):
            if feed.url == "https://g":
                storage.feeds.unsubscribe("a", feed.id)
        for feed in storage.feeds.feeds("b"):
            storage.feeds.unsubscribe("b", feed.id)
        for name in ("late", "later"):
            storage.feeds.subscribe(name, "https://f", kind="article", title="", now=NOW)
        newer = publish(storage, "https://f", "https://e/2", text="Rewritten.")
        assert matching.put() == 4
        assert sorted(kept(storage, "a")) == [("https://e/1", 0.5)]
        assert kept(storage, "b") == []
        assert sorted(kept(storage, "c")) == [("https://e/1", 0.5), ("https://e/3", 0.5)]
        assert [marks(storage, one) for one in ("a", "b", "c", "d")] == [{last}] * 4
        # An interest that was at the beginning still is there: the mark alone can't tell.
        assert marks(storage, "late") == marks(storage, "later") == {0}
        assert Round(storage).put() == 6
        assert [one for one, _ in sorted(kept(storage, "later"))] == ["https://e/1", "https://e/2"]
        assert marks(storage, "b") == marks(storage, "late") == {newer}

    def test_a_range_is_put_whole_or_not_at_all(self, storage: Storage) -> None:
        """An error undoes all of it."""
        join(storage, "a", "https://f")
        join(storage, "b")
        publish(storage, "https://f", "https://e/1")
        matching = Round(storage)
        try:
            with storage.transaction():
                matching.put()
                raise RuntimeError
        except RuntimeError:
            pass
        assert storage.counts("a").matches == 0
        assert marks(storage, "a") == marks(storage, "b") == {0}
        assert matching.put() == 2
        assert storage.counts("a").matches == 1
        assert storage.ranges.put(
            MODEL, {}, [], [], matched_seq=9, keep=1, keep_avoided=1
        ) == 0  # fmt: skip
        assert Seen(0, []) == storage.ranges.seen(MODEL, {"z": 0}, last_seq=9)["z"]

    def test_more_than_one_statement_takes(self, storage: Storage) -> None:
        """Accounts and interests beyond the parameters of one statement."""
        join(storage, "a", "https://f")
        last = publish(storage, "https://f", "https://e/1")
        many = {f"n{at}": 0 for at in range(30_000)}
        assert seqs(storage, {**many, "a": 0})["a"] == [last]
        assert len(storage.ranges.pending(MODEL, ["a", *many], before_seq=9)) == 1
        matching = Round(storage)
        (one,) = matching.met
        strangers = [one._replace(interest=replace(one.interest, id=name)) for name in many]
        matching.met = [*strangers, one]
        assert matching.put() == 1
        assert storage.counts("a").matches == 1
