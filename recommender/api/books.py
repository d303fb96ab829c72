"""Address books and letters, in and out."""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from recommender.api import rhythm_schemas
from recommender.api import service_schemas as out
from recommender.api.guard import Reader, Writer
from recommender.api.jobs import accepted, jobs_of
from recommender.api.schemas import FileBody
from recommender.services import shapes
from recommender.services.carddav import pull_cards
from recommender.services.exporting import to_vcards
from recommender.services.letters import import_letters as read_letters
from recommender.wiring import utc_now

router = APIRouter()


@router.post("/imports/preview", operation_id="preview_import", tags=["contacts"])
def preview_import(house: Writer, body: FileBody) -> rhythm_schemas.ImportOut:
    """What taking in an address book would do; nothing is changed."""
    outcome = house.importer.run(body, now=utc_now(), dry_run=True)
    return rhythm_schemas.ImportOut.model_validate(shapes.import_shape(outcome))


@router.post("/imports", status_code=202, operation_id="import_contacts", tags=["contacts"])
def import_contacts(
    house: Writer, request: Request, response: Response, body: FileBody
) -> out.JobOut:
    """Take in an address book: vCard, LDIF, CSV or JSON, as it is. Twice changes nothing."""
    return accepted(response, jobs_of(request).importing(house, body))


@router.post("/imports/carddav", status_code=202, operation_id="pull_contacts", tags=["contacts"])
def pull_contacts(
    house: Writer, request: Request, response: Response, body: out.CardDavIn
) -> out.JobOut:
    """Take in an address book from a CardDAV server; the password is not kept."""
    pull = partial(pull_cards, body.url, user=body.user, password=body.password)
    return accepted(response, jobs_of(request).importing(house, pull))


@router.get(
    "/exports/contacts",
    operation_id="export_contacts",
    tags=["contacts"],
    response_class=Response,
    responses={200: {"content": {"text/vcard": {}, "application/json": {}}}},
)
def export_contacts(
    house: Reader, form: Annotated[Literal["vcard", "json"], Query(alias="as")] = "vcard"
) -> Response:
    """All contacts as vCard 4.0 for any other program, or as JSON that loses nothing."""
    contacts, interests = house.people.all(), house.people.interests_of_all()
    if form == "vcard":
        return Response(to_vcards(contacts, interests), media_type="text/vcard")
    rows = [shapes.contact_shape(c, interests.get(c.id, [])) for c in contacts]
    return Response(json.dumps(rows, ensure_ascii=False), media_type="application/json")


@router.delete("/touches/{touch}", status_code=204, operation_id="remove_touch", tags=["touches"])
def remove_touch(house: Writer, touch: str) -> Response:
    """Take a touch back."""
    house.touches.remove(touch)
    return Response(status_code=204)


@router.post("/touches/import", operation_id="import_letters", tags=["touches"])
def import_letters(
    house: Writer,
    body: FileBody,
    me: Annotated[list[str], Query(max_length=20, description="Your own addresses.")] = [],  # noqa: B006  (FastAPI copies it)
    dry_run: bool = False,
) -> out.LettersOut:
    """Log letters of an mbox or .eml file. Only headers are read; no text is kept."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "letters"
        file.write_bytes(body)
        found = read_letters(
            house.storage, house.account_id, file, me=me, now=utc_now(), dry_run=dry_run
        )
    return out.LettersOut.model_validate(found._asdict())
