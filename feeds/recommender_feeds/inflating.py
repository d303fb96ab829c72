"""Content encodings taken off piece by piece, so that a bomb is noticed before it goes off."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PIECE = 256 * 1024
ACCEPTED = "gzip, deflate, br"


def inflated(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The decoded body in pieces of at most 256 kB.

    Args:
        pieces: The body as it comes from the wire.
        encoding: Content-Encoding; several are taken off from the last to the first.

    Raises:
        ValueError: The body is damaged, or the encoding is none we asked for.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        if name in {"gzip", "x-gzip"}:
            pieces = _zlib(pieces, lambda head: 31)
        elif name == "deflate":
            # Some servers send the bare stream; a zlib header has the method 8 in its low bits.
            pieces = _zlib(pieces, lambda head: 15 if head[:1] and head[0] & 15 == 8 else -15)
        elif name == "br":
            pieces = _brotli(pieces)
        elif name != "identity":
            raise ValueError(f"the unknown content encoding {name[:20]}")
    yield from pieces


def _zlib(pieces: Iterable[bytes], window: Callable[[bytes], int]) -> Iterator[bytes]:
    inflater = None
    for piece in pieces:
        if inflater is None:
            inflater = zlib.decompressobj(wbits=window(piece))
        left = piece
        while left:
            try:
                out = inflater.decompress(left, PIECE)
            except zlib.error as error:
                raise ValueError("a damaged compressed body") from error
            yield out
            left = inflater.unconsumed_tail
            if not out and not left:
                break
    if inflater is not None and not inflater.eof:
        raise ValueError("a compressed body that ends too early")


def _brotli(pieces: Iterable[bytes]) -> Iterator[bytes]:
    import brotli

    inflater = brotli.Decompressor()
    for piece in pieces:
        left = piece
        while True:
            try:
                yield inflater.process(left, output_buffer_limit=PIECE)
            except brotli.error as error:
                raise ValueError("a damaged compressed body") from error
            left = b""
            if inflater.is_finished() or inflater.can_accept_more_data():
                break
