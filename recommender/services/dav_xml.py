"""The XML that is spoken with a CardDAV server (RFC 4918, RFC 6352). Pure: bytes in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DAV = "{DAV:}"
_CARD = "{urn:ietf:params:xml:ns:carddav}"
_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<{name} xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop>{properties}</prop>'
)
ASK_WHAT_IT_IS = (
    _OPEN.format(
        name="propfind",
        properties="<resourcetype/><current-user-principal/><C:addressbook-home-set/>",
    )
    + "</propfind>"
).encode()
ASK_FOR_MEMBERS = (
    _OPEN.format(name="propfind", properties="<resourcetype/><getcontenttype/>") + "</propfind>"
).encode()
_MAX_TAGS = 3_000_000
"""A tree takes far more memory than its text, if the text is all tags."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Resource:
    """What an answer says of one address. Texts that it doesn't give are empty."""

    href: str
    """As the server wrote it."""
    status: int = 200
    kinds: frozenset[str] = frozenset()
    """Of "collection", "addressbook", "principal" and others."""
    principals: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    """Where the address books of a principal are."""
    content_type: str = ""
    card: str = ""


def ask_for_cards(hrefs: Iterable[str]) -> bytes:
    """The body of an addressbook-multiget (RFC 6352, 8.7)."""
    asked = "".join(f"<href>{escape(href, quote=False)}</href>" for href in hrefs)
    head = _OPEN.format(name="C:addressbook-multiget", properties="<C:address-data/>")
    return f"{head}{asked}</C:addressbook-multiget>".encode()


def read_multistatus(body: bytes) -> tuple[Resource, ...]:
    """The resources of a 207 answer.

    Raises:
        ValueError: It is no multistatus document, or has a DOCTYPE, which no DAV server sends.
    """
    root = _root(body)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("it has a DOCTYPE")
    if root.tag != f"{_DAV}multistatus":
        raise ValueError("it is no DAV answer")
    return tuple(_resource(one) for one in root.iterchildren(f"{_DAV}response"))


def _root(body: bytes) -> Any:  # noqa: ANN401  (lxml)
    from lxml import etree

    if body.count(b"<") > _MAX_TAGS:
        raise ValueError("it has too many parts")
    error: Exception | None = None
    # A control character in one note must not cost the whole book.
    for source in (body, _CONTROLS.sub(b"", body)):
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
            huge_tree=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        try:
            return etree.fromstring(source, parser)
        except (etree.XMLSyntaxError, ValueError) as failure:
            error = failure
    raise ValueError("it is no XML that can be read") from error


def _resource(response: Any) -> Resource:  # noqa: ANN401  (lxml)
    given = [one for stat in response.iterchildren(f"{_DAV}propstat") for one in _given(stat)]
    kinds = (kind for one in given if one.tag == f"{_DAV}resourcetype" for kind in one)
    return Resource(
        href=_text(response.find(f"{_DAV}href")),
        status=_status(response),
        kinds=frozenset(str(kind.tag).rpartition("}")[2] for kind in kinds),
        principals=_hrefs(given, f"{_DAV}current-user-principal"),
        homes=_hrefs(given, f"{_CARD}addressbook-home-set"),
        content_type=_first_text(given, f"{_DAV}getcontenttype").casefold(),
        card=_first_text(given, f"{_CARD}address-data"),
    )


def _given(propstat: Any) -> Iterator[Any]:  # noqa: ANN401  (lxml)
    """The properties that the server has; it lists those it hasn't with an error."""
    if 200 <= _status(propstat) < 300:
        for prop in propstat.iterchildren(f"{_DAV}prop"):
            yield from prop


def _status(element: Any) -> int:  # noqa: ANN401  (lxml)
    """The number in "HTTP/1.1 200 OK"; 200 where there is none."""
    words = _text(element.find(f"{_DAV}status")).split()
    is_number = len(words) > 1 and words[1].isascii() and words[1].isdigit()
    return int(words[1][:3]) if is_number else 200


def _hrefs(given: Iterable[Any], tag: str) -> tuple[str, ...]:
    found = (_text(href) for one in given if one.tag == tag for href in one.iter(f"{_DAV}href"))
    return tuple(href for href in found if href)


def _first_text(given: Iterable[Any], tag: str) -> str:
    return next((_text(one) for one in given if one.tag == tag), "")


def _text(element: Any) -> str:  # noqa: ANN401  (lxml)
    return (element.text or "").strip() if element is not None else ""
