"""HTTP with a CardDAV server: one origin, a login that never leaves it, limits of size and time.

Redirects are followed by hand, so that each hop is checked. httpx's errors end here.
"""

from __future__ import annotations

import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple, Self

from recommender.errors import InvalidInput, RecommenderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext
    from types import TracebackType

    import httpx

    from recommender.services.dav_login import DavLogin

MAX_BYTES = 50 * 1024 * 1024
MAX_REDIRECTS = 5
_USER_AGENT = "Sawthis/0.1 (+https://github.com/sawthis/sawthis; address book reader)"
_EXAMPLE = "an address looks like https://dav.example.org/"
_PORTS = {"http": 80, "https": 443}
_WORDS = {
    403: "it may not be read with this login (403); name the address book itself",
    404: "there is nothing at that address (404); look it up in the server's settings",
    429: "the server is busy (429); try again later",
    503: "the server is busy (503); try again later",
}


class CardDavError(RecommenderError):
    """An address book could not be pulled; `.status` is the server's, if it answered."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Answer(NamedTuple):
    """A 207 answer."""

    url: httpx.URL
    """Where it came from in the end."""
    body: bytes


class DavAddress(NamedTuple):
    """An address, and the login that was written in it."""

    url: httpx.URL
    user: str
    password: str


def read_dav_address(text: str) -> DavAddress:
    """An address as people type it; https is added, a login taken out.

    Raises:
        InvalidInput: It is none, or would send a password through the net in the clear. The text
            itself is not repeated: it may hold a password.
    """
    import httpx

    text = text.strip()
    try:
        url = httpx.URL(text if "://" in text else f"https://{text}")
    except httpx.InvalidURL:
        raise InvalidInput(f"this is no address of a server; {_EXAMPLE}") from None
    if url.scheme not in _PORTS or not url.host:
        raise InvalidInput(f"this is no https address; {_EXAMPLE}")
    if "@" in f"{url.query!r}{url.fragment}":
        raise InvalidInput("there is an @ in an odd place; give user and password apart from it")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise InvalidInput(f"http would show your password to others; use https: {_EXAMPLE}")
    return DavAddress(url.copy_with(userinfo=b"", fragment=None), url.username, url.password)


def shown(url: httpx.URL) -> str:
    """An address for people: without login and query."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


class DavClient:
    """Asks one server; everything it reads together is at most 50 MB.

    Args:
        url: Its scheme, host and port are the only ones that are asked.
        login: Shown with each request.
        transport: Instead of the network.
        timeout_s: For a connection and between two pieces; the whole may take ten times as long.
    """

    def __init__(
        self,
        url: httpx.URL,
        login: DavLogin,
        *,
        transport: httpx.BaseTransport | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        import httpx
        from recommender_feeds.inflating import ACCEPTED

        self._origin = _origin(url)
        self._login = login
        self._bytes_left = MAX_BYTES
        self._deadline_s = time.monotonic() + 10 * timeout_s
        self._client = httpx.Client(
            transport=transport or httpx.HTTPTransport(verify=_trust(), trust_env=False),
            timeout=timeout_s,
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": ACCEPTED},
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        self._client.close()

    def inside(self, base: httpx.URL, href: str) -> httpx.URL:
        """The address an href means.

        Raises:
            CardDavError: It is none, or of another server.
        """
        import httpx

        try:
            url = base.join(href)
        except (httpx.InvalidURL, ValueError) as error:
            raise CardDavError(f"{shown(base)} names an address that is none") from error
        if _origin(url) != self._origin:
            raise CardDavError(
                f"{shown(base)} leads to {shown(url)}, which is another server; "
                "name that address yourself if you trust it"
            )
        return url.copy_with(userinfo=b"", fragment=None)

    def ask(self, method: str, url: httpx.URL, body: bytes, *, depth: int) -> Answer:
        """Send a request and read the 207 answer.

        Raises:
            CardDavError: No answer or another one, too large, too slow, or from elsewhere.
        """
        here = url
        for _hop in range(MAX_REDIRECTS + 1):
            found = self._once(method, here, body, depth)
            if isinstance(found, bytes):
                return Answer(here, found)
            here = self.inside(here, found)
        raise CardDavError(f"{shown(url)} redirects more than {MAX_REDIRECTS} times")

    def _once(self, method: str, url: httpx.URL, body: bytes, depth: int) -> bytes | str:
        """The body, or where it is said to be."""
        import httpx

        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        try:
            request = self._client.build_request(method, url, content=body, headers=headers)
            answer = self._signed(request)
            try:
                if answer.has_redirect_location:
                    return str(answer.headers["Location"])
                if answer.status_code != 207:
                    raise self._error(url, answer.status_code)
                return b"".join(self._pieces(answer, url))
            finally:
                answer.close()
        except httpx.TimeoutException as error:
            raise CardDavError(f"{shown(url)} did not answer in time; try again later") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise CardDavError(f"{shown(url)} can't be read ({reason})") from error

    def _signed(self, request: httpx.Request) -> httpx.Response:
        self._login.sign(request)
        answer = self._client.send(request, stream=True)
        if self._login.takes_challenge(request, answer):
            answer.close()
            answer = self._client.send(request, stream=True)
        return answer

    def _pieces(self, answer: httpx.Response, url: httpx.URL) -> Iterator[bytes]:
        for piece in _inflated(answer):
            self._bytes_left -= len(piece)
            if self._bytes_left < 0:
                limit = MAX_BYTES // 2**20
                raise CardDavError(
                    f"{shown(url)} holds more than {limit} MB; name a smaller address book"
                )
            if time.monotonic() > self._deadline_s:
                raise CardDavError(f"{shown(url)} is too slow; try again later")
            yield piece

    def _error(self, url: httpx.URL, status: int) -> CardDavError:
        words = _WORDS.get(status, f"the server answers with the error {status}")
        if status == 401 and self._login:
            words = (
                "the user name or the password is wrong (401); many services want a password "
                "made for apps"
            )
        elif status == 401:
            words = "it asks for a user name and a password (401)"
        elif status < 400 or status in {400, 405, 415, 501}:
            words = f"this is no CardDAV address ({status}); look it up in the server's settings"
        return CardDavError(f"{shown(url)}: {words}", status=status)


def _inflated(answer: httpx.Response) -> Iterator[bytes]:
    from recommender_feeds.inflating import inflated

    if answer.is_stream_consumed:  # by a transport that had the whole answer at hand
        return iter([answer.content])
    return inflated(answer.iter_raw(), answer.headers.get("Content-Encoding", ""))


def _origin(url: httpx.URL) -> tuple[str, bytes, int]:
    return url.scheme, url.raw_host, url.port or _PORTS.get(url.scheme, 0)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust() -> SSLContext:
    """The usual authorities and the machine's own: some sign their home server's certificate."""
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
