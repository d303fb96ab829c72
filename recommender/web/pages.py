"""`/`: today's suggestions, to read. Answers only to this machine until pages have a login."""

from __future__ import annotations

from importlib import resources
from ipaddress import ip_address

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

from recommender.services.digest import build_digest
from recommender.wiring import House, utc_now

router = APIRouter(include_in_schema=False)
_templates = Environment(loader=PackageLoader("recommender.web"), autoescape=True)
N_CARDS = 6
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six")


def _only_here(request: Request) -> None:
    client = request.client.host if request.client else ""
    try:
        is_here = ip_address(client).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise HTTPException(403, "this page is only for the machine Sawthis runs on")


@router.get("/", response_class=HTMLResponse)
def today(request: Request) -> HTMLResponse:
    """Today's suggestions."""
    _only_here(request)
    house: House = request.app.state.house
    now = utc_now()
    digest = build_digest(house.people, house.suggester, house.touches, now=now, n_people=N_CARDS)
    page = _templates.get_template("today.html").render(
        date=f"{now:%A} {now.day} {now:%B}",
        headline=headline(len(digest.cards)),
        cards=digest.cards,
        n_without=digest.n_without,
        n_contacts=len(house.people.all()),
    )
    return HTMLResponse(page)


def headline(n: int) -> str:
    """One human sentence for n cards."""
    if n == 0:
        return "Nobody to write to today, and that is fine"
    return f"{_NUMBERS[n]} good reason{'s' if n > 1 else ''} to write today"


@router.get("/static/sawthis.css")
def stylesheet() -> Response:
    """The house's look."""
    css = resources.files("recommender.web") / "static" / "sawthis.css"
    return Response(css.read_text("utf-8"), media_type="text/css")
