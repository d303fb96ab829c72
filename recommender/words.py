"""Words and sentences of a text: tokens, stop words, sentence and span borders. Pure.

Used by relevance (lexical evidence) and by matching (the quoted span).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from recommender.domain import MAX_SPAN_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+|\n+")

_PLAIN_WORD = re.compile(r"\w+")
MIN_WORDS = 30
MAX_WORDS = 2000

# Words that carry no subject of their own, in an interest or in an item.
STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "anything",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "do",
        "does",
        "doing",
        "enjoy",
        "enjoys",
        "everything",
        "fan",
        "few",
        "for",
        "from",
        "good",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "kind",
        "kinds",
        "like",
        "likes",
        "love",
        "loves",
        "many",
        "me",
        "more",
        "most",
        "my",
        "new",
        "no",
        "not",
        "of",
        "on",
        "one",
        "or",
        "other",
        "our",
        "out",
        "over",
        "really",
        "she",
        "so",
        "some",
        "something",
        "stuff",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "this",
        "those",
        "through",
        "to",
        "too",
        "up",
        "us",
        "very",
        "was",
        "way",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)


def plain(text: str) -> str:
    """A text as it would be typed on a bare keyboard: folded, without accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()


def stem(word: str) -> str:
    """A word without its plural s (Harman's S-stemmer, 1991); enough to meet "bees" with "bee"."""
    if len(word) > 4 and word.endswith("ies") and word[-4] not in "ae":
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith("oes"):
        return word[:-2]
    if len(word) > 3 and word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and word[-2] not in "us":
        return word[:-1]
    return word


def tokens(text: str) -> list[str]:
    """Case-folded stems of a text's words, in order, stop words left out."""
    found = (match.group().casefold() for match in _TOKEN.finditer(text))
    return [
        stem(word.removesuffix("'s").removesuffix("’s")) for word in found if word not in STOP_WORDS
    ]


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence of a text, without surrounding white space."""
    start = 0
    for end, resume in _borders(text):
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if right > left:
            yield left, right
        start = resume


def _borders(text: str) -> Iterator[tuple[int, int]]:
    for match in _SENTENCE_END.finditer(text):
        closing = len(match.group().rstrip())
        yield match.start() + closing, match.end()
    yield len(text), len(text)


def clip(text: str, *, around: str = "", limit: int = MAX_SPAN_CHARACTERS) -> str:
    """An exact substring of `text` of at most `limit` characters, cut at word borders.

    Args:
        text: What to quote from.
        around: A word the quote should hold if the text must be cut; else its beginning is taken.
        limit: Most characters, at least 1.
    """
    if len(text) <= limit:
        return text
    start = 0
    at = text.casefold().find(around.casefold()) if around else -1
    if at + len(around) > limit:
        start = max(0, at - limit // 3)
        if start:
            start = _next_word(text, start, at)
    end = min(len(text), start + limit)
    if end < len(text):
        cut = text.rfind(" ", start, end + 1)
        end = cut if cut > start else end
    return text[start:end].strip()


def _next_word(text: str, start: int, at: int) -> int:
    space = text.find(" ", start)
    return space + 1 if 0 <= space < at else start


def triples(title: str, text: str) -> frozenset[str]:
    """The word triples of an article; empty if it has too few words to be told by them."""
    words = _PLAIN_WORD.findall(f"{title} {text}".casefold())[:MAX_WORDS]
    if len(words) < MIN_WORDS:
        return frozenset()
    return frozenset(" ".join(words[at : at + 3]) for at in range(len(words) - 2))


def overlap(first: frozenset[str], second: frozenset[str]) -> float:
    """Share of the smaller set that both have; 0 if one is empty."""
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else 0.0
