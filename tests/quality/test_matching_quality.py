"""Does the matching find what people would send? The demo's subjects, and a shared set."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from recommender_models import load_embedder, relevance_numbers

from recommender.demo import demo_feeds
from recommender.services.embedding import embed_phrases, item_text, measure_background
from recommender.services.judging import Judge
from recommender.wiring import shipped_relevance_model
from tests.conftest import need_shared

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from recommender_models import Embedder


def probabilities(
    embedder: Embedder, phrases: list[str], items: list[tuple[str, str]]
) -> NDArray[np.float64]:
    """(interests, items), exactly as matching computes them."""
    judge = Judge(measure_background(embedder), shipped_relevance_model())
    vectors = embedder.embed([item_text(*item) for item in items])
    return judge.probabilities(embed_phrases(embedder, phrases), phrases, vectors, items)


def ndcg10(scores: NDArray[np.float64], relevant: NDArray[np.bool_]) -> float:
    best = np.argsort(-scores, kind="stable")[:10]
    discounts = 1 / np.log2(np.arange(2, 12))
    return float(relevant[best] @ discounts[: len(best)] / discounts[: relevant.sum()].sum())


def test_the_demos_subjects_find_their_articles(model_cache: Path) -> None:
    embedder = load_embedder("default", model_cache)
    articles = [a for feed in demo_feeds() if feed.kind == "article" for a in feed.articles]
    subjects = list(dict.fromkeys(a.subject for a in articles))
    found = probabilities(embedder, subjects, [(a.title, a.text) for a in articles])
    relevant: NDArray[np.bool_] = np.array([[a.subject == s for a in articles] for s in subjects])
    figures = [ndcg10(p, r) for p, r in zip(found, relevant, strict=True)]
    assert np.mean(figures) >= 0.9
    rng = np.random.default_rng(0)
    chance = [ndcg10(rng.random(len(articles)), r) for r in relevant]
    assert np.mean(figures) >= np.mean(chance) + 0.6
    shown: NDArray[np.bool_] = found >= relevance_numbers()["threshold"]
    assert (relevant & shown).sum() / shown.sum() >= 0.9


def test_what_nobody_wrote_about_stays_silent(model_cache: Path) -> None:
    embedder = load_embedder("default", model_cache)
    articles = [a for feed in demo_feeds() if feed.kind == "article" for a in feed.articles]
    absent = [
        "corporate tax law",
        "ice hockey",
        "opera singing",
        "vintage motorcycles",
        "fashion design",
        "stock trading",
        "dog training",
        "yoga",
        "video games",
        "ballet",
        "real estate",
        "american football",
        "tattoos",
        "wedding planning",
        "cricket",
    ]
    found = probabilities(embedder, absent, [(a.title, a.text) for a in articles])
    threshold = relevance_numbers()["threshold"]
    silent = np.array([bool((row < threshold).all()) for row in found])
    assert silent.mean() >= 0.9, [p for p, s in zip(absent, silent, strict=True) if not s]


@pytest.mark.slow
def test_newsgroups_beat_words_alone(model_cache: Path) -> None:
    """A sample of 20 newsgroups against TF-IDF on the same items."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    folder = need_shared("data", "newsgroups20")
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rng = np.random.default_rng(5)
    rows = [rows[i] for i in rng.permutation(len(rows))[:800]]
    text = (folder / "profiles.jsonl").read_text("utf-8")
    profiles = [json.loads(line) for line in text.splitlines()]
    phrases = [p["interest"] for p in profiles]
    relevant = np.array([[bool({*i["labels"]} & {*p["labels"]}) for i in rows] for p in profiles])
    items = [(i["title"] or "", i["text"]) for i in rows]
    found = probabilities(load_embedder("default", model_cache), phrases, items)
    words = TfidfVectorizer(stop_words="english").fit([f"{t} {x}" for t, x in items])
    tfidf = (words.transform(phrases) @ words.transform([f"{t} {x}" for t, x in items]).T).toarray()
    ours = np.mean([ndcg10(p, r) for p, r in zip(found, relevant, strict=True)])
    theirs = np.mean([ndcg10(p, r) for p, r in zip(tfidf, relevant, strict=True)])
    assert ours >= 0.74
    assert ours >= theirs + 0.1
