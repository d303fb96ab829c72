"""The FastAPI application: API, pages and health routes behind one gate."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI

from recommender import __version__
from recommender.api import problems
from recommender.api.gate import Gate
from recommender.api.limits import Limit
from recommender.api.openapi import describe
from recommender.api.routes import health, router
from recommender.services.jobs import Jobs
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from fastapi.routing import APIRouter

    from recommender.wiring import House

ATTEMPTS = 10
ATTEMPTS_PER_S = 300.0
"""Codes and links that one caller may try in five minutes."""


def create_app(house: House, *pages: APIRouter) -> FastAPI:
    """The application for one library.

    Args:
        house: What the routes work on.
        pages: Further routers, such as the web face's.
    """
    app = FastAPI(
        title="Sawthis",
        version=__version__,
        summary="What to send to whom, and why.",
        docs_url=None,  # the interactive docs load scripts from foreign hosts
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.openapi = partial(describe, app)  # type: ignore[method-assign]  # as FastAPI's docs do
    app.state.house = house
    app.state.jobs = Jobs(utc_now, lambda: house.storage.job_log)
    app.state.attempts = Limit(ATTEMPTS, ATTEMPTS_PER_S, time.monotonic)
    problems.install(app)
    app.include_router(router)
    app.include_router(health)
    for page in pages:
        app.include_router(page)
    if house.settings.metrics:
        from recommender.api.metrics import measured

        figures, observe = measured()
        app.include_router(figures)
        app.add_middleware(Gate, settings=house.settings, observe=observe)
    else:
        app.add_middleware(Gate, settings=house.settings)
    return app
