"""Grouping the headlines of 87 events by 1,948 publishers (UCI news aggregator)."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from recommender_models import load_embedder

from recommender.domain import Told
from recommender.services.stories import Window
from tests.conftest import need_shared

if TYPE_CHECKING:
    from collections.abc import Sequence

N_HEADLINES = 3000


def pair_figures(found: Sequence[str], true: Sequence[str]) -> tuple[float, float]:
    """(precision, recall) over pairs that are said to be, or are, of one story."""

    def pairs(names: Sequence[object]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(names).values())

    both = pairs(list(zip(found, true, strict=True)))
    return both / pairs(found), both / pairs(true)


def grouped(cache: Path, n: int) -> tuple[list[str], list[str]]:
    """(stories we give, true stories) of the first n headlines."""
    with gzip.open(need_shared("data", "uci_news_stories") / "items.jsonl.gz", "rt") as lines:
        items = [json.loads(line) for line in lines][:n]
    vectors = load_embedder("default", cache).embed([item["title"] for item in items])
    publishers: dict[str, int] = defaultdict(lambda: len(publishers) + 1)
    window = Window(vectors.shape[1])
    found = []
    for item, vector in zip(items, vectors, strict=True):
        at = datetime.fromtimestamp(item["time_ms"] / 1000, UTC)
        feed_id = publishers[item["publisher"]]
        story = window.story_of(vector, at, feed_id, item["title"]) or item["id"]
        window.add(vector[None], [Told(story, at, feed_id, item["title"])])
        found.append(story)
    return found, [item["story"] for item in items]


@pytest.mark.slow
def test_few_headlines_are_joined_wrongly(model_cache: Path) -> None:
    precision, recall = pair_figures(*grouped(model_cache, N_HEADLINES))
    assert precision >= 0.95
    assert recall >= 0.35


if __name__ == "__main__":
    print(pair_figures(*grouped(Path(tempfile.gettempdir()) / "sawthis-train", 10_000)))  # noqa: T201
