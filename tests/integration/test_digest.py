"""What a digest holds: who is due by their rhythm, with what, whom to call, and what came back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from recommender.services.digest import MOST_PICKS, Digests
from recommender.services.people import People
from recommender.services.planning import Plans
from recommender.services.standing import Standings
from recommender.services.suggest import Suggester
from recommender.testing import (
    MODEL,
    make_contact,
    make_interest,
    make_item,
    make_match,
    make_touch,
)

if TYPE_CHECKING:
    from recommender.domain import Contact, TouchKind
    from recommender.storage.sqlite import SqliteStorage

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


class Library:
    """People with what fits them."""

    def __init__(self, storage: SqliteStorage) -> None:
        self.storage = storage
        people = People(storage, "me")
        suggester = Suggester(storage, "me", 0.45)
        plans = Plans(storage, "me", people, suggester, BERLIN)
        standings = Standings(storage, "me", people, BERLIN)
        self.digests = Digests(storage, "me", people, suggester, plans, standings, BERLIN)
        url = "https://example.com/feed"
        self._feed = storage.feeds.subscribe("me", url, kind="article", title="News", now=NOW)
        storage.vectors.activate_model(MODEL)

    def add(
        self,
        name: str,
        *,
        last_days: float | None = None,
        cadence: int = 30,
        n_items: int = 3,
        birthday: str = "",
        talked_days: float | None = 10,
    ) -> Contact:
        """Somebody who heard from the user so many days ago, and so many things for them."""
        contact = make_contact(
            name,
            id=name,
            slug=name,
            cadence_days=cadence,
            birthday=birthday,
            created_at=NOW - timedelta(days=400),
        )
        self.storage.people.add_contact("me", contact)
        told: tuple[tuple[float | None, TouchKind], ...]
        told = (last_days, "sent"), (talked_days, "call")
        for days, kind in told:
            if days is not None:
                touch = make_touch(contact, id=f"{name}-{kind}", at=NOW - timedelta(days=days))
                self.storage.history.add_touch("me", replace(touch, kind=kind, direction="out"))
        self._fit(contact, n_items)
        return contact

    def _fit(self, contact: Contact, n_items: int) -> None:
        items = [
            make_item(
                f"https://example.com/{contact.id}/{n}",
                title=f"{contact.id} {('first', 'second', 'third', 'fourth')[n]} thing",
                published_at=NOW - timedelta(hours=n),
                text=f"A text about {contact.id} number {n}, {'xyzw'[n] * 5} and nothing else.",
            )
            for n in range(n_items)
        ]
        self.storage.items.put_items(items, feed_id=self._feed.id, owner_id="", now=NOW)
        ids = [row[0] for row in self.storage.items.without_vector(MODEL, limit=100)]
        self.storage.vectors.put_item_vectors(MODEL, {i: b"\1\0\0\0" + bytes(1532) for i in ids})
        interest = make_interest(contact, f"{contact.id} things", id=f"i-{contact.id}")
        self.storage.people.add_interest("me", interest)
        self.storage.vectors.put_interest_vector("me", interest.id, MODEL, bytes(1536))
        matches = [make_match(interest, item_id, 0.9 - n / 100) for n, item_id in enumerate(ids)]
        self.storage.matches.put_matches("me", MODEL, interest.id, matches, matched_seq=1, keep=20)


@pytest.fixture
def library(storage: SqliteStorage) -> Library:
    return Library(storage)


def names(cards: object) -> list[str]:
    return [card.contact.name for card in cards]  # type: ignore[attr-defined]


def test_who_is_due_comes_first_and_the_latest_first(library: Library) -> None:
    library.add("late", last_days=60, talked_days=300)
    library.add("later", last_days=90, talked_days=300)
    library.add("early", last_days=20, talked_days=300)
    library.add("fresh", last_days=3, talked_days=300)
    found = library.digests.build(now=NOW)
    assert names(found.cards) == ["later", "late", "early"]
    assert [card.is_due for card in found.cards] == [True, True, False]
    assert [len(card.suggestions) for card in found.cards] == [3, 3, 3]
    assert found.n_without == 0


def test_nobody_is_pushed_where_there_is_little(library: Library) -> None:
    library.add("fresh", last_days=3, talked_days=300)
    library.add("bare", last_days=90, n_items=0, talked_days=300)
    found = library.digests.build(now=NOW)
    assert found.cards == ()
    assert found.n_without == 1


def test_at_most_seven_people_and_a_few_things(library: Library) -> None:
    for n in range(12):
        library.add(f"p{n:02}", last_days=60 + n, talked_days=300)
    found = library.digests.build(now=NOW)
    assert len(found.cards) == 7
    assert sum(len(card.suggestions) for card in found.cards) == MOST_PICKS
    # Nobody has a third thing before everybody has a second.
    counts = [len(card.suggestions) for card in found.cards]
    assert counts == [2, 2, 2, 2, 2, 1, 1]


def test_two_easy_ones_before_each_who_heard_nothing_for_a_year(library: Library) -> None:
    for n in range(3):
        library.add(f"dormant{n}", last_days=390, talked_days=None)
    for n in range(4):
        library.add(f"easy{n}", last_days=60, talked_days=300)
    found = [name[:-1] for name in names(library.digests.build(now=NOW).cards)]
    assert found == ["easy", "easy", "dormant", "easy", "easy", "dormant", "dormant"]


def test_who_talked_just_now_is_left_in_peace(library: Library) -> None:
    contact = library.add("late", last_days=60, talked_days=300)
    assert names(library.digests.build(now=NOW).cards) == ["late"]
    library.storage.history.add_touch(
        "me", make_touch(contact, id="came", at=NOW - timedelta(hours=5))
    )
    assert library.digests.build(now=NOW).cards == ()


def test_a_year_without_a_talk_is_a_call_and_no_second_ask(library: Library) -> None:
    library.add("caller", last_days=60, talked_days=370)
    library.add("other", last_days=60, talked_days=380)
    found = library.digests.build(now=NOW)
    assert [call.contact.name for call in found.calls] == ["caller"]
    assert "“caller first thing” (caller things)" in found.calls[0].topics
    assert names(found.cards) == ["other"]


def test_days_of_the_week_to_come(library: Library) -> None:
    library.add("today", birthday="1980-11-26")
    library.add("wednesday", birthday="--12-02")
    library.add("later", birthday="--12-03")
    found = library.digests.build(now=NOW)
    assert [one.contact.name for one in found.occasions] == ["today", "wednesday"]


def test_what_came_back_within_the_week(library: Library) -> None:

    contact = library.add("giver")
    (item_id, *_) = [c.item_id for c in library.storage.matches.candidates("me", "giver", limit=1)]
    for days, of in ((1.0, item_id), (6.9, None), (7.1, None)):
        touch = make_touch(contact, id=f"t{days}", at=NOW - timedelta(days=days))
        library.storage.history.add_touch(
            "me", replace(touch, kind="received", direction="in", item_id=of)
        )
    found = library.digests.build(now=NOW).came_back
    assert [reply.title for reply in found] == ["giver first thing", ""]


def test_ideas_are_for_whoever_waits_longest_due_or_not(library: Library) -> None:
    library.add("fresh", last_days=3, talked_days=300)
    library.add("late", last_days=60, talked_days=300)
    found = library.digests.ideas(now=NOW, n_people=5)
    assert names(found) == ["late", "fresh"]
    assert [len(card.suggestions) for card in found] == [1, 1]


def test_the_same_twice(library: Library) -> None:
    for n in range(9):
        library.add(f"p{n}", last_days=10 * n, talked_days=300 + 20 * n)
    assert library.digests.build(now=NOW) == library.digests.build(now=NOW)


def test_everybody_who_is_asked_for_has_at_least_one_thing(library: Library) -> None:
    for n in range(15):
        library.add(f"p{n:02}", last_days=60 + n, talked_days=300)
    found = library.digests.build(now=NOW, n_people=20)
    assert [len(card.suggestions) for card in found.cards] == [1] * 15
