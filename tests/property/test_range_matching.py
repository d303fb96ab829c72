"""Ranges of accounts matched together end in the rows that each account by itself ends in."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.errors import FeedNotFound
from recommender.services import choosing, newest, range_matching
from recommender.services.embedding import measure_background
from recommender.testing import WordEmbedder
from tests.ranges import ACCOUNTS, N_FEEDS, WORDS, Library, libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recommender.services.embedding import Background


@pytest.fixture(scope="module")
def background() -> Background:
    return measure_background(WordEmbedder())


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few that the best push others out, and two keys tie at the border."""
    monkeypatch.setattr(choosing, "KEEP", 3)
    monkeypatch.setattr(choosing, "KEEP_AVOIDED", 5)


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
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[int, int]], None]:
    """Sets how much is taken at once."""

    def set_sizes(chosen: tuple[int, int]) -> None:
        monkeypatch.setattr(range_matching, "NEWEST_ROWS", chosen[0])
        monkeypatch.setattr(newest, "NEWEST_ROWS", chosen[0])
        monkeypatch.setattr(range_matching, "INTERESTS_AT_ONCE", chosen[1])

    return set_sizes


@pytest.mark.slow
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


@pytest.mark.slow
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
