"""Devices and browsers that may come in: paired by a code, shut out by a button."""

from __future__ import annotations

from recommender.web.guard import house_for_form, origin_of
from recommender.web.rendering import redirect
from recommender.web.route import Request, Response, page_router
from recommender.web.settings import settings_page
from recommender.wiring import utc_now

router = page_router()


@router.post("/settings/pair")
def pair(request: Request) -> Response:
    """Show a code that one device can exchange for a token; it is shown this once."""
    house = house_for_form(request)
    code, until = house.access.new_pairing_code(now=utc_now())
    local = until.astimezone(house.zone)
    return settings_page(
        request, house, connection=f"{origin_of(request)}#{code}", until=f"{local:%H:%M}"
    )


@router.post("/settings/tokens/{ref}/revoke")
def revoke(request: Request, ref: str) -> Response:
    """Shut a device out at once."""
    house = house_for_form(request)
    token = house.access.revoke(ref, now=utc_now())
    return redirect("/settings#devices", f"{token.name} is shut out.")


@router.post("/settings/sessions/{ref}/end")
def end(request: Request, ref: str) -> Response:
    """Log another browser out."""
    house = house_for_form(request)
    house.access.end_session(ref)
    return redirect("/settings#devices", "That browser is logged out.")
