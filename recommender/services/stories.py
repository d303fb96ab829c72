"""Which articles tell the same story, so that nobody gets it twice.

Near-copies are found by MinHash over word triples (Broder 1997), then counted exactly; other
tellings of an event by the cosine of their vectors and the rare words their titles share, by
other feeds and within a few days.
Articles with no telling beside them are a story of their own.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from recommender_models import from_bytes, word_rarity

from recommender.domain import Told
from recommender.services.progress import silent
from recommender.words import overlap, tokens, triples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from recommender_models import Embedder

    from recommender.domain import Unplaced
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage

    Vector = NDArray[np.float32]

OVERLAP = 0.85
"""Share of the shorter text's word triples that a near-copy has in common."""
SAME_STORY = 0.63
"""Likeness from which two articles of different feeds tell one story; measured in docs/feeds.md."""
WORDS_SHARE = 0.3
"""What the words of the titles count in it; the rest is the cosine."""
N_COMPARED = 30
"""By words only the nearest by cosine are compared."""
SPAN = timedelta(days=3)
N_BANDS, N_ROWS = 10, 6
"""Ten bands of six: finds 99 % of pairs that overlap by 0.85, 14 % of those by 0.5."""
BATCH = 1000


def bands(shingles: frozenset[str]) -> tuple[int, ...]:
    """63-bit numbers; texts that share one probably share most of their triples."""
    if not shingles:
        return ()
    from datasketch import MinHash

    sketch = MinHash(num_perm=N_BANDS * N_ROWS, seed=1)
    sketch.update_batch([shingle.encode() for shingle in shingles])
    rows = sketch.hashvalues.reshape(N_BANDS, N_ROWS)
    return tuple(_band(at, row.tobytes()) for at, row in enumerate(rows))


