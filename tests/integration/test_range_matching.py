"""Matching ranges of accounts: what breaks in between, and what is done once for all of them."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from recommender.services import choosing, newest, range_matching
from recommender.services.embedding import measure_background
from recommender.storage.range_writing import MatchWriting
from recommender.testing import WordEmbedder
from tests.ranges import ACCOUNTS, WORDS, Library, libraries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recommender.services.embedding import Background

FIRST, LAST = ACCOUNTS[0], ACCOUNTS[-1]


@pytest.fixture(scope="module")
def background() -> Background:
    return measure_background(WordEmbedder())


@pytest.fixture
def both(background: Background) -> Iterator[list[Library]]:
    """Two libraries in which the same has happened."""
    with libraries(background, 2) as made:
        for library in made:
            fill(library)
        yield made


@pytest.fixture
def library(background: Background) -> Iterator[Library]:
    with libraries(background, 1) as (made,):
        fill(made)
        yield made


def fill(library: Library, n_interests: int = 4) -> None:
    """Two feeds that everybody reads, and interests in what they are about."""
    rng = random.Random(1)
    for account in ACCOUNTS:
        library.subscribe(account, 0)
        library.subscribe(account, 1)
        for at in range(n_interests):
            library.add_interest(account, f"{WORDS[at]} {WORDS[at - 1]}", is_avoided=at == 3)
    for _ in range(12):
        publish(library, rng)
    library.embed()


def publish(library: Library, rng: random.Random) -> None:
    some = " ".join(rng.choices(WORDS, k=6))
    library.publish(rng.randrange(2), f"{some} {some}. And {some} once more, with an end.")


def test_an_error_between_loses_and_doubles_nothing(
    both: list[Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = both
    whole.alone.run(ACCOUNTS)
    nothing = broken.rows()
    with monkeypatch.context() as patched:
        patched.setattr(MatchWriting, "_insert", _fail)
        with pytest.raises(RuntimeError):
            broken.together.run(FIRST, LAST)
    # The interests were embedded before, one by one; nothing else is there.
    assert [row for row in broken.rows() if row[-1] != 0] == nothing == []
    assert broken.together.run(FIRST, ACCOUNTS[1]) == 8
    assert broken.together.run(FIRST, LAST) == 8
    assert broken.rows() == whole.rows()
    assert broken.together.run(FIRST, LAST) == 0


def _fail(*_: object) -> None:
    raise RuntimeError


def test_what_happens_meanwhile_is_matched_by_the_next(
    both: list[Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    calm, busy = both

    def change(library: Library) -> None:
        library.rewrite(2, "sailing boats in the wind. And this sentence is new and about sailing.")
        library.turn_round("anna", 0)
        library.remove_interest("ben", 0)
        library.subscribe("cleo", 2)
        library.publish(2, "boats boats sailing. And another sentence that is about boats, too.")
        library.unsubscribe("dan", 1)

    def meddle(*values: Any, **named: Any) -> Any:
        found = choosing.choose_matches(*values, **named)
        change(busy)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(range_matching, "choose_matches", meddle)
        busy.together.run(FIRST, LAST)
    change(calm)
    for library in both:
        library.embed()
    calm.alone.run(ACCOUNTS)
    busy.together.run(FIRST, LAST)
    assert busy.rows() == calm.rows()


def test_items_are_read_and_their_sentences_embedded_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[int] = Counter()
    texts = library.storage.items.texts

    def reading(item_ids: Sequence[int]) -> Any:
        read.update(item_ids)
        return texts(item_ids)

    monkeypatch.setattr(library.together._reader, "_read", reading)
    n_texts = []
    for account in ACCOUNTS:
        library.together.run(account, account)
        n_texts.append(library.embedder.n_texts)
    assert set(read.values()) == {1}
    spans = library.storage._db.rows("SELECT count(*) FROM matches WHERE relevance > 0.5")[0][0]
    assert spans > 4
    # All have the same interests: only the vectors of these are new.
    assert {after - before for before, after in pairwise(n_texts)} == {16}


def test_the_number_of_statements_does_not_grow_with_interests(background: Background) -> None:
    asked = []
    for n_interests in (2, 9):
        with libraries(background, 1) as (library,):
            fill(library, n_interests)
            for account in ACCOUNTS:
                library.alone.queries(account)  # embeds them
            asked.append(statements(library))
            assert library.storage.counts(FIRST).matches > 0
    assert asked[0] == asked[1] < 20


def statements(library: Library) -> int:
    """How many statements matching takes, counting those for many rows once."""
    db, n = library.storage._db, 0
    names = ("rows", "row", "execute", "execute_many")
    real = {name: getattr(db, name) for name in names}

    def counting(name: str) -> Any:
        def call(*values: Any) -> Any:
            nonlocal n
            n += 1
            return real[name](*values)

        return call

    for name in names:
        setattr(db, name, counting(name))
    library.together.run(FIRST, LAST)
    for name in names:
        delattr(db, name)
    return n


def test_an_account_that_is_far_behind_is_matched_with_the_whole_pool(
    both: list[Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_matching, "NEWEST_ROWS", 4)
    monkeypatch.setattr(newest, "NEWEST_ROWS", 4)
    alone, together = both
    rng = random.Random(2)
    texts = [" ".join(rng.choices(WORDS, k=6)) for _ in range(3)]
    for library in both:
        library.together.run(FIRST, LAST)
        library.add_interest("ben", "news", is_avoided=False)
        for text in texts:
            library.publish(0, f"{text} news. And a sentence with news and {text}.")
        library.embed()
    far: list[str] = []
    match_far = together.together._match_far

    def watched(account_id: str, after_seq: int, last_seq: int) -> int:
        far.append(account_id)
        return match_far(account_id, after_seq, last_seq)

    monkeypatch.setattr(together.together, "_match_far", watched)
    alone.alone.run(ACCOUNTS)
    assert together.together.run(FIRST, LAST) == 4 * len(ACCOUNTS) + 1
    assert far == ["ben"]
    assert together.rows() == alone.rows()


def test_stages_are_told(background: Background) -> None:
    with libraries(background, 1) as (library,):
        fill(library)
        told: list[str] = []

        @contextmanager
        def timed(stage: str) -> Iterator[None]:
            told.append(stage)
            yield

        matching = range_matching.RangeMatching(library.storage, library.alone, timed)
        shown: list[tuple[str, int, int]] = []
        assert matching.run(FIRST, LAST, lambda *values: shown.append(values)) == 16
        assert list(dict.fromkeys(told)) == ["load", "product", "words", "spans", "write"]
        assert shown == [("Matching", 4, 4)]
        assert matching.run("x", "z") == 0
