"""Pages the user came across, saved into their own part of the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recommender_feeds import Page, canonical_url, language_of

from recommender.errors import InvalidInput
from recommender.services.pages import fetch_page, is_url, save_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from recommender_feeds import HttpClient

    from recommender.domain import Item
    from recommender.storage.protocol import Storage

MAX_URL_CHARACTERS = 2000


class Saver:
    """Saves pages for one account.

    Args:
        storage: The library.
        account_id: Whose.
        http_client: Opens a client that reaches public hosts.
        match_soon: Matches what is new.
    """

    def __init__(
        self,
        storage: Storage,
        account_id: str,
        http_client: Callable[[], AbstractContextManager[HttpClient]],
        match_soon: Callable[[], object],
    ) -> None:
        self._storage = storage
        self._account_id = account_id
        self._http_client = http_client
        self._match_soon = match_soon

    def save(
        self, url: str, *, now: datetime, title: str = "", text: str = ""
    ) -> tuple[Item, bool]:
        """Put a page into the pool and match it; the item, and whether it is new there.

        Args:
            url: Where it is.
            now: Aware time.
            title: If the page is at hand.
            text: If the page is at hand; it is fetched otherwise.

        Raises:
            InvalidInput: Not an http or https address.
            IngestError: The page can't be fetched or read.
        """
        url = _checked(url)
        if text.strip():
            page = _at_hand(url, title, text)
        else:
            with self._http_client() as client:
                page = fetch_page(client, url)
        item, is_new = self._put(page, now)
        self._match_soon()
        return item, is_new

    def keep(self, url: str, *, now: datetime, title: str, text: str) -> Item:
        """Put a page that is at hand into the pool; the next refresh matches it.

        Raises:
            InvalidInput: Not an http or https address.
        """
        return self._put(_at_hand(_checked(url), title, text), now)[0]

    def _put(self, page: Page, now: datetime) -> tuple[Item, bool]:
        added = save_page(self._storage, self._account_id, page, now=now)
        item = self._storage.items.own_by_key(self._account_id, canonical_url(page.url))
        return item, bool(added)

    def remove(self, item_id: int) -> None:
        """Take a saved page out of the pool.

        Raises:
            ItemNotFound: No page of the user's has this id.
            ConflictError: Somebody was sent it.
        """
        self._storage.items.delete_own(self._account_id, item_id)


def _checked(url: str) -> str:
    url = url.strip()
    if not is_url(url) or len(url) > MAX_URL_CHARACTERS or not _names_a_host(url):
        raise InvalidInput("a page has an address that begins with http:// or https://")
    return url


def _names_a_host(url: str) -> bool:
    """Whether an address leads anywhere, and without a login that would be kept."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def _at_hand(url: str, title: str, text: str) -> Page:
    title = title.strip()
    return Page(url=url, title=title or url, text=text, language=language_of(title, text, None))
