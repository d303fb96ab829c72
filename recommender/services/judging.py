"""How an interest and an item are judged: the one place where vectors and words become evidence.

Matching judges the pool with it, `suggest who` a page, scripts/evaluate a file of items, and
scripts/train fits the numbers on what it computes. Vectors are (n, dim) float32.

An item lies near many interests for reasons that have nothing to do with any of them, so its
likeness to this one is also compared with its likeness to some five hundred subjects of all
kinds: what is nearer to "rowing" than to "sailing" is no news for a sailor (the idea of
query-independent hubness, Radovanović et al. 2010, turned into a margin). A subject that is
itself like the interest is the less of a rival: "football" hardly is one of "sports".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from recommender_models import all_subjects

from recommender.domain import Interest
from recommender.relevance import Evidence, count_words
from recommender.words import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from recommender.relevance import RelevanceModel
    from recommender.services.embedding import Background

    Vectors = NDArray[np.float32]
    Shares = NDArray[np.float64]

N_NEAREST = 24
"""Subjects kept for an item: five rivals, and room for synonyms and kin of the interest."""
N_RIVALS = 5
SYNONYM_COSINE = 0.75
"""A subject that lies this near an interest is the interest by another name, no rival."""
SYNONYM_HANDICAP = 2.0
"""More than any likeness: a synonym never is a rival while there is another subject."""
ROWS_AT_ONCE = 1024
"""So many rows in double precision take 8 MB."""
KINSHIP = 0.3
"""How much of a subject's likeness to the interest is taken off its rivalry. Chosen by held-out
nDCG over five sets: with 0 broad interests lose 0.1, with 0.5 jokes lose 0.04."""


@dataclass(frozen=True, slots=True)
class Query:
    """An interest, ready to be compared with items."""

    interest: Interest
    vector: Vectors
    """(dim,) centred unit vector."""
    words: tuple[str, ...]
    handicap: Vectors
    """(n_subjects,) what is taken off each subject's likeness to an item; much for synonyms."""


class Nearest(NamedTuple):
    """The subjects that items lie nearest to; rows are items, nearest first."""

    cosines: Vectors
    """(n, N_NEAREST) centred cosines."""
    subjects: NDArray[np.int64] | Vectors
    """(n, N_NEAREST) their numbers; of any type, as they are kept."""


