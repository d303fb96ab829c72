"""Headers cut out of files of mail, as bytes: bodies are passed over and never kept.

A file is read piece by piece, so its size doesn't matter; nor does the length of its lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MAX_HEADER_BYTES = 64 * 1024
_PIECE = 64 * 1024
_MAX_POSTMARK = 500
_BOM = b"\xef\xbb\xbf"
_MONTH_AND_TIME = re.compile(
    rb"(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b.*\d:\d\d"
)


class Block(NamedTuple):
    """The top of one letter."""

    postmark: bytes
    """mbox's "From sender date" line (RFC 4155), or empty."""
    header: bytes
    """At most 64 kB of whole lines."""


class _Open:
    """A header that is being collected."""

    def __init__(self, postmark: bytes = b"") -> None:
        self.postmark = postmark
        self.is_done = False
        self._header = bytearray()
        self._line_at = 0

    def add(self, piece: bytes, *, begins: bool) -> None:
        if self.is_done:
            return
        if begins:
            self._line_at = len(self._header)
        if begins and _is_blank(piece):
            self.is_done = True
        elif len(self._header) + len(piece) > MAX_HEADER_BYTES:
            # Half a line could hold half an address, which may be somebody else's.
            del self._header[self._line_at :]
            self.is_done = True
        else:
            self._header += piece

    def closed(self) -> Block:
        return Block(self.postmark, bytes(self._header))


def is_mbox(file: BinaryIO) -> bool:
    """Whether the first line that isn't blank is a postmark, or there is none; reads from here."""
    first = _first_line(file)
    return not first or is_postmark(first)


def mbox_blocks(file: BinaryIO) -> Iterator[Block]:
    """The headers of an mbox, in order.

    A letter begins at a postmark after a blank line. Not every program quotes a body's line that
    begins with "From ", so a line counts only if what follows looks like a sender or a date.
    """
    found: _Open | None = None
    after_blank = True
    for piece, begins in _pieces(file):
        if begins and after_blank and is_postmark(piece):
            if found is not None:
                yield found.closed()
            found = _Open(piece)
        elif found is not None:
            found.add(piece, begins=begins)
        after_blank = begins and _is_blank(piece)
    if found is not None:
        yield found.closed()


def single_block(file: BinaryIO) -> Block:
    """The header of a file with one letter; blank lines and a postmark may stand before it."""
    first = _first_line(file).removeprefix(_BOM)
    found = _Open(first if first.startswith(b"From ") else b"")
    if not found.postmark:
        found.add(first, begins=True)
    begins = first.endswith(b"\n")
    for piece, starts in _pieces(file):
        found.add(piece, begins=starts and begins)
        begins = True
        if found.is_done:
            break
    return found.closed()


def is_postmark(line: bytes) -> bool:
    """Whether a line can be the one that mbox puts before each letter."""
    if not line.startswith(b"From "):
        return False
    rest = line[5:].split()
    if len(rest) <= 1:  # Thunderbird: "From " or "From - "
        return not rest or rest[0] in {b"-", b"MAILER-DAEMON"} or b"@" in rest[0]
    return _MONTH_AND_TIME.search(line[:_MAX_POSTMARK]) is not None


def _pieces(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Lines, the longer ones in pieces; with each, whether a line begins there."""
    begins = True
    while piece := file.readline(_PIECE):
        yield piece, begins
        begins = piece.endswith(b"\n")


def _first_line(file: BinaryIO) -> bytes:
    """The first line that isn't blank, or its first piece."""
    return next((piece for piece, _begins in _pieces(file) if not _is_blank(piece)), b"")


def _is_blank(line: bytes) -> bool:
    return line in {b"\n", b"\r\n"}
