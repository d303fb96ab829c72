"""Matches: every interest against every item it has not met yet, computed once and stored.

    interests without a vector -> embed
    for interests that share the same matched_seq:
        for each block of the memory-mapped matrix after it:
            one matrix product -> pairs above the floor
        words of those items -> probability -> best `KEEP` -> quoted spans -> stored

An interest notes the sequence number up to which it was matched in the same transaction as its
matches, so a crash at any moment loses no pair and doubles none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommender.domain import Match
from recommender.services.embedding import background, embed_interests
from recommender.services.evidence import Evidence, lexical_span
from recommender.services.judging import Judge, padded_rows
from recommender.services.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from recommender_models import Embedder, Rating, VectorMatrix

    from recommender.relevance import RelevanceModel
    from recommender.services.judging import Query, Verdict
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage

    Vectors = NDArray[np.float32]

KEEP = 100
"""Matches kept for one interest; a person is sent a few items a month."""
LEAST_RELEVANCE = 0.02
"""Below this a match is not even a near miss worth a row."""
SYNC_ROWS = 4096
QUERIES_AT_ONCE = 64
"""Interests that go through the pool together."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A pair above the floor."""

    item_id: int
    cosine: float
    margin: float


class Matching:
    """Matches one library's interests with its pool under one model.

    Args:
        storage: The library.
        embedder: The model.
        matrix: The model's memory-mapped vectors; brought up to date here.
        model: The fitted numbers.
    """

    def __init__(
        self, storage: Storage, embedder: Embedder, matrix: VectorMatrix, model: RelevanceModel
    ) -> None:
        self._storage = storage
        self._embedder = embedder
        self._matrix = matrix
        self._model = model
        self._judge = Judge(background(storage, embedder), model)
        self._evidence = self._fresh_evidence()

    def run(self, account_ids: Iterable[str], progress: Progress = silent) -> int:
        """Match what has not met; returns the number of interests that had something to do."""
        sync_matrix(self._storage, self._matrix, self._embedder.key)
        self._evidence = self._fresh_evidence()  # items may have been rewritten since
        done = 0
        for account_id in account_ids:
            embed_interests(self._storage, self._embedder, account_id)
            pending = self._pending(account_id)
            total = sum(len(queries) for queries in pending.values())
            for after_seq, queries in sorted(pending.items()):
                # A few at a time: the pairs of all of them would not fit into memory.
                for start in range(0, len(queries), QUERIES_AT_ONCE):
                    some = queries[start : start + QUERIES_AT_ONCE]
                    for query, found in zip(some, self._hits(some, after_seq), strict=True):
                        self._store(account_id, query, found)
                        done += 1
                        progress("Matching", done, total)
        return done

    def _fresh_evidence(self) -> Evidence:
        return Evidence(self._embedder, self._judge.background, self._model)

    def _pending(self, account_id: str) -> dict[int, list[Query]]:
        """Queries by the sequence number they have been matched up to."""
        from recommender_models import from_bytes

        vectors = self._storage.vectors.interest_vectors(account_id, self._embedder.key)
        pending: dict[int, list[Query]] = defaultdict(list)
        for interest in self._storage.people.interests(account_id):
            if interest.id not in vectors:
                continue  # it was added meanwhile, and has its turn in the next run
            blob, matched_seq = vectors[interest.id]
            if matched_seq < self._matrix.last_seq:
                vector = from_bytes(blob, self._embedder.dim)
                pending[matched_seq].append(self._judge.query(interest, vector))
        return pending

    def _hits(self, queries: Sequence[Query], after_seq: int) -> list[list[Hit]]:
        """For each query its pairs above the floor."""
        import numpy as np

        stacked = np.stack([query.vector for query in queries])
        floor = self._model.floor_sd * self._judge.background.deviation
        found: list[list[tuple[int, float, float]]] = [[] for _ in queries]
        for seqs, block in self._matrix.blocks(after_seq):
            items = self._judge.background.centred(block)
            pairs = list(pairs_above(stacked, items, floor))
            for row, columns, cosines, margins in self._judge.judged(queries, items, pairs):
                found[row].extend(
                    zip(seqs[columns].tolist(), cosines.tolist(), margins.tolist(), strict=True)
                )
        return [list(self._current(pairs)) for pairs in found]

    def _current(self, pairs: Sequence[tuple[int, float, float]]) -> Iterator[Hit]:
        # The matrix keeps rows of items that were rewritten or deleted since.
        seqs = [seq for seq, _, _ in pairs]
        ids = self._storage.vectors.item_ids_by_seq(self._embedder.key, seqs)
        for seq, cosine, margin in pairs:
            if seq in ids:
                yield Hit(ids[seq], cosine, margin)

    def _store(self, account_id: str, query: Query, hits: Sequence[Hit]) -> None:
        texts = self._storage.items.texts([hit.item_id for hit in hits])
        judged = []
        for hit in hits:
            if hit.item_id in texts:
                verdict = self._judge.verdict(query, hit.cosine, hit.margin, *texts[hit.item_id])
                if verdict.relevance >= LEAST_RELEVANCE:
                    judged.append((verdict, hit))
        # All ties at the border stay: the storage settles them by item key.
        judged.sort(key=lambda one: -one[0].relevance)
        border = judged[KEEP - 1][0].relevance if len(judged) >= KEEP else 0.0
        self._storage.matches.put_matches(
            account_id,
            self._embedder.key,
            query.interest.id,
            [
                self._match(self._evidence, query, verdict, hit, *texts[hit.item_id])
                for verdict, hit in judged
                if verdict.relevance >= border
            ],
            matched_seq=self._matrix.last_seq,
            keep=KEEP,
        )

    def _match(
        self, evidence: Evidence, query: Query, verdict: Verdict, hit: Hit, title: str, text: str
    ) -> Match:
        return Match(
            contact_id=query.interest.contact_id,
            interest_id=query.interest.id,
            item_id=hit.item_id,
            relevance=verdict.relevance,
            cosine=round(hit.cosine, 4),
            margin=verdict.margin,
            lexical=verdict.lexical,
            # By sentence vectors for what may be shown, by words alone for a near miss.
            span=evidence.span(hit.item_id, title, text, query.words, query.vector)
            if verdict.relevance >= self._model.threshold
            else lexical_span(title, text, query.words),
        )

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

    def match_text(
        self, queries: Sequence[Query], title: str, text: str, page: Vectors
    ) -> list[Match]:
        """A page that is not in the pool against interests: one match a query, above the floor."""
        import numpy as np

        if not queries:
            return []
        evidence = self._fresh_evidence()  # the page has no id to be remembered by
        item = self._judge.background.centred(page)
        nearest = self._judge.nearest(item)
        stacked = np.stack([query.vector for query in queries])
        cosines = (padded_rows(stacked) @ padded_rows(item).T)[: len(queries), 0]
        found = []
        for query, cosine in zip(queries, cosines.tolist(), strict=True):
            cosine_of = np.array([cosine], np.float32)
            margin = float(self._judge.margins(query, cosine_of, nearest)[0])
            verdict = self._judge.verdict(query, cosine, margin, title, text)
            if verdict.relevance >= LEAST_RELEVANCE:
                hit = Hit(0, cosine, margin)
                found.append(self._match(evidence, query, verdict, hit, title, text))
        return found

    def queries(self, account_id: str) -> list[Query]:
        """All of an account's interests, embedded if they were not yet."""
        from recommender_models import from_bytes

        embed_interests(self._storage, self._embedder, account_id)
        vectors = self._storage.vectors.interest_vectors(account_id, self._embedder.key)
        return [
            self._judge.query(interest, from_bytes(vectors[interest.id][0], self._embedder.dim))
            for interest in self._storage.people.interests(account_id)
            if interest.id in vectors
        ]


