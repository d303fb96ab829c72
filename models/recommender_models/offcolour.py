"""How fit a joke is for all ears: level and topics, by a word list and a fitted model together.

A list alone takes "great tits" for crude and passes what is said without a crude word; a model
alone can be talked round. So the list's words are evidence like the text's vector and its character
n-grams, and a word without an innocent reading decides by itself. The numbers are fitted by
scripts/train-offcolour and shipped as plain arrays.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
import zlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

Level = Literal["clean", "mild", "adult"]
Topic = Literal["sexual", "slur", "religion", "politics", "violence", "drugs", "death", "profanity"]
LEVELS: tuple[Level, ...] = get_args(Level)
TOPICS: tuple[Topic, ...] = get_args(Topic)

RATED_CHARACTERS = 4000
"""A joke is read to its end; of a longer text the beginning tells."""
N_BUCKETS = 4096
GRAM_LENGTHS = (3, 4, 5)
N_CUES = 2 * len(TOPICS)
VECTOR_SCALE = 4.0
ARTICLE_CUT = 0.75
"""Probability from which what is no joke is not clean."""
_WORD = re.compile(r"[a-z0-9]+(?:['*/-][a-z0-9]+)*")
# f*ck, s**t, @#$%!: what is hidden is meant to be recognised.
_MASKED = re.compile(r"\b[a-z]{1,3}[*#@$%]+[a-z]{1,3}\b|\b[a-z][*#@$%]{2,}|[@#$%&!*]{4,}")
_DISGUISES = str.maketrans({"@": "a", "$": "s", "0": "o", "1": "i", "3": "e"})
_DISGUISED = re.compile(r"(?=\S*[a-z])(?=\S*[@$013])\S+")
_LONGEST_PHRASE = 4


@dataclass(frozen=True, slots=True)
class Rating:
    """How fit a text is for all ears."""

    level: Level
    probability: float
    """Estimated probability in [0, 1] that somebody would mind, i.e. that it is not clean."""
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Cues:
    """Which listed words a text holds, by topic."""

    strong: tuple[int, ...]
    soft: tuple[int, ...]

    @property
    def n_strong(self) -> int:
        """How many words without an innocent reading there are."""
        return sum(self.strong)


def folded(text: str) -> str:
    """Lower case, without accents, and with digits and signs that stand for letters undone."""
    plain = unicodedata.normalize("NFKD", text[:RATED_CHARACTERS]).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("’", "'")
    return _DISGUISED.sub(lambda word: word.group().translate(_DISGUISES), plain)


def cues(text: str) -> Cues:
    """The listed words of a text, counted by topic.

    Args:
        text: Any text; only its first 4,000 characters are read.
    """
    return _cues(text, _WORD.findall(folded(text)))


def _cues(text: str, words: Sequence[str]) -> Cues:
    found = list(_word_list().found(words))
    innocent = {
        at for start, n, names in found if INNOCENT in names for at in range(start, start + n)
    }
    strong, soft = [0] * len(TOPICS), [0] * len(TOPICS)
    for start, n, names in found:
        if innocent.isdisjoint(range(start, start + n)):
            for name in names:
                counts = strong if name.is_strong else soft
                counts[TOPICS.index(name.topic)] += 1
    masked = _MASKED.findall(text[:RATED_CHARACTERS].casefold())
    strong[TOPICS.index("profanity")] += len(masked)
    return Cues(tuple(strong), tuple(soft))


class _Listed(NamedTuple):
    """What a listed phrase is a sign of."""

    topic: str
    is_strong: bool


INNOCENT = _Listed("innocent", is_strong=False)


class WordList:
    """Phrases of up to four words, whole or with any ending (*), and what each is a sign of."""

    def __init__(self, phrases: Mapping[_Listed, Sequence[str]]) -> None:
        self._whole: dict[str, set[_Listed]] = defaultdict(set)
        self._begun: dict[str, set[_Listed]] = defaultdict(set)
        self._first: set[str] = set()
        for name, some in phrases.items():
            for phrase in some:
                words = _WORD.findall(phrase)
                key = " ".join(words)
                (self._begun if phrase.endswith("*") else self._whole)[key].add(name)
                if len(words) > 1:
                    self._first.add(words[0])
        self._shortest = min(map(len, self._begun), default=1)

    def found(self, words: Sequence[str]) -> Iterator[tuple[int, int, set[_Listed]]]:
        """(first word, number of words, what it is a sign of) for every listed phrase."""
        for start, word in enumerate(words):
            longest = _LONGEST_PHRASE if word in self._first else 1
            for n in range(1, min(longest, len(words) - start) + 1):
                if names := self._names(" ".join(words[start : start + n])):
                    yield start, n, names

    def _names(self, phrase: str) -> set[_Listed]:
        names = set(self._whole.get(phrase, ()))
        for end in range(self._shortest, len(phrase) + 1):
            names |= self._begun.get(phrase[:end], set())
        return names


@cache
def _word_list() -> WordList:
    source = resources.files("recommender_models") / "offcolour_words.toml"
    tables = tomllib.loads(source.read_text("utf-8"))
    phrases = {INNOCENT: _split(tables["innocent"]["phrases"])}
    for topic in TOPICS:
        for strength in ("strong", "soft"):
            phrases[_Listed(topic, strength == "strong")] = _split(tables[topic][strength])
    return WordList(phrases)


def _split(phrases: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in phrases.split(",") if phrase.strip()]


@lru_cache(maxsize=30_000)
def _buckets(word: str) -> tuple[int, ...]:
    """Where the character n-grams of a word, with its borders, are counted."""
    marked = f" {word} ".encode()
    return tuple(
        zlib.crc32(marked[at : at + n]) % N_BUCKETS
        for n in GRAM_LENGTHS
        for at in range(len(marked) - n + 1)
    )


def text_features(texts: Sequence[str]) -> Rows:
    """(n, 16 + 4096): strong and soft words by topic, then character n-grams.

    Words are damped by their logarithm; the n-grams of a text have norm 1.
    """
    import numpy as np

    rows = np.zeros((len(texts), N_CUES + N_BUCKETS), np.float32)
    for row, text in zip(rows, texts, strict=True):
        words = _WORD.findall(folded(text))
        found = _cues(text, words)
        row[:N_CUES] = np.log1p([*found.strong, *found.soft])
        buckets = [at for word in words for at in _buckets(word)]
        grams = np.log1p(np.bincount(np.array(buckets, np.intp), minlength=N_BUCKETS))
        row[N_CUES:] = grams / max(float(np.linalg.norm(grams)), 1e-9)
    return rows


def dense_features(words: Rows, vectors: Rows) -> Rows:
    """(n, 16 + dim): listed words beside the vector, on a common scale."""
    import numpy as np

    return np.hstack([words[:, :N_CUES], VECTOR_SCALE * vectors]).astype(np.float32)


def vector_features(dense: Rows, mean: Rows, axes: Rows) -> Rows:
    """(n, dim + 60 * 61 / 2): the vector, and products of its and the words' main components.

    Whether "nun" is crude depends on what else is said: the products let a linear model see it.

    Args:
        dense: (n, 16 + dim) of `dense_features`.
        mean: (16 + dim,) what is taken off first.
        axes: (60, 16 + dim) the main axes.
    """
    import numpy as np

    along = (dense - mean) @ axes.T
    one, other = np.triu_indices(axes.shape[0])
    return np.hstack([dense[:, N_CUES:], along[:, one] * along[:, other]]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class OffColourModel:
    """The fitted numbers: one logistic regression for each question asked of a text.

    Rows of the weights are "somebody would mind", "only for adults", then the topics.
    """

    text_weights: Rows
    """(10, 16 + 4096), beside a vector."""
    vector_weights: Rows
    """(10, dim + 1830), for what `vector_features` gives."""
    biases: Rows
    """(10,)"""
    axes_mean: Rows
    axes: Rows
    """(60, 16 + dim); see `vector_features`."""
    text_only_weights: Rows
    """(10, 16 + 4096), for texts without a vector or with another model's."""
    text_only_biases: Rows
    """(10,)"""
    cuts: Rows
    """(4,) probabilities from which a joke is not clean (with a vector, without), a text is for
    adults, and a topic is there."""

    @property
    def dim(self) -> int:
        """The dimension of the vectors it was fitted on."""
        return int(self.axes.shape[1]) - N_CUES

    def rate(
        self, texts: Sequence[str], *, are_jokes: Sequence[bool], vectors: Rows | None = None
    ) -> list[Rating]:
        """Rate texts.

        Args:
            texts: Whole jokes, or title and beginning of longer texts.
            are_jokes: Which of them are jokes: two in three of those would offend somebody, so
                that little is enough to doubt one; an article has the benefit of the doubt.
            vectors: (n, dim) unit vectors of the same texts by the default model, if at hand.
        """
        import numpy as np

        if not texts:
            return []
        words = text_features(texts)
        if vectors is None:
            logits = words @ self.text_only_weights.T + self.text_only_biases
        else:
            features = vector_features(dense_features(words, vectors), self.axes_mean, self.axes)
            logits = words @ self.text_weights.T + features @ self.vector_weights.T + self.biases
        probabilities = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        strong = words[:, : len(TOPICS)] > 0
        joke_cut = float(self.cuts[0 if vectors is not None else 1])
        rows = zip(probabilities.tolist(), strong.tolist(), are_jokes, strict=True)
        return [
            self._rating(p, sure, joke_cut if is_joke else ARTICLE_CUT) for p, sure, is_joke in rows
        ]

    def _rating(self, probabilities: Sequence[float], strong: Sequence[bool], cut: float) -> Rating:
        minds, adult, *of_topics = probabilities
        topics = tuple(
            topic
            for topic, p, sure in zip(TOPICS, of_topics, strong, strict=True)
            if sure or p >= self.cuts[3]
        )
        level: Level = "clean"
        if minds >= cut or any(strong):
            level = "adult" if adult >= self.cuts[2] else "mild"
        # A word without an innocent reading leaves no doubt, whatever the model says.
        return Rating(level, round(1.0 if any(strong) else minds, 4), topics)


@cache
def offcolour_model() -> OffColourModel:
    """The model this package ships."""
    import numpy as np

    with (resources.files("recommender_models") / "offcolour.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        return OffColourModel(**{name: arrays[name].astype(np.float32) for name in arrays.files})
