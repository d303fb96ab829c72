"""Every page there is, as one router."""

from __future__ import annotations

from fastapi import APIRouter

from recommender.web import (
    assets,
    guide,
    jobs,
    login,
    suggestions,
    today,
)

router = APIRouter(include_in_schema=False)
for part in (assets, login, today, suggestions, guide, jobs):
    router.include_router(part.router)
