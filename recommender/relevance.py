"""The numbers that tell how likely an item serves an interest, and what its words add. Pure.

The evidence is a background-centred cosine, its margin over other subjects, and the interest's
words found in the item. A logistic model, fitted by scripts/train on labelled sets, turns it
into a calibrated probability (Platt 1999; `recommender.services.judging`). Its few numbers are
shipped as JSON in recommender_models.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from recommender.words import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Only the beginning of a text is searched for words: what an item is about is said early, and
# a long page mentions everything once.
LEXICAL_CHARACTERS = 4000


T = TypeVar("T")


class Evidence(NamedTuple, Generic[T]):
    """What is known of pairs of interest and item: of each kind a number, or a column of them."""

    cosine: T
    """Centred cosine, in the background's standard deviations."""
    margin: T
    """By how much it is above the item's likeness to other subjects; the same unit."""
    body: T
    """Lexical share over title and text, [0, 1]."""
    title: T
    """Lexical share over the title, [0, 1]."""


@dataclass(frozen=True, slots=True)
class RelevanceModel:
    """The fitted numbers.

    Cosines are divided by the model's own spread of unrelated pairs before they are weighted,
    so that the same weights serve any embedding model.
    """

    bias: float
    weights: Evidence[float]
    """The weight of each kind of evidence."""
    threshold: float
    """Probability below which nothing is suggested."""
    floor_sd: float
    """Centred cosine, in standard deviations, below which a pair is not looked at."""
    rarity: Mapping[str, float]
    """Weight of common words in (0, 1); a word that is not here counts 1."""

    def lexical(self, phrase: Sequence[str], words: Mapping[str, int]) -> float:
        """Rarity-weighted share of the phrase's words that occur, in [0, 1].

        A word found once counts two thirds, and more with each repetition (the saturation of
        BM25, Robertson and Zaragoza 2009, with k1 = 0.5 and no length norm).
        """
        weights = [(word, self.rarity.get(word, 1.0)) for word in dict.fromkeys(phrase)]
        total = sum(weight for _, weight in weights)
        if total == 0.0:
            return 0.0
        found = sum(weight * n / (n + 0.5) for word, weight in weights if (n := words.get(word, 0)))
        return found / total


def count_words(title: str, text: str) -> tuple[Counter[str], Counter[str]]:
    """(title words, words of title and the text's beginning), as stems with their counts."""
    head = Counter(tokens(title))
    return head, head + Counter(tokens(text[:LEXICAL_CHARACTERS]))
