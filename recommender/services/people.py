"""Contacts and interests: added, changed, found by what a user would call them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recommender.domain import (
    CONTACT_STATES,
    HUMOURS,
    POLARITIES,
    TOPICS,
    Contact,
    Interest,
)
from recommender.errors import AmbiguousContact, ContactNotFound, InterestNotFound, InvalidInput
from recommender.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from recommender.domain import Humour, Origin, Polarity
    from recommender.storage.protocol import Storage

MAX_NAME_CHARACTERS = 200
MAX_PHRASE_CHARACTERS = 200
MAX_NOTES_CHARACTERS = 10_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def new_id() -> str:
    """An id nobody can guess or mistake for another."""
    import secrets

    return secrets.token_hex(8)


def one_line(text: str, *, what: str, limit: int) -> str:
    """A user's text without control characters, on one line; InvalidInput if empty or too long."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    if not line:
        raise InvalidInput(f"{what} is empty")
    if len(line) > limit:
        raise InvalidInput(f"{what} is longer than {limit} characters")
    return line


def slugify(name: str) -> str:
    """A name as it would be typed: ASCII letters, digits and hyphens; "contact" if none is left."""
    return re.sub(r"[^a-z0-9]+", "-", plain(name)).strip("-") or "contact"


class People:
    """The contacts of one account."""

    def __init__(self, storage: Storage, account_id: str) -> None:
        self._storage = storage
        self._account_id = account_id

    def add(
        self,
        name: str,
        *,
        now: datetime,
        emails: Iterable[str] = (),
        interests: Iterable[str] = (),
        employer: str = "",
        notes: str = "",
        own_sites: Iterable[str] = (),
        humour: Humour = "none",
        cadence_days: int | None = None,
        town: str = "",
        reads: Iterable[str] = (),
        taboo: Iterable[str] = (),
    ) -> Contact:
        """Add a contact with interests, all or nothing.

        Raises:
            InvalidInput: A value can't be used.
        """
        contact = _checked(
            Contact(
                id=new_id(),
                slug="",
                name=name,
                emails=tuple(emails),
                employer=employer,
                notes=notes,
                own_sites=tuple(own_sites),
                humour=humour,
                state="active",
                cadence_days=cadence_days,
                created_at=now,
                updated_at=now,
                town=town,
                reads=tuple(reads),
                taboo=tuple(taboo),
            )
        )
        with self._storage.transaction():
            contact = replace(contact, slug=self._free_slug(contact.name))
            self._storage.people.add_contact(self._account_id, contact)
            for phrase in interests:
                self.add_interest(contact, phrase, now=now)
        return contact

    def edit(self, contact: Contact, *, now: datetime, **changes: Any) -> Contact:  # noqa: ANN401
        """Change fields of a contact; names are those of `domain.Contact`."""
        changed = _checked(replace(contact, updated_at=now, **changes))
        self._storage.people.update_contact(self._account_id, changed)
        return changed

    def remove(self, contact: Contact) -> None:
        """Erase a contact and everything that hangs on it."""
        self._storage.people.delete_contact(self._account_id, contact.id)

    def all(self) -> list[Contact]:
        """All contacts, by name."""
        return self._storage.people.contacts(self._account_id)

    def cadences(self) -> dict[str, int | None]:
        """Group -> days between touches, for groups that the user has set."""
        groups = self._storage.rhythm.groups(self._account_id)
        return {group.name: group.cadence_days for group in groups}

    def find(self, ref: str) -> Contact:
        """The one contact an id, slug, e-mail or unambiguous name means.

        Raises:
            ContactNotFound: Nobody is called that; near names are told.
            AmbiguousContact: Several are; they are listed.
        """
        found = self._storage.people.find_contacts(self._account_id, ref)
        if len(found) == 1:
            return found[0]
        if not found:
            raise ContactNotFound(self._nobody(ref), ref=ref)
        listed = [f"{c.name} ({c.slug})" for c in found]
        raise AmbiguousContact(
            f"“{ref}” may be {' or '.join(listed)}; use the id {' or '.join(c.id for c in found)}",
            candidates=[c.id for c in found],
        )

    def _nobody(self, ref: str) -> str:
        from difflib import get_close_matches

        names = {name: c for c in self.all() for name in (c.slug, c.name.casefold())}
        near = get_close_matches(ref.casefold(), names, n=1)
        if near:
            return f"no contact is called “{ref}”; did you mean {names[near[0]].name}?"
        return f"no contact is called “{ref}”; `sawthis contacts list` shows them all"

    def _free_slug(self, name: str) -> str:
        taken = {contact.slug for contact in self.all()}
        base = slugify(name)
        slug, n = base, 2
        while slug in taken:
            slug, n = f"{base}-{n}", n + 1
        return slug

    def interests(self, contact: Contact | None = None) -> list[Interest]:
        """A contact's interests, or everybody's."""
        return self._storage.people.interests(self._account_id, contact.id if contact else None)

    def add_interest(
        self,
        contact: Contact,
        phrase: str,
        *,
        now: datetime,
        weight: float = 1.0,
        polarity: Polarity = "like",
        origin: Origin = "stated",
    ) -> Interest:
        """Add an interest; it is matched with the pool at the next `Refresher.match`.

        "not golf" is golf, to be avoided.

        Raises:
            InvalidInput: An empty or overlong phrase, a weight outside (0, 2].
            ConflictError: The contact has it already.
        """
        from recommender.phrases import negated

        if polarity == "like" and (avoided := negated(phrase)) is not None:
            phrase, polarity = avoided, "avoid"
        interest = _checked_interest(
            Interest(new_id(), contact.id, phrase, weight, polarity, origin, now)
        )
        self._storage.people.add_interest(self._account_id, interest)
        return interest

    def find_interest(self, contact: Contact, ref: str) -> Interest:
        """An interest of the contact by id or phrase, or InterestNotFound."""
        wanted = " ".join(ref.split()).casefold()
        for interest in self.interests(contact):
            if interest.id == ref or interest.phrase.casefold() == wanted:
                return interest
        known = ", ".join(one.phrase for one in self.interests(contact)) or "none yet"
        raise InterestNotFound(f"{contact.name} has no interest “{ref}” (has: {known})", ref=ref)

    def edit_interest(self, interest: Interest, **changes: Any) -> Interest:  # noqa: ANN401
        """Change weight or polarity; the phrase stays, for its matches hang on it."""
        changed = _checked_interest(replace(interest, **changes))
        self._storage.people.update_interest(self._account_id, changed)
        return changed

    def remove_interest(self, interest: Interest) -> None:
        """Erase an interest with its matches."""
        self._storage.people.delete_interest(self._account_id, interest.id)


