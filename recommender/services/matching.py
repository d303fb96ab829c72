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
from recommender.relevance import count_words
from recommender.services.embedding import background, centred, embed_interests
from recommender.services.evidence import Evidence, lexical_span
from recommender.services.progress import silent
from recommender.words import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from recommender_models import Embedder, VectorMatrix

    from recommender.domain import Interest
    from recommender.relevance import RelevanceModel
    from recommender.services.progress import Progress
    from recommender.storage.protocol import Storage

    Vectors = NDArray[np.float32]

KEEP = 100
"""Matches kept for one interest; a person is sent a few items a month."""
LEAST_RELEVANCE = 0.02
"""Below this a match is not even a near miss worth a row."""
SYNC_ROWS = 4096
QUERIES_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Hit:
    """A pair above the floor."""

    item_id: int
    cosine: float


@dataclass(frozen=True, slots=True)
class Query:
    """An interest on its way through the pool."""

    interest: Interest
    vector: Vectors
    """(dim,) centred unit vector."""
    words: tuple[str, ...]


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
        self._mean, self._deviation = background(storage, embedder)
        self._evidence = self._fresh_evidence()

    def run(self, account_ids: Iterable[str], progress: Progress = silent) -> int:
        """Match what has not met; returns the number of interests that had something to do."""
        sync_matrix(self._storage, self._matrix, self._embedder.key)
        done = 0
        for account_id in account_ids:
            embed_interests(self._storage, self._embedder, account_id)
            pending = self._pending(account_id)
            total = sum(len(queries) for queries in pending.values())
            for after_seq, queries in sorted(pending.items()):
                hits = self._hits(queries, after_seq)
                for query, found in zip(queries, hits, strict=True):
                    self._store(account_id, query, found)
                    done += 1
                    progress("Matching", done, total)
        return done

    def _fresh_evidence(self) -> Evidence:
        return Evidence(self._embedder, self._mean, self._deviation, self._model)

    def _pending(self, account_id: str) -> dict[int, list[Query]]:
        """Queries by the sequence number they have been matched up to."""
        from recommender_models import from_bytes

        vectors = self._storage.vectors.interest_vectors(account_id, self._embedder.key)
        pending: dict[int, list[Query]] = defaultdict(list)
        for interest in self._storage.people.interests(account_id):
            blob, matched_seq = vectors[interest.id]
            if matched_seq < self._matrix.last_seq:
                vector = from_bytes(blob, self._embedder.dim)
                pending[matched_seq].append(self.query(interest, vector))
        return pending

    def query(self, interest: Interest, vector: Vectors) -> Query:
        """An interest with its centred vector and its words."""
        return Query(
            interest, centred(vector[None, :], self._mean)[0], tuple(tokens(interest.phrase))
        )

    def _hits(self, queries: Sequence[Query], after_seq: int) -> list[list[Hit]]:
        """For each query its pairs above the floor."""
        import numpy as np

        stacked = np.stack([query.vector for query in queries])
        floor = self._model.floor_sd * self._deviation
        found: list[list[tuple[int, float]]] = [[] for _ in queries]
        for seqs, block in self._matrix.blocks(after_seq):
            for row, column, cosine in pairs_above(stacked, block, self._mean, floor):
                found[row].append((int(seqs[column]), cosine))
        return [list(self._current(pairs)) for pairs in found]

    def _current(self, pairs: Sequence[tuple[int, float]]) -> Iterator[Hit]:
        # The matrix keeps rows of items that were rewritten or deleted since.
        ids = self._storage.vectors.item_ids_by_seq(self._embedder.key, [seq for seq, _ in pairs])
        for seq, cosine in pairs:
            if seq in ids:
                yield Hit(ids[seq], cosine)

    def _store(self, account_id: str, query: Query, hits: Sequence[Hit]) -> None:
        texts = self._storage.items.texts([hit.item_id for hit in hits])
        scored = []
        for hit in hits:
            if hit.item_id in texts:
                lexical, relevance = self.relevance(query, hit.cosine, *texts[hit.item_id])
                if relevance >= LEAST_RELEVANCE:
                    scored.append((relevance, lexical, hit))
        # All ties at the border stay: the storage settles them by item key.
        scored.sort(key=lambda one: -one[0])
        border = scored[KEEP - 1][0] if len(scored) >= KEEP else 0.0
        self._storage.matches.put_matches(
            account_id,
            self._embedder.key,
            query.interest.id,
            [
                self._match(self._evidence, query, relevance, lexical, hit, *texts[hit.item_id])
                for relevance, lexical, hit in scored
                if relevance >= border
            ],
            matched_seq=self._matrix.last_seq,
            keep=KEEP,
        )

    def relevance(self, query: Query, cosine: float, title: str, text: str) -> tuple[float, float]:
        """(lexical share, probability) of one pair, rounded to what float noise leaves sure."""
        head, words = count_words(title, text)
        body = self._model.lexical(query.words, words)
        in_title = self._model.lexical(query.words, head)
        probability = self._model.probability(cosine / self._deviation, body, in_title)
        return round(body, 4), round(probability, 4)

    def _match(
        self,
        evidence: Evidence,
        query: Query,
        relevance: float,
        lexical: float,
        hit: Hit,
        title: str,
        text: str,
    ) -> Match:
        return Match(
            contact_id=query.interest.contact_id,
            interest_id=query.interest.id,
            item_id=hit.item_id,
            relevance=relevance,
            cosine=round(hit.cosine, 4),
            lexical=lexical,
            # By sentence vectors for what may be shown, by words alone for a near miss.
            span=evidence.span(hit.item_id, title, text, query.words, query.vector)
            if relevance >= self._model.threshold
            else lexical_span(title, text, query.words),
        )

    def match_text(self, queries: Sequence[Query], title: str, text: str) -> list[Match]:
        """A page that is not in the pool against interests: one match a query, above the floor."""
        import numpy as np

        from recommender.services.embedding import embed, item_text

        if not queries:
            return []
        evidence = self._fresh_evidence()  # the page has no id to be remembered by
        vector = embed(self._embedder, [item_text(title, text)])
        stacked = np.stack([query.vector for query in queries])
        cosines = centred_cosines(stacked, vector, self._mean)[:, 0]
        found = []
        for query, cosine in zip(queries, cosines.tolist(), strict=True):
            lexical, relevance = self.relevance(query, cosine, title, text)
            if relevance >= LEAST_RELEVANCE:
                hit = Hit(0, cosine)
                found.append(self._match(evidence, query, relevance, lexical, hit, title, text))
        return found

    def queries(self, account_id: str) -> list[Query]:
        """All of an account's interests, embedded if they were not yet."""
        from recommender_models import from_bytes

        embed_interests(self._storage, self._embedder, account_id)
        vectors = self._storage.vectors.interest_vectors(account_id, self._embedder.key)
        return [
            self.query(interest, from_bytes(vectors[interest.id][0], self._embedder.dim))
            for interest in self._storage.people.interests(account_id)
        ]


def centred_cosines(queries: Vectors, block: Vectors, mean: Vectors) -> Vectors:
    """(q, n) cosines of centred unit queries with items, which are centred here."""
    cosines: Vectors = queries @ centred(block, mean).T
    return cosines


def pairs_above(
    queries: Vectors, block: Vectors, mean: Vectors, floor: float
) -> Iterator[tuple[int, int, float]]:
    """(query row, block row, cosine) of each pair whose centred cosine is at least the floor.

    A few queries at a time: the product of thousands with a whole block would not fit into the
    processor's cache, and reading it back from memory costs more than making it.
    """
    import numpy as np

    items = centred(block, mean).T
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        cosines = queries[start : start + QUERIES_AT_ONCE] @ items
        found = np.flatnonzero(cosines >= floor)
        rows, columns = np.divmod(found, cosines.shape[1])
        values = cosines.ravel()[found]
        for row, column, cosine in zip(
            rows.tolist(), columns.tolist(), values.tolist(), strict=True
        ):
            yield start + row, column, cosine


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
