"""What can go wrong with a feed or a page.

FeedError        (.url, .reason)
  FetchError     it could not be had (.status, .retry_after_s)
  ParseError     it was had, and is not what it should be
  UnsafeUrl      it must not be asked for
"""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "blocked", "busy", "gone", "login", "missing", "not_a_feed", "refused", "unreachable",
    "unreadable",
]  # fmt: skip
"""The kinds of trouble a feed can be in, for a face to put into words."""


class FeedError(Exception):
    """The root: one line that says what happened and what to do."""

    def __init__(self, message: str, *, url: str = "", reason: Reason = "unreadable") -> None:
        super().__init__(message)
        self.url = url
        self.reason = reason


class FetchError(FeedError):
    """The server could not be reached, refused, or answered with an error."""

    def __init__(
        self,
        message: str,
        *,
        url: str = "",
        reason: Reason = "unreachable",
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, url=url, reason=reason)
        self.status = status
        self.retry_after_s = retry_after_s


class ParseError(FeedError):
    """The document is no feed, no page, no OPML."""


class UnsafeUrl(FeedError):
    """The address is not http(s), or leads into a private network."""

    def __init__(self, message: str, *, url: str = "") -> None:
        super().__init__(message, url=url, reason="refused")
