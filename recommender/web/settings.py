"""`/settings`: minutes, humour, the voice of notes, groups, and when the digest comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender import __version__
from recommender.domain import HUMOURS, Group
from recommender.errors import InvalidInput
from recommender.rhythm import starting_cadence
from recommender.services.checking import one_line
from recommender.services.doctor import last_digest
from recommender.services.outlets import addresses
from recommender.services.preferences import PREFERENCES, set_preferences
from recommender.services.voice import LANGUAGES
from recommender.web.guard import house_for_form, house_here, origin_of
from recommender.web.rendering import Undo, page, redirect
from recommender.web.route import Fields, HTMLResponse, Request, Response, page_router
from recommender.weekly import DAYS
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from datetime import datetime

router = page_router()
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}


@router.get("/settings", response_class=HTMLResponse)
def settings(request: Request) -> HTMLResponse:
    """All that can be set."""
    return settings_page(request, house_here(request))


def settings_page(
    request: Request, house: House, *, status: int = 200, **given: object
) -> HTMLResponse:
    """The page of settings, with a pairing code or what was wrong."""
    now = utc_now()
    return page(
        "settings.html",
        request=request,
        status=status,
        preferences=house.storage.rhythm.preferences(house.account_id),
        humours=HUMOURS,
        languages={code: LANGUAGE_NAMES.get(code, code) for code in LANGUAGES},
        groups=_groups(house),
        tokens=[token for token in house.access.tokens() if token.revoked_at is None],
        **_digest(request, house, now),
        sessions=house.access.sessions(now=now),
        session_id=getattr(request.state, "session_id", ""),
        counts=house.storage.counts(house.account_id),
        version=__version__,
        house=house,
        now=now,
        **given,
    )


def _digest(request: Request, house: House, now: datetime) -> dict[str, object]:
    """When the digest comes, what became of the last one, and where its feeds are read."""
    coming = house.mailer.coming(now=now)
    turn = coming.astimezone(house.zone) if coming else None
    last = house.storage.mail.outbox(house.account_id, limit=1)
    has_feeds = house.storage.mail.feed_key(house.account_id) is not None
    return {
        "days": DAYS,
        "next_digest": f"{turn:%A} {turn.day} {turn:%B at %H:%M}" if turn else "",
        "last_digest": last_digest(last[0], now).detail if last else "",
        "outlets": addresses(house.storage, house.account_id, origin_of(request), now=now)
        if has_feeds
        else None,
    }


def _groups(house: House) -> list[tuple[str, int, int | None, bool]]:
    """(name, people, days, whether the user set it) of every group."""
    cadences = house.people.cadences()
    sizes: dict[str, int] = dict.fromkeys(cadences, 0)
    for contact in house.people.all():
        for name in contact.groups:
            sizes[name] = sizes.get(name, 0) + 1
    return [
        (name, n, cadences[name] if name in cadences else starting_cadence(name), name in cadences)
        for name, n in sorted(sizes.items(), key=lambda one: one[0].casefold())
    ]


@router.post("/settings")
def keep(request: Request, fields: Fields) -> Response:
    """Keep what the form holds; an empty field goes back to the usual."""
    house = house_for_form(request)
    values = {key: fields.line(key) for key in PREFERENCES if fields.has(key)}
    try:
        set_preferences(house.storage, house.account_id, values, now=utc_now())
    except InvalidInput as error:
        return settings_page(request, house, status=422, error=str(error), given=fields)
    return redirect("/settings", "Kept.")


@router.post("/settings/groups")
def keep_group(request: Request, fields: Fields) -> Response:
    """Say how often a group is to hear from the user; nothing leaves it to each person."""
    house = house_for_form(request)
    name = one_line(fields.line("name"), what="the name", limit=200)
    days = fields.number("every")
    if fields.has("forget"):
        house.storage.rhythm.delete_group(house.account_id, name)
        back = {"name": name, "every": fields.line("was")}
        return redirect(
            "/settings#groups", f"{name}: as usual.", undo=Undo("/settings/groups", back)
        )
    house.storage.rhythm.put_group(house.account_id, Group(name, days or None), now=utc_now())
    said = f"{name}: every {days} days." if days else f"{name}: as each person says."
    return redirect("/settings#groups", said)
