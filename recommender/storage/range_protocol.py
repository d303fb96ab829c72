"""What matching a range of accounts asks of a storage; see `recommender.storage.protocol`.

The number of statements behind a call does not grow with the number of interests, nor, beyond
the limits of one statement, with that of accounts or items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recommender.domain import Interest, Match


class Pending(NamedTuple):
    """An interest that has not met all there is."""

    account_id: str
    interest: Interest
    vector: bytes
    matched_seq: int
    """Sequence number up to which it has been matched."""


class Seen(NamedTuple):
    """What an account can see of what it has not met."""

    after_seq: int
    """Since then."""
    rows: list[tuple[int, int]]
    """(sequence number, item id) of vectors, each once, in their order."""


class RangeStore(Protocol):
    """The interests of many accounts and the new items that these see, for matching.

    Not of one account, but of the system. Ranges of accounts include both ends.
    """

    def account_ranges(self, size: int) -> list[tuple[str, str]]:
        """(first, last) of consecutive runs of so many accounts that have interests, in order."""

    def without_vector(self, model_key: str, first: str, last: str) -> list[str]:
        """Accounts of a range with an interest that has no vector of this model, in order."""

    def seq_before(self, model_key: str, n: int) -> int:
        """The sequence number after which the n newest vectors come; 0 if there are no more."""

    def behind(self, model_key: str, first: str, last: str, *, before_seq: int) -> dict[str, int]:
        """Account id -> the least number that an interest of it was matched up to, in order.

        Of the accounts of a range; those whose interests were all matched up to `before_seq` are
        left out.
        """

    def seen(self, model_key: str, after: Mapping[str, int], *, last_seq: int) -> dict[str, Seen]:
        """What accounts can see of the vectors after a number for each, up to one for all.

        From a feed that they subscribe to, or items of their own. Every account is in the
        outcome. For many the work grows with what has come since the least of the numbers, for
        one with what it can see.
        """

    def pending(
        self, model_key: str, account_ids: Sequence[str], *, before_seq: int
    ) -> list[Pending]:
        """Interests with a vector, matched up to less than a number; by account, then interest."""

    def put(
        self,
        model_key: str,
        seen: Mapping[str, Seen],
        met: Sequence[Pending],
        found: Sequence[tuple[str, Match]],
        *,
        matched_seq: int,
        keep: int,
        keep_avoided: int,
    ) -> int:
        """Put matches of many accounts, and note how far their interests were matched.

        All or nothing, and idempotent. Each interest keeps its best, as `MatchStore.put_matches`
        has it. What has changed meanwhile is left as it is, for whoever matches it next: an
        account that can see more by now, an interest that was removed, moved to another contact,
        turned round, or matched by somebody else. Matches with items that were rewritten or
        can't be seen any more are left out.

        Args:
            model_key: The model they were matched under.
            seen: What each account could see of what it had not met. Of an account that saw
                nothing, every interest that had met what was before has now met all.
            met: The interests of the others, as they were.
            found: (account, match) of theirs.
            matched_seq: Up to here they have been matched now.
            keep: How many matches an interest keeps.
            keep_avoided: How many, of what is avoided.

        Returns:
            The number of interests that have been matched further than before.
        """
