"""/contacts with their interests, suggestions and touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from recommender.api import schemas
from recommender.api.guard import Guarded
from recommender.errors import InvalidInput
from recommender.services import shapes
from recommender.services.standing import advice_lines
from recommender.wiring import House, utc_now

router = APIRouter(prefix="/contacts", tags=["contacts"])
_CLEARABLE = frozenset({"cadence_days", "paused_until", "hard_at", "archived_at"})
_OF_DETAILS = frozenset({"phones", "nicknames", "role", "time_zone", "channel"})


def _contact(house: House, ref: str) -> dict[str, Any]:
    contact = house.people.find(ref)
    return shapes.contact_shape(contact, house.people.interests(contact))


def match_if_ready(house: House) -> None:
    """Match changed interests with the pool."""
    house.refresher.match()


@router.get("", operation_id="list_contacts")
def list_contacts(
    house: Guarded,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> schemas.ContactsOut:
    """A page of contacts, by name."""
    everybody = house.people.all()
    start = _after(cursor, [contact.id for contact in everybody])
    page = everybody[start : start + limit]
    more = start + limit < len(everybody)
    interests = house.people.interests_of_all()
    return schemas.ContactsOut.model_validate(
        {
            "contacts": [shapes.contact_shape(c, interests.get(c.id, [])) for c in page],
            "next_cursor": page[-1].id if more else None,
        }
    )


def _after(cursor: str | None, ids: list[str]) -> int:
    if cursor is None:
        return 0
    if cursor not in ids:
        raise InvalidInput("the cursor is of a list that has changed; begin again without it")
    return ids.index(cursor) + 1


@router.post("", status_code=201, operation_id="add_contact")
def add_contact(house: Guarded, body: schemas.ContactIn) -> schemas.ContactOut:
    """Add a contact with interests, and match them with the pool."""
    contact = house.people.add(now=utc_now(), **body.model_dump())
    if body.interests:
        match_if_ready(house)
    return schemas.ContactOut.model_validate(_contact(house, contact.id))


@router.get("/{contact}", operation_id="get_contact")
def get_contact(house: Guarded, contact: str) -> schemas.ContactOut:
    """One contact, by id, slug, e-mail or unambiguous name."""
    return schemas.ContactOut.model_validate(_contact(house, contact))


@router.patch("/{contact}", operation_id="change_contact")
def change_contact(house: Guarded, contact: str, body: schemas.ContactPatch) -> schemas.ContactOut:
    """Change fields of a contact; null takes a cadence, a pause, an archive or an event back."""
    person = house.people.find(contact)
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name in _CLEARABLE
    }
    if any(isinstance(v, datetime) and v.tzinfo is None for v in changes.values()):
        raise InvalidInput("times need a time zone, such as 2026-12-01T09:00:00Z")
    details: dict[str, Any] = {name: changes.pop(name) for name in _OF_DETAILS & changes.keys()}
    changed = house.people.edit(
        person, now=utc_now(), **changes, details=replace(person.details, **details)
    )
    return schemas.ContactOut.model_validate(_contact(house, changed.id))


@router.delete("/{contact}", status_code=204, operation_id="remove_contact")
def remove_contact(house: Guarded, contact: str) -> Response:
    """Erase a contact with everything that hangs on it."""
    house.people.remove(house.people.find(contact))
    return Response(status_code=204)


@router.get("/{contact}/interests", operation_id="list_interests", tags=["interests"])
def list_interests(house: Guarded, contact: str) -> schemas.InterestsOut:
    """A contact's interests, oldest first."""
    found = house.people.interests(house.people.find(contact))
    return schemas.InterestsOut.model_validate(
        {"interests": [shapes.interest_shape(interest) for interest in found]}
    )


