"""RSS, RDF and Atom 1.0 over libxml2: the fast reader, and the one for damaged documents.

Strictly, it reads well-formed documents of the usual kinds in UTF-8, some ten times as fast as
feedparser; anything else it declines (returns None), and feedparser has its turn. With
`recover` it takes what libxml2 can save of a broken document, if feedparser found nothing.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from recommender_feeds.dates import parse_date
from recommender_feeds.raw import RawEntry, RawFeed, days, hours, minutes, update_minutes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    Element = Any  # lxml publishes no types

NAME = "libxml2"
RECOVERY_NAME = "libxml2-recovery"
_SAFE_ENCODINGS = {"", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"}
_ROOT = re.compile(rb"<(\w+:)?(rss|rdf|feed|channel)[\s>]", re.IGNORECASE)
_BARE = re.compile(rb"(\s[\w:]+)=([^\s\"'>]+)")
_DECLARED = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]+)", re.IGNORECASE)
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# Short names of the namespaces that matter; "" is RSS itself in its several dresses.
_SPACES = {
    "": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://backend.userland.com/rss": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
}
_PREFIXES = {name for name in _SPACES.values() if name}
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


def read(data: bytes, content_type: str | None, *, recover: bool = False) -> RawFeed | None:
    """The feed, or None where this reader is not the one for it.

    Args:
        data: The document.
        content_type: The header's value; a charset that is not UTF-8 is feedparser's affair.
        recover: Take a damaged document, too.
    """
    if not recover and not _is_plain_utf8(data, content_type):
        return None
    root = _tree(data, recover=recover)
    if root is None:
        return None
    kind = _kind(root, recover=recover)
    if kind is None:
        return None
    is_entry = _entry_test(kind)
    elements = [element for element in root.iter(_elements()) if is_entry(element)]
    if not recover and any(_misplaced(element, kind) for element in elements):
        return None
    channel = root if kind == "atom" else _first(root, "channel")
    feed = _feed(channel if channel is not None else root, root, recover=recover)
    try:
        feed.entries = [_entry(element, kind) for element in elements]
    except _DeclinedError:
        return None
    return feed


def _elements() -> Any:  # noqa: ANN401  (what lxml's iter takes for "elements only")
    """Return the marker by which comments and instructions are passed over."""
    from lxml import etree

    return etree.Element


def _is_plain_utf8(data: bytes, content_type: str | None) -> bool:
    """Whether the document can only be meant as UTF-8, and declares no entities of its own."""
    head = data[:4096]
    if b"<!ENTITY" in data or head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        return False
    declared = _DECLARED.search(head[:200])
    charset = _CHARSET.search(content_type or "")
    names = {
        declared.group(1).decode().lower() if declared else "",
        charset.group(1).lower() if charset else "",
    }
    if not names <= _SAFE_ENCODINGS:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _tree(data: bytes, *, recover: bool) -> Element | None:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=recover,
        encoding=None if recover else "utf-8",
        strip_cdata=True,
        remove_comments=True,
        remove_pis=True,
    )
    source = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    start = _ROOT.search(source) if recover else None
    if start:
        # A damaged prolog, or a root without quotes, must not cost the document.
        head, close, rest = source[start.start() :].partition(b">")
        source = _BARE.sub(rb'\1="\2"', head) + close + rest
    try:
        return etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _kind(root: Element, *, recover: bool) -> str | None:
    space, name = _split(root)
    if name == "feed" and (space == "atom" or recover):
        return "atom"
    if name in {"rss", "rdf"} and (space in {"", "rdf"} or recover):
        return "rss"
    return "any" if recover else None


def _split(element: Element) -> tuple[str, str]:
    """(short name of the namespace or "?", local name in lower case)."""
    tag: str = element.tag
    if tag[0] == "{":
        uri, _, name = tag[1:].partition("}")
        return _SPACES.get(uri.lower(), "?"), name.lower()
    prefix, colon, name = tag.lower().partition(":")
    if colon:  # a prefix nobody declared, as recovery leaves it
        return {"rss": "", "a": "atom"}.get(prefix, prefix if prefix in _PREFIXES else "?"), name
    return "", tag.lower()


def _entry_test(kind: str) -> Callable[[Element], bool]:
    names = {"atom": {"entry"}, "rss": {"item"}, "any": {"entry", "item"}}[kind]

    def is_entry(element: Element) -> bool:
        tag: str = element.tag
        name = tag.rpartition("}")[2].rpartition(":")[2].lower()
        return name in names and _split(element)[0] in {"", "atom"}

    return is_entry


def _misplaced(element: Element, kind: str) -> bool:
    """An entry where no entry belongs: somebody else should read this document."""
    parent = element.getparent()
    if parent is None:
        return True
    name = _split(parent)[1]
    return name != "feed" if kind == "atom" else name not in {"channel", "rdf", "rss", "items"}


def _first(root: Element, name: str) -> Element | None:
    return next((e for e in root.iter(_elements()) if _split(e) == ("", name)), None)


def _children(element: Element) -> Iterator[tuple[Element, str, str]]:
    for child in element:
        if isinstance(child.tag, str):
            yield child, *_split(child)


def _feed(channel: Element, root: Element, *, recover: bool) -> RawFeed:
    found: dict[tuple[str, str], Element] = {}
    link = ""
    for child, space, name in _children(channel):
        found.setdefault((space, name), child)
        if name == "link" and space in {"", "atom"}:
            link = link or _link(child, space)

    def line(*keys: tuple[str, str]) -> str:
        return next((text for key in keys if (text := _line(found.get(key)))), "")

    period, frequency = line(("sy", "updateperiod")), line(("sy", "updatefrequency"))
    return RawFeed(
        reader=RECOVERY_NAME if recover else NAME,
        title=line(("", "title"), ("atom", "title"), ("dc", "title")),
        link=link,
        language=line(("", "language"), ("dc", "language"))
        or channel.get(_XML_LANG)
        or root.get(_XML_LANG)
        or "",
        ttl_minutes=minutes(line(("", "ttl"))) or update_minutes(period, frequency),
        skip_hours=hours([_line(hour) for hour in found.get(("", "skiphours"), ())]),
        skip_days=days([_line(day) for day in found.get(("", "skipdays"), ())]),
    )


def _line(element: Element | None) -> str:
    """All text of an element on one line."""
    if element is None:
        return ""
    text = element.text or ""
    if len(element):
        text = "".join(element.itertext())
    return " ".join(text.split())


def _link(element: Element, space: str) -> str:
    """The address a link element names for people; "" for self, enclosures and the like."""
    href = element.get("href")
    if href is None:
        return _line(element) if space == "" else ""
    if (element.get("rel") or "alternate").lower() != "alternate":
        return ""
    kind = (element.get("type") or "text/html").lower()
    return href.strip() if "html" in kind or "text" in kind else ""


def _entry(element: Element, kind: str) -> RawEntry:
    found = _Found()
    for child, space, name in _children(element):
        take = _TAKERS.get((space, name))
        if take is not None:
            take(found, child)
    entry = found.entry
    about = element.get(_RDF_ABOUT) or ""
    entry.id = entry.id or about
    entry.language = entry.language or element.get(_XML_LANG) or ""
    if element.get(_XML_BASE) or kind == "atom":
        entry.base = element.base or ""
    entry.title = entry.title or found.lines.get("media_title", "")
    entry.author = entry.author or found.lines.get("itunes_author", "")
    links = ("original", "link", "guid_link", "enclosure", "media_link")
    entry.link = next((found.lines[name] for name in links if found.lines.get(name)), "")
    entry.link = entry.link or (_web(entry.id) if kind == "atom" else about)
    bodies = max(found.bodies, key=lambda body: len(body[0]), default=("", False))
    entry.markup, entry.is_plain = bodies
    entry.published_at = found.date("published", "pubdate", "issued", "date", "created")
    entry.updated_at = found.date("updated", "modified")
    return entry


class _Found:
    """What has been seen of one entry; the first of a kind counts."""

    __slots__ = ("bodies", "entry", "lines")

    def __init__(self) -> None:
        self.entry = RawEntry()
        self.lines: dict[str, str] = {}
        self.bodies: list[tuple[str, bool]] = []

    def note(self, name: str, text: str) -> None:
        if text:
            self.lines.setdefault(name, text)

    def date(self, *names: str) -> datetime | None:
        dates = (parse_date(self.lines[name]) for name in names if name in self.lines)
        return next((at for at in dates if at), None)


def _take_title(found: _Found, child: Element) -> None:
    found.entry.title = found.entry.title or _line(child)


def _take_link(found: _Found, child: Element) -> None:
    space = _split(child)[0]
    found.note("link", _link(child, space))
    if (child.get("rel") or "").lower() == "enclosure":
        found.note("enclosure", child.get("href") or "")


def _take_guid(found: _Found, child: Element) -> None:
    _take_id(found, child)
    if (child.get("isPermaLink") or "true").lower() != "false":
        found.note("guid_link", _web(found.entry.id))


def _take_id(found: _Found, child: Element) -> None:
    found.entry.id = found.entry.id or _line(child)


def _take_author(found: _Found, child: Element) -> None:
    found.entry.author = found.entry.author or _author(child)


def _take_tag(found: _Found, child: Element) -> None:
    text = child.get("label") or child.get("term") or child.get("text") or _line(child)
    found.entry.tags.append(text)


def _take_keywords(found: _Found, child: Element) -> None:
    found.entry.tags.extend(_line(child).split(","))


def _take_language(found: _Found, child: Element) -> None:
    found.entry.language = _line(child)


def _take_enclosure(found: _Found, child: Element) -> None:
    found.note("enclosure", (child.get("url") or "").strip())


def _take_body(found: _Found, child: Element) -> None:
    body = _body(child, _split(child)[0])
    if body[0]:
        found.bodies.append(body)


def _take_media(found: _Found, child: Element) -> None:
    for one in child.iter(_elements()):
        space, name = _split(one)
        if space != "media":
            continue
        if name == "title":
            found.note("media_title", _line(one))
        elif name == "content":
            found.note("media_link", one.get("url") or "")
        elif name == "description" and one.text:
            is_plain = (one.get("type") or "plain") == "plain" and "<" not in one.text
            found.bodies.append((one.text, is_plain))


def _line_taker(name: str) -> Callable[[_Found, Element], None]:
    return lambda found, child: found.note(name, _line(child))


_TAKERS: dict[tuple[str, str], Callable[[_Found, Element], None]] = {
    **dict.fromkeys([("", "title"), ("atom", "title"), ("dc", "title")], _take_title),
    **dict.fromkeys([("", "link"), ("atom", "link")], _take_link),
    ("", "guid"): _take_guid,
    **dict.fromkeys([("", "id"), ("atom", "id"), ("dc", "identifier")], _take_id),
    **dict.fromkeys([("", "author"), ("atom", "author"), ("dc", "creator")], _take_author),
    **dict.fromkeys([("", "category"), ("atom", "category"), ("dc", "subject")], _take_tag),
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


class _DeclinedError(Exception):
    """Something this reader leaves to feedparser, such as base64."""


def _body(element: Element, space: str) -> tuple[str, bool]:
    """(markup or text, whether it is declared as plain text)."""
    if element.get("src") and not element.text:
        return "", False
    if space == "atom" and (element.get("type") or "text").lower() not in _TEXT_TYPES:
        raise _DeclinedError
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


def _author(element: Element) -> str:
    for child, _space, name in _children(element):
        if name == "name":
            return _line(child)
    return "" if len(element) else _line(element)
