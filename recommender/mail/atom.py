"""Suggestions as an Atom feed (RFC 4287), for whoever reads feeds rather than mail. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from html import escape
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from recommender.mail.cleaning import MAX_NAME, MAX_TITLE, lines, one_line, safe_url

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"


@dataclass(frozen=True, slots=True)
class AtomEntry:
    """One suggestion, as a reader of feeds shows it."""

    id: str
    """An IRI that never changes, such as urn:sawthis:suggestion:drv0uarp422."""
    title: str
    """Such as "For Joe: Crossing the bar at Salcombe, badly"."""
    url: str
    """What is opened: the suggestion's page, or the article."""
    text: str
    """Why, and the quoted span or the whole joke; its lines are kept."""
    source: str
    """Name of the feed or site; may be empty."""
    updated: datetime
    """Aware."""


def render_atom(
    entries: Iterable[AtomEntry], *, self_url: str, home_url: str, title: str, updated: datetime
) -> bytes:
    """A whole feed, in UTF-8.

    Args:
        entries: In the order they are to be shown.
        self_url: Where the feed is fetched from; a secret, so the feed's id is not made from it.
        home_url: The service's first page.
        title: Of the feed.
        updated: When something in it changed last; aware.
    """
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    # The same after the secret was changed, or readers would show everything anew.
    _add(feed, "id", uuid5(NAMESPACE_URL, home_url).urn)
    _add(feed, "title", one_line(title, MAX_TITLE) or "Sawthis")
    _add(feed, "updated", _stamp(updated))
    _add(_add(feed, "author"), "name", "Sawthis")
    _link(feed, "self", self_url, MEDIA_TYPE)
    _link(feed, "alternate", home_url, "text/html")
    for entry in entries:
        _entry(_add(feed, "entry"), entry)
    rendered: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return rendered


def _entry(element: ET.Element, entry: AtomEntry) -> None:
    _add(element, "id", entry.id)
    _add(element, "title", one_line(entry.title, MAX_TITLE) or "Untitled")
    _add(element, "updated", _stamp(entry.updated))
    if source := one_line(entry.source, MAX_NAME):
        _add(_add(element, "author"), "name", source)
    _link(element, "alternate", entry.url, "")
    _add(element, "content", _html(entry.text)).set("type", "html")


def _html(text: str) -> str:
    """Paragraphs, escaped: a reader folds the lines of plain text into one."""
    paragraphs = escape(lines(text)).split("\n\n")
    return "".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>" for paragraph in paragraphs)


def _link(parent: ET.Element, rel: str, url: str, media_type: str) -> None:
    if href := safe_url(url):
        kind = {"type": media_type} if media_type else {}
        ET.SubElement(parent, "link", {"rel": rel, "href": href, **kind})


def _add(parent: ET.Element, name: str, text: str = "") -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = text
    return element


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
