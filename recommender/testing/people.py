"""What every storage promises: people, their history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.domain import (
    Details,
    NameParts,
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
from recommender.testing.builders import (
    MODEL,
    NOW,
    fill,
    make_contact,
    make_interest,
    make_match,
    make_touch,
    raises,
)

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
            groups=("Choir", "Küche"),
            birthday="--02-29",
            paused_until=NOW,
            hard_at=NOW,
            archived_at=NOW,
            details=Details(
                parts=NameParts("Benali", "Aïcha", suffix="MD"),
                nicknames=("Ish",),
                phones=("+49 30 1234",),
                addresses=("Weg 1, Berlin",),
                role="baker",
                feeds=("https://benali.example/feed",),
                languages=("de", "fr"),
                time_zone="Europe/Berlin",
                channel="post",
                anniversary="2010-05-01",
                uids=("urn:uuid:1", "2"),
            ),
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

    def test_many_are_put_at_once(self, storage: Storage) -> None:
        """New ones are added, known ones replaced with all that hangs on them left alone."""
        contact, interest = fill(storage)
        storage.history.add_touch("me", make_touch(contact))
        other = make_contact("Ann Other", id="c2", slug="ann-other")
        new = make_interest(other, "jazz", id="i2")
        storage.people.put_contacts("me", [replace(contact, town="Lyme"), other], [new])
        assert storage.people.contact("me", contact.id).town == "Lyme"
        assert storage.people.interests("me") == [interest, new]
        assert len(storage.history.touches("me")) == 1
        with raises(ConflictError):
            storage.people.put_contacts(
                "me", [make_contact("Third", id="c3", slug="c3"), replace(other, id="c4")], []
            )
        assert len(storage.people.contacts("me")) == 2

    def test_erasing_says_what_went(self, storage: Storage) -> None:
        """Nothing that names the contact is left."""
        contact, interest = fill(storage)
        storage.history.add_touch("me", make_touch(contact))
        storage.matches.put_matches(
            "me", MODEL, interest.id, [make_match(interest, 1)], matched_seq=3, keep=9
        )
        erased = storage.people.delete_contact("me", contact.id)
        assert (erased["interests"], erased["touches"], erased["matches"]) == (1, 1, 1)
        assert storage.counts("me").matches == 0
        with raises(ContactNotFound):
            storage.people.delete_contact("me", contact.id)

    def test_a_merge_moves_everything_and_can_be_undone(self, storage: Storage) -> None:
        """Interests, matches, touches and what was sent; exactly as before after the undo."""
        joe, sailing = fill(storage)
        double = make_contact("J. Ferraro", id="c2", slug="j-ferraro", emails=("jf@e.example",))
        jazz, same = (
            make_interest(double, "jazz", id="i2"),
            make_interest(double, "Sailing", id="i3"),
        )
        storage.people.put_contacts("me", [double], [jazz, same])
        for interest in (sailing, jazz):
            matches = [make_match(interest, 1)]
            storage.matches.put_matches("me", MODEL, interest.id, matches, matched_seq=3, keep=9)
        item = storage.items.items("me")[0]
        ref = suggestion_id("me", double.id, item.key)
        sent = StatusEvent(ref, double.id, item.id, item.key, "sent", NOW, None)
        storage.history.add_status("me", sent, make_touch(double))
        before = sorted(map(repr, storage.export_rows("me")))
        merged = replace(joe, emails=(*joe.emails, "jf@e.example"))
        storage.people.merge_contacts("me", merged, double)
        assert storage.people.contacts("me") == [merged]
        assert [i.phrase for i in storage.people.interests("me", joe.id)] == ["sailing", "jazz"]
        assert [t.contact_id for t in storage.history.touches("me")] == [joe.id]
        (event,) = storage.history.statuses("me", joe.id)
        ids = {c.suggestion_id for c in storage.matches.candidates("me", joe.id, limit=9)}
        assert event.suggestion_id == suggestion_id("me", joe.id, event.item_key)
        assert all(storage.matches.contact_of("me", one) == joe.id for one in ids)
        assert storage.people.undo_merge("me", joe.id) == (joe, double)
        assert sorted(map(repr, storage.export_rows("me"))) == before
        assert len(storage.matches.candidates("me", double.id, limit=9)) == 1
        with raises(ConflictError):
            storage.people.undo_merge("me", joe.id)

    def test_a_contact_is_split(self, storage: Storage) -> None:
        """What was chosen goes to the new one, the rest stays."""
        joe, sailing = fill(storage)
        touch = make_touch(joe)
        storage.history.add_touch("me", touch)
        new = make_contact("Joe Other", id="c2", slug="joe-other")
        storage.people.split_contact(
            "me", replace(joe, notes="split"), new, interest_ids=[sailing.id], touch_ids=[touch.id]
        )
        assert storage.people.interests("me", new.id)[0].id == sailing.id
        assert storage.history.touches("me", joe.id) == []
        assert storage.people.contact("me", joe.id).notes == "split"

    def test_letters_are_logged_once(self, storage: Storage) -> None:
        """A touch with a source is there once for a contact; the newest talk is told apart."""
        contact, _ = fill(storage)
        call = make_touch(contact, NOW - timedelta(days=9), id="c", kind="call")
        letters = [make_touch(contact, id=str(n), source="<1@e.example>") for n in range(2)]
        assert storage.history.put_touches("me", [call, *letters]) == 2
        assert storage.history.put_touches("me", letters) == 0
        assert storage.history.last_talks("me") == {contact.id: NOW - timedelta(days=9)}
