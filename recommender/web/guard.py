"""Who may use the pages: a browser that is logged in, and only what our own pages send.

The cookie goes to these pages and nowhere else: the API looks at tokens only, and a token opens no
page. A form must come from a page of this very origin, as the browser itself says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response

from recommender.services.access import SESSION_FOR, grant_of_session
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.wiring import House

COOKIE = "sawthis"


class NotLoggedIn(HTTPException):
    """There is no session; a browser is shown how to get one."""

    def __init__(self) -> None:
        super().__init__(401, "log in first: `sawthis login` prints a link")


def house_here(request: Request) -> House:
    """The house as the logged-in browser's account sees it, for a page; else NotLoggedIn."""
    house: House = request.app.state.house
    secret = request.cookies.get(cookie_name(request), "")
    grant = grant_of_session(house.storage, secret, now=utc_now()) if secret else None
    if grant is None or "authorization" in request.headers:
        raise NotLoggedIn
    request.state.account_id, request.state.session_id = grant.account_id, grant.id
    return house.for_account(grant.account_id)


def house_for_form(request: Request) -> House:
    """The same, for a form that one of our own pages sent; else 403."""
    house = house_here(request)
    need_own_origin(request)
    return house


def need_own_origin(request: Request) -> None:
    """403 unless the browser says that a page of this very origin sends this."""
    is_ours = request.headers.get("origin", "") == origin_of(request)
    if not is_ours or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403, "this form was not sent by a page of Sawthis")


def origin_of(request: Request) -> str:
    """What the browser calls this service: scheme, host and port."""
    settings = request.app.state.house.settings
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def cookie_name(request: Request) -> str:
    """With TLS a name that no other host, and nobody without TLS, can set."""
    return f"__Host-{COOKIE}" if origin_of(request).startswith("https://") else COOKIE


def set_cookie(request: Request, response: Response, secret: str) -> None:
    """Log the browser in."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(SESSION_FOR.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=origin_of(request).startswith("https://"),
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Log the browser out."""
    is_secure = origin_of(request).startswith("https://")
    response.delete_cookie(
        cookie_name(request), path="/", httponly=True, samesite="strict", secure=is_secure
    )
