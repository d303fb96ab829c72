"""The pass over the pool: which pairs of interest and item can come to a match at all.

A pair's words are looked at last, for reading texts is what costs. How much they can add is known,
so that a pair is dropped as soon as it could not come near even if it held every word of the
interest, or could not reach the interest's best any more. What is dropped would not have been
kept: the outcome is the same to the row (a test compares).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from recommender.services.judging import N_RIVALS, SYNONYM_HANDICAP, dots, rivals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from recommender.relevance import RelevanceModel
    from recommender.services.judging import Judge, Query
    from recommender.services.pool import Block

    Vectors = NDArray[np.float32]
    Seqs = NDArray[np.int64]

PRODUCT_CELLS = 2**20
"""Pairs whose cosines are made together: 4 MB, lest they leave the processor's cache."""
FEW_SYNONYMS = 3
"""Subjects that are an interest by another name; most interests have no more."""
SLACK = 1e-4
"""Bounds are that much wider than they need be, for float noise."""
ROUNDING = 1.5e-4
"""Relevances are compared after rounding to four digits: what is nearer than this may be a tie."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the pass found for one interest, in the order of the pool."""

    seqs: Seqs
    """(n,) sequence numbers of vectors."""
    cosines: Vectors
    """(n,) centred cosines."""
    margins: Vectors
    """(n,) margins, in the background's standard deviations."""
    surely: Vectors
    """(n,) log-odds without any word."""
    border: float
    """Log-odds of the last of the best, for whom others were dropped; -inf if none was."""


