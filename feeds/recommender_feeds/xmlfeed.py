"""RSS, RDF and Atom 1.0 over libxml2: the fast reader, and the one for damaged documents.

Strictly, it reads well-formed documents of the usual kinds, some ten times as fast as
feedparser, and those that `repairing` makes well-formed; anything else it declines (returns
None), and feedparser has its turn. With `recover` it takes what libxml2 can save of a broken
document, if feedparser found nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender_feeds.raw import RawFeed, days, hours, minutes, update_minutes
from recommender_feeds.repairing import well_formed
from recommender_feeds.xmlentry import DeclinedError, feed_author, page_link, read_entry
from recommender_feeds.xmlnames import XML_LANG, children, elements, one_line, split

if TYPE_CHECKING:
    from collections.abc import Callable

    Element = Any  # lxml publishes no types

NAME = "libxml2"
REPAIRED_NAME = "libxml2-repaired"
RECOVERY_NAME = "libxml2-recovery"


def read(text: str) -> RawFeed | None:
    """The feed of a well-formed document, or None where this reader is not the one for it."""
    if "<!ENTITY" in text:
        return None
    found = _read(text, NAME)
    if found is not None:
        return found
    repaired = well_formed(text)
    return _read(repaired, REPAIRED_NAME) if repaired is not None else None


def save(text: str) -> RawFeed | None:
    """What can be saved of a broken document."""
    return _read(well_formed(text) or text, RECOVERY_NAME)


def _read(text: str, name: str) -> RawFeed | None:
    recover = name == RECOVERY_NAME
    root = _tree(text, recover=recover)
    kind = _kind(root, recover=recover) if root is not None else None
    if root is None or kind is None:
        return None
    is_entry = _entry_test(kind)
    found = [element for element in root.iter(elements()) if is_entry(element)]
    if not recover and any(_misplaced(element, kind) for element in found):
        return None
    channel = root if kind == "atom" else _first(root, "channel")
    feed = _feed(channel if channel is not None else root, root, name)
    try:
        feed.entries = [read_entry(element, kind) for element in found]
    except DeclinedError:
        return None
    if kind == "atom":  # RFC 4287, 4.2.1: what an entry leaves out, its feed says for it
        author = feed_author(root)
        for entry in feed.entries:
            entry.author = entry.author or author
    return feed


def _tree(text: str, *, recover: bool) -> Element | None:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=recover,
        encoding="utf-8",
        strip_cdata=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.lstrip("\ufeff \t\r\n").encode(errors="replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _kind(root: Element, *, recover: bool) -> str | None:
    space, name = split(root)
    if name == "feed" and (space == "atom" or recover):
        return "atom"
    if name in {"rss", "rdf"} and (space in {"", "rdf"} or recover):
        return "rss"
    return "any" if recover else None


def _entry_test(kind: str) -> Callable[[Element], bool]:
    names = {"atom": {"entry"}, "rss": {"item"}, "any": {"entry", "item"}}[kind]

    def is_entry(element: Element) -> bool:
        tag: str = element.tag
        name = tag.rpartition("}")[2].rpartition(":")[2].lower()
        return name in names and split(element)[0] in {"", "atom"}

    return is_entry


def _misplaced(element: Element, kind: str) -> bool:
    """An entry where no entry belongs: somebody else should read this document."""
    parent = element.getparent()
    if parent is None:
        return True
    name = split(parent)[1]
    return name != "feed" if kind == "atom" else name not in {"channel", "rdf", "rss", "items"}


def _first(root: Element, name: str) -> Element | None:
    return next((e for e in root.iter(elements()) if split(e) == ("", name)), None)


def _feed(channel: Element, root: Element, name: str) -> RawFeed:
    found: dict[tuple[str, str], Element] = {}
    link = base = ""
    for child, space, tag in children(channel):
        found.setdefault((space, tag), child)
        if tag == "link" and space in {"", "atom"} and not link:
            link, base = page_link(child, space), child.base or ""

    def line(*keys: tuple[str, str]) -> str:
        return next((text for key in keys if (text := one_line(found.get(key)))), "")

    period, frequency = line(("sy", "updateperiod")), line(("sy", "updatefrequency"))
    return RawFeed(
        reader=name,
        title=line(("", "title"), ("atom", "title"), ("dc", "title")),
        link=link,
        base=base,
        language=line(("", "language"), ("dc", "language"))
        or channel.get(XML_LANG)
        or root.get(XML_LANG)
        or "",
        ttl_minutes=minutes(line(("", "ttl"))) or update_minutes(period, frequency),
        skip_hours=hours([one_line(hour) for hour in found.get(("", "skiphours"), ())]),
        skip_days=days([one_line(day) for day in found.get(("", "skipdays"), ())]),
    )
