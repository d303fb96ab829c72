"""What reactions teach, and what they may not do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import ranking
from recommender.learning import MOST_LIFT, SIGNALS, on_interests, on_subjects, taste
from recommender.testing import NOW, make_contact, make_interest
from tests.unit.test_ranking import make_candidate

if TYPE_CHECKING:
    from recommender.domain import Status

MEAN = [0.0, 0.0, 0.0]
SAILING, CRYPTO, MIXED = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.8, 0.0]
VECTORS = {1: SAILING, 2: CRYPTO, 3: MIXED}


def test_what_went_well_is_lifted_and_what_did_not_is_lowered() -> None:
    learned = taste([(1, "liked"), (2, "less")], VECTORS, MEAN)
    assert learned is not None
    assert learned.lift(SAILING) > 1.2
    assert learned.lift(CRYPTO) < 0.8
    assert learned.lift([0.0, 0.0, 1.0]) == pytest.approx(1.0)


def test_one_reaction_moves_less_than_five() -> None:
    one = taste([(1, "liked")], VECTORS, MEAN)
    five = taste([(1, "liked")] * 5, VECTORS, MEAN)
    assert one is not None
    assert five is not None
    assert 1 < one.lift(MIXED) < five.lift(MIXED) <= MOST_LIFT


@pytest.mark.parametrize("reactions", [[], [(1, "opened")], [(1, "snoozed")], [(99, "liked")]])
def test_nothing_is_learned_from_nothing(reactions: list[tuple[int, Status]]) -> None:
    assert taste(reactions, VECTORS, MEAN) is None


_UNIT = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: math.hypot(*v) > 0.1)


@given(
    st.lists(st.tuples(_UNIT, st.sampled_from(sorted(SIGNALS))), min_size=1, max_size=150),
    _UNIT,
)
def test_a_lift_is_bounded_whatever_was_said(
    heard: list[tuple[tuple[float, ...], Status]], vector: tuple[float, ...]
) -> None:
    vectors = dict(enumerate(v for v, _ in heard))
    reactions = [(at, status) for at, (_, status) in enumerate(heard)]
    learned = taste(reactions, vectors, MEAN)
    assert learned is not None
    assert 1 / MOST_LIFT <= learned.lift(vector) <= MOST_LIFT


def test_lifts_reorder_and_neither_add_nor_hide() -> None:
    scored = ranking.score([make_candidate(1), make_candidate(2, relevance=0.7)], NOW)
    assert [one.candidate.item_id for one in scored] == [1, 2]
    moved = ranking.lifted(scored, {1: 0.5})
    assert [one.candidate.item_id for one in moved] == [2, 1]
    assert moved[1].lift == 0.5
    assert moved[1].score == pytest.approx(scored[0].score / 2)


def test_proposals_on_stated_interests_are_in_words() -> None:
    contact = make_contact()
    crypto, wood, golf = (make_interest(contact, p) for p in ("crypto", "woodworking", "golf"))
    reactions: list[tuple[str, Status]] = [
        *[(crypto.id, status) for status in ("dismissed", "less", "dismissed", "snoozed")],
        *[(wood.id, status) for status in ("sent", "liked", "replied", "sent", "dismissed")],
        (golf.id, "dismissed"),
        (golf.id, "dismissed"),
    ]
    lower, higher = on_interests([crypto, wood, golf], reactions)
    assert (lower.kind, lower.words) == ("lower", "crypto 0 of 3: still into crypto?")
    assert (higher.kind, higher.words) == ("raise", "woodworking 4 of 5: more of woodworking?")


def test_new_subjects_are_proposed_after_three_successes() -> None:
    proposals = on_subjects({"rowing": (3, 3), "opera": (2, 2), "chess": (3, 6)})
    assert [(p.kind, p.phrase, p.words) for p in proposals] == [
        ("add", "rowing", "rowing 3 of 3: into rowing?")
    ]
