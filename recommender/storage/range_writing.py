"""Matches of many interests of many accounts, written together."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import suggestion_id
from recommender.storage.items import chunks, marks
from recommender.storage.matches import PUT_MATCH
from recommender.storage.values import bounds, flat, parts, values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.domain import Match, Polarity
    from recommender.storage.database import Database
    from recommender.storage.range_protocol import Pending

    Which = tuple[str, str]
    """Account id, interest id."""

_HELD = """
WITH asked(whose, which) AS (VALUES {asked})
SELECT a.whose, a.which, count(*) AS n, min(m.relevance) AS least FROM asked a
JOIN matches m ON m.account_id = a.whose AND m.interest_id = a.which AND m.model_key = ?
    AND m.account_id BETWEEN ? AND ?
GROUP BY a.whose, a.which
"""
_PRUNE = """
DELETE FROM matches WHERE account_id = ? AND model_key = ? AND interest_id = ?
AND item_id IN (SELECT m.item_id FROM matches m JOIN items i ON i.id = m.item_id
    WHERE m.account_id = ? AND m.model_key = ? AND m.interest_id = ?
    ORDER BY m.relevance DESC, i.key LIMIT 9223372036854775807 OFFSET ?)
"""


class _Held(NamedTuple):
    """What is kept of an interest so far."""

    n: int
    least: float


class MatchWriting:
    """Puts matches, within a transaction.

    Args:
        db: The library.
        model_key: The model they were matched under.
        keep: How many matches an interest keeps.
        interests: Whose matches are put.
    """

    def __init__(
        self,
        db: Database,
        model_key: str,
        keep: Mapping[Polarity, int],
        interests: Sequence[Pending],
    ) -> None:
        self._db = db
        self._model_key = model_key
        self._keep = keep
        self._interests = {(one.account_id, one.interest.id): one for one in interests}

    def put(self, found: Sequence[tuple[str, Match]]) -> None:
        """Put what may be among the best of its interest, and prune what then is not."""
        of_each: dict[Which, list[Match]] = defaultdict(list)
        for whose, match in found:
            if (whose, match.interest_id) in self._interests:
                of_each[whose, match.interest_id].append(match)
        held = self._held(list(of_each))
        rows, overfull = [], []
        for which, matches in of_each.items():
            good = self._good_enough(which, matches, held.get(which))
            rows += [(which, match) for match in good]
            n_before = held[which].n if which in held else 0
            if good and n_before + len(good) > self._keep_of(which):
                overfull.append(which)
        self._insert(rows)
        self._db.execute_many(_PRUNE, [self._pruning(which) for which in overfull])

    def _keep_of(self, which: Which) -> int:
        return self._keep[self._interests[which].interest.polarity]

    def _good_enough(
        self, which: Which, matches: Sequence[Match], held: _Held | None
    ) -> Sequence[Match]:
        """Those that pruning would leave, or some more."""
        # Who is matched with everything again may meet what is among the best now.
        if held is None or held.n < self._keep_of(which) or not self._interests[which].matched_seq:
            return matches
        return [match for match in matches if match.relevance >= held.least]

    def _held(self, asked: Sequence[Which]) -> dict[Which, _Held]:
        found: dict[Which, _Held] = {}
        for some in parts(asked):
            sql = _HELD.format(asked=values(some))
            for row in self._db.rows(sql, (*flat(some), self._model_key, *bounds(some))):
                found[row["whose"], row["which"]] = _Held(row["n"], row["least"])
        return found

    def _insert(self, rows: Sequence[tuple[Which, Match]]) -> None:
        keys: dict[int, str] = {}
        for chunk in chunks(sorted({match.item_id for _, match in rows})):
            sql = f"SELECT id, key FROM items WHERE id IN ({marks(chunk)})"
            keys.update({row["id"]: row["key"] for row in self._db.rows(sql, chunk)})
        self._db.execute_many(
            PUT_MATCH,
            [
                (
                    whose,
                    self._model_key,
                    match.interest_id,
                    match.item_id,
                    match.contact_id,
                    suggestion_id(whose, match.contact_id, keys[match.item_id]),
                    match.relevance,
                    match.cosine,
                    match.margin,
                    match.lexical,
                    match.span,
                )
                for (whose, _), match in rows
                if match.item_id in keys
            ],
        )

    def _pruning(self, which: Which) -> tuple[object, ...]:
        where = (which[0], self._model_key, which[1])
        return (*where, *where, self._keep_of(which))
