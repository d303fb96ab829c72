"""/contacts with their interests, suggestions and touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Response

from recommender.api import schemas, service_schemas
from recommender.api.etags import IfMatch, NotModified, etag, names
from recommender.api.guard import Reader, Writer
from recommender.api.once import IdempotencyKey, once
from recommender.api.paging import Cursor, Limit, page_of
from recommender.errors import InvalidInput, StaleContact
from recommender.services import shapes
from recommender.services.standing import advice_lines
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.domain import Contact

router = APIRouter(prefix="/contacts", tags=["contacts"])
_CLEARABLE = frozenset({"cadence_days", "paused_until", "hard_at", "archived_at"})
_OF_DETAILS = frozenset({"phones", "nicknames", "role", "time_zone", "channel"})

ContactRef = Annotated[
    str, Path(max_length=300, description="Id, slug, e-mail or unambiguous name.")
]
InterestRef = Annotated[str, Path(max_length=300, description="Id or phrase.")]


def _contact(house: House, ref: str) -> dict[str, Any]:
    contact = house.people.find(ref)
    return shapes.contact_shape(contact, house.people.interests(contact))


def match_if_ready(house: House) -> None:
    """Match changed interests with the pool."""
    house.match_soon()


@router.get("", operation_id="list_contacts")
def list_contacts(
    house: Reader,
    limit: Limit = 100,
    cursor: Cursor = None,
    search: Annotated[str, Query(max_length=200)] = "",
    group: Annotated[str | None, Query(max_length=200)] = None,
) -> schemas.ContactsOut:
    """A page of contacts, by name; `search` looks at names, e-mails and employers."""
    found = house.people.search(search, group=group)
    page, next_cursor = page_of(found, lambda contact: contact.id, limit, cursor)
    interests = house.people.interests_of_all()
    return schemas.ContactsOut.model_validate(
        {
            "contacts": [shapes.contact_shape(c, interests.get(c.id, [])) for c in page],
            "next_cursor": next_cursor,
        }
    )


@router.post("", status_code=201, operation_id="add_contact")
def add_contact(house: Writer, body: schemas.ContactIn) -> schemas.ContactOut:
    """Add a contact with interests, and match them with the pool."""
    contact = house.people.add(now=utc_now(), **body.model_dump())
    if body.interests:
        match_if_ready(house)
    return schemas.ContactOut.model_validate(_contact(house, contact.id))


@router.get(
    "/{contact}",
    operation_id="get_contact",
    responses={304: {"description": "It is as If-None-Match names it."}},
)
def get_contact(
    house: Reader,
    contact: ContactRef,
    response: Response,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> schemas.ContactOut:
    """One contact, by id, slug, e-mail or unambiguous name; its ETag is for If-Match."""
    shape = _contact(house, contact)
    tag = etag(shape)
    if names(if_none_match, tag):
        raise NotModified(tag)
    response.headers["ETag"] = tag
    return schemas.ContactOut.model_validate(shape)


@router.patch("/{contact}", operation_id="change_contact")
def change_contact(
    house: Writer,
    contact: ContactRef,
    body: schemas.ContactPatch,
    response: Response,
    if_match: IfMatch = None,
) -> schemas.ContactOut:
    """Change fields of a contact; null takes a cadence, a pause, an archive or an event back."""
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in body.model_dump(exclude_unset=True).items()
        if value is not None or name in _CLEARABLE
    }
    if any(isinstance(v, datetime) and v.tzinfo is None for v in changes.values()):
        raise InvalidInput("times need a time zone, such as 2026-12-01T09:00:00Z")
    details: dict[str, Any] = {name: changes.pop(name) for name in _OF_DETAILS & changes.keys()}
    with house.storage.transaction():
        person = _expected(house, contact, if_match)
        changed = house.people.edit(
            person, now=utc_now(), **changes, details=replace(person.details, **details)
        )
        shape = _contact(house, changed.id)
    response.headers["ETag"] = etag(shape)
    return schemas.ContactOut.model_validate(shape)


@router.delete("/{contact}", status_code=204, operation_id="remove_contact")
def remove_contact(house: Writer, contact: ContactRef, if_match: IfMatch = None) -> Response:
    """Erase a contact with everything that hangs on it."""
    house.people.remove(_expected(house, contact, if_match))
    return Response(status_code=204)


def _expected(house: House, ref: str, if_match: str | None) -> Contact:
    """The contact, if it is still what the caller has read."""
    person = house.people.find(ref)
    shape = shapes.contact_shape(person, house.people.interests(person))
    if if_match is not None and not names(if_match, etag(shape)):
        raise StaleContact(f"{person.name} was changed since you read it: read it again first")
    return person


@router.get("/{contact}/interests", operation_id="list_interests", tags=["interests"])
def list_interests(house: Reader, contact: ContactRef) -> schemas.InterestsOut:
    """A contact's interests, oldest first."""
    found = house.people.interests(house.people.find(contact))
    return schemas.InterestsOut.model_validate(
        {"interests": [shapes.interest_shape(interest) for interest in found]}
    )


