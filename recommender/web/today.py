"""`/`: today's plan as cards, and what is done with those that hold no item."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from recommender.rhythm import last_contact
from recommender.web import cards, guide
from recommender.web.guard import house_for_form, house_here
from recommender.web.pictures import rhythms
from recommender.web.rendering import Undo, fragment, is_htmx, page, redirect
from recommender.web.route import Fields, HTMLResponse, Request, Response, page_router
from recommender.web.words import beginning, headline
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from datetime import date, datetime

    from recommender.domain import TouchKind
    from recommender.services.planning import Plan
    from recommender.web.cards import Card

router = page_router()
N_PEOPLE = 5
N_IDEAS = 3


class Head(NamedTuple):
    """What stands above the cards."""

    date: str
    headline: str
    minutes: int
    """That what is left takes."""
    budget: int
    """That the plan was made for."""


def head_of(plan: Plan) -> Head:
    """The head of a plan as it stands."""
    left = [entry for entry in plan.entries if entry.is_open]
    return Head(
        f"{plan.day:%A} {plan.day.day} {plan.day:%B}",
        headline(len(left), done=len(plan.entries) - len(left)),
        sum(entry.slot.minutes for entry in left),
        plan.minutes,
    )


@router.get("/", response_class=HTMLResponse)
def today(request: Request) -> Response:
    """Today's plan, with the people who wait the longest below it; at first, the guide."""
    house, now = house_here(request), utc_now()
    steps = guide.steps(house)
    if not steps.may_plan:
        return page("start.html", request=request, steps=steps, **guide.values(request, house))
    plan = house.plans.today(now=now)
    last = house.touches.last()
    standing = house.standing.on(now=now)
    made = [
        cards.of_entry(house, entry, now=now, last=last.get(entry.contact.id))
        for entry in plan.entries
    ]
    first = ideas(house, now=now) if not plan.entries and not last else []
    head = head_of(plan)
    if first:
        head = head._replace(headline=beginning(len(first)))
    return page(
        "today.html",
        request=request,
        steps=steps,
        head=head,
        cards=made,
        ideas=first,
        lines=rhythms(standing, standing.people[:N_PEOPLE]),
        interests=house.people.interests_of_all(),
        n_people=plan.n_people,
        next_up=_next_up(house, now, standing.day),
    )


def _next_up(house: House, now: datetime, today: date) -> str:
    """The next birthday or other day that comes back, in words; empty if none is near."""
    for one in house.standing.occasions(now=now, days=14):
        days = (one.on - today).days
        when = {0: "today", 1: "tomorrow"}.get(days, f"on {one.on:%A} {one.on.day} {one.on:%B}")
        return f"{one.contact.name}\u2019s {one.what} is {when}."
    return ""


def ideas(house: House, *, now: datetime, n: int = N_IDEAS) -> list[Card]:
    """One thing each for the people who wait the longest, whether it is their turn or not."""
    found = house.digests.ideas(now=now, n_people=n)
    return [
        cards.of_suggestion(
            house, one.contact, one.suggestion, last=one.last_contact, back="/ideas"
        )
        for one in found
    ]


@router.get("/ideas", response_class=HTMLResponse)
def show_ideas(request: Request) -> HTMLResponse:
    """For a day on which it is nobody's turn, and somebody feels like writing all the same."""
    house, now = house_here(request), utc_now()
    return page("ideas.html", request=request, cards=ideas(house, now=now, n=6))


@router.post("/today/minutes")
def set_minutes(request: Request, fields: Fields) -> Response:
    """Plan today anew for so many minutes; what was done or skipped stays."""
    house = house_for_form(request)
    plan = house.plans.today(now=utc_now(), minutes=fields.number("minutes"))
    return redirect("/", f"Planned for {plan.minutes} minutes.")


