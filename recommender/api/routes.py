"""Everything under /api/v1 that is not a contact, and the two health routes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from recommender.api import schemas
from recommender.api.contacts import router as contacts
from recommender.api.guard import Guarded
from recommender.api.rhythm import router as rhythm
from recommender.errors import InvalidInput
from recommender.services import shapes
from recommender.services.who import who_would_enjoy
from recommender.wiring import utc_now

router = APIRouter(prefix="/api/v1")
router.include_router(rhythm)
router.include_router(contacts)
health = APIRouter(prefix="/health", tags=["health"])


@router.get("/feeds", operation_id="list_feeds", tags=["feeds"])
def list_feeds(house: Guarded) -> schemas.FeedsOut:
    """The account's feeds with their health."""
    return schemas.FeedsOut.model_validate(
        {"feeds": [shapes.feed_shape(feed) for feed in house.subscriptions.all()]}
    )


@router.post("/feeds", status_code=201, operation_id="add_feed", tags=["feeds"])
def add_feed(house: Guarded, body: schemas.FeedIn) -> schemas.FeedOut:
    """Subscribe to a feed; it is read at the next refresh."""
    feed = house.subscriptions.add(body.url, now=utc_now(), kind=body.kind)
    return schemas.FeedOut.model_validate(shapes.feed_shape(feed))


@router.delete("/feeds/{feed}", status_code=204, operation_id="remove_feed", tags=["feeds"])
def remove_feed(house: Guarded, feed: int) -> Response:
    """Stop reading a feed."""
    house.subscriptions.remove(house.subscriptions.find(str(feed)))
    return Response(status_code=204)


@router.post("/matches", operation_id="match_page", tags=["suggestions"])
def match_page(house: Guarded, body: schemas.PageIn) -> schemas.FitsOut:
    """Who of the contacts would enjoy this page, and why."""
    fits = who_would_enjoy(
        house.storage,
        house.account_id,
        house.matching(),
        url=body.url,
        title=body.title,
        text=body.text,
        threshold=house.threshold,
        now=utc_now(),
        n=body.limit,
    )
    return schemas.FitsOut.model_validate({"people": [shapes.fit_shape(fit) for fit in fits]})


@router.post("/suggestions/{suggestion}/status", operation_id="set_status", tags=["suggestions"])
def set_status(house: Guarded, suggestion: str, body: schemas.StatusIn) -> schemas.StatusOut:
    """Note what was done with a suggestion; "sent" also logs a touch, "undo" takes back."""
    if body.until is not None and body.until.tzinfo is None:
        raise InvalidInput("`until` needs a time zone, such as 2026-12-01T09:00:00Z")
    if body.status == "undo":
        event = house.suggester.undo(suggestion)
    else:
        event = house.suggester.set_status(
            suggestion, body.status, now=utc_now(), until=body.until, note=body.note
        )
    return schemas.StatusOut.model_validate(shapes.status_shape(event))


@health.get("/live", operation_id="live")
def live() -> schemas.Health:
    """The process answers."""
    return schemas.Health(status="ok")


@health.get("/ready", operation_id="ready")
def ready(request: Request) -> schemas.Health:
    """The library answers, too; else 503 or 507."""
    request.app.state.house.storage.accounts()
    return schemas.Health(status="ok")
