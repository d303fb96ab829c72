"""Embedding models, vectors and the fitted numbers. A leaf: knows nothing of the recommender.

Importing this package imports nothing heavy; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender_models.errors import (
        ChecksumMismatch,
        CompileError,
        DimensionMismatch,
        EmbedderError,
        UnknownEmbedder,
    )
    from recommender_models.loading import (
        describe,
        embedder_key,
        is_default,
        is_default_key,
        load_embedder,
    )
    from recommender_models.numbers import all_subjects, relevance_numbers, word_rarity
    from recommender_models.offcolour import OffColourModel, Rating, offcolour_model
    from recommender_models.protocol import Embedder
    from recommender_models.similarity import (
        VectorMatrix,
        from_bytes,
        rows_from_blobs,
        to_bytes,
    )

__all__ = [
    "ChecksumMismatch",
    "CompileError",
    "DimensionMismatch",
    "Embedder",
    "EmbedderError",
    "OffColourModel",
    "Rating",
    "UnknownEmbedder",
    "VectorMatrix",
    "all_subjects",
    "describe",
    "embedder_key",
    "from_bytes",
    "is_default",
    "is_default_key",
    "load_embedder",
    "offcolour_model",
    "relevance_numbers",
    "rows_from_blobs",
    "to_bytes",
    "word_rarity",
]

_HOMES = {
    "errors": (
        "ChecksumMismatch",
        "CompileError",
        "DimensionMismatch",
        "EmbedderError",
        "UnknownEmbedder",
    ),
    "loading": ("describe", "embedder_key", "is_default", "is_default_key", "load_embedder"),
    "numbers": ("all_subjects", "relevance_numbers", "word_rarity"),
    "offcolour": ("OffColourModel", "Rating", "offcolour_model"),
    "protocol": ("Embedder",),
    "similarity": ("VectorMatrix", "from_bytes", "rows_from_blobs", "to_bytes"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401  (whatever the name stands for)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
