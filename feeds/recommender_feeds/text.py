"""Markup to clean markup, plain text and titles. Linear in the length of the input."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import nh3

from recommender_feeds.identity import without_tracking
from recommender_feeds.links import absolute

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_DEPTH = 250
MAX_TAGS = 20_000
"""Cleaning takes time with the square of the depth; beyond this there is only text."""
MAX_TITLE_CHARACTERS = 10_000
MAX_HTML_CHARACTERS = 300_000
"""More than any article; what lies beyond is cut before it costs time."""

_BLOCKS = (
    "address", "article", "aside", "blockquote", "caption", "dd", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
    "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "th", "thead", "tr",
    "ul",
)  # fmt: skip
_WITHOUT_CONTENT = ("script", "style", "template", "iframe", "noscript", "svg", "head")
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_C1 = re.compile(r"[\x80-\x9f]")
_WINDOWS = {
    code: bytes([code]).decode("windows-1252", "ignore")
    for code in range(0x80, 0xA0)
    if code != 0x85
}
# Marks for our own breaks: characters Unicode gives to nobody, which the input has lost before.
_PARAGRAPH, _LINE = "\ufdd0", "\ufdd1"
# No "<" within: so the search for an end stops at the next beginning, and stays linear.
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")
_LOOKS_LIKE_MARKUP = re.compile(r"</?[a-zA-Z!?][^<>]*>|&[#a-zA-Z]")
_LEFT_OVER = re.compile(
    r"&(?:nbsp|amp|quot|[mn]dash|hellip|[lr][sd]quo|#39|#x27|#8[0-9]{3});", re.IGNORECASE
)
_CDATA = re.compile(r"<!\[CDATA\[((?:(?!<!\[CDATA\[).)*?)\]\]>", re.DOTALL)
# What formats a few words; a title that is declared as plain text may hold it all the same.
_FORMATS = (
    "a", "abbr", "b", "big", "br", "cite", "code", "del", "em", "font", "i", "ins", "mark", "p",
    "q", "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u",
)  # fmt: skip
_ELEMENTS = (
    *_FORMATS, *_BLOCKS, *_WITHOUT_CONTENT, "acronym", "applet", "area", "audio", "blink",
    "body", "button", "canvas", "center", "col", "colgroup", "details", "embed", "frame",
    "frameset", "html", "img", "input", "kbd", "label", "legend", "link", "map", "marquee",
    "meta", "nobr", "noframes", "object", "option", "param", "picture", "samp", "select",
    "source", "textarea", "tfoot", "time", "title", "var", "video", "wbr",
)  # fmt: skip


def _tags_of(names: Sequence[str]) -> re.Pattern[str]:
    """Tags of these elements, comments, and whatever carries an attribute."""
    return re.compile(
        rf"</?(?:{'|'.join(names)})(?:[\s/][^<>]*)?>|<!--[^<>]*>|<[a-z][\w-]*\s[^<>=]*=[^<>]*>",
        re.IGNORECASE,
    )


_FORMATTING_TAG, _HTML_TAG = _tags_of(_FORMATS), _tags_of(_ELEMENTS)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0\ufdd1\ufffe\uffff\ud800-\udfff]")


def without_controls(text: str) -> str:
    """Without characters no text needs; those of windows-1252 become what they meant."""
    if _C1.search(text):
        text = text.translate(_WINDOWS)
    return _CONTROL.sub("", text)


def clean_html(markup: str, base_url: str) -> str:
    """Markup without scripts, styles, events and foreign schemes.

    Links and images are absolute and carry no tracking parameters.
    """
    if markup.count("<", 0, MAX_HTML_CHARACTERS) > MAX_TAGS:
        paragraphs = html_to_text(markup).split("\n\n")
        return "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs)
    return nh3.clean(
        without_controls(markup[:MAX_HTML_CHARACTERS]),
        url_schemes={"http", "https", "mailto"},
        attribute_filter=lambda tag, name, value: _absolute(name, value, base_url),
        clean_content_tags={"script", "style", "template", "iframe", "noscript"},
    )


def _absolute(name: str, value: str, base_url: str) -> str | None:
    if name == "cite":
        return absolute(base_url, value)
    if name not in {"href", "src"}:
        return value
    try:
        return without_tracking(urljoin(base_url, value.strip()))
    except ValueError:
        return None


def html_to_text(markup: str) -> str:
    """Plain paragraphs divided by blank lines, from any markup, however broken.

    Block elements become breaks, lest words glue; scripts and styles go with their content.
    """
    if not _LOOKS_LIKE_MARKUP.search(markup[:MAX_HTML_CHARACTERS]):
        return tidy(markup)
    from lxml import etree

    source = without_controls(_CDATA.sub(r"\1", markup[:MAX_HTML_CHARACTERS]))
    parser = etree.HTMLParser(
        remove_comments=True, remove_pis=True, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(f"<div>{source}</div>", parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or (source.count("<") > MAX_DEPTH and _is_cut(parser)):
        return tidy(html.unescape(_TAG.sub(" ", source)))
    return _paragraphs(str(_breaker()(root)))


@cache
def _breaker() -> Any:  # noqa: ANN401  (lxml publishes no types)
    """A stylesheet that gives the text with our marks at its breaks: one pass within libxslt."""
    from lxml import etree

    return etree.XSLT(
        etree.XML(
            '<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform">'
            '<x:output method="text"/>'
            f'<x:template match="{"|".join(_BLOCKS)}">'
            f"{_PARAGRAPH}<x:apply-templates/>{_PARAGRAPH}</x:template>"
            f'<x:template match="br">{_LINE}</x:template>'
            f'<x:template match="{"|".join(_WITHOUT_CONTENT)}"/></x:stylesheet>'
        )
    )


def _escaped_once(text: str) -> str:
    """Text without references that were escaped twice; those that stand for markup stay."""
    if "&" not in text:
        return text
    return _LEFT_OVER.sub(lambda match: html.unescape(match.group()), text)


def _is_cut(parser: Any) -> bool:  # noqa: ANN401  (lxml publishes no types)
    """Whether libxml2 gave up in the depth; what lies below would be lost."""
    return any("depth" in entry.message for entry in parser.error_log)


def _paragraphs(text: str) -> str:
    """Text whose breaks are our own marks; all other white space is one blank."""
    kept = []
    for paragraph in _escaped_once(text).split(_PARAGRAPH):
        if _LINE in paragraph:
            lines = (" ".join(line.split()) for line in paragraph.split(_LINE))
            whole = "\n".join(filter(None, lines))
        else:
            whole = " ".join(paragraph.split()) if paragraph else ""
        if whole:
            kept.append(whole)
    return "\n\n".join(kept)


def tidy(text: str) -> str:
    """Text without control characters, runs of blanks, and more than one blank line."""
    text = _escaped_once(without_controls(text))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def plain_title(markup: str, *, is_plain: bool = False) -> str:
    """A title on one line without markup or entities, also when they were escaped twice.

    Only names of HTML elements make a tag: "Option<T>" and "a < b" stay as they are.

    Args:
        markup: The title as its feed has it.
        is_plain: Whether it is declared as plain text; then only tags that format are taken off.
    """
    text = markup[:MAX_TITLE_CHARACTERS]
    tag = _FORMATTING_TAG if is_plain else _HTML_TAG
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
        if "<" in text:
            text = tag.sub(" ", _HIDDEN.sub("", _CDATA.sub(r"\1", text)))
    return " ".join(without_controls(text).split())


def label(text: str, limit: int = 80) -> str:
    """An honest title for an entry that has none: the beginning of its text."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line.rfind(" ", 0, limit)
    return line[: cut if cut > limit // 2 else limit].rstrip(" ,;:") + "…"


def label_of_address(url: str) -> str:
    """A title for an entry that has neither title nor text: where it leads."""
    parts = urlsplit(url)
    words = re.sub(r"\.\w{2,5}$", "", unquote(parts.path.rstrip("/").rpartition("/")[2]))
    words = " ".join(re.split(r"[-_+\s]+", words)).strip()
    host = parts.netloc.removeprefix("www.")
    return plain_title(f"{host}: {words}" if words else host)
