"""The parts that matching ranges of accounts is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from recommender.relevance import Evidence, RelevanceModel
from recommender.services import newest, readings
from recommender.services.embedding import Background
from recommender.services.evidence import Evidence as Spans
from recommender.services.judging import Judge, dots
from recommender.services.newest import Newest
from recommender.services.pairs import Met
from recommender.services.pool import describe, described
from recommender.services.readings import RememberingReader
from recommender.services.scanning import near_any, scan
from recommender.testing import MODEL, WordEmbedder, make_contact, make_interest
from recommender.testing.ranges import join, publish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from recommender.storage.sqlite import SqliteStorage

    Vectors = NDArray[np.float32]

RNG = np.random.default_rng(8)
NUMBERS = RelevanceModel(-4.0, Evidence(0.0, 1.8, 2.7, -0.5), 0.5, 1.8, {})


def unit(n: int, dim: int = 64) -> Vectors:
    rows = RNG.standard_normal((n, dim)).astype(np.float32)
    made: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


@pytest.fixture
def judge() -> Judge:
    return Judge(Background(unit(1)[0] / 10, 0.11, unit(90)), NUMBERS)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 1500])
def test_a_product_of_rows_is_the_same_in_any_company(n: int) -> None:
    left, right = unit(300), unit(200)
    pairs = RNG.integers(0, 300, n), RNG.integers(0, 200, n)
    found = dots(left, right, *pairs)
    one_by_one = [
        dots(left[[a]], right[[b]], *np.zeros((2, 1), int))[0] for a, b in zip(*pairs, strict=True)
    ]
    assert found.tolist() == one_by_one
    np.testing.assert_allclose(found, (left @ right.T)[pairs], atol=1e-6)


@pytest.mark.parametrize("n", [1, 5, 300])
def test_an_interest_comes_to_the_same_in_any_company(judge: Judge, n: int) -> None:
    vectors, interest = unit(300), make_interest(make_contact())
    whole = judge.queries([interest] * 300, vectors)
    part = judge.queries([interest] * n, vectors[300 - n :])
    for one, other in zip(whole[300 - n :], part, strict=True):
        assert one.vector.tolist() == other.vector.tolist()
        assert one.handicap.tolist() == other.handicap.tolist()
        assert one.words == other.words == ("sailing",)
    assert judge.queries([], vectors[:0]) == []


def test_who_is_near_none_is_in_no_pair(judge: Judge) -> None:
    items, asked = unit(4), unit(400)
    block = described(np.arange(1, 5), items, describe(judge, items))
    queries = judge.queries([make_interest(make_contact())] * 400, asked)
    near = near_any(judge, judge.background.centred(asked), block)
    found = scan(judge, queries, [block], least=1e-9, best=None)
    assert 0 < near.sum() < 200
    assert [at for at, one in enumerate(found) if len(one.seqs) and not near[at]] == []
    assert sum(len(one.seqs) for one in found) > 0


def test_the_newest_are_read_once(
    judge: Judge, storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(storage, "a", "https://f")
    publish(storage, "https://f", *(f"https://e/{n}" for n in range(6)))
    vectors = unit(6)
    for seq, vector in enumerate(vectors, start=1):
        sql = "UPDATE item_vectors SET vector = ? WHERE seq = ?"
        storage._db.execute(sql, (vector.tobytes(), seq))
    asked: list[int] = []
    read = storage.vectors.item_vectors_after

    def reading(model_key: str, seq: int, *, limit: int) -> list[tuple[int, int, bytes]]:
        asked.append(seq)
        return read(model_key, seq, limit=limit)

    monkeypatch.setattr(storage.vectors, "item_vectors_after", reading)
    some = Newest(judge, 64)
    assert len(some.block(np.array([1, 2])).seqs) == 0
    some.read(storage, MODEL, after_seq=2, last_seq=4)
    assert some.block(np.array([1, 3, 4, 5])).seqs.tolist() == [3, 4]
    some.read(storage, MODEL, after_seq=3, last_seq=6)
    some.read(storage, MODEL, after_seq=6, last_seq=6)
    assert asked == [2, 4]
    block = some.block(np.array([3, 6]))
    whole = described(np.array([3, 6]), vectors[[2, 5]], describe(judge, vectors[[2, 5]]))
    assert block.seqs.tolist() == [3, 6]
    assert block.vectors.tolist() == vectors[[2, 5]].tolist()
    assert block.lengths.tolist() == whole.lengths.tolist()
    assert block.nearest.cosines.tolist() == whole.nearest.cosines.tolist()
    # What is older than what is there, or is not there any more, is read anew.
    some.read(storage, MODEL, after_seq=1, last_seq=6)
    some.read(storage, MODEL, after_seq=1, last_seq=5)
    assert some.block(np.arange(1, 9)).seqs.tolist() == [2, 3, 4, 5]
    monkeypatch.setattr(newest, "NEWEST_ROWS", 1)
    some.read(storage, MODEL, after_seq=4, last_seq=6)
    assert some.block(np.arange(1, 9)).seqs.tolist() == [5, 6]
    monkeypatch.setattr(newest, "NEWEST_ROWS", 9)
    some.read(storage, MODEL, after_seq=1, last_seq=2)
    some.read(storage, MODEL, after_seq=5, last_seq=6)
    assert some.block(np.arange(1, 9)).seqs.tolist() == [6]
    assert asked == [2, 4, 1, 1, 4, 1, 5]


class Shelf:
    """Texts, and what was read of them."""

    def __init__(self) -> None:
        self.texts = {n: (f"Title {n}", f"Some words about {n}. " * 3) for n in range(1, 9)}
        self.read: list[int] = []

    def __call__(self, item_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        self.read += item_ids
        return {n: self.texts[n] for n in item_ids if n in self.texts}


def test_a_text_is_read_until_its_vector_changes(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "REMEMBERED_TEXTS", 3)
    embedder, shelf = WordEmbedder(), Shelf()
    reader = RememberingReader(shelf, Spans(embedder, judge.background, NUMBERS))
    query = judge.query(make_interest(make_contact()), unit(1)[0])

    def met(item_id: int) -> Met:
        title, text = reader.texts([item_id])[item_id]
        return Met(item_id, [0], title, text)

    def look(item_id: int) -> tuple[object, str]:
        item = met(item_id)
        quotes = reader.quotes(item)
        return reader.words(item), reader.span(item, quotes, query)

    reader.expect({1: 11, 2: 12})
    before = look(1)
    n_texts = embedder.n_texts
    assert look(1) == before
    assert reader.words(met(1)) is reader.words(met(1))
    assert (shelf.read, embedder.n_texts) == ([1], n_texts)
    shelf.texts[1] = ("Another", "And now something quite different is told here.")
    assert look(1) == before
    reader.expect({1: 21})
    assert look(1) != before
    assert embedder.n_texts > n_texts
    # Beyond what is remembered, others are read each time; nobody is forgotten for them.
    reader.expect({n: 10 + n for n in range(3, 9)})
    shelf.read.clear()
    for _ in range(2):
        for n in range(3, 8):
            assert look(n)[1] == f"Some words about {n}."
    assert shelf.read == [3, 4, 5, 6, 7, 6, 7]
    assert reader.texts([99, 3]) == {3: shelf.texts[3]}
    # Nor is anybody remembered who was not expected.
    reader.expect({8: 18})
    shelf.read.clear()
    assert [look(n) for n in (1, 1)] == [look(1)] * 2
    assert shelf.read == [1] * 3
