"""What every request passes, API and page alike: host, size, rate; headers, log, figures."""

from __future__ import annotations

import json
import logging
import math
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from recommender.api.limits import Limit
from recommender.api.problems import problem, route_of, too_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from recommender.settings import Settings

ACCESS_LOG = "sawthis.access"
log = logging.getLogger(ACCESS_LOG)

MAX_BODY_BYTES = 1024 * 1024
MAX_FILE_BYTES = 32 * 1024 * 1024
FILE_PATHS = frozenset(
    {
        "/api/v1/imports",
        "/api/v1/opml",
        "/api/v1/touches/import",
        "/api/v1/account/import",
        "/people/import",
        "/feeds/opml",
        "/settings/import",
    }
)
"""Where whole files come in."""
UNLIMITED = ("/static/", "/health/", "/metrics")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
CONTENT_SECURITY_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    # Forms need the Origin of their page, which no-referrer would make "null".
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class Gate:
    """ASGI middleware around everything.

    Unknown hosts get 400: a page in the user's browser whose name points here (DNS rebinding)
    still sends its own name. Large bodies get 413, who calls too often 429.

    Args:
        app: What lies behind.
        settings: Hosts, rate.
        observe: Gets (method, route, status, seconds) of every answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        observe: Callable[[str, str, int, float], None] = lambda *_: None,
    ) -> None:
        self._app = app
        self._observe = observe
        self._allowed = {host.casefold() for host in settings.allowed_hosts}
        self._headers: tuple[tuple[bytes, bytes], ...] = SECURITY_HEADERS
        if settings.public_url:
            self._allowed.add((urlsplit(settings.public_url).hostname or "").casefold())
        if settings.origin.startswith("https://"):
            self._headers = (*SECURITY_HEADERS, STRICT_TRANSPORT)
        self._limit = Limit(settings.rate_limit, 60.0, time.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id", b""))
        scope.setdefault("state", {})["request_id"] = request_id
        start, status = time.perf_counter(), 0

        async def send_safe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_headers(message["headers"], request_id)
            await send(message)

        try:
            await (self._refusal(scope, headers) or self._app)(scope, receive, send_safe)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - start)

    def _with_headers(self, given: Any, request_id: str) -> list[tuple[bytes, bytes]]:  # noqa: ANN401  (ASGI)
        own = [*self._headers, (b"x-request-id", request_id.encode())]
        if not any(name.lower() == b"cache-control" for name, _ in given):
            own.append((b"cache-control", b"no-store"))
        return [*given, *own]

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> ASGIApp | None:
        if host_of(headers.get(b"host", b"").decode("latin-1")) not in self._allowed:
            return problem(400, "unknown-host", "this service does not answer to that host name")
        path = scope["path"]
        limit = MAX_FILE_BYTES if path in FILE_PATHS else MAX_BODY_BYTES
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" in headers or not length.isdigit() or int(length) > limit:
            return problem(413, "too-large", f"send at most {limit // 1024} kB at once")
        if not path.startswith(UNLIMITED):
            wait = self._limit.wait_s((scope.get("client") or ("",))[0])
            if wait:
                return too_many(wait, f"that was too often; try again in {math.ceil(wait)} s")
        return None

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._observe(scope["method"], route, status, seconds)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "%s",
                json.dumps(
                    {
                        "request_id": request_id,
                        "method": scope["method"],
                        "route": route,
                        "status": status,
                        "ms": round(seconds * 1000, 1),
                        "account": scope["state"].get("account_id"),
                    }
                ),
            )


def host_of(value: str) -> str:
    """The name in a Host header, without its port."""
    name = value.casefold().strip()
    if name.startswith("["):
        return name.split("]")[0] + "]"
    return name.rsplit(":", 1)[0] if ":" in name else name


def _request_id(given: bytes) -> str:
    return given.decode() if _REQUEST_ID.fullmatch(given) else uuid4().hex
