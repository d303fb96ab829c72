"""The storage contract, in writing. `recommender.testing` holds the suite that proves it.

For every store:

* **Accounts.** Owner data (contacts, interests, subscriptions, matches, touches, tokens) is
  reached only with an `account_id`; no call returns or changes another account's rows.
  Feeds, items and item vectors are shared.
* **Transactions.** A method that writes is atomic by itself. Inside `with storage.transaction()`
  several become one; an exception undoes them all. Nesting joins the outer transaction.
* **Idempotency.** Writes described as "put" may be repeated with the same arguments and change
  nothing the second time. "add" raises ConflictError on a second call.
* **Threads.** A storage may be used from any thread; each thread has its own connection.
* **Times** are aware UTC datetimes in and out; naive ones raise ValueError.
* **Errors** are recommender.errors only: StorageBusy when a lock was not to be had in time,
  StorageError for a full disk or a damaged file, the NotFound family for a missing row.
* **Lists** come back fully read, in the order the docstring names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from recommender.account import Mute, MuteKind
    from recommender.domain import Contact, Counts, Group, Had, Interest, Slot, StatusEvent, Touch
    from recommender.storage.access_protocol import AccessStore, MailStore
    from recommender.storage.backlog_protocol import BacklogStore, JobLog
    from recommender.storage.pool_protocol import (
        FeedStore,
        ItemStore,
        MatchStore,
        VectorStore,
    )
    from recommender.storage.range_protocol import RangeStore


class PeopleStore(Protocol):
    """Contacts and their interests."""

    def add_contact(self, account_id: str, contact: Contact) -> None:
        """Add a contact; ConflictError if its id or slug is taken."""

    def put_contacts(
        self, account_id: str, contacts: Sequence[Contact], interests: Sequence[Interest]
    ) -> None:
        """Put contacts, in place of those of their ids, and add interests, all or nothing.

        For imports: a thousand at once cost little more than one.
        """

    def update_contact(self, account_id: str, contact: Contact) -> None:
        """Replace a contact's fields; ContactNotFound if there is none with this id."""

    def delete_contact(self, account_id: str, contact_id: str) -> dict[str, int]:
        """Erase a contact with its interests, matches, history and touches, leaving no trace.

        Returns what went with it: how many of each kind. ContactNotFound if there is none.
        """

    def merge_contacts(self, account_id: str, kept: Contact, gone: Contact) -> None:
        """Replace `kept` by its new self, and give it all that hangs on `gone`, which is erased.

        An interest that both have is not doubled, and avoided if one of them avoids it. What was
        suggested or sent to one counts for the other. How it was is kept for `undo_merge`.
        """

    def undo_merge(self, account_id: str, contact_id: str) -> tuple[Contact, Contact]:
        """Part the contact's newest merge again; ConflictError if there is none to undo.

        Fields that were changed since stay as they are; so does what was logged since.
        """

    def split_contact(
        self,
        account_id: str,
        kept: Contact,
        new: Contact,
        *,
        interest_ids: Sequence[str],
        touch_ids: Sequence[str],
    ) -> None:
        """Replace `kept`, add `new`, and give it some interests and touches of the kept one.

        Earlier merges of the kept one can't be undone after that.
        """

    def contact(self, account_id: str, contact_id: str) -> Contact:
        """The contact with this id, or ContactNotFound."""

    def contacts(self, account_id: str) -> list[Contact]:
        """All contacts, by name then id."""

    def find_contacts(self, account_id: str, ref: str) -> list[Contact]:
        """The contacts that an id, slug, e-mail or name (whole or first) may mean.

        The first of these ways that finds anybody decides; case is folded.
        """

    def add_interest(self, account_id: str, interest: Interest) -> None:
        """Add an interest; ConflictError if the contact has the phrase already."""

    def update_interest(self, account_id: str, interest: Interest) -> None:
        """Replace an interest's fields, or InterestNotFound.

        With its polarity changes what is kept of it: its vector and matches are dropped.
        """

    def delete_interest(self, account_id: str, interest_id: str) -> None:
        """Erase an interest with its vectors and matches, or InterestNotFound."""

    def interests(self, account_id: str, contact_id: str | None = None) -> list[Interest]:
        """The interests of one contact or of all, oldest first."""


