"""Who may come in: Host allow-list for everything, bearer tokens for the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from recommender.api.problems import problem
from recommender.services.tokens import hash_token
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1024 * 1024
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"cache-control", b"no-store"),
)


class Gate:
    """ASGI middleware: unknown hosts get 400, large bodies 413, every answer safe headers.

    The Host check stops DNS rebinding: a page in the user's browser whose name points here
    still sends its own name.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._allowed = {host.casefold() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        refusal = self._refusal(headers)
        await (refusal or self._app)(scope, receive, send_safe)

    def _refusal(self, headers: dict[bytes, bytes]) -> ASGIApp | None:
        if _host(headers.get(b"host", b"").decode("latin-1")) not in self._allowed:
            return problem(400, "unknown-host", "this service does not answer to that host name")
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" in headers or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return problem(413, "too-large", f"send at most {MAX_BODY_BYTES // 1024} kB at once")
        return None


def _host(value: str) -> str:
    name = value.casefold().strip()
    if name.startswith("["):
        return name.split("]")[0] + "]"
    return name.rsplit(":", 1)[0] if ":" in name else name


_bearer = HTTPBearer(auto_error=False, description="A token from `sawthis token create NAME`.")


def house_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> House:
    """The house as the token's account sees it, or 401."""
    house: House = request.app.state.house
    account_id = None
    if credentials is not None:
        hashed = hash_token(credentials.credentials)
        account_id = house.storage.history.account_of_token(hashed, utc_now())
    if account_id is None:
        raise HTTPException(
            401,
            "this needs a token: `sawthis token create NAME` makes one",
            {"WWW-Authenticate": "Bearer"},
        )
    return house.for_account(account_id)


Guarded = Annotated[House, Depends(house_of)]
