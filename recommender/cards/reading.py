"""What kind of address book a file is, and its cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.cards import csv_book, ldif, vcard
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recommender.cards.types import BadCard, Card

MAX_BYTES = 50 * 2**20
MAX_CARDS = 100_000


def read_cards(
    body: bytes, *, mapping: Mapping[str, str] | None = None
) -> Iterator[Card | BadCard]:
    """The cards of an address book, in its order: one, or what is wrong with it, for each entry.

    Args:
        body: vCard, LDIF or CSV, in any encoding that programs write.
        mapping: Column -> field of a card, for a CSV that nobody knows.

    Raises:
        InvalidInput: It is none of these, too large, or has too many entries.
    """
    if len(body) > MAX_BYTES:
        raise InvalidInput(f"the file is larger than {MAX_BYTES // 2**20} MB")
    for n, card in enumerate(_read(body, mapping)):
        if n == MAX_CARDS:
            raise InvalidInput(f"the file has more than {MAX_CARDS} contacts")
        yield card


def _read(body: bytes, mapping: Mapping[str, str] | None) -> Iterator[Card | BadCard]:
    if not body.strip():
        raise InvalidInput("the file is empty")
    if vcard.looks_like_vcard(body):
        return vcard.read_vcards(body)
    text = decoded(body)
    if ldif.looks_like_ldif(text):
        return ldif.read_ldif(text)
    if mapping or csv_book.looks_like_csv(text):
        return csv_book.read_csv(text, mapping)
    raise InvalidInput("the file is neither vCard nor LDIF, CSV or JSON")


def csv_columns(body: bytes) -> list[str]:
    """The column headers of a CSV, in order, or InvalidInput."""
    return csv_book.csv_columns(decoded(body))


def decoded(body: bytes) -> str:
    """A table's text, in whatever of the usual encodings it is."""
    for bom, encoding in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, "replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")
