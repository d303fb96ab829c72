"""What a site lets robots fetch (RFC 9309). Pages are asked for only where it allows.

A feed is published for programs to read; a page is published for people, so the site decides.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recommender_feeds.errors import FeedError, FetchError

if TYPE_CHECKING:
    from recommender_feeds.http import HttpClient

AGENT = "Sawthis"
MAX_BYTES = 512 * 1024


class Robots:
    """Remembers each site's rules for as long as it lives; safe to use from several threads."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._rules: dict[str, str | None] = {}
        self._guard = Lock()

    def allow(self, url: str) -> bool:
        """Whether the page may be fetched.

        No robots.txt (4xx) allows everything; one that can't be had (5xx, no answer) nothing.
        """
        from protego import Protego

        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        with self._guard:
            known = site in self._rules
        if not known:
            text = self._fetch(site)
            with self._guard:
                self._rules[site] = text
        text = self._rules[site]
        if text is None:
            return False
        return bool(Protego.parse(text).can_fetch(url, AGENT))

    def _fetch(self, site: str) -> str | None:
        try:
            answer = self._client.get(f"{site}/robots.txt", accept="text/plain, */*;q=0.5")
        except FetchError as error:
            is_absent = error.status is not None and 400 <= error.status < 500
            return "" if is_absent and error.status != 429 else None
        except FeedError:
            return None
        return answer.body[:MAX_BYTES].decode("utf-8", "replace")
