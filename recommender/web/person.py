"""`/person/…`: one person, as far as the user knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recommender.domain import CHANNELS, HUMOURS, TOPICS, TOUCH_KINDS
from recommender.rhythm import cadence_of, is_hard, last_contact
from recommender.safety import why_not
from recommender.web import cards
from recommender.web.guard import house_here
from recommender.web.pictures import rhythm
from recommender.web.rendering import page
from recommender.web.route import HTMLResponse, Request, page_router
from recommender.wiring import House, utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.domain import Contact, Touch
    from recommender.services.suggest import Answer
    from recommender.web.cards import Card
    from recommender.web.pictures import Rhythm

router = page_router()
MOST_SHOWN = 30
KIND_WORDS = {
    ("sent", "out"): "You wrote or sent something",
    ("call", "out"): "You called",
    ("call", "in"): "They called",
    ("met", "out"): "You met",
    ("met", "in"): "You met",
    ("received", "in"): "They wrote",
    ("ask", "out"): "You asked for a favour",
    ("ask", "in"): "They asked for a favour",
}


class Logged(NamedTuple):
    """A touch as the timeline tells it."""

    touch: Touch
    words: str
    title: str
    """Of the item that went with it."""


@router.get("/person/{ref}", response_class=HTMLResponse)
def person(request: Request, ref: str, everything: str = "") -> HTMLResponse:
    """Somebody's page."""
    house = house_here(request)
    return person_page(request, house, house.people.find(ref), everything=bool(everything))


def person_page(
    request: Request,
    house: House,
    contact: Contact,
    *,
    status: int = 200,
    everything: bool = False,
    **given: object,
) -> HTMLResponse:
    """Somebody's page, with what was typed where that could not be used."""
    now = utc_now()
    most = None if everything else MOST_SHOWN
    touches = house.touches.all(contact)
    had = house.suggester.history(contact)
    answer = house.suggester.suggest(contact, now=now)
    cadences = house.people.cadences()
    return page(
        "person.html",
        request=request,
        status=status,
        c=contact,
        line=_line(house, contact, now),
        last=last_contact(touches[0] if touches else None, now),
        why_not=why_not(contact, now),
        is_hard=is_hard(contact, now.astimezone(house.zone).date(), house.zone),
        cadence=cadence_of(contact, cadences),
        interests=house.people.interests(contact),
        proposals=house.learner.proposals(contact),
        cards=_cards(house, answer, touches, now),
        answer=answer,
        touches=_logged(house, touches[:most]),
        n_touches=len(touches),
        had=had[:most],
        n_had=len(had),
        kinds=TOUCH_KINDS,
        humours=HUMOURS,
        topics=TOPICS,
        channels=CHANNELS,
        today=now.astimezone(house.zone).date(),
        **given,
    )


def _line(house: House, contact: Contact, now: datetime) -> Rhythm | None:
    standing = house.standing.on(now=now)
    found = (one for one in standing.people if one.contact.id == contact.id)
    known = next(found, None)
    return rhythm(known, standing.day) if known is not None else None


def _cards(house: House, answer: Answer, touches: Sequence[Touch], now: datetime) -> list[Card]:
    last = last_contact(touches[0] if touches else None, now)
    back = f"/person/{answer.contact.slug}"
    return [
        cards.of_suggestion(house, answer.contact, one, last=last, back=back)
        for one in answer.suggestions
    ]


def _logged(house: House, touches: Sequence[Touch]) -> list[Logged]:
    texts = house.storage.items.texts([t.item_id for t in touches if t.item_id is not None])
    return [
        Logged(
            touch,
            KIND_WORDS.get((touch.kind, touch.direction), touch.kind),
            texts.get(touch.item_id or 0, ("", ""))[0],
        )
        for touch in touches
    ]
