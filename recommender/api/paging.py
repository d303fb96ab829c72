"""Pages of lists: a cursor says where the next begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Query

from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=500, description="Most in a page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=100, description="`next_cursor` of the page before; none for the first."),
]


def page_of(
    everything: Sequence[T], name: Callable[[T], str], limit: int, cursor: str | None
) -> tuple[Sequence[T], str | None]:
    """A page of a list, and where the next begins; None on the last.

    Raises:
        InvalidInput: The cursor names nothing in the list.
    """
    names = [name(one) for one in everything]
    if cursor is not None and cursor not in names:
        raise InvalidInput("the cursor is of a list that has changed; begin again without it")
    start = names.index(cursor) + 1 if cursor is not None else 0
    page = everything[start : start + limit]
    more = start + limit < len(everything)
    return page, names[start + limit - 1] if more else None


def as_place(cursor: str | None) -> int | None:
    """A cursor that is a number; InvalidInput if it is none."""
    if cursor is None:
        return None
    if not cursor.isdecimal() or len(cursor) > 18:
        raise InvalidInput("that is no cursor of this list; begin again without it")
    return int(cursor)
