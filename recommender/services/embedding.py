"""Vectors for what has none yet: items, interests, and the model's background.

Batches are stored as they are done, so a crash loses at most one batch and the next run
goes on from there.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from recommender_models import EmbedderError, from_bytes, to_bytes

from recommender.errors import EmbeddingError
from recommender.services.progress import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from recommender_models import Embedder

    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage

    Vectors = NDArray[np.float32]

BATCH = 64
EMBEDDED_CHARACTERS = 1000
"""What an item is about is said in its beginning; more costs time and blurs the vector."""


def item_text(title: str, text: str) -> str:
    """What of an item is embedded."""
    return f"{title}\n{text[:EMBEDDED_CHARACTERS]}".strip()


def embed(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """(n, dim) float32 unit vectors; EmbeddingError if the model fails."""
    try:
        return embedder.embed(texts)
    except EmbedderError as error:
        raise EmbeddingError(str(error)) from error


def embed_items(storage: Storage, embedder: Embedder, progress: Progress = silent) -> int:
    """Embed every item that has no vector of this model; returns how many."""
    total = storage.items.n_without_vector(embedder.key)
    done = 0
    while batch := storage.items.without_vector(embedder.key, limit=BATCH):
        vectors = embed(embedder, [item_text(title, text) for _, title, text in batch])
        storage.vectors.put_item_vectors(
            embedder.key,
            {item[0]: to_bytes(vector) for item, vector in zip(batch, vectors, strict=True)},
        )
        done += len(batch)
        progress("Embedding", done, max(done, total))
    return done


def embed_interests(storage: Storage, embedder: Embedder, account_id: str) -> int:
    """Embed the account's interests that have no vector of this model; returns how many."""
    known = storage.vectors.interest_vectors(account_id, embedder.key)
    new = [one for one in storage.people.interests(account_id) if one.id not in known]
    if not new:
        return 0
    vectors = embed(embedder, [one.phrase for one in new])
    for interest, vector in zip(new, vectors, strict=True):
        storage.vectors.put_interest_vector(account_id, interest.id, embedder.key, to_bytes(vector))
    return len(new)


def background(storage: Storage, embedder: Embedder) -> tuple[Vectors, float]:
    """The model's (mean vector, standard deviation of unrelated centred cosines).

    Made once a model from the shipped articles, which span some thirty subjects: what all texts
    have in common for this model says nothing about any of them (Mu and Viswanath 2018), and how
    far unrelated texts scatter is the unit in which likeness is measured.
    """
    known = storage.vectors.background(embedder.key)
    if known is None:
        mean, deviation = measure_background(embedder)
        storage.vectors.put_background(embedder.key, to_bytes(mean), deviation)
        known = (to_bytes(mean), deviation)
    return from_bytes(known[0], embedder.dim), known[1]


def measure_background(embedder: Embedder) -> tuple[Vectors, float]:
    """Embed the shipped articles and their subjects; see `background`."""
    import numpy as np

    texts, subjects = _background_texts()
    vectors = embed(embedder, texts)
    mean = vectors.mean(axis=0)
    items = centred(vectors, mean)
    phrases = centred(embed(embedder, list(dict.fromkeys(subjects))), mean)
    return mean, float(np.std(phrases @ items.T))


def centred(vectors: Vectors, mean: Vectors) -> Vectors:
    """(n, dim) unit vectors with the background's mean taken out."""
    import numpy as np

    moved = vectors - mean
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    scaled: Vectors = (moved / np.maximum(norms, 1e-9)).astype(np.float32)
    return scaled


@cache
def _background_texts() -> tuple[list[str], list[str]]:
    from recommender.demo import demo_feeds

    articles = [one for feed in demo_feeds() if feed.kind == "article" for one in feed.articles]
    return [item_text(a.title, a.text) for a in articles], [a.subject for a in articles]
