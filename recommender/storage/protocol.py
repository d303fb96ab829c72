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
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from recommender.domain import (
        Candidate,
        Contact,
        Counts,
        Feed,
        FullText,
        Group,
        Interest,
        Item,
        Kind,
        Level,
        Login,
        Match,
        NewItem,
        PageWanted,
        Revision,
        Slot,
        StatusEvent,
        Token,
        Told,
        Touch,
        Unplaced,
        Unrated,
    )


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


class FeedStore(Protocol):
    """Feeds, who subscribes to them, and how their last check went."""

    def subscribe(
        self,
        account_id: str,
        url: str,
        *,
        kind: Kind,
        title: str,
        now: datetime,
        folders: Sequence[str] = (),
        login: Login | None = None,
    ) -> Feed:
        """Put a subscription; the feed is made if no account had it before.

        With a login it is the account's own feed: its items are seen by nobody else.
        """

    def unsubscribe(self, account_id: str, feed_id: int) -> None:
        """End a subscription and drop matches with items no other subscription brings.

        A feed with a login goes altogether, with its login.
        """

    def feeds(self, account_id: str) -> list[Feed]:
        """The account's feeds, by title then id, with the folders it keeps them in."""

    def subscribed_feeds(self) -> list[Feed]:
        """Every feed that any account subscribes to, by id."""

    def put_state(self, feed: Feed) -> None:
        """Write a feed's title, validators, health and rhythm; FeedNotFound if it is gone."""

    def set_full_text(self, feed_id: int, full_text: FullText) -> None:
        """Choose whether summaries are completed from their pages."""

    def move(self, feed_id: int, url: str) -> None:
        """Give a feed its new address; if another feed has it, they become one."""

    def login(self, feed_id: int) -> Login | None:
        """What the feed's server is shown, if anything. Secret."""

    def n_summaries(self, feed_id: int, *, longest: int, of: int) -> tuple[int, int]:
        """(how many of the feed's newest `of` articles are this short, how many there are)."""