class Judge:
    """Judges pairs under one model.

    Args:
        background: What all texts have in common for the model, and the subjects.
        model: The fitted numbers.
    """

    def __init__(self, background: Background, model: RelevanceModel) -> None:
        self.background = background
        self.model = model

    def query(self, interest: Interest, vector: Vectors) -> Query:
        """An interest with its centred vector, its words and its rivals."""
        return self.queries([interest], vector[None, :])[0]

    def queries(self, interests: Sequence[Interest], vectors: Vectors) -> list[Query]:
        """Interests with their (n, dim) vectors; each comes to the same in any company."""
        rows = range(len(vectors))
        return self.centred_queries(interests, self.background.centred(vectors), rows)

    def centred_queries(
        self, interests: Sequence[Interest], centres: Vectors, rows: Sequence[int]
    ) -> list[Query]:
        """The same of centred vectors, which some may share: the row of each interest's."""
        handicaps = _handicaps(self._subject_cosines(centres))
        return [
            Query(interest, centres[row], _words(interest.phrase), handicaps[row])
            for interest, row in zip(interests, rows, strict=True)
        ]

    @cached_property
    def _subjects(self) -> NDArray[np.float64]:
        """(dim, n) centred unit vectors of the subjects."""
        return self.background.subjects.T.astype(np.float64)

    def _subject_cosines(self, rows: Vectors) -> Vectors:
        """(n, n_subjects) cosines of centred unit vectors.

        In double precision and then rounded: what else is computed with a row changes the last
        bits of a product, and these are then lost.
        """
        cosines = np.empty((len(rows), self._subjects.shape[1]), np.float32)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            cosines[some] = rows[some].astype(np.float64) @ self._subjects
        return cosines

    @property
    def n_nearest(self) -> int:
        """How many subjects are kept for an item."""
        return min(N_NEAREST, len(self.background.subjects))

    def nearest(self, items: Vectors) -> Nearest:
        """The subjects nearest to each item, nearest first; `items` are centred unit vectors."""
        cosines = self._subject_cosines(items)
        found = np.argpartition(cosines, -self.n_nearest, axis=1)[:, -self.n_nearest :]
        near = np.take_along_axis(cosines, found, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        return Nearest(
            np.take_along_axis(near, order, axis=1), np.take_along_axis(found, order, axis=1)
        )

    def margins(self, query: Query, cosines: Vectors, nearest: Nearest) -> Vectors:
        """(n,) how far each item is nearer to the interest than to its rivals.

        The rivals are the five subjects that the item is most like, after their handicaps; the
        unit is the background's standard deviation.
        """
        return self.margin(
            cosines, nearest.cosines - query.handicap[nearest.subjects.astype(np.intp)]
        )

    def margin(self, cosines: Vectors, rivalry: Vectors) -> Vectors:
        """(n,) margins of pairs over the five greatest of their (n, m) rivalries."""
        return self.over(cosines, rivals(rivalry))

    def over(self, cosines: Vectors, rivals: Vectors) -> Vectors:
        """(n,) margins of pairs over what `rivals` gives."""
        margins: Vectors = (cosines - rivals) / self.background.deviation
        return margins

    def relevances(self, cosines: Vectors, margins: Vectors, body: Shares, title: Shares) -> Shares:
        """(n,) relevance of pairs, rounded to what float noise leaves sure.

        Args:
            cosines: (n,) centred cosines.
            margins: (n,) of `margin`.
            body: (n,) lexical shares over title and text.
            title: (n,) lexical shares over the title.
        """
        likeness = cosines.astype(np.float64) / self.background.deviation
        evidence = Evidence(likeness, margins.astype(np.float64), body, title)
        return probability(self.model, evidence).round(4)

    def subject_fits(self, items: Vectors, words: Sequence[tuple[str, str]]) -> Shares:
        """(n_subjects, n items) relevance of texts for each of the subjects of all kinds.

        Args:
            items: (n, dim) vectors of the texts.
            words: (title, text) of each.
        """
        centred = self.background.centred(items)
        nearest = self.nearest(centred)
        counted = [count_words(*one) for one in words]
        found = np.empty((len(self.background.subjects), len(items)))
        nobodys = [_nobodys(phrase) for phrase in all_subjects()]
        subjects = self.background.subjects
        for at, query in enumerate(self.centred_queries(nobodys, subjects, range(len(subjects)))):
            cosines = centred @ query.vector
            lexical = partial(self.model.lexical, query.words)
            shares = np.array([(lexical(body), lexical(head)) for head, body in counted])
            margins = self.margins(query, cosines, nearest)
            found[at] = self.relevances(cosines, margins, *shares.T)
        return found

    def table(self, phrases: Vectors, texts: Sequence[str], items: Vectors) -> NDArray[np.float32]:
        """(n phrases, n items, 2) likeness and margin of every pair, in standard deviations.

        For measuring; matching goes through the pool in blocks instead.

        Args:
            phrases: (n, dim) vectors of `embed_phrases`.
            texts: The phrases.
            items: (n, dim) vectors of items as they are stored.
        """
        centred = self.background.centred(items)
        nearest = self.nearest(centred)
        found = np.empty((len(phrases), len(items), 2), np.float32)
        for at, query in enumerate(self.queries([_nobodys(text) for text in texts], phrases)):
            cosines = centred @ query.vector
            found[at, :, 0] = cosines / self.background.deviation
            found[at, :, 1] = self.margins(query, cosines, nearest)
        return found

    def probabilities(
        self,
        phrases: Vectors,
        texts: Sequence[str],
        items: Vectors,
        words: Sequence[tuple[str, str]],
    ) -> NDArray[np.float64]:
        """(n phrases, n items) relevance of every pair; see `table`.

        Args:
            phrases: (n, dim) vectors of `embed_phrases`.
            texts: The phrases.
            items: (n, dim) vectors of items as they are stored.
            words: (title, text) of the items.
        """
        table = self.table(phrases, texts, items)
        counted = [count_words(*one) for one in words]
        found = np.empty(table.shape[:2])
        for row, terms in enumerate(map(tokens, texts)):
            lexical = self.model.lexical
            shares = [(lexical(terms, body), lexical(terms, head)) for head, body in counted]
            found[row] = probability(self.model, Evidence(*table[row].T, *np.array(shares).T))
        return found


def probability(model: RelevanceModel, evidence: Evidence[Shares]) -> Shares:
    """(n,) calibrated probability in [0, 1] that items serve interests."""
    log_odds = model.bias + sum(
        weight * np.asarray(column, np.float64)
        for weight, column in zip(model.weights, evidence, strict=True)
    )
    found: Shares = 1 / (1 + np.exp(-np.clip(log_odds, -60.0, 60.0)))
    return found


def rivals(rivalry: Vectors) -> Vectors:
    """(n,) mean of the five greatest of (n, m) rivalries."""
    n = min(N_RIVALS, rivalry.shape[1])
    # Sorted, lest the order of a sum depend on that of the subjects.
    means: Vectors = np.sort(np.partition(rivalry, -n, axis=1)[:, -n:], axis=1).mean(axis=1)
    return means


def dots(
    left: Vectors, right: Vectors, left_rows: NDArray[np.int64], right_rows: NDArray[np.int64]
) -> Vectors:
    """(n,) scalar products of pairs of rows: of a pair the same bits in any company.

    In a product of matrices the last bits hang on where in it a row stands, on the number of
    threads and on the processor. With these a pair comes to the same whatever it is computed
    with, and wherever; so an interrupted refresh ends in the same rows.
    """
    found = np.empty(len(left_rows), np.float32)
    for start in range(0, len(found), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        np.einsum("ij,ij->i", left[left_rows[some]], right[right_rows[some]], out=found[some])
    return found


def _handicaps(likeness: Vectors) -> Vectors:
    """What is taken off the rivalry of subjects that are so like an interest."""
    handicaps: Vectors = np.maximum(likeness, np.float32(0))
    handicaps *= np.float32(KINSHIP)
    handicaps[likeness >= SYNONYM_COSINE] = SYNONYM_HANDICAP
    return handicaps


@lru_cache(maxsize=2**16)
def _words(phrase: str) -> tuple[str, ...]:
    """The words of an interest; many have the same, and have them again and again."""
    return tuple(tokens(phrase))


def _nobodys(phrase: str) -> Interest:
    return Interest("", "", phrase, 1.0, "like", "stated", datetime.min.replace(tzinfo=UTC))
