"""PeopleStore in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.errors import ConflictError, ContactNotFound, InterestNotFound
from recommender.storage.rows import contact_row, interest_row, to_contact, to_interest
from recommender.words import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recommender.domain import Contact, Interest
    from recommender.storage.database import Database


class SqlPeople:
    """Contacts and interests; see `recommender.storage.protocol.PeopleStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add_contact(self, account_id: str, contact: Contact) -> None:
        """Add a contact; ConflictError if its id or slug is taken."""
        with self._db.transaction():
            put_account(self._db, account_id, contact.created_at.isoformat())
            self._db.insert("contacts", contact_row(account_id, contact))

    def put_contacts(
        self, account_id: str, contacts: Sequence[Contact], interests: Sequence[Interest]
    ) -> None:
        """Put contacts, in place of those of their ids, and add interests, all or nothing."""
        if not contacts:
            return
        with self._db.transaction():
            put_account(self._db, account_id, contacts[0].created_at.isoformat())
            rows = [contact_row(account_id, contact) for contact in contacts]
            names = list(rows[0])
            # An upsert, for a replaced row would take what hangs on it along.
            self._db.execute_many(
                f"INSERT INTO contacts ({', '.join(names)})"
                f" VALUES ({', '.join(f':{name}' for name in names)})"
                " ON CONFLICT (account_id, id) DO UPDATE SET "
                + ", ".join(f"{name} = excluded.{name}" for name in names),
                rows,
            )
            added = [interest_row(account_id, interest) for interest in interests]
            if added:
                names = list(added[0])
                self._db.execute_many(
                    f"INSERT INTO interests ({', '.join(names)})"
                    f" VALUES ({', '.join(f':{name}' for name in names)})",
                    added,
                )

    def update_contact(self, account_id: str, contact: Contact) -> None:
        """Replace a contact's fields, or ContactNotFound."""
        with self._db.transaction():
            self.contact(account_id, contact.id)
            self._db.upsert("contacts", contact_row(account_id, contact), pk=("account_id", "id"))

    def delete_contact(self, account_id: str, contact_id: str) -> dict[str, int]:
        """Erase a contact and all that hangs on it, also from the file's free pages."""
        where = (account_id, contact_id)
        with self._db.transaction():
            self.contact(*where)
            erased = {
                table: self._count(table, *where) for table in ("interests", "touches", "matches")
            } | {"plan slots": self._count("plan_slots", *where)}
            erased["status events"] = self._count("status_events", *where)
            self._db.overwrite_deleted()
            # These name the contact without a foreign key, or in words.
            for table in ("matches", "status_events"):
                self._db.delete(table, "account_id = ? AND contact_id = ?", where)
            self._db.delete("answers", "account_id = ?", (account_id,))
            self._db.delete("merges", "account_id = ? AND gone_id = ?", where)
            self._db.delete("contacts", "account_id = ? AND id = ?", where)
        self._db.empty_journal()
        return erased

    def merge_contacts(self, account_id: str, kept: Contact, gone: Contact) -> None:
        """Give the kept contact all that hangs on the other, which is erased."""
        from recommender.storage.merging import Merging

        with self._db.transaction():
            self.contact(account_id, kept.id)
            self.contact(account_id, gone.id)
            Merging(self._db, account_id).merge(kept, gone)

    def undo_merge(self, account_id: str, contact_id: str) -> tuple[Contact, Contact]:
        """Part the contact's newest merge again."""
        from recommender.storage.merging import Merging

        with self._db.transaction():
            self.contact(account_id, contact_id)
            return Merging(self._db, account_id).undo(contact_id)

    def split_contact(
        self,
        account_id: str,
        kept: Contact,
        new: Contact,
        *,
        interest_ids: Sequence[str],
        touch_ids: Sequence[str],
    ) -> None:
        """Give a new contact some of what hangs on another."""
        from recommender.storage.merging import Merging

        with self._db.transaction():
            self.update_contact(account_id, kept)
            self.add_contact(account_id, new)
            moving = Merging(self._db, account_id)
            moving.move_interests(interest_ids, new.id)
            moving.move_touches(touch_ids, new.id)
            moving.forget(kept.id)  # what was merged is another's now, and may be erased with them

    def _count(self, table: str, account_id: str, contact_id: str) -> int:
        sql = f"SELECT count(*) FROM {table} WHERE account_id = ? AND contact_id = ?"
        row = self._db.row(sql, (account_id, contact_id))
        return int(row[0]) if row else 0

    def contact(self, account_id: str, contact_id: str) -> Contact:
        """The contact with this id, or ContactNotFound."""
        row = self._db.row(
            "SELECT * FROM contacts WHERE account_id = ? AND id = ?", (account_id, contact_id)
        )
        if row is None:
            raise ContactNotFound(f"no contact has the id {contact_id}", ref=contact_id)
        return to_contact(row)

    def contacts(self, account_id: str) -> list[Contact]:
        """All contacts, by name then id."""
        rows = self._db.rows(
            "SELECT * FROM contacts WHERE account_id = ? ORDER BY lower(name), id",
            (account_id,),
        )
        return [to_contact(row) for row in rows]

    def find_contacts(self, account_id: str, ref: str) -> list[Contact]:
        """Who an id, slug, e-mail or name may mean."""
        exact = self._db.row(
            "SELECT * FROM contacts WHERE account_id = ? AND id = ?", (account_id, ref)
        )
        if exact is not None:
            return [to_contact(exact)]
        everybody = self.contacts(account_id)
        wanted = ref.strip().casefold()
        ways = (
            lambda c: wanted in {email.casefold() for email in c.emails},
            lambda c: wanted == c.name.casefold(),
            lambda c: wanted == c.first_name.casefold(),
            lambda c: wanted in {c.family_name.casefold(), *map(str.casefold, c.details.nicknames)},
            # "aicha" means Aïcha, if nobody spells herself like that.
            lambda c: plain(ref) in {plain(c.name), plain(c.first_name)} - {""},
            # A slug comes last: the first of two Joes has the slug "joe", and
            # `--contact joe` must not quietly choose him.
            lambda c: wanted == c.slug,
        )
        for fits in ways:
            found = [contact for contact in everybody if fits(contact)]
            if found:
                return found
        return []

    def add_interest(self, account_id: str, interest: Interest) -> None:
        """Add an interest; ConflictError if the contact has the phrase already."""
        with self._db.transaction():
            self.contact(account_id, interest.contact_id)
            taken = {i.phrase.casefold() for i in self.interests(account_id, interest.contact_id)}
            if interest.phrase.casefold() in taken:
                raise ConflictError(f"“{interest.phrase}” is already among the interests")
            self._db.insert("interests", interest_row(account_id, interest))

    def update_interest(self, account_id: str, interest: Interest) -> None:
        """Replace an interest's fields, or InterestNotFound."""
        with self._db.transaction():
            self._need_interest(account_id, interest.id)
            sql = "SELECT polarity FROM interests WHERE account_id = ? AND id = ?"
            row = self._db.row(sql, (account_id, interest.id))
            if row is not None and row["polarity"] != interest.polarity:
                for table in ("interest_vectors", "matches"):
                    self._db.delete(
                        table, "account_id = ? AND interest_id = ?", (account_id, interest.id)
                    )
            self._db.upsert(
                "interests", interest_row(account_id, interest), pk=("account_id", "id")
            )

    def delete_interest(self, account_id: str, interest_id: str) -> None:
        """Erase an interest with its vectors and matches."""
        with self._db.transaction():
            self._need_interest(account_id, interest_id)
            self._db.delete("interests", "account_id = ? AND id = ?", (account_id, interest_id))

    def interests(self, account_id: str, contact_id: str | None = None) -> list[Interest]:
        """The interests of one contact or of all, oldest first."""
        rows = self._db.rows(
            "SELECT * FROM interests WHERE account_id = ?"
            " AND (CAST(? AS TEXT) IS NULL OR contact_id = ?) ORDER BY created_at, rowid",
            (account_id, contact_id, contact_id),
        )
        return [to_interest(row) for row in rows]

    def _need_interest(self, account_id: str, interest_id: str) -> None:
        sql = "SELECT 1 FROM interests WHERE account_id = ? AND id = ?"
        if self._db.row(sql, (account_id, interest_id)) is None:
            raise InterestNotFound(f"no interest has the id {interest_id}", ref=interest_id)


def put_account(db: Database, account_id: str, created_at: str) -> None:
    """Make the account's row if it is not there."""
    db.execute(
        "INSERT INTO accounts (id, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (account_id, created_at),
    )
