"""`/health`: how the network stands, as pictures with a table behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.rhythm import age_on
from recommender.services.planning import DEFAULT_MINUTES, MAX_MINUTES
from recommender.web.guard import house_here
from recommender.web.pictures import balance_bars, months, rhythms
from recommender.web.rendering import page
from recommender.web.route import HTMLResponse, Request, page_router
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.capacity import Outlook
    from recommender.services.standing import Standing

router = page_router()
MOST_LINES = 8
MOST_BARS = 12
FEW_PEOPLE = 150
"""For so many a year is played through in a blink; for more, the user asks for it."""
OCCASION_DAYS = 30


@router.get("/health", response_class=HTMLResponse)
def health(request: Request, minutes: int | None = None) -> HTMLResponse:
    """Who heard from the user, who slips away, who gave and who took, and what fits a day."""
    house, now = house_here(request), utc_now()
    standing = house.standing.on(now=now)
    usual = _usual_minutes(house)
    asked = minutes if minutes is not None and 1 <= minutes <= MAX_MINUTES else None
    bars = balance_bars(standing.people)
    return page(
        "health.html",
        request=request,
        standing=standing,
        gauge=standing.gauge,
        slipping=rhythms(standing, standing.slipping[:MOST_LINES]),
        n_slipping=len(standing.slipping),
        interests=house.people.interests_of_all(),
        total=[sum(column) for column in zip(*(p.balance for p in standing.people), strict=True)],
        bars=bars[:MOST_BARS],
        all_bars=bars,
        months=months(standing),
        minutes=asked or usual,
        outlook=_outlook(house, standing, asked, usual),
        occasions=[
            (one, age_on(one.since, one.on))
            for one in house.standing.occasions(now=now, days=OCCASION_DAYS)[:MOST_LINES]
        ],
    )


def _usual_minutes(house: House) -> int:
    return int(house.storage.rhythm.preferences(house.account_id).get("minutes", DEFAULT_MINUTES))


def _outlook(house: House, standing: Standing, asked: int | None, usual: int) -> Outlook | None:
    if not standing.people or (asked is None and len(standing.people) > FEW_PEOPLE):
        return None
    return house.standing.outlook(standing, minutes=asked or usual, years=1)
