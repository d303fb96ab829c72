"""The OpenAPI document: tags, and every error that an operation may answer with."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from recommender import __version__
from recommender.api.problems import CONTENT_TYPE, Problem

TAGS = {
    "contacts": "People you want to keep in touch with, and address books.",
    "interests": "What they have said they care about.",
    "suggestions": "What to send to whom, and why.",
    "digest": "The week in one mail to you, and as feeds.",
    "touches": "When you were in touch.",
    "plan": "Today's few things, and how the network stands.",
    "items": "The pool of articles, jokes and pages, and what is muted.",
    "feeds": "Where items come from.",
    "jobs": "Long work: started, asked for, followed.",
    "preferences": "How often, how long, in what words.",
    "access": "Tokens, pairing, browsers.",
    "account": "The account as a whole.",
    "health": "Whether the service is well; needs no token.",
    "service": "Figures.",
}
_EVERY = {
    400: "The host name is not one of the service's.",
    401: "No token, or none in force.",
    403: "The token may not do this.",
    404: "There is no such thing in the account.",
    409: "It contradicts what is stored, or a name fits several contacts.",
    412: "It changed since it was read.",
    413: "The body is too large.",
    422: "A value can't be used.",
    429: "Too many calls; see Retry-After.",
    500: "An unexpected error.",
    502: "A feed or page could not be read.",
    503: "Another process holds the database, or the model failed.",
    507: "The database can't be written.",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=__version__,
            summary=app.summary,
            description="Errors are problem documents (RFC 9457); each type is explained in "
            "docs/reference/api.md.",
            routes=app.routes,
            tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        )
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        document["components"]["responses"] = _problem_responses()
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _add_problems(operation, path)
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema


def _add_problems(operation: dict[str, Any], path: str) -> None:
    without_account = path.startswith("/health")
    for status in _EVERY:
        if without_account and status not in {400, 429, 500, 503, 507}:
            continue
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if without_account:
        operation["responses"].pop("422", None)


def _problem_responses() -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        f"Problem{status}": {"description": text, "content": content}
        for status, text in _EVERY.items()
    }
