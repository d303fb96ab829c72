"""From pairs of interest and item to matches: relevance, the best of each interest, their spans.

What the words of an item add is looked at for every pair that the pass left, the span that is
quoted only for those that are kept. Whoever calls says how items are read; see `readings`.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recommender.domain import Match
from recommender.services.evidence import lexical_span
from recommender.services.pairs import by_item, word_shares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from recommender.domain import Polarity
    from recommender.services.evidence import Quotes
    from recommender.services.judging import Judge, Query
    from recommender.services.pairs import Met, Numbers, Pairs
    from recommender.services.readings import Reader

    Timed = Callable[[str], AbstractContextManager[object]]
    """Called with the name of a stage; what is done within is that stage's."""

KEEP = 100
"""Matches kept for one interest; a person is sent a few items a month."""
KEEP_AVOIDED = 5000
"""Of what a contact would rather not see, as much as the pool may hold."""
LEAST_RELEVANCE = 0.02
"""Below this a match is not even a near miss worth a row."""


class Judged(NamedTuple):
    """What one pair comes to."""

    relevance: float
    cosine: float
    margin: float
    lexical: float


def untimed(stage: str) -> AbstractContextManager[object]:
    """Nobody wants to know how long a stage takes."""
    return nullcontext(stage)


def kept(polarity: Polarity) -> int:
    """How many matches of an interest are kept."""
    return KEEP if polarity == "like" else KEEP_AVOIDED


def choose_matches(
    judge: Judge,
    queries: Sequence[Query],
    pairs: Pairs,
    reader: Reader,
    timed: Timed = untimed,
) -> list[list[Match]]:
    """For each interest its best matches, and all that tie with the last of them.

    Args:
        judge: Knows the numbers.
        queries: The interests that the pairs number.
        pairs: What the pass left.
        reader: Reads their items; a pair whose item is gone comes to nothing.
        timed: Told of the stages "words" and "spans".
    """
    with timed("words"):
        shares = word_shares(judge.model, queries, pairs, reader.texts, reader.words)
        relevances = judge.relevances(pairs.cosines, pairs.margins, *shares)
        best = best_rows(
            pairs.queries, relevances, [kept(query.interest.polarity) for query in queries]
        )
    matches: list[list[Match]] = [[] for _ in queries]
    with timed("spans"):
        for item in by_item(pairs.items[best], reader.texts):
            quotes = reader.quotes(item)
            for row in best[item.rows].tolist():
                at = int(pairs.queries[row])
                judged = Judged(
                    float(relevances[row]),
                    float(pairs.cosines[row]),
                    float(pairs.margins[row]),
                    float(shares.body[row]),
                )
                by_vector = (
                    judged.relevance >= judge.model.threshold
                    and queries[at].interest.polarity == "like"
                )
                span = _span(reader, queries[at], item, quotes, by_vector=by_vector)
                matches[at].append(_match(queries[at], item.item_id, judged, span))
    return matches


def _span(reader: Reader, query: Query, item: Met, quotes: Quotes, *, by_vector: bool) -> str:
    """By sentence vectors for what may be shown, by words alone for a near miss."""
    if by_vector:
        return reader.span(item, quotes, query)
    return lexical_span(quotes, query.words)


def _match(query: Query, item_id: int, judged: Judged, span: str) -> Match:
    return Match(
        contact_id=query.interest.contact_id,
        interest_id=query.interest.id,
        item_id=item_id,
        relevance=judged.relevance,
        cosine=round(judged.cosine, 4),
        margin=round(judged.margin, 4),
        lexical=round(judged.lexical, 4),
        span=span,
    )


def best_rows(queries: Numbers, relevances: NDArray[np.float64], keep: Sequence[int]) -> Numbers:
    """Rows of each interest's best pairs, and of all that tie with the last of them.

    Args:
        queries: (n,) interest of each pair, ascending.
        relevances: (n,) of each pair; NaN is none.
        keep: How many each interest keeps.
    """
    rows = np.flatnonzero(relevances >= LEAST_RELEVANCE)
    ends = np.searchsorted(queries[rows], np.arange(len(keep) + 1))
    is_kept = np.ones(len(rows), np.bool_)
    for at in np.flatnonzero(np.diff(ends) > np.asarray(keep, np.int64)).tolist():
        some = slice(ends[at], ends[at + 1])
        of_it = relevances[rows[some]]
        # The storage settles ties at the border by item key.
        is_kept[some] = of_it >= np.partition(of_it, -keep[at])[-keep[at]]
    return rows[is_kept]
