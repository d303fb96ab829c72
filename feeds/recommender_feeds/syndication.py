"""The reader for whatever is not well-formed, old or odd: feedparser.

The only module that knows feedparser. Its sanitiser and its link resolver are off (they cost
most of its time); markup is cleaned afterwards.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import Any

from recommender_feeds.dates import parse_date
from recommender_feeds.errors import ParseError
from recommender_feeds.raw import RawEntry, RawFeed, days, hours, minutes, update_minutes

NAME = "feedparser"


def read(data: bytes, url: str, content_type: str | None) -> RawFeed | None:
    """The feed, or None where feedparser recognises neither a format nor an entry."""
    import feedparser

    # Without an address, so that ids stay as they are written and links are made absolute in
    # one place.
    headers = {"content-type": content_type} if content_type else {}
    try:
        found = feedparser.parse(
            data, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # feedparser promises not to raise, and sometimes does
        raise ParseError(f"{url} can't be read as a feed ({error})", url=url) from error
    if not found.entries and not found.get("version"):
        return None
    feed = found.feed
    return RawFeed(
        reader=NAME,
        title=feed.get("title") or "",
        link=feed.get("link") or "",
        language=feed.get("language") or "",
        entries=[_entry(entry) for entry in found.entries],
        ttl_minutes=minutes(str(feed.get("ttl") or ""))
        or update_minutes(feed.get("sy_updateperiod") or "", feed.get("sy_updatefrequency") or ""),
        skip_hours=hours([str(feed.get("hour") or "")]),
        skip_days=days([str(feed.get("day") or "")]),
    )


def _entry(entry: Any) -> RawEntry:  # noqa: ANN401  (feedparser's dictionary)
    markup, is_plain = _markup(entry)
    enclosures = entry.get("enclosures") or [{}]
    return RawEntry(
        id=entry.get("id") or "",
        link=entry.get("feedburner_origlink") or _link(entry) or enclosures[0].get("href") or "",
        title=entry.get("title") or "",
        title_is_plain=(entry.get("title_detail") or {}).get("type") == "text/plain"
        and "&" not in (entry.get("title") or ""),
        markup=markup,
        is_plain=is_plain,
        published_at=_date(entry, "published") or _date(entry, "created"),
        updated_at=_date(entry, "updated"),
        author=entry.get("author_detail", {}).get("name") or entry.get("author") or "",
        tags=[tag.get("term") or tag.get("label") or "" for tag in entry.get("tags", ())],
        language=entry.get("language") or (entry.get("title_detail") or {}).get("language") or "",
    )


def _link(entry: Any) -> str:  # noqa: ANN401
    """Its address; an id is one only where it is spelt out."""
    link = str(entry.get("link") or "")
    is_id = entry.get("guidislink") and link == entry.get("id")
    return "" if is_id and "://" not in link else link


def _date(entry: Any, name: str) -> datetime | None:  # noqa: ANN401
    # Not entry.get: feedparser answers "updated" with "published", and warns of it. Not its own
    # reading either: where it knows only the year, it takes the month from today.
    text = dict.get(entry, name)
    return parse_date(text) if isinstance(text, str) else None


def _markup(entry: Any) -> tuple[str, bool]:  # noqa: ANN401
    """(the longest of content and summary, whether it is plain text)."""
    values = [*entry.get("content", ()), entry.get("summary_detail") or {}]
    if entry.get("summary") and not entry.get("summary_detail"):
        values.append({"value": entry["summary"]})
    best: Any = max(values, key=lambda value: len(value.get("value") or ""), default={})
    value = best.get("value") or ""
    return value, best.get("type") == "text/plain" and "<" not in value


def odd_date(text: str) -> datetime | None:
    """Dates in the formats feedparser collects (Korean, Greek, Hungarian, W3C's stranger ones)."""
    from feedparser.datetimes import _parse_date

    try:
        found = _parse_date(text)
        return datetime.fromtimestamp(calendar.timegm(found), UTC) if found else None
    except (ValueError, OverflowError, OSError, TypeError, AttributeError):
        return None
