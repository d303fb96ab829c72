"""A page somebody points at: from the web, a file or standard input, as title and text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender_feeds import FeedError, canonical_url, content_hash, read_page

from recommender.domain import NewItem
from recommender.errors import IngestError, InvalidInput

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from recommender_feeds import HttpClient, Page

    from recommender.storage.protocol import Storage

MAX_FILE_BYTES = 10 * 1024 * 1024


def is_url(ref: str) -> bool:
    """Whether a reference names something on the web."""
    return ref.casefold().startswith(("http://", "https://"))


def fetch_page(client: HttpClient, url: str) -> Page:
    """Fetch and read a page, or IngestError."""
    try:
        response = client.get(url)
        return read_page(response.body, response.url)
    except FeedError as error:
        raise IngestError(str(error), url=url) from error


def page_from_bytes(body: bytes, name: str) -> Page:
    """Read a page or plain text that is at hand."""
    if len(body) > MAX_FILE_BYTES:
        raise InvalidInput(f"{name} is larger than {MAX_FILE_BYTES // 2**20} MB")
    try:
        return read_page(body, "")
    except FeedError as error:
        raise IngestError(f"{name}: {error}") from error


def page_from_file(path: Path) -> Page:
    """Read a page or plain text from a file."""
    try:
        with path.open("rb") as handle:
            return page_from_bytes(handle.read(MAX_FILE_BYTES + 1), str(path))
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}") from error


def save_page(storage: Storage, account_id: str, page: Page, *, now: datetime) -> int:
    """Put a page into the account's own part of the pool; returns 1 if it is new there."""
    item = NewItem(
        key=canonical_url(page.url),
        kind="page",
        url=page.url,
        title=page.title[:300],
        text=page.text[:100_000],
        author=None,
        language=page.language,
        tags=(),
        published_at=None,
        content_hash=content_hash(page.title, page.text),
    )
    added, _ = storage.items.put_items([item], feed_id=None, owner_id=account_id, now=now)
    return added
