"""A whole library from one engine to the other: what is moved, and how two libraries differ.

Both sides are read as streams in the order of their keys, which is the same on both, and written
in pages; so a library of any size needs the same little memory. What each engine does in its own
way is a `Side`; what is done with two of them is in services/moving.py.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from recommender.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

Values: TypeAlias = tuple[Any, ...]
"""A row, in the order of its table's columns; or its key alone."""

MOVING = "moving"
"""The setting of an unfinished target that says how far it is."""
PAGE_ROWS = 2000
PAGE_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as one engine has it."""

    columns: frozenset[str]
    key: tuple[str, ...]
    unique: frozenset[str]
    """Columns that something else than the key keeps from being there twice."""
    parents: frozenset[str]
    """Tables that must be filled before."""


@dataclass(frozen=True)
class Table:
    """A table as it is moved."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    unique: frozenset[str]

    @cached_property
    def key_of(self) -> Callable[[Values], Values]:
        """A row's key."""
        return _taking([self.columns.index(name) for name in self.key])

    @cached_property
    def unique_of(self) -> Callable[[Values], Values]:
        """What of a row may be in another's way while both are changed."""
        return _taking([at for at, name in enumerate(self.columns) if name in self.unique])

    @property
    def where(self) -> str:
        """Which of its rows are moved."""
        return f"key <> '{MOVING}'" if self.name == "settings" else ""


def _taking(places: Sequence[int]) -> Callable[[Values], Values]:
    if not places:
        return lambda _: ()
    take: Callable[[Values], Any] = itemgetter(*places)
    return take if len(places) > 1 else lambda row: (take(row),)


class Reader(Protocol):
    """One look at a library: what is written meanwhile does not show."""

    n_cleaned: int
    """How many texts it met that held what PostgreSQL can't: NUL, which it left out."""

    def count(self, table: Table, after: Values | None = None) -> int:
        """How many rows have a higher key."""

    def rows(self, table: Table, after: Values | None = None) -> Iterator[Values]:
        """The rows that have a higher key, in its order, from a stream."""

    def counters(self) -> Mapping[str, int]:
        """The highest number that each table gave out, also to rows that are gone."""

    def is_current(self) -> bool:
        """Whether nobody is known to have written since; ends the look."""


class Side(Protocol):
    """A library on one engine, for one move; all accounts at once."""

    @property
    def name(self) -> str:
        """What a message calls it; without a password."""

    def shapes(self) -> Mapping[str, Shape]:
        """Its tables."""

    def reading(self) -> AbstractContextManager[Reader]:
        """Look at it."""

    def setting(self, key: str) -> str | None:
        """A setting's value."""

    def put_setting(self, key: str, value: str) -> None:
        """Put a setting's value."""

    def transaction(self) -> AbstractContextManager[None]:
        """All of it or nothing."""

    def insert(self, table: Table, rows: Sequence[Values]) -> int:
        """Insert rows, but for those that are there; returns how many."""

    def update(self, table: Table, rows: Sequence[Values]) -> None:
        """Replace the rows that have these keys."""

    def delete(self, table: Table, keys: Sequence[Values]) -> None:
        """Delete the rows that have these keys, with what hangs on them."""

    def finish(self, counters: Mapping[str, int]) -> None:
        """Go on counting where the other side would; then it is no longer unfinished."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a move is, as its target knows."""

    library_id: str
    stage: Literal["copy", "compare"] = "copy"
    table: str = ""
    after: tuple[str | int, ...] | None = None
    """The highest key of that table that has been copied."""

    def to_text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> State:
        """As it was kept."""
        found = json.loads(text)
        after = found.pop("after")
        return cls(**found, after=None if after is None else tuple(after))


def plan(source: Side, target: Side) -> tuple[Table, ...]:
    """The tables in an order in which they can be filled.

    Raises:
        StorageError: A side has what the other has no place for.
    """
    here, there = source.shapes(), target.shapes()
    for name in sorted({*here, *there}):
        if name not in here or name not in there or here[name].columns != there[name].columns:
            raise StorageError(
                f"{source.name} and {target.name} differ in what they hold of “{name}”: "
                "upgrade Sawthis wherever it runs on either"
            )
    # What was made last is moved last: once the library's own name is there, all of it is.
    order = TopologicalSorter(
        {name: sorted((here[name].parents | there[name].parents) - {name}) for name in sorted(here)}
    )
    names = [name for name in order.static_order() if name != "settings"]
    return tuple(_table(name, here[name], there[name]) for name in [*names, "settings"])


def _table(name: str, here: Shape, there: Shape) -> Table:
    # Of (account_id, id) and (id), both of which are keys, the longer is one on either side.
    key = max(here.key, there.key, key=len)
    columns = (*key, *sorted(here.columns - set(key)))
    return Table(name, columns, key, (here.unique | there.unique) - set(key))


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same on both sides."""

    table: str
    key: Values
    kind: Literal["missing", "extra", "changed"]
    """As the target has it."""
    row: Values | None = None
    """As the source has it."""
    is_in_the_way: bool = False
    """Whether it can't be changed without making room first."""


def compare(
    table: Table, here: Iterator[Values], there: Iterator[Values]
) -> Iterator[Difference | None]:
    """Each row of either side: None if it is the same on both, else how they differ."""
    ours, theirs = next(here, None), next(there, None)
    while ours is not None or theirs is not None:
        if ours == theirs:
            yield None
            ours, theirs = next(here, None), next(there, None)
        elif ours is None or (theirs is not None and table.key_of(theirs) < table.key_of(ours)):
            assert theirs is not None
            yield Difference(table.name, table.key_of(theirs), "extra", is_in_the_way=True)
            theirs = next(there, None)
        elif theirs is None or table.key_of(ours) < table.key_of(theirs):
            yield Difference(table.name, table.key_of(ours), "missing", ours)
            ours = next(here, None)
        else:
            in_the_way = table.unique_of(ours) != table.unique_of(theirs)
            yield Difference(table.name, table.key_of(ours), "changed", ours, in_the_way)
            ours, theirs = next(here, None), next(there, None)


def pages(rows: Iterable[Values]) -> Iterator[list[Values]]:
    """Rows by pages that are small enough to be held."""
    page: list[Values] = []
    n_bytes = 0
    for row in rows:
        page.append(row)
        n_bytes += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(page) >= PAGE_ROWS or n_bytes >= PAGE_BYTES:
            yield page
            page, n_bytes = [], 0
    if page:
        yield page
