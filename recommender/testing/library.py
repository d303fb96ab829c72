"""What every storage promises: the library as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recommender.domain import (
    StatusEvent,
    Touch,
    suggestion_id,
)
from recommender.errors import (
    ConflictError,
)
from recommender.testing.builders import NOW, fill, make_contact, make_item, raises

if TYPE_CHECKING:
    from recommender.storage.protocol import Storage


class LibraryContract:
    """The library as a whole; part of `StorageContract`."""

    def test_a_transaction_is_all_or_nothing(self, storage: Storage) -> None:
        """An error undoes what came before it, also in nested ones."""

        def add_two_and_fail() -> None:
            with storage.transaction():
                storage.people.add_contact("me", make_contact())
                with storage.transaction():
                    storage.people.add_contact("me", make_contact("Maren Lindqvist"))
                raise ZeroDivisionError

        with raises(ZeroDivisionError):
            add_two_and_fail()
        assert storage.people.contacts("me") == []

    def test_naive_times_are_refused(self, storage: Storage) -> None:
        """A time without a zone could mean anything."""
        naive = NOW.replace(tzinfo=None)
        with raises(ValueError):
            storage.people.add_contact("me", make_contact(created_at=naive))
        assert storage.people.contacts("me") == []

    def test_export_and_import_round_trip(self, storage: Storage) -> None:
        """What one account exports, an empty one reads, and exports again alike."""
        contact, _ = fill(storage)
        item = storage.items.items("me")[0]
        ref = suggestion_id("me", contact.id, item.key)
        touch = Touch("t1", contact.id, "sent", "out", NOW, "n", item.id, ref)
        event = StatusEvent(ref, contact.id, item.id, item.key, "sent", NOW, None)
        storage.history.add_status("me", event, touch)
        storage.items.put_items([make_item("https://p")], feed_id=None, owner_id="me", now=NOW)
        rows = list(storage.export_rows("me"))
        assert storage.import_rows("copy", rows) == len(rows)
        assert list(storage.export_rows("copy")) == rows
        with raises(ConflictError):
            storage.import_rows("copy", rows)
