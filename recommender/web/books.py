"""`/people/import` and `/people/duplicates`: address books in, and people who are there twice."""

from __future__ import annotations

import base64
import binascii

from recommender.errors import InvalidInput, RecommenderError
from recommender.services.duplicates import duplicates
from recommender.web.forms import files_of
from recommender.web.guard import house_for_form, house_here
from recommender.web.rendering import Undo, page, redirect
from recommender.web.route import Body, Fields, HTMLResponse, Request, Response, page_router
from recommender.wiring import utc_now

router = page_router()
MAX_BOOK_BYTES = 8_000_000
"""Some twenty thousand people. It goes to the browser and back between the look and the leap."""
MOST_SHOWN = 100


@router.get("/people/import", response_class=HTMLResponse)
def ask_for_a_book(request: Request) -> HTMLResponse:
    """Choose a file."""
    house_here(request)
    return page("import.html", request=request, outcome=None, error="", book="", done=False)


@router.post("/people/import", response_class=HTMLResponse)
def import_book(request: Request, body: Body) -> HTMLResponse:
    """First tell what would happen; sent again by the button there, do it."""
    house = house_for_form(request)
    try:
        book, is_sure = _book(request, body)
        outcome = house.importer.run(book, now=utc_now(), dry_run=not is_sure)
    except RecommenderError as error:
        return page(
            "import.html", request=request, status=422, outcome=None, error=str(error),
            book="", done=False,
        )  # fmt: skip
    if is_sure and house.people.interests():
        house.match_soon()
    return page(
        "import.html",
        request=request,
        outcome=outcome,
        counts=[(name, outcome.count(name)) for name in ("created", "updated", "skipped")],
        error="",
        book="" if is_sure else base64.b64encode(book).decode(),
        done=is_sure,
    )


def _book(request: Request, body: bytes) -> tuple[bytes, bool]:
    """(the file, whether it was looked at before) out of a form with a file or its copy."""
    files = files_of(request, body)
    if "book" in files:
        try:
            return base64.b64decode(files["book"]), True
        except binascii.Error as error:
            raise InvalidInput("the copy of the file is damaged; choose it again") from error
    if "file" not in files:
        raise InvalidInput("choose a file first")
    if len(files["file"]) > MAX_BOOK_BYTES:
        raise InvalidInput(
            f"the file is larger than {MAX_BOOK_BYTES // 1_000_000} MB: "
            "take `sawthis contacts import FILE`"
        )
    return files["file"], False


@router.get("/people/duplicates", response_class=HTMLResponse)
def show_duplicates(request: Request) -> HTMLResponse:
    """Pairs that may be one person, with the reasons."""
    house = house_here(request)
    found = duplicates(house.people.all())
    return page("duplicates.html", request=request, pairs=found[:MOST_SHOWN], n=len(found))


@router.get("/people/merge", response_class=HTMLResponse)
def ask_merge(request: Request, keep: str = "", other: str = "") -> HTMLResponse:
    """Two records side by side: are they one person?"""
    house = house_here(request)
    two = (house.people.find(keep), house.people.find(other))
    interests = house.people.interests_of_all()
    return page("merge.html", request=request, two=two, interests=interests)


@router.post("/people/merge")
def merge(request: Request, fields: Fields) -> Response:
    """Make one of two; it can be parted again."""
    house = house_for_form(request)
    kept, gone = (house.people.find(fields.line(name)) for name in ("keep", "other"))
    merged = house.people.merge(kept, gone, now=utc_now())
    said = f"{gone.name} is now part of {merged.name}."
    return redirect(f"/person/{merged.slug}", said, undo=Undo(f"/person/{merged.id}/unmerge"))
