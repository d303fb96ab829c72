"""/preferences and /groups: how often, how long, in what words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from recommender.api import service_schemas as out
from recommender.api.guard import Reader, Writer
from recommender.domain import Group
from recommender.errors import NotFoundError
from recommender.services.checking import one_line
from recommender.services.preferences import PREFERENCES, set_preferences
from recommender.wiring import House, utc_now

router = APIRouter(tags=["preferences"])
GroupName = Annotated[str, Path(min_length=1, max_length=200)]


@router.get("/preferences", operation_id="get_preferences")
def get_preferences(house: Reader) -> out.PreferencesOut:
    """What is set; empty for the usual."""
    found = house.storage.rhythm.preferences(house.account_id)
    return out.PreferencesOut(preferences={key: found.get(key, "") for key in PREFERENCES})


@router.patch("/preferences", operation_id="change_preferences")
def change_preferences(house: Writer, body: out.PreferencesIn) -> out.PreferencesOut:
    """Set some of them, all or nothing."""
    set_preferences(house.storage, house.account_id, body.preferences, now=utc_now())
    return get_preferences(house)


def _groups(house: House) -> list[out.GroupOut]:
    return [
        out.GroupOut(name=name, contacts=n, cadence_days=days)
        for name, n, days in house.people.groups()
    ]


@router.get("/groups", operation_id="list_groups")
def list_groups(house: Reader) -> out.GroupsOut:
    """Groups, how many are in them, and how often they hear from you."""
    return out.GroupsOut(groups=_groups(house))


@router.put("/groups/{name}", operation_id="put_group")
def put_group(house: Writer, name: GroupName, body: out.GroupIn) -> out.GroupOut:
    """Say how often a group is to hear from you; null leaves it to each contact."""
    group = Group(one_line(name, what="the name", limit=200), body.cadence_days)
    house.storage.rhythm.put_group(house.account_id, group, now=utc_now())
    return next(one for one in _groups(house) if one.name == group.name)


@router.delete("/groups/{name}", status_code=204, operation_id="forget_group")
def forget_group(house: Writer, name: GroupName) -> Response:
    """Forget what was set for a group; its contacts stay in it."""
    if not house.storage.rhythm.delete_group(house.account_id, name):
        raise NotFoundError(f"nothing was set for the group “{name}”", ref=name)
    return Response(status_code=204)
