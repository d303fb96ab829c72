"""When the digest falls due: four zones, both changes of the clock, sleep and second thoughts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.weekly import (
    LATEST,
    Weekly,
    coming_turn,
    due_turn,
    last_turn,
    retry_after,
    week_of,
    weekly_of,
)

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SUNDAY = 6
moments = st.integers(0, 8 * 366 * 86_400).map(
    lambda s: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
weeklies = st.builds(Weekly, st.integers(0, 6), st.times().map(lambda t: t.replace(tzinfo=None)))
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])


@given(weeklies, moments, zones)
def test_turns_enclose_now_and_are_a_week_apart(
    weekly: Weekly, now: datetime, zone: ZoneInfo
) -> None:
    last, coming = last_turn(weekly, now, zone), coming_turn(weekly, now, zone)
    assert last <= now < coming
    assert abs(coming - last - timedelta(days=7)) <= timedelta(hours=1)


@given(weeklies, moments, zones)
def test_every_week_has_one_turn(weekly: Weekly, now: datetime, zone: ZoneInfo) -> None:
    weeks = []
    for _ in range(54):
        now = coming_turn(weekly, now, zone)
        weeks.append(week_of(now.astimezone(zone).date()))
    assert len(set(weeks)) == 54


@pytest.mark.parametrize(
    ("zone", "before", "due"),
    [
        # Clocks jump from 02:00 to 03:00 (Berlin, New York) or by half an hour (Lord Howe).
        ("Europe/Berlin", "2027-03-27T12:00+01:00", "2027-03-28T03:30+02:00"),
        ("America/New_York", "2027-03-13T12:00-05:00", "2027-03-14T03:30-04:00"),
        ("Australia/Lord_Howe", "2026-10-03T12:00+10:30", "2026-10-04T02:30+11:00"),
        ("Asia/Kathmandu", "2027-03-27T12:00+05:45", "2027-03-28T02:30+05:45"),
    ],
)
def test_a_time_that_spring_leaves_out_comes_later(zone: str, before: str, due: str) -> None:
    turn = coming_turn(Weekly(SUNDAY, time(2, 30)), datetime.fromisoformat(before), ZoneInfo(zone))
    assert turn == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("zone", "before", "first", "second"),
    [
        ("Europe/Berlin", "2026-10-24T12:00+02:00", "2026-10-25T02:30+02:00", "02:30+01:00"),
        ("America/New_York", "2026-10-31T12:00-04:00", "2026-11-01T01:30-04:00", "01:30-05:00"),
        ("Australia/Lord_Howe", "2027-04-03T12:00+11:00", "2027-04-04T01:45+11:00", "01:45+10:30"),
    ],
)
def test_a_time_that_autumn_shows_twice_comes_once(
    zone: str, before: str, first: str, second: str
) -> None:
    at = datetime.fromisoformat(first)
    weekly = Weekly(SUNDAY, at.time())
    turn = coming_turn(weekly, datetime.fromisoformat(before), ZoneInfo(zone))
    assert turn == at
    again = datetime.fromisoformat(first.split("T", maxsplit=1)[0] + "T" + second)
    assert again > turn
    assert last_turn(weekly, again, ZoneInfo(zone)) == turn
    assert week_of(again.date()) == week_of(turn.astimezone(ZoneInfo(zone)).date())


def test_nothing_is_due_that_was_not_asked_for_then() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    monday = weekly_of("monday", "08:00")
    wednesday = datetime(2026, 11, 25, 12, 0, tzinfo=berlin)
    turn = datetime(2026, 11, 23, 8, 0, tzinfo=berlin)
    assert due_turn(monday, wednesday, berlin, since=LONG_AGO) == turn
    assert due_turn(monday, wednesday, berlin, since=wednesday) is None
    assert due_turn(monday, turn, berlin, since=turn) == turn


def test_a_turn_that_was_slept_through_is_let_go() -> None:
    turn = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    monday = weekly_of("monday", "")
    assert due_turn(monday, turn + LATEST - timedelta(seconds=1), UTC, since=LONG_AGO) == turn
    assert due_turn(monday, turn + LATEST, UTC, since=LONG_AGO) is None


@pytest.mark.parametrize(("day", "at"), [("noday", "08:00"), ("monday", "8"), ("monday", "25:00")])
def test_what_is_no_moment(day: str, at: str) -> None:
    with pytest.raises(ValueError):
        weekly_of(day, at)


def test_retries_wait_longer_and_longer() -> None:
    waits = [retry_after(n) for n in range(1, 12)]
    assert waits[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=6)
    assert retry_after(10_000) == timedelta(hours=6)


def test_weeks_are_those_of_iso() -> None:
    assert week_of(date(2027, 1, 3)) == "2026-W53"
    assert week_of(date(2027, 1, 4)) == "2027-W01"
