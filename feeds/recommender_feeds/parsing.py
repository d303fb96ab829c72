"""Bytes to entries. Each reader has its turn; the first that finds entries wins, and is named.

JSON Feed by its first character; RSS, RDF and Atom that are well-formed, or can be made so,
over libxml2; everything else through feedparser; and what feedparser finds nothing in, though
it visibly holds items, over libxml2's recovery. Cleaning comes after, for the entries that are
kept.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from recommender_feeds import jsonfeed, syndication, xmlfeed
from recommender_feeds.dates import OLDEST, forget_misses
from recommender_feeds.decoding import decoded
from recommender_feeds.errors import ParseError
from recommender_feeds.links import absolute
from recommender_feeds.text import (
    clean_html,
    html_to_text,
    label,
    label_of_address,
    plain_title,
    tidy,
    without_controls,
)
from recommender_feeds.types import Entry, ParsedFeed

if TYPE_CHECKING:
    from datetime import datetime

    from recommender_feeds.raw import RawEntry, RawFeed

MAX_ENTRIES = 500
MAX_TEXT_CHARACTERS = 200_000
MAX_BYTES = 10 * 1024 * 1024
MAX_TAGS = 30
MAX_LINE = 500
MAX_AUTHOR = 200
_ITEM = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_BOT_WALLS = (
    b"<title>just a moment", b"cf-challenge", b"cf_chl_", b"captcha", b"attention required!",
    b"checking your browser", b"verify you are human", b"ddos-guard", b"_incapsula_resource",
)  # fmt: skip
_MAILBOX = re.compile(
    r"^\s*(?:[^\s@()<>]+@[^\s@()<>]+\s*\((?P<after>[^()]+)\)"
    r"|(?P<before>[^()<>]+?)\s*[(<][^\s@()<>]+@[^\s@()<>]+[)>])\s*$"
)


def parse(
    body: bytes, url: str, content_type: str | None = None, *, keep_html: bool = True
) -> ParsedFeed:
    """Read a feed document; the newest 500 entries in the document's order.

    Args:
        body: As it came, at most 10 MB (after inflation, for gzip or deflate without a header).
        url: Where it came from; relative links are resolved against it.
        content_type: The header's value, which may lie.
        keep_html: Whether entries carry their clean markup besides their text.

    Raises:
        ParseError: It is no feed.
    """
    data = _inflated(body, url)
    raw = _read(data, url, content_type)
    kept = _newest(raw.entries)
    return ParsedFeed(
        title=plain_title(raw.title)[:MAX_LINE],
        site_url=absolute(absolute(url, raw.base) or url, raw.link),
        language=_language(raw.language),
        entries=tuple(_entry(entry, url, raw.language, keep_html=keep_html) for entry in kept),
        reader=raw.reader,
        n_entries_found=len(raw.entries),
        ttl_minutes=raw.ttl_minutes,
        skip_hours=raw.skip_hours,
        skip_days=raw.skip_days,
    )


def _inflated(body: bytes, url: str) -> bytes:
    if body[:2] == b"\x1f\x8b":
        bits, kind = 31, "gzip"
    elif body[:1] == b"\x78" and body[1:2] in {b"\x01", b"\x5e", b"\x9c", b"\xda"}:
        bits, kind = 15, "deflate"
    else:
        return body
    try:
        data = zlib.decompressobj(wbits=bits).decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise ParseError(f"{url} is a damaged {kind} file", url=url) from error
    if len(data) > MAX_BYTES:
        raise ParseError(f"{url} is larger than 10 MB; it is not read", url=url)
    return data


def _read(data: bytes, url: str, content_type: str | None) -> RawFeed:
    forget_misses()
    text = decoded(data, content_type)
    if jsonfeed.looks_like_json(text):
        return jsonfeed.read(text, url)
    fast = xmlfeed.read(text)
    if fast is not None and fast.entries:
        return fast
    usual = syndication.read(data, url, content_type)
    if usual is not None and usual.entries:
        return usual
    if _ITEM.search(text):
        saved = xmlfeed.save(text)
        if saved is not None and saved.entries:
            return saved
    if usual is None:
        raise _no_feed(data, url)
    return usual


def _no_feed(data: bytes, url: str) -> ParseError:
    head = data[:4000].lower()
    if is_bot_wall(head):
        return ParseError(f"{url} answers with a bot wall", url=url, reason="blocked")
    if b"<html" in head or b"<!doctype html" in head:
        words = "answers with a web page, not a feed; give the feed's own address"
    elif not data.strip():
        words = "is empty"
    else:
        words = "is no feed in a format we know (RSS, Atom, RDF, JSON Feed)"
    return ParseError(f"{url} {words}", url=url, reason="not_a_feed")


def is_bot_wall(head: bytes) -> bool:
    """Whether the beginning of a page, in lower case, asks the visitor to prove to be human."""
    return any(mark in head for mark in _BOT_WALLS)


def _when(entry: RawEntry) -> datetime | None:
    return entry.published_at or entry.updated_at


def _newest(entries: list[RawEntry]) -> list[RawEntry]:
    if len(entries) <= MAX_ENTRIES:
        return entries
    ranked = sorted(range(len(entries)), key=lambda at: _when(entries[at]) or OLDEST, reverse=True)
    return [entries[at] for at in sorted(ranked[:MAX_ENTRIES])]


def _entry(raw: RawEntry, feed_url: str, language: str, *, keep_html: bool) -> Entry:
    url = absolute(absolute(feed_url, raw.base) or feed_url, raw.link)
    markup = raw.markup
    base = absolute(feed_url, raw.body_base) or url or feed_url
    text = tidy(markup) if raw.is_plain else html_to_text(markup)
    return Entry(
        id=without_controls(raw.id)[:2000] or None,
        url=url,
        title=_title(raw, text, url),
        text=text[:MAX_TEXT_CHARACTERS],
        html="" if raw.is_plain or not keep_html else clean_html(markup, base),
        published_at=_when(raw),
        author=_author(raw.author),
        tags=_tags(raw.tags),
        language=_language(raw.language or language),
    )


def _language(stated: str) -> str | None:
    return without_controls(stated).strip()[:35] or None


def _title(raw: RawEntry, text: str, url: str | None) -> str:
    stated = plain_title(raw.title, is_plain=raw.title_is_plain)[:MAX_LINE]
    return stated or label(plain_title(text[:MAX_LINE])) or label(label_of_address(url or ""))


def _author(text: str) -> str | None:
    """The name without the address that RSS asks for beside it."""
    name = plain_title(text)[:MAX_AUTHOR]
    match = _MAILBOX.match(name)
    if match:
        name = match["after"] or match["before"]
    return name.strip() or None


def _tags(raw: list[str]) -> tuple[str, ...]:
    names = (plain_title(tag)[:100] for tag in raw)
    return tuple(dict.fromkeys(name for name in names if name))[:MAX_TAGS]
