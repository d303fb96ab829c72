"""Vectors for what has none yet: items, interests, and the model's background.

Batches are stored as they are done, so a crash loses at most one batch and the next run
goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from recommender_models import EmbedderError, all_subjects, to_bytes

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
PHRASINGS = ("{}", "{} hobby", "{} enthusiasts", "what I learned about {}")
"""Chosen by held-out nDCG from six sets of phrasings; one alone costs 0.01 to 0.03."""
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
    vectors = embed_phrases(embedder, [one.phrase for one in new])
    for interest, vector in zip(new, vectors, strict=True):
        storage.vectors.put_interest_vector(account_id, interest.id, embedder.key, to_bytes(vector))
    return len(new)


def embed_phrases(embedder: Embedder, phrases: Sequence[str]) -> Vectors:
    """(n, dim) unit vectors of interests: the mean over several ways to put each.

    A few words are embedded by their form as much as by what they mean; several forms that all
    hold them leave the meaning.
    """
    import numpy as np

    texts = [form.replace("{}", phrase) for phrase in phrases for form in PHRASINGS]
    vectors = embed(embedder, texts)
    means = vectors.reshape(len(phrases), len(PHRASINGS), -1).mean(axis=1)
    unit: Vectors = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
    return unit


@dataclass(frozen=True, slots=True)
class Background:
    """What a likeness is measured against, for one model."""

    mean: Vectors
    """(dim,) what all texts have in common for the model."""
    deviation: float
    """Standard deviation of the centred cosines of unrelated pairs."""
    subjects: Vectors
    """(n, dim) centred unit vectors of subjects of all kinds."""

    @property
    def fingerprint(self) -> str:
        """Names the subjects, as they are embedded, in twelve characters."""
        import hashlib

        return hashlib.sha256(self.subjects.tobytes()).hexdigest()[:12]

    def centred(self, vectors: Vectors) -> Vectors:
        """(n, dim) unit vectors with the mean taken out."""
        return centred(vectors, self.mean)


def background(storage: Storage, embedder: Embedder) -> Background:
    """The model's background, from the library or made now.

    Made once a model from the shipped articles, which span some thirty subjects: what all texts
    have in common for this model says nothing about any of them (Mu and Viswanath 2018), and how
    far unrelated texts scatter is the unit in which likeness is measured.
    """
    import numpy as np

    known = stored_background(storage, embedder.key)
    if known is not None:
        return known
    made = measure_background(embedder)
    rows = np.ascontiguousarray(made.subjects, dtype="<f4").tobytes()
    storage.vectors.put_background(embedder.key, to_bytes(made.mean), made.deviation, rows)
    return made


def stored_background(storage: Storage, model_key: str) -> Background | None:
    """The model's background as the library has it, or None."""
    import numpy as np

    known = storage.vectors.background(model_key)
    if known is None:
        return None
    mean = np.frombuffer(known[0], "<f4").astype(np.float32)
    subjects = np.frombuffer(known[2], "<f4").reshape(-1, len(mean)).astype(np.float32)
    return Background(mean, known[1], subjects)


def measure_background(embedder: Embedder) -> Background:
    """Embed the shipped articles, their subjects, and subjects of all kinds."""
    import numpy as np

    texts, subjects = _background_texts()
    vectors = embed(embedder, texts)
    mean = vectors.mean(axis=0)
    items = centred(vectors, mean)
    phrases = centred(embed_phrases(embedder, list(dict.fromkeys(subjects))), mean)
    every = centred(embed_phrases(embedder, all_subjects()), mean)
    return Background(mean, float(np.std(phrases @ items.T)), every)


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
