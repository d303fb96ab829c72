"""What pages are made of besides HTML: our look and script, htmx and Pico as they were published.

Only what is listed here is served. An address carries a piece of the content's hash, so that a
browser may keep it for good.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from fastapi import APIRouter, HTTPException, Request, Response

router = APIRouter(include_in_schema=False)
MEDIA_TYPES = {
    "sawthis.css": "text/css",
    "sawthis.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "vendor/htmx.min.js": "text/javascript",
    "vendor/htmx.LICENSE": "text/plain",
    "vendor/pico.min.css": "text/css",
    "vendor/pico.LICENSE.md": "text/plain",
}
FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def _content(name: str) -> tuple[bytes, str]:
    """(bytes, version) of a listed file."""
    body = resources.files("recommender.web").joinpath("static", *name.split("/")).read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:16]


def asset_url(name: str) -> str:
    """Where a listed file is, in the version there is."""
    return f"/static/{name}?v={_content(name)[1]}"


@router.get("/static/{name:path}")
def static_file(request: Request, name: str, v: str = "") -> Response:
    """A listed file; 304 to who has it."""
    if name not in MEDIA_TYPES:
        raise HTTPException(404, "there is no such file")
    body, version = _content(name)
    headers = {
        "ETag": f'"{version}"',
        "Cache-Control": FOR_GOOD if v == version else "no-cache",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=MEDIA_TYPES[name])
