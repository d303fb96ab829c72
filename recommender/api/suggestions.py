"""/suggestions: what came of them, notes ready to send, and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query

from recommender.api import schemas
from recommender.api import service_schemas as out
from recommender.api.guard import Reader, Writer
from recommender.api.once import IdempotencyKey, once
from recommender.api.paging import Cursor, Limit, as_place
from recommender.domain import Status
from recommender.errors import InvalidInput, SuggestionNotFound
from recommender.services import shapes
from recommender.services.drafts import as_form, note_to
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.domain import Contact, StatusEvent

router = APIRouter(tags=["suggestions"])
SuggestionId = Annotated[str, Path(max_length=100)]


@router.get("/suggestions", operation_id="list_suggestions")
def list_suggestions(
    house: Reader,
    status: Annotated[Status | None, Query(description="Only those that came to this.")] = None,
    contact: Annotated[str | None, Query(max_length=300)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> out.HadsOut:
    """Suggestions something was done with, newest first; `suggest` gives those that are pending."""
    if status == "pending":
        raise InvalidInput("pending ones are made for a contact: ask for its suggestions")
    found = house.storage.history.had(
        house.account_id,
        contact_id=house.people.find(contact).id if contact else None,
        status=status,
        before=as_place(cursor),
        limit=limit + 1,
    )
    return out.HadsOut.model_validate(
        {
            "suggestions": [shapes.had_shape(had) for _, had in found[:limit]],
            "next_cursor": str(found[limit - 1][0]) if len(found) > limit else None,
        }
    )


@router.get("/suggestions/{suggestion}", operation_id="get_suggestion")
def get_suggestion(house: Reader, suggestion: SuggestionId) -> schemas.SuggestionOut:
    """One suggestion with its evidence and what became of it."""
    known = house.suggester.one(house.suggester.whose(suggestion), suggestion, now=utc_now())
    if known is None:
        raise SuggestionNotFound(f"the match behind {suggestion} is gone", ref=suggestion)
    shape = {**shapes.suggestion_shape(known[0]), "status": known[1]}
    return schemas.SuggestionOut.model_validate(shape)


@router.post("/suggestions/{suggestion}/status", operation_id="set_status")
def set_status(
    house: Writer,
    suggestion: SuggestionId,
    body: schemas.StatusIn,
    idempotency_key: IdempotencyKey = None,
) -> schemas.StatusOut:
    """Note what was done with a suggestion; "sent" also logs a touch, "undo" takes back."""
    if body.until is not None and body.until.tzinfo is None:
        raise InvalidInput("`until` needs a time zone, such as 2026-12-01T09:00:00Z")

    def work() -> schemas.StatusOut:
        return schemas.StatusOut.model_validate(
            shapes.status_shape(_changed(house, suggestion, body))
        )

    asked = (f"set_status {suggestion}", body)
    return once(house, idempotency_key, asked, schemas.StatusOut, work)


def _changed(house: House, suggestion: str, body: schemas.StatusIn) -> StatusEvent:
    if body.status == "undo":
        return house.outcomes.undo(suggestion)
    return house.outcomes.note(
        suggestion, body.status, now=utc_now(), until=body.until, note=body.note
    )


@router.post("/suggestions/{suggestion}/draft", operation_id="draft_note")
def draft_note(house: Reader, suggestion: SuggestionId, body: out.DraftIn) -> out.DraftOut:
    """The note as text, mailto link, mail file, SMS or WhatsApp link; nothing is sent."""
    house.suggester.whose(suggestion)
    return _draft(house, suggestion, body)


@router.post("/contacts/{contact}/draft", operation_id="draft_line")
def draft_line(house: Reader, contact: str, body: out.DraftIn) -> out.DraftOut:
    """A line to a contact without an item; nothing is sent."""
    return _draft(house, house.people.find(contact).id, body)


@router.post("/contacts/{contact}/shares", status_code=201, operation_id="share_page")
def share_page(
    house: Writer, contact: str, body: out.ShareIn, idempotency_key: IdempotencyKey = None
) -> out.ShareOut:
    """Note what you do with a page that you found for a contact; it is kept in the pool.

    The answer holds your note, ready to be sent by you, and the id by which its status goes on.
    """

    def work() -> out.ShareOut:
        return _shared(house, house.people.find(contact), body)

    return once(house, idempotency_key, (f"share_page {contact}", body), out.ShareOut, work)


def _shared(house: House, contact: Contact, body: out.ShareIn) -> out.ShareOut:
    now = utc_now()
    draft = ""
    if body.status != "dismissed":
        draft = as_form(contact, body.note, body.form, subject=body.title or body.url, now=now)
    with house.storage.transaction():
        item = house.saver.keep(body.url, now=now, title=body.title, text=body.text)
        event = house.outcomes.note_page(contact, item, body.status, now=now, note=body.note)
    shape = {**shapes.status_shape(event), "form": body.form, "draft": draft}
    return out.ShareOut.model_validate(shape)


def _draft(house: House, ref: str, body: out.DraftIn) -> out.DraftOut:
    now = utc_now()
    preferences = house.storage.rhythm.preferences(house.account_id)
    contact, subject, note = note_to(house.people, house.suggester, preferences, ref, now=now)
    note = note if body.note is None else body.note
    draft = as_form(contact, note, body.form, subject=subject, now=now)
    return out.DraftOut(contact_id=contact.id, form=body.form, subject=subject, draft=draft)
