"""Bytes to entries: feedparser for XML, our own few lines for JSON Feed.

The only module that knows feedparser. Its sanitiser and its link resolver are off (they cost
most of its time); markup is cleaned afterwards, and only for entries that are kept.
"""

from __future__ import annotations

import calendar
import json
import zlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from recommender_feeds.errors import ParseError
from recommender_feeds.text import clean_html, clean_to_text, label, plain_title, tidy
from recommender_feeds.types import Entry, ParsedFeed

MAX_ENTRIES = 500
MAX_TEXT_CHARACTERS = 200_000
MAX_BYTES = 10 * 1024 * 1024
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)


def parse(body: bytes, url: str, content_type: str | None = None) -> ParsedFeed:
    """Read a feed document; the newest 500 entries in the document's order.

    Args:
        body: As it came, at most 10 MB (after inflation, for a gzip without a header).
        url: Where it came from; relative links are resolved against it.
        content_type: The header's value, which may lie.

    Raises:
        ParseError: It is no feed.
    """
    data = _inflated(body, url)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _parse_json(data, url)
    return _parse_xml(data, url, content_type)


def _inflated(body: bytes, url: str) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        inflater = zlib.decompressobj(wbits=31)
        data = inflater.decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise ParseError(f"{url} is a damaged gzip file", url=url) from error
    if len(data) > MAX_BYTES:
        raise ParseError(f"{url} is larger than 10 MB; it is not read", url=url)
    return data


def _parse_xml(data: bytes, url: str, content_type: str | None) -> ParsedFeed:
    import feedparser

    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    try:
        found = feedparser.parse(
            data, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # feedparser promises not to raise, and sometimes does
        raise ParseError(f"{url} can't be read as a feed ({error})", url=url) from error
    if not found.entries and not found.get("version"):
        raise ParseError(_no_feed(data, url), url=url)
    base = found.feed.get("link") or url
    language = found.feed.get("language") or None
    entries = [_xml_entry(entry, base, language) for entry in _newest(found.entries)]
    return ParsedFeed(
        title=plain_title(found.feed.get("title", "")),
        site_url=_http(urljoin(url, found.feed.get("link", "")))
        if found.feed.get("link")
        else None,
        language=language,
        entries=tuple(entries),
        reader="feedparser",
        n_entries_found=len(found.entries),
    )


def _no_feed(data: bytes, url: str) -> str:
    head = data[:2000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return f"{url} answers with a web page, not a feed; give the feed's own address"
    return f"{url} is no feed in a format we know (RSS, Atom, RDF, JSON Feed)"


def _newest(entries: list[Any]) -> list[Any]:
    if len(entries) <= MAX_ENTRIES:
        return entries
    ranked = sorted(
        range(len(entries)), key=lambda at: _struct_time(entries[at]) or _OLDEST, reverse=True
    )
    return [entries[at] for at in sorted(ranked[:MAX_ENTRIES])]


def _struct_time(entry: Any) -> datetime | None:  # noqa: ANN401  (feedparser's dictionary)
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        # Not entry.get: feedparser answers "updated" with "published", and warns of it.
        value = dict.get(entry, name)
        if value:
            try:
                return _sane(datetime.fromtimestamp(calendar.timegm(value), UTC))
            except (ValueError, OverflowError, OSError):
                continue
    return None


def _sane(at: datetime) -> datetime | None:
    """A date before the web is a date nobody set."""
    return at if at >= _OLDEST else None


def _xml_entry(entry: Any, base: str, language: str | None) -> Entry:  # noqa: ANN401
    markup, is_plain = _markup(entry)
    return _entry(
        id=entry.get("id") or None,
        url=_link(entry, base),
        title=entry.get("title", ""),
        markup=markup,
        is_plain=is_plain,
        published_at=_struct_time(entry),
        author=plain_title(entry.get("author", "")) or None,
        tags=tuple(
            dict.fromkeys(
                term
                for tag in entry.get("tags", ())
                if (term := plain_title(tag.get("term") or ""))
            )
        ),
        language=language,
        base=base,
    )


def _link(entry: Any, base: str) -> str | None:  # noqa: ANN401
    link = entry.get("link")
    if not link:
        return None
    try:
        return _http(urljoin(base, link))
    except ValueError:
        return None


def _http(url: str) -> str | None:
    return url if url.startswith(("http://", "https://")) else None


def _markup(entry: Any) -> tuple[str, bool]:  # noqa: ANN401
    """(the longest of content and summary, whether it is plain text)."""
    values = [*entry.get("content", ()), entry.get("summary_detail") or {}]
    if entry.get("summary") and not entry.get("summary_detail"):
        values.append({"value": entry["summary"]})
    best: Any = max(values, key=lambda value: len(value.get("value") or ""), default={})
    return best.get("value") or "", best.get("type") == "text/plain" and "<" not in (
        best.get("value") or ""
    )


def _entry(
    *,
    id: str | None,
    url: str | None,
    title: str,
    markup: str,
    is_plain: bool,
    published_at: datetime | None,
    author: str | None,
    tags: tuple[str, ...],
    language: str | None,
    base: str,
) -> Entry:
    html = "" if is_plain else clean_html(markup, base)
    text = (tidy(markup) if is_plain else clean_to_text(html))[:MAX_TEXT_CHARACTERS]
    return Entry(
        id=id,
        url=url,
        title=plain_title(title) or label(text),
        text=text,
        html=html[:MAX_TEXT_CHARACTERS] if is_plain else html,
        published_at=published_at,
        author=author,
        tags=tags,
        language=language,
    )


def _parse_json(data: bytes, url: str) -> ParsedFeed:
    try:
        feed = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{url} begins like JSON Feed but can't be read", url=url) from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise ParseError(f"{url} is JSON, but no JSON Feed", url=url)
    base = _text(feed, "home_page_url") or url
    language = _text(feed, "language") or None
    kept = [item for item in items if isinstance(item, dict)]
    return ParsedFeed(
        title=plain_title(_text(feed, "title")),
        site_url=_http(_text(feed, "home_page_url")),
        language=language,
        entries=tuple(_json_entry(item, base, language) for item in kept[:MAX_ENTRIES]),
        reader="jsonfeed",
        n_entries_found=len(kept),
    )


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _json_entry(item: dict[str, Any], base: str, language: str | None) -> Entry:
    link = _text(item, "url") or _text(item, "external_url")
    markup = _text(item, "content_html")
    plain = _text(item, "content_text") or _text(item, "summary")
    tags = item.get("tags")
    return _entry(
        id=str(item["id"]) if item.get("id") is not None else None,
        url=_link({"link": link}, base),
        title=_text(item, "title"),
        markup=markup or plain,
        is_plain=not markup,
        published_at=_iso_time(_text(item, "date_published") or _text(item, "date_modified")),
        author=_json_author(item),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        language=_text(item, "language") or language,
        base=base,
    )


def _json_author(item: dict[str, Any]) -> str | None:
    authors = item.get("authors")
    people = authors if isinstance(authors, list) else [item.get("author")]
    names = (_text(person, "name") for person in people if isinstance(person, dict))
    return ", ".join(name for name in names if name) or None


def _iso_time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _sane((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC))
