"""Accounts in ranges, which are matched together. Pure, but for what `Borders` is given to ask."""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

ACCOUNTS_AT_ONCE = 200
KEPT = timedelta(minutes=10)
"""For so long ranges keep their borders."""

Range = tuple[str, str]
"""The first and the last of some accounts, both ends included."""


def ranges(everybody: Sequence[str], size: int = ACCOUNTS_AT_ONCE) -> list[Range]:
    """Consecutive accounts, so many to a range; `everybody` is in order."""
    parts = [everybody[at : at + size] for at in range(0, len(everybody), size)]
    return [(part[0], part[-1]) for part in parts]


class Borders:
    """Where ranges begin and end, kept for a while: to read all accounts is dear.

    Where accounts come and go, ranges of now and of before, or of two processes, overlap for some
    minutes; who is in two of them is matched twice, which changes nothing. May be used from
    several threads.

    Args:
        everybody: Reads all accounts, in order.
        clock: Gives aware times.
        size: How many accounts a range has when its borders are drawn.
    """

    def __init__(
        self,
        everybody: Callable[[], Sequence[str]],
        clock: Callable[[], datetime],
        size: int = ACCOUNTS_AT_ONCE,
    ) -> None:
        self._everybody = everybody
        self._clock = clock
        self._size = size
        self._drawn: tuple[datetime | None, Sequence[Range]] = (None, ())

    def holding(self, some: Sequence[str]) -> list[Range]:
        """The ranges that hold at least one of some accounts, in order.

        Somebody in none of them is new, and borders are drawn anew; who is in none even then is
        no account any more.
        """
        if not some:
            return []
        now = self._clock()
        at, drawn = self._drawn
        is_fresh = at is not None and at <= now < at + KEPT
        found = {_holding(one, drawn) for one in some} if is_fresh else {None}
        if None in found:
            drawn = ranges(self._everybody(), self._size)
            self._drawn = now, drawn
            found = {_holding(one, drawn) for one in some}
        return sorted(one for one in found if one is not None)


def _holding(account_id: str, drawn: Sequence[Range]) -> Range | None:
    """The range that holds an account, if one does."""
    number = bisect_right(drawn, account_id, key=itemgetter(0)) - 1
    return drawn[number] if number >= 0 and account_id <= drawn[number][1] else None
