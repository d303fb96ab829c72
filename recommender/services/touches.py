"""Touches: logged by hand, listed, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.domain import CHANNELS, DIRECTIONS, TOUCH_KINDS, Touch
from recommender.errors import InvalidInput
from recommender.services.checking import MAX_NOTES_CHARACTERS, new_id

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Channel, Contact, Direction, TouchKind
    from recommender.storage.protocol import Storage


class Touches:
    """The touches of one account."""

    def __init__(self, storage: Storage, account_id: str) -> None:
        self._storage = storage
        self._account_id = account_id

    def log(
        self,
        contact: Contact,
        kind: TouchKind,
        *,
        now: datetime,
        at: datetime | None = None,
        direction: Direction | None = None,
        note: str = "",
        channel: Channel | None = None,
    ) -> Touch:
        """Log a touch.

        Args:
            contact: With whom.
            kind: sent, call, met, received or ask.
            now: Aware time; no touch lies after it.
            at: When it was; `now` if not said.
            direction: out or in; "received" is in, everything else out, if not said.
            note: A line for the user's own memory.
            channel: How, if that is worth keeping.

        Raises:
            InvalidInput: A value can't be used.
        """
        if kind not in TOUCH_KINDS:
            raise InvalidInput(f"a touch is one of {', '.join(TOUCH_KINDS)}, not “{kind}”")
        way: Direction = direction or ("in" if kind == "received" else "out")
        if way not in DIRECTIONS:
            raise InvalidInput(f"the direction is out or in, not “{way}”")
        if at is not None and at > now:
            raise InvalidInput("a touch can't lie in the future")
        if len(note) > MAX_NOTES_CHARACTERS:
            raise InvalidInput(f"the note is longer than {MAX_NOTES_CHARACTERS} characters")
        if channel is not None and channel not in CHANNELS:
            raise InvalidInput(f"a channel is one of {', '.join(CHANNELS)}, not “{channel}”")
        touch = Touch(new_id(), contact.id, kind, way, at or now, note, None, None, channel)
        self._storage.history.add_touch(self._account_id, touch)
        return touch

    def all(self, contact: Contact | None = None) -> list[Touch]:
        """Touches with one contact or with all, newest first."""
        return self._storage.history.touches(self._account_id, contact.id if contact else None)

    def last(self) -> dict[str, Touch]:
        """Contact id -> newest touch."""
        return self._storage.history.last_touches(self._account_id)

    def remove(self, touch_id: str) -> None:
        """Take a touch back."""
        self._storage.history.delete_touch(self._account_id, touch_id)
