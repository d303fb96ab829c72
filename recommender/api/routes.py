"""Everything under /api/v1, and the two health routes."""

from __future__ import annotations

from fastapi import APIRouter, Request

from recommender.api import (
    access,
    books,
    contacts,
    digest,
    feeds,
    jobs,
    pool,
    preferences,
    rhythm,
    schemas,
    suggestions,
)

router = APIRouter(prefix="/api/v1")
_PARTS = (
    contacts, suggestions, digest, rhythm, books, pool, feeds, jobs, preferences, access,
)  # fmt: skip
for part in _PARTS:
    router.include_router(part.router)
health = APIRouter(prefix="/health", tags=["health"])


@health.get("/live", operation_id="live")
def live() -> schemas.Health:
    """The process answers."""
    return schemas.Health(status="ok")


@health.get("/ready", operation_id="ready")
def ready(request: Request) -> schemas.Health:
    """The library answers, too; else 503 or 507."""
    request.app.state.house.storage.accounts()
    return schemas.Health(status="ok")
