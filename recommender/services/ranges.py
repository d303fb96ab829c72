"""Accounts in ranges, which are matched together. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNTS_AT_ONCE = 200


def ranges(everybody: Sequence[str], size: int = ACCOUNTS_AT_ONCE) -> list[tuple[str, str]]:
    """(first, last) of consecutive accounts, both ends included; `everybody` is in order.

    Where accounts come and go, ranges of now and of before overlap for a while; who is in two of
    them is matched twice, which changes nothing.
    """
    parts = [everybody[at : at + size] for at in range(0, len(everybody), size)]
    return [(part[0], part[-1]) for part in parts]


def holding(
    some: Sequence[str], everybody: Sequence[str], size: int = ACCOUNTS_AT_ONCE
) -> list[tuple[str, str]]:
    """The ranges that hold at least one of some accounts, which are in order."""
    return [
        (first, last)
        for first, last in ranges(everybody, size)
        if bisect_left(some, first) < bisect_right(some, last)
    ]
