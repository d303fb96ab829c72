"""The part of the storage contract that tells what waits to be done, for whoever does it.

See `recommender.storage.protocol`, whose promises hold here, too. Nothing here is a list that
somebody keeps: what waits is seen from the rows themselves, so it can't be forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from recommender.account import Job
    from recommender.domain import Feed, Level, Unrated


class Prepared(NamedTuple):
    """An item with what was made of it."""

    item: Unrated
    """With the text it was made from."""
    vector: bytes
    level: Level
    topics: Sequence[str]


class BacklogStore(Protocol):
    """What waits to be done."""

    def due_feeds(self, now: datetime) -> list[int]:
        """Feeds whose next check has come, those that waited longest first."""

    def feed(self, feed_id: int) -> Feed | None:
        """A feed that somebody subscribes to, or None."""

    def unready(
        self, *, feed_id: int | None = None, before: datetime | None = None, limit: int
    ) -> list[int]:
        """Ids of items that have no level yet, by id.

        Args:
            feed_id: Only those this feed brought first.
            before: Only those that came, or were rewritten, before a moment.
            limit: How many at most.
        """

    def own_unready(self, account_id: str, *, limit: int) -> list[int]:
        """Ids of items of the account's own, such as saved pages, that have no level yet.

        Newest first.
        """

    def n_unready(self, account_id: str) -> int:
        """How many items that the account can see have no level yet."""

    def unprepared(self, model_key: str, item_ids: Sequence[int]) -> list[Unrated]:
        """Those of the items that lack a level, or a vector of this model, by id."""

    def put_prepared(self, model_key: str, prepared: Sequence[Prepared]) -> None:
        """Put vectors and levels of items whose text is still what they were made from.

        Vectors come first: an item with a level has one.
        """

    def hold_stories(self) -> None:
        """Let nobody else place stories before this transaction ends."""

    def oldest_unplaced(self) -> datetime | None:
        """Since when the longest waiting article with a vector has had no story."""

    def readers(self, item_ids: Sequence[int]) -> list[str]:
        """Accounts that can see at least one of the items, in order."""

    def behind(self, model_key: str) -> list[str]:
        """Accounts with an interest that has not met all there is under this model, in order."""

    def digest_wishes(self) -> list[tuple[str, dict[str, str]]]:
        """(account, what it has set for the digest) of those that want one by itself."""

    def digests_settled(self, weeks: Sequence[str], now: datetime) -> set[tuple[str, str]]:
        """(account, week) of digests that went out, or are not to be tried yet."""

    def news(self, account_id: str) -> dict[int, tuple[int, int]]:
        """Feed id -> how many items its last check (added, changed), for the account's feeds.

        Feeds whose last check brought nothing are left out.
        """


class JobLog(Protocol):
    """Jobs that faces started, where every host can read them."""

    def put(self, account_id: str, job: Job) -> None:
        """Put how far a job is, in place of what was known.

        ConflictError if its account is gone.
        """

    def job(self, account_id: str, job_id: str) -> Job | None:
        """A job of the account, or None."""

    def all(self, account_id: str, *, limit: int) -> list[Job]:
        """The account's newest jobs, newest first."""

    def forget(self, before: datetime) -> int:
        """Let go of jobs that nothing was heard of since a moment; returns how many."""