@router.post(
    "/{contact}/interests", status_code=201, operation_id="add_interest", tags=["interests"]
)
def add_interest(house: Guarded, contact: str, body: schemas.InterestIn) -> schemas.InterestOut:
    """Add an interest and match it with the pool."""
    interest = house.people.add_interest(
        house.people.find(contact),
        body.phrase,
        now=utc_now(),
        weight=body.weight,
        polarity=body.polarity,
    )
    match_if_ready(house)
    return schemas.InterestOut.model_validate(shapes.interest_shape(interest))


@router.patch("/{contact}/interests/{interest}", operation_id="change_interest", tags=["interests"])
def change_interest(
    house: Guarded, contact: str, interest: str, body: schemas.InterestPatch
) -> schemas.InterestOut:
    """Change an interest's weight or polarity."""
    found = house.people.find_interest(house.people.find(contact), interest)
    changed = house.people.edit_interest(found, **body.model_dump(exclude_none=True))
    match_if_ready(house)
    return schemas.InterestOut.model_validate(shapes.interest_shape(changed))


@router.delete(
    "/{contact}/interests/{interest}",
    status_code=204,
    operation_id="remove_interest",
    tags=["interests"],
)
def remove_interest(house: Guarded, contact: str, interest: str) -> Response:
    """Remove an interest with its matches."""
    found = house.people.find_interest(house.people.find(contact), interest)
    house.people.remove_interest(found)
    return Response(status_code=204)


@router.get("/{contact}/proposals", operation_id="list_proposals", tags=["interests"])
def list_proposals(house: Guarded, contact: str) -> schemas.ProposalsOut:
    """What the contact's reactions suggest about their interests; nothing is applied."""
    found = house.learner.proposals(house.people.find(contact))
    return schemas.ProposalsOut.model_validate(
        {"proposals": [shapes.proposal_shape(proposal) for proposal in found]}
    )


@router.post("/{contact}/proposals", operation_id="accept_proposal", tags=["interests"])
def accept_proposal(house: Guarded, contact: str, body: schemas.ProposalIn) -> schemas.InterestOut:
    """Accept a proposal: the interest is added or its weight changed."""
    interest = house.learner.accept(house.people.find(contact), body.phrase, now=utc_now())
    match_if_ready(house)
    return schemas.InterestOut.model_validate(shapes.interest_shape(interest))


@router.get("/{contact}/suggestions", operation_id="suggest", tags=["suggestions"])
def suggest(
    house: Guarded,
    contact: str,
    n: Annotated[int, Query(ge=1, le=50)] = 3,
    kind: Literal["article", "joke", "page"] | None = None,
) -> schemas.SuggestionsOut:
    """What to send to a contact, and why; possibly, and honestly, nothing."""
    now = utc_now()
    person = house.people.find(contact)
    answer = house.suggester.suggest(person, now=now, n=n, kind=kind)
    return schemas.SuggestionsOut.model_validate(
        shapes.answer_shape(answer, house.people.interests(person), now)
    )


@router.get("/{contact}/touches", operation_id="list_touches", tags=["touches"])
def list_touches(house: Guarded, contact: str) -> schemas.TouchesOut:
    """Touches with a contact, newest first."""
    found = house.touches.all(house.people.find(contact))
    return schemas.TouchesOut.model_validate(
        {"touches": [shapes.touch_shape(touch) for touch in found]}
    )


@router.post("/{contact}/touches", status_code=201, operation_id="log_touch", tags=["touches"])
def log_touch(house: Guarded, contact: str, body: schemas.TouchIn) -> schemas.TouchOut:
    """Log a touch."""
    if body.at is not None and body.at.tzinfo is None:
        raise InvalidInput("`at` needs a time zone, such as 2026-11-24T09:00:00Z")
    person, now = house.people.find(contact), utc_now()
    asks = body.kind == "ask" and body.direction != "in"
    advice = house.standing.guard(person, now=now) if asks else None
    touch = house.touches.log(
        person,
        body.kind,
        now=now,
        at=body.at,
        direction=body.direction,
        note=body.note,
        channel=body.channel,
    )
    return schemas.TouchOut.model_validate(
        {**shapes.touch_shape(touch), "advice": advice_lines(advice, person)}
    )
