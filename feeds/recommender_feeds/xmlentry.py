"""One item or entry element to a RawEntry."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from recommender_feeds.dates import parse_date
from recommender_feeds.raw import RawEntry
from recommender_feeds.xmlnames import RDF_ABOUT, XML_LANG, children, elements, one_line, split

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    Element = Any  # lxml publishes no types


def page_link(element: Element, space: str) -> str:
    """The address a link element names for people; "" for self, enclosures and the like."""
    href = element.get("href")
    if href is None:
        return one_line(element) if space == "" else ""
    if (element.get("rel") or "alternate").lower().rpartition("/")[2] != "alternate":
        return ""
    kind = (element.get("type") or "text/html").lower()
    return href.strip() if "html" in kind or "text" in kind else ""


def read_entry(element: Element, kind: str) -> RawEntry:
    """An entry as its element says it; the first of a kind counts, of several texts the longest.

    Raises:
        DeclinedError: It holds something that another reader understands better.
    """
    found = _Found()
    for child, space, name in children(element):
        take = _TAKERS.get((space, name))
        if take is not None:
            take(found, child)
    entry = found.entry
    about = element.get(RDF_ABOUT) or ""
    entry.id = entry.id or about
    entry.base = element.base or ""
    entry.title = entry.title or found.lines.get("media_title", "")
    entry.author = entry.author or found.lines.get("itunes_author", "")
    links = ("original", "link", "other_link", "guid_link", "enclosure", "media_link")
    entry.link = next((found.lines[name] for name in links if found.lines.get(name)), "")
    entry.link = entry.link or (_web(entry.id) if kind == "atom" else about)
    longest = max(found.bodies, key=lambda body: len(body[0]), default=("", False, "", ""))
    entry.markup, entry.is_plain, language, entry.body_base = longest
    entry.language = entry.language or language or element.get(XML_LANG) or ""
    entry.published_at = found.date("published", "pubdate", "issued", "date", "created")
    entry.updated_at = found.date("updated", "modified")
    return entry


class _Found:
    """What has been seen of one entry; the first of a kind counts."""

    __slots__ = ("bodies", "entry", "lines")

    def __init__(self) -> None:
        self.entry = RawEntry()
        self.lines: dict[str, str] = {}
        self.bodies: list[tuple[str, bool, str, str]] = []
        """(markup or text, whether it is plain text, language, base)"""

    def note(self, name: str, text: str) -> None:
        if text:
            self.lines.setdefault(name, text)

    def date(self, *names: str) -> datetime | None:
        dates = (parse_date(self.lines[name]) for name in names if name in self.lines)
        return next((at for at in dates if at), None)


def _take_title(found: _Found, child: Element) -> None:
    space = split(child)[0]
    _decline_odd_type(child, space)
    if not found.entry.title:
        found.entry.title = one_line(child)
        kind = (child.get("type") or "text").lower()
        found.entry.title_is_plain = space == "atom" and kind in {"text", "text/plain"}


def _take_link(found: _Found, child: Element) -> None:
    space = split(child)[0]
    found.note("link", page_link(child, space))
    if (child.get("rel") or "alternate").lower() == "alternate":
        found.note("other_link", child.get("href") or "")
    if (child.get("rel") or "").lower() == "enclosure":
        found.note("enclosure", child.get("href") or "")


def _take_guid(found: _Found, child: Element) -> None:
    _take_id(found, child)
    if (child.get("isPermaLink") or "true").lower() != "false":
        found.note("guid_link", _web(found.entry.id))


def _take_id(found: _Found, child: Element) -> None:
    found.entry.id = found.entry.id or one_line(child)


def _take_author(found: _Found, child: Element) -> None:
    found.entry.author = found.entry.author or _author(child)


def _take_tag(found: _Found, child: Element) -> None:
    for one in child.iter(elements()):  # some nest them
        text = one.get("label") or one.get("term") or one.get("text") or one.text or ""
        found.entry.tags.append(" ".join(text.split()))


def _take_keywords(found: _Found, child: Element) -> None:
    found.entry.tags.extend(one_line(child).split(","))


def _take_language(found: _Found, child: Element) -> None:
    found.entry.language = one_line(child)


def _take_enclosure(found: _Found, child: Element) -> None:
    found.note("enclosure", (child.get("url") or "").strip())


def _take_body(found: _Found, child: Element) -> None:
    text, is_plain = _body(child, split(child)[0])
    if text:
        found.bodies.append((text, is_plain, child.get(XML_LANG) or "", child.base or ""))


def _take_media(found: _Found, child: Element) -> None:
    for one in child.iter(elements()):
        space, name = split(one)
        if space != "media":
            continue
        if name == "category":
            _take_tag(found, one)
        if name == "title":
            found.note("media_title", one_line(one))
        elif name == "content":
            found.note("media_link", one.get("url") or "")
        elif name == "description" and one.text:
            is_plain = (one.get("type") or "plain") == "plain" and "<" not in one.text
            found.bodies.append((one.text, is_plain, "", ""))


def _line_taker(name: str) -> Callable[[_Found, Element], None]:
    return lambda found, child: found.note(name, one_line(child))


_TAKERS: dict[tuple[str, str], Callable[[_Found, Element], None]] = {
    **dict.fromkeys([("", "title"), ("atom", "title"), ("dc", "title")], _take_title),
    **dict.fromkeys([("", "link"), ("atom", "link")], _take_link),
    ("", "guid"): _take_guid,
    **dict.fromkeys([("", "id"), ("atom", "id"), ("dc", "identifier")], _take_id),
    **dict.fromkeys(
        [("", "author"), ("atom", "author"), ("dc", "creator"), ("dc", "author")], _take_author
    ),
    **dict.fromkeys(
        [
            ("", "category"), ("", "categories"), ("atom", "category"), ("dc", "subject"),
            ("media", "category"), ("itunes", "category"),
        ],
        _take_tag,
    ),
    ("itunes", "keywords"): _take_keywords,
    **dict.fromkeys([("", "language"), ("dc", "language")], _take_language),
    ("", "enclosure"): _take_enclosure,
    ("feedburner", "origlink"): _line_taker("original"),
    ("itunes", "author"): _line_taker("itunes_author"),
    **dict.fromkeys([("media", "group"), ("media", "content"), ("media", "title")], _take_media),
    ("media", "description"): _take_media,
    **{
        (space, name): _line_taker(name)
        for space, name in [
            ("", "pubdate"), ("dc", "date"), ("dcterms", "issued"), ("dcterms", "created"),
            ("dcterms", "modified"), ("atom", "published"), ("atom", "updated"),
            ("atom", "issued"), ("", "published"), ("", "updated"), ("", "date"),
        ]
    },
    **dict.fromkeys(
        [
            ("", "description"), ("", "content"), ("", "summary"), ("", "body"),
            ("", "fullitem"), ("content", "encoded"), ("atom", "summary"),
            ("atom", "content"), ("xhtml", "body"), ("xhtml", "div"), ("dc", "description"),
            ("itunes", "summary"),
        ],
        _take_body,
    ),
}  # fmt: skip


def _web(text: str) -> str:
    return text if text.startswith(("http://", "https://")) else ""


_TEXT_TYPES = {"text", "html", "xhtml", "text/plain", "text/html", "application/xhtml+xml"}


class DeclinedError(Exception):
    """Something this reader leaves to feedparser, such as base64."""


def _decline_odd_type(element: Element, space: str) -> None:
    if space == "atom" and (element.get("type") or "text").lower() not in _TEXT_TYPES:
        raise DeclinedError


def _body(element: Element, space: str) -> tuple[str, bool]:
    """(markup or text, whether it is declared as plain text)."""
    if element.get("src") and not element.text:
        return "", False
    _decline_odd_type(element, space)
    if not len(element):
        text = (element.text or "").strip()
        kind = (element.get("type") or ("text" if space == "atom" else "html")).lower()
        return text, kind in {"text", "text/plain"} and "<" not in text
    return _inner(element).strip(), False


def _inner(element: Element) -> str:
    """The markup within an element, without namespace prefixes."""
    from lxml import etree

    parts = [escape(element.text or "", quote=False)]
    for child in element:
        parts.append(etree.tostring(child, encoding="unicode", method="html", with_tail=True))
    return re.sub(r"(</?)\w+:(\w)", r"\1\2", "".join(parts))


def feed_author(root: Element) -> str:
    """Whom an Atom feed names as the author of what it brings."""
    for child, space, name in children(root):
        if (space, name) == ("atom", "author"):
            return _author(child)
    return ""


def _author(element: Element) -> str:
    for child, _space, name in children(element):
        if name == "name":
            return one_line(child)
    return "" if len(element) else one_line(element)
