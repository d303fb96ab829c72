"""`/people`: who there is, logging a touch, and address books in. Works without scripts."""

from __future__ import annotations

import base64
import binascii
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from recommender.domain import TOUCH_KINDS
from recommender.errors import InvalidInput, RecommenderError
from recommender.rhythm import last_contact
from recommender.web.guard import house_for_form, house_here
from recommender.web.rendering import page
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.domain import TouchKind

router = APIRouter(include_in_schema=False)
MOST_SHOWN = 500
MAX_BOOK_BYTES = 700_000
"""It goes to the browser and back between the look and the leap; requests hold 1 MB."""


async def body_of(request: Request) -> bytes:
    """The request's body, read before the handler's thread begins."""
    return await request.body()


@router.get("/people", response_class=HTMLResponse)
def people(request: Request, said: str = "") -> HTMLResponse:
    """Everybody, with when you last were in touch, and a form to log a touch."""
    house, now = house_here(request), utc_now()
    standing = house.standing.on(now=now)
    last, interests = house.touches.last(), house.people.interests_of_all()
    return page(
        "people.html",
        said=said[:300],
        gauge=standing.gauge,
        kinds=TOUCH_KINDS,
        rows=[
            {
                "person": person,
                "last": last_contact(last.get(person.contact.id), now),
                "interests": [i.phrase for i in interests.get(person.contact.id, [])],
            }
            for person in standing.people[:MOST_SHOWN]
        ],
        n_more=max(0, len(standing.people) - MOST_SHOWN),
    )


@router.post("/people/touch")
def log(request: Request, body: bytes = Depends(body_of)) -> RedirectResponse:
    """Log a touch, then show everybody again."""
    house = house_for_form(request)
    fields = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    person = house.people.find(fields.get("contact", ""))
    kind: TouchKind = fields.get("kind", "")  # type: ignore[assignment]  # checked by the service
    touch = house.touches.log(person, kind, now=utc_now(), note=fields.get("note", "")[:1000])
    said = quote(f"Logged: {touch.kind} with {person.name}.")
    return RedirectResponse(f"/people?said={said}", status_code=303)


@router.get("/people/import", response_class=HTMLResponse)
def ask_for_a_book(request: Request) -> HTMLResponse:
    """Choose a file."""
    house_here(request)
    return page("import.html", outcome=None, error="", book="", done=False)


@router.post("/people/import", response_class=HTMLResponse)
def import_book(request: Request, body: bytes = Depends(body_of)) -> HTMLResponse:
    """First tell what would happen; sent again by the button there, do it."""
    house = house_for_form(request)
    try:
        book, is_sure = _book(request, body)
        outcome = house.importer.run(book, now=utc_now(), dry_run=not is_sure)
    except RecommenderError as error:
        return page("import.html", status=422, outcome=None, error=str(error), book="", done=False)
    if is_sure:
        _match(house)
    return page(
        "import.html",
        outcome=outcome,
        counts=[(name, outcome.count(name)) for name in ("created", "updated", "skipped")],
        error="",
        book="" if is_sure else base64.b64encode(book).decode(),
        done=is_sure,
    )


def _match(house: House) -> None:
    if house.people.interests():
        house.refresher.match()


def _book(request: Request, body: bytes) -> tuple[bytes, bool]:
    """(the file, whether it was looked at before) out of a form with a file or its copy."""
    head = b"Content-Type: " + request.headers.get("content-type", "").encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + b"\r\n\r\n" + body)
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content and name == "file":
            if len(content) > MAX_BOOK_BYTES:
                raise InvalidInput(
                    f"the file is larger than {MAX_BOOK_BYTES // 1000} kB: "
                    "take `sawthis contacts import FILE`"
                )
            return content, False
        if isinstance(content, bytes) and content and name == "book":
            try:
                return base64.b64decode(content), True
            except binascii.Error as error:
                raise InvalidInput("the copy of the file is damaged; choose it again") from error
    raise InvalidInput("choose a file first")