class Scan:
    """Collects the pairs of some interests over the blocks of the pool.

    Args:
        judge: Knows background and numbers.
        queries: The interests.
        least: Relevance below which a pair is not worth a row.
        best: Pairs beyond so many of the best may be dropped; None drops none for that.
    """

    def __init__(
        self, judge: Judge, queries: Sequence[Query], *, least: float, best: int | None
    ) -> None:
        self._judge = judge
        self._vectors = np.stack([query.vector for query in queries])
        self._handicaps = np.stack([query.handicap for query in queries])
        self._offsets = np.einsum("ij,j->i", self._vectors, judge.background.mean)
        self._least = _log_odds(least - ROUNDING)
        self._best = best
        self._floor = np.float32(judge.model.floor_sd * judge.background.deviation)
        self._gain = most_words_add(judge.model)
        self._parts: list[_Part] = []
        self._n_found = np.zeros(len(queries), np.int64)
        self._borders = np.full(len(queries), -math.inf)
        is_synonym = self._handicaps >= SYNONYM_HANDICAP
        self._n_synonyms = is_synonym.sum(axis=1)
        self._most_handicap = np.where(is_synonym, 0, self._handicaps).max(axis=1)

    def add(self, block: Block) -> None:
        """Take in a block of the pool."""
        columns = block.vectors.T
        step = max(1, PRODUCT_CELLS // max(columns.shape[1], 1))
        for start in range(0, len(self._vectors), step):
            rows = slice(start, start + step)
            some = self._vectors[rows]
            cosines = some @ columns
            # In place: another array of this size would cost as much as the product.
            cosines -= self._offsets[rows, None]
            cosines /= block.lengths
            self._add_some(block, start, cosines)

    def _add_some(self, block: Block, start: int, cosines: Vectors) -> None:
        queries, items = np.nonzero(self._in_reach(block, start, cosines))
        if not len(queries):
            return
        cosines = cosines[queries, items]
        queries += start
        subjects = block.nearest.subjects[items].astype(np.intp)
        others = rivals(block.nearest.cosines[items] - self._handicaps[queries[:, None], subjects])
        wanted = np.maximum(self._least, _below(self._borders[queries]))
        kept = self._surely(cosines, self._judge.over(cosines, others)) >= wanted - self._gain
        queries, items, others = queries[kept], items[kept], others[kept]
        # Again, one by one: the product's last bits hang on what else was in it.
        cosines = dots(self._vectors, block.vectors, queries, items)
        cosines = (cosines - self._offsets[queries]) / block.lengths[items]
        margins = self._judge.over(cosines, others)
        every = _Part(queries, block.seqs[items], cosines, margins, self._surely(cosines, margins))
        part = every.only(cosines >= self._floor)
        self._parts.append(part)
        self._n_found += np.bincount(part.queries, minlength=len(self._n_found))
        self._raise_borders()

    def _surely(self, cosines: Vectors, margins: Vectors) -> Vectors:
        """(n,) log-odds of pairs without any word."""
        model, deviation = self._judge.model, self._judge.background.deviation
        log_odds: Vectors = (
            model.bias + model.weights.cosine / deviation * cosines + model.weights.margin * margins
        )
        return log_odds

    def _in_reach(self, block: Block, start: int, cosines: Vectors) -> NDArray[np.bool_]:
        """Which pairs might come near, if they held all the words of the interest.

        An item's rivals are at least the five nearest subjects but the interest's synonyms, less
        the greatest handicap that the interest gives any subject.

        Args:
            block: The items.
            start: The interest of the first row.
            cosines: (interests, items).
        """
        rows = slice(start, start + len(cosines))
        model, deviation = self._judge.model, self._judge.background.deviation
        of_cosine = model.weights.cosine * (
            model.floor_sd if model.weights.cosine < 0 else 1 / deviation
        )
        wanted = np.maximum(self._least, _below(self._borders[rows]))
        margin = (wanted - model.bias - self._gain - of_cosine) / model.weights.margin
        lead = (margin * deviation - self._most_handicap[rows] - SLACK).astype(np.float32)
        near: NDArray[np.bool_] = cosines >= self._floor - np.float32(SLACK)
        n_synonyms = self._n_synonyms[rows]
        for n, those in (
            (FEW_SYNONYMS, n_synonyms <= FEW_SYNONYMS),
            (int(n_synonyms.max()), n_synonyms > FEW_SYNONYMS),
        ):
            if not those.any() or n + N_RIVALS > block.nearest.cosines.shape[1]:
                continue
            rivals = block.nearest.cosines[:, n : n + N_RIVALS].mean(axis=1)
            some = slice(None) if those.all() else np.flatnonzero(those)
            near[some] &= cosines[some] - rivals >= lead[some, None]
        return near

    def _raise_borders(self) -> None:
        """Where more were found than are wanted, let go of those that can't be among them."""
        if self._best is None:
            return
        full = np.flatnonzero(self._n_found > 2 * self._best)
        if not len(full):
            return
        every = _joined(self._parts)
        for query in full:
            surely = every.surely[every.queries == query]
            self._borders[query] = np.partition(surely, len(surely) - self._best)[-self._best]
        kept = every.surely + self._gain >= _below(self._borders[every.queries])
        self._parts = [every.only(kept)]
        self._n_found = np.bincount(self._parts[0].queries, minlength=len(self._n_found))

    def found(self) -> Iterator[Found]:
        """For each interest its pairs."""
        every = _joined([_nothing(), *self._parts])
        order = np.argsort(every.queries, kind="stable")
        ends = np.searchsorted(every.queries[order], np.arange(len(self._borders) + 1))
        for query, border in enumerate(self._borders.tolist()):
            rows = order[ends[query] : ends[query + 1]]
            yield Found(
                every.seqs[rows],
                every.cosines[rows],
                every.margins[rows],
                every.surely[rows],
                border,
            )


class _Part(NamedTuple):
    """Pairs in columns of equal length."""

    queries: Seqs
    seqs: Seqs
    cosines: Vectors
    margins: Vectors
    surely: Vectors

    def only(self, kept: NDArray[np.bool_]) -> _Part:
        """Some of them."""
        columns: list[NDArray[Any]] = [column[kept] for column in self]
        return _Part(*columns)


def _nothing() -> _Part:
    numbers, shares = np.empty(0, np.int64), np.empty(0, np.float32)
    return _Part(numbers, numbers, shares, shares, shares)


def _joined(parts: Sequence[_Part]) -> _Part:
    columns: list[NDArray[Any]] = [np.concatenate(c) for c in zip(*parts, strict=True)]
    return _Part(*columns)


def most_words_add(model: RelevanceModel) -> float:
    """The most log-odds that an item can gain by its words."""
    return max(0.0, model.weights.body) + max(0.0, model.weights.title)


def _below(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds from which a pair may tie with one of these; -inf where there is none."""
    p = 1 / (1 + np.exp(-np.clip(log_odds, -700.0, 700.0))) - ROUNDING
    below: NDArray[np.float64] = np.log(np.maximum(p, 1e-300)) - np.log1p(-np.maximum(p, 0))
    return below


def _log_odds(probability: float) -> float:
    p = min(max(probability, 1e-12), 1 - 1e-12)
    return math.log(p / (1 - p))


def near_any(judge: Judge, centres: Vectors, block: Block) -> NDArray[np.bool_]:
    """(n,) which interests are near enough to any item of a block to be looked at.

    Far cheaper than a pass, for the others need not be likened to all the subjects.

    Args:
        judge: Knows background and numbers.
        centres: (n, dim) centred unit vectors of interests.
        block: A few items.
    """
    background = judge.background
    cosines = (centres @ block.vectors.T - (centres @ background.mean)[:, None]) / block.lengths
    floor = np.float32(judge.model.floor_sd * background.deviation - SLACK)
    near: NDArray[np.bool_] = np.any(cosines >= floor, axis=1)
    return near


def scan(
    judge: Judge,
    queries: Sequence[Query],
    blocks: Iterable[Block],
    *,
    least: float,
    best: int | None,
) -> list[Found]:
    """Pairs of some interests over all blocks; see `Scan`."""
    passed = Scan(judge, queries, least=least, best=best)
    for block in blocks:
        passed.add(block)
    return list(passed.found())
