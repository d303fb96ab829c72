"""What every storage promises: groups, preferences and plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from recommender.domain import Group, Slot
from recommender.testing.builders import NOW, fill

if TYPE_CHECKING:
    from recommender.storage.protocol import Storage


class RhythmContract:
    """Groups, preferences and plans; part of `StorageContract`."""

    def test_groups_are_put_and_forgotten(self, storage: Storage) -> None:
        """By name; the last word counts."""
        storage.rhythm.put_group("me", Group("Choir", 30), now=NOW)
        storage.rhythm.put_group("me", Group("Choir", 60), now=NOW)
        storage.rhythm.put_group("me", Group("Aunts", None), now=NOW)
        storage.rhythm.put_group("other", Group("Choir", 1), now=NOW)
        assert storage.rhythm.groups("me") == [Group("Aunts", None), Group("Choir", 60)]
        assert storage.rhythm.delete_group("me", "Choir")
        assert not storage.rhythm.delete_group("me", "Choir")
        assert storage.rhythm.groups("other") == [Group("Choir", 1)]

    def test_preferences_are_the_accounts(self, storage: Storage) -> None:
        """Set, changed, forgotten."""
        storage.rhythm.put_preference("me", "minutes", "5", now=NOW)
        storage.rhythm.put_preference("me", "minutes", "9", now=NOW)
        assert storage.rhythm.preferences("me") == {"minutes": "9"}
        assert storage.rhythm.preferences("other") == {}
        storage.rhythm.put_preference("me", "minutes", "", now=NOW)
        assert storage.rhythm.preferences("me") == {}

    def test_a_plan_comes_back_as_it_went_in(self, storage: Storage) -> None:
        """With its slots in order; made anew, the old ones go."""
        contact, _ = fill(storage)
        day = NOW.date()
        slots = [
            Slot(day, contact.id, "send", 2, True, "s1"),
            Slot(day, contact.id, "call", 5, False, None, NOW),
        ]
        assert storage.rhythm.plan("me", day) is None
        storage.rhythm.put_plan("me", day, 7, slots, now=NOW)
        assert storage.rhythm.plan("me", day) == (7, slots)
        storage.rhythm.put_plan("me", day, 5, slots[:1], now=NOW)
        later = day + timedelta(days=1)
        storage.rhythm.put_plan("me", later, 5, [replace(slots[1], day=later)], now=NOW)
        assert [slot.day for slot in storage.rhythm.slots_since("me", day)] == [day, later]
        assert len(storage.rhythm.slots_since("me", later)) == 1
        storage.people.delete_contact("me", contact.id)
        assert storage.rhythm.plan("me", day) == (5, [])
