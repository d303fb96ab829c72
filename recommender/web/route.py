"""Routes whose errors are pages, and what their handlers are written with.

People read these errors, no program does. FastAPI reads the handlers' annotations when they are
defined, so that the names in them come from here and not from a block for type checkers.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.status import HTTP_401_UNAUTHORIZED

from recommender import errors
from recommender.web.forms import Body, Fields
from recommender.web.guard import origin_of
from recommender.web.rendering import COOKIE, fragment, is_htmx, local, page

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Body", "Fields", "HTMLResponse", "Request", "Response", "error_page", "page_router"]

log = logging.getLogger(__name__)

# The first that fits decides, so the narrower come first.
_STATUS: tuple[tuple[type[errors.RecommenderError], int], ...] = (
    (errors.NotFoundError, 404),
    (errors.AmbiguousContact, 409),
    (errors.ConflictError, 409),
    (errors.InvalidInput, 422),
    (errors.AccessDenied, 403),
    (errors.IngestError, 502),
    (errors.MailError, 502),
    (errors.StorageBusy, 503),
    (errors.EmbeddingError, 503),
    (errors.StorageError, 507),
)


class PageRoute(APIRoute):
    """A route that tells its errors in a page, or in a line for htmx."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors caught."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return _secured(request, await handle(request))
            except errors.RecommenderError as error:
                return error_page(request, _status(error), str(error))
            except RequestValidationError:
                return error_page(request, 404, "there is no such page")
            except HTTPException as error:
                return _http(request, error)
            except Exception:
                # People have nobody above them to tell; the log keeps what happened.
                # Not by its path: that may hold a secret.
                route = getattr(request.scope.get("route"), "path", "")
                log.exception("%s %s failed", request.method, route)
                return error_page(request, 500, "something went wrong here, and the log has it")

        return told


def page_router() -> APIRouter:
    """A router of pages."""
    return APIRouter(include_in_schema=False, route_class=PageRoute)


def error_page(request: Request, status: int, message: str) -> Response:
    """What went wrong and where to go from there."""
    if is_htmx(request):
        return fragment("_alert.html", status=status, message=message)
    return page(
        "error.html",
        request=request,
        status=status,
        message=message,
        code=status,
        back=_came_from(request),
    )


def _secured(request: Request, answer: Response) -> Response:
    """With TLS, what was just done is told over TLS only: it names people."""
    if origin_of(request).startswith("https://"):
        start = f"{COOKIE}=".encode()
        answer.raw_headers = [
            (
                name,
                value + b"; Secure" if name == b"set-cookie" and value.startswith(start) else value,
            )
            for name, value in answer.raw_headers
        ]
    return answer


def _status(error: errors.RecommenderError) -> int:
    return next((status for cls, status in _STATUS if isinstance(error, cls)), 500)


def _http(request: Request, error: HTTPException) -> Response:
    """A page; a redirect stays one, and is followed as a whole page where htmx asked."""
    headers = dict(error.headers or {})
    if error.status_code == HTTP_401_UNAUTHORIZED:
        return _log_in(request)
    target = headers.get("Location") or headers.get("location")
    if target is None:
        answer = error_page(request, error.status_code, str(error.detail))
        answer.headers.update(headers)
        return answer
    if is_htmx(request):
        return Response(status_code=204, headers={**headers, "HX-Redirect": target})
    return Response(status_code=error.status_code, headers=headers)


def _log_in(request: Request) -> Response:
    """How to log in, in the place of the page."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": "/login"})
    return page("login.html", status=HTTP_401_UNAUTHORIZED, code="", error="")


def _came_from(request: Request) -> str:
    """The page of ours that sent a form; the first page if none is known."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.headers.get("host", "") or request.method == "GET":
        return "/"
    return local(came_from.path + (f"?{came_from.query}" if came_from.query else ""))