def pairs_above(
    queries: Vectors, items: Vectors, floor: float
) -> Iterator[tuple[int, NDArray[np.int64], Vectors]]:
    """(query row, item rows, cosines) of the pairs whose centred cosine is at least the floor.

    A few queries at a time: the product of thousands with a whole block would not fit into the
    processor's cache, and reading it back from memory costs more than making it.
    """
    import numpy as np

    padded = padded_rows(items).T
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        some = queries[start : start + QUERIES_AT_ONCE]
        cosines = (padded_rows(some) @ padded)[: len(some), : len(items)]
        for row, of_query in enumerate(cosines):
            columns = np.flatnonzero(of_query >= floor)
            if len(columns):
                yield start + row, columns, of_query[columns]


def sync_matrix(storage: Storage, matrix: VectorMatrix, model_key: str) -> None:
    """Append the stored vectors the matrix has not seen; rebuild it if it is not this library's."""
    if not _is_prefix(storage, matrix, model_key):
        matrix.clear()
    while rows := storage.vectors.item_vectors_after(model_key, matrix.last_seq, limit=SYNC_ROWS):
        from recommender_models import rows_from_blobs

        vectors = rows_from_blobs([blob for _, _, blob in rows], matrix.dim)
        matrix.append([seq for seq, _, _ in rows], vectors)


def _is_prefix(storage: Storage, matrix: VectorMatrix, model_key: str) -> bool:
    """Whether the matrix can be the beginning of what is stored (a restored backup's can't)."""
    return matrix.last_seq <= storage.vectors.last_seq(model_key)
