"""The quoted span: the sentence of an item that serves an interest best."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

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
REMEMBERED_ITEMS = 4000
"""Items whose sentence vectors are kept for the interests to come: some 15 kB each."""
LEAST_CHARACTERS = 25
"""A shorter sentence ("Yes.") quotes badly."""


class Quotes(NamedTuple):
    """What of an item can be quoted."""

    title: str
    sentences: list[str]
    words: list[Counter[str]]
    """Of each sentence."""


def quotes_of(title: str, text: str) -> Quotes:
    """The sentences that are worth quoting, with their words."""
    found = quotable(text)
    return Quotes(title, found, [Counter(tokens(sentence)) for sentence in found])


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
        self._known: dict[int, Vectors] = {}

    def span(self, item_id: int, quotes: Quotes, phrase: Sequence[str], query: Vectors) -> str:
        """An exact substring of the text, or else of the title, of at most 160 characters.

        Args:
            item_id: Names the item in this object's memory.
            quotes: What there is to choose from.
            phrase: The interest's words, as `recommender.words.tokens` gives them.
            query: (dim,) centred unit vector of the interest.
        """
        if not quotes.sentences:
            return clip(quotes.title)
        likeness = (self._vectors(item_id, quotes) @ query) / self._background.deviation
        weights = self._model.weights
        # Sentences of one item share its rivals: what likeness counts is the sum.
        like_weight = weights.cosine + weights.margin
        lexical = [self._model.lexical(phrase, words) for words in quotes.words]
        worth = [
            float(like) * like_weight + weights.body * words - 0.05 * at
            for at, (like, words) in enumerate(zip(likeness, lexical, strict=True))
        ]
        return clip_to_words(quotes.sentences[worth.index(max(worth))], phrase)

    def forget(self, item_id: int) -> None:
        """Forget an item's sentences, for it was rewritten or is asked about no more."""
        self._known.pop(item_id, None)

    def _vectors(self, item_id: int, quotes: Quotes) -> Vectors:
        known = self._known.get(item_id)
        if known is None:
            texts = [sentence[: 2 * MAX_SPAN_CHARACTERS] for sentence in quotes.sentences]
            known = self._background.centred(embed(self._embedder, texts))
            # Nothing is forgotten for another: items come in the same order again and again,
            # and the one asked about longest ago is the next to be asked about.
            if len(self._known) < REMEMBERED_ITEMS:
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


def lexical_span(quotes: Quotes, phrase: Sequence[str]) -> str:
    """The first sentence with most of the interest's words; the cheap choice for near misses."""
    if not quotes.sentences:
        return clip(quotes.title)
    wanted = set(phrase)
    held = [len(wanted & words.keys()) for words in quotes.words]
    return clip_to_words(quotes.sentences[held.index(max(held))], phrase)


def clip_to_words(sentence: str, phrase: Sequence[str]) -> str:
    """The sentence, cut to 160 characters around the first of the interest's words in it."""
    folded = sentence.casefold()
    around = next((word for word in phrase if word in folded), "")
    return clip(sentence, around=around)