class ItemStore(Protocol):
    """The pool."""

    def put_items(
        self, items: Sequence[NewItem], *, feed_id: int | None, owner_id: str, now: datetime
    ) -> tuple[int, int]:
        """Put items; returns how many were (added, changed).

        `owner_id` is empty for shared items, an account for a saved page. An entry is the item
        that one of its keys names and `recommender.sameness` bears out. One whose content_hash
        changed is rewritten, at most 24 times a day, what it was is kept as a revision, and
        its vectors and matches are dropped, so that the next refresh makes them anew.
        """

    def revisions(self, item_id: int) -> list[Revision]:
        """What the item was before each update, newest first."""

    def expire(self, before: datetime, *, now: datetime) -> int:
        """Make tombstones of shared articles fetched before a moment; returns their number.

        A tombstone keeps its keys and title, so that the entry does not come back. Jokes,
        saved pages and what anybody opened, sent, put off or turned down stay.
        """

    def awaiting_full_text(self, *, since: datetime, longest: int) -> list[PageWanted]:
        """Summaries fetched since a moment whose page was not tried yet, newest first."""

    def put_full_text(self, item_id: int, text: str | None, minutes: int | None) -> None:
        """Note that an item's page was tried; its text replaces the summary if there is any."""

    def without_story(self, *, limit: int) -> list[Unplaced]:
        """Articles with a vector that have no story yet, oldest id first."""

    def stories(self, item_ids: Sequence[int]) -> dict[int, Told]:
        """Item id -> its story, for those that have one."""

    def told_between(self, first: datetime, last: datetime) -> list[int]:
        """Ids of articles with a story told in a span of time, by id."""

    def sharing_bands(self, bands: Sequence[int]) -> list[int]:
        """Ids of items that share a band of their signature with these, by id."""

    def put_story(self, item_id: int, story: str, bands: Sequence[int]) -> None:
        """Give an item its story and the bands it is found by."""

    def unrated(self, *, limit: int) -> list[Unrated]:
        """Items whose level was not judged yet, by id; a rewritten item is one of them again."""

    def n_unrated(self) -> int:
        """How many items were not judged yet."""

    def put_ratings(self, ratings: Mapping[int, tuple[Level, Sequence[str]]]) -> None:
        """Put the level and topics of items; vanished ones are left out."""

    def item(self, account_id: str, item_id: int) -> Item:
        """One item visible to the account, or ItemNotFound."""

    def items(
        self,
        account_id: str,
        *,
        kind: Kind | None = None,
        search: str = "",
        before_id: int | None = None,
        limit: int = 50,
    ) -> list[Item]:
        """The account's visible items, newest id first, below `before_id`."""

    def texts(self, item_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Item id -> (title, text) for those that exist."""

    def looks(self, item_ids: Sequence[int]) -> list[tuple[str, str, str | None]]:
        """(title, content hash, story) of items, for those that exist."""

    def without_vector(self, model_key: str, *, limit: int) -> list[tuple[int, str, str]]:
        """(id, title, text) of items this model has not embedded yet, by id."""

    def n_without_vector(self, model_key: str) -> int:
        """How many items this model has not embedded yet."""


class VectorStore(Protocol):
    """Unit vectors as little-endian float32 bytes, one per (model, item) or (model, interest)."""

    def put_item_vectors(self, model_key: str, vectors: Mapping[int, bytes]) -> None:
        """Put vectors of items; each gets the next sequence number. Vanished items are left out."""

    def item_vectors_after(
        self, model_key: str, seq: int, *, limit: int
    ) -> list[tuple[int, int, bytes]]:
        """(seq, item_id, vector) with a higher sequence number, in its order."""

    def item_vectors(self, model_key: str, item_ids: Sequence[int]) -> dict[int, bytes]:
        """Item id -> vector, for those that have one."""

    def item_ids_by_seq(self, model_key: str, seqs: Sequence[int]) -> dict[int, int]:
        """Seq -> item id for the vectors that are still current."""

    def last_seq(self, model_key: str) -> int:
        """The highest sequence number in use, 0 when there is none."""

    def put_interest_vector(
        self, account_id: str, interest_id: str, model_key: str, vector: bytes
    ) -> None:
        """Put an interest's vector; what it was matched with is forgotten."""

    def interest_vectors(self, account_id: str, model_key: str) -> dict[str, tuple[bytes, int]]:
        """Interest id -> (vector, sequence number up to which it has been matched)."""

    def background(self, model_key: str) -> tuple[bytes, float, bytes] | None:
        """The model's (mean vector, deviation of unrelated cosines, subject vectors), or None."""

    def mean(self, model_key: str) -> bytes | None:
        """The model's mean vector alone, or None."""

    def put_background(
        self, model_key: str, mean: bytes, deviation: float, subjects: bytes
    ) -> None:
        """Put the model's background; idempotent."""

    def active_model(self) -> str | None:
        """The model key whose matches are served, or None before the first refresh."""

    def activate_model(self, model_key: str) -> None:
        """Serve this model's matches and drop every other model's vectors and matches."""


class MatchStore(Protocol):
    """Matches: written by matching, read by suggest."""

    def put_matches(
        self,
        account_id: str,
        model_key: str,
        interest_id: str,
        matches: Iterable[Match],
        *,
        matched_seq: int,
        keep: int,
    ) -> None:
        """Put matches of one interest, keep its best `keep`, and note how far it was matched.

        Ties in relevance are settled by the item's key, so any order of calls over the same
        items leaves the same rows. Items the account can't see are left out.
        """

    def visible(self, account_id: str, item_ids: Sequence[int]) -> set[int]:
        """Which of the items the account can see."""

    def candidates(self, account_id: str, contact_id: str, *, limit: int) -> list[Candidate]:
        """The contact's best matches under the active model, by relevance, then item key.

        Those with what the contact avoids are left out; see `avoided`.
        """

    def avoided(self, account_id: str, contact_id: str, *, at_least: float) -> set[int]:
        """Items that match, with this relevance or more, what the contact would rather not see."""

    def candidate(self, account_id: str, suggestion_id: str) -> Candidate | None:
        """The best match behind a suggestion id, or None."""

    def contact_of(self, account_id: str, suggestion_id: str) -> str | None:
        """Whose suggestion this is, from matches or history."""


class HistoryStore(Protocol):
    """What was done with suggestions, touches with people, and tokens."""

    def add_status(self, account_id: str, event: StatusEvent, touch: Touch | None) -> None:
        """Append a status event, and the touch it stands for, in one transaction."""

    def undo_status(self, account_id: str, suggestion_id: str) -> StatusEvent:
        """Take the newest event and its touch back; ConflictError if there is none."""

    def statuses(self, account_id: str, contact_id: str | None = None) -> list[StatusEvent]:
        """The current (newest) event of each suggestion, oldest first."""

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

    def add_token(self, account_id: str, token: Token, token_hash: str) -> None:
        """Add a token; ConflictError if the account has one of this name in force."""

    def revoke_token(self, account_id: str, ref: str, now: datetime) -> Token:
        """Revoke by id or name, or TokenNotFound."""

    def tokens(self, account_id: str) -> list[Token]:
        """All tokens, oldest first."""

    def account_of_token(self, token_hash: str, now: datetime) -> str | None:
        """The account a token in force belongs to (its use is noted), or None."""


class RhythmStore(Protocol):
    """Groups with their cadence, the user's preferences, and the plans of days."""

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
    def history(self) -> HistoryStore:
        """Statuses, touches, tokens."""

    @property
    def rhythm(self) -> RhythmStore:
        """Groups, preferences, plans."""

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

    def check(self) -> str | None:
        """None if the file is sound, else one line about what is wrong."""

    def close(self) -> None:
        """Close every connection; the storage is not used again."""
