"""The digest's pages: where the links of its mail lead, its feeds, and how it would look.

Whoever opens a link of the mail need not be logged in: the link itself is the key, to one
suggestion and for a week. What is opened only shows; only a button acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.domain import SHARED
from recommender.errors import InvalidInput, NotFoundError, SuggestionNotFound
from recommender.safety import why_not
from recommender.services.drafts import as_form
from recommender.services.links import end_of, errand_of
from recommender.services.outlets import Addresses, addresses, atom_feed, calendar
from recommender.services.preferences import set_preferences
from recommender.web.guard import house_for_form, house_here, need_own_origin, origin_of
from recommender.web.rendering import page, redirect
from recommender.web.route import Fields, HTMLResponse, Request, Response, page_router
from recommender.web.suggestions import LATER
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from recommender.domain import Contact, Suggestion

router = page_router()
SAID = {
    "sent": "Noted as sent.",
    "later": "Put off for a week.",
    "no": "That is not suggested to them again.",
    "undo": "Taken back.",
}


@router.get("/settings/digest", response_class=HTMLResponse)
def preview(request: Request) -> HTMLResponse:
    """The digest as it would look today."""
    house, now = house_here(request), utc_now()
    return page("digest.html", request=request, digest=house.digests.build(now=now))


@router.post("/settings/digest/send")
def send(request: Request) -> Response:
    """Send this week's digest now, once."""
    house = house_for_form(request)
    found = house.mailer.send(now=utc_now())
    on = f"{found.at.astimezone(house.zone):%A %-d %B}"
    told = {"sent": f"This week\u2019s digest went to {found.recipient} on {on}."}
    said = told.get(found.state, "This week\u2019s digest was handed over and may have arrived.")
    return redirect("/settings#digest", said)


@router.post("/settings/digest/feeds")
def new_feeds(request: Request) -> Response:
    """Make the addresses of the feeds, or others in their place."""
    house = house_for_form(request)
    had = house.storage.mail.feed_key(house.account_id)
    addresses(house.storage, house.account_id, origin_of(request), now=utc_now(), anew=True)
    said = "The addresses are new; those before have stopped." if had else "Here they are."
    return redirect("/settings#digest", said)


@router.get("/go/{token}", response_class=HTMLResponse)
def show(request: Request, token: str) -> HTMLResponse:
    """One suggestion of a mail, with its note and what may have come of it."""
    house, ref = _errand(request, token)
    contact, suggestion, status = _known(house, ref)
    left_out = why_not(contact, utc_now())
    return page(
        "go.html",
        request=request,
        token=token,
        contact=contact,
        suggestion=suggestion,
        state=status,
        has_it=status in SHARED,
        left_out=left_out,
        mailto="" if left_out else _mailto(contact, suggestion),
    )


@router.post("/go/{token}")
def act(request: Request, token: str, fields: Fields) -> Response:
    """Note what came of it."""
    need_own_origin(request)
    house, ref = _errand(request, token)
    deed, now = fields.line("deed"), utc_now()
    left_out = why_not(house.suggester.whose(ref), now)
    if left_out and deed in {"sent", "later"}:
        raise InvalidInput(f"{left_out}: nothing is noted")
    if deed == "sent":
        house.outcomes.note(ref, "sent", now=now)
    elif deed == "later":
        house.outcomes.note(ref, "snoozed", now=now, until=now + LATER)
    elif deed == "no":
        house.outcomes.note(ref, "dismissed", now=now)
    elif deed == "undo":
        house.outcomes.undo(ref)
    else:
        raise InvalidInput("there is no such button")
    return redirect(f"/go/{token}", SAID[deed])


def _errand(request: Request, token: str) -> tuple[House, str]:
    house: House = request.app.state.house
    errand = errand_of(house.storage, token, now=utc_now())
    request.state.account_id = errand.account_id
    return house.for_account(errand.account_id), errand.suggestion_id


def _known(house: House, ref: str) -> tuple[Contact, Suggestion, str]:
    contact = house.suggester.whose(ref)
    known = house.suggester.one(contact, ref, now=utc_now())
    if known is None:
        raise SuggestionNotFound("that suggestion is gone: its item has left the pool", ref=ref)
    return contact, *known


def _mailto(contact: Contact, suggestion: Suggestion) -> str:
    """The prepared mail; empty for who has no address."""
    try:
        return as_form(contact, suggestion.note, "mailto", subject=suggestion.title, now=utc_now())
    except InvalidInput:
        return ""


@router.get("/stop/{token}", response_class=HTMLResponse)
def ask_to_stop(request: Request, token: str) -> HTMLResponse:
    """Ask whether to end the digest; nothing is ended yet."""
    house: House = request.app.state.house
    end_of(house.storage, token)
    return page("stop.html", request=request, token=token, is_off=False)


@router.post("/stop/{token}", response_class=HTMLResponse)
def stop(request: Request, token: str) -> HTMLResponse:
    """End the digest: by the button, or by a mail service with one click (RFC 8058)."""
    if "origin" in request.headers:
        need_own_origin(request)
    house: House = request.app.state.house
    account_id = end_of(house.storage, token)
    # The link outlives an account, and must not bring one back.
    if house.storage.rhythm.preferences(account_id).get("digest.day"):
        set_preferences(house.storage, account_id, {"digest.day": ""}, now=utc_now())
    return page("stop.html", request=request, token=token, is_off=True)


@router.get("/out/{key}/suggestions.atom")
def suggestions_feed(request: Request, key: str) -> Response:
    """The week's suggestions, for a reader of feeds."""
    house = _reader(request, key)
    here = f"{origin_of(request)}/out/{key}/suggestions.atom"
    body = atom_feed(house.digests, Addresses(here, ""), origin_of(request), now=utc_now())
    return _fresh_for_a_while(body, "application/atom+xml")


@router.get("/out/{key}/contacts.ics")
def contacts_calendar(request: Request, key: str) -> Response:
    """Whose turn comes, for a calendar."""
    house = _reader(request, key)
    body = calendar(house.digests, origin_of(request), now=utc_now())
    return _fresh_for_a_while(body, "text/calendar; charset=utf-8")


def _reader(request: Request, key: str) -> House:
    house: House = request.app.state.house
    account_id = house.storage.mail.account_of_feed_key(key)
    if account_id is None:
        raise NotFoundError("nothing is read at this address (any more)")
    request.state.account_id = account_id
    return house.for_account(account_id)


def _fresh_for_a_while(body: bytes, media_type: str) -> Response:
    return Response(body, media_type=media_type, headers={"Cache-Control": "private, max-age=900"})
