"""Plain text in columns, as terminals count them. Pure.

`textwrap` counts characters: it lets a line of Chinese, where each takes two columns and no space
stands between words, run to twice the width or not break at all.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = 72


def width(text: str) -> int:
    """How many columns a text takes in a terminal."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fill(text: str, indent: str = "", *, first: str | None = None, columns: int = COLUMNS) -> str:
    """A text of one or more lines, each wrapped and indented; an address is never broken.

    Args:
        text: Its own line breaks are kept.
        indent: Stands before each line.
        first: Stands before the very first line instead, such as "* ".
        columns: Most of a line, unless an address takes more.
    """
    wrapped = [
        indent + row if row else ""
        for line in text.split("\n")
        for row in _rows(line, columns - width(indent))
    ]
    if first is not None and wrapped:
        wrapped[0] = first + wrapped[0].removeprefix(indent)
    return "\n".join(wrapped)


def _rows(line: str, columns: int) -> Iterator[str]:
    row = ""
    for word in line.split():
        for piece in _pieces(word, columns):
            joined = f"{row} {piece}" if row else piece
            if row and width(joined) > columns:
                yield row
                row = piece
            else:
                row = joined
    yield row


def _pieces(word: str, columns: int) -> Iterator[str]:
    """A word in pieces that fit; whole if it fits, or if it leads somewhere."""
    if width(word) <= columns or word.startswith(("http://", "https://", "mailto:", "tel:")):
        yield word
        return
    piece, taken = "", 0
    for character in word:
        takes = _columns(character)
        if taken + takes > columns:
            yield piece
            piece, taken = "", 0
        piece, taken = piece + character, taken + takes
    yield piece


def underlined(text: str, line: str) -> str:
    """A heading over a rule as long as its longest line."""
    rows = fill(text).split("\n")
    return "\n".join([*rows, line * max(map(width, rows))])
