"""Contacts that may be one person twice: proposed with reasons, never merged without a word."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from recommender.services.folding import digits
from recommender.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recommender.domain import Contact

LEAST_LIKENESS = 90.0
"""Of names, in per cent (rapidfuzz's token sort ratio); "Jon Smith" and "John Smith" have 95."""
MOST_OF_A_KEY = 20
"""A number that more people share is a switchboard, an address a mailing list."""


class Duplicate(NamedTuple):
    """Two contacts that may be one, and why."""

    one: Contact
    other: Contact
    reasons: tuple[str, ...]
    likeness: float
    """Of their names, in [0, 100]."""


def duplicates(contacts: Sequence[Contact]) -> list[Duplicate]:
    """Pairs that share an address, a number or nearly a name; the likeliest first.

    Names are compared within the same initials, in either order, so that ten thousand contacts
    take seconds. Two of the same name with different addresses are proposed, for the user to say.
    """
    from rapidfuzz.fuzz import token_sort_ratio

    contacts = [contact for contact in contacts if contact.archived_at is None]
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    by_id = {contact.id: contact for contact in contacts}
    for key, ids in _keys(contacts).items():
        if len(ids) <= MOST_OF_A_KEY:
            for pair in combinations(sorted(set(ids)), 2):
                pairs[pair].append(key)
    names = {contact.id: plain(contact.name) or contact.name.casefold() for contact in contacts}
    for ids in _by_initials(contacts, names).values():
        for one, other in combinations(sorted(ids), 2):
            if token_sort_ratio(names[one], names[other], score_cutoff=LEAST_LIKENESS):
                same = names[one] == names[other]
                pairs[one, other].append("the same name" if same else "nearly the same name")
    found = [
        Duplicate(
            by_id[one], by_id[other], tuple(reasons), token_sort_ratio(names[one], names[other])
        )
        for (one, other), reasons in pairs.items()
    ]
    return sorted(found, key=lambda d: (-len(d.reasons), -d.likeness, d.one.name, d.one.id))


def _keys(contacts: Iterable[Contact]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for contact in contacts:
        for email in contact.emails:
            found[f"the e-mail {email.casefold()}"].append(contact.id)
        for number in {digits(phone) for phone in contact.details.phones}:
            if len(number) > 4:
                found[f"the phone number \u2026{number}"].append(contact.id)
    return found


def _by_initials(
    contacts: Iterable[Contact], names: dict[str, str]
) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for contact in contacts:
        words = sorted(names[contact.id].split())
        found[tuple(word[:1] for word in words)].append(contact.id)
    return found
