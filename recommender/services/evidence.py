"""The quoted span: the sentence of an item that serves an interest best."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from recommender.domain import MAX_SPAN_CHARACTERS
from recommender.services.embedding import embed
from recommender.words import clip, sentences, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from recommender_models import Embedder

    from recommender.relevance import RelevanceModel
    from recommender.services.embedding import Background

    Vectors = NDArray[np.float32]

SENTENCES_LOOKED_AT = 10
REMEMBERED_ITEMS = 1000
"""An item is asked about by several interests in a row; after that its vectors are ballast."""
LEAST_CHARACTERS = 25
"""A shorter sentence ("Yes.") quotes badly."""


class Evidence:
    """Chooses spans; remembers the sentence vectors of the items it has seen.

    Args:
        embedder: The model the matches were made with.
        background: The model's.
        model: Supplies the weights.
    """

    def __init__(self, embedder: Embedder, background: Background, model: RelevanceModel) -> None:
        self._embedder = embedder
        self._background = background
        self._model = model
        self._known: dict[int, tuple[list[str], Vectors]] = {}

    def span(
        self, item_id: int, title: str, text: str, phrase: Sequence[str], query: Vectors
    ) -> str:
        """An exact substring of the text, or else of the title, of at most 160 characters.

        Args:
            item_id: Names the item in this object's memory.
            title: The item's title.
            text: The item's text.
            phrase: The interest's words, as `recommender.words.tokens` gives them.
            query: (dim,) centred unit vector of the interest.
        """
        quotes, vectors = self._sentences(item_id, text)
        if not quotes:
            return clip(title)
        likeness = (vectors @ query) / self._background.deviation
        weights = self._model.weights
        # Sentences of one item share its rivals: what likeness counts is the sum.
        like_weight = weights.cosine + weights.margin
        lexical = [self._model.lexical(phrase, Counter(tokens(quote))) for quote in quotes]
        worth = [
            float(like) * like_weight + weights.body * words - 0.05 * at
            for at, (like, words) in enumerate(zip(likeness, lexical, strict=True))
        ]
        return clip_to_words(quotes[worth.index(max(worth))], phrase)

    def _sentences(self, item_id: int, text: str) -> tuple[list[str], Vectors]:
        known = self._known.get(item_id)
        if known is None:
            if len(self._known) >= REMEMBERED_ITEMS:
                self._known.clear()
            quotes = quotable(text)
            vectors = embed(self._embedder, [quote[: 2 * MAX_SPAN_CHARACTERS] for quote in quotes])
            known = (quotes, self._background.centred(vectors))
            self._known[item_id] = known
        return known


def quotable(text: str) -> list[str]:
    """The first sentences of a text that are long enough to quote."""
    found: list[str] = []
    longest = ""
    for start, end in sentences(text):
        sentence = text[start:end]
        longest = max(longest, sentence, key=len)
        if len(sentence) >= LEAST_CHARACTERS:
            found.append(sentence)
        if len(found) == SENTENCES_LOOKED_AT:
            break
    # A text of nothing but short lines is quoted by its longest, never across lines.
    return found or ([longest] if longest else [])


def lexical_span(title: str, text: str, phrase: Sequence[str]) -> str:
    """The first sentence with most of the interest's words; the cheap choice for near misses."""
    quotes = quotable(text)
    if not quotes:
        return clip(title)
    wanted = set(phrase)
    best = max(quotes, key=lambda quote: len(wanted & set(tokens(quote))))
    return clip_to_words(best, phrase)


def clip_to_words(sentence: str, phrase: Sequence[str]) -> str:
    """The sentence, cut to 160 characters around the first of the interest's words in it."""
    folded = sentence.casefold()
    around = next((word for word in phrase if word in folded), "")
    return clip(sentence, around=around)
