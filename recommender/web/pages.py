"""Every page there is, as one router."""

from __future__ import annotations

from fastapi import APIRouter

from recommender.web import (
    assets,
    books,
    devices,
    digest,
    feeds,
    guide,
    health,
    jobs,
    login,
    people,
    person,
    person_edit,
    person_state,
    pool,
    settings,
    suggestions,
    today,
    transfer,
)

router = APIRouter(include_in_schema=False)
_PARTS = (
    assets, login, today, suggestions, guide, jobs,
    people, books, person, person_edit, person_state, pool, feeds,
    health, settings, devices, digest, transfer,
)  # fmt: skip
for part in _PARTS:
    router.include_router(part.router)
