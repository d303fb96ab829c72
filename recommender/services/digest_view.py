"""A digest as its mail shows it: words and addresses, made of people and suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.errors import InvalidInput
from recommender.mail.view import Call, DigestView, Occasion, Person, Pick
from recommender.plan import MINUTES
from recommender.rhythm import age_on
from recommender.services.drafts import as_form, dialled
from recommender.services.standing import gauge_lines
from recommender.services.voice import birthday_for, birthday_subject
from recommender.weekly import week_of

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from recommender.domain import Contact, Suggestion
    from recommender.services.digest import CallDue, Card, Digest, Reply
    from recommender.services.links import Links
    from recommender.services.standing import Occasion as Day
    from recommender.services.voice import Voice


class DigestWords:
    """Puts one digest into words.

    Args:
        links: Addresses of the service for the account.
        origin: By which browsers reach it.
        voice: How the user writes.
        zone: The user's own.
        now: Aware time.
    """

    def __init__(
        self, links: Links, origin: str, voice: Voice, zone: tzinfo | None, *, now: datetime
    ) -> None:
        self._links = links
        self._origin = origin
        self._voice = voice
        self._zone = zone
        self._now = now

    def view(self, digest: Digest) -> DigestView:
        """All of it."""
        return DigestView(
            week=week_of(digest.day),
            day=_long_day(digest.day) + f" {digest.day.year}",
            people=tuple(self._person(card) for card in digest.cards),
            calls=tuple(_call(call) for call in digest.calls),
            occasions=tuple(self._occasion(one) for one in digest.occasions),
            came_back=tuple(self._reply(reply) for reply in digest.came_back),
            gauge=tuple(gauge_lines(digest.gauge, digest.day)),
            n_without=digest.n_without,
            minutes=_minutes(digest),
            today_url=f"{self._origin}/",
            settings_url=f"{self._origin}/settings#digest",
            unsubscribe_url=self._links.end(),
        )

    def _person(self, card: Card) -> Person:
        return Person(
            name=card.contact.name,
            first_name=card.contact.first_name,
            last_contact=card.last_contact,
            is_due=card.is_due,
            picks=tuple(self._pick(card.contact, one) for one in card.suggestions),
        )

    def _pick(self, contact: Contact, one: Suggestion) -> Pick:
        is_joke = one.kind == "joke"
        page = self._links.errand(one.id)
        return Pick(
            is_joke=is_joke,
            title=one.title,
            text=one.text if is_joke else "",
            url=one.url,
            source=one.feed_title,
            reason=one.reason,
            span=one.span if one.span != one.title else "",
            write_url=self._mailto(contact, one.title, one.note) or page,
            outcome_url=page,
        )

    def _occasion(self, one: Day) -> Occasion:
        years = age_on(one.since, one.on)
        wishes = birthday_for(self._voice, one.contact) if one.what == "birthday" else ""
        return Occasion(
            name=one.contact.name,
            first_name=one.contact.first_name,
            on=_long_day(one.on),
            what=f"{one.what}: {years}" if years else one.what,
            write_url=self._mailto(one.contact, birthday_subject(self._voice), wishes)
            if wishes
            else "",
        )

    def _reply(self, reply: Reply) -> str:
        day = f"{reply.touch.at.astimezone(self._zone):%A}"
        if reply.title:
            return f"{reply.contact.name} answered what you sent, “{reply.title}” ({day})."
        return f"{reply.contact.name} was in touch ({day})."

    def _mailto(self, contact: Contact, subject: str, note: str) -> str:
        """A link that opens the prepared mail; empty for who has no address."""
        try:
            return as_form(contact, note, "mailto", subject=subject, now=self._now)
        except InvalidInput:
            return ""


def _call(call: CallDue) -> Call:
    number = dialled(call.contact)
    return Call(
        name=call.contact.name,
        first_name=call.contact.first_name,
        phone=next(iter(call.contact.details.phones), "") if number else "",
        phone_url=f"tel:{number}" if number else "",
        why="A year without a talk: five minutes on the phone.",
        topics=call.topics,
    )


def _minutes(digest: Digest) -> int:
    """What writing, calling and congratulating takes, by the plan's reckoning."""
    return (
        len(digest.cards) * MINUTES["send"]
        + len(digest.calls) * MINUTES["call"]
        + len(digest.occasions) * MINUTES["greet"]
    )


def _long_day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"
