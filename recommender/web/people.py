"""`/people`: everybody, found by name, group or interest; adding somebody, logging a touch."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from recommender.errors import InvalidInput, RecommenderError
from recommender.rhythm import ago
from recommender.safety import why_not
from recommender.services.standing import advice_lines
from recommender.web.guard import house_for_form, house_here
from recommender.web.pictures import rhythms
from recommender.web.rendering import Undo, page, redirect
from recommender.web.route import Fields, HTMLResponse, Request, Response, page_router
from recommender.wiring import House, utc_now
from recommender.words import plain

if TYPE_CHECKING:
    from datetime import date

    from recommender.domain import Contact, Direction, Interest, TouchKind
    from recommender.web.forms import Form

router = page_router()
PER_PAGE = 50


class Wanted(NamedTuple):
    """Whom the page is to show."""

    q: str = ""
    group: str = ""
    n: int = 1

    def link(self, **changes: str | int) -> str:
        """The page with some of it changed."""
        values = {**self._asdict(), "n": 1, **changes}
        shown = {name: value for name, value in values.items() if value not in ("", 1)}
        return "/people" + (f"?{urlencode(shown)}" if shown else "")


@router.get("/people", response_class=HTMLResponse)
def people(request: Request, q: str = "", group: str = "", n: int = 1) -> HTMLResponse:
    """Everybody by name, a page at a time, with those who are left in peace at the end."""
    house = house_here(request)
    return _people(request, house, Wanted(q.strip()[:200], group, max(1, n)))


def _people(
    request: Request,
    house: House,
    wanted: Wanted,
    *,
    status: int = 200,
    error: str = "",
    given: Form | None = None,
) -> HTMLResponse:
    now = utc_now()
    everybody = house.people.all()
    interests = house.people.interests_of_all()
    found = {c.id: c for c in everybody if _fits(c, interests.get(c.id, []), wanted)}
    standing = house.standing.on(now=now)
    lively = sorted(
        (p for p in standing.people if p.contact.id in found),
        key=lambda p: (p.contact.name.casefold(), p.contact.id),
    )
    first = PER_PAGE * (wanted.n - 1)
    return page(
        "people.html",
        request=request,
        status=status,
        wanted=wanted,
        gauge=standing.gauge,
        n_all=len(everybody),
        n_found=len(lively),
        n_pages=max(1, -(-len(lively) // PER_PAGE)),
        lines=rhythms(standing, lively[first : first + PER_PAGE]),
        interests=interests,
        groups=_groups(everybody),
        resting=[(c, why) for c in found.values() if (why := why_not(c, now))][:PER_PAGE],
        error=error,
        given=given,
    )


def _fits(contact: Contact, interests: list[Interest], wanted: Wanted) -> bool:
    if wanted.group and wanted.group not in contact.groups:
        return False
    if not wanted.q:
        return True
    known = (
        contact.name, contact.employer, contact.town, *contact.emails, *contact.groups,
        *contact.details.nicknames, *(interest.phrase for interest in interests),
    )  # fmt: skip
    text = "\n".join(f"{one.casefold()}\n{plain(one)}" for one in known)
    # A word of letters that have no plain form is looked for as it is.
    return all(
        word in text or (bool(plain(word)) and plain(word) in text)
        for word in wanted.q.casefold().split()
    )


def _groups(everybody: list[Contact]) -> list[tuple[str, int]]:
    sizes: dict[str, int] = {}
    for contact in everybody:
        if contact.archived_at is None:
            for name in contact.groups:
                sizes[name] = sizes.get(name, 0) + 1
    return sorted(sizes.items(), key=lambda one: one[0].casefold())


@router.post("/people")
def add(request: Request, fields: Fields) -> Response:
    """Add somebody, and match them with the pool."""
    house = house_for_form(request)
    interests = fields.line("interests")
    try:
        contact = house.people.add(
            fields.line("name"),
            now=utc_now(),
            emails=fields.parts("email"),
            groups=fields.parts("groups"),
            interests=[interests] if interests else (),
        )
    except RecommenderError as error:
        return _people(request, house, Wanted(), status=422, error=str(error), given=fields)
    if interests:
        house.match_soon()
    return redirect(f"/person/{contact.slug}", f"{contact.name} is in.")


@router.post("/people/touch")
def log(request: Request, fields: Fields) -> Response:
    """Log a touch; before an ask of somebody who got nothing for a year, there is advice."""
    house, now = house_for_form(request), utc_now()
    contact = house.people.find(fields.line("contact"))
    kind: TouchKind = fields.line("kind")  # type: ignore[assignment]  # checked by the service
    direction: Direction | None = fields.line("direction") or None  # type: ignore[assignment]  # too
    advice = None
    if kind == "ask" and direction != "in":
        advice = house.standing.guard(contact, now=now)
    touch = house.touches.log(
        contact,
        kind,
        now=now,
        at=_day(house, fields.line("on"), now),
        direction=direction,
        note=fields.text("note").strip(),
    )
    said = f"Logged: {touch.kind} with {contact.name}, {ago(touch.at, now)}."
    said = " ".join([said, *advice_lines(advice, contact)])
    undo = Undo(f"/person/{contact.id}/touches/remove", {"touch": touch.id, "quietly": "1"})
    return redirect(f"/person/{contact.slug}#touches", said, undo=undo)


def _day(house: House, text: str, now: datetime) -> datetime | None:
    """Noon of a day, or now if that is to come; None where no day is given."""
    if not text:
        return None
    try:
        day: date = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a day has no zone)
    except ValueError as error:
        raise InvalidInput(f"a day is like 2026-02-28, not \u201c{text[:40]}\u201d") from error
    noon = datetime.combine(day, time(12), house.zone or now.astimezone().tzinfo)
    at = noon.astimezone(UTC)
    return now if at > now and day == now.astimezone(house.zone).date() else at
