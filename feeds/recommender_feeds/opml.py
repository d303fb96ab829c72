"""OPML in and out: the lists of feeds that readers exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from recommender_feeds.decoding import decoded
from recommender_feeds.errors import ParseError
from recommender_feeds.repairing import mended
from recommender_feeds.text import plain_title, without_controls
from recommender_feeds.types import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SUBSCRIPTIONS = 10_000
MAX_DEPTH = 32


def parse_opml(body: bytes) -> tuple[Subscription, ...]:
    """The feeds an OPML document lists, each once, with the folders they lie in.

    Entities are not expanded and nothing is fetched.

    Raises:
        ParseError: It is no OPML.
    """
    root = _root(decoded(body, None))
    if root is None or _name(root) not in {"opml", "outline", "body"}:
        raise ParseError("this is no OPML file; export one from your reader")
    found: dict[str, Subscription] = {}
    for outline, folders in _outlines(root):
        url = _attribute(outline, "xmlurl").strip() or _odd_address(outline)
        if url and url not in found and len(found) < MAX_SUBSCRIPTIONS:
            title = _attribute(outline, "text").strip() or _attribute(outline, "title")
            found[url] = Subscription(url, plain_title(title), folders)
    return tuple(found.values())


def _root(text: str) -> Any:  # noqa: ANN401  (lxml)
    """The document's root; a bare ampersand in an address must not cost half of it."""
    from lxml import etree

    error: Exception | None = None
    start = text.find("<")
    for source, recover in ((text[start:], False), (mended(text[start:]), True)):
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
            recover=recover, encoding="utf-8",
        )  # fmt: skip
        try:
            return etree.fromstring(source.encode("utf-8", "replace"), parser)
        except (etree.XMLSyntaxError, ValueError) as failure:
            error = failure
    raise ParseError(f"this is no OPML file ({error}); export one from your reader") from error


def _odd_address(outline: Any) -> str:  # noqa: ANN401  (lxml)
    """Where some programs keep a feed's address."""
    is_feed = _attribute(outline, "type").casefold() in {"rss", "atom", "feed"}
    return _attribute(outline, "url").strip() if is_feed else ""


def _outlines(root: Any) -> Iterable[tuple[Any, tuple[str, ...]]]:  # noqa: ANN401  (lxml)
    """Every outline with the titles of those above it, in document order, without recursion."""
    stack: list[tuple[Any, tuple[str, ...]]] = [(root, ())]
    while stack:
        element, folders = stack.pop()
        inner = folders
        if _name(element) == "outline":
            yield element, folders
            title = plain_title(_attribute(element, "text").strip() or _attribute(element, "title"))
            if title and not _attribute(element, "xmlurl") and len(folders) < MAX_DEPTH:
                inner = (*folders, title)
        stack.extend((child, inner) for child in reversed(element))


def _name(element: Any) -> str:  # noqa: ANN401
    tag = element.tag
    return tag.rsplit("}", 1)[-1].casefold() if isinstance(tag, str) else ""


def _attribute(element: Any, name: str) -> str:  # noqa: ANN401
    for key, value in element.attrib.items():
        if key.rsplit("}", 1)[-1].casefold() == name:
            return str(value)
    return ""


def write_opml(subscriptions: Iterable[Subscription], title: str) -> bytes:
    """An OPML 2.0 document; subscriptions keep their order within their folders."""
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<opml version='2.0'>",
        f"<head><title>{_text(title)}</title></head>",
        "<body>",
    ]
    open_folders: tuple[str, ...] = ()
    for one in sorted(subscriptions, key=lambda s: s.folders):
        lines.extend(_moves(open_folders, one.folders))
        open_folders = one.folders
        name = quoteattr(_clean(one.title or one.url))
        url = quoteattr(without_controls(one.url))
        lines.append(f"<outline type='rss' text={name} title={name} xmlUrl={url}/>")
    lines.extend("</outline>" for _ in open_folders)
    lines.extend(["</body>", "</opml>", ""])
    return "\n".join(lines).encode()


def _moves(here: tuple[str, ...], there: tuple[str, ...]) -> list[str]:
    """Closing and opening tags that lead from one folder to another."""
    same = 0
    while same < min(len(here), len(there)) and here[same] == there[same]:
        same += 1
    closing = ["</outline>"] * (len(here) - same)
    return closing + [f"<outline text={quoteattr(_clean(name))}>" for name in there[same:]]


def _text(value: str) -> str:
    from xml.sax.saxutils import escape

    return escape(_clean(value))


def _clean(value: str) -> str:
    """Without what XML can't hold, on one line."""
    return plain_title(value.replace("&", "&amp;").replace("<", "&lt;"))
