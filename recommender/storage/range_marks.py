"""How far the interests of many accounts were matched, noted together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.storage.items import marks
from recommender.storage.values import bounds, flat, parts, values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.storage.database import Database
    from recommender.storage.range_protocol import Pending, Seen

    Which = tuple[str, str]
    """Account id, interest id."""

_AS_IT_IS = """
SELECT v.account_id, v.interest_id, t.contact_id, t.polarity, v.matched_seq
FROM interest_vectors v
JOIN interests t ON t.account_id = v.account_id AND t.id = v.interest_id
WHERE v.account_id IN ({accounts}) AND v.model_key = ? AND v.matched_seq < ?
    AND t.account_id BETWEEN ? AND ?
"""
# Of a statement that begins otherwise, sqlite3 does not tell how many rows it changed.
_MOVE_ALL = """
UPDATE interest_vectors SET matched_seq = ?
FROM (WITH asked(whose, after_seq) AS (VALUES {asked}) SELECT * FROM asked) AS moving
WHERE account_id = whose AND model_key = ? AND matched_seq >= after_seq AND matched_seq < ?
    AND account_id BETWEEN ? AND ?
"""
_MOVE_ONE = """
UPDATE interest_vectors SET matched_seq = ?
WHERE account_id = ? AND interest_id = ? AND model_key = ?
"""


class MarkMoving:
    """Moves marks on, within a transaction that has locked the accounts.

    Args:
        db: The library.
        model_key: The model they were matched under.
        matched_seq: Up to here.
    """

    def __init__(self, db: Database, model_key: str, matched_seq: int) -> None:
        self._db = db
        self._model_key = model_key
        self._matched_seq = matched_seq
        self._behind: dict[Which, tuple[str, str, int]] = {}

    def unchanged(self, met: Sequence[Pending]) -> list[Pending]:
        """Those of the interests that are what they were."""
        for some in parts([(account_id,) for account_id in {one.account_id for one in met}]):
            sql = _AS_IT_IS.format(accounts=marks(some))
            where = (self._model_key, self._matched_seq, *bounds(some))
            for row in self._db.rows(sql, (*flat(some), *where)):
                self._behind[row[0], row[1]] = (row[2], row[3], row[4])
        return [one for one in met if self._behind.get(_which(one)) == _as_it_was(one)]

    def move(self, seen: Mapping[str, Seen], met: Sequence[Pending]) -> int:
        """Note how far interests were matched; returns how many.

        Args:
            seen: What accounts can see; of who sees nothing, every interest is moved on.
            met: Of the others, these are, if they are unchanged.
        """
        others = self._behind.keys() - {_which(one) for one in met}
        mixed = {which[0] for which in others if self._behind[which][2] >= seen[which[0]].after_seq}
        whole = [(whose, one.after_seq) for whose, one in seen.items() if whose not in mixed]
        where = (self._model_key, self._matched_seq)
        n_moved = sum(
            self._db.execute(
                _MOVE_ALL.format(asked=values(some)),
                (self._matched_seq, *flat(some), *where, *bounds(some)),
            )
            for some in parts(whole)
        )
        single = [_which(one) for one in met if one.account_id in mixed]
        return n_moved + self._db.execute_many(
            _MOVE_ONE, [(self._matched_seq, *which, self._model_key) for which in single]
        )


def _which(one: Pending) -> Which:
    return one.account_id, one.interest.id


def _as_it_was(one: Pending) -> tuple[str, str, int]:
    return one.interest.contact_id, one.interest.polarity, one.matched_seq
