"""Two records of one person become one: nothing is lost, and what is there stays. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from recommender.domain import Details
from recommender.services.checking import MAX_NOTES_CHARACTERS
from recommender.words import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from recommender.domain import Contact

_STATES = ("active", "paused", "do_not_contact", "deceased")
SIGNIFICANT_DIGITS = 8
"""Phone numbers are compared by their ends: the country is often left out."""


def folded(kept: Contact, other: Contact) -> Contact:
    """The kept record with what the other knows beyond it.

    Lists are joined; a single value is taken where there is none. Another name becomes a
    nickname, another birthday or employer is noted, so that nothing is lost.
    """
    differing = [
        f"{what}: {theirs}"
        for what, ours, theirs in (
            ("Employer", kept.employer, other.employer),
            ("Birthday", kept.birthday, other.birthday),
            ("Role", kept.details.role, other.details.role),
            ("Town", kept.town, other.town),
            ("Anniversary", kept.details.anniversary, other.details.anniversary),
            ("Time zone", kept.details.time_zone, other.details.time_zone),
        )
        if ours and theirs and not _agree(plain(ours), plain(theirs))
    ]
    return replace(
        kept,
        emails=_joined(kept.emails, other.emails, str.casefold),
        employer=kept.employer or other.employer,
        notes=_notes(kept.notes, [other.notes, *differing]),
        own_sites=_joined(kept.own_sites, other.own_sites, str.casefold),
        town=kept.town or other.town,
        reads=_joined(kept.reads, other.reads, str.casefold),
        taboo=_joined(kept.taboo, other.taboo, str),
        groups=_joined(kept.groups, other.groups, str.casefold),
        birthday=other.birthday if _is_fuller(kept.birthday, other.birthday) else kept.birthday,
        hard_at=max(filter(None, (kept.hard_at, other.hard_at)), default=None),
        cadence_days=kept.cadence_days or other.cadence_days,
        details=_details(kept, other),
    )


def stricter(kept: Contact, other: Contact) -> Contact:
    """The kept record, not to be written to if either of the two was not."""
    if _STATES.index(other.state) > _STATES.index(kept.state):
        return replace(kept, state=other.state, paused_until=other.paused_until)
    if kept.state == other.state == "paused":
        ends = (kept.paused_until, other.paused_until)
        return replace(kept, paused_until=None if None in ends else max(filter(None, ends)))
    return kept


def _details(kept: Contact, other: Contact) -> Details:
    a, b = kept.details, other.details
    named = (*b.nicknames, *(() if plain(kept.name) == plain(other.name) else (other.name,)))
    return Details(
        parts=a.parts if any(a.parts) else b.parts,
        nicknames=_joined(a.nicknames, (n for n in named if plain(n) != plain(kept.name)), plain),
        phones=_joined(a.phones, b.phones, digits),
        addresses=_joined(a.addresses, b.addresses, plain),
        role=a.role or b.role,
        feeds=_joined(a.feeds, b.feeds, str),
        languages=_joined(a.languages, b.languages, str.casefold),
        time_zone=a.time_zone or b.time_zone,
        channel=a.channel or b.channel,
        anniversary=a.anniversary or b.anniversary,
        uids=_joined(a.uids, b.uids, str),
    )


def _joined(
    ours: Iterable[str], theirs: Iterable[str], fold: Callable[[str], str]
) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for value in (*ours, *theirs):
        found.setdefault(fold(value) or value, value)
    return tuple(found.values())


def _notes(ours: str, theirs: Iterable[str]) -> str:
    found = ours
    for text in theirs:
        if text.strip() and text.strip() not in found:
            found = f"{found}\n\n{text.strip()}" if found.strip() else text.strip()
    return found[:MAX_NOTES_CHARACTERS] if len(ours) <= MAX_NOTES_CHARACTERS else ours


def _agree(ours: str, theirs: str) -> bool:
    """Whether two values say the same; days do, if one of them just leaves out the year."""
    if ours.startswith("--") or theirs.startswith("--"):
        return ours[-5:] == theirs[-5:]
    return ours == theirs


def _is_fuller(ours: str, theirs: str) -> bool:
    """Whether another birthday says the same and the year besides, or is the first there is."""
    return bool(theirs) and (not ours or (ours.startswith("--") and theirs[-5:] == ours[-5:]))


def digits(phone: str) -> str:
    """A phone number for comparing: its last eight digits."""
    return re.sub(r"\D", "", phone)[-SIGNIFICANT_DIGITS:]


class Known:
    """Finds who a record may be among the contacts there are.

    Args:
        contacts: All of an account's.
    """

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._contacts: dict[str, Contact] = {}
        self._by_uid: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for contact in contacts:
            self.put(contact)

    def put(self, contact: Contact) -> None:
        """Add a contact, or take note that it changed."""
        if contact.id not in self._contacts:
            self._by_name[plain(contact.name) or contact.name].append(contact.id)
        self._contacts[contact.id] = contact
        for uid in contact.details.uids:
            self._by_uid.setdefault(uid, contact.id)

    def find(self, other: Contact) -> Contact | None:
        """The one contact that a record surely is, or None.

        It is who has its uid and something of its name or an address in common, for some programs
        give one uid to many; or a contact of its name that shares an address or a number, or to
        whom it would add nothing. A name alone is no evidence: two Joes stay two Joes.
        """
        for uid in other.details.uids:
            if uid in self._by_uid and _may_be(self._contacts[self._by_uid[uid]], other):
                return self._contacts[self._by_uid[uid]]
        namesakes = self._by_name.get(plain(other.name) or other.name, ())
        for one in (self._contacts[contact_id] for contact_id in namesakes):
            if shares_address(one, other) or folded(one, other) == one:
                return one
        return None


def _may_be(one: Contact, other: Contact) -> bool:
    names = (one.name, *one.details.nicknames)
    words = {word for name in names for word in plain(name).split()}
    return bool(words & set(plain(other.name).split())) or shares_address(one, other)


def shares_address(one: Contact, other: Contact) -> bool:
    """Whether two contacts have an e-mail address or a phone number in common."""
    emails = {email.casefold() for email in one.emails}
    phones = {digits(phone) for phone in one.details.phones if len(digits(phone)) > 4}
    return any(email.casefold() in emails for email in other.emails) or any(
        digits(phone) in phones for phone in other.details.phones
    )
