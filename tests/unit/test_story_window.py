"""The articles a new one is compared with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender.domain import Told
from recommender.services.stories import SPAN, Window, _largest

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIM = 8
few = st.floats(-1, 1, width=16)


@given(arrays(np.float32, st.integers(1, 60), elements=few), st.integers(1, 70))
def test_the_largest_are_those_of_a_stable_sort(values: np.ndarray, k: int) -> None:
    assert _largest(values, k).tolist() == np.argsort(-values, kind="stable")[:k].tolist()


def told(n: int, at: datetime = NOON, feed_id: int = 1) -> Told:
    return Told(f"story:{n}", at, feed_id, f"Harbour number {n}")


def some_vectors(n: int) -> np.ndarray:
    found: np.ndarray = np.random.default_rng(5).normal(size=(n, DIM)).astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_articles_added_one_by_one_or_together_are_found_alike(parts: list[int]) -> None:
    n = sum(parts)
    vectors = some_vectors(n)
    whole, grown = Window(DIM), Window(DIM)
    whole.add(vectors, [told(at) for at in range(n)])
    first = 0
    for size in parts:
        some = range(first, first + size)
        grown.add(vectors[first : first + size], [told(at) for at in some])
        first += size
    for at in range(n):
        for window in (whole, grown):
            found = window.story_of(vectors[at], NOON, 2, f"Harbour number {at}")
            assert found == f"story:{at}"


def test_neither_its_own_feed_nor_another_week_tells_its_story() -> None:
    (vector,) = some_vectors(1)
    window = Window(DIM)
    assert window.story_of(vector, NOON, 2, "Harbour") is None
    window.add(vector[np.newaxis], [told(1)])
    assert window.story_of(vector, NOON + SPAN, 2, "Harbour number 1") == "story:1"
    assert window.story_of(vector, NOON, 1, "Harbour number 1") is None
    late = NOON + SPAN + timedelta(seconds=1)
    assert window.story_of(vector, late, 2, "Harbour number 1") is None
    assert window.story_of(-vector, NOON, 2, "Something else") is None
