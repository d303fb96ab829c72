"""`/feeds`: what is read, how each feed is, new ones by any address, OPML in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import KINDS
from recommender.errors import IngestError, InvalidInput, RecommenderError
from recommender.services.discovery import find_offers, read_address
from recommender.services.health import health
from recommender.web.forms import files_of
from recommender.web.guard import house_for_form, house_here
from recommender.web.jobs import job_values
from recommender.web.rendering import Undo, page, redirect
from recommender.web.route import Body, Fields, HTMLResponse, Request, Response, page_router
from recommender.web.words import count
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender_feeds import CatalogueFeed

    from recommender.domain import Feed, Kind
    from recommender.services.discovery import Offer
    from recommender.services.health import Health

router = page_router()
_ADVICE = {
    "blocked": "Look for the feed of another outlet, or ask the site.",
    "busy": "Nothing to do: it is tried again later.",
    "gone": "Remove it.",
    "login": "On the machine Sawthis runs on, `sawthis feeds login` keeps one.",
    "missing": "The site may have moved it: add the site\u2019s page to find the new one.",
    "not_a_feed": "Add the site\u2019s page to find the new one.",
    "refused": "Open it in a browser; if it opens there, tell us.",
    "unreachable": "Nothing to do at first; remove it if that lasts.",
    "unreadable": "Its site should know.",
}
_ORDER = {"ill": 0, "new": 1, "quiet": 2, "well": 3}


class Row(NamedTuple):
    """A feed with how it is."""

    feed: Feed
    health: Health
    advice: str
    weekly: str


def _row(feed: Feed) -> Row:
    state = health(feed, utc_now())
    weekly = ""
    if feed.weekly is not None:
        weekly = f"{feed.weekly:.0f} a week" if feed.weekly >= 1 else "less than one a week"
    return Row(feed, state, _ADVICE.get(feed.problem or "", ""), weekly)


@router.get("/feeds", response_class=HTMLResponse)
def feeds(request: Request) -> HTMLResponse:
    """Every feed, those that need a look first."""
    house = house_here(request)
    return _feeds(request, house)


def _feeds(request: Request, house: House, *, status: int = 200, **given: object) -> HTMLResponse:
    rows = [_row(feed) for feed in house.subscriptions.all()]
    rows.sort(key=lambda row: (_ORDER[row.health.condition], row.feed.title.casefold()))
    return page(
        "feeds.html",
        request=request,
        status=status,
        rows=rows,
        n_ill=sum(row.health.condition == "ill" for row in rows),
        **given,
        **job_values(request, house),
    )


@router.post("/feeds/preview", response_class=HTMLResponse)
def preview(request: Request, fields: Fields) -> Response:
    """The feeds behind an address, with their last items; nothing is added yet."""
    house = house_for_form(request)
    url = fields.line("url")
    try:
        address, login = read_address(url)
        if login is not None:  # it is kept out of pages, so that it is shown to nobody
            feed = house.subscriptions.add(url, now=utc_now(), kind=_kind(fields.line("kind")))
            return redirect("/feeds", f"{feed.title} is added, with its login.")
        offers = offers_of(house, address)
    except RecommenderError as error:
        return _feeds(request, house, status=422, error=str(error), url=url)
    known = {feed.url for feed in house.subscriptions.all()}
    return page("feeds_preview.html", request=request, offers=offers, known=known, address=address)


def offers_of(house: House, address: str) -> list[Offer]:
    """The feeds behind an address."""
    with house.sources() as sources, house.http_client() as client:
        return find_offers(sources, client, address)


def _kind(text: str) -> Kind:
    return next((kind for kind in KINDS if kind == text), "article")


@router.post("/feeds")
def add(request: Request, fields: Fields) -> Response:
    """Subscribe to a feed that was looked at."""
    house = house_for_form(request)
    feed = house.subscriptions.add(
        fields.line("url"),
        now=utc_now(),
        kind=_kind(fields.line("kind")),
        title=fields.line("title"),
        folders=fields.all("folder"),
    )
    said = f"{feed.title} is added. It is read when you look for something new."
    return redirect("/feeds", said, undo=Undo(f"/feeds/{feed.id}/remove"))


@router.post("/feeds/{ref}/remove")
def remove(request: Request, ref: str) -> Response:
    """Stop reading a feed; one without a login can be had back as it was."""
    house = house_for_form(request)
    feed = house.subscriptions.find(ref)
    house.subscriptions.remove(feed)
    undo = None
    if not feed.owner_id and not feed.folders:
        undo = Undo("/feeds", {"url": feed.url, "kind": feed.kind, "title": feed.title})
    return redirect("/feeds", f"{feed.title} is no longer read.", undo=undo)


@router.get("/feeds/catalogue", response_class=HTMLResponse)
def show_catalogue(request: Request) -> HTMLResponse:
    """Well-known feeds to choose from."""
    house = house_here(request)
    return page("catalogue.html", request=request, catalogue=catalogue(house))


@router.post("/feeds/catalogue")
def add_listed(request: Request, fields: Fields) -> Response:
    """Subscribe to the chosen ones."""
    house = house_for_form(request)
    titles = subscribe(house, fields.all("feed"))
    if not titles:
        raise InvalidInput("choose a feed or two first")
    return redirect("/feeds", f"Added: {', '.join(titles)}.")


def catalogue(house: House) -> dict[str, list[CatalogueFeed]]:
    """Subject -> well-known feeds that are not read yet."""
    from recommender_feeds import well_known_feeds

    known = {feed.url for feed in house.subscriptions.all()}
    found: dict[str, list[CatalogueFeed]] = {}
    for feed in well_known_feeds():
        if feed.url not in known:
            found.setdefault(feed.subject, []).append(feed)
    return found


def subscribe(house: House, urls: Sequence[str]) -> list[str]:
    """Subscribe to feeds of the catalogue; returns their titles."""
    from recommender_feeds import well_known_feeds

    listed = {feed.url: feed for feed in well_known_feeds()}
    wanted = [listed[url] for url in urls if url in listed]
    for feed in wanted:
        house.subscriptions.add(feed.url, now=utc_now(), kind=feed.kind, title=feed.title)
    return [feed.title for feed in wanted]


@router.get("/feeds.opml")
def export_opml(request: Request) -> Response:
    """The feeds for any other reader, without logins."""
    house = house_here(request)
    return Response(
        house.subscriptions.export_opml(),
        headers={"Content-Disposition": 'attachment; filename="sawthis.opml"'},
        media_type="text/x-opml",
    )


@router.post("/feeds/opml")
def import_opml(request: Request, body: Body) -> Response:
    """The feeds of another reader."""
    house = house_for_form(request)
    file = files_of(request, body).get("file")
    try:
        if file is None:
            raise InvalidInput("choose a file first")
        added, there, skipped = house.subscriptions.import_opml(file, now=utc_now())
    except (IngestError, InvalidInput) as error:
        return _feeds(request, house, status=422, opml_error=str(error))
    said = f"{count(added, 'feed')} added, {there} were there already."
    if skipped:
        said += f" {len(skipped)} skipped: {skipped[0]}."
    return redirect("/feeds", said)
