"""The pool as matching sees it: vectors on disk, and beside each the subjects it lies nearest to.

Which subjects an item is near does not depend on who asks, so it is found once, when the item
comes in. Both files are caches of the database: they can be deleted at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from recommender_models import rows_from_blobs

from recommender.services.judging import Nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from recommender_models import VectorMatrix

    from recommender.services.judging import Judge
    from recommender.storage.protocol import Storage

SYNC_ROWS = 4096


class Block(NamedTuple):
    """Some consecutive items of the pool."""

    seqs: NDArray[np.int64]
    """(n,) sequence numbers."""
    vectors: NDArray[np.float32]
    """(n, dim) unit vectors as stored."""
    lengths: NDArray[np.float32]
    """(n,) their lengths when the background's mean is taken out."""
    nearest: Nearest
    """What subjects they lie nearest to."""

    def only(self, rows: NDArray[np.intp]) -> Block:
        """Some of the items."""
        nearest = Nearest(self.nearest.cosines[rows], self.nearest.subjects[rows])
        return Block(self.seqs[rows], self.vectors[rows], self.lengths[rows], nearest)


def describe(judge: Judge, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2 * n_nearest + 1): cosines of the nearest subjects, their numbers, and the length."""
    moved = vectors - judge.background.mean
    lengths = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    nearest = judge.nearest((moved / lengths).astype(np.float32))
    return np.hstack([nearest.cosines, nearest.subjects, lengths]).astype(np.float32)


def described(
    seqs: NDArray[np.int64], vectors: NDArray[np.float32], rows: NDArray[np.float32]
) -> Block:
    """A block with what `describe` says of its vectors."""
    n = rows.shape[1] // 2
    return Block(seqs, vectors, rows[:, -1], Nearest(rows[:, :n], rows[:, n:-1]))


class Pool:
    """Vectors of one library and model, with their nearest subjects.

    Args:
        judge: Knows the subjects.
        vectors: The memory-mapped vectors.
        open_beside: Opens another matrix beside it, by a name and the length of its rows.
    """

    def __init__(
        self,
        judge: Judge,
        vectors: VectorMatrix,
        open_beside: Callable[[str, int], VectorMatrix],
    ) -> None:
        self._judge = judge
        self._vectors = vectors
        # The name changes with the subjects: what was near among others is of no use.
        self._nearest = open_beside(f"near-{judge.background.fingerprint}", 2 * judge.n_nearest + 1)

    @property
    def last_seq(self) -> int:
        """The highest sequence number there is; 0 when empty."""
        return min(self._vectors.last_seq, self._nearest.last_seq)

    def sync(self, storage: Storage, model_key: str) -> None:
        """Append the stored vectors not seen yet; begin anew if it is not this library's."""
        # A restored backup has fewer than what is here.
        if max(self._vectors.last_seq, self._nearest.last_seq) > storage.vectors.last_seq(
            model_key
        ):
            self._vectors.clear()
            self._nearest.clear()
        if self._nearest.n_rows > self._vectors.n_rows:
            self._nearest.clear()
        while rows := storage.vectors.item_vectors_after(
            model_key, self._vectors.last_seq, limit=SYNC_ROWS
        ):
            vectors = rows_from_blobs([blob for _, _, blob in rows], self._vectors.dim)
            self._vectors.append([seq for seq, _, _ in rows], vectors)
        self.catch_up()

    def catch_up(self) -> None:
        """Find the nearest subjects of vectors that have none yet."""
        for seqs, vectors in self._vectors.blocks(self._nearest.last_seq):
            self._nearest.append(seqs.tolist(), describe(self._judge, vectors))

    def blocks(self, after_seq: int = 0) -> Iterator[Block]:
        """What comes after a sequence number, in order."""
        pairs = zip(self._vectors.blocks(after_seq), self._nearest.blocks(after_seq), strict=False)
        for (seqs, vectors), (_, rows) in pairs:
            n = min(len(vectors), len(rows))
            yield described(seqs[:n], vectors[:n], rows[:n])
