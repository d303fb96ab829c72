"""A web page as title and text: trafilatura, and plain reading where it finds nothing."""

from __future__ import annotations

import re

from recommender_feeds.errors import ParseError
from recommender_feeds.text import html_to_text, plain_title, tidy
from recommender_feeds.types import Page

MAX_BYTES = 2 * 1024 * 1024
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(rb"<\s*(html|body|head|p|div|article|!doctype)\b", re.IGNORECASE)


def read_page(body: bytes, url: str) -> Page:
    """Title and article text of an HTML page, or of plain text whose first line is its title.

    Raises:
        ParseError: There is no text in it.
    """
    data = body[:MAX_BYTES]
    if b"\x00" in data[:1000]:
        raise ParseError(f"{url or 'this'} is no text or web page", url=url)
    if not _MARKUP.search(data[:5000]):
        return _plain(data, url)
    import trafilatura

    # The settings that read best on the labelled pages (docs/feeds.md).
    found = trafilatura.bare_extraction(
        data, url=url or None, with_metadata=True, include_comments=False, favor_precision=False
    )
    raw = data.decode("utf-8", "replace")
    match = _TITLE.search(raw)
    title = (found.title if found else None) or (match.group(1) if match else "")
    text = (found.text if found else None) or html_to_text(raw)
    if not text.strip():
        raise ParseError(f"{url or 'the page'} has no text we can read", url=url)
    return Page(url, plain_title(title), tidy(text), found.language if found else None)


def _plain(data: bytes, url: str) -> Page:
    text = tidy(data.decode("utf-8", "replace"))
    if not text:
        raise ParseError(f"{url or 'it'} is empty", url=url)
    return Page(url, text.splitlines()[0][:200], text, None)
