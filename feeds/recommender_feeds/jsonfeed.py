"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), whatever it is served as."""

from __future__ import annotations

import json
import re
from typing import Any

from recommender_feeds.dates import parse_date
from recommender_feeds.errors import ParseError
from recommender_feeds.raw import RawEntry, RawFeed

NAME = "jsonfeed"


def looks_like_json(text: str) -> bool:
    """Whether the first character is an opening brace."""
    return text[:1000].lstrip("\ufeff \t\r\n")[:1] == "{"


def read(text: str, url: str) -> RawFeed:
    """The feed; of a damaged document, what can be read of it.

    Raises:
        ParseError: No JSON, or not JSON Feed.
    """
    try:
        feed = json.loads(text.lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError) as error:
        feed = _saved(text)
        if feed is None:
            raise ParseError(f"{url} begins like JSON Feed but can't be read", url=url) from error
    if isinstance(feed, dict) and isinstance(feed.get("rss"), dict):
        feed = _from_rss(feed["rss"].get("channel"))
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise ParseError(f"{url} is JSON, but no JSON Feed", url=url)
    return RawFeed(
        reader=NAME,
        title=_text(feed, "title"),
        link=_text(feed, "home_page_url"),
        language=_text(feed, "language"),
        entries=[_entry(item, _author(feed)) for item in items if isinstance(item, dict)],
    )


_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


def _saved(text: str) -> dict[str, Any] | None:
    """What stands before the damage: the feed's own words, and the items that are whole."""
    start = _ITEMS.search(text)
    if start is None:
        return None
    try:
        head = json.loads(
            text[: start.start()].lstrip("\ufeff").rstrip(" \t\r\n,") + "}", strict=False
        )
    except (ValueError, RecursionError):
        head = {}
    decoder = json.JSONDecoder(strict=False)
    items: list[Any] = []
    at = start.end()
    try:
        while True:
            at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
            item, at = decoder.raw_decode(text, at)
            items.append(item)
    except (ValueError, RecursionError):
        return {**head, "items": items} if items else None


def _from_rss(channel: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
    """RSS that was written as JSON (http://rssjs.org/), in the words of JSON Feed."""
    if not isinstance(channel, dict):
        return {}
    items = channel.get("item")
    return {
        "title": channel.get("title"),
        "home_page_url": channel.get("link"),
        "language": channel.get("language"),
        "items": [
            {
                "id": item["guid"].get("#value")
                if isinstance(item.get("guid"), dict)
                else item.get("guid"),
                "url": item.get("link"),
                "title": item.get("title"),
                "content_html": item.get("description"),
                "date_published": item.get("pubDate"),
                "authors": [{"name": item.get("author")}],
            }
            for item in (items if isinstance(items, list) else [])
            if isinstance(item, dict)
        ],
    }


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _entry(item: dict[str, Any], feed_author: str) -> RawEntry:
    markup = _text(item, "content_html")
    plain = _text(item, "content_text") or _text(item, "summary")
    tags = item.get("tags")
    return RawEntry(
        id=str(item["id"]) if isinstance(item.get("id"), str | int | float) else "",
        link=_text(item, "url") or _text(item, "external_url"),
        title=_text(item, "title"),
        title_is_plain=True,
        markup=markup or plain,
        is_plain=not markup,
        published_at=parse_date(_text(item, "date_published")),
        updated_at=parse_date(_text(item, "date_modified")),
        author=_author(item) or feed_author,
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        language=_text(item, "language"),
    )


def _author(item: dict[str, Any]) -> str:
    authors = item.get("authors")
    people = authors if isinstance(authors, list) else [item.get("author")]
    names = (_text(person, "name") for person in people if isinstance(person, dict))
    return ", ".join(name for name in names if name)
