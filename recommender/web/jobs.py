"""`/refresh`: looking for something new, and how far that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender.web.guard import house_for_form, house_here
from recommender.web.rendering import fragment, is_htmx, page, redirect
from recommender.web.route import Fields, Request, Response, page_router

if TYPE_CHECKING:
    from recommender.services.jobs import Jobs
    from recommender.wiring import House

router = page_router()


def jobs_of(request: Request) -> Jobs:
    """The jobs of this process."""
    jobs: Jobs = request.app.state.jobs
    return jobs


def job_values(request: Request, house: House) -> dict[str, Any]:
    """The newest refresh, for a page that shows how far it is."""
    return {"job": jobs_of(request).latest(house.account_id, "refresh")}


@router.get("/refresh")
def show(request: Request) -> Response:
    """How far the newest refresh is, and a button for another."""
    house = house_here(request)
    return page("refresh.html", request=request, **job_values(request, house))


@router.post("/refresh")
def start(request: Request, fields: Fields) -> Response:
    """Start a refresh, unless one is under way."""
    house = house_for_form(request)
    job = jobs_of(request).refresh(house)
    if is_htmx(request):
        return fragment("_job.html", job=job, back=fields.back)
    return redirect("/refresh")


@router.get("/refresh/{ref}")
def progress(request: Request, ref: str) -> Response:
    """How far one refresh is; asked for every second while a page shows it."""
    house = house_here(request)
    job = jobs_of(request).get(house.account_id, ref)
    if is_htmx(request):
        return fragment("_job.html", job=job)
    return page("refresh.html", request=request, job=job)