def _checked(contact: Contact) -> Contact:
    _check_words(contact)
    emails = tuple(dict.fromkeys(email.strip() for email in contact.emails if email.strip()))
    for email in emails:
        if not _EMAIL.fullmatch(email) or _CONTROL.search(email):
            raise InvalidInput(f"“{email}” is no e-mail address")
    if contact.cadence_days is not None and not 1 <= contact.cadence_days <= 3650:
        raise InvalidInput("the cadence is between 1 and 3650 days")
    if len(contact.notes) > MAX_NOTES_CHARACTERS:
        raise InvalidInput(f"the notes are longer than {MAX_NOTES_CHARACTERS} characters")
    return replace(
        contact,
        name=one_line(contact.name, what="the name", limit=MAX_NAME_CHARACTERS),
        emails=emails,
        employer=" ".join(_CONTROL.sub(" ", contact.employer).split())[:MAX_NAME_CHARACTERS],
        own_sites=_hosts(contact.own_sites),
        town=" ".join(_CONTROL.sub(" ", contact.town).split())[:MAX_NAME_CHARACTERS],
        reads=_hosts(contact.reads),
    )


def _check_words(contact: Contact) -> None:
    """InvalidInput where a field holds none of the words it may hold."""
    for value, known, what in (
        (contact.humour, HUMOURS, "humour"),
        (contact.state, CONTACT_STATES, "state"),
        *((topic, TOPICS, "a taboo") for topic in contact.taboo),
    ):
        if value not in known:
            raise InvalidInput(f"{what} is one of {', '.join(known)}, not “{value}”")


def _hosts(sites: Iterable[str]) -> tuple[str, ...]:
    """Hosts, as they are or out of addresses."""
    folded = (site.strip().casefold() for site in sites)
    hosts = (re.sub(r"^[a-z]+://|[/?#].*$", "", site).removeprefix("www.") for site in folded)
    return tuple(dict.fromkeys(host for host in hosts if host))


def _checked_interest(interest: Interest) -> Interest:
    if interest.polarity not in POLARITIES:
        raise InvalidInput(f"polarity is one of {', '.join(POLARITIES)}")
    if not 0 < interest.weight <= 2:
        raise InvalidInput("the weight of an interest is above 0 and at most 2")
    phrase = one_line(interest.phrase, what="the interest", limit=MAX_PHRASE_CHARACTERS)
    if not any(character.isalnum() for character in phrase):
        raise InvalidInput(f"the interest “{phrase}” has no word in it")
    return replace(interest, phrase=phrase)
