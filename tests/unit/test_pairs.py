"""Pairs read item by item come to what each comes to by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.relevance import Evidence, RelevanceModel, count_words
from recommender.services.choosing import LEAST_RELEVANCE, best_rows
from recommender.services.judging import Query
from recommender.services.pairs import READ_AT_ONCE, Pairs, by_item, word_shares
from recommender.testing import make_contact, make_interest
from recommender.words import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

MODEL = RelevanceModel(-4.0, Evidence(0.0, 1.8, 2.7, -0.5), 0.5, 1.8, {"old": 0.25})
PHRASES = ["sailing old boats", "old old books", "", "wind"]
NOTHING = np.zeros(0, np.float32)
QUERIES = [
    Query(make_interest(make_contact()), NOTHING, tuple(tokens(phrase)), NOTHING)
    for phrase in PHRASES
]
some_words = st.lists(st.sampled_from(["Sailing", "old", "boats", "wind", "books", "sea"])).map(
    " ".join
)


def make_pairs(queries: Sequence[int], items: Sequence[int]) -> Pairs:
    nothing = np.zeros(len(items), np.float32)
    return Pairs(np.array(queries, np.int64), np.array(items, np.int64), nothing, nothing)


@given(
    st.dictionaries(st.integers(1, 9), st.tuples(some_words, some_words)),
    st.sets(st.tuples(st.integers(0, len(PHRASES) - 1), st.integers(1, 9))),
)
def test_shares_are_those_of_each_pair_by_itself(
    texts: dict[int, tuple[str, str]], asked: set[tuple[int, int]]
) -> None:
    pairs = make_pairs(*zip(*sorted(asked), strict=True)) if asked else make_pairs([], [])
    shares = word_shares(
        MODEL, QUERIES, pairs, lambda ids: {i: texts[i] for i in ids if i in texts}
    )
    for row, (query, item) in enumerate(sorted(asked)):
        if item in texts:
            head, words = count_words(*texts[item])
            assert shares.body[row] == MODEL.lexical(QUERIES[query].words, words)
            assert shares.title[row] == MODEL.lexical(QUERIES[query].words, head)
        else:
            assert np.isnan(shares.body[row])
            assert np.isnan(shares.title[row])


def test_each_item_is_read_once_and_few_at_a_time() -> None:
    items = np.arange(1, 2 * READ_AT_ONCE + 8)
    asked: list[int] = []
    most = 0

    def read(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        nonlocal most
        most = max(most, len(ids))
        asked.extend(ids)
        return {i: (str(i), "") for i in ids if i != 5}

    met = list(by_item(np.concatenate([items, items[::-1]]), read))
    assert asked == items.tolist()
    assert most == READ_AT_ONCE
    assert [item.item_id for item in met] == [i for i in items.tolist() if i != 5]
    assert all(item.rows == [i - 1, 2 * len(items) - i] for item in met for i in [item.item_id])


@given(
    st.lists(
        st.lists(st.sampled_from([float("nan"), 0.0, LEAST_RELEVANCE, 0.3, 0.5, 0.9])), min_size=1
    ),
    st.integers(1, 4),
)
def test_the_best_are_kept_with_all_that_tie(lists: list[list[float]], keep: int) -> None:
    queries = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    relevances = np.array([p for one in lists for p in one])
    best = best_rows(queries, relevances, [keep] * len(lists)).tolist()
    for at, one in enumerate(lists):
        kept = [relevances[row] for row in best if queries[row] == at]
        fit = sorted((p for p in one if p >= LEAST_RELEVANCE), reverse=True)
        assert sorted(kept, reverse=True) == [p for p in fit if p >= fit[:keep][-1]]
