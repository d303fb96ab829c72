"""Templates into pages and fragments, and the line that says what was just done.

What was done is told on the next page by way of a cookie that lives until it is read: the page
works without scripts, and no link of somebody else's can put words into it. It is sealed, for
cookies know no ports: a service on another one could plant its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, NamedTuple

from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader

from recommender.web import words
from recommender.web.assets import asset_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request, Response

COOKIE = "sawthis_said"
MAX_COOKIE_CHARACTERS = 3000
"""Browsers keep 4 kB; with what cannot be told that briefly there is no undo."""
_KEY = secrets.token_bytes(32)
"""Of this process: after a restart nothing is told, and nothing is lost."""
_templates = Environment(
    loader=PackageLoader("recommender.web"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["asset"] = asset_url
_templates.filters.update(words.FILTERS)


class Undo(NamedTuple):
    """A form that takes something back."""

    action: str
    fields: Mapping[str, str] = {}
    label: str = "Undo"


class Said(NamedTuple):
    """What was just done, in words."""

    text: str
    undo: Undo | None = None
    is_error: bool = False


def page(
    template: str, *, request: Request | None = None, status: int = 200, **values: object
) -> HTMLResponse:
    """A whole page, escaped.

    Args:
        template: Its name.
        request: What it answers; lets the page tell what was done before.
        status: Of the answer.
        values: For the template.
    """
    said = _said(request) if request is not None else None
    values.setdefault("said", said)
    path = request.url.path if request is not None else ""
    answer = HTMLResponse(_templates.get_template(template).render(path=path, **values), status)
    if request is not None and COOKIE in request.cookies:
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def fragment(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A part of a page, for htmx."""
    return HTMLResponse(_templates.get_template(template).render(path="", **values), status)


def is_htmx(request: Request) -> bool:
    """Whether a script of ours asks, which wants a fragment."""
    return request.headers.get("hx-request") == "true"


def redirect(path: str, said: str = "", *, undo: Undo | None = None) -> RedirectResponse:
    """To a page that tells what was done, and how to take it back."""
    answer = RedirectResponse(local(path), status_code=303)
    if said:
        tell(answer, Said(said, undo))
    return answer


def tell(answer: Response, said: Said) -> None:
    """Let the next page say something."""
    text = _packed(said)
    if len(text) > MAX_COOKIE_CHARACTERS:
        text = _packed(Said(said.text[:500], None, said.is_error))
    answer.set_cookie(COOKIE, text, max_age=120, httponly=True, samesite="strict")


def local(path: str) -> str:
    """A path of this service; the first page for whatever leads elsewhere."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_ours and path.isprintable() else "/"


def _packed(said: Said) -> str:
    undo = [said.undo.action, dict(said.undo.fields), said.undo.label] if said.undo else None
    text = json.dumps([said.text, undo, said.is_error])
    packed = base64.urlsafe_b64encode(text.encode()).decode()
    return f"{packed}.{_seal(packed)}"


def _seal(packed: str) -> str:
    """What only this service can put under a line: whoever serves on this host sets cookies."""
    return hmac.new(_KEY, packed.encode(), hashlib.sha256).hexdigest()


def _said(request: Request) -> Said | None:
    """What the cookie tells; nothing where it is not one of ours."""
    try:
        packed, _, seal = request.cookies[COOKIE].partition(".")
        if not hmac.compare_digest(seal.encode(), _seal(packed).encode()):
            return None
        text, undo, is_error = json.loads(base64.urlsafe_b64decode(packed))
        found = Undo(local(str(undo[0])), dict(undo[1]), str(undo[2])) if undo else None
        return Said(str(text), found, bool(is_error))
    except (KeyError, ValueError, TypeError, IndexError, binascii.Error):
        return None
