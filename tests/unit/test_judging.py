"""What judging promises: the same pair comes to the same, whatever it is computed with."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.relevance import Evidence, RelevanceModel
from recommender.services.embedding import Background
from recommender.services.judging import SYNONYM_COSINE, Judge
from recommender.services.matching import pairs_above
from recommender.testing import make_contact, make_interest

RNG = np.random.default_rng(3)
MODEL = RelevanceModel(-4.0, Evidence(0.0, 1.8, 2.7, -0.5), 0.5, 1.8, {})


def unit(n: int, dim: int = 384) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = RNG.standard_normal((n, dim)).astype(np.float32)
    made: np.ndarray[tuple[int, int], np.dtype[np.float32]] = rows / np.linalg.norm(
        rows, axis=1, keepdims=True
    )
    return made


@pytest.fixture
def judge() -> Judge:
    return Judge(Background(np.zeros(384, np.float32), 0.11, unit(500)), MODEL)


@pytest.mark.parametrize("n", [1, 2, 7, 37, 300])
def test_margins_do_not_depend_on_the_company(judge: Judge, n: int) -> None:
    items = unit(300)
    query = judge.query(make_interest(make_contact()), unit(1)[0])
    (whole,) = pairs_above(query.vector[None], items, -1.0)
    (part,) = pairs_above(query.vector[None], items[:n], -1.0)
    assert (whole[2][:n] == part[2]).all()
    (all_judged,) = judge.judged([query], items, [whole])
    (some_judged,) = judge.judged([query], items[:n], [part])
    assert (all_judged[3][:n] == some_judged[3]).all()


def test_a_synonym_is_no_rival_and_kin_is_less_of_one(judge: Judge) -> None:
    subjects = judge.background.subjects
    query = judge.query(make_interest(make_contact()), subjects[0])
    assert query.handicap[0] > 1.0
    assert (query.handicap[1:] < SYNONYM_COSINE).all()
    item = subjects[:1]
    margin = judge.margins(query, np.ones(1, np.float32), judge.nearest(item))
    assert margin[0] > 5.0
