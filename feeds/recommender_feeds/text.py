"""Markup to clean markup, plain text and titles. Linear in the length of the input."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin

import nh3

MAX_HTML_CHARACTERS = 300_000
"""More than any article; what lies beyond is cut before it costs time."""

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "caption",
        "dd",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_SPACE = re.compile(r"\s+")
_CLEAN_TAG = re.compile(r'</?([a-z0-9]+)[^>"]*(?:"[^"]*"[^>"]*)*>')
_TAG = re.compile(r"<[^>]*>")
_LOOKS_LIKE_MARKUP = re.compile(r"</?[a-zA-Z][^>]*>|&[#a-zA-Z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


def clean_html(markup: str, base_url: str) -> str:
    """Markup without scripts, styles, events and foreign schemes; links and images absolute."""
    return nh3.clean(
        _CONTROL.sub("", markup[:MAX_HTML_CHARACTERS]),
        url_schemes={"http", "https", "mailto"},
        attribute_filter=lambda tag, name, value: _absolute(name, value, base_url),
        clean_content_tags={"script", "style", "template", "iframe", "noscript"},
    )


def _absolute(name: str, value: str, base_url: str) -> str | None:
    if name not in {"href", "src", "cite"}:
        return value
    try:
        return urljoin(base_url, value.strip())
    except ValueError:
        return None


def html_to_text(markup: str) -> str:
    """Plain paragraphs divided by blank lines, from any markup."""
    if not _LOOKS_LIKE_MARKUP.search(markup):
        return tidy(markup)
    return clean_to_text(clean_html(markup, ""))


def clean_to_text(markup: str) -> str:
    """Like `html_to_text` for what `clean_html` returned, and several times as fast.

    Clean markup is well-formed, so that tags can be told by a regular expression: block elements
    become breaks, lest words glue, and all others go.
    """
    line = _SPACE.sub(" ", markup)
    return tidy(html.unescape(_CLEAN_TAG.sub(_break, line)))


def _break(tag: re.Match[str]) -> str:
    name = tag.group(1)
    if name == "br":
        return "\n"
    return "\n\n" if name in _BLOCKS else ""


def tidy(text: str) -> str:
    """Text without control characters, runs of blanks, and more than one blank line."""
    lines = (" ".join(line.split()) for line in _CONTROL.sub("", text).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def plain_title(markup: str) -> str:
    """A title on one line without markup or entities, also when they were escaped twice."""
    text = markup
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
        if "<" in text and _LOOKS_LIKE_MARKUP.search(text):
            text = _TAG.sub(" ", text)
    return " ".join(_CONTROL.sub("", text).split())


def label(text: str, limit: int = 80) -> str:
    """An honest title for an entry that has none: the beginning of its text."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line.rfind(" ", 0, limit)
    return line[: cut if cut > limit // 2 else limit].rstrip(" ,;:") + "…"
