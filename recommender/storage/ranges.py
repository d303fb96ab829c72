"""RangeStore in SQL: what matching many accounts at once reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.storage.items import marks
from recommender.storage.range_marks import MarkMoving
from recommender.storage.range_protocol import Pending, Seen
from recommender.storage.range_writing import MatchWriting
from recommender.storage.rows import to_interest
from recommender.storage.values import bounds, flat, parts, values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.domain import Match
    from recommender.storage.database import Database, Row

# From a feed the account subscribes to, or its own; as `feeds.VISIBLE` has it, for many accounts
# and few items. What is new is found first: SQLite would else go through the whole of each feed.
_SEEN = """
WITH asked(whose, after_seq) AS (VALUES {asked}),
fresh AS MATERIALIZED (
    SELECT v.seq, v.item_id, fi.feed_id FROM item_vectors v
    JOIN feed_items fi ON fi.item_id = v.item_id
    WHERE v.model_key = ? AND v.seq > ? AND v.seq <= ?),
own AS MATERIALIZED (
    SELECT v.seq, v.item_id, i.owner_id FROM item_vectors v
    JOIN items i ON i.id = v.item_id AND i.owner_id <> ''
    WHERE v.model_key = ? AND v.seq > ? AND v.seq <= ?)
SELECT a.whose, f.seq, f.item_id FROM asked a
JOIN subscriptions s ON s.account_id = a.whose AND s.account_id BETWEEN ? AND ?
JOIN fresh f ON f.feed_id = s.feed_id AND f.seq > a.after_seq
UNION
SELECT a.whose, o.seq, o.item_id FROM own o
JOIN asked a ON a.whose = o.owner_id AND o.seq > a.after_seq
ORDER BY whose, seq
"""
_SEEN_BY_ONE = """
SELECT ? AS whose, v.seq, v.item_id FROM subscriptions s
JOIN feed_items fi ON fi.feed_id = s.feed_id
JOIN item_vectors v ON v.item_id = fi.item_id AND v.model_key = ?
WHERE s.account_id = ? AND v.seq > ? AND v.seq <= ?
UNION
SELECT ? AS whose, v.seq, v.item_id FROM items i
JOIN item_vectors v ON v.item_id = i.id AND v.model_key = ?
WHERE i.owner_id = ? AND v.seq > ? AND v.seq <= ?
ORDER BY seq
"""


class SqlRanges:
    """Ranges of accounts; see `recommender.storage.range_protocol.RangeStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def account_ranges(self, size: int) -> list[tuple[str, str]]:
        """(first, last) of consecutive runs of so many accounts that have interests, in order."""
        rows = self._db.rows(
            "SELECT min(id) AS first_id, max(id) AS last_id FROM (SELECT a.id,"
            " (row_number() OVER (ORDER BY a.id) - 1) / CAST(? AS INTEGER) AS part"
            " FROM accounts a WHERE EXISTS (SELECT 1 FROM interests t WHERE t.account_id = a.id))"
            " AS numbered GROUP BY part ORDER BY first_id",
            (size,),
        )
        return [(row["first_id"], row["last_id"]) for row in rows]

    def without_vector(self, model_key: str, first: str, last: str) -> list[str]:
        """Accounts of a range with an interest that has no vector of this model, in order."""
        rows = self._db.rows(
            "SELECT DISTINCT t.account_id FROM interests t WHERE t.account_id BETWEEN ? AND ?"
            # The range again, lest PostgreSQL read the vectors of everybody.
            " AND NOT EXISTS (SELECT 1 FROM interest_vectors v WHERE v.account_id = t.account_id"
            " AND v.account_id BETWEEN ? AND ? AND v.interest_id = t.id AND v.model_key = ?)"
            " ORDER BY t.account_id",
            (first, last, first, last, model_key),
        )
        return [row["account_id"] for row in rows]

    def seq_before(self, model_key: str, n: int) -> int:
        """The sequence number after which the n newest vectors come; 0 if there are no more."""
        row = self._db.row(
            "SELECT seq FROM item_vectors WHERE model_key = ? ORDER BY seq DESC LIMIT 1 OFFSET ?",
            (model_key, n),
        )
        return int(row["seq"]) if row else 0

    def behind(self, model_key: str, first: str, last: str, *, before_seq: int) -> dict[str, int]:
        """Account id -> the least number its interests have been matched up to, in order."""
        rows = self._db.rows(
            "SELECT account_id, min(matched_seq) AS least FROM interest_vectors"
            " WHERE account_id BETWEEN ? AND ? AND model_key = ? AND matched_seq < ?"
            " GROUP BY account_id ORDER BY account_id",
            (first, last, model_key, before_seq),
        )
        return {row["account_id"]: int(row["least"]) for row in rows}

    def seen(self, model_key: str, after: Mapping[str, int], *, last_seq: int) -> dict[str, Seen]:
        """What accounts can see of the vectors after a number for each, up to one for all."""
        found = {account_id: Seen(seq, []) for account_id, seq in after.items()}
        for some in parts(list(after.items())):
            for row in self._seen_by(model_key, some, last_seq):
                found[row["whose"]].rows.append((row["seq"], row["item_id"]))
        return found

    def _seen_by(
        self, model_key: str, after: Sequence[tuple[str, int]], last_seq: int
    ) -> Sequence[Row]:
        if len(after) == 1:
            ((account_id, after_seq),) = after
            where = (account_id, model_key, account_id, after_seq, last_seq)
            return self._db.rows(_SEEN_BY_ONE, (*where, *where))
        span = (model_key, min(seq for _, seq in after), last_seq)
        sql = _SEEN.format(asked=values(after))
        return self._db.rows(sql, (*flat(after), *span, *span, *bounds(after)))

    def pending(
        self, model_key: str, account_ids: Sequence[str], *, before_seq: int
    ) -> list[Pending]:
        """Interests with a vector, matched up to less than a number; by account, then interest."""
        found: list[Pending] = []
        for some in parts([(account_id,) for account_id in sorted(account_ids)]):
            rows = self._db.rows(
                "SELECT t.*, v.vector, v.matched_seq FROM interest_vectors v JOIN interests t"
                " ON t.account_id = v.account_id AND t.id = v.interest_id"
                f" WHERE v.account_id IN ({marks(some)}) AND v.model_key = ? AND v.matched_seq < ?"
                " AND t.account_id BETWEEN ? AND ? ORDER BY v.account_id, v.interest_id",
                (*flat(some), model_key, before_seq, *bounds(some)),
            )
            found += [
                Pending(row["account_id"], to_interest(row), row["vector"], row["matched_seq"])
                for row in rows
            ]
        return found

    def put(
        self,
        model_key: str,
        seen: Mapping[str, Seen],
        met: Sequence[Pending],
        found: Sequence[tuple[str, Match]],
        *,
        matched_seq: int,
        keep: int,
        keep_avoided: int,
    ) -> int:
        """Put matches of many accounts, and note how far their interests were matched."""
        with self._db.transaction():
            # As who changes anything of an account's own takes it (see `PostgresConnections`).
            for account_id in sorted(seen):
                self._db.lock(f"account {account_id}")
            now = self._unless_more(model_key, seen, matched_seq)
            moving = MarkMoving(self._db, model_key, matched_seq)
            met = moving.unchanged([one for one in met if one.account_id in now])
            n_moved = moving.move(now, met)
            visible = {whose: {item_id for _, item_id in one.rows} for whose, one in now.items()}
            writing = MatchWriting(self._db, model_key, {"like": keep, "avoid": keep_avoided}, met)
            writing.put(
                [(whose, one) for whose, one in found if one.item_id in visible.get(whose, ())]
            )
        return n_moved

    def _unless_more(
        self, model_key: str, seen: Mapping[str, Seen], last_seq: int
    ) -> dict[str, Seen]:
        """What accounts can see by now, but of those that can see more than they could."""
        after = {account_id: one.after_seq for account_id, one in seen.items()}
        return {
            account_id: now
            for account_id, now in self.seen(model_key, after, last_seq=last_seq).items()
            if now.rows == seen[account_id].rows or {*now.rows} <= {*seen[account_id].rows}
        }
