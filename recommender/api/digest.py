"""The digest: what the week holds, the mail, and the feeds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from recommender.api import digest_schemas as out
from recommender.api.guard import Admin, Reader, Writer
from recommender.services.digest_shapes import digest_shape, outgoing_shape
from recommender.services.outlets import addresses
from recommender.wiring import House, utc_now

router = APIRouter()
MOST_LISTED = 60


@router.get("/digest", operation_id="get_digest", tags=["suggestions"])
def get_digest(house: Reader, people: Annotated[int, Query(ge=1, le=20)] = 5) -> out.DigestOut:
    """Who is due this week, each with one to three things to send; whom to call; what comes up."""
    found = house.digests.build(now=utc_now(), n_people=people)
    return out.DigestOut.model_validate(digest_shape(found))


@router.get("/digest/outbox", operation_id="list_outbox", tags=["digest"])
def list_outbox(house: Reader) -> out.OutboxOut:
    """What became of the last digests by mail; when they come is a preference."""
    found = house.storage.mail.outbox(house.account_id, limit=MOST_LISTED)
    return out.OutboxOut.model_validate({"digests": [outgoing_shape(one) for one in found]})


@router.post("/digest/send", operation_id="send_digest", tags=["digest"])
def send_digest(house: Writer, body: out.SendDigestIn) -> out.OutgoingOut:
    """Send this week's digest to yourself now, unless it went out."""
    found = house.mailer.send(now=utc_now(), again=body.again)
    return out.OutgoingOut.model_validate(outgoing_shape(found))


@router.get("/digest/feeds", operation_id="get_digest_feeds", tags=["digest"])
def get_digest_feeds(house: Admin) -> out.AddressesOut:
    """Where the digest can be read as feeds, without a token."""
    return _addresses(house, anew=False)


@router.post("/digest/feeds", operation_id="change_digest_feeds", tags=["digest"])
def change_digest_feeds(house: Admin) -> out.AddressesOut:
    """Change the addresses; the old ones stop at once."""
    return _addresses(house, anew=True)


def _addresses(house: House, *, anew: bool) -> out.AddressesOut:
    found = addresses(
        house.storage, house.account_id, house.settings.origin, now=utc_now(), anew=anew
    )
    return out.AddressesOut(**found._asdict())
