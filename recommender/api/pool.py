"""/items, /matches and /mutes: what could be sent, and what is not to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from recommender.account import MuteKind
from recommender.api import schemas
from recommender.api import service_schemas as out
from recommender.api.guard import Reader, Writer
from recommender.api.paging import Cursor, as_place
from recommender.services import shapes
from recommender.services.browsing import browse, shown
from recommender.services.who import who_would_enjoy
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.domain import Item

router = APIRouter()
ItemId = Annotated[int, Path(ge=1, le=2**53)]


def _whole(house: House, item: Item) -> out.ItemOut:
    (one,) = shown(
        house.storage, house.account_id, [item], threshold=house.threshold, now=utc_now()
    )
    return out.ItemOut.model_validate(shapes.shown_shape(one, with_text=True))


@router.get("/items", operation_id="list_items", tags=["items"])
def list_items(
    house: Reader,
    kind: Literal["article", "joke", "page"] | None = None,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = None,
) -> out.ItemsOut:
    """A page of the pool, newest first, each item with whom it would be for."""
    found = browse(
        house.storage,
        house.account_id,
        threshold=house.threshold,
        now=utc_now(),
        kind=kind,
        search=search,
        before_id=as_place(cursor),
        limit=limit + 1,
    )
    more = len(found) > limit
    items = [shapes.shown_shape(one) for one in found[:limit]]
    next_cursor = str(found[limit - 1].item.id) if more else None
    return out.ItemsOut.model_validate({"items": items, "next_cursor": next_cursor})


@router.post("/items", status_code=201, operation_id="save_item", tags=["items"])
def save_item(house: Writer, body: out.ItemIn) -> out.ItemOut:
    """Save a page into your own pool and match it; twice is the same as once."""
    item, _ = house.saver.save(body.url, now=utc_now(), title=body.title, text=body.text)
    return _whole(house, item)


@router.get("/items/{item}", operation_id="get_item", tags=["items"])
def get_item(house: Reader, item: ItemId) -> out.ItemOut:
    """One item whole."""
    return _whole(house, house.storage.items.item(house.account_id, item))


@router.get("/items/{item}/revisions", operation_id="list_revisions", tags=["items"])
def list_revisions(house: Reader, item: ItemId) -> out.RevisionsOut:
    """What an item was before each update, newest first."""
    house.storage.items.item(house.account_id, item)  # whether it is the account's to see
    found = house.storage.items.revisions(item)
    return out.RevisionsOut.model_validate(
        {"revisions": [shapes.revision_shape(one) for one in found]}
    )


@router.delete("/items/{item}", status_code=204, operation_id="remove_item", tags=["items"])
def remove_item(house: Writer, item: ItemId) -> Response:
    """Take a saved page out of the pool; what somebody was sent stays."""
    house.saver.remove(item)
    return Response(status_code=204)


@router.post("/matches", operation_id="match_page", tags=["suggestions"])
def match_page(house: Reader, body: schemas.PageIn) -> schemas.FitsOut:
    """Who of the contacts would enjoy this page, why, and whether they have had it."""
    fits = who_would_enjoy(
        house.storage,
        house.account_id,
        house.matching(),
        url=body.url,
        title=body.title,
        text=body.text,
        selection=body.selection,
        zone=house.zone,
        threshold=house.threshold,
        now=utc_now(),
        n=body.limit,
    )
    return schemas.FitsOut.model_validate({"people": [shapes.fit_shape(fit) for fit in fits]})


@router.get("/mutes", operation_id="list_mutes", tags=["items"])
def list_mutes(house: Reader) -> out.MutesOut:
    """Sources and topics that are suggested to nobody."""
    return out.MutesOut(mutes=[out.MuteOut(**one._asdict()) for one in house.mutes.all()])


@router.post("/mutes", status_code=201, operation_id="add_mute", tags=["items"])
def add_mute(house: Writer, body: out.MuteIn) -> out.MuteOut:
    """Suggest nothing more of a source or a topic."""
    return out.MuteOut(**house.mutes.add(body.kind, body.value, now=utc_now())._asdict())


@router.delete("/mutes", status_code=204, operation_id="remove_mute", tags=["items"])
def remove_mute(
    house: Writer, kind: MuteKind, value: Annotated[str, Query(min_length=1, max_length=200)]
) -> Response:
    """Take a mute back."""
    house.mutes.remove(kind, value)
    return Response(status_code=204)
