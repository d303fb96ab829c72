"""The part of the storage contract that is shared by all accounts: feeds, items, vectors, matches.

See `recommender.storage.protocol`, whose promises hold here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from recommender.domain import (
        Candidate,
        Enjoys,
        Feed,
        FullText,
        Item,
        Kind,
        Level,
        Login,
        Match,
        NewItem,
        PageWanted,
        Revision,
        Told,
        Unplaced,
        Unrated,
    )


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

    def awaiting_full_text(
        self, *, since: datetime, longest: int, feed_id: int | None = None
    ) -> list[PageWanted]:
        """Summaries fetched since a moment whose page was not tried yet, newest first.

        Of all feeds, or of one.
        """

    def put_full_text(self, item_id: int, text: str | None, minutes: int | None) -> None:
        """Note that an item's page was tried; its text replaces the summary if there is any."""

    def without_story(self, *, limit: int) -> list[Unplaced]:
        """Articles with a vector that have no story yet, by the time they were told, then key.

        In that order they find their stories, whatever order they came in.
        """

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

    def own_by_key(self, account_id: str, key: str) -> Item:
        """The item of the account's own that a key names, or ItemNotFound."""

    def delete_own(self, account_id: str, item_id: int) -> None:
        """Erase a page the account saved, or ItemNotFound; ConflictError if somebody had it."""

    def own_ids(self, account_id: str, item_ids: Sequence[int]) -> set[int]:
        """Which of the items are pages that the account saved."""

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
        after_seq: int = 0,
        matched_seq: int,
        keep: int,
    ) -> None:
        """Put matches of one interest, keep its best `keep`, and note how far it was matched.

        If it is not matched up to `after_seq`, as it was when it was read, what it has met was
        put back meanwhile: the note stays as it is, and the interest is matched once more.

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

    def enjoyed_by(
        self, account_id: str, item_ids: Sequence[int], *, at_least: float
    ) -> dict[int, list[Enjoys]]:
        """Item id -> whom it would be for, best first; one interest a contact."""

    def contact_of(self, account_id: str, suggestion_id: str) -> str | None:
        """Whose suggestion this is, from matches or history."""
