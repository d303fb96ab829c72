"""`/refresh`: looking for something new, and how far that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender.web.guard import house_for_form, house_here
from recommender.web.rendering import fragment, is_htmx, page, redirect
from recommender.web.route import Request, Response, page_router
from recommender.web.words import count

if TYPE_CHECKING:
    from recommender.services.jobs import Job, Jobs
    from recommender.wiring import House

router = page_router()


def jobs_of(request: Request) -> Jobs:
    """The jobs of this service, on whichever host."""
    jobs: Jobs = request.app.state.jobs
    return jobs


def job_values(request: Request, house: House) -> dict[str, Any]:
    """The newest refresh, for a page that shows how far it is."""
    job = jobs_of(request).latest(house.account_id, "refresh")
    return {"job": job, "outcome": outcome_of(job)}


def outcome_of(job: Job | None) -> str:
    """What a refresh came to, in words; empty while that is not known."""
    if job is None or job.result is None:
        return ""
    n_read = job.result["feeds"]
    said = f"{count(job.result['items']['added'], 'new item')} from "
    said += count(sum(n_read.values()), "feed")
    return said + (f", {n_read['failed']} of which failed." if n_read["failed"] else ".")


@router.get("/refresh")
def show(request: Request) -> Response:
    """How far the newest refresh is, and a button for another."""
    house = house_here(request)
    return page("refresh.html", request=request, **job_values(request, house))


@router.post("/refresh")
def start(request: Request) -> Response:
    """Start a refresh, unless one is under way."""
    house = house_for_form(request)
    job = jobs_of(request).refresh(house)
    if is_htmx(request):
        return fragment("_job.html", job=job, outcome=outcome_of(job))
    return redirect("/refresh")


@router.get("/refresh/{ref}")
def progress(request: Request, ref: str) -> Response:
    """How far one refresh is; asked for every second while a page shows it."""
    house = house_here(request)
    job = jobs_of(request).get(house.account_id, ref)
    if is_htmx(request):
        return fragment("_job.html", job=job, outcome=outcome_of(job))
    return page("refresh.html", request=request, job=job, outcome=outcome_of(job))
