"""How somebody is to be treated: rhythm, consent, rest, the archive, and being erased."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from recommender.errors import InvalidInput
from recommender.web.guard import house_for_form, house_here
from recommender.web.person_edit import time_of
from recommender.web.rendering import Undo, page, redirect
from recommender.web.route import Fields, HTMLResponse, Request, Response, page_router
from recommender.web.words import count
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from recommender.domain import Contact
    from recommender.web.forms import Form

router = page_router()


@router.post("/person/{ref}/rhythm")
def set_rhythm(request: Request, ref: str, fields: Fields) -> Response:
    """How often they are to hear from the user; nothing leaves it to their groups."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    changed = house.people.edit(contact, now=utc_now(), cadence_days=fields.number("every"))
    days = changed.cadence_days
    said = f"Every {count(days, 'day')}." if days else "As their groups say."
    return redirect(f"/person/{contact.slug}#rhythm", said)


@router.post("/person/{ref}/consent")
def set_consent(request: Request, ref: str, fields: Fields) -> Response:
    """Which jokes they like, and what nothing sent to them may touch."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    house.people.edit(
        contact, now=utc_now(), humour=fields.line("humour"), taboo=tuple(fields.all("taboo"))
    )
    said = f"Noted what {contact.first_name} would like."
    return redirect(f"/person/{contact.slug}#consent", said)


def _pause(contact: Contact, fields: Form, now: datetime) -> tuple[dict[str, Any], str]:
    days = fields.number("days")
    if days is not None and not 1 <= days <= 3650:
        raise InvalidInput("a pause is between 1 and 3650 days long")
    until = now + timedelta(days=days) if days else None
    said = f"{contact.name} is paused" + (f" until {until:%-d %B %Y}." if until else ".")
    return {"state": "paused", "paused_until": until}, said


def _back(contact: Contact, fields: Form, _now: datetime) -> tuple[dict[str, Any], str]:
    """As it was before, as the form of the undo carries it."""
    times = ("paused_until", "hard_at", "archived_at")
    changes: dict[str, Any] = {name: time_of(fields.line(name)) for name in times}
    return {**changes, "state": fields.line("state")}, f"{contact.name} is as before."


_Change = tuple[dict[str, Any], str]
_ACTS: dict[str, Callable[[Contact, Form, datetime], _Change]] = {
    "pause": _pause,
    "back": _back,
    "resume": lambda c, _f, _n: ({"state": "active"}, f"{c.name} is back."),
    "never": lambda c, _f, _n: (
        {"state": "do_not_contact"},
        f"{c.name} appears nowhere any more, but here.",
    ),
    "deceased": lambda c, _f, _n: ({"state": "deceased"}, f"{c.name} is kept, and left in peace."),
    "hard": lambda c, _f, now: (
        {"hard_at": now},
        f"{c.name} is left in peace for 30 days.",
    ),
    "calm": lambda c, _f, _n: ({"hard_at": None}, f"{c.name} is no longer left in peace."),
    "archive": lambda c, _f, now: ({"archived_at": now}, f"{c.name} is in the archive."),
    "restore": lambda c, _f, _n: ({"archived_at": None}, f"{c.name} is back from the archive."),
}


@router.post("/person/{ref}/state")
def set_state(request: Request, ref: str, fields: Fields) -> Response:
    """Pause, rest, archive and back."""
    house, now = house_for_form(request), utc_now()
    contact = house.people.find(ref)
    act = fields.line("do")
    if act not in _ACTS:
        raise InvalidInput("choose what to do")
    changes, said = _ACTS[act](contact, fields, now)
    house.people.edit(contact, now=now, **changes)
    undo = None if act == "back" else _undo(contact)
    return redirect(f"/person/{contact.slug}#peace", said, undo=undo)


def _undo(contact: Contact) -> Undo:
    times = {name: getattr(contact, name) for name in ("paused_until", "hard_at", "archived_at")}
    stamps = {name: at.isoformat() if at else "" for name, at in times.items()}
    return Undo(f"/person/{contact.id}/state", {"do": "back", "state": contact.state, **stamps})


@router.post("/person/{ref}/unmerge")
def unmerge(request: Request, ref: str) -> Response:
    """Part the newest merge again."""
    house = house_for_form(request)
    kept, other = house.people.unmerge(house.people.find(ref))
    return redirect(f"/person/{kept.slug}", f"{kept.name} and {other.name} are two again.")


@router.get("/person/{ref}/erase", response_class=HTMLResponse)
def ask_erase(request: Request, ref: str) -> HTMLResponse:
    """What would go with somebody who is erased."""
    house = house_here(request)
    contact = house.people.find(ref)
    return page(
        "erase.html",
        request=request,
        c=contact,
        n_touches=len(house.touches.all(contact)),
        n_interests=len(house.people.interests(contact)),
        n_had=len(house.suggester.history(contact)),
    )


@router.post("/person/{ref}/erase")
def erase(request: Request, ref: str) -> Response:
    """Erase somebody, for good."""
    house = house_for_form(request)
    contact = house.people.find(ref)
    house.people.remove(contact)
    return redirect("/people", f"{contact.name} is erased, with all that was known of them.")
