"""What the user does not want suggested to anybody: a source, or a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.account import MUTE_KINDS, Mute
from recommender.errors import InvalidInput, NotFoundError
from recommender.services.checking import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.account import MuteKind
    from recommender.storage.protocol import Storage

MAX_CHARACTERS = 200


class Mutes:
    """The mutes of one account; `safety.is_muted` is what they do."""

    def __init__(self, storage: Storage, account_id: str) -> None:
        self._storage = storage
        self._account_id = account_id

    def all(self) -> list[Mute]:
        """All of them, oldest first."""
        return self._storage.rhythm.mutes(self._account_id)

    def add(self, kind: MuteKind, value: str, *, now: datetime) -> Mute:
        """Mute a source, by the name that items have it by, or a topic, by its words.

        Raises:
            InvalidInput: There is no such kind, or no word in the value.
        """
        if kind not in MUTE_KINDS:
            raise InvalidInput(f"what is muted is one of {', '.join(MUTE_KINDS)}, not “{kind}”")
        value = one_line(value, what=f"the {kind}", limit=MAX_CHARACTERS)
        if kind == "topic":
            value = value.casefold()
            if not any(letter.isalnum() for letter in value):
                raise InvalidInput("a topic has at least one word")
        mute = Mute(kind, value, now)
        self._storage.rhythm.put_mute(self._account_id, mute)
        return mute

    def remove(self, kind: MuteKind, value: str) -> None:
        """Take a mute back, or NotFoundError."""
        if not self._storage.rhythm.delete_mute(self._account_id, kind, value):
            raise NotFoundError(f"the {kind} “{value}” is not muted", ref=value)