@router.post(
    "/{contact}/interests", status_code=201, operation_id="add_interest", tags=["interests"]
)
def add_interest(
    house: Writer, contact: ContactRef, body: schemas.InterestIn
) -> schemas.InterestOut:
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
    house: Writer, contact: ContactRef, interest: InterestRef, body: schemas.InterestPatch
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
def remove_interest(house: Writer, contact: ContactRef, interest: InterestRef) -> Response:
    """Remove an interest with its matches."""
    found = house.people.find_interest(house.people.find(contact), interest)
    house.people.remove_interest(found)
    return Response(status_code=204)


@router.get("/{contact}/proposals", operation_id="list_proposals", tags=["interests"])
def list_proposals(house: Reader, contact: ContactRef) -> schemas.ProposalsOut:
    """What the contact's reactions suggest about their interests; nothing is applied."""
    found = house.learner.proposals(house.people.find(contact))
    return schemas.ProposalsOut.model_validate(
        {"proposals": [shapes.proposal_shape(proposal) for proposal in found]}
    )


@router.post("/{contact}/proposals", operation_id="accept_proposal", tags=["interests"])
def accept_proposal(
    house: Writer, contact: ContactRef, body: schemas.ProposalIn
) -> schemas.InterestOut:
    """Accept a proposal: the interest is added or its weight changed."""
    interest = house.learner.accept(house.people.find(contact), body.phrase, now=utc_now())
    match_if_ready(house)
    return schemas.InterestOut.model_validate(shapes.interest_shape(interest))


@router.get("/{contact}/site", operation_id="look_at_site", tags=["interests"])
def look_at_site(house: Reader, contact: ContactRef) -> service_schemas.FoundInterestsOut:
    """What a contact's own site or feed is about again and again; nothing is added."""
    from recommender.services.own_words import interests_of_site

    person = house.people.find(contact)
    with house.sources() as sources, house.http_client() as client:
        found = interests_of_site(
            person, house.people.interests(person), sources, client, house.matching()
        )
    return service_schemas.FoundInterestsOut.model_validate(
        {"found": [one._asdict() for one in found]}
    )


@router.get("/{contact}/suggestions", operation_id="suggest", tags=["suggestions"])
def suggest(
    house: Reader,
    contact: ContactRef,
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
def list_touches(
    house: Reader, contact: ContactRef, limit: Limit = 100, cursor: Cursor = None
) -> schemas.TouchesOut:
    """A page of touches with a contact, newest first."""
    found = house.touches.all(house.people.find(contact))
    page, next_cursor = page_of(found, lambda touch: touch.id, limit, cursor)
    return schemas.TouchesOut.model_validate(
        {"touches": [shapes.touch_shape(touch) for touch in page], "next_cursor": next_cursor}
    )


@router.post("/{contact}/touches", status_code=201, operation_id="log_touch", tags=["touches"])
def log_touch(
    house: Writer,
    contact: ContactRef,
    body: schemas.TouchIn,
    idempotency_key: IdempotencyKey = None,
) -> schemas.TouchOut:
    """Log a touch."""
    if body.at is not None and body.at.tzinfo is None:
        raise InvalidInput("`at` needs a time zone, such as 2026-11-24T09:00:00Z")
    person = house.people.find(contact)
    asked = (f"log_touch {person.id}", body)
    return once(house, idempotency_key, asked, schemas.TouchOut, lambda: _log(house, person, body))


def _log(house: House, person: Contact, body: schemas.TouchIn) -> schemas.TouchOut:
    now = utc_now()
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
