"""How matching reads items: their texts, words, sentences and what those mean.

Reading an item, counting its words, cutting it into sentences and embedding these is what costs.
The pass over the whole pool reads each item when it is its turn; a batch of new items that many
accounts meet is read once for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommender.services.evidence import quotes_of
from recommender.services.pairs import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from recommender.services.evidence import Evidence, Quotes
    from recommender.services.judging import Query
    from recommender.services.pairs import Met, Read, Words

    Text = tuple[str, str]
    """Title and text."""

REMEMBERED_TEXTS = 2000
"""Items whose words and sentences are kept: some 50 kB each."""


class Reader:
    """Reads items when they are asked for.

    Args:
        read: Title and text of items by their ids.
        evidence: Chooses spans.
    """

    def __init__(self, read: Read, evidence: Evidence) -> None:
        self._read = read
        self._evidence = evidence

    def texts(self, item_ids: Sequence[int]) -> Mapping[int, Text]:
        """Title and text of items, but of those that are gone."""
        return self._read(item_ids)

    def words(self, item: Met) -> Words:
        """The item's words, counted."""
        return words_of(item)

    def quotes(self, item: Met) -> Quotes:
        """What of the item can be quoted."""
        return quotes_of(item.title, item.text)

    def span(self, item: Met, quotes: Quotes, query: Query) -> str:
        """The sentence that serves an interest best; see `Evidence.span`."""
        return self._evidence.span(item.item_id, quotes, query.words, query.vector)


@dataclass(slots=True)
class _Known:
    """What was read of an item."""

    text: Text
    words: Words | None = None
    quotes: Quotes | None = None


class RememberingReader(Reader):
    """Remembers what it has read, for as long as an item has the vector that it had then.

    A text never changes without its vector, whose number is never given again. For one thread.

    Args:
        read: Title and text of items by their ids.
        evidence: Chooses spans.
    """

    def __init__(self, read: Read, evidence: Evidence) -> None:
        super().__init__(read, evidence)
        self._seqs: dict[int, int] = {}
        self._known: dict[int, _Known] = {}

    def expect(self, seqs: Mapping[int, int]) -> None:
        """Say which items come next; what is known of others goes when there is no room for both.

        Args:
            seqs: Item id -> the number of its vector.
        """
        if len(self._seqs.keys() | seqs.keys()) > REMEMBERED_TEXTS:
            self._forget(self._seqs.keys() - seqs.keys())
        self._forget({i for i, seq in seqs.items() if self._seqs.get(i, seq) != seq})
        self._seqs.update(seqs)

    def _forget(self, item_ids: Iterable[int]) -> None:
        for item_id in item_ids:
            del self._seqs[item_id]
            self._known.pop(item_id, None)
            self._evidence.forget(item_id)

    def texts(self, item_ids: Sequence[int]) -> Mapping[int, Text]:
        """Title and text of items, but of those that are gone."""
        missing = [item_id for item_id in item_ids if item_id not in self._known]
        found = dict(super().texts(missing)) if missing else {}
        for item_id, text in found.items():
            # Nothing is forgotten for another: they come in the same order again and again.
            if item_id in self._seqs and len(self._known) < REMEMBERED_TEXTS:
                self._known[item_id] = _Known(text)
        found.update({i: self._known[i].text for i in item_ids if i in self._known})
        return found

    def words(self, item: Met) -> Words:
        """The item's words, counted."""
        known = self._known.get(item.item_id)
        if known is None:
            return super().words(item)
        if known.words is None:
            known.words = super().words(item)
        return known.words

    def quotes(self, item: Met) -> Quotes:
        """What of the item can be quoted."""
        known = self._known.get(item.item_id)
        if known is None:
            return super().quotes(item)
        if known.quotes is None:
            known.quotes = super().quotes(item)
        return known.quotes
