"""Everything out, everything in, everything gone."""

from __future__ import annotations

from fastapi.responses import StreamingResponse

from recommender.errors import InvalidInput, RecommenderError
from recommender.services.exporting import to_vcards
from recommender.services.transfer import read_rows, written_rows
from recommender.web.forms import files_of
from recommender.web.guard import clear_cookie, house_for_form, house_here
from recommender.web.rendering import page, redirect
from recommender.web.route import Body, Fields, HTMLResponse, Request, Response, page_router
from recommender.web.settings import settings_page
from recommender.wiring import utc_now

router = page_router()
WORD = "DELETE"
"""What is typed to erase everything."""


@router.get("/settings/export.jsonl")
def export(request: Request) -> Response:
    """The whole account, as `sawthis export` writes it: without tokens and logins."""
    house = house_here(request)
    lines = written_rows(house.storage.export_rows(house.account_id))
    name = f"sawthis-{utc_now():%Y-%m-%d}.jsonl"
    return StreamingResponse(
        lines,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
        media_type="application/jsonl",
    )


@router.get("/settings/contacts.vcf")
def contacts(request: Request) -> Response:
    """The people, for any address book."""
    house = house_here(request)
    text = to_vcards(house.people.all(), house.people.interests_of_all())
    return Response(
        text.encode(),
        headers={"Content-Disposition": 'attachment; filename="sawthis.vcf"'},
        media_type="text/vcard",
    )


@router.post("/settings/import")
def bring_in(request: Request, body: Body) -> Response:
    """An export into an account that is still empty, all or nothing."""
    house = house_for_form(request)
    try:
        file = files_of(request, body).get("file")
        if file is None:
            raise InvalidInput("choose a file first")
        n = house.storage.import_rows(house.account_id, read_rows(file.splitlines(), "the file"))
    except RecommenderError as error:
        return settings_page(request, house, status=422, data_error=str(error))
    house.match_soon()
    return redirect("/settings#data", f"{n} rows read.")


@router.get("/settings/erase", response_class=HTMLResponse)
def ask_erase(request: Request) -> HTMLResponse:
    """What would go, and the word that lets it go."""
    house = house_here(request)
    counts = house.storage.counts(house.account_id)
    return page("erase_all.html", request=request, counts=counts, word=WORD, error="")


@router.post("/settings/erase")
def erase(request: Request, fields: Fields) -> Response:
    """Erase the account, if the word was typed; the browser is logged out by that."""
    house = house_for_form(request)
    if fields.line("word") != WORD:
        return page(
            "erase_all.html",
            request=request,
            status=422,
            counts=house.storage.counts(house.account_id),
            word=WORD,
            error=f"type {WORD}, in capitals, to erase everything",
        )
    house.erase()
    answer = page("gone.html")
    clear_cookie(request, answer)
    return answer
