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

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import Match
from recommender.services.embedding import background, embed_interests
from recommender.services.evidence import Evidence, lexical_span
from recommender.services.judging import Judge, padded_rows
from recommender.services.pool import Pool
from recommender.services.progress import silent
from recommender.services.scanning import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from recommender_models import Embedder, Rating, VectorMatrix

    from recommender.domain import Polarity
    from recommender.relevance import RelevanceModel
    from recommender.services.judging import Query, Verdict
    from recommender.services.progress import Progress
    from recommender.services.scanning import Found
    from recommender.storage.protocol import Storage

    Vectors = NDArray[np.float32]

KEEP = 100
"""Matches kept for one interest; a person is sent a few items a month."""
KEEP_AVOIDED = 5000
"""Of what a contact would rather not see, as much as the pool may hold."""
LEAST_RELEVANCE = 0.02
"""Below this a match is not even a near miss worth a row."""
STORED_AT_ONCE = 64
INTERESTS_AT_ONCE = 2048
"""What is kept of an interest on its way through the pool takes some kilobytes."""
BEST_LOOKED_AT = 4
"""The pass goes on for so many times the best that are kept: some may turn out to be rewritten or
not ours."""


class Hit(NamedTuple):
    """A pair that may come to a match."""

    item_id: int
    cosine: float
    margin: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A hit with what it comes to and the texts that tell."""

    hit: Hit
    verdict: Verdict
    title: str
    text: str


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
        self._evidence = self._fresh_evidence()

    def run(self, account_ids: Iterable[str], progress: Progress = silent) -> int:
        """Match what has not met; returns the number of interests that had something to do."""
        self._pool.sync(self._storage, self._embedder.key)
        self._evidence = self._fresh_evidence()  # items may have been rewritten since
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
        best = BEST_LOOKED_AT * _keep(queries[0])  # they share their polarity
        pairs = list(zip(queries, self._scan(queries, after_seq, best), strict=True))
        for start in range(0, len(pairs), STORED_AT_ONCE):
            some = [
                (query, self._matches(account_id, query, found, after_seq))
                for query, found in pairs[start : start + STORED_AT_ONCE]
            ]
            # Written together, when all of it is computed: a transaction for each costs more.
            with self._storage.transaction():
                for query, matches in some:
                    self._storage.matches.put_matches(
                        account_id,
                        self._embedder.key,
                        query.interest.id,
                        matches,
                        matched_seq=last_seq,
                        keep=_keep(query),
                    )
            yield len(some)

    def _scan(self, queries: Sequence[Query], after_seq: int, best: int | None) -> list[Found]:
        blocks = self._pool.blocks(after_seq)
        return scan(self._judge, queries, blocks, least=LEAST_RELEVANCE, best=best)

    def _matches(self, account_id: str, query: Query, found: Found, after_seq: int) -> list[Match]:
        """The best matches of one interest, and all that tie with the last of them."""
        keep = _keep(query)
        hits, surely = self._hits(account_id, found)
        n_sure = int((surely >= found.border).sum())
        if found.border > -math.inf and n_sure < keep:
            # Many of the best were rewritten since or are not the account's: look at everything.
            hits, _ = self._hits(account_id, self._scan([query], after_seq, None)[0])
        judged = sorted(self._judged(query, hits), key=lambda one: -one.verdict.relevance)
        # All ties at the border stay: the storage settles them by item key.
        border = judged[keep - 1].verdict.relevance if len(judged) >= keep else 0.0
        return [
            self._match(self._evidence, query, one)
            for one in judged
            if one.verdict.relevance >= border
        ]

    def _hits(self, account_id: str, found: Found) -> tuple[list[Hit], Vectors]:
        """Hits on items that are still as they were and visible; their log-odds without words."""
        # The matrix keeps rows of items that were rewritten or deleted since.
        seqs = found.seqs.tolist()
        ids = self._storage.vectors.item_ids_by_seq(self._embedder.key, seqs)
        visible = self._storage.matches.visible(account_id, list(ids.values()))
        rows = [at for at, seq in enumerate(seqs) if ids.get(seq) in visible]
        cosines, margins = found.cosines[rows].tolist(), found.margins[rows].tolist()
        hits = [
            Hit(ids[seqs[at]], *pair)
            for at, pair in zip(rows, zip(cosines, margins, strict=True), strict=True)
        ]
        return hits, found.surely[rows]

    def _judged(self, query: Query, hits: Sequence[Hit]) -> Iterator[Judged]:
        texts = self._storage.items.texts([hit.item_id for hit in hits])
        for hit in hits:
            if hit.item_id in texts:
                title, text = texts[hit.item_id]
                verdict = self._judge.verdict(query, hit.cosine, hit.margin, title, text)
                if verdict.relevance >= LEAST_RELEVANCE:
                    yield Judged(hit, verdict, title, text)

    def _fresh_evidence(self) -> Evidence:
        return Evidence(self._embedder, self._judge.background, self._model)

    def _pending(self, account_id: str) -> dict[tuple[Polarity, int], list[Query]]:
        """Queries by polarity and the sequence number they have been matched up to."""
        from recommender_models import from_bytes

        vectors = self._storage.vectors.interest_vectors(account_id, self._embedder.key)
        pending: dict[tuple[Polarity, int], list[Query]] = defaultdict(list)
        for interest in self._storage.people.interests(account_id):
            if interest.id not in vectors:
                continue  # it was added meanwhile, and has its turn in the next run
            blob, matched_seq = vectors[interest.id]
            if matched_seq < self._pool.last_seq:
                vector = from_bytes(blob, self._embedder.dim)
                pending[interest.polarity, matched_seq].append(self._judge.query(interest, vector))
        return pending

    def _match(self, evidence: Evidence, query: Query, judged: Judged) -> Match:
        hit, verdict, title, text = judged.hit, judged.verdict, judged.title, judged.text
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
            if verdict.relevance >= self._model.threshold and query.interest.polarity == "like"
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
                judged = Judged(Hit(0, cosine, margin), verdict, title, text)
                found.append(self._match(evidence, query, judged))
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


def _keep(query: Query) -> int:
    """How many matches of an interest are kept."""
    return KEEP if query.interest.polarity == "like" else KEEP_AVOIDED
