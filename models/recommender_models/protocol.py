"""What an embedding model is to the rest of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Turns texts into unit vectors.

    The same text gives the same vector whatever else is in the call, so that a computation
    that was interrupted and run again ends in the same rows. One call at a time; an
    implementation that is used from several threads locks by itself.
    """

    @property
    def key(self) -> str:
        """Model, revision and backend; kept with every vector. Other key, other space."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def backend(self) -> str:
        """What computes: "onnx int8" or "sentence-transformers"."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; an empty string is legal.

        Returns:
            (n, dim) float32, unit norm, rows in the order of the texts; (0, dim) for none.

        Raises:
            EmbedderError: The model failed.
        """
