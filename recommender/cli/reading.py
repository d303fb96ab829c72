"""`sawthis feeds parse`: what we read from one document, also for bug reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, heading, note, say
from recommender.errors import IngestError, InvalidInput

if TYPE_CHECKING:
    from recommender_feeds import Entry, ParsedFeed

MAX_FILE_BYTES = 10 * 1024 * 1024


def parse(
    document: Annotated[str, typer.Argument(metavar="FILE|URL", help="A feed; - for stdin.")],
    url: Annotated[
        str, typer.Option("--url", help="Where the file came from, for relative links.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Read one feed document and print what is in it; nothing is kept."""
    from recommender_feeds import FeedError, ParserPool

    try:
        with ParserPool(1) as pool:
            body, base, content_type = _document(document, url)
            feed = pool.parse(body, base, content_type)
    except FeedError as error:
        raise IngestError(str(error), url=document) from error
    if as_json:
        emit_json(_shape(feed))
        return
    heading(feed.title or "(no title)")
    capped = len(feed.entries) < feed.n_entries_found
    more = f", the newest {len(feed.entries)} kept" if capped else ""
    note(f"read by {feed.reader}: {feed.n_entries_found} entries{more}")
    for entry in feed.entries:
        when = entry.published_at.date().isoformat() if entry.published_at else "no date"
        say(f"{when}  {entry.title}")


def _document(document: str, url: str) -> tuple[bytes, str, str | None]:
    """(bytes, address relative links are resolved against, content type)."""
    if document.casefold().startswith(("http://", "https://")):
        with open_house().http_client() as client:
            answer = client.get(document)
        return answer.body, url or answer.url, answer.headers.get("content-type")
    from recommender.cli.feeds import read_input

    body = read_input(Path(document))
    if len(body) > MAX_FILE_BYTES:
        raise InvalidInput(f"{document} is larger than {MAX_FILE_BYTES // 2**20} MB")
    name = "stdin" if document == "-" else Path(document).name
    return body, url or f"file:///{name}", None


def _shape(feed: ParsedFeed) -> dict[str, object]:
    return {
        "reader": feed.reader,
        "title": feed.title,
        "site_url": feed.site_url,
        "language": feed.language,
        "entries_found": feed.n_entries_found,
        "ttl_minutes": feed.ttl_minutes,
        "entries": [_entry_shape(entry, feed.language) for entry in feed.entries],
    }


def _entry_shape(entry: Entry, feed_language: str | None) -> dict[str, object]:
    from recommender_feeds import hints_at_paywall, language_of, reading_minutes

    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "published_at": entry.published_at.isoformat() if entry.published_at else None,
        "author": entry.author,
        "tags": list(entry.tags),
        "language": language_of(entry.title, entry.text, entry.language or feed_language),
        "minutes": reading_minutes(entry.text),
        "paywalled": hints_at_paywall(entry.title, entry.text, entry.tags),
        "text": entry.text,
    }
