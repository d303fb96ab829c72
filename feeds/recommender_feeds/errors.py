"""What can go wrong with a feed or a page.

FeedError
  FetchError     it could not be had (.url, .status, .retry_after_s)
  ParseError     it was had, and is not what it should be (.url)
  UnsafeUrl      it must not be asked for (.url)
"""

from __future__ import annotations


class FeedError(Exception):
    """The root: one line that says what happened and what to do."""

    def __init__(self, message: str, *, url: str = "") -> None:
        super().__init__(message)
        self.url = url


class FetchError(FeedError):
    """The server could not be reached, refused, or answered with an error."""

    def __init__(
        self,
        message: str,
        *,
        url: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, url=url)
        self.status = status
        self.retry_after_s = retry_after_s


class ParseError(FeedError):
    """The document is no feed, no page, no OPML."""


class UnsafeUrl(FeedError):
    """The address is not http(s), or leads into a private network."""
