"""An account as JSON Lines: what `sawthis export` writes and `sawthis import` reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def written_rows(rows: Iterable[tuple[str, dict[str, object]]]) -> Iterator[str]:
    """Rows as lines."""
    for kind, row in rows:
        yield json.dumps({"kind": kind, "row": row}, ensure_ascii=False) + "\n"


def read_rows(lines: Iterable[str | bytes], name: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Lines as rows, one by one.

    Args:
        lines: In UTF-8 if they are bytes.
        name: What the user calls their source.

    Raises:
        InvalidInput: A line is none of `written_rows`.
    """
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
            yield value["kind"], value["row"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(
                f"line {number} of {name} is no row of a `sawthis export`"
            ) from error
