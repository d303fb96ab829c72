"""`/suggestions/…`: sending, putting off, skipping, and taking it back. Nothing is sent by us."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from recommender.domain import SHARED
from recommender.services.drafts import as_form
from recommender.web import cards
from recommender.web.guard import house_for_form, house_here
from recommender.web.rendering import Undo, is_htmx, local, page, redirect
from recommender.web.route import Fields, Request, Response, page_router
from recommender.web.today import answer, entry_card
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Status
    from recommender.web.cards import Card

router = page_router()
LATER = timedelta(days=7)


@router.get("/suggestions/{ref}")
def show(request: Request, ref: str, back: str = "/pool") -> Response:
    """One suggestion by itself."""
    house, now = house_here(request), utc_now()
    card, status = cards.by_id(house, ref, now=now, back=local(back))
    if status in SHARED:
        said = f"{card.contact.first_name} has this already."
        card = cards.settled(card, said, _undo(ref, card))
    return page("card.html", request=request, card=card)


@router.post("/suggestions/{ref}/send")
def send(request: Request, ref: str, fields: Fields) -> Response:
    """Note that it is being sent, and offer ways to do so."""
    house, now = house_for_form(request), utc_now()
    card, status = cards.by_id(house, ref, now=now, back=fields.back, note=fields.text("note"))
    if status in SHARED:
        said = f"{card.contact.first_name} has this already."
        return _settled(request, house, cards.settled(card, said, _undo(ref, card)), now)
    house.outcomes.note(ref, "opened", now=now)
    return _shown(request, house, replace(cards.opened(card, card.note), opens=True), now)


@router.post("/suggestions/{ref}/back")
def not_yet(request: Request, ref: str, fields: Fields) -> Response:
    """It was not sent after all: back to the note, as it was written."""
    house, now = house_for_form(request), utc_now()
    _, status = cards.by_id(house, ref, now=now, back=fields.back)
    if status == "opened":
        house.outcomes.undo(ref)
    card, _ = cards.by_id(house, ref, now=now, back=fields.back, note=fields.text("note"))
    return _shown(request, house, card, now)


@router.post("/suggestions/{ref}/sent")
def sent(request: Request, ref: str, fields: Fields) -> Response:
    """The user says it was sent."""
    house, now = house_for_form(request), utc_now()
    card, _ = cards.by_id(house, ref, now=now, back=fields.back)
    house.outcomes.note(ref, "sent", now=now)
    said = f"Sent to {card.contact.name}."
    return _settled(request, house, cards.settled(card, said, _undo(ref, card)), now)


@router.post("/suggestions/{ref}/later")
def later(request: Request, ref: str, fields: Fields) -> Response:
    """Put off for a week."""
    house, now = house_for_form(request), utc_now()
    card, _ = cards.by_id(house, ref, now=now, back=fields.back)
    house.outcomes.note(ref, "snoozed", now=now, until=now + LATER)
    said = f"Put off for a week: \u201c{card.title}\u201d."
    return _left(request, house, card, said, now)


@router.post("/suggestions/{ref}/skip")
def skip(request: Request, ref: str, fields: Fields) -> Response:
    """Never this for them."""
    house, now = house_for_form(request), utc_now()
    card, _ = cards.by_id(house, ref, now=now, back=fields.back)
    house.outcomes.note(ref, "dismissed", now=now)
    said = f"Skipped: \u201c{card.title}\u201d is not suggested to {card.contact.first_name} again."
    return _left(request, house, card, said, now)


@router.post("/suggestions/{ref}/undo")
def undo(request: Request, ref: str, fields: Fields) -> Response:
    """Take the last change back."""
    house, now = house_for_form(request), utc_now()
    event = house.outcomes.undo(ref)
    if not is_htmx(request):
        return redirect(fields.back, f"Taken back: \u201c{_WORDS[event.status]}\u201d.")
    card, _ = cards.by_id(house, ref, now=now, back=fields.back, note=fields.text("note"))
    return answer(house, card, now)


_WORDS: dict[Status, str] = {
    "pending": "pending",
    "opened": "being sent",
    "sent": "sent",
    "liked": "liked",
    "replied": "answered",
    "snoozed": "put off",
    "dismissed": "skipped",
    "less": "less of this",
}


@router.post("/suggestions/{ref}/draft.eml")
def draft(request: Request, ref: str, fields: Fields) -> Response:
    """The note as an unsent mail, for a note too long for a link."""
    house, now = house_for_form(request), utc_now()
    card, _ = cards.by_id(house, ref, now=now, back=fields.back, note=fields.text("note"))
    text = as_form(card.contact, card.note, "eml", subject=card.subject, now=now)
    name = quote(f"{card.contact.slug}.eml")
    return Response(
        text.encode("utf-8", "surrogateescape"),
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
        media_type="message/rfc822",
    )


@router.post("/suggestions/{ref}/{status}")
def react(request: Request, ref: str, status: str, fields: Fields) -> Response:
    """Note that they liked it, answered, or want less of it."""
    house, now = house_for_form(request), utc_now()
    event = house.outcomes.note(ref, status, now=now)  # type: ignore[arg-type]  # checked there
    undo = Undo(f"/suggestions/{ref}/undo", {"back": fields.back})
    return redirect(fields.back, f"Noted: {_WORDS[event.status]}.", undo=undo)


def _undo(ref: str, card: Card) -> Undo:
    return Undo(f"/suggestions/{ref}/undo", {"back": card.back})


def _left(request: Request, house: House, card: Card, said: str, now: datetime) -> Response:
    """After something was put aside: on Today, what the plan has for the person instead."""
    aside = cards.settled(card, said, _undo(card.suggestion_id, card))
    if is_htmx(request) and card.back == cards.TODAY:
        other = entry_card(house, card.contact.id, now)
        if other is not None and other.state == "open":
            aside = replace(other, said=said, undo=aside.undo, may_leave_out=True)
    return _settled(request, house, aside, now)


def _settled(request: Request, house: House, card: Card, now: datetime) -> Response:
    if is_htmx(request):
        return answer(house, card, now)
    return redirect(card.back, card.said, undo=card.undo)


def _shown(request: Request, house: House, card: Card, now: datetime) -> Response:
    if is_htmx(request):
        return answer(house, card, now)
    return page("card.html", request=request, card=card)
