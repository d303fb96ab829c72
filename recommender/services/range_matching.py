"""Matching a range of accounts with what is new: their interests, and items that each can see.

    vectors of the accounts that see something -> one query
    vectors of the new items -> one query, kept for the next range
    for each account: one matrix product, of its interests and the items it sees -> pairs
    words, relevances and spans of all these pairs, each item read once for all accounts
    matches and marks of the range -> one transaction

An account that is far behind, as with an interest that is new to a large pool, is matched with
the pool's file instead, but in the same way. What comes out is to the row what `Matching.run`
makes of each account by itself (a test compares).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from recommender_models import rows_from_blobs

from recommender.services.choosing import (
    LEAST_RELEVANCE,
    choose_matches,
    kept,
    untimed,
)
from recommender.services.embedding import embed_interests
from recommender.services.matching import BEST_LOOKED_AT
from recommender.services.newest import NEWEST_ROWS, Newest
from recommender.services.pairs import Pairs
from recommender.services.progress import silent
from recommender.services.readings import RememberingReader
from recommender.services.scanning import near_any, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from recommender.domain import Match, Polarity
    from recommender.services.choosing import Timed
    from recommender.services.judging import Query
    from recommender.services.matching import Matching
    from recommender.services.pool import Block
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage
    from recommender.storage.range_protocol import Pending, Seen

    Numbers = NDArray[np.int64]
    Blocks = Callable[[Numbers], Iterable[Block]]
    """The vectors of these sequence numbers."""

INTERESTS_AT_ONCE = 16_384
"""With their likeness to all subjects they take some 60 MB."""
FEW_ITEMS = 256
"""So few are not worth a choice among them, but some interests may be near none of them."""


class Sight(NamedTuple):
    """What an account can see, in columns."""

    seqs: Numbers
    """(n,) sequence numbers, ascending."""
    items: Numbers
    """(n,) item ids."""


class _Group(NamedTuple):
    """Interests that are compared with the same items."""

    account_id: str
    n: int
    sight: Sight


_NO_PAIRS = Pairs(
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.float32),
    np.empty(0, np.float32),
)


class RangeMatching:
    """Matches ranges of accounts under one model. For one thread at a time.

    Args:
        storage: The library.
        matching: Knows the model, and has the pool's file.
        timed: Told of the stages "load", "product", "words", "spans" and "write".
    """

    def __init__(self, storage: Storage, matching: Matching, timed: Timed = untimed) -> None:
        self._storage = storage
        self._key = matching.embedder.key
        self._dim = matching.embedder.dim
        self._embedder = matching.embedder
        self._judge = matching.judge
        self._pool = matching.pool
        self._newest = Newest(matching.judge, self._dim)
        self._reader = RememberingReader(storage.items.texts, matching.fresh_evidence())
        self._timed = timed

    def run(self, first: str, last: str, progress: Progress = silent) -> int:
        """Match what accounts have not met, `first` to `last`; returns for how many interests."""
        ranges = self._storage.ranges
        with self._timed("load"):
            for account_id in ranges.without_vector(self._key, first, last):
                embed_interests(self._storage, self._embedder, account_id)
            last_seq = self._storage.vectors.last_seq(self._key)
            behind = ranges.behind(self._key, first, last, before_seq=last_seq)
            border = ranges.seq_before(self._key, NEWEST_ROWS)
        near = {one: seq for one, seq in behind.items() if seq >= border}
        done = self._match_near(near, last_seq)
        progress("Matching", len(near), len(behind))
        for n_far, account_id in enumerate(sorted(behind.keys() - near.keys()), start=1):
            done += self._match_far(account_id, behind[account_id], last_seq)
            progress("Matching", len(near) + n_far, len(behind))
        return done

    def _match_near(self, after: Mapping[str, int], last_seq: int) -> int:
        """Match accounts that have met all but the newest, together."""
        if not after:
            return 0
        with self._timed("load"):
            seen = self._storage.ranges.seen(self._key, after, last_seq=last_seq)
            least = min((one.after_seq for one in seen.values() if one.rows), default=last_seq)
            self._newest.read(self._storage, self._key, after_seq=least, last_seq=last_seq)
        return self._match(seen, last_seq, lambda seqs: [self._newest.block(seqs)])

    def _match_far(self, account_id: str, after_seq: int, last_seq: int) -> int:
        """Match one account with all it can see."""
        with self._timed("load"):
            self._pool.sync(self._storage, self._key)
            after = {account_id: after_seq}
            seen = self._storage.ranges.seen(self._key, after, last_seq=last_seq)

        def blocks(seqs: Numbers) -> Iterator[Block]:
            for block in self._pool.blocks(int(seqs[0]) - 1 if len(seqs) else last_seq):
                yield block.only(np.flatnonzero(np.isin(block.seqs, seqs, assume_unique=True)))

        return self._match(seen, last_seq, blocks)

    def _match(self, seen: Mapping[str, Seen], last_seq: int, blocks: Blocks) -> int:
        with self._timed("load"):
            sighted = [account_id for account_id, one in seen.items() if one.rows]
            met = self._storage.ranges.pending(self._key, sighted, before_seq=last_seq)
            sights = {account_id: _sight(seen[account_id]) for account_id in sighted}
            self._reader.expect({item: seq for one in seen.values() for seq, item in one.rows})
        found: list[tuple[str, Match]] = []
        for start in range(0, len(met), INTERESTS_AT_ONCE):
            found += self._found(met[start : start + INTERESTS_AT_ONCE], sights, blocks)
        with self._timed("write"):
            return self._storage.ranges.put(
                self._key,
                seen,
                met,
                found,
                matched_seq=last_seq,
                keep=kept("like"),
                keep_avoided=kept("avoid"),
            )

    def _found(
        self, met: Sequence[Pending], sights: Mapping[str, Sight], blocks: Blocks
    ) -> list[tuple[str, Match]]:
        """(account, match) of some interests."""
        with self._timed("product"):
            groups, queries = self._asked(met, sights, blocks)
            pairs = self._pairs(groups, queries, blocks)
        matches = choose_matches(self._judge, queries, pairs, self._reader, self._timed)
        whose = [group.account_id for group in groups for _ in range(group.n)]
        return [
            (account_id, match)
            for account_id, some in zip(whose, matches, strict=True)
            for match in some
        ]

    def _asked(
        self, met: Sequence[Pending], sights: Mapping[str, Sight], blocks: Blocks
    ) -> tuple[list[_Group], list[Query]]:
        """The interests in groups that meet the same items, but those that are near none."""
        alike = sorted(met, key=lambda one: _company(one, sights[one.account_id]))
        # Who likes the same has the same vector.
        distinct = {
            vector: n for n, vector in enumerate(dict.fromkeys(one.vector for one in alike))
        }
        centres = self._judge.background.centred(rows_from_blobs(list(distinct), self._dim))
        row_of = np.array([distinct[one.vector] for one in alike], np.int64)
        groups, asked, at = [], [], 0
        for _, group in groupby(alike, lambda one: _company(one, sights[one.account_id])):
            n = len(list(group))
            sight = _after(sights[alike[at].account_id], alike[at].matched_seq)
            rows = np.arange(at, at + n)
            if len(sight.seqs) <= FEW_ITEMS:
                near = [
                    near_any(self._judge, centres[row_of[rows]], one) for one in blocks(sight.seqs)
                ]
                rows = rows[np.any(near, axis=0)]
            if len(rows):
                asked.append(rows)
                groups.append(_Group(alike[at].account_id, len(rows), sight))
            at += n
        chosen = np.concatenate([np.empty(0, np.int64), *asked])
        interests = [alike[row].interest for row in chosen.tolist()]
        wanted, row_of_each = np.unique(row_of[chosen], return_inverse=True)
        queries = self._judge.centred_queries(interests, centres[wanted], row_of_each.tolist())
        return groups, queries

    def _pairs(self, groups: Sequence[_Group], queries: Sequence[Query], blocks: Blocks) -> Pairs:
        """The pairs that the pass finds for each interest with what its account can see."""
        parts, at = [_NO_PAIRS], 0
        for group in groups:
            some, sight = queries[at : at + group.n], group.sight
            best = BEST_LOOKED_AT * kept(some[0].interest.polarity)
            found = scan(
                self._judge,
                some,
                blocks(sight.seqs),
                least=LEAST_RELEVANCE,
                best=best if len(sight.seqs) > FEW_ITEMS else None,
            )
            seqs = np.concatenate([one.seqs for one in found])
            parts.append(
                Pairs(
                    np.repeat(np.arange(at, at + group.n), [len(one.seqs) for one in found]),
                    sight.items[np.searchsorted(sight.seqs, seqs)],
                    np.concatenate([one.cosines for one in found]),
                    np.concatenate([one.margins for one in found]),
                )
            )
            at += group.n
        return Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _company(one: Pending, sight: Sight) -> tuple[str, int, Polarity | None]:
    """Interests for which this is the same are compared with the same items, all at once."""
    # How many of the best are kept matters only where there are many.
    polarity = one.interest.polarity if len(sight.seqs) > FEW_ITEMS else None
    return one.account_id, one.matched_seq, polarity


def _sight(seen: Seen) -> Sight:
    rows = np.array(seen.rows, np.int64)
    return Sight(rows[:, 0], rows[:, 1])


def _after(sight: Sight, seq: int) -> Sight:
    start = int(np.searchsorted(sight.seqs, seq, side="right"))
    return Sight(sight.seqs[start:], sight.items[start:])
