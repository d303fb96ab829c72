"""Address books into contacts: all or nothing, as often as wanted, with a look before the leap."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from recommender.domain import Interest
from recommender.errors import RecommenderError
from recommender.services.checking import checked, checked_interest, new_id
from recommender.services.contact_files import Rejected, read_contacts
from recommender.services.folding import Known, folded
from recommender.services.people import slugify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from recommender.domain import Contact
    from recommender.services.contact_files import Incoming, Wanted
    from recommender.storage.protocol import Storage


class Change(NamedTuple):
    """What an import does, or would do, for one card or row."""

    line: int
    outcome: Literal["created", "updated", "skipped"]
    name: str
    adds: tuple[str, ...]
    """The fields that it fills or adds to."""


@dataclass(slots=True)
class ImportOutcome:
    """What an import came to; the four together are the number of cards or rows."""

    changes: list[Change] = field(default_factory=list)
    failures: list[Rejected] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """How many were created, updated or skipped."""
        return sum(change.outcome == outcome for change in self.changes)


class Importer:
    """Imports into one account.

    Args:
        storage: The library.
        account_id: Whose.
    """

    def __init__(self, storage: Storage, account_id: str) -> None:
        self._storage = storage
        self._account_id = account_id

    def run(
        self,
        body: bytes,
        *,
        now: datetime,
        mapping: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> ImportOutcome:
        """Import a file in one transaction: whatever happens, nothing is half in.

        Args:
            body: See `read_contacts`.
            now: Aware time.
            mapping: Column -> field, for a CSV that nobody knows.
            dry_run: Only tell what would happen.

        Raises:
            InvalidInput: The file is in no format known here.
        """
        # Read before the lock is taken: parsing is what takes the time.
        read = list(read_contacts(body, now=now, mapping=mapping))
        with self._storage.transaction():
            batch = _Batch(self._storage, self._account_id, now)
            for one in read:
                batch.add(one)
            if not dry_run:
                batch.store()
        return batch.outcome


class _Batch:
    """What one import comes to, against the contacts there are."""

    def __init__(self, storage: Storage, account_id: str, now: datetime) -> None:
        self._storage = storage
        self._account_id = account_id
        self._now = now
        contacts = storage.people.contacts(account_id)
        self._known = Known(contacts)
        self._slugs = {contact.slug for contact in contacts}
        self._next_slug: dict[str, int] = {}
        self._phrases: dict[str, set[str]] = defaultdict(set)
        for interest in storage.people.interests(account_id):
            self._phrases[interest.contact_id].add(interest.phrase.casefold())
        self._put: dict[str, Contact] = {}
        self._interests: list[Interest] = []
        self.outcome = ImportOutcome()

    def add(self, one: Incoming | Rejected) -> None:
        if isinstance(one, Rejected):
            self.outcome.failures.append(one)
            return
        try:
            self.outcome.changes.append(self._changed(one))
        except RecommenderError as error:
            self.outcome.failures.append(Rejected(one.line, str(error)))

    def _changed(self, one: Incoming) -> Change:
        found = self._known.find(one.contact)
        interests = self._new_interests(found or one.contact, one.interests)
        if found is None:
            contact = replace(one.contact, slug=self._free_slug(one.contact.name))
            self._keep(contact, interests)
            return Change(one.line, "created", contact.name, ())
        contact = checked(folded(found, one.contact))
        adds = [
            name
            for name in ("name", "emails", "employer", "notes", "own_sites", "town", "groups")
            if getattr(contact, name) != getattr(found, name)
        ]
        adds += ["birthday"] * (contact.birthday != found.birthday)
        adds += [
            name
            for name in contact.details.__dataclass_fields__
            if getattr(contact.details, name) != getattr(found.details, name)
        ]
        adds += ["interests"] * bool(interests)
        if contact == found and not interests:
            return Change(one.line, "skipped", found.name, ())
        self._keep(replace(contact, updated_at=self._now), interests)
        return Change(one.line, "updated", found.name, tuple(adds))

    def _keep(self, contact: Contact, interests: list[Interest]) -> None:
        self._known.put(contact)
        self._put[contact.id] = contact
        self._interests += interests
        self._phrases[contact.id].update(i.phrase.casefold() for i in interests)

    def _new_interests(self, contact: Contact, wanted: tuple[Wanted, ...]) -> list[Interest]:
        found: dict[str, Interest] = {}
        for one in wanted:
            interest = checked_interest(
                Interest(
                    new_id(),
                    contact.id,
                    one.phrase,
                    one.weight,
                    one.polarity,  # type: ignore[arg-type]  # checked
                    "stated",
                    self._now,
                )
            )
            if interest.phrase.casefold() not in self._phrases[contact.id]:
                found.setdefault(interest.phrase.casefold(), interest)
        return list(found.values())

    def _free_slug(self, name: str) -> str:
        base = slugify(name)
        n = self._next_slug.get(base, 1)
        slug = base if n == 1 else f"{base}-{n}"
        while slug in self._slugs:
            n += 1
            slug = f"{base}-{n}"
        self._next_slug[base] = n + 1
        self._slugs.add(slug)
        return slug

    def store(self) -> None:
        self._storage.people.put_contacts(
            self._account_id, list(self._put.values()), self._interests
        )
