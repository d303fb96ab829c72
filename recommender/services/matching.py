"""Matches: every interest against every item it has not met yet, computed once and stored.

    interests without a vector -> embed
    for interests that share the same matched_seq:
        for each block of the memory-mapped matrix after it:
            one matrix product -> pairs above the floor
        words of those items, each read once -> probability -> best `KEEP` of each interest
        quoted spans, item by item -> stored

An interest notes the sequence number up to which it was matched in the same transaction as its
matches, so a crash at any moment loses no pair and doubles none.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from recommender.services.choosing import LEAST_RELEVANCE, choose_matches, kept
from recommender.services.embedding import background, embed_interests
from recommender.services.evidence import Evidence
from recommender.services.judging import Judge, dots
from recommender.services.pairs import Pairs
from recommender.services.pool import Pool
from recommender.services.progress import silent
from recommender.services.queries import QueryCache
from recommender.services.readings import Reader
from recommender.services.scanning import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from recommender_models import Embedder, Rating, VectorMatrix

    from recommender.domain import Match, Polarity
    from recommender.relevance import RelevanceModel
    from recommender.services.judging import Query
    from recommender.services.pairs import Numbers
    from recommender.services.progress import Progress
    from recommender.services.queries import Queries
    from recommender.services.scanning import Found
    from recommender.storage.protocol import Storage

    Vectors = NDArray[np.float32]

STORED_AT_ONCE = 64
INTERESTS_AT_ONCE = 2048
"""What is kept of an interest on its way through the pool takes some kilobytes."""
BEST_LOOKED_AT = 4
"""The pass goes on for so many times the best that are kept: some may turn out to be rewritten or
not ours."""


class Matching:
    """Matches one library's interests with its pool under one model.

    Args:
        storage: The library.
        embedder: The model.
        open_matrix: Opens the model's matrix of a name and a length of rows; brought up to date
            here.
        model: The fitted numbers.
    """

    def __init__(
        self,
        storage: Storage,
        embedder: Embedder,
        open_matrix: Callable[[str, int], VectorMatrix],
        model: RelevanceModel,
    ) -> None:
        self._storage = storage
        self._embedder = embedder
        self._model = model
        self._judge = Judge(background(storage, embedder), model)
        self._pool = Pool(self._judge, open_matrix("", embedder.dim), open_matrix)
        self._reader = Reader(storage.items.texts, self.fresh_evidence())
        self._queries = QueryCache(storage, embedder, self._judge)

    def run(self, account_ids: Iterable[str], progress: Progress = silent) -> int:
        """Match what has not met; returns the number of interests that had something to do."""
        self._pool.sync(self._storage, self._embedder.key)
        # Items may have been rewritten since.
        self._reader = Reader(self._storage.items.texts, self.fresh_evidence())
        done = 0
        for account_id in account_ids:
            embed_interests(self._storage, self._embedder, account_id)
            pending = self._pending(account_id)
            total = sum(len(queries) for queries in pending.values())
            for (_, after_seq), queries in sorted(pending.items()):
                # A few at a time: the pairs of all of them would not fit into memory.
                for start in range(0, len(queries), INTERESTS_AT_ONCE):
                    some = queries[start : start + INTERESTS_AT_ONCE]
                    for n_stored in self._match_some(account_id, some, after_seq):
                        done += n_stored
                        progress("Matching", done, total)
        return done

    def _match_some(
        self, account_id: str, queries: Sequence[Query], after_seq: int
    ) -> Iterator[int]:
        """Match interests that have met the same items; yields how many were stored."""
        last_seq = self._pool.last_seq
        pairs = self._pairs(account_id, queries, after_seq)
        matches = choose_matches(self._judge, queries, pairs, self._reader)
        for start in range(0, len(queries), STORED_AT_ONCE):
            some = range(start, min(start + STORED_AT_ONCE, len(queries)))
            # Written together: a transaction for each costs more.
            with self._storage.transaction():
                for at in some:
                    self._storage.matches.put_matches(
                        account_id,
                        self._embedder.key,
                        queries[at].interest.id,
                        matches[at],
                        after_seq=after_seq,
                        matched_seq=last_seq,
                        keep=kept(queries[at].interest.polarity),
                    )
            yield len(some)

    def _scan(self, queries: Sequence[Query], after_seq: int, best: int | None) -> list[Found]:
        blocks = self._pool.blocks(after_seq)
        return scan(self._judge, queries, blocks, least=LEAST_RELEVANCE, best=best)

    def _pairs(self, account_id: str, queries: Sequence[Query], after_seq: int) -> Pairs:
        """The pairs that the pass finds, with items that still are what they were, and visible."""
        keep = kept(queries[0].interest.polarity)  # they share their polarity
        found = self._scan(queries, after_seq, BEST_LOOKED_AT * keep)
        ends = np.cumsum([len(one.seqs) for one in found])
        items = np.split(
            self._shown(account_id, np.concatenate([f.seqs for f in found])), ends[:-1]
        )
        for at, one in enumerate(found):
            n_sure = int((one.surely[items[at] > 0] >= one.border).sum())
            if one.border > -math.inf and n_sure < keep:
                # Too many of the best were rewritten or are not the account's: look at everything.
                found[at] = self._scan([queries[at]], after_seq, None)[0]
                items[at] = self._shown(account_id, found[at].seqs)
        pairs = Pairs(
            np.repeat(np.arange(len(found)), [len(one.seqs) for one in found]),
            np.concatenate(items),
            np.concatenate([one.cosines for one in found]),
            np.concatenate([one.margins for one in found]),
        )
        return pairs.only(pairs.items > 0)

    def _shown(self, account_id: str, seqs: Numbers) -> Numbers:
        """(n,) item ids of sequence numbers; 0 where the account is shown no such vector's item."""
        # The matrix keeps rows of items that were rewritten or deleted since.
        wanted, at = np.unique(seqs, return_inverse=True)
        ids = self._storage.vectors.item_ids_by_seq(self._embedder.key, wanted.tolist())
        visible = self._storage.matches.visible(account_id, list(ids.values()))
        shown = [ids[seq] if ids.get(seq) in visible else 0 for seq in wanted.tolist()]
        return np.array(shown, np.int64)[at]

    def fresh_evidence(self) -> Evidence:
        """What chooses spans, with nothing in its memory."""
        return Evidence(self._embedder, self._judge.background, self._model)

    def _pending(self, account_id: str) -> dict[tuple[Polarity, int], list[Query]]:
        """Queries by polarity and the sequence number they have been matched up to."""
        from recommender_models import rows_from_blobs

        vectors = self._storage.vectors.interest_vectors(account_id, self._embedder.key)
        behind = [
            interest
            for interest in self._storage.people.interests(account_id)
            # One that was added meanwhile has its turn in the next run.
            if interest.id in vectors and vectors[interest.id][1] < self._pool.last_seq
        ]
        blobs = [vectors[interest.id][0] for interest in behind]
        queries = self._judge.queries(behind, rows_from_blobs(blobs, self._embedder.dim))
        pending: dict[tuple[Polarity, int], list[Query]] = defaultdict(list)
        for query in queries:
            matched_seq = vectors[query.interest.id][1]
            pending[query.interest.polarity, matched_seq].append(query)
        return pending

    @property
    def judge(self) -> Judge:
        """How pairs are judged under this model."""
        return self._judge

    @property
    def pool(self) -> Pool:
        """The pool's vectors on this machine's disk, as they were when last brought up to date."""
        return self._pool

    @property
    def embedder(self) -> Embedder:
        """The model."""
        return self._embedder

    def page(self, title: str, text: str) -> Vectors:
        """(1, dim) unit vector of a page that is not in the pool."""
        from recommender.services.embedding import embed, item_text

        return embed(self._embedder, [item_text(title, text)])

    def rating(self, title: str, text: str, page: Vectors) -> Rating:
        """How fit a page is for all ears, and what it touches."""
        from recommender_models import is_default, offcolour_model

        return offcolour_model().rate(
            [f"{title}\n{text}"],
            are_jokes=[False],
            vectors=page if is_default(self._embedder) else None,
        )[0]

    def match_text(self, queries: Queries, title: str, text: str, page: Vectors) -> list[Match]:
        """A page that is not in the pool against interests: one match a query, above the floor."""
        n = len(queries.all)
        if n == 0:
            return []
        # The page has no id to be remembered by.
        reader = Reader(lambda _: {0: (title, text)}, self.fresh_evidence())
        item = self._judge.background.centred(page)
        nearest = self._judge.nearest(item)
        cosines = dots(queries.vectors, item, np.arange(n), np.zeros(n, np.int64))
        rivalry = nearest.cosines - queries.handicaps[:, nearest.subjects[0].astype(np.intp)]
        margins = self._judge.margin(cosines, rivalry)
        pairs = Pairs(np.arange(n), np.zeros(n, np.int64), cosines, margins)
        found = choose_matches(self._judge, queries.all, pairs, reader)
        return [match for matches in found for match in matches]

    def queries(self, account_id: str) -> Queries:
        """All of an account's interests, embedded if they were not yet."""
        return self._queries.of(account_id)
