"""Errors as application/problem+json (RFC 9457)."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from recommender import errors

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.types import Scope

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# The first that fits decides, so the narrower come first.
_STATUS: tuple[tuple[type[errors.RecommenderError], int, str], ...] = (
    (errors.NotFoundError, 404, "not-found"),
    (errors.AmbiguousContact, 409, "ambiguous-contact"),
    (errors.StaleContact, 412, "changed-meanwhile"),
    (errors.KeyReused, 422, "key-reused"),
    (errors.ConflictError, 409, "conflict"),
    (errors.AccessDenied, 403, "forbidden"),
    (errors.InvalidInput, 422, "invalid-input"),
    (errors.IngestError, 502, "unreadable-page"),
    (errors.MailError, 502, "mail-server"),
    (errors.StorageBusy, 503, "busy"),
    (errors.EmbeddingError, 503, "model-unavailable"),
    (errors.StorageError, 507, "storage"),
    (errors.RecommenderError, 500, "error"),
)
_HTTP = {401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "method-not-allowed"}


class Problem(BaseModel):
    """What went wrong; docs/reference/api.md explains each type."""

    type: str = Field(examples=["urn:sawthis:problem:not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no contact is called “jo”; did you mean Joe Ferraro?"])


def problem(
    status: int, kind: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """A problem document; its type is explained in docs/reference/api.md."""
    body = Problem(
        type=f"urn:sawthis:problem:{kind}",
        title=kind.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
    )
    return JSONResponse(body.model_dump(), status, headers, media_type=CONTENT_TYPE)


def route_of(scope: Scope) -> str:
    """The pattern of the route that answers: the path itself may name a person or hold a code."""
    # What a router was included under is known only to FastAPI's own context.
    context = scope.get("fastapi", {}).get("effective_route_context")
    return str(getattr(context or scope.get("route"), "path", "unknown"))


def too_many(wait_s: float, detail: str) -> JSONResponse:
    """The answer to who calls too often."""
    seconds = {"Retry-After": str(math.ceil(wait_s))}
    return problem(429, "too-many-requests", detail, seconds)


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem document."""

    @app.exception_handler(errors.RecommenderError)
    def ours(_request: Request, error: errors.RecommenderError) -> JSONResponse:
        status, kind = next((s, k) for cls, s, k in _STATUS if isinstance(error, cls))
        return problem(status, kind, str(error))

    @app.exception_handler(errors.TooManyAttempts)
    def too_often(_request: Request, error: errors.TooManyAttempts) -> JSONResponse:
        return too_many(error.wait_s, str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        return problem(422, "invalid-input", f"{where}: {first['msg']}".removeprefix(": "))

    @app.exception_handler(HTTPException)
    def http(_request: Request, error: HTTPException) -> Response:
        if error.status_code == 304:
            return Response(status_code=304, headers=error.headers)
        kind = _HTTP.get(error.status_code, "error")
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, kind, str(error.detail), headers)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, route_of(request.scope), exc_info=error)
        return problem(500, "error", "an unexpected error; the log of `sawthis serve` has more")
