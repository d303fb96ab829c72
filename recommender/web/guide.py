"""The first steps: three people, two feeds, and a first look for something to send."""

from __future__ import annotations

from typing import Any, NamedTuple

from recommender.errors import RecommenderError
from recommender.services.discovery import read_address
from recommender.web.feeds import catalogue, offers_of, subscribe
from recommender.web.guard import house_for_form, house_here
from recommender.web.jobs import job_values, jobs_of
from recommender.web.rendering import page, redirect
from recommender.web.route import Fields, Request, Response, page_router
from recommender.wiring import House, utc_now

router = page_router()
WANTED_PEOPLE, WANTED_FEEDS = 3, 2


class Steps(NamedTuple):
    """How far the first steps are."""

    n_people: int
    n_feeds: int
    n_items: int
    names: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()

    @property
    def may_plan(self) -> bool:
        """Whether there is anything to plan with."""
        return self.n_people > 0 and self.n_items > 0

    @property
    def are_done(self) -> bool:
        """Whether there is enough for the guide to go."""
        return self.n_people >= WANTED_PEOPLE and self.n_feeds >= WANTED_FEEDS and self.n_items > 0


def steps(house: House) -> Steps:
    """How far the first steps are."""
    counts = house.storage.counts(house.account_id)
    if counts.contacts > WANTED_PEOPLE and counts.feeds > WANTED_FEEDS:
        return Steps(counts.contacts, counts.feeds, counts.items)
    return Steps(
        counts.contacts,
        counts.feeds,
        counts.items,
        tuple(contact.name for contact in house.people.all()),
        tuple(feed.title for feed in house.subscriptions.all()),
    )


def values(request: Request, house: House) -> dict[str, Any]:
    """What the guide's page shows besides the steps."""
    return {"catalogue": catalogue(house), **job_values(request, house)}


@router.get("/start")
def start(request: Request) -> Response:
    """The first steps, as long as anybody wants to take them."""
    house = house_here(request)
    return page("start.html", request=request, steps=steps(house), **values(request, house))


@router.post("/start/person")
def add_person(request: Request, fields: Fields) -> Response:
    """Somebody with a name, an address and what they care about."""
    house = house_for_form(request)
    emails, interests = fields.parts("email"), fields.line("interests")
    try:
        contact = house.people.add(
            fields.line("name"),
            now=utc_now(),
            emails=emails,
            interests=[interests] if interests else (),
        )
    except RecommenderError as error:
        return _again(request, house, error, person=fields)
    # A field that a link names has the focus: the next name can be typed at once.
    place = "name" if steps(house).n_people < WANTED_PEOPLE else "feeds"
    return redirect(f"/start#{place}", f"{contact.name} is in.")


@router.post("/start/feeds")
def add_feeds(request: Request, fields: Fields) -> Response:
    """Feeds of the catalogue, and one by its address."""
    house = house_for_form(request)
    try:
        titles = subscribe(house, fields.all("feed"))
        if fields.line("url"):
            titles.append(_by_address(house, fields.line("url")))
    except RecommenderError as error:
        return _again(request, house, error, feeds=fields)
    said = f"Added: {', '.join(titles)}." if titles else "Choose a feed or two first."
    place = "feeds" if steps(house).n_feeds < WANTED_FEEDS else "find"
    return redirect(f"/start#{place}", said)


def _by_address(house: House, text: str) -> str:
    """Subscribe to the first feed behind an address; returns its title."""
    address, login = read_address(text)
    if login is not None:
        return house.subscriptions.add(text, now=utc_now()).title
    first = offers_of(house, address)[0]
    return house.subscriptions.add(first.url, now=utc_now(), title=first.title).title


@router.post("/start/find")
def find(request: Request) -> Response:
    """Start the first refresh."""
    house = house_for_form(request)
    jobs_of(request).refresh(house)
    return redirect("/start#find")


def _again(request: Request, house: House, error: RecommenderError, **given: Fields) -> Response:
    """The guide once more, with what was typed and what is wrong with it."""
    return page(
        "start.html",
        request=request,
        status=422,
        steps=steps(house),
        error=str(error),
        **given,
        **values(request, house),
    )
