"""The newest vectors of a library, in memory, for whoever has met all the others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from recommender_models import rows_from_blobs

from recommender.services.pool import SYNC_ROWS, Block, describe, described

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommender.services.judging import Judge
    from recommender.storage.protocol import Storage

    Vectors = NDArray[np.float32]
    Seqs = NDArray[np.int64]

NEWEST_ROWS = 20_000
"""30 MB at 384 dimensions; what came before is read from the pool's file."""


class Newest:
    """Some of the newest vectors, with their nearest subjects; read once, however often asked.

    Args:
        judge: Knows the subjects.
        dim: Length of a vector.
    """

    def __init__(self, judge: Judge, dim: int) -> None:
        self._judge = judge
        self._dim = dim
        self._begin(sys.maxsize)

    def _begin(self, after_seq: int) -> None:
        self._after_seq = after_seq
        self._seqs: Seqs = np.empty(0, np.int64)
        self._vectors: Vectors = np.empty((0, self._dim), np.float32)
        self._described: Vectors = np.empty((0, 2 * self._judge.n_nearest + 1), np.float32)

    def read(self, storage: Storage, model_key: str, *, after_seq: int, last_seq: int) -> None:
        """See to it that all vectors after a sequence number are there, up to another."""
        is_within = self._after_seq <= after_seq <= self._last_seq
        # In a restored backup the numbers may stand for others.
        if not is_within or last_seq < self._last_seq or self._is_full():
            self._begin(after_seq)
        while self._last_seq < last_seq and (
            rows := storage.vectors.item_vectors_after(model_key, self._last_seq, limit=SYNC_ROWS)
        ):
            rows = [row for row in rows if row[0] <= last_seq]
            vectors = rows_from_blobs([blob for _, _, blob in rows], self._dim)
            self._seqs = np.append(self._seqs, np.array([seq for seq, _, _ in rows], np.int64))
            self._vectors = np.append(self._vectors, vectors, axis=0)
            found = describe(self._judge, vectors)
            self._described = np.append(self._described, found, axis=0)

    @property
    def _last_seq(self) -> int:
        return int(self._seqs[-1]) if len(self._seqs) else self._after_seq

    def _is_full(self) -> bool:
        return len(self._seqs) > 2 * NEWEST_ROWS

    def block(self, seqs: Seqs) -> Block:
        """Those of these numbers, in their order."""
        at = np.searchsorted(self._seqs, seqs)
        at = at[self._seqs.take(at, mode="clip") == seqs] if len(self._seqs) else at[:0]
        return described(self._seqs[at], self._vectors[at], self._described[at])
