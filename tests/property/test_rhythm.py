"""Turns, days and rest, whatever the dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import rhythm
from recommender.domain import DIRECTIONS, TOUCH_KINDS
from recommender.testing import make_contact, make_touch

if TYPE_CHECKING:
    from datetime import tzinfo

    from recommender.domain import Direction, TouchKind

fast = settings(max_examples=150, deadline=None)
days = st.dates(date(1890, 1, 1), date(2210, 12, 31))
ids = st.text(max_size=12)
cadences = st.integers(1, 1000)
zones = st.sampled_from(
    [
        UTC,
        ZoneInfo("Europe/Berlin"),
        ZoneInfo("America/New_York"),
        ZoneInfo("Pacific/Apia"),
        ZoneInfo("Pacific/Marquesas"),
    ]
)
times = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
birthdays = (
    st.dates(date(1904, 1, 1), date(2020, 12, 31)) | st.sampled_from([date(1984, 2, 29)])
).flatmap(lambda d: st.sampled_from([d.isoformat(), d.strftime("--%m-%d")]))
groups = st.sampled_from(["Family", "Freunde", "Work", "Bekannte", "Choir", "Chess"])
settings_of_groups = st.dictionaries(groups, st.none() | st.integers(1, 400))


@given(ids, cadences, days)
@fast
def test_a_turn_is_within_a_fifth_of_the_cadence(who: str, cadence: int, last: date) -> None:
    window = rhythm.next_turn(who, cadence, last)
    assert window == rhythm.next_turn(who, cadence, last)
    earliest, due, latest = ((day - last).days for day in window)
    assert earliest == max(1, -(-4 * cadence // 5))
    assert latest == max(earliest, 6 * cadence // 5)
    assert earliest <= due <= latest
    if latest > earliest:
        assert window.due.weekday() != last.weekday()


@given(ids, cadences, days)
@fast
def test_a_first_turn_is_within_the_first_cadence(who: str, cadence: int, added: date) -> None:
    window = rhythm.first_turn(who, cadence, added)
    assert window == rhythm.first_turn(who, cadence, added)
    assert added <= window.earliest == window.due < added + timedelta(days=cadence)
    assert window.due <= window.latest == added + timedelta(days=6 * cadence // 5)


@given(st.lists(ids, max_size=3))
@fast
def test_chance_is_a_share(names: list[str]) -> None:
    assert 0 <= rhythm.chance(*names) < 1
    assert rhythm.chance(*names) == rhythm.chance(*names)


@given(st.lists(groups, max_size=4), settings_of_groups, st.none() | st.integers(1, 400))
@fast
def test_a_cadence_is_own_or_the_shortest_or_usual(
    names: list[str], said: dict[str, int | None], own: int | None
) -> None:
    contact = make_contact(cadence_days=own, groups=tuple(names))
    found = rhythm.cadence_of(contact, said)
    if own is not None:
        assert found == own
        return
    starting = {"Family": 21, "Freunde": 60, "Work": 180, "Bekannte": 365}
    candidates = {name: said.get(name, starting.get(name)) for name in names}
    wanted = [n for n in candidates.values() if n is not None]
    assert found == (sorted(wanted)[0] if wanted else 60)
    backwards = make_contact(groups=tuple(reversed(names)))
    assert rhythm.cadence_of(backwards, said) == found


@given(
    st.dates(date(2012, 1, 1), date(2035, 12, 31))
    | st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1)]),
    st.times(),
    zones,
    st.sampled_from([0, 1]),
)
@fast
def test_a_day_is_what_the_calendar_on_the_wall_says(
    day: date, at: clock, zone: tzinfo, fold: int
) -> None:
    moment = datetime.combine(day, at, tzinfo=zone).replace(fold=fold).astimezone(UTC)
    assert rhythm.day_of(moment, zone) == day
    assert rhythm.days_between(moment, day, zone) == 0
    assert rhythm.days_between(moment, day + timedelta(days=30), zone) == 30


@given(times)
@fast
def test_without_a_zone_it_is_this_machine_s_day(at: datetime) -> None:
    assert rhythm.day_of(at, None) == at.astimezone().date()


@given(birthdays, days)
@fast
def test_the_next_time_is_the_first_time(yearly: str, today: date) -> None:
    found = rhythm.next_date(yearly, today)
    assert rhythm.falls_on(yearly, found)
    ahead = (found - today).days
    assert 0 <= ahead <= 366
    assert not any(rhythm.falls_on(yearly, today + timedelta(days=n)) for n in range(ahead))
    after = rhythm.next_date(yearly, found + timedelta(days=1))
    assert after.year == found.year + 1
    for day in (found, after):
        years = -1 if yearly.startswith("--") else day.year - date.fromisoformat(yearly).year
        assert rhythm.age_on(yearly, day) == (years if years >= 0 else None)


@given(ids, st.none() | days, days, days)
@fast
def test_a_call_once_due_stays_due(
    who: str, last_talk: date | None, added: date, today: date
) -> None:
    year = timedelta(days=365)
    if rhythm.call_is_due(who, last_talk, added, today):
        assert today >= (last_talk + year if last_talk else added)
        assert rhythm.call_is_due(who, last_talk, added, today + timedelta(days=1))
    else:
        assert today < (last_talk or added) + year


@given(
    st.none() | times,
    st.none() | st.tuples(times, st.sampled_from(TOUCH_KINDS), st.sampled_from(DIRECTIONS)),
    times,
    zones,
)
@fast
def test_no_clock_is_ever_too_wrong(
    hard_at: datetime | None,
    touched: tuple[datetime, TouchKind, Direction] | None,
    now: datetime,
    zone: tzinfo,
) -> None:
    contact = make_contact(hard_at=hard_at)
    touch = (
        make_touch(contact, touched[0], kind=touched[1], direction=touched[2]) if touched else None
    )
    today = rhythm.day_of(now, zone)
    is_hard = rhythm.is_hard(contact, today, zone)
    at_rest = rhythm.is_at_rest(touch, today, zone)
    for at, is_quiet in ((hard_at, is_hard), (touch.at if touch else None, at_rest)):
        if at is not None:
            assert rhythm.days_between(at, today, zone) >= 0
            assert rhythm.days_since(at, now) >= 0
            assert "-" not in rhythm.ago(at, now)
            if at > now:
                assert is_quiet
                assert rhythm.ago(at, now) == "today"
    if touch is not None:
        assert not rhythm.is_dormant(rhythm.day_of(touch.at, zone), today, today) or touch.at < now
    assert not (is_hard and hard_at is None)
    assert not (at_rest and touch is None)


@given(
    st.integers(-40, 40), st.sampled_from(TOUCH_KINDS), st.sampled_from(DIRECTIONS), times, zones
)
@fast
def test_rest_depends_on_what_it_was(
    since: int, kind: TouchKind, direction: Direction, at: datetime, zone: tzinfo
) -> None:
    contact = make_contact()
    today = rhythm.day_of(at, zone) + timedelta(days=since)
    quiet = 3 if direction == "in" or kind in {"call", "met"} else 1
    touch = make_touch(contact, at, kind=kind, direction=direction)
    assert rhythm.is_at_rest(touch, today, zone) == (since < quiet)
    hard = make_contact(hard_at=at)
    assert rhythm.is_hard(hard, today, zone) == (since < 30)
    assert not rhythm.is_hard(contact, today, zone)
