"""Ranges of accounts matched together end in the rows that each account by itself ends in."""

from __future__ import annotations

import random
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recommender_models import VectorMatrix

from recommender.domain import Login
from recommender.errors import ConflictError, FeedNotFound
from recommender.services import choosing, newest, range_matching
from recommender.services.embedding import embed_items, measure_background
from recommender.services.matching import Matching
from recommender.services.range_matching import RangeMatching
from recommender.storage.sqlite import open_sqlite
from recommender.testing import NOW, WordEmbedder, make_contact, make_interest, make_item
from recommender.wiring import shipped_relevance_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recommender.services.embedding import Background
    from recommender.storage.sqlite import SqliteStorage

ACCOUNTS = ("anna", "ben", "cleo", "dan")
N_FEEDS = 4
WORDS = ("sailing", "boats", "wind", "chess", "openings", "bread", "baking", "old", "sea", "news")


@pytest.fixture(scope="module")
def background() -> Background:
    return measure_background(WordEmbedder())


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few that the best push others out, and two keys tie at the border."""
    monkeypatch.setattr(choosing, "KEEP", 3)
    monkeypatch.setattr(choosing, "KEEP_AVOIDED", 5)


class Library:
    """A library of several accounts, and both ways to match it."""

    def __init__(self, folder: Path, background: Background) -> None:
        self.embedder = WordEmbedder()
        self.storage: SqliteStorage = open_sqlite(folder / "sawthis.db")
        mean, subjects = background.mean.tobytes(), background.subjects.tobytes()
        self.storage.vectors.put_background(self.embedder.key, mean, background.deviation, subjects)
        self.alone = Matching(
            self.storage,
            self.embedder,
            lambda holds, dim: VectorMatrix(folder / f"m{holds}", dim),
            shipped_relevance_model(),
        )
        self.together = RangeMatching(self.storage, self.alone)
        self.texts: dict[str, str] = {}
        for account in ACCOUNTS:
            self.storage.people.add_contact(account, make_contact())

    def embed(self) -> None:
        embed_items(self.storage, self.embedder)

    def subscribe(self, account: str, feed: int) -> None:
        # The last one is read with a login, and so by each account for itself.
        login = Login("basic", "a:b") if feed == N_FEEDS - 1 else None
        self.storage.feeds.subscribe(
            account, f"https://{feed}/", kind="article", title="", now=NOW, login=login
        )

    def unsubscribe(self, account: str, feed: int) -> None:
        for one in self.storage.feeds.feeds(account):
            if one.url == f"https://{feed}/":
                self.storage.feeds.unsubscribe(account, one.id)

    def add_interest(self, account: str, phrase: str, *, is_avoided: bool) -> None:
        interest = make_interest(make_contact(), phrase, polarity="avoid" if is_avoided else "like")
        with suppress(ConflictError):
            self.storage.people.add_interest(account, interest)

    def turn_round(self, account: str, at: int) -> None:
        interests = self.storage.people.interests(account)
        if interests:
            one = interests[at % len(interests)]
            turned = replace(one, polarity="like" if one.polarity == "avoid" else "avoid")
            self.storage.people.update_interest(account, turned)

    def remove_interest(self, account: str, at: int) -> None:
        interests = self.storage.people.interests(account)
        if interests:
            self.storage.people.delete_interest(account, interests[at % len(interests)].id)

    def publish(self, feed: int, text: str) -> None:
        """An item in every feed of that number, and its copy in the next."""
        for one in self.storage.feeds.subscribed_feeds():
            if one.url in {f"https://{feed}/", f"https://{feed + 1}/"}:
                key = f"https://e/{len(self.texts)}"
                item = make_item(key, title=text[:20], text=text)
                self.storage.items.put_items([item], feed_id=one.id, owner_id=one.owner_id, now=NOW)
        self.texts[f"https://e/{len(self.texts)}"] = text

    def rewrite(self, at: int, text: str) -> None:
        if not self.texts:
            return
        key = list(self.texts)[at % len(self.texts)]
        item = make_item(key, title=text[:20], text=text, content_hash=text)
        for one in self.storage.feeds.subscribed_feeds():
            row = "SELECT i.id FROM items i JOIN feed_items f ON f.item_id = i.id WHERE i.key = ?"
            rows = self.storage._db.rows(f"{row} AND f.feed_id = ?", (key, one.id))
            if rows:
                self.storage.items.put_items([item], feed_id=one.id, owner_id=one.owner_id, now=NOW)

    def save(self, account: str, text: str) -> None:
        item = make_item(f"https://own/{text}", kind="page", title=text[:20], text=text)
        self.storage.items.put_items([item], feed_id=None, owner_id=account, now=NOW)

    def rows(self) -> list[tuple[Any, ...]]:
        matches = self.storage._db.rows("SELECT * FROM matches ORDER BY 1, 2, 3, 4")
        marks = self.storage._db.rows(
            "SELECT account_id, interest_id, model_key, matched_seq FROM interest_vectors"
            " ORDER BY 1, 2"
        )
        return [tuple(row) for row in (*matches, *marks)]


@contextmanager
def libraries(background: Background, n: int) -> Iterator[list[Library]]:
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for at in range(n):
            (Path(folder) / str(at)).mkdir()
            made.append(Library(Path(folder) / str(at), background))
        try:
            yield made
        finally:
            for one in made:
                one.storage.close()


account = st.sampled_from(ACCOUNTS)
feed = st.integers(0, N_FEEDS - 1)
text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(
    lambda words: f"{' '.join(words)}. And then a sentence of {words[0]} that is long enough."
)
phrase = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True).map(" ".join)
place = st.integers(0, 99)


@dataclass(frozen=True)
class Run:
    """A range is matched."""

    first: str
    last: str

    @property
    def accounts(self) -> list[str]:
        return [one for one in ACCOUNTS if self.first <= one <= self.last]


EVERYBODY = Run(ACCOUNTS[0], ACCOUNTS[-1])
additions = (
    st.tuples(st.just("publish"), feed, text),
    st.tuples(st.just("publish"), feed, text),
    st.tuples(st.just("save"), account, text),
    st.tuples(st.just("subscribe"), account, feed),
    st.tuples(st.just("add_interest"), account, phrase, st.booleans()),
    st.just(("embed",)),
    st.just(("embed",)),
    st.builds(Run, account, account),
    st.just(EVERYBODY),
)
changes = (
    st.tuples(st.just("rewrite"), place, text),
    st.tuples(st.just("unsubscribe"), account, feed),
    st.tuples(st.just("turn_round"), account, place),
    st.tuples(st.just("remove_interest"), account, place),
)
sizes = st.tuples(st.sampled_from([0, 3, 20_000]), st.sampled_from([1, 3, 16_384]))
"""How many of the newest are kept in memory, and how many interests are matched at once."""


def happen(library: Library, one: tuple[Any, ...]) -> None:
    name, *values = one
    if name == "add_interest":
        library.add_interest(values[0], values[1], is_avoided=values[2])
    else:
        with suppress(FeedNotFound):
            getattr(library, name)(*values)


def beginning(rng: random.Random) -> Iterator[tuple[Any, ...]]:
    """Everybody reads some feeds and knows somebody who likes some things."""
    for one in ACCOUNTS:
        for number in rng.sample(range(N_FEEDS), 2):
            yield "subscribe", one, number
        for _ in range(4):
            some = " ".join(rng.sample(WORDS, rng.randint(1, 2)))
            yield "add_interest", one, some, rng.random() < 0.3
        some = " ".join(rng.choices(WORDS, k=3))
        yield "save", one, f"{some} {some} {some}. By {one}, who wrote it down for others."
    for _ in range(12):
        some = " ".join(rng.choices(WORDS, k=rng.randint(2, 12)))
        yield "publish", rng.randrange(N_FEEDS), f"{some}. {some[::-1]} {some}, and so on."
    yield ("embed",)


some_examples = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[int, int]], None]:
    """Sets how much is taken at once."""

    def set_sizes(chosen: tuple[int, int]) -> None:
        monkeypatch.setattr(range_matching, "NEWEST_ROWS", chosen[0])
        monkeypatch.setattr(newest, "NEWEST_ROWS", chosen[0])
        monkeypatch.setattr(range_matching, "INTERESTS_AT_ONCE", chosen[1])

    return set_sizes


@some_examples
@given(st.integers(0, 2**32), st.lists(st.one_of(*additions, *changes), max_size=30), sizes)
def test_a_range_comes_to_what_each_of_it_comes_to(
    background: Background,
    sized: Callable[[tuple[int, int]], None],
    seed: int,
    events: list[Any],
    chosen: tuple[int, int],
) -> None:
    sized(chosen)
    with libraries(background, 2) as (alone, together):
        for one in (*beginning(random.Random(seed)), *events, ("embed",), EVERYBODY):
            if isinstance(one, Run):
                alone.alone.run(one.accounts)
                together.together.run(one.first, one.last)
                assert together.rows() == alone.rows()
            else:
                happen(alone, one)
                happen(together, one)


@some_examples
@given(
    st.integers(0, 2**32),
    st.lists(st.one_of(*additions), max_size=30),
    sizes,
    st.permutations(ACCOUNTS),
)
def test_batches_and_ranges_in_any_order_come_to_the_same(
    background: Background,
    sized: Callable[[tuple[int, int]], None],
    seed: int,
    events: list[Any],
    chosen: tuple[int, int],
    order: list[str],
) -> None:
    sized(chosen)
    with libraries(background, 2) as (alone, together):
        for one in (*beginning(random.Random(seed)), *events, ("embed",)):
            if isinstance(one, Run):
                together.together.run(one.first, one.last)
            else:
                happen(alone, one)
                happen(together, one)
        alone.alone.run(ACCOUNTS)
        for only in order:
            together.together.run(only, only)
        assert together.rows() == alone.rows()
        assert together.together.run(ACCOUNTS[0], ACCOUNTS[-1]) == 0
