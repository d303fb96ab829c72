"""What judging promises: the same pair comes to the same, whatever it is computed with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recommender.relevance import Evidence, RelevanceModel
from recommender.services.embedding import Background
from recommender.services.judging import SYNONYM_COSINE, Judge
from recommender.services.pool import Block, describe, described
from recommender.services.scanning import most_words_add, scan
from recommender.testing import make_contact, make_interest

Vectors = np.ndarray[Any, np.dtype[np.float32]]
RNG = np.random.default_rng(3)
MODEL = RelevanceModel(-4.0, Evidence(0.0, 1.8, 2.7, -0.5), 0.5, 1.8, {})


def unit(n: int, dim: int = 384) -> Vectors:
    rows = RNG.standard_normal((n, dim)).astype(np.float32)
    made: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def near(vectors: Vectors, n: int) -> Vectors:
    """n vectors that lie more or less near one of these."""
    share = RNG.random((n, 1)).astype(np.float32) * 1.5
    rows = unit(n) + share * vectors[RNG.integers(len(vectors), size=n)]
    made: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


@pytest.fixture
def judge() -> Judge:
    return Judge(Background(np.zeros(384, np.float32), 0.11, unit(500)), MODEL)


def block_of(judge: Judge, items: Vectors, start: int = 0, end: int | None = None) -> Block:
    some = items[start:end]
    return described(np.arange(start + 1, start + 1 + len(some)), some, describe(judge, some))


@pytest.mark.parametrize("n_queries", [1, 3, 9, 70])
@pytest.mark.parametrize("n", [1, 2, 7, 37, 300])
def test_a_pair_comes_to_the_same_in_any_company(judge: Judge, n: int, n_queries: int) -> None:
    items = near(unit(1), 300)
    query = judge.query(make_interest(make_contact()), items[0])
    others = [judge.query(make_interest(make_contact()), vector) for vector in unit(n_queries - 1)]
    (whole,) = scan(judge, [query], [block_of(judge, items)], least=0.001, best=None)
    part, *_ = scan(judge, [query, *others], [block_of(judge, items, 0, n)], least=0.001, best=None)
    same = whole.seqs <= n
    assert len(part.seqs) == same.sum() > 0
    assert (whole.seqs[same] == part.seqs).all()
    assert (whole.margins[same] == part.margins).all()
    assert (whole.cosines[same] == part.cosines).all()


def test_a_synonym_is_no_rival_and_kin_is_less_of_one(judge: Judge) -> None:
    subjects = judge.background.subjects
    query = judge.query(make_interest(make_contact()), subjects[0])
    assert query.handicap[0] > 1.0
    assert (query.handicap[1:] < SYNONYM_COSINE).all()
    item = subjects[:1]
    margin = judge.margins(query, np.ones(1, np.float32), judge.nearest(item))
    assert margin[0] > 5.0


@pytest.mark.parametrize("n_queries", [3, 11])
@pytest.mark.parametrize("block_rows", [64, 500, 3000])
def test_the_pass_drops_nothing_that_could_be_kept(
    judge: Judge, block_rows: int, n_queries: int
) -> None:
    asked = unit(n_queries)
    queries = [judge.query(make_interest(make_contact()), vector) for vector in asked]
    items = near(asked, 3000)
    gain = most_words_add(MODEL)
    blocks = [block_of(judge, items, at, at + block_rows) for at in range(0, 3000, block_rows)]
    every = scan(judge, queries, blocks, least=0.001, best=None)
    best = scan(judge, queries, blocks, least=0.001, best=40)
    for query, all_of_it, some in zip(queries, every, best, strict=True):
        # Nothing is lost against judging every pair by itself.
        centred = judge.background.centred(items)
        margins = judge.margins(query, centred @ query.vector, judge.nearest(centred))
        promising = MODEL.bias + 1.8 * margins + gain > -6.9
        promising &= centred @ query.vector > 1.8 * judge.background.deviation + 1e-4
        assert set((np.flatnonzero(promising) + 1).tolist()) <= set(all_of_it.seqs.tolist())
        assert len(some.seqs) <= len(all_of_it.seqs)
        assert np.isin(some.seqs, all_of_it.seqs).all()
        # Whatever the words of the items add, the forty best are among those that are left.
        words = RNG.random(3001) * gain
        forty = np.argsort(-(all_of_it.surely + words[all_of_it.seqs]), kind="stable")[:40]
        assert set(all_of_it.seqs[forty].tolist()) <= set(some.seqs.tolist())
    assert sum(len(one.seqs) for one in best) < sum(len(one.seqs) for one in every)
