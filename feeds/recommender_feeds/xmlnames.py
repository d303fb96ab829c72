"""Element names of feeds, whatever namespace spelling their documents use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    Element = Any  # lxml publishes no types

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"

# Short names of the namespaces that matter; "" is RSS itself in its several dresses.
SPACES = {
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
PREFIXES = {name for name in SPACES.values() if name}


def elements() -> Any:  # noqa: ANN401  (what lxml's iter takes for "elements only")
    """The marker by which comments and instructions are passed over."""
    from lxml import etree

    return etree.Element


def split(element: Element) -> tuple[str, str]:
    """(short name of the namespace or "?", local name in lower case)."""
    tag: str = element.tag
    if tag[0] == "{":
        uri, _, name = tag[1:].partition("}")
        return SPACES.get(uri.lower(), "?"), name.lower()
    prefix, colon, name = tag.lower().partition(":")
    if colon:  # a prefix nobody declared, as recovery leaves it
        return {"rss": "", "a": "atom"}.get(prefix, prefix if prefix in PREFIXES else "?"), name
    return "", tag.lower()


def children(element: Element) -> Iterator[tuple[Element, str, str]]:
    """The elements within one, each with its namespace's short name and its local name."""
    for child in element:
        if isinstance(child.tag, str):
            yield child, *split(child)


def one_line(element: Element | None) -> str:
    """All text of an element on one line."""
    if element is None:
        return ""
    text = element.text or ""
    if len(element):
        text = "".join(element.itertext())
    return " ".join(text.split())
