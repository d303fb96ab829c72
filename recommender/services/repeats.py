"""The last look before something is suggested: is it an old acquaintance in other clothes?

Stories know a copy by most of its words, another outlet's by its days. What escapes both is part
of a longer text, or a whole that a part was sent of; for a few items that can be looked at.
"""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

from recommender.words import overlap, triples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from recommender.ranking import Scored
    from recommender.storage.protocol import Storage

OVERLAP = 0.85
"""Share of the shorter text's word triples that makes two items one."""
NEAR = 0.6
"""Likeness of vectors below which two texts share no such part."""
MOST_COMPARED = 200
"""Of what a contact had, the newest so many."""


def first_new(
    storage: Storage,
    scored: Iterable[Scored],
    vectors: Mapping[int, Sequence[float]],
    had: Sequence[int],
    n: int,
) -> list[Scored]:
    """The first n of some candidates whose words the contact has not had.

    Args:
        storage: The library.
        scored: Best first; no more of them are asked for than it takes.
        vectors: Unit vectors by item id, of the candidates and of what the contact had.
        had: Ids of items that are closed for the contact.
        n: How many are wanted.
    """
    known = [(item_id, vectors[item_id]) for item_id in had if item_id in vectors]
    chosen: list[Scored] = []
    for one in scored:
        if len(chosen) == n:
            break
        vector = vectors.get(one.candidate.item_id, ())
        near = [i for i, other in known if vector and sum(map(mul, vector, other)) >= NEAR]
        if not near or not _is_part(storage, one.candidate.item_id, near):
            chosen.append(one)
    return chosen


def _is_part(storage: Storage, item_id: int, others: Sequence[int]) -> bool:
    texts = storage.items.texts([item_id, *others])
    words = {i: triples("", text) for i, (_, text) in texts.items()}
    own = words.get(item_id, frozenset())
    return any(overlap(own, words[other]) >= OVERLAP for other in others if other in words)
