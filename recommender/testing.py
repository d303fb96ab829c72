"""Public fakes and contract suites, for our tests and for whoever writes a new part.

A new storage proves itself by a test class that inherits from `StorageContract` and gives a
`storage` fixture with an empty library. `WordEmbedder` is an embedder without a model: texts
that share words are alike. Nothing here needs pytest to be imported.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from recommender_feeds import Validators, entry_keys

from recommender.domain import (
    Contact,
    Interest,
    Login,
    Match,
    NewItem,
    StatusEvent,
    Token,
    Touch,
    suggestion_id,
)
from recommender.errors import (
    ConflictError,
    ContactNotFound,
    FeedNotFound,
    InterestNotFound,
    ItemNotFound,
    TokenNotFound,
)
from recommender.words import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from recommender_feeds import Source

    from recommender.storage.protocol import Storage

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
MODEL = "test-model"


class WordEmbedder:
    """`recommender_models.Embedder` by hashed words: deterministic, instant, no meaning."""

    key = MODEL
    backend = "words"

    def __init__(self, dim: int = 64) -> None:
        self.dim = dim
        self.n_texts = 0
        """How many texts were embedded so far."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim) float32 unit vectors."""
        import numpy as np

        self.n_texts += len(texts)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for word in tokens(text) or [""]:
                digest = hashlib.sha256(word.encode()).digest()
                vectors[row, int.from_bytes(digest[:4], "big") % self.dim] += 1.0
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def make_contact(name: str = "Joe Ferraro", **changes: object) -> Contact:
    """A contact with sensible values; its id is its slug."""
    slug = name.casefold().replace(" ", "-")
    contact = Contact(
        id=slug,
        slug=slug,
        name=name,
        emails=(f"{slug}@mail.example",),
        employer="",
        notes="",
        own_sites=(),
        humour="none",
        state="active",
        cadence_days=None,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(contact, **changes)  # type: ignore[arg-type]  # checked where it is used


def make_interest(contact: Contact, phrase: str = "sailing", **changes: object) -> Interest:
    """An interest of a contact; its id is made of both."""
    made = Interest(f"{contact.id}:{phrase}", contact.id, phrase, 1.0, "like", "stated", NOW)
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


def make_item(key: str = "https://example.com/a", **changes: object) -> NewItem:
    """An item on its way into the pool."""
    made = NewItem(
        key=key,
        kind="article",
        url=key,
        title=f"About {key}",
        text="The wind backed to the west before noon.",
        author=None,
        language="en",
        tags=("sea",),
        published_at=NOW,
        content_hash=key,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


@contextmanager
def raises(kind: type[Exception]) -> Iterator[None]:
    """The block must raise an error of this kind."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def fill(storage: Storage, account_id: str = "me", n_items: int = 3) -> tuple[Contact, Interest]:
    """A contact with an interest, a feed with items, and their vectors."""
    contact = make_contact()
    interest = make_interest(contact)
    storage.people.add_contact(account_id, contact)
    storage.people.add_interest(account_id, interest)
    url = "https://example.com/feed"
    feed = storage.feeds.subscribe(account_id, url, kind="article", title="Feed", now=NOW)
    items = [make_item(f"https://example.com/{n}") for n in range(n_items)]
    storage.items.put_items(items, feed_id=feed.id, owner_id="", now=NOW)
    ids = [row[0] for row in storage.items.without_vector(MODEL, limit=n_items)]
    storage.vectors.put_item_vectors(MODEL, {item_id: b"\0" * 16 for item_id in ids})
    storage.vectors.put_interest_vector(account_id, interest.id, MODEL, b"\0" * 16)
    storage.vectors.activate_model(MODEL)
    return contact, interest


def make_match(interest: Interest, item_id: int, relevance: float = 0.5) -> Match:
    """A match of an interest."""
    return Match(
        contact_id=interest.contact_id,
        interest_id=interest.id,
        item_id=item_id,
        relevance=relevance,
        cosine=0.3,
        margin=0.5,
        lexical=0.1,
        span="The wind backed",
    )


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


class StorageContract:
    """What every storage must do. Inherit, and give a fixture `storage`: an empty library."""

    def test_a_contact_comes_back_as_it_went_in(self, storage: Storage) -> None:
        """Every field survives."""
        contact = make_contact(
            "Aïcha Benali",
            emails=("a@b.example", "c@d.example"),
            employer="Stadtwerk",
            notes="line one\nline two",
            own_sites=("benali.example",),
            humour="clean",
            cadence_days=40,
        )
        storage.people.add_contact("me", contact)
        assert storage.people.contact("me", contact.id) == contact
        assert storage.people.contacts("me") == [contact]

    def test_ids_and_slugs_are_taken_once(self, storage: Storage) -> None:
        """A second contact with either is a conflict, and leaves no trace."""
        storage.people.add_contact("me", make_contact())
        with raises(ConflictError):
            storage.people.add_contact("me", make_contact())
        with raises(ConflictError):
            storage.people.add_contact("me", make_contact(id="other"))
        assert len(storage.people.contacts("me")) == 1

    def test_finding_people(self, storage: Storage) -> None:
        """By id, e-mail, name, first name and slug; two of one name are both found."""
        joe, other = make_contact(), make_contact("Joe Blake", emails=("blake@example.com",))
        for contact in (joe, other):
            storage.people.add_contact("me", contact)
        find = storage.people.find_contacts
        assert find("me", joe.id) == [joe]
        assert find("me", "BLAKE@example.com") == [other]
        assert find("me", "joe ferraro") == [joe]
        assert set(find("me", "joe")) == {joe, other}
        assert find("me", "nobody") == []
        aicha = make_contact("Aïcha Benali")
        storage.people.add_contact("me", aicha)
        assert find("me", "aicha") == [aicha]

    def test_accounts_do_not_see_each_other(self, storage: Storage) -> None:
        """Nothing of one account can be read or erased by another."""
        contact, interest = fill(storage, "one")
        assert storage.people.contacts("two") == []
        assert storage.people.interests("two") == []
        assert storage.feeds.feeds("two") == []
        assert storage.items.items("two") == []
        assert storage.counts("two").items == 0
        with raises(ContactNotFound):
            storage.people.contact("two", contact.id)
        with raises(ContactNotFound):
            storage.people.delete_contact("two", contact.id)
        with raises(InterestNotFound):
            storage.people.delete_interest("two", interest.id)
        with raises(ItemNotFound):
            storage.items.item("two", 1)
        with raises(FeedNotFound):
            storage.feeds.unsubscribe("two", storage.feeds.feeds("one")[0].id)
        assert storage.people.contact("one", contact.id) == contact

    def test_a_phrase_is_an_interest_once(self, storage: Storage) -> None:
        """Case does not make a second one."""
        contact = make_contact()
        storage.people.add_contact("me", contact)
        storage.people.add_interest("me", make_interest(contact))
        with raises(ConflictError):
            storage.people.add_interest("me", make_interest(contact, "Sailing"))
        with raises(ContactNotFound):
            storage.people.add_interest("me", make_interest(make_contact("No One")))

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

    def test_a_status_and_its_touch_are_undone_together(self, storage: Storage) -> None:
        """Undo leaves everything as it was before; twice is a conflict."""
        contact, _ = fill(storage)
        item = storage.items.items("me")[0]
        ref = suggestion_id("me", contact.id, item.key)
        before = (storage.history.statuses("me"), storage.history.touches("me"))
        touch = Touch("t1", contact.id, "sent", "out", NOW, "", item.id, ref)
        event = StatusEvent(ref, contact.id, item.id, item.key, "sent", NOW, None)
        storage.history.add_status("me", event, touch)
        assert storage.history.statuses("me", contact.id) == [event]
        assert storage.history.last_touches("me") == {contact.id: touch}
        assert storage.history.undo_status("me", ref) == event
        assert (storage.history.statuses("me"), storage.history.touches("me")) == before
        with raises(ConflictError):
            storage.history.undo_status("me", ref)

    def test_touches_are_newest_first(self, storage: Storage) -> None:
        """By time, not by when they were logged."""
        contact, _ = fill(storage)
        for days, name in ((1, "b"), (5, "a"), (0, "c")):
            at = NOW - timedelta(days=days)
            touch = Touch(name, contact.id, "call", "out", at, "", None, None)
            storage.history.add_touch("me", touch)
        assert [t.id for t in storage.history.touches("me")] == ["c", "b", "a"]
        storage.history.delete_touch("me", "c")
        assert storage.history.last_touches("me")[contact.id].id == "b"

    def test_tokens_open_until_revoked(self, storage: Storage) -> None:
        """Only the hash is known; a revoked token opens nothing; names are free again then."""
        token = Token("t", "laptop", NOW, None, None)
        storage.history.add_token("me", token, "hash")
        assert storage.history.account_of_token("hash", NOW) == "me"
        assert storage.history.account_of_token("other", NOW) is None
        with raises(ConflictError):
            storage.history.add_token("me", replace(token, id="u"), "hash2")
        with raises(TokenNotFound):
            storage.history.revoke_token("you", "laptop", NOW)
        storage.history.revoke_token("me", "laptop", NOW)
        assert storage.history.account_of_token("hash", NOW) is None
        storage.history.add_token("me", replace(token, id="u"), "hash2")

    def test_a_transaction_is_all_or_nothing(self, storage: Storage) -> None:
        """An error undoes what came before it, also in nested ones."""

        def add_two_and_fail() -> None:
            with storage.transaction():
                storage.people.add_contact("me", make_contact())
                with storage.transaction():
                    storage.people.add_contact("me", make_contact("Maren Lindqvist"))
                raise ZeroDivisionError

        with raises(ZeroDivisionError):
            add_two_and_fail()
        assert storage.people.contacts("me") == []

    def test_naive_times_are_refused(self, storage: Storage) -> None:
        """A time without a zone could mean anything."""
        naive = NOW.replace(tzinfo=None)
        with raises(ValueError):
            storage.people.add_contact("me", make_contact(created_at=naive))
        assert storage.people.contacts("me") == []

    def test_export_and_import_round_trip(self, storage: Storage) -> None:
        """What one account exports, an empty one reads, and exports again alike."""
        contact, _ = fill(storage)
        item = storage.items.items("me")[0]
        ref = suggestion_id("me", contact.id, item.key)
        touch = Touch("t1", contact.id, "sent", "out", NOW, "n", item.id, ref)
        event = StatusEvent(ref, contact.id, item.id, item.key, "sent", NOW, None)
        storage.history.add_status("me", event, touch)
        storage.items.put_items([make_item("https://p")], feed_id=None, owner_id="me", now=NOW)
        rows = list(storage.export_rows("me"))
        assert storage.import_rows("copy", rows) == len(rows)
        assert list(storage.export_rows("copy")) == rows
        with raises(ConflictError):
            storage.import_rows("copy", rows)
