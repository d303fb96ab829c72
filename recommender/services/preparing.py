"""Some items made ready to be matched: a vector for each, and a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_models import to_bytes

from recommender.services.embedding import embed, item_text
from recommender.services.rating import rate_with
from recommender.storage.backlog_protocol import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender_models import Embedder

    from recommender.storage.protocol import Storage


def prepare(storage: Storage, embedder: Embedder, item_ids: Sequence[int]) -> int:
    """Embed and rate those of the items that were not yet; returns how many.

    A text that is rewritten meanwhile is left to the next one who asks. The rows are those of
    `embed_items` and `rate_items`.
    """
    items = storage.backlog.unprepared(embedder.key, item_ids)
    if not items:
        return 0
    vectors = embed(embedder, [item_text(item.title, item.text) for item in items])
    ratings = rate_with(embedder, items, vectors)
    storage.backlog.put_prepared(
        embedder.key,
        [
            Prepared(item, to_bytes(vector), rating.level, rating.topics)
            for item, vector, rating in zip(items, vectors, ratings, strict=True)
        ],
    )
    return len(items)
