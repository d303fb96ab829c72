"""Contacts as an address book others can read, and as JSON that loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recommender.cards import Card
    from recommender.domain import Contact, Interest


def to_card(contact: Contact, interests: Sequence[Interest]) -> Card:
    """A contact as a card, without what vCard has no words for: cadence, taboos, dislikes."""
    from recommender.cards import Card, CardInterest

    details = contact.details
    return Card(
        name=contact.name,
        parts=details.parts,
        uid=details.uids[0] if details.uids else "",
        nicknames=details.nicknames,
        emails=contact.emails,
        phones=details.phones,
        addresses=details.addresses,
        town=contact.town,
        organisation=contact.employer,
        role=details.role,
        sites=tuple(f"https://{host}" for host in contact.own_sites),
        feeds=details.feeds,
        languages=details.languages,
        time_zone=details.time_zone,
        birthday=contact.birthday,
        anniversary=details.anniversary,
        groups=contact.groups,
        notes=contact.notes,
        interests=tuple(
            CardInterest(one.phrase, one.weight) for one in interests if one.polarity == "like"
        ),
    )


def to_vcards(contacts: Iterable[Contact], interests: dict[str, list[Interest]]) -> str:
    """Contacts as vCard 4.0."""
    from recommender.cards import write_vcards

    return write_vcards(to_card(contact, interests.get(contact.id, [])) for contact in contacts)