@router.post("/today/{ref}/write")
def write(request: Request, ref: str, fields: Fields) -> Response:
    """Ways to send the note of an entry that holds no item."""
    house, now = house_for_form(request), utc_now()
    card = _card(house, ref, now)
    note = fields.text("note") or card.note
    return _shown(request, house, replace(cards.opened(card, note), opens=True), now)


@router.post("/today/{ref}/back")
def not_yet(request: Request, ref: str, fields: Fields) -> Response:
    """Back to the note of an entry that holds no item."""
    house, now = house_for_form(request), utc_now()
    card = _card(house, ref, now)
    return _shown(request, house, replace(card, note=fields.text("note") or card.note), now)


@router.post("/today/{ref}/done")
def done(request: Request, ref: str) -> Response:
    """Log the call, the congratulations or the line."""
    house, now = house_for_form(request), utc_now()
    card = _card(house, ref, now)
    kind: TouchKind = "call" if card.action == "call" else "sent"
    touch = house.touches.log(card.contact, kind, now=now)
    said = f"Done: you {'talked to' if kind == 'call' else 'wrote to'} {card.contact.name}."
    undo = Undo(f"/today/{card.contact.id}/undone", {"touch": touch.id})
    return _settled(request, house, cards.settled(card, said, undo), now)


@router.post("/today/{ref}/undone")
def undone(request: Request, ref: str, fields: Fields) -> Response:
    """Take a logged touch back."""
    house, now = house_for_form(request), utc_now()
    house.touches.remove(fields.line("touch"))
    return _again(request, house, ref, now)


@router.post("/today/{ref}/skip")
def skip(request: Request, ref: str) -> Response:
    """Leave somebody out today."""
    house, now = house_for_form(request), utc_now()
    card = _card(house, ref, now)
    house.plans.skip(card.contact, now=now)
    undo = Undo(f"/today/{card.contact.id}/unskip")
    said = f"{card.contact.first_name} is left out today."
    return _settled(request, house, cards.settled(card, said, undo), now)


@router.post("/today/{ref}/unskip")
def unskip(request: Request, ref: str) -> Response:
    """Take that back."""
    house, now = house_for_form(request), utc_now()
    house.plans.skip(house.people.find(ref), now=now, undo=True)
    return _again(request, house, ref, now)


def entry_card(house: House, contact_id: str, now: datetime) -> Card | None:
    """The card of somebody in today's plan, or None."""
    last = house.touches.last().get(contact_id)
    for entry in house.plans.today(now=now).entries:
        if entry.contact.id == contact_id:
            return cards.of_entry(house, entry, now=now, last=last)
    return None


def _card(house: House, ref: str, now: datetime) -> Card:
    """Somebody's card in today's plan; a bare one where the plan has moved on meanwhile."""
    contact = house.people.find(ref)
    found = entry_card(house, contact.id, now)
    if found is not None:
        return found
    last = last_contact(house.touches.last().get(contact.id), now)
    return cards.Card(
        key=f"card-{contact.id}", contact=contact, action="hello", minutes=1,
        last_contact=last, back=cards.TODAY, kind="Write a line",
    )  # fmt: skip


def _again(request: Request, house: House, ref: str, now: datetime) -> Response:
    card = _card(house, ref, now)
    if is_htmx(request):
        return answer(house, card, now)
    return redirect("/", "Taken back.")


def _shown(request: Request, house: House, card: Card, now: datetime) -> Response:
    if is_htmx(request):
        return answer(house, card, now)
    return page("card.html", request=request, card=card)


def _settled(request: Request, house: House, card: Card, now: datetime) -> Response:
    if is_htmx(request):
        return answer(house, card, now)
    return redirect(card.back, card.said, undo=card.undo)


def answer(house: House, card: Card, now: datetime) -> HTMLResponse:
    """A card for htmx, with the head of Today where it stands there."""
    head = head_of(house.plans.today(now=now)) if card.back == cards.TODAY else None
    return fragment("_answer.html", card=card, head=head)