class HistoryStore(Protocol):
    """What was done with suggestions, and touches with people."""

    def add_status(self, account_id: str, event: StatusEvent, touch: Touch | None) -> None:
        """Append a status event, and the touch it stands for, in one transaction."""

    def undo_status(self, account_id: str, suggestion_id: str) -> StatusEvent:
        """Take the newest event and its touch back; ConflictError if there is none."""

    def statuses(self, account_id: str, contact_id: str | None = None) -> list[StatusEvent]:
        """The current (newest) event of each suggestion, oldest first."""

    def had(
        self,
        account_id: str,
        *,
        contact_id: str | None = None,
        status: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[tuple[int, Had]]:
        """(place, current event of a suggestion with its item), newest first, below a place."""

    def add_touch(self, account_id: str, touch: Touch) -> None:
        """Append a touch."""

    def delete_touch(self, account_id: str, touch_id: str) -> None:
        """Erase a touch, or NotFoundError."""

    def touches(self, account_id: str, contact_id: str | None = None) -> list[Touch]:
        """Touches, newest first."""

    def last_touches(self, account_id: str) -> dict[str, Touch]:
        """Contact id -> newest touch."""

    def last_talks(self, account_id: str) -> dict[str, datetime]:
        """Contact id -> time of the newest call or meeting."""

    def put_touches(self, account_id: str, touches: Sequence[Touch]) -> int:
        """Append touches; returns how many were new.

        Those of a source that the contact has a touch of already are left out.
        """


class RhythmStore(Protocol):
    """Groups with their cadence, preferences, mutes, and the plans of days."""

    def groups(self, account_id: str) -> list[Group]:
        """Groups with a cadence of their own, by name."""

    def put_group(self, account_id: str, group: Group, *, now: datetime) -> None:
        """Put a group, in place of the one of its name."""

    def delete_group(self, account_id: str, name: str) -> bool:
        """Forget a group's cadence; False if it had none."""

    def preferences(self, account_id: str) -> dict[str, str]:
        """What the user has set, by key."""

    def put_preference(self, account_id: str, key: str, value: str, *, now: datetime) -> None:
        """Set a preference; an empty value forgets it."""

    def mutes(self, account_id: str) -> list[Mute]:
        """What is not suggested to anybody, oldest first."""

    def put_mute(self, account_id: str, mute: Mute) -> None:
        """Put a mute; one that is there stays as it is."""

    def delete_mute(self, account_id: str, kind: MuteKind, value: str) -> bool:
        """Take a mute back; False if there was none."""

    def plan(self, account_id: str, day: date) -> tuple[int, list[Slot]] | None:
        """(minutes, slots) of a day's plan, or None where none was made."""

    def put_plan(
        self, account_id: str, day: date, minutes: int, slots: Sequence[Slot], *, now: datetime
    ) -> None:
        """Put a day's plan, in place of the one there was, in one transaction."""

    def slots_since(self, account_id: str, day: date) -> list[Slot]:
        """Slots of plans of that day and later, oldest first."""


class Storage(Protocol):
    """One library of Sawthis."""

    @property
    def people(self) -> PeopleStore:
        """Contacts and interests."""

    @property
    def feeds(self) -> FeedStore:
        """Feeds and subscriptions."""

    @property
    def items(self) -> ItemStore:
        """The pool."""

    @property
    def vectors(self) -> VectorStore:
        """Vectors."""

    @property
    def matches(self) -> MatchStore:
        """Matches."""

    @property
    def ranges(self) -> RangeStore:
        """Ranges of accounts, for matching."""

    @property
    def history(self) -> HistoryStore:
        """Statuses, touches."""

    @property
    def access(self) -> AccessStore:
        """Tokens, codes, sessions."""

    @property
    def mail(self) -> MailStore:
        """Digests on their way."""

    @property
    def rhythm(self) -> RhythmStore:
        """Groups, preferences, mutes, plans."""

    @property
    def backlog(self) -> BacklogStore:
        """What waits to be done."""

    @property
    def job_log(self) -> JobLog | None:
        """Jobs that faces started; None where one process knows them all."""

    def transaction(self) -> AbstractContextManager[None]:
        """One atomic unit of work; see the module's contract."""

    def library_id(self) -> str:
        """A random name that this library keeps for life; derived files carry it."""

    def counts(self, account_id: str) -> Counts:
        """What the account holds."""

    def accounts(self) -> list[str]:
        """Account ids, in order."""

    def export_rows(
        self, account_id: str, *, with_logins: bool = False
    ) -> Iterator[tuple[str, dict[str, object]]]:
        """(table, row) for everything that is the account's or that it subscribes to.

        Vectors and matches are left out: they are recomputed. Tokens are left out: secrets
        stay where they were made; so do the logins of feeds unless they are asked for.
        """

    def import_rows(self, account_id: str, rows: Iterable[tuple[str, dict[str, object]]]) -> int:
        """Read exported rows into an empty account, in one transaction; returns their number.

        ConflictError if the account holds contacts, feeds or touches.
        """

    def erase_account(self, account_id: str) -> dict[str, int]:
        """Erase an account with everything that is its own, leaving no trace.

        Returns what went: how many rows of each kind. What other accounts read stays.
        """

    def check(self) -> str | None:
        """None if the file is sound, else one line about what is wrong."""

    def close(self) -> None:
        """Close every connection; the storage is not used again."""
