"""What every storage promises: people, their history."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.domain import (
    StatusEvent,
    Touch,
    suggestion_id,
)
from recommender.errors import (
    ConflictError,
    ContactNotFound,
    FeedNotFound,
    InterestNotFound,
    ItemNotFound,
)
from recommender.testing.builders import NOW, fill, make_contact, make_interest, raises

if TYPE_CHECKING:
    from recommender.storage.protocol import Storage


class PeopleContract:
    """People, their history; part of `StorageContract`."""

    def test_a_contact_comes_back_as_it_went_in(self, storage: Storage) -> None:
        """Every field survives."""
        contact = make_contact(
            "Aïcha Benali",
            emails=("a@b.example", "c@d.example"),
            employer="Stadtwerk",
            notes="line one\nline two",
            own_sites=("benali.example",),
            humour="clean",
            cadence_days=40,
        )
        storage.people.add_contact("me", contact)
        assert storage.people.contact("me", contact.id) == contact
        assert storage.people.contacts("me") == [contact]

    def test_ids_and_slugs_are_taken_once(self, storage: Storage) -> None:
        """A second contact with either is a conflict, and leaves no trace."""
        storage.people.add_contact("me", make_contact())
        with raises(ConflictError):
            storage.people.add_contact("me", make_contact())
        with raises(ConflictError):
            storage.people.add_contact("me", make_contact(id="other"))
        assert len(storage.people.contacts("me")) == 1

    def test_finding_people(self, storage: Storage) -> None:
        """By id, e-mail, name, first name and slug; two of one name are both found."""
        joe, other = make_contact(), make_contact("Joe Blake", emails=("blake@example.com",))
        for contact in (joe, other):
            storage.people.add_contact("me", contact)
        find = storage.people.find_contacts
        assert find("me", joe.id) == [joe]
        assert find("me", "BLAKE@example.com") == [other]
        assert find("me", "joe ferraro") == [joe]
        assert set(find("me", "joe")) == {joe, other}
        assert find("me", "nobody") == []
        aicha = make_contact("Aïcha Benali")
        storage.people.add_contact("me", aicha)
        assert find("me", "aicha") == [aicha]

    def test_accounts_do_not_see_each_other(self, storage: Storage) -> None:
        """Nothing of one account can be read or erased by another."""
        contact, interest = fill(storage, "one")
        assert storage.people.contacts("two") == []
        assert storage.people.interests("two") == []
        assert storage.feeds.feeds("two") == []
        assert storage.items.items("two") == []
        assert storage.counts("two").items == 0
        with raises(ContactNotFound):
            storage.people.contact("two", contact.id)
        with raises(ContactNotFound):
            storage.people.delete_contact("two", contact.id)
        with raises(InterestNotFound):
            storage.people.delete_interest("two", interest.id)
        with raises(ItemNotFound):
            storage.items.item("two", 1)
        with raises(FeedNotFound):
            storage.feeds.unsubscribe("two", storage.feeds.feeds("one")[0].id)
        assert storage.people.contact("one", contact.id) == contact

    def test_a_phrase_is_an_interest_once(self, storage: Storage) -> None:
        """Case does not make a second one."""
        contact = make_contact()
        storage.people.add_contact("me", contact)
        storage.people.add_interest("me", make_interest(contact))
        with raises(ConflictError):
            storage.people.add_interest("me", make_interest(contact, "Sailing"))
        with raises(ContactNotFound):
            storage.people.add_interest("me", make_interest(make_contact("No One")))

    def test_a_status_and_its_touch_are_undone_together(self, storage: Storage) -> None:
        """Undo leaves everything as it was before; twice is a conflict."""
        contact, _ = fill(storage)
        item = storage.items.items("me")[0]
        ref = suggestion_id("me", contact.id, item.key)
        before = (storage.history.statuses("me"), storage.history.touches("me"))
        touch = Touch("t1", contact.id, "sent", "out", NOW, "", item.id, ref)
        event = StatusEvent(ref, contact.id, item.id, item.key, "sent", NOW, None)
        storage.history.add_status("me", event, touch)
        assert storage.history.statuses("me", contact.id) == [event]
        assert storage.history.last_touches("me") == {contact.id: touch}
        assert storage.history.undo_status("me", ref) == event
        assert (storage.history.statuses("me"), storage.history.touches("me")) == before
        with raises(ConflictError):
            storage.history.undo_status("me", ref)

    def test_touches_are_newest_first(self, storage: Storage) -> None:
        """By time, not by when they were logged."""
        contact, _ = fill(storage)
        for days, name in ((1, "b"), (5, "a"), (0, "c")):
            at = NOW - timedelta(days=days)
            touch = Touch(name, contact.id, "call", "out", at, "", None, None)
            storage.history.add_touch("me", touch)
        assert [t.id for t in storage.history.touches("me")] == ["c", "b", "a"]
        storage.history.delete_touch("me", "c")
        assert storage.history.last_touches("me")[contact.id].id == "b"
