"""HTTP with limits: size, time, redirects, addresses. httpx's errors end here.

Redirects are followed by hand, so that each hop is checked and counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpcore
import httpx

from recommender_feeds.errors import FeedError, FetchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from recommender_feeds.addresses import AddressPolicy

USER_AGENT = "Sawthis/0.1 (+https://github.com/sawthis/sawthis; feed reader)"
MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 5
MAX_RETRY_AFTER_S = 7 * 86400.0
ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
)
_WORDS = {
    401: "it asks for a login",
    403: "it refuses us (403); it may block readers",
    404: "there is nothing at that address (404); look for the feed's new address",
    410: "it is gone for good (410); remove it",
    429: "it asks us to come less often (429); it is tried again later",
}


@dataclass(frozen=True, slots=True)
class Response:
    """A finished answer: 200 with a body, or 304 without."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


class _CheckedBackend(httpcore.SyncBackend):
    """Connects to addresses that the policy has seen, and to no others."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a name that answers."""
        failure: Exception | None = None
        for address in self._policy.resolve(host, port):
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


class HttpClient:
    """Fetches what strangers name; safe to use from several threads.

    Args:
        policy: Which addresses may be connected to.
        connect_timeout_s: For the connection.
        read_timeout_s: Between two pieces of the answer.
        total_timeout_s: For the whole answer, redirects included.
        max_bytes: Of the body after inflation.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 20.0,
        total_timeout_s: float = 60.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._policy = policy
        self._total_s = total_timeout_s
        self._max_bytes = max_bytes
        transport = httpx.HTTPTransport(trust_env=False, retries=0)
        # httpx has no public door for a network backend; its pool is httpcore's, which has.
        transport._pool._network_backend = _CheckedBackend(policy)
        self._client = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(read_timeout_s, connect=connect_timeout_s),
            headers={"User-Agent": USER_AGENT},
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> HttpClient:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Response:
        """Fetch a URL, conditionally if validators are given.

        Raises:
            FetchError: No answer, an error, too large, too slow, too many redirects.
            UnsafeUrl: The address or one it redirects to must not be asked for.
        """
        headers = {"Accept": ACCEPT}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        deadline = time.monotonic() + self._total_s
        here = url
        for _hop in range(MAX_REDIRECTS + 1):
            self._policy.check_url(here)
            answer = self._one(here, headers, deadline)
            if isinstance(answer, Response):
                return answer
            here = answer
        raise FetchError(f"{url} redirects more than {MAX_REDIRECTS} times", url=url)

    def _one(self, url: str, headers: dict[str, str], deadline: float) -> Response | str:
        """One request: an answer, or the next URL."""
        try:
            with self._client.stream("GET", url, headers=headers) as answer:
                if answer.has_redirect_location:
                    return urljoin(url, answer.headers["Location"])
                _raise_for_status(answer, url)
                body = b"" if answer.status_code == 304 else self._read(answer, url, deadline)
                return Response(answer.status_code, url, dict(answer.headers), body)
        except FeedError:
            raise
        except httpx.TimeoutException as error:
            raise FetchError(f"{url} did not answer in time; it is tried again", url=url) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise FetchError(f"{url} can't be fetched ({reason})", url=url) from error

    def _read(self, answer: httpx.Response, url: str, deadline: float) -> bytes:
        pieces: list[bytes] = []
        size = 0
        # In pieces as they come: waiting for a larger one could outlast the deadline.
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > self._max_bytes:
                limit = f"{self._max_bytes / 2**20:.0f} MB"
                raise FetchError(f"{url} is larger than {limit}; it is not read", url=url)
            if time.monotonic() > deadline:
                raise FetchError(f"{url} is too slow; it is tried again", url=url)
            pieces.append(piece)
        return b"".join(pieces)


def _raise_for_status(answer: httpx.Response, url: str) -> None:
    status = answer.status_code
    if status in {200, 203, 226, 304}:
        return
    words = _WORDS.get(status, f"it answers with the error {status}")
    raise FetchError(
        f"{url}: {words}",
        url=url,
        status=status,
        retry_after_s=retry_after(answer.headers.get("Retry-After"), datetime.now(UTC)),
    )


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3), 0 to a week; None if unreadable."""
    if not value:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else _until(value, now)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER_S)


def _until(value: str, now: datetime) -> float:
    at = parsedate_to_datetime(value)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
