"""`/`: today's plan, to read."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from recommender.web.guard import house_here
from recommender.web.people import router as people
from recommender.web.rendering import page
from recommender.wiring import utc_now

router = APIRouter(include_in_schema=False)
router.include_router(people)
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six")


@router.get("/", response_class=HTMLResponse)
def today(request: Request) -> HTMLResponse:
    """Today's plan."""
    house = house_here(request)
    plan = house.plans.today(now=utc_now())
    left = [entry for entry in plan.entries if entry.is_open]
    return page(
        "today.html",
        date=f"{plan.day:%A} {plan.day.day} {plan.day:%B}",
        headline=headline(len(left), done=len(plan.entries) - len(left)),
        entries=left,
        minutes=sum(entry.slot.minutes for entry in left),
        n_people=plan.n_people,
    )


def headline(n: int, *, done: int = 0) -> str:
    """One human sentence for n reasons."""
    if n == 0:
        return "All done for today" if done else "Nobody to write to today, and that is fine"
    number = _NUMBERS[n] if n < len(_NUMBERS) else str(n)
    return f"{number} good reason{'s' if n > 1 else ''} to write today"


@router.get("/static/sawthis.css")
def stylesheet() -> Response:
    """The house's look."""
    css = resources.files("recommender.web") / "static" / "sawthis.css"
    return Response(css.read_text("utf-8"), media_type="text/css")
