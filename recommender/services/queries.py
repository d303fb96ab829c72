"""An account's interests, ready to be held against a page; kept while they are the same."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recommender.services.embedding import embed_interests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from recommender_models import Embedder

    from recommender.domain import Interest
    from recommender.services.judging import Judge, Query
    from recommender.storage.protocol import Storage

    Vectors = NDArray[np.float32]

ACCOUNTS_KEPT = 8
"""1,500 interests take some 6 MB."""


class Queries(NamedTuple):
    """Interests with what is computed of all of them at once."""

    all: list[Query]
    vectors: Vectors
    """(n, dim) centred unit vectors."""
    handicaps: Vectors
    """(n, n_subjects) of `Query.handicap`."""


class _Kept(NamedTuple):
    interests: Sequence[Interest]
    vectors: Mapping[str, bytes]
    queries: Queries


class QueryCache:
    """The queries of the accounts that asked last; safe to use from several threads.

    Args:
        storage: The library.
        embedder: The model.
        judge: Knows the subjects.
    """

    def __init__(self, storage: Storage, embedder: Embedder, judge: Judge) -> None:
        self._storage = storage
        self._embedder = embedder
        self._judge = judge
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def of(self, account_id: str) -> Queries:
        """All of an account's interests, embedded if they were not yet."""
        interests = self._storage.people.interests(account_id)
        vectors = self._vectors(account_id)
        if any(interest.id not in vectors for interest in interests):
            embed_interests(self._storage, self._embedder, account_id)
            vectors = self._vectors(account_id)
        kept = self._kept.get(account_id)
        # What is stored decides, so that another process may change it.
        if kept is None or kept.interests != interests or kept.vectors != vectors:
            kept = _Kept(interests, vectors, self._made(interests, vectors))
            self._kept[account_id] = kept
            while len(self._kept) > ACCOUNTS_KEPT:
                self._kept.popitem(last=False)
        return kept.queries

    def _vectors(self, account_id: str) -> dict[str, bytes]:
        found = self._storage.vectors.interest_vectors(account_id, self._embedder.key)
        return {interest_id: blob for interest_id, (blob, _) in found.items()}

    def _made(self, interests: Sequence[Interest], vectors: Mapping[str, bytes]) -> Queries:
        from recommender_models import rows_from_blobs

        dim = self._embedder.dim
        known = [interest for interest in interests if interest.id in vectors]
        if not known:
            return Queries([], np.zeros((0, dim), np.float32), np.zeros((0, 0), np.float32))
        blobs = [vectors[interest.id] for interest in known]
        found = self._judge.queries(known, rows_from_blobs(blobs, dim))
        return Queries(
            found,
            np.stack([query.vector for query in found]),
            np.stack([query.handicap for query in found]),
        )
