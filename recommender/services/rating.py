"""How fit new items are for all ears: level and topics, judged once and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_models import from_bytes, is_default, offcolour_model

from recommender.services.progress import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from recommender_models import Embedder, Rating

    from recommender.domain import Unrated
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage

BATCH = 256


def rate_items(storage: Storage, embedder: Embedder, progress: Progress = silent) -> int:
    """Judge every item that was not judged yet; returns how many.

    Batches are stored as they are done, so that a crash loses one at most.
    """
    done, total = 0, storage.items.n_unrated()
    while batch := storage.items.unrated(limit=BATCH):
        ratings = rate(storage, embedder, batch)
        storage.items.put_ratings(
            {
                item.item_id: (rating.level, rating.topics)
                for item, rating in zip(batch, ratings, strict=True)
            }
        )
        done += len(batch)
        progress("Checking", done, max(done, total))
    return done


def rate(storage: Storage, embedder: Embedder, items: Sequence[Unrated]) -> list[Rating]:
    """A rating for each item, by its words and its stored vector.

    The numbers were fitted on vectors of the default model; under another one the words decide.
    """
    import numpy as np

    blobs = storage.vectors.item_vectors(embedder.key, [item.item_id for item in items])
    if len(blobs) < len(items):
        return rate_with(embedder, items, None)
    vectors = np.stack([from_bytes(blobs[item.item_id], embedder.dim) for item in items])
    return rate_with(embedder, items, vectors)


def rate_with(
    embedder: Embedder, items: Sequence[Unrated], vectors: NDArray[np.float32] | None
) -> list[Rating]:
    """A rating for each item, by its words and its (n, dim) vectors if they are at hand."""
    return offcolour_model().rate(
        [f"{item.title}\n{item.text}" for item in items],
        are_jokes=[item.kind == "joke" for item in items],
        vectors=vectors if is_default(embedder) else None,
    )
