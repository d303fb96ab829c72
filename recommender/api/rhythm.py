"""Plans, standing and birthdays; address books in, and people who are there twice."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from recommender.api import rhythm_schemas as schemas
from recommender.api.guard import Reader, Writer
from recommender.api.once import IdempotencyKey, once
from recommender.api.schemas import ContactOut
from recommender.services import shapes
from recommender.services.duplicates import duplicates
from recommender.wiring import utc_now

router = APIRouter()


@router.get("/plan", operation_id="get_plan", tags=["plan"])
def get_plan(
    house: Reader, minutes: Annotated[int | None, Query(ge=1, le=480)] = None
) -> schemas.PlanOut:
    """Today's plan, made when it is first asked for; with other minutes it is made anew."""
    plan = house.plans.today(now=utc_now(), minutes=minutes)
    return schemas.PlanOut.model_validate(shapes.plan_shape(plan))


@router.post("/plan/skip", operation_id="skip_in_plan", tags=["plan"])
def skip_in_plan(
    house: Writer, body: schemas.SkipIn, idempotency_key: IdempotencyKey = None
) -> schemas.PlanOut:
    """Leave somebody out of today's plan, or take that back."""

    def work() -> schemas.PlanOut:
        now = utc_now()
        house.plans.skip(house.people.find(body.contact), now=now, undo=body.undo)
        return schemas.PlanOut.model_validate(shapes.plan_shape(house.plans.today(now=now)))

    return once(house, idempotency_key, ("skip_in_plan", body), schemas.PlanOut, work)


@router.get("/standing", operation_id="get_standing", tags=["plan"])
def get_standing(
    house: Reader,
    minutes: Annotated[int, Query(ge=1, le=480)] = 5,
    years: Annotated[int, Query(ge=0, le=3)] = 0,
) -> schemas.StandingOut:
    """Who heard from you, who slips away, who gives; with the years ahead if asked."""
    standing = house.standing.on(now=utc_now())
    outlook = house.standing.outlook(standing, minutes=minutes, years=years) if years else None
    return schemas.StandingOut.model_validate(shapes.standing_shape(standing, outlook))


@router.get("/occasions", operation_id="list_occasions", tags=["plan"])
def list_occasions(
    house: Reader, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> schemas.OccasionsOut:
    """Birthdays and anniversaries of the coming days."""
    found = house.standing.occasions(now=utc_now(), days=days)
    return schemas.OccasionsOut.model_validate(
        {"occasions": [shapes.occasion_shape(one) for one in found]}
    )


@router.get("/duplicates", operation_id="list_duplicates", tags=["contacts"])
def list_duplicates(house: Reader) -> schemas.DuplicatesOut:
    """Contacts that may be one person twice, and why; nothing is merged."""
    found = duplicates(house.people.all())
    return schemas.DuplicatesOut.model_validate(
        {"duplicates": [shapes.duplicate_shape(one) for one in found]}
    )


@router.post("/contacts/{contact}/merge", operation_id="merge_contacts", tags=["contacts"])
def merge_contacts(house: Writer, contact: str, body: schemas.MergeIn) -> ContactOut:
    """Make one contact of two; `split` parts them again."""
    kept, other = house.people.find(contact), house.people.find(body.other)
    merged = house.people.merge(kept, other, now=utc_now())
    shape = shapes.contact_shape(merged, house.people.interests(merged))
    return ContactOut.model_validate(shape)


@router.post("/contacts/{contact}/split", operation_id="split_contact", tags=["contacts"])
def split_contact(house: Writer, contact: str, body: schemas.SplitIn) -> schemas.SplitOut:
    """Undo the last merge, or take somebody out of a record that holds two people."""
    person = house.people.find(contact)
    if body.name is None:
        found = house.people.unmerge(person)
    else:
        found = house.people.split(person, body.name, body.take, now=utc_now())
    return schemas.SplitOut.model_validate(
        {"contacts": [shapes.contact_shape(c, house.people.interests(c)) for c in found]}
    )
