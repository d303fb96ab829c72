"""/jobs: refreshes and imports, started, asked for and followed."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from recommender.api import service_schemas as out
from recommender.api.guard import Reader, Writer
from recommender.services import shapes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from recommender.services.jobs import Job, Jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])
JobId = Annotated[str, Path(max_length=100)]
LOOK_EVERY_S = 0.2
STREAM_FOR_S = 3600.0


def jobs_of(request: Request) -> Jobs:
    """The jobs of this service, on whichever host."""
    jobs: Jobs = request.app.state.jobs
    return jobs


def accepted(response: Response, job: Job) -> out.JobOut:
    """The answer to who started a job: 202, and where to look."""
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return out.JobOut.model_validate(shapes.job_shape(job))


@router.get("", operation_id="list_jobs")
def list_jobs(house: Reader, request: Request) -> out.JobsOut:
    """Jobs that the service remembers, newest first."""
    found = jobs_of(request).all(house.account_id)
    return out.JobsOut.model_validate({"jobs": [shapes.job_shape(job) for job in found]})


@router.post("/refresh", status_code=202, operation_id="start_refresh")
def start_refresh(house: Writer, request: Request, response: Response) -> out.JobOut:
    """Pull the feeds that are due, embed and match what is new; one at a time."""
    return accepted(response, jobs_of(request).refresh(house))


@router.get("/{job}", operation_id="get_job")
def get_job(house: Reader, request: Request, job: JobId) -> out.JobOut:
    """How far a job is."""
    return out.JobOut.model_validate(shapes.job_shape(jobs_of(request).get(house.account_id, job)))


@router.get(
    "/{job}/events",
    operation_id="follow_job",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
def follow_job(house: Reader, request: Request, job: JobId) -> StreamingResponse:
    """A job as server-sent events: `progress` while it runs, then one `done` or `failed`."""
    jobs, account_id = jobs_of(request), house.account_id
    jobs.get(account_id, job)
    return StreamingResponse(_events(jobs, account_id, job), media_type="text/event-stream")


async def _events(jobs: Jobs, account_id: str, job_id: str) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    until = loop.time() + STREAM_FOR_S
    told: dict[str, Any] = {}
    while loop.time() < until:
        job = jobs.get(account_id, job_id)
        shape = shapes.job_shape(job)
        if shape != told:
            told = shape
            event = "progress" if job.state == "running" else job.state
            yield f"event: {event}\ndata: {json.dumps(shape)}\n\n"
        if job.state != "running":
            return
        await asyncio.sleep(LOOK_EVERY_S)
