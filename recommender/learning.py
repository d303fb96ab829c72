"""What a contact's reactions teach: a taste beside the stated interests, and proposals in words.

Pure. The taste is Rocchio's (1971): the weighted mean of what went well less what did not, each
as a vector with the background taken out, shrunk while there is little to go by. It moves a
suggestion up or down among those that serve a stated interest; it never makes one, nor hides one.
Everything is worked out from the history when somebody asks, so that an undo leaves no trace.
"""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING, Literal, NamedTuple

from recommender.domain import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from recommender.domain import Interest, Status

    Vector = Sequence[float]

SIGNALS: Mapping[Status, float] = {
    "sent": 0.3,
    "liked": 1.0,
    "replied": 1.0,
    "dismissed": -0.7,
    "less": -1.5,
}
"""What each status says; one that is not here says nothing."""
PRIOR = 1.0
"""How much saying nothing weighs: one reaction moves little, five move nearly all they can."""
GAIN = 1.6
MOST_LIFT = 2.0
"""A suggestion's score is at most doubled or halved."""
REMEMBERED = 100
"""The newest reactions are looked at; taste changes in the course of years."""

LEAST_REACTIONS = 3
OFTEN = 5
RAISED, LOWERED = 1.5, 0.5


class Taste(NamedTuple):
    """A direction in which a contact's likes lie, away from the dislikes."""

    direction: tuple[float, ...]
    offset: float
    """What the background's mean would score; taken off."""

    def lift(self, vector: Vector) -> float:
        """Factor in [0.5, 2] for the score of an item with this unit vector."""
        along = sum(map(mul, self.direction, vector)) - self.offset
        return min(MOST_LIFT, max(1 / MOST_LIFT, math.exp(GAIN * along)))


def taste(
    reactions: Sequence[tuple[int, Status]], vectors: Mapping[int, Vector], mean: Vector
) -> Taste | None:
    """The taste that reactions show, or None if they show none.

    Args:
        reactions: (item id, newest status), oldest first.
        vectors: Unit vectors by item id.
        mean: The background's mean vector.
    """
    heard = [
        (SIGNALS[status], vectors[item_id])
        for item_id, status in reactions
        if status in SIGNALS and item_id in vectors
    ]
    if not heard:
        return None
    weight = PRIOR + sum(abs(signal) for signal, _ in heard)
    total = [0.0] * len(mean)
    for signal, vector in heard:
        total = [t + signal * (v - m) for t, v, m in zip(total, vector, mean, strict=True)]
    direction = tuple(value / weight for value in total)
    return Taste(direction, sum(map(mul, direction, mean)))


class Proposal(NamedTuple):
    """A change to a contact's interests that reactions suggest; applied only when accepted."""

    kind: Literal["add", "raise", "lower"]
    phrase: str
    words: str
    """The proposal as it is put to the user."""
    weight: float
    """The weight the interest would have."""


def on_interests(
    interests: Iterable[Interest], reactions: Iterable[tuple[str, Status]]
) -> list[Proposal]:
    """What reactions say of stated interests, in words ("crypto 0 of 3: still into crypto?").

    Args:
        interests: The contact's.
        reactions: (interest id, newest status) of each suggestion.
    """
    heard = [(interest_id, status) for interest_id, status in reactions if status in SIGNALS]
    proposals = []
    for interest in interests:
        good = sum(i == interest.id and status in SHARED for i, status in heard)
        total = sum(i == interest.id for i, _ in heard)
        tally = f"{interest.phrase} {good} of {total}"
        if interest.polarity == "avoid" or total < LEAST_REACTIONS:
            continue
        if good == 0 and interest.weight > LOWERED:
            words = f"{tally}: still into {interest.phrase}?"
            proposals.append(Proposal("lower", interest.phrase, words, LOWERED))
        elif total >= OFTEN and good >= 0.8 * total and interest.weight < RAISED:
            words = f"{tally}: more of {interest.phrase}?"
            proposals.append(Proposal("raise", interest.phrase, words, RAISED))
    return proposals


def on_subjects(tally: Mapping[str, tuple[int, int]]) -> list[Proposal]:
    """New interests: subjects that went well again and again without being stated.

    Args:
        tally: Subject -> (good reactions, all reactions) to items that lie nearest to it.
    """
    return [
        Proposal("add", subject, f"{subject} {good} of {total}: into {subject}?", 1.0)
        for subject, (good, total) in sorted(tally.items(), key=lambda one: (-one[1][0], one[0]))
        if good >= LEAST_REACTIONS and good >= 0.8 * total
    ]
