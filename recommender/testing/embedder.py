"""An embedder without a model."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from recommender.testing.builders import MODEL
from recommender.words import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class WordEmbedder:
    """`recommender_models.Embedder` by hashed words: deterministic, instant, no meaning."""

    key = MODEL
    backend = "words"

    def __init__(self, dim: int = 64) -> None:
        self.dim = dim
        self.n_texts = 0
        """How many texts were embedded so far."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim) float32 unit vectors."""
        import numpy as np

        self.n_texts += len(texts)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for word in tokens(text) or [""]:
                digest = hashlib.sha256(word.encode()).digest()
                vectors[row, int.from_bytes(digest[:4], "big") % self.dim] += 1.0
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit
