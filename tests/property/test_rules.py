"""Rules that hold for any input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender import ranking
from recommender.cli.output import safe
from recommender.domain import Candidate, StatusEvent, suggestion_id
from recommender.relevance import Evidence, RelevanceModel
from recommender.services.evidence import lexical_span, quotable, quotes_of
from recommender.services.judging import probability
from recommender.services.people import slugify
from recommender.storage.rows import to_text, to_time
from recommender.testing import NOW
from recommender.words import clip, sentences, tokens
from tests.unit.test_ranking import make_candidate

if TYPE_CHECKING:
    import random

    from numpy.typing import NDArray

statuses = st.sampled_from(["opened", "sent", "snoozed", "dismissed"])
pools = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.floats(0, 1),
        st.sampled_from(["like", "avoid"]),
        st.floats(0.1, 2),
    ),
    max_size=20,
)


def _pool(rows: list[tuple[int, float, str, float]]) -> list[Candidate]:
    return [
        make_candidate(
            n,
            relevance=r,
            kind="joke" if n % 3 == 0 else "article",
            polarity=p,
            weight=w,
            interest_id=f"i{at}",
        )
        for at, (n, r, p, w) in enumerate(rows)
    ]


@given(pools, st.dictionaries(st.integers(1, 12), statuses))
def test_nothing_sent_or_dismissed_is_ever_left(
    rows: list[tuple[int, float, str, float]], done: dict[int, str]
) -> None:
    events = {
        f"s{n}": StatusEvent(f"s{n}", "c", n, "k", status, NOW, None)  # type: ignore[arg-type]
        for n, status in done.items()
    }
    left = ranking.unseen(_pool(rows), events, NOW)
    closed = {n for n, status in done.items() if status in {"sent", "dismissed"}}
    assert not closed & {c.item_id for c in left}


@given(pools, st.randoms())
def test_scores_are_in_range_and_blind_to_order(
    rows: list[tuple[int, float, str, float]],
    random: object,
) -> None:
    pool = _pool(rows)
    scored = ranking.score(pool, NOW)
    assert all(0 <= s.score <= 2 for s in scored)
    assert len({s.candidate.item_id for s in scored}) == len(scored)
    shuffled = list(pool)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = ranking.score(shuffled, NOW)
    assert [(s.candidate.item_id, s.score) for s in again] == [
        (s.candidate.item_id, s.score) for s in scored
    ]


@given(pools, st.booleans())
def test_never_two_jokes_in_three(rows: list[tuple[int, float, str, float]], first: bool) -> None:
    scored = ranking.score(_pool(rows), NOW)
    kinds = [s.candidate.kind for s in ranking.at_most_one_joke(scored, first_may_be_joke=first)]
    for at in range(len(kinds)):
        assert kinds[at : at + 3].count("joke") <= 1
    if not first:
        assert "joke" not in kinds


@given(pools, st.integers(1, 5))
def test_diversify_takes_each_once(rows: list[tuple[int, float, str, float]], n: int) -> None:
    scored = ranking.score(_pool(rows), NOW)
    vectors = {s.candidate.item_id: (1.0, 0.0) for s in scored}
    chosen = ranking.diversify(scored, vectors, n)
    assert len(chosen) == min(n, len(scored))
    assert len({s.candidate.item_id for s in chosen}) == len(chosen)
    if scored:
        assert chosen[0] == scored[0]


@given(pools, st.randoms(use_true_random=False))
def test_diversity_is_what_comparing_all_pairs_gives(
    rows: list[tuple[int, float, str, float]], rng: random.Random
) -> None:
    """What is left uncompared could not have come first."""
    scored = ranking.score(_pool(rows), NOW)
    vectors = {s.candidate.item_id: (rng.random(), rng.choice((0.0, 1.0))) for s in scored}
    left = list(range(len(scored)))
    expected: list[int] = []
    while left:
        gains = {}
        for at in left:
            one = scored[at].candidate
            others = [scored[i].candidate for i in expected]
            served = sum(other.interest_id == one.interest_id for other in others)
            a = vectors[one.item_id]
            alike = [sum(map(mul, vectors[other.item_id], a)) for other in others]
            share = ranking.MMR_LAMBDA * scored[at].score / (1 + ranking.SAME_INTEREST * served)
            gains[at] = share - (1 - ranking.MMR_LAMBDA) * max([0.0, *alike])
        best = max(left, key=lambda at: gains[at])
        left.remove(best)
        expected.append(best)
    assert list(ranking.diversified(scored, vectors)) == [scored[at] for at in expected]


@given(st.text(max_size=400), st.text(max_size=20), st.integers(1, 200))
def test_a_clip_is_an_exact_substring(text: str, around: str, limit: int) -> None:
    cut = clip(text, around=around, limit=limit)
    assert cut in text
    assert len(cut) <= limit


@given(st.text(max_size=600), st.text(max_size=300), st.text(max_size=30))
def test_a_span_is_an_exact_substring_of_the_item(text: str, title: str, phrase: str) -> None:
    span = lexical_span(quotes_of(title, text), tokens(phrase))
    assert span in text or span in title
    assert len(span) <= 160
    assert all(quote in text and "\n" not in quote for quote in quotable(text))


@given(st.text(max_size=300))
def test_sentences_are_in_order_and_apart(text: str) -> None:
    borders = list(sentences(text))
    assert all(a < b for a, b in borders)
    assert all(b <= c for (_, b), (c, _) in pairwise(borders))


@given(arrays(np.float64, (4, 3), elements=st.floats(-1e6, 1e6)))
def test_probabilities_are_probabilities(columns: NDArray[np.float64]) -> None:
    model = RelevanceModel(-8.0, Evidence(1.8, 0.4, 2.3, 1.2), 0.5, 2.0, {})
    found = probability(model, Evidence(*columns))
    assert ((found >= 0.0) & (found <= 1.0)).all()


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_the_database(at: datetime) -> None:
    assert to_time(to_text(at)) == at


@given(st.datetimes(timezones=st.just(UTC)), st.timedeltas(timedelta(0), timedelta(days=999)))
def test_stored_times_sort_as_they_pass(at: datetime, more: timedelta) -> None:
    if at < datetime(9990, 1, 1, tzinfo=UTC):
        first, second = to_text(at), to_text(at + more)
        assert first is not None
        assert second is not None
        assert first <= second


@given(st.text(max_size=80))
def test_slugs_can_be_typed(name: str) -> None:
    slug = slugify(name)
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.text(max_size=200))
def test_the_terminal_gets_no_control_characters(text: str) -> None:
    joiners = "\u00ad\u200c\u200d"  # which many scripts can't be read without
    assert all(c.isprintable() or c in f"\n\t{joiners}" for c in safe(text))


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=40))
def test_suggestion_ids_are_stable_and_short(account: str, contact: str, key: str) -> None:
    ref = suggestion_id(account, contact, key)
    assert ref == suggestion_id(account, contact, key)
    assert len(ref) == 11
