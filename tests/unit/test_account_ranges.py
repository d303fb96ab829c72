"""Ranges of accounts, and borders that are kept for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recommender.services.queueing import is_matching, match_interests_job, match_job, poll_job
from recommender.services.ranges import KEPT, Borders, ranges

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ids = st.text(min_size=1, max_size=4)


class Book:
    """Accounts that come and go, and how often they were read."""

    def __init__(self, *accounts: str) -> None:
        self.accounts = sorted(accounts)
        self.now = NOON
        self.n_read = 0
        self.borders = Borders(self.read, lambda: self.now, size=2)

    def read(self) -> list[str]:
        self.n_read += 1
        return self.accounts


@given(st.sets(ids), st.integers(1, 5))
def test_every_account_is_in_one_range(everybody: set[str], size: int) -> None:
    found = ranges(sorted(everybody), size)
    for one in everybody:
        assert sum(first <= one <= last for first, last in found) == 1


def test_borders_are_drawn_once_for_a_while() -> None:
    book = Book("a", "b", "c", "d", "e")
    assert book.borders.holding([]) == []
    assert book.n_read == 0
    assert book.borders.holding(["b", "e"]) == [("a", "b"), ("e", "e")]
    book.now += KEPT - timedelta(seconds=1)
    assert book.borders.holding(["a", "b", "c"]) == [("a", "b"), ("c", "d")]
    assert book.n_read == 1
    book.now += timedelta(seconds=1)
    assert book.borders.holding(["c"]) == [("c", "d")]
    assert book.n_read == 2


def test_somebody_new_draws_them_anew() -> None:
    book = Book("b", "c")
    book.borders.holding(["b"])
    book.accounts = ["a", "b", "c", "d"]
    assert book.borders.holding(["a", "d"]) == [("a", "b"), ("c", "d")]
    assert book.n_read == 2


def test_a_clock_put_back_draws_them_anew() -> None:
    book = Book("a", "b", "c")
    book.borders.holding(["a"])
    book.now -= timedelta(days=1)
    book.borders.holding(["a"])
    assert book.n_read == 2


def test_who_is_gone_is_in_none() -> None:
    book = Book("a", "c")
    assert book.borders.holding(["b", "c", "zz"]) == [("a", "c")]
    assert Book().borders.holding(["a"]) == []


@given(st.sets(ids, min_size=1), st.lists(st.tuples(st.sets(ids), st.integers(0, 1200))))
def test_whoever_is_there_is_held(first: set[str], then: list[tuple[set[str], int]]) -> None:
    book = Book(*first)
    book.borders.holding(book.accounts)
    for everybody, seconds in then:
        book.accounts = sorted(everybody)
        book.now += timedelta(seconds=seconds)
        found = book.borders.holding(book.accounts)
        assert all(any(low <= one <= high for low, high in found) for one in everybody)


@given(ids, ids, ids)
def test_a_lock_tells_whose_interests_are_matched(first: str, last: str, one: str) -> None:
    lock = match_job(first, last).queueing_lock
    assert lock is not None
    assert is_matching(lock, one) == (first <= one <= last)
    alone = match_interests_job(first).queueing_lock
    assert alone is not None
    assert is_matching(alone, one) == (first == one)
    assert not is_matching(poll_job(1).queueing_lock or "", one)
