"""Rows of values as a part of a statement, which SQLite and PostgreSQL take alike.

WITH asked(whose, which) AS (VALUES (?,?),(?,?)) SELECT …
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from recommender.storage.items import marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Values = TypeVar("Values", bound=tuple[object, ...])
AT_ONCE = 25_000
"""SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535."""


def parts(rows: Sequence[Values]) -> Iterator[Sequence[Values]]:
    """Slices with few enough values for one statement."""
    if rows:
        step = AT_ONCE // len(rows[0])
        for start in range(0, len(rows), step):
            yield rows[start : start + step]


def values(rows: Sequence[tuple[object, ...]]) -> str:
    """Question marks for rows of values."""
    return ",".join([f"({marks(rows[0])})"] * len(rows))


def bounds(rows: Sequence[tuple[object, ...]]) -> tuple[str, str]:
    """The least and the greatest of the texts that come first in each.

    PostgreSQL does not conclude from what is asked of one table that few rows of its partner are
    needed, and reads all of them unless it is told.
    """
    firsts = [str(row[0]) for row in rows]
    return min(firsts), max(firsts)


def flat(rows: Sequence[tuple[object, ...]]) -> Iterator[object]:
    """All of them, in a row."""
    return chain.from_iterable(rows)
