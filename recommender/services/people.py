"""Contacts and interests: added, changed, found by what a user would call them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recommender.domain import NO_DETAILS, Contact, Details, Interest
from recommender.errors import AmbiguousContact, ContactNotFound, InterestNotFound, InvalidInput
from recommender.rhythm import starting_cadence
from recommender.services.checking import checked, checked_interest, new_id
from recommender.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from recommender.domain import Humour, Origin, Polarity
    from recommender.storage.protocol import Storage


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
        humour: Humour | None = None,
        cadence_days: int | None = None,
        town: str = "",
        reads: Iterable[str] = (),
        taboo: Iterable[str] = (),
        groups: Iterable[str] = (),
        birthday: str = "",
        details: Details = NO_DETAILS,
    ) -> Contact:
        """Add a contact with interests, all or nothing.

        Without a word on humour, it is what the user prefers for new contacts.

        Raises:
            InvalidInput: A value can't be used.
        """
        from recommender.phrases import stated

        if humour is None:
            usual = self._storage.rhythm.preferences(self._account_id)
            humour = usual.get("humour", "none")  # type: ignore[assignment]  # checked when set
        contact = checked(
            Contact(
                id=new_id(),
                slug="",
                name=name,
                emails=tuple(emails),
                employer=employer,
                notes=notes,
                own_sites=tuple(own_sites),
                humour=humour or "none",
                state="active",
                cadence_days=cadence_days,
                created_at=now,
                updated_at=now,
                town=town,
                reads=tuple(reads),
                taboo=tuple(taboo),
                groups=tuple(groups),
                birthday=birthday,
                details=details,
            )
        )
        with self._storage.transaction():
            contact = replace(contact, slug=self._free_slug(contact.name))
            self._storage.people.add_contact(self._account_id, contact)
            for phrase in dict.fromkeys(p for text in interests for p in stated(text) or [text]):
                self.add_interest(contact, phrase, now=now)
        return contact

    def edit(self, contact: Contact, *, now: datetime, **changes: Any) -> Contact:  # noqa: ANN401
        """Change fields of a contact; names are those of `domain.Contact`."""
        if "state" in changes:
            changes.setdefault("paused_until", None)
        changed = checked(replace(contact, updated_at=now, **changes))
        self._storage.people.update_contact(self._account_id, changed)
        return changed

    def remove(self, contact: Contact) -> dict[str, int]:
        """Erase a contact and everything that hangs on it; says how much of what that was."""
        return self._storage.people.delete_contact(self._account_id, contact.id)

    def merge(self, kept: Contact, other: Contact, *, now: datetime) -> Contact:
        """Make one contact of two; what either had is kept, and `split` undoes it.

        Raises:
            InvalidInput: They are the same contact.
        """
        from recommender.services.folding import folded, stricter

        if kept.id == other.id:
            raise InvalidInput(f"{kept.name} can't be merged with themselves")
        merged = replace(checked(stricter(folded(kept, other), other)), updated_at=now)
        self._storage.people.merge_contacts(self._account_id, merged, other)
        return merged

    def unmerge(self, contact: Contact) -> tuple[Contact, Contact]:
        """Part the newest merge of a contact again, or ConflictError."""
        return self._storage.people.undo_merge(self._account_id, contact.id)

    def split(
        self, contact: Contact, name: str, taken: Iterable[str], *, now: datetime
    ) -> tuple[Contact, Contact]:
        """Make a second contact of some of the first one's addresses, numbers and interests.

        Args:
            contact: Whose record holds two people.
            name: The second one's.
            taken: E-mails, phones, nicknames, interests, or ids of touches, that are theirs.
            now: Aware time.

        Raises:
            InvalidInput: The contact has no such thing.
        """
        wanted = list(dict.fromkeys(taken))
        if not wanted:
            raise InvalidInput("say what of the record is theirs, with --take")
        interests = {i.phrase: i.id for i in self.interests(contact)}
        details = contact.details
        lists = {
            "emails": contact.emails,
            "phones": details.phones,
            "nicknames": details.nicknames,
            "interests": tuple(interests),
            "touches": tuple(
                touch.id for touch in self._storage.history.touches(self._account_id, contact.id)
            ),
        }
        unknown = [one for one in wanted if all(one not in values for values in lists.values())]
        if unknown:
            raise InvalidInput(f"{contact.name} has no “{unknown[0]}”")
        theirs = {k: tuple(v for v in values if v in wanted) for k, values in lists.items()}
        ours = {k: tuple(v for v in values if v not in wanted) for k, values in lists.items()}
        new = checked(
            replace(
                contact,
                id=new_id(),
                name=name,
                slug=self._free_slug(name),
                emails=theirs["emails"],
                notes="",
                birthday="",
                created_at=now,
                updated_at=now,
                details=Details(phones=theirs["phones"], nicknames=theirs["nicknames"]),
            )
        )
        kept = replace(
            contact,
            emails=ours["emails"],
            updated_at=now,
            details=replace(details, phones=ours["phones"], nicknames=ours["nicknames"]),
        )
        self._storage.people.split_contact(
            self._account_id,
            kept,
            new,
            interest_ids=[interests[phrase] for phrase in theirs["interests"]],
            touch_ids=theirs["touches"],
        )
        return kept, new

    def interests_of_all(self) -> dict[str, list[Interest]]:
        """Contact id -> interests, for those that have any."""
        found: dict[str, list[Interest]] = {}
        for interest in self.interests():
            found.setdefault(interest.contact_id, []).append(interest)
        return found

    def all(self) -> list[Contact]:
        """All contacts, by name."""
        return self._storage.people.contacts(self._account_id)

    def search(self, text: str = "", *, group: str | None = None) -> list[Contact]:
        """Contacts, by name, of a group and with a text in name, nickname, e-mail or employer."""
        wanted = plain(text)
        return [
            contact
            for contact in self.all()
            if (group is None or group in contact.groups)
            and any(
                wanted in plain(part)
                for part in (
                    contact.name,
                    contact.employer,
                    *contact.emails,
                    *contact.details.nicknames,
                )
            )
        ]

    def cadences(self) -> dict[str, int | None]:
        """Group -> days between touches, for groups that the user has set."""
        groups = self._storage.rhythm.groups(self._account_id)
        return {group.name: group.cadence_days for group in groups}

    def groups(self) -> list[tuple[str, int, int | None]]:
        """(group, how many are in it, days between touches), by name.

        The days are the user's, else those such a group usually begins with, if any.
        """
        cadences = self.cadences()
        sizes: dict[str, int] = dict.fromkeys(cadences, 0)
        for contact in self.all():
            for name in contact.groups:
                sizes[name] = sizes.get(name, 0) + 1
        return [
            (name, n, cadences[name] if name in cadences else starting_cadence(name))
            for name, n in sorted(sizes.items())
        ]

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
        interest = checked_interest(
            Interest(new_id(), contact.id, phrase, weight, polarity, origin, now)
        )
        self._storage.people.add_interest(self._account_id, interest)
        return interest

    def state_interests(
        self,
        contact: Contact,
        text: str,
        *,
        now: datetime,
        weight: float = 1.0,
        polarity: Polarity = "like",
    ) -> list[Interest]:
        """Add the interests of a sentence, such as "fly fishing, jazz; not golf", all or nothing.

        Raises:
            InvalidInput: There is none in it, or one can't be used.
            ConflictError: The contact has one of them already.
        """
        from recommender.phrases import stated

        phrases = stated(text)
        if not phrases:
            raise InvalidInput("the interest is empty")
        with self._storage.transaction():
            return [
                self.add_interest(contact, phrase, now=now, weight=weight, polarity=polarity)
                for phrase in phrases
            ]

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
        changed = checked_interest(replace(interest, **changes))
        self._storage.people.update_interest(self._account_id, changed)
        return changed

    def remove_interest(self, interest: Interest) -> None:
        """Erase an interest with its matches."""
        self._storage.people.delete_interest(self._account_id, interest.id)
