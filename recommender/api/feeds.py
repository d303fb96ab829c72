"""/feeds, the catalogue, and OPML in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Response
from recommender_feeds import well_known_feeds

from recommender.api import schemas
from recommender.api import service_schemas as out
from recommender.api.guard import Reader, Writer
from recommender.api.schemas import FileBody
from recommender.domain import Login
from recommender.services import shapes
from recommender.services.discovery import find_offers, read_address
from recommender.services.health import health
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.domain import Feed

router = APIRouter(tags=["feeds"])
FeedId = Annotated[int, Path(ge=1, le=2**53)]


def _feed(feed: Feed) -> schemas.FeedOut:
    return schemas.FeedOut.model_validate(shapes.feed_shape(feed, health(feed, utc_now())))


def _find(house: House, feed_id: int) -> Feed:
    return house.subscriptions.find(str(feed_id))


@router.get("/feeds", operation_id="list_feeds")
def list_feeds(house: Reader) -> schemas.FeedsOut:
    """The account's feeds with their health."""
    return schemas.FeedsOut(feeds=[_feed(feed) for feed in house.subscriptions.all()])


@router.post("/feeds", status_code=201, operation_id="add_feed")
def add_feed(house: Writer, body: schemas.FeedIn) -> schemas.FeedOut:
    """Subscribe to a feed; it is read at the next refresh. `preview_feeds` finds a site's."""
    feed = house.subscriptions.add(
        body.url, now=utc_now(), kind=body.kind, title=body.title, folders=body.folders
    )
    return _feed(feed)


@router.post("/feeds/preview", operation_id="preview_feeds")
def preview_feeds(house: Writer, body: out.AddressIn) -> out.OffersOut:
    """The feeds behind any address, with their last entries; nothing is added."""
    address, login = read_address(body.url)
    with house.sources() as sources, house.http_client() as client:
        offers = find_offers(sources, client, address, login)
    return out.OffersOut.model_validate({"offers": [shapes.offer_shape(one) for one in offers]})


@router.get("/feeds/catalogue", operation_id="browse_catalogue")
def browse_catalogue(_house: Reader) -> out.CatalogueOut:
    """Well-known feeds to choose from."""
    return out.CatalogueOut.model_validate(
        {"feeds": [shapes.catalogue_shape(feed) for feed in well_known_feeds()]}
    )


@router.get("/feeds/{feed}", operation_id="get_feed")
def get_feed(house: Reader, feed: FeedId) -> schemas.FeedOut:
    """One feed with its health, its last error and what to do."""
    return _feed(_find(house, feed))


@router.patch("/feeds/{feed}", operation_id="change_feed")
def change_feed(house: Writer, feed: FeedId, body: out.FeedPatch) -> schemas.FeedOut:
    """Change how a feed is read."""
    return _feed(house.subscriptions.set_full_text(_find(house, feed), body.full_text))


@router.put("/feeds/{feed}/login", operation_id="put_feed_login")
def put_feed_login(house: Writer, feed: FeedId, body: out.LoginIn) -> schemas.FeedOut:
    """Read a feed with a login; it becomes this account's own, under a new id."""
    login = Login(body.kind, body.value)
    return _feed(house.subscriptions.keep_login(_find(house, feed), login, now=utc_now()))


@router.delete("/feeds/{feed}", status_code=204, operation_id="remove_feed")
def remove_feed(house: Writer, feed: FeedId) -> Response:
    """Stop reading a feed."""
    house.subscriptions.remove(_find(house, feed))
    return Response(status_code=204)


@router.get(
    "/opml",
    operation_id="export_opml",
    response_class=Response,
    responses={200: {"content": {"text/x-opml": {}}}},
)
def export_opml(house: Reader) -> Response:
    """The feeds as OPML, for any other reader; logins are left out."""
    return Response(house.subscriptions.export_opml(), media_type="text/x-opml")


@router.post("/opml", operation_id="import_opml")
def import_opml(house: Writer, body: FileBody) -> out.OpmlOut:
    """Subscribe to what another reader exported."""
    added, there, skipped = house.subscriptions.import_opml(body, now=utc_now())
    return out.OpmlOut(added=added, already_there=there, skipped=skipped)
