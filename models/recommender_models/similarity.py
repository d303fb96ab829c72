"""Vectors as bytes, and the memory-mapped matrix they are searched in."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from recommender_models.errors import DimensionMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Seqs = NDArray[np.int64]

BLOCK_ROWS = 8192
"""12 MB at 384 dimensions: large enough for the product, small enough for any machine."""


def to_bytes(vector: Vectors) -> bytes:
    """A (dim,) vector as little-endian float32 bytes."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def from_bytes(blob: bytes, dim: int) -> Vectors:
    """Bytes of `to_bytes` as a (dim,) float32 vector; DimensionMismatch if they are not."""
    if len(blob) != 4 * dim:
        raise DimensionMismatch(expected=dim, found=len(blob) // 4)
    return np.frombuffer(blob, "<f4").astype(np.float32)


def rows_from_blobs(blobs: Sequence[bytes], dim: int) -> Vectors:
    """(n, dim) float32 from as many blobs; DimensionMismatch if one has another length."""
    for blob in blobs:
        if len(blob) != 4 * dim:
            raise DimensionMismatch(expected=dim, found=len(blob) // 4)
    return np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), dim).astype(np.float32)


class VectorMatrix:
    """An append-only (n, dim) float32 matrix on disk, with a sequence number for each row.

    A cache: it can be deleted at any time and is filled anew from the database. Rows are written
    before their numbers, and only rows with a number count, so a torn write is cut off by the
    next. Writers lock each other out; a reader sees the rows there were when it looked.

    Args:
        prefix: Path without suffix; PREFIX.f32 holds the rows, PREFIX.seq the numbers.
        dim: Length of a row.
    """

    def __init__(self, prefix: Path, dim: int) -> None:
        self.dim = dim
        self._rows = prefix.with_name(prefix.name + ".f32")
        self._seqs = prefix.with_name(prefix.name + ".seq")
        self._lock = prefix.with_name(prefix.name + ".lock")
        self._row_bytes = 4 * dim
        for path in (self._rows, self._seqs):
            path.touch()

    @property
    def n_rows(self) -> int:
        """How many whole rows there are."""
        return min(self._rows.stat().st_size // self._row_bytes, self._seqs.stat().st_size // 8)

    @property
    def last_seq(self) -> int:
        """The highest sequence number, 0 when empty."""
        n = self.n_rows
        if n == 0:
            return 0
        with self._seqs.open("rb") as handle:
            handle.seek(8 * (n - 1))
            return int.from_bytes(handle.read(8), "little", signed=True)

    def append(self, seqs: Sequence[int], vectors: Vectors) -> None:
        """Append rows; those whose number is not above the last are passed over.

        Args:
            seqs: Rising sequence numbers, one a row.
            vectors: (n, dim) float32.
        """
        if vectors.shape != (len(seqs), self.dim):
            raise DimensionMismatch(expected=self.dim, found=vectors.shape[-1])
        with self._exclusive():
            last, n = self.last_seq, self.n_rows
            new = np.asarray(seqs, dtype="<i8")
            fresh = new > last
            rows = np.ascontiguousarray(vectors[fresh], dtype="<f4")
            _write_at(self._rows, n * self._row_bytes, rows.tobytes())
            _write_at(self._seqs, n * 8, new[fresh].tobytes())

    def blocks(
        self, after_seq: int = 0, block_rows: int = BLOCK_ROWS
    ) -> Iterator[tuple[Seqs, Vectors]]:
        """(sequence numbers, rows) of what comes after a number, in order, memory-mapped."""
        n = self.n_rows
        if n == 0:
            return
        seqs = np.fromfile(self._seqs, "<i8", count=n)
        rows = np.memmap(self._rows, "<f4", mode="r", shape=(n, self.dim))
        start = int(np.searchsorted(seqs, after_seq, side="right"))
        for at in range(start, n, block_rows):
            yield seqs[at : at + block_rows], rows[at : at + block_rows]

    def clear(self) -> None:
        """Forget every row."""
        with self._exclusive():
            # The numbers first: rows without a number do not count.
            os.truncate(self._seqs, 0)
            os.truncate(self._rows, 0)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _write_at(path: Path, offset: int, data: bytes) -> None:
    """Write at an offset, cutting off whatever a torn write left behind it."""
    with path.open("r+b") as handle:
        handle.truncate(offset)
        handle.seek(offset)
        handle.write(data)
        handle.flush()
