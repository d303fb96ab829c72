"""Pairs of interests and items in columns, and the texts of their items, each read once.

An item meets many interests; reading it, counting its words and cutting it into sentences is
what costs. So the work goes item by item, whatever the order of the pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recommender.relevance import count_words

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from recommender.relevance import RelevanceModel
    from recommender.services.judging import Query

    Numbers = NDArray[np.int64]
    Shares = NDArray[np.float64]
    Read = Callable[[Sequence[int]], Mapping[int, tuple[str, str]]]
    Words = tuple[Counter[str], Counter[str]]
    """Title words, and words of title and the text's beginning, with their counts."""

READ_AT_ONCE = 500


class Pairs(NamedTuple):
    """Pairs in columns of equal length, by interest."""

    queries: Numbers
    """(n,) which of the interests, ascending."""
    items: Numbers
    """(n,) item ids."""
    cosines: NDArray[np.float32]
    """(n,) centred cosines."""
    margins: NDArray[np.float32]
    """(n,) margins, in the background's standard deviations."""

    def only(self, kept: NDArray[np.bool_]) -> Pairs:
        """Some of them."""
        return Pairs(self.queries[kept], self.items[kept], self.cosines[kept], self.margins[kept])


class Met(NamedTuple):
    """An item with the pairs it is in."""

    item_id: int
    rows: list[int]
    """Of the pairs, ascending."""
    title: str
    text: str


def words_of(item: Met) -> Words:
    """The words of an item, counted now."""
    return count_words(item.title, item.text)


def by_item(items: Numbers, read: Read) -> Iterator[Met]:
    """The items of some pairs, each once; those that are gone are left out.

    Args:
        items: (n,) item id of each pair.
        read: Title and text of items by their ids.
    """
    if not len(items):
        return
    order = np.argsort(items, kind="stable")
    ids, starts = np.unique(items[order], return_index=True)
    rows_of = dict(zip(ids.tolist(), np.split(order, starts[1:]), strict=True))
    wanted = list(rows_of)
    for start in range(0, len(wanted), READ_AT_ONCE):
        texts = read(wanted[start : start + READ_AT_ONCE])
        for item_id, (title, text) in texts.items():
            yield Met(item_id, rows_of[item_id].tolist(), title, text)


class WordShares(NamedTuple):
    """How much of the interest's words the item holds, for each pair; NaN where it is gone."""

    body: Shares
    """(n,) lexical share over title and text."""
    title: Shares
    """(n,) lexical share over the title."""


def word_shares(
    model: RelevanceModel,
    queries: Sequence[Query],
    pairs: Pairs,
    read: Read,
    count: Callable[[Met], Words] = words_of,
) -> WordShares:
    """Lexical shares of pairs.

    Args:
        model: Knows how rare words are.
        queries: The interests that the pairs number.
        pairs: What is asked.
        read: Title and text of items by their ids.
        count: The words of an item.
    """
    shares = WordShares(*(np.full(len(pairs.items), np.nan) for _ in range(2)))
    for item in by_item(pairs.items, read):
        shares.body[item.rows] = shares.title[item.rows] = 0.0
        head, words = count(item)
        # What one likes, others like, too; and most have no word in common with the item.
        known: dict[tuple[str, ...], tuple[float, float] | None] = {}
        for row, at in zip(item.rows, pairs.queries[item.rows].tolist(), strict=True):
            phrase = queries[at].words
            if phrase not in known:
                known[phrase] = (
                    None
                    if words.keys().isdisjoint(phrase)
                    else (model.lexical(phrase, words), model.lexical(phrase, head))
                )
            if (both := known[phrase]) is not None:
                shares.body[row], shares.title[row] = both
    return shares
