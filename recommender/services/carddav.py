"""An address book pulled from a CardDAV server as one body of vCards, for the importer of those.

It is found from the address of the book, of the principal, or of the server (RFC 6764).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.services.dav_client import CardDavError, DavClient, read_dav_address, shown
from recommender.services.dav_login import DavLogin
from recommender.services.dav_xml import (
    ASK_FOR_MEMBERS,
    ASK_WHAT_IT_IS,
    ask_for_cards,
    read_multistatus,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpx

    from recommender.services.dav_xml import Resource

__all__ = ["CardDavError", "pull_cards"]

N_AT_ONCE = 100
_WELL_KNOWN = "/.well-known/carddav"
_NOT_HERE = frozenset({200, 204, 400, 403, 404, 405, 415, 501})
"""Statuses of an address that has no CardDAV, where another of the server may have it."""


def pull_cards(
    url: str,
    *,
    user: str = "",
    password: str = "",
    transport: httpx.BaseTransport | None = None,
    timeout_s: float = 30.0,
) -> bytes:
    """Every vCard of the address books at an address, one after the other; empty if there is none.

    Args:
        url: Of an address book, a principal, or a server; https, or http on this machine. A login
            may stand in it.
        user: Before the one in the address.
        password: The same; it goes to the address's own scheme, host and port alone.
        transport: Instead of the network, for tests.
        timeout_s: For a connection and between two pieces of an answer.

    Raises:
        InvalidInput: The address can't be used.
        CardDavError: The server can't be reached, refuses, or has no address book there.
    """
    address = read_dav_address(url)
    login = DavLogin(user or address.user, password or address.password)
    with DavClient(address.url, login, transport=transport, timeout_s=timeout_s) as dav:
        books = _find_books(dav, address.url)
        return b"".join(card for book in books for card in _cards(dav, book))


def _find_books(dav: DavClient, url: httpx.URL) -> list[httpx.URL]:
    """The address books behind an address, each once."""
    is_root = url.path == "/"
    for start in [url.join(_WELL_KNOWN), url] if is_root else [url]:
        try:
            here, found = _resources(dav, start, ASK_WHAT_IT_IS, depth=0)
        except CardDavError as error:
            if start != url and error.status in _NOT_HERE:
                continue
            raise
        if books := _books_from(dav, here, found):
            return books
    raise CardDavError(f"no address book is found at {shown(url)}; give the address of one")


def _books_from(dav: DavClient, here: httpx.URL, found: Iterable[Resource]) -> list[httpx.URL]:
    """The books an address leads to: itself, its home's, its children, the principal's."""
    me = next(iter(found), None)
    if me is None:
        return []
    if "addressbook" in me.kinds:
        return [here]
    if me.homes:
        return _books_of(dav, [dav.inside(here, href) for href in me.homes])
    # Who names a folder of books wants those, and not all that the user may read.
    if here.path != "/" and (books := _books_of(dav, [here])):
        return books
    homes = [
        dav.inside(there, href)
        for principal in me.principals
        for there, ours in [_resources(dav, dav.inside(here, principal), ASK_WHAT_IT_IS, depth=0)]
        for one in ours
        for href in one.homes
    ]
    return _books_of(dav, homes)


def _books_of(dav: DavClient, homes: Iterable[httpx.URL]) -> list[httpx.URL]:
    books: dict[httpx.URL, None] = {}
    for home in homes:
        here, found = _resources(dav, home, ASK_FOR_MEMBERS, depth=1)
        hrefs = [one.href for one in found if "addressbook" in one.kinds]
        books.update((dav.inside(here, href), None) for href in hrefs)
    return list(books)


def _cards(dav: DavClient, book: httpx.URL) -> Iterator[bytes]:
    """The vCards of a book, each with a line end after it."""
    here, found = _resources(dav, book, ASK_FOR_MEMBERS, depth=1)
    hrefs = [_path(dav, here, one.href) for one in found if _is_card(one)]
    n_cards = 0
    for start in range(0, len(hrefs), N_AT_ONCE):
        asked = ask_for_cards(hrefs[start : start + N_AT_ONCE])
        answer = dav.ask("REPORT", here, asked, depth=0)
        for one in _read(answer.url, answer.body):
            if one.card[:11].casefold() == "begin:vcard":
                n_cards += 1
                # XML makes every line end a bare LF; vCard wants CRLF (RFC 6350, 3.2).
                yield one.card.replace("\r\n", "\n").replace("\n", "\r\n").encode() + b"\r\n"
    if hrefs and not n_cards:
        raise CardDavError(f"{shown(book)} lists {len(hrefs)} cards and gives none of them")


def _is_card(one: Resource) -> bool:
    # Not every server tells the type of what is in an address book.
    is_vcard = not one.content_type or "vcard" in one.content_type
    return is_vcard and one.status == 200 and "collection" not in one.kinds


def _path(dav: DavClient, base: httpx.URL, href: str) -> str:
    """A card's address without its server, escaped as the server did it."""
    url = dav.inside(base, href)
    return href if href.startswith("/") else url.raw_path.decode("ascii")


def _resources(
    dav: DavClient, url: httpx.URL, body: bytes, *, depth: int
) -> tuple[httpx.URL, tuple[Resource, ...]]:
    """What a PROPFIND tells, and the address that told it."""
    answer = dav.ask("PROPFIND", url, body, depth=depth)
    found = _read(answer.url, answer.body)
    if any(one.status == 507 for one in found):  # RFC 6352, 8.6.2, and sync's habit
        raise CardDavError(f"{shown(url)} has more than the server lists at once")
    return answer.url, found


def _read(url: httpx.URL, body: bytes) -> tuple[Resource, ...]:
    try:
        return read_multistatus(body)
    except ValueError as error:
        raise CardDavError(f"{shown(url)} answers with no CardDAV: {error}") from error
