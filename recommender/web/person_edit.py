"""What is changed on somebody's page: what is known of them, what they care about, touches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recommender.errors import RecommenderError
from recommender.services.hints import foreign_hint, kin_hints
from recommender.web.guard import house_for_form
from recommender.web.person import person_page
from recommender.web.rendering import Undo, redirect
from recommender.web.route import Fields, Request, Response, page_router
from recommender.web.words import plainly
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Contact, Interest, Touch
    from recommender.web.forms import Form
    from recommender.wiring import House

router = page_router()


@router.post("/person/{ref}/details")
def edit(request: Request, ref: str, fields: Fields) -> Response:
    """Change name, addresses, where they live and work, groups, notes."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    try:
        changed = house.people.edit(contact, now=utc_now(), **_details(contact, fields))
    except RecommenderError as error:
        return person_page(
            request, house, contact, status=422, given=fields, error=str(error), part="details"
        )
    return redirect(f"/person/{changed.slug}#details", f"{changed.name} is changed.")


def _details(contact: Contact, fields: Form) -> dict[str, Any]:
    """Fields of a contact as the form has them."""
    return {
        "name": fields.line("name"),
        "emails": tuple(fields.parts("emails")),
        "town": fields.line("town"),
        "employer": fields.line("employer"),
        "birthday": fields.line("birthday"),
        "groups": tuple(fields.parts("groups")),
        "own_sites": tuple(fields.parts("own_sites")),
        "reads": tuple(fields.parts("reads")),
        "notes": fields.text("notes"),
        "details": replace(
            contact.details,
            phones=tuple(fields.parts("phones")),
            languages=tuple(fields.parts("languages")),
            channel=fields.line("channel") or None,  # type: ignore[arg-type]  # checked there
        ),
    }


@router.post("/person/{ref}/interests")
def add_interests(request: Request, ref: str, fields: Fields) -> Response:
    """Add what a sentence names, and match it with the pool."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    try:
        added = house.people.state_interests(
            contact,
            fields.line("interests"),
            now=utc_now(),
            polarity="avoid" if fields.has("avoid") else "like",
        )
    except RecommenderError as error:
        return person_page(
            request, house, contact, status=422, given=fields, error=str(error), part="interests"
        )
    house.match_soon()
    return redirect(f"/person/{contact.slug}#interests", _noted(house, added))


def _noted(house: House, added: list[Interest]) -> str:
    """What was noted, and what the user may not see by themselves."""
    listed = ", ".join(f"{'not ' if one.polarity == 'avoid' else ''}{one.phrase}" for one in added)
    hint = plainly(foreign_hint(house.storage, added))
    lines = [f"Noted: {listed}.", *([f"{hint}."] if hint else [])]
    return " ".join([*lines, *kin_hints(house.storage, house.account_id, added)])


@router.post("/person/{ref}/interests/remove")
def remove_interest(request: Request, ref: str, fields: Fields) -> Response:
    """Forget an interest."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    interest = house.people.find_interest(contact, fields.line("interest"))
    house.people.remove_interest(interest)
    undo = Undo(
        f"/person/{contact.id}/interests/again",
        {
            "phrase": interest.phrase, "weight": str(interest.weight),
            "polarity": interest.polarity, "origin": interest.origin,
        },
    )  # fmt: skip
    said = f"Removed: {interest.phrase}."
    return redirect(f"/person/{contact.slug}#interests", said, undo=undo)


@router.post("/person/{ref}/interests/again")
def restore_interest(request: Request, ref: str, fields: Fields) -> Response:
    """Take that back."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    weight = fields.line("weight")
    interest = house.people.add_interest(
        contact,
        fields.line("phrase"),
        now=utc_now(),
        weight=float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0,
        polarity="avoid" if fields.line("polarity") == "avoid" else "like",
        origin="learned" if fields.line("origin") == "learned" else "stated",
    )
    house.match_soon()
    return redirect(f"/person/{contact.slug}#interests", f"{interest.phrase} is back.")


@router.post("/person/{ref}/proposals")
def accept(request: Request, ref: str, fields: Fields) -> Response:
    """Do what reactions propose."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    interest = house.learner.accept(contact, fields.line("phrase"), now=utc_now())
    house.match_soon()
    return redirect(f"/person/{contact.slug}#interests", f"Noted: {interest.phrase}.")


@router.post("/person/{ref}/touches/remove")
def remove_touch(request: Request, ref: str, fields: Fields) -> Response:
    """Take a touch out of the timeline."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    wanted = fields.line("touch")
    found = next((t for t in house.touches.all(contact) if t.id == wanted), None)
    house.touches.remove(wanted)
    here = f"/person/{contact.slug}#touches"
    if found is None or fields.has("quietly"):
        return redirect(here, "Taken back.")
    return redirect(here, "Removed from the timeline.", undo=_again(contact, found))


def _again(contact: Contact, touch: Touch) -> Undo:
    return Undo(
        f"/person/{contact.id}/touches/again",
        {
            "kind": touch.kind, "direction": touch.direction, "at": touch.at.isoformat(),
            "note": touch.note, "channel": touch.channel or "",
        },
    )  # fmt: skip


@router.post("/person/{ref}/touches/again")
def restore_touch(request: Request, ref: str, fields: Fields) -> Response:
    """Take that back."""
    house, now = house_for_form(request), utc_now()
    contact = house.people.find(ref)
    house.touches.log(
        contact,
        fields.line("kind"),  # type: ignore[arg-type]  # checked by the service, as the others
        now=now,
        at=time_of(fields.line("at")) or now,
        direction=fields.line("direction") or None,  # type: ignore[arg-type]
        note=fields.text("note"),
        channel=fields.line("channel") or None,  # type: ignore[arg-type]
    )
    return redirect(f"/person/{contact.slug}#touches", "It is back in the timeline.")


def time_of(text: str) -> datetime | None:
    """An aware time as a form of ours carries it; None for everything else."""
    from datetime import datetime

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
