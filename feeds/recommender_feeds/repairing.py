"""Damaged XML made well-formed again, where the damage is of the common kinds. Pure, linear.

Undefined entities, bare ampersands, control characters, prefixes that nobody declared, junk
around the document: an XML parser refuses all of it, and a parser of tag soup reads more into
it than is there.
"""

from __future__ import annotations

import re
from html import escape
from html.entities import html5
from typing import TYPE_CHECKING

from recommender_feeds.xmlnames import SPACES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = re.compile(r"<(?:\w+:)?(rss|rdf|feed|channel)(?=[\s>])[^<>]*>", re.IGNORECASE)
_BARE_ATTRIBUTE = re.compile(r"(\s[\w:.-]+)=([^\s\"'>]+)")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(?:#(\d{1,7});|#[xX]([0-9a-fA-F]{1,6});|([A-Za-z]\w{1,31});)?")
_STRAY = re.compile(r"<(?![A-Za-z_/!?])")
_ELEMENT_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]*):[A-Za-z_]")
_ATTRIBUTE_PREFIX = re.compile(r"\s([A-Za-z_][\w.-]*):[\w.-]+\s*=\s*[\"']")
_DECLARATION = re.compile(r"\sxmlns:([\w.-]+)\s*=")
_XML_OWN = {"amp", "lt", "gt", "quot", "apos"}
_KNOWN = {short: uri for uri, short in reversed(SPACES.items()) if short}
_KNOWN |= {"a": _KNOWN["atom"], "rss": "http://purl.org/rss/1.0/"}
MAX_PREFIXES = 50


def well_formed(text: str) -> str | None:
    """The document from its root on, repaired; None where it has no root of a feed.

    What is still not well-formed afterwards is for a more lenient reader.
    """
    start = ROOT.search(text)
    if start is None:
        return None
    body = _ILLEGAL.sub("", text[start.end() :])
    end = body.rfind(f"</{start.group()[1:].split(None, 1)[0].rstrip('>')}>")
    if end >= 0:
        body = body[: body.index(">", end) + 1]
    pieces = list(_pieces(body))
    root = _root(_BARE_ATTRIBUTE.sub(r'\1="\2"', start.group()), pieces)
    return root + "".join(text if is_data else mended(text) for text, is_data in pieces)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The document cut at its CDATA sections: (text, whether it is one of them)."""
    here = 0
    while (start := text.find("<![CDATA[", here)) >= 0:
        end = text.find("]]>", start)
        if end < 0:
            break
        yield text[here:start], False
        yield text[start : end + 3], True
        here = end + 3
    yield text[here:], False


def mended(markup: str) -> str:
    """Markup with every reference one that XML knows, and no "<" that begins nothing."""
    return _STRAY.sub("&lt;", _REFERENCE.sub(_reference, markup))


def _reference(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        if name in _XML_OWN:
            return match.group()
        meant = html5.get(f"{name};")
        return escape(meant) if meant else f"&amp;{name};"
    if decimal or hexadecimal:
        return _character(int(decimal) if decimal else int(hexadecimal, 16))
    return "&amp;"


def _character(code: int) -> str:
    """A numbered character as XML allows it; those of windows-1252 as what they meant."""
    if 0x80 <= code < 0xA0:
        return bytes([code]).decode("windows-1252", "ignore")
    is_text = code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
    return f"&#{code};" if is_text or 0x10000 <= code < 0x110000 else ""


def _root(tag: str, pieces: list[tuple[str, bool]]) -> str:
    """The root's tag with every prefix of the document declared."""
    used = {*_ELEMENT_PREFIX.findall(tag), *_ATTRIBUTE_PREFIX.findall(tag)}
    for text, is_data in pieces:
        if not is_data:
            used.update(_ELEMENT_PREFIX.findall(text), _ATTRIBUTE_PREFIX.findall(text))
    missing = sorted(used - set(_DECLARATION.findall(tag)) - {"xml", "xmlns"})[:MAX_PREFIXES]
    spaces = "".join(
        f' xmlns:{prefix}="{_KNOWN.get(prefix.lower(), f"urn:undeclared:{prefix}")}"'
        for prefix in missing
    )
    close = "/>" if tag.endswith("/>") else ">"
    return f"{tag.removesuffix(close)}{spaces}{close}"
