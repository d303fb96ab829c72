"""What came of a suggestion or of a page at hand, with the touch it stands for; and undo."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recommender.domain import SHARED, StatusEvent, Touch, suggestion_id
from recommender.errors import InvalidInput, SuggestionNotFound
from recommender.safety import why_not
from recommender.services.checking import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Contact, Direction, Item, Status, TouchKind
    from recommender.services.suggest import Suggester
    from recommender.storage.protocol import Storage


class Outcomes:
    """What came of the suggestions of one account.

    Args:
        storage: The library.
        account_id: Whose contacts.
        suggester: Their suggestions.
    """

    def __init__(self, storage: Storage, account_id: str, suggester: Suggester) -> None:
        self._storage = storage
        self._account_id = account_id
        self._suggester = suggester

    def note(
        self,
        suggestion_id: str,
        status: Status,
        *,
        now: datetime,
        until: datetime | None = None,
        note: str = "",
    ) -> StatusEvent:
        """Note what came of a suggestion; "sent" and "replied" also log the touch.

        Saying the same thing twice changes nothing, and what was sent stays sent, however often
        it is opened again.

        Raises:
            SuggestionNotFound: No suggestion has this id.
            InvalidInput: Snoozed without a time to come, or an impossible status.
        """
        contact = self._suggester.whose(suggestion_id)
        if status == "pending":
            raise InvalidInput("a suggestion is pending again by undo")
        if status == "snoozed" and (until is None or until <= now):
            raise InvalidInput("snoozed needs a time to come until which it sleeps")
        with self._storage.transaction():
            known = self._known(contact, suggestion_id)
            event = known or self._first(suggestion_id, contact, now)
            return self._put(replace(event, status=status, at=now, until=until), known, note)

    def note_page(
        self, contact: Contact, item: Item, status: Status, *, now: datetime, note: str = ""
    ) -> StatusEvent:
        """Note what is done with an item that the user found for a contact, suggested or not.

        Its id is the one that a suggestion of the item to the contact has, and `note` and `undo`
        go on from there.

        Raises:
            InvalidInput: The contact must not be written to.
        """
        if status != "dismissed" and (put_away := why_not(contact, now)):
            raise InvalidInput(f"{put_away}: nothing is noted")
        ref = suggestion_id(self._account_id, contact.id, item.key)
        with self._storage.transaction():
            known = self._known(contact, ref)
            event = StatusEvent(ref, contact.id, item.id, item.key, status, now, None)
            return self._put(event, known, note)

    def undo(self, suggestion_id: str) -> StatusEvent:
        """Take the last change of a suggestion back, with the touch it logged.

        Raises:
            SuggestionNotFound: No suggestion has this id.
            ConflictError: There is nothing to take back.
        """
        self._suggester.whose(suggestion_id)
        return self._storage.history.undo_status(self._account_id, suggestion_id)

    def _known(self, contact: Contact, suggestion_id: str) -> StatusEvent | None:
        events = self._storage.history.statuses(self._account_id, contact.id)
        return next((e for e in events if e.suggestion_id == suggestion_id), None)

    def _first(self, suggestion_id: str, contact: Contact, now: datetime) -> StatusEvent:
        """The event of a suggestion of which nothing came yet."""
        found = self._storage.matches.candidate(self._account_id, suggestion_id)
        if found is None:
            raise SuggestionNotFound(
                f"suggestion {suggestion_id} is of a model no longer in use", ref=suggestion_id
            )
        of = suggestion_id, contact.id, found.item_id, found.item_key
        return StatusEvent(*of, "pending", now, None)

    def _put(self, event: StatusEvent, known: StatusEvent | None, note: str) -> StatusEvent:
        """Put an event, unless it says no more than what is known."""
        touches = self._storage.history.touches(self._account_id, event.contact_id)
        was_sent = any(
            t.suggestion_id == event.suggestion_id and t.direction == "out" for t in touches
        )
        if known and _says_no_more(event, known, was_sent=was_sent):
            return known
        touch = _touch(event, note, was_sent=was_sent)
        self._storage.history.add_status(self._account_id, event, touch)
        return event


def _says_no_more(event: StatusEvent, known: StatusEvent, *, was_sent: bool) -> bool:
    """Whether an event adds nothing: the same again, or less than what was shared already."""
    if (was_sent or known.status in SHARED) and event.status in {"opened", "snoozed", "sent"}:
        return True
    return known.status == event.status and known.until == event.until


def _touch(event: StatusEvent, note: str, *, was_sent: bool) -> Touch | None:
    """The touch that a change of status stands for, if it is one."""
    said: tuple[TouchKind, Direction]
    if event.status == "replied":
        said = "received", "in"
    elif event.status in SHARED and not was_sent:
        said = "sent", "out"  # what is liked was sent, even if nobody said so
    else:
        return None
    of = event.contact_id, *said, event.at, note, event.item_id, event.suggestion_id
    return Touch(new_id(), *of)
