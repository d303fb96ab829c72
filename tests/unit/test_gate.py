"""The pure parts of the service's door: rates, hosts, versions, mutes, codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.account import Mute, MuteKind
from recommender.api.etags import etag, names
from recommender.api.gate import host_of
from recommender.api.limits import MAX_BUCKETS, Limit
from recommender.safety import is_muted
from recommender.services.access import CODE_ALPHABET
from recommender.testing import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence


class Clock:
    """A clock that goes on when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0, 5), min_size=1, max_size=80), st.integers(1, 9))
def test_no_more_calls_than_the_bucket_and_its_refill(pauses: Sequence[float], calls: int) -> None:
    clock = Clock()
    limit = Limit(calls, 10.0, clock)
    n_allowed = 0
    for pause in pauses:
        clock.now += pause
        wait = limit.wait_s("a")
        n_allowed += wait == 0
        assert 0 <= wait <= 10.0 / calls + 1e-9
    assert n_allowed <= calls + sum(pauses) * calls / 10.0 + 1e-6


@given(st.integers(1, 9))
def test_who_waits_as_told_gets_in(calls: int) -> None:
    clock = Clock()
    limit = Limit(calls, 60.0, clock)
    assert [limit.wait_s("a") for _ in range(calls)] == [0.0] * calls
    clock.now += limit.wait_s("a") + 1e-6
    assert limit.wait_s("a") == 0
    assert limit.wait_s("b") == 0  # another caller is another bucket


def test_the_buckets_are_bounded() -> None:
    limit = Limit(1, 60.0, Clock())
    for n in range(MAX_BUCKETS + 10):
        limit.wait_s(str(n))
    assert len(limit._buckets) == MAX_BUCKETS
    assert [Limit(0, 60.0, Clock()).wait_s("a") for _ in range(5)] == [0.0] * 5


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8765", "localhost"),
        ("LOCALHOST", "localhost"),
        ("[::1]:80", "[::1]"),
        ("127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_of(header) == name


def test_versions_are_named_by_content() -> None:
    tag = etag({"a": 1, "b": [2]})
    assert tag == etag({"b": [2], "a": 1}) != etag({"a": 1, "b": [3]})
    assert names(f'"x", W/{tag}', tag)
    assert names("*", tag)
    assert not names('"x"', tag)
    assert not names(None, tag)


@pytest.mark.parametrize(
    ("kind", "value", "muted"),
    [
        ("source", "the daily bread", True),
        ("source", "Daily", False),
        ("topic", "golf", True),
        ("topic", "gol", False),
        ("topic", "open golf", True),
        ("topic", "golf open", False),
        ("topic", "politics", True),
        ("topic", "far away", False),
    ],
)
def test_what_is_muted(kind: MuteKind, value: str, muted: bool) -> None:
    text = "The Open: Golf at its best. " + "x " * 300 + "far away"
    mutes = [Mute(kind, value, NOW)]
    assert is_muted("A day out", text, "The Daily Bread", ("politics",), mutes) is muted
    assert not is_muted("A day out", text, "The Daily Bread", ("politics",), [])


def test_codes_have_no_letters_that_look_alike() -> None:
    assert len(CODE_ALPHABET) == len(set(CODE_ALPHABET)) == 31
    assert not set(CODE_ALPHABET) & set("01OIL")
