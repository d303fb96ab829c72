"""Any other model, through sentence-transformers itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recommender_models.errors import UnknownEmbedder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class SentenceTransformerEmbedder:
    """`recommender_models.Embedder` on sentence-transformers; slow to load, takes any model.

    Args:
        name_or_path: A folder or a hub name. Only safetensors weights are read, and no code
            that comes with the model is run.
        key: Goes with every vector.
    """

    backend = "sentence-transformers"

    def __init__(self, name_or_path: str, *, key: str) -> None:
        from sentence_transformers import SentenceTransformer

        self.key = key
        try:
            self._model = SentenceTransformer(
                name_or_path,
                device="cpu",
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:  # the libraries below raise whatever they please
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise UnknownEmbedder(
                f"the model {name_or_path} can't be loaded ({reason}); "
                "see docs/how-to/models.md, or unset SAWTHIS_MODEL"
            ) from error
        self.dim = int(self._model.get_embedding_dimension() or 0)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim) float32 unit vectors, in the order of the texts."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        vectors: NDArray[np.float32] = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, batch_size=1
        )
        return vectors.astype(np.float32)
