"""Whose turn it is, day by day: examples worked out by hand."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from recommender import rhythm
from recommender.testing import NOW, make_contact, make_touch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
APIA = ZoneInfo("Pacific/Apia")
TODAY = NOW.date()
JOE = make_contact()


def back(n: int, start: date = TODAY) -> date:
    return start - timedelta(days=n)


# Whose turn, and when.


@pytest.mark.parametrize(
    ("cadence", "least", "most"),
    [
        (1, 1, 1),
        (2, 2, 2),
        (3, 3, 3),
        (4, 4, 4),
        (5, 4, 6),
        (7, 6, 8),
        (21, 17, 25),
        (60, 48, 72),
        (180, 144, 216),
        (365, 292, 438),
    ],
)
def test_a_turn_is_a_fifth_sooner_or_later(cadence: int, least: int, most: int) -> None:
    window = rhythm.next_turn("joe", cadence, TODAY)
    assert window.earliest == TODAY + timedelta(days=least)
    assert window.latest == TODAY + timedelta(days=most)
    assert window.earliest <= window.due <= window.latest


def test_a_turn_comes_on_another_weekday_also_in_a_week() -> None:
    offsets = {(rhythm.next_turn(f"p{n}", 7, TODAY).due - TODAY).days for n in range(100)}
    assert offsets == {6, 8}


def test_a_turn_at_the_end_of_its_window_moves_back_a_day() -> None:
    offsets = {(rhythm.next_turn(f"p{n}", 6, TODAY).due - TODAY).days for n in range(100)}
    assert offsets == {5, 6}  # of 5, 6 and 7


def test_turns_after_one_evening_use_the_whole_window() -> None:
    offsets = {(rhythm.next_turn(f"p{n}", 60, TODAY).due - TODAY).days for n in range(1000)}
    assert offsets == {n for n in range(48, 73) if n % 7}


def test_somebody_s_turns_are_not_all_equally_far_apart() -> None:
    gaps = set()
    for n in range(100):
        last = TODAY + timedelta(days=n)
        gaps.add((rhythm.next_turn("joe", 60, last).due - last).days)
    assert len(gaps) > 10


def test_chance_is_the_same_on_every_machine() -> None:
    # So that a plan is the same after a restart; it must never come from hash().
    assert rhythm.chance("joe", "call") == pytest.approx(0.016951425321799718)
    assert rhythm.chance("ab", "c") != rhythm.chance("a", "bc")


@pytest.mark.parametrize("cadence", [21, 60, 180, 365])
@pytest.mark.parametrize("name", ["{}", "person-{}", "{:032x}"])
def test_a_thousand_first_turns_are_spread_over_the_first_cadence(cadence: int, name: str) -> None:
    n_people = 1000
    at = [0] * cadence
    for n in range(n_people):
        window = rhythm.first_turn(name.format(n), cadence, TODAY)
        assert window.earliest == window.due
        assert window.latest == TODAY + timedelta(days=cadence * 6 // 5)
        at[(window.due - TODAY).days] += 1
    weeks = [sum(at[n : n + 7]) for n in range(cadence - 6)]
    usual = n_people * 7 / cadence
    assert max(weeks) < usual + 5 * usual**0.5
    assert max(at) < n_people / cadence + 6 * (n_people / cadence) ** 0.5
    assert min(weeks) > usual - 5 * usual**0.5


# How often.


def test_the_contact_s_own_cadence_beats_its_groups() -> None:
    own = make_contact(cadence_days=90, groups=("Family", "Choir"))
    assert rhythm.cadence_of(own, {"Choir": 10, "Family": None}) == 90


def test_the_shortest_group_wins() -> None:
    contact = make_contact(groups=("Work", "Choir", "Friends"))
    assert rhythm.cadence_of(contact, {"Choir": 75}) == 60
    assert rhythm.cadence_of(contact, {"Choir": 45}) == 45
    assert rhythm.cadence_of(make_contact(groups=("Work", "School")), {}) == 180


def test_a_set_group_beats_what_its_name_starts_with() -> None:
    contact = make_contact(groups=("Family", "Work"))
    assert rhythm.cadence_of(contact, {}) == 21
    assert rhythm.cadence_of(contact, {"Family": 90}) == 90
    assert rhythm.cadence_of(contact, {"Family": 7}) == 7
    assert rhythm.cadence_of(contact, {"Family": 300}) == 180


def test_a_group_that_says_as_each_contact_leaves_it_to_the_others() -> None:
    contact = make_contact(groups=("Family", "Work"))
    assert rhythm.cadence_of(contact, {"Family": None}) == 180
    assert rhythm.cadence_of(contact, {"Family": None, "Work": None}) == 60


def test_without_any_word_it_is_sixty_days() -> None:
    assert rhythm.cadence_of(make_contact(), {}) == 60
    assert rhythm.cadence_of(make_contact(groups=("Choir",)), {"Friends": 7}) == 60


@pytest.mark.parametrize(
    ("days", "names"),
    [
        (21, ["Family", "Familie", "close friends", "Enge Freunde", "VIP"]),
        (60, ["Friends", "Freunde", "Neighbours", "Neighbors", "Nachbarn", "Club", "Verein"]),
        (180, ["Work", "Arbeit", "Colleagues", "Kollegen", "clients", "Kunden", "Coworkers"]),
        (365, ["Acquaintances", "Bekannte", "School", "Schule", "University", "LinkedIn"]),
        (None, ["", "Choir", "Chor", "Friend", "the family", "work friends"]),
    ],
)
def test_groups_start_with_what_their_names_say(days: int | None, names: list[str]) -> None:
    for name in names:
        for written in (name, name.upper(), f"  {name.lower()}\t"):
            assert rhythm.starting_cadence(written) == days, written


# Days.


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        # Berlin, the night to summer time: the day has 23 hours.
        (BERLIN, "2026-03-28T22:59:59", "2026-03-28"),
        (BERLIN, "2026-03-28T23:00:00", "2026-03-29"),
        (BERLIN, "2026-03-29T01:30:00", "2026-03-29"),
        (BERLIN, "2026-03-29T21:59:59", "2026-03-29"),
        (BERLIN, "2026-03-29T22:00:00", "2026-03-30"),
        # And back: 25 hours.
        (BERLIN, "2026-10-24T21:59:59", "2026-10-24"),
        (BERLIN, "2026-10-24T22:00:00", "2026-10-25"),
        (BERLIN, "2026-10-25T00:30:00", "2026-10-25"),
        (BERLIN, "2026-10-25T01:30:00", "2026-10-25"),
        (BERLIN, "2026-10-25T22:59:59", "2026-10-25"),
        (BERLIN, "2026-10-25T23:00:00", "2026-10-26"),
        (NEW_YORK, "2026-03-08T04:59:59", "2026-03-07"),
        (NEW_YORK, "2026-03-08T05:00:00", "2026-03-08"),
        (NEW_YORK, "2026-03-09T03:59:59", "2026-03-08"),
        (NEW_YORK, "2026-03-09T04:00:00", "2026-03-09"),
        (NEW_YORK, "2026-11-01T03:59:59", "2026-10-31"),
        (NEW_YORK, "2026-11-02T04:59:59", "2026-11-01"),
        (NEW_YORK, "2026-11-02T05:00:00", "2026-11-02"),
        # A late evening in New York is the next day in UTC; a morning in Samoa, the day before.
        (NEW_YORK, "2027-01-01T02:30:00", "2026-12-31"),
        (APIA, "2026-03-01T10:59:59", "2026-03-01"),
        (APIA, "2026-03-01T11:00:00", "2026-03-02"),
        # Samoa had no 30 December 2011.
        (APIA, "2011-12-30T09:59:59", "2011-12-29"),
        (APIA, "2011-12-30T10:00:00", "2011-12-31"),
        (UTC, "2026-03-29T23:59:59", "2026-03-29"),
    ],
)
def test_a_day_is_the_user_s_own(zone: ZoneInfo, at: str, day: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert rhythm.day_of(moment, zone) == date.fromisoformat(day)
    elsewhere = moment.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    assert rhythm.day_of(elsewhere, zone) == date.fromisoformat(day)


@pytest.fixture
def machine_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_without_a_zone_the_day_is_this_machine_s(machine_in: Callable[[str], None]) -> None:
    evening = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    for zone, day in [
        ("Europe/Berlin", date(2026, 3, 30)),
        ("America/New_York", date(2026, 3, 29)),
        ("Pacific/Apia", date(2026, 3, 30)),
        ("UTC", date(2026, 3, 29)),
    ]:
        machine_in(zone)
        assert rhythm.day_of(evening, None) == day, zone
    machine_in("America/New_York")
    assert rhythm.day_of(datetime(2026, 11, 2, 4, 59, tzinfo=UTC), None) == date(2026, 11, 1)
    assert rhythm.days_between(datetime(2026, 11, 2, 4, 59, tzinfo=UTC), date(2026, 11, 3), None)


def test_days_are_counted_by_the_calendar_not_by_hours() -> None:
    late = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    assert rhythm.days_between(late, date(2026, 3, 28), BERLIN) == 0
    assert rhythm.days_between(late, date(2026, 3, 29), BERLIN) == 1
    assert rhythm.days_between(late, date(2026, 3, 31), BERLIN) == 3
    assert rhythm.days_between(late, date(2026, 3, 29), APIA) == 0
    assert rhythm.days_between(late, date(2026, 3, 20), BERLIN) == 0


# Birthdays and other days of theirs.


@pytest.mark.parametrize("year", [1900, 2000, 2023, 2024, 2026, 2028, 2100])
@pytest.mark.parametrize("of", ["--", "1984-", "2000-"])
def test_each_year_keeps_each_day_once(year: int, of: str) -> None:
    is_leap = year in {2000, 2024, 2028}
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + is_leap)]
    assert days[-1] == date(year, 12, 31)
    for month_day, kept in [
        ("02-29", (2, 29) if is_leap else (2, 28)),
        ("02-28", (2, 28)),
        ("03-01", (3, 1)),
        ("01-01", (1, 1)),
        ("12-31", (12, 31)),
    ]:
        found = [day for day in days if rhythm.falls_on(of + month_day, day)]
        assert found == [date(year, *kept)], month_day


def test_nobody_has_an_unknown_birthday() -> None:
    assert not any(rhythm.falls_on("", TODAY + timedelta(days=n)) for n in range(366))


@pytest.mark.parametrize(
    ("yearly", "today", "then"),
    [
        ("--03-02", "2026-03-02", "2026-03-02"),
        ("1984-03-01", "2026-03-02", "2027-03-01"),
        ("1984-02-29", "2026-02-28", "2026-02-28"),
        ("1984-02-29", "2026-03-01", "2027-02-28"),
        ("--02-29", "2027-03-01", "2028-02-29"),
        ("--02-29", "2028-02-28", "2028-02-29"),
        ("--02-29", "2028-02-29", "2028-02-29"),
        ("--02-29", "1899-03-01", "1900-02-28"),
        ("--02-29", "2000-01-01", "2000-02-29"),
        ("--02-29", "2100-02-01", "2100-02-28"),
        ("--12-31", "2026-12-31", "2026-12-31"),
        ("--12-31", "2027-01-01", "2027-12-31"),
        ("--03-01", "2027-03-02", "2028-03-01"),
        ("--01-01", "2026-12-31", "2027-01-01"),
    ],
)
def test_the_next_time(yearly: str, today: str, then: str) -> None:
    found = rhythm.next_date(yearly, date.fromisoformat(today))
    assert found == date.fromisoformat(then)


@pytest.mark.parametrize(
    ("yearly", "day", "age"),
    [
        ("1984-02-29", date(2026, 2, 28), 42),
        ("1984-02-29", date(2028, 2, 29), 44),
        ("1900-12-31", date(2000, 12, 31), 100),
        ("2026-03-02", date(2026, 3, 2), 0),
        ("--02-29", date(2026, 2, 28), None),
        ("--12-31", date(2026, 12, 31), None),
        ("", date(2026, 3, 2), None),
    ],
)
def test_age(yearly: str, day: date, age: int | None) -> None:
    assert rhythm.age_on(yearly, day) == age


# Calls, long silences and rest.


def test_a_call_is_due_a_year_after_the_last_talk() -> None:
    added = back(2000)
    assert not rhythm.call_is_due("joe", back(0), added, TODAY)
    assert not rhythm.call_is_due("joe", back(364), added, TODAY)
    assert rhythm.call_is_due("joe", back(365), added, TODAY)
    assert rhythm.call_is_due("joe", back(900), added, TODAY)
    assert not rhythm.call_is_due("joe", TODAY + timedelta(days=3), added, TODAY)


def test_first_calls_are_spread_over_the_first_year() -> None:
    due = [
        sum(rhythm.call_is_due(f"p{n}", None, back(days), TODAY) for n in range(1000))
        for days in range(0, 366, 5)
    ]
    assert due[0] < 10
    assert due[-1] == 1000
    assert all(0 <= later - sooner < 35 for sooner, later in pairwise(due))


def test_the_first_call_does_not_wait_for_the_first_turn_nor_come_with_it() -> None:
    together = 0
    for n in range(200):
        turn = (rhythm.first_turn(f"p{n}", 365, TODAY).due - TODAY).days
        call = next(
            days
            for days in range(366)
            if rhythm.call_is_due(f"p{n}", None, TODAY, TODAY + timedelta(days=days))
        )
        together += abs(turn - call) < 18
    assert together < 40


def test_dormant_is_more_than_a_year_without_a_touch() -> None:
    assert not rhythm.is_dormant(back(365), back(2000), TODAY)
    assert rhythm.is_dormant(back(366), back(2000), TODAY)
    assert not rhythm.is_dormant(None, back(365), TODAY)
    assert rhythm.is_dormant(None, back(366), TODAY)
    assert not rhythm.is_dormant(back(1), back(366), TODAY)
    assert not rhythm.is_dormant(TODAY + timedelta(days=400), back(2000), TODAY)


@pytest.mark.parametrize(
    ("kind", "direction", "days"),
    [
        ("sent", "out", 1),
        ("ask", "out", 1),
        ("call", "out", 3),
        ("call", "in", 3),
        ("met", "out", 3),
        ("received", "in", 3),
        ("ask", "in", 3),
    ],
)
def test_rest_after_a_touch(kind: str, direction: str, days: int) -> None:
    for n in range(-5, 8):
        touch = make_touch(JOE, NOW - timedelta(days=n), kind=kind, direction=direction)
        assert rhythm.is_at_rest(touch, TODAY, UTC) == (n < days), n


def test_a_hard_event_is_hard_for_thirty_days() -> None:
    for n in range(-5, 60):
        hard = make_contact(hard_at=NOW - timedelta(days=n))
        assert rhythm.is_hard(hard, TODAY, UTC) == (n < 30), n


def test_without_a_hard_event_or_a_touch_there_is_no_quiet() -> None:
    assert not rhythm.is_hard(JOE, TODAY, UTC)
    assert not rhythm.is_at_rest(None, TODAY, UTC)


def test_rest_ends_at_midnight_of_the_user() -> None:
    evening = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)  # 23:30 in Berlin, winter time by then
    talk = make_touch(JOE, evening, kind="call")
    assert rhythm.is_at_rest(talk, date(2026, 10, 27), BERLIN)
    assert not rhythm.is_at_rest(talk, date(2026, 10, 28), BERLIN)
    assert rhythm.is_at_rest(talk, date(2026, 10, 28), APIA)
    letter = make_touch(JOE, evening)
    assert rhythm.is_at_rest(letter, date(2026, 10, 25), BERLIN)
    assert not rhythm.is_at_rest(letter, date(2026, 10, 26), BERLIN)
    hard = make_contact(hard_at=evening)
    assert rhythm.is_hard(hard, date(2026, 11, 23), BERLIN)
    assert not rhythm.is_hard(hard, date(2026, 11, 24), BERLIN)
    assert rhythm.is_hard(hard, date(2026, 11, 24), APIA)


# In words.


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-400, "today"),
        (-1, "today"),
        (0, "today"),
        (1, "yesterday"),
        (2, "2 days ago"),
        (20, "20 days ago"),
        (21, "3 weeks ago"),
        (69, "9 weeks ago"),
        (70, "2 months ago"),
        (365, "12 months ago"),
        (729, "24 months ago"),
        (730, "2 years ago"),
        (1095, "3 years ago"),
    ],
)
def test_ago_at_the_edges_of_its_units(days: int, words: str) -> None:
    assert rhythm.ago(NOW - timedelta(days=days), NOW) == words


@pytest.mark.parametrize(
    ("kind", "direction", "words"),
    [
        ("sent", "out", "You last wrote 9 days ago"),
        ("ask", "out", "You last wrote 9 days ago"),
        ("call", "out", "You last spoke 9 days ago"),
        ("met", "out", "You last met 9 days ago"),
        ("received", "in", "They wrote 9 days ago"),
    ],
)
def test_last_contact_in_words(kind: str, direction: str, words: str) -> None:
    touch = make_touch(JOE, NOW - timedelta(days=9), kind=kind, direction=direction)
    assert rhythm.last_contact(touch, NOW) == words


def test_last_contact_with_a_stranger() -> None:
    assert rhythm.last_contact(None, NOW) == "You have not been in touch yet"
