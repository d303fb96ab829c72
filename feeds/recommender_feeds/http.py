"""HTTP with limits: size, time, redirects, addresses. httpx's errors end here.

Redirects are followed by hand, so that each hop is checked and counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx

from recommender_feeds.connecting import CheckedBackend, Deadline
from recommender_feeds.errors import FeedError, FetchError
from recommender_feeds.inflating import ACCEPTED, inflated
from recommender_feeds.parsing import is_bot_wall
from recommender_feeds.politeness import HostGate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from recommender_feeds.addresses import AddressPolicy
    from recommender_feeds.errors import Reason

USER_AGENT = "Sawthis/0.1 (+https://github.com/sawthis/sawthis; feed reader)"
MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 5
MAX_RETRY_AFTER_S = 7 * 86400.0
ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
)
_WORDS: dict[int, tuple[Reason, str]] = {
    401: ("login", "it asks for a login; `sawthis feeds login` keeps one"),
    403: ("refused", "it refuses us (403)"),
    404: ("missing", "there is nothing at that address (404); look for the feed's new address"),
    410: ("gone", "it is gone for good (410); remove it"),
    429: ("busy", "it asks us to come less often (429); it is tried again later"),
    451: ("refused", "it may not be shown here for legal reasons (451)"),
}
_PERMANENT = {301, 308}
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Response:
    """A finished answer: 200 with a body, or 304 without."""

    status: int
    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    moved_to: str | None = None
    """The last URL, if every redirect was a permanent one."""


class HttpClient:
    """Fetches what strangers name; safe to use from several threads.

    Args:
        policy: Which addresses may be connected to.
        connect_timeout_s: For the connection.
        read_timeout_s: Between two pieces of the answer.
        total_timeout_s: For the whole answer, redirects included.
        max_bytes: Of the body after inflation.
        gate: Manners; one request at a time for each host, and 2 s apart, if not said.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 20.0,
        total_timeout_s: float = 60.0,
        max_bytes: int = MAX_BYTES,
        gate: HostGate | None = None,
    ) -> None:
        self._policy = policy
        # The user's own hosts, which are listed, need not be spared.
        self._gate = gate or HostGate(is_exempt=policy.is_listed)
        self._total_s = total_timeout_s
        self._max_bytes = max_bytes
        transport = httpx.HTTPTransport(trust_env=False, retries=0, http2=True)
        # httpx has no public door for a network backend; its pool is httpcore's, which has.
        self._deadline = Deadline()
        transport._pool._network_backend = CheckedBackend(policy, self._deadline)
        self._client = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(read_timeout_s, connect=connect_timeout_s),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED},
            trust_env=False,
            follow_redirects=False,
            # What one feed sets must not be shown for another, nor by another account.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
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
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = ACCEPT,
        private_headers: Iterable[tuple[str, str]] = (),
    ) -> Response:
        """Fetch a URL, conditionally if validators are given.

        Args:
            url: http or https.
            etag: Sent back as If-None-Match.
            last_modified: Sent back as If-Modified-Since.
            accept: The media types that are wanted.
            private_headers: A login; it goes to this URL's origin and is dropped at redirects
                that leave it.

        Raises:
            FetchError: No answer, an error, too large, too slow, too many redirects.
            UnsafeUrl: The address or one it redirects to must not be asked for.
        """
        headers = {"Accept": accept}
        if known := _sendable(etag):
            headers["If-None-Match"] = known
        if known := _sendable(last_modified):
            headers["If-Modified-Since"] = known
        self._deadline.at_s = time.monotonic() + self._total_s
        here, is_permanent = url, True
        for hop in range(MAX_REDIRECTS + 1):
            self._policy.check_url(here)
            private = dict(private_headers) if same_origin(here, url) else {}
            with self._gate.turn(here):
                answer = self._one(here, {**headers, **private})
            if answer.status not in _REDIRECTS:
                moved = here if hop and is_permanent else None
                return replace(answer, moved_to=moved)
            is_permanent = is_permanent and answer.status in _PERMANENT
            here = answer.url
        raise FetchError(f"{url} redirects more than {MAX_REDIRECTS} times", url=url)

    def _one(self, url: str, headers: dict[str, str]) -> Response:
        """One request: an answer, or a redirect with the next URL."""
        try:
            with self._client.stream("GET", url, headers=headers) as answer:
                status = answer.status_code
                fields = {name.casefold(): value for name, value in answer.headers.items()}
                if status in _REDIRECTS and "location" in fields:
                    return Response(status, urljoin(url, fields["location"]), fields, b"")
                if status not in {200, 203, 226, 304}:
                    raise self._error(answer, url)
                body = b"" if status == 304 else self._read(answer, url)
                return Response(status, url, fields, body)
        except FeedError:
            raise
        except httpx.TimeoutException as error:
            raise FetchError(f"{url} did not answer in time; it is tried again", url=url) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise FetchError(f"{url} can't be fetched ({reason})", url=url) from error

    def _read(self, answer: httpx.Response, url: str) -> bytes:
        pieces: list[bytes] = []
        size = 0
        encoding = answer.headers.get("Content-Encoding", "")
        for piece in inflated(answer.iter_raw(), encoding):
            size += len(piece)
            if size > self._max_bytes:
                limit = f"{self._max_bytes / 2**20:.0f} MB"
                raise FetchError(f"{url} is larger than {limit}; it is not read", url=url)
            pieces.append(piece)
        return b"".join(pieces)

    def _error(self, answer: httpx.Response, url: str) -> FetchError:
        status = answer.status_code
        usual: tuple[Reason, str] = ("unreachable", f"it answers with the error {status}")
        reason, words = _WORDS.get(status, usual)
        if status in {403, 503} and self._is_bot_wall(answer, url):
            reason, words = "blocked", f"a bot wall keeps us out ({status})"
        now = datetime.now(UTC)
        wait = retry_after(answer.headers.get("Retry-After"), now)
        return FetchError(
            f"{url}: {words}", url=url, reason=reason, status=status, retry_after_s=wait
        )

    def _is_bot_wall(self, answer: httpx.Response, url: str) -> bool:
        if "cf-mitigated" in answer.headers:
            return True
        try:
            return is_bot_wall(self._read(answer, url)[:4000].lower())
        except (FeedError, httpx.HTTPError, ValueError):
            return False


def same_origin(first: str, second: str) -> bool:
    """Whether two addresses have the same scheme, host and port: who may see the same login."""
    return _origin(first) == _origin(second)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower()


def _sendable(value: str | None) -> str | None:
    """A validator that can stand in a header; another is as good as none."""
    is_plain = value is not None and value.isascii() and value.isprintable()
    return value if is_plain else None


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