def _band(at: int, row: bytes) -> int:
    digest = hashlib.blake2b(bytes([at]) + row, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@cache
def _rarity() -> Mapping[str, float]:
    return word_rarity()


@lru_cache(maxsize=10_000)
def title_words(title: str) -> Mapping[str, float]:
    """A title's words with their rarity in (0, 1]."""
    rarity = _rarity()
    return {word: rarity.get(word, 1.0) for word in tokens(title)}


def shared_words(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Share of the poorer title's words, by rarity, that both have; [0, 1]."""
    least = min(sum(first.values()), sum(second.values()))
    return sum(first[word] for word in first.keys() & second.keys()) / least if least else 0.0


class Window:
    """The articles of some days with vectors and stories, to be compared with."""

    def __init__(self, dim: int) -> None:
        # With room for a batch more than is in them: to make them anew for each article that joins
        # would cost more than to look for its story.
        self._vectors: Vector = np.zeros((0, dim), np.float32)
        self._times: NDArray[np.float64] = np.zeros(0)
        self._feeds: NDArray[np.int64] = np.zeros(0, np.int64)
        self._stories: list[str] = []
        self._titles: list[str] = []

    def add(self, vectors: Vector, told: Sequence[Told]) -> None:
        """Add articles; `vectors` is (n, dim) of unit length."""
        first, end = len(self._stories), len(self._stories) + len(told)
        if end > len(self._vectors):
            self._make_room(end + BATCH)
        self._vectors[first:end] = vectors
        self._times[first:end] = [one.at.timestamp() for one in told]
        self._feeds[first:end] = [one.feed_id or 0 for one in told]
        self._stories.extend(one.story for one in told)
        self._titles.extend(one.title for one in told)

    def _make_room(self, n: int) -> None:
        more = n - len(self._vectors)
        self._vectors = np.pad(self._vectors, ((0, more), (0, 0)))
        self._times = np.pad(self._times, (0, more))
        self._feeds = np.pad(self._feeds, (0, more))

    def story_of(self, vector: Vector, at: datetime, feed_id: int | None, title: str) -> str | None:
        """The story of the nearest article of another feed within the span, if near enough.

        One feed's articles of a week are often of one kind, hardly ever of one event.
        """
        n = len(self._stories)
        near = np.abs(self._times[:n] - at.timestamp()) <= SPAN.total_seconds()
        near &= (self._feeds[:n] != (feed_id or 0)) | (self._feeds[:n] == 0)
        if not near.any():
            return None
        cosines = np.where(near, self._vectors[:n] @ vector, -1.0)
        words = title_words(title)
        likeness, best = max(
            (
                (1 - WORDS_SHARE) * float(cosines[at])
                + WORDS_SHARE * shared_words(words, title_words(self._titles[at])),
                -int(at),
            )
            for at in _largest(cosines, N_COMPARED)
        )
        return self._stories[-best] if likeness >= SAME_STORY else None


def _largest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Where the k largest are, largest first, ties by place; as a stable sort of all has them."""
    k = min(k, len(values))
    least = np.partition(values, len(values) - k)[len(values) - k]
    at = np.flatnonzero(values >= least)
    return at[np.argsort(-values[at], kind="stable")][:k]


def place_stories(storage: Storage, embedder: Embedder, progress: Progress = silent) -> int:
    """Give every embedded article without a story one; returns how many joined another's."""
    joined = placed = 0
    while True:
        with storage.transaction():
            # One at a time from before they look: two would give one event two stories.
            storage.backlog.hold_stories()
            batch = storage.items.without_story(limit=BATCH)
            n_ready, n_joined = _place_some(storage, embedder, batch)
        joined += n_joined
        placed += n_ready
        if n_ready:
            progress("Grouping stories", placed, placed)
        if n_ready < len(batch) or len(batch) < BATCH:
            return joined  # what is left was embedded by another model, which will have its turn


def _place_some(storage: Storage, embedder: Embedder, batch: Sequence[Unplaced]) -> tuple[int, int]:
    """(how many of the articles have a vector and so got a story, how many joined another's)."""
    vectors = {
        item_id: from_bytes(data, embedder.dim)
        for item_id, data in storage.vectors.item_vectors(
            embedder.key, [item.item_id for item in batch]
        ).items()
    }
    ready = [item for item in batch if item.item_id in vectors]
    if not ready:
        return 0, 0
    window = _window(storage, embedder, ready)
    return len(ready), sum(_place(storage, item, vectors[item.item_id], window) for item in ready)


def _window(storage: Storage, embedder: Embedder, batch: Sequence[Unplaced]) -> Window:
    first = min(item.told_at for item in batch) - SPAN
    last = max(item.told_at for item in batch) + SPAN
    ids = storage.items.told_between(first, last)
    known = storage.items.stories(ids)
    vectors = storage.vectors.item_vectors(embedder.key, ids)
    window = Window(embedder.dim)
    placed = [at for at in ids if at in vectors and at in known]
    if placed:
        found = np.stack([from_bytes(vectors[at], embedder.dim) for at in placed])
        window.add(found, [known[at] for at in placed])
    return window


def _place(storage: Storage, item: Unplaced, vector: Vector, window: Window) -> bool:
    shingles = triples(item.title, item.text)
    keys = bands(shingles)
    found = _copied_story(storage, item, shingles, keys) or window.story_of(
        vector, item.told_at, item.feed_id, item.title
    )
    story = found or f"story:{item.key}"
    storage.items.put_story(item.item_id, story, keys)
    window.add(vector[np.newaxis], [Told(story, item.told_at, item.feed_id, item.title)])
    return found is not None


def _copied_story(
    storage: Storage, item: Unplaced, shingles: frozenset[str], keys: Sequence[int]
) -> str | None:
    """The story of the oldest article whose text this one shares, at whatever time it was told."""
    others = [other for other in storage.items.sharing_bands(keys) if other != item.item_id]
    stories = storage.items.stories(others)
    texts = storage.items.texts(list(stories))
    for other in sorted(stories):
        if overlap(shingles, triples(*texts[other])) >= OVERLAP:
            return stories[other].story
    return None
