"""Article text of 181 pages (article-extraction-benchmark), by the measure of that benchmark."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter

import pytest
from recommender_feeds import ParseError, read_page

from tests.feeds.corpus import documents


def four_grams(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)))


@pytest.mark.slow
def test_article_text_is_found() -> None:
    files = dict(documents("article-extraction-benchmark"))
    truth = json.loads(next(b for n, b in files.items() if n.endswith("ground-truth.json")))
    both = extra = missing = 0.0
    for name, page in truth.items():
        body = files[f"article-extraction-benchmark/html/{name}.html.gz"]
        try:
            text = read_page(gzip.decompress(body), page["url"]).text
        except ParseError:
            text = ""
        wanted, found = four_grams(page["articleBody"]), four_grams(text)
        shared = (wanted & found).total()
        size = wanted.total() + found.total() - shared
        both += shared / size
        extra += (found.total() - shared) / size
        missing += (wanted.total() - shared) / size
    assert len(truth) == 181
    precision, recall = both / (both + extra), both / (both + missing)
    assert 2 * precision * recall / (precision + recall) >= 0.95
