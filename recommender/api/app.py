"""The FastAPI application: API, page and health routes behind one gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from recommender import __version__
from recommender.api import problems
from recommender.api.guard import Gate
from recommender.api.routes import health, router

if TYPE_CHECKING:
    from fastapi.routing import APIRouter

    from recommender.wiring import House


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
    app.state.house = house
    problems.install(app)
    app.include_router(router)
    app.include_router(health)
    for page in pages:
        app.include_router(page)
    app.add_middleware(Gate, allowed_hosts=house.settings.allowed_hosts)
    return app
