"""Who gave and who asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import ledger
from recommender.domain import DIRECTIONS, TOUCH_KINDS
from recommender.ledger import Balance
from recommender.testing import NOW, make_contact, make_touch

if TYPE_CHECKING:
    from datetime import date

    from recommender.domain import Touch

TODAY = NOW.date()
JOE = make_contact()
logs = st.lists(
    st.tuples(st.integers(0, 800), st.sampled_from(TOUCH_KINDS), st.sampled_from(DIRECTIONS)),
    max_size=8,
)


def back(n: int) -> date:
    return TODAY - timedelta(days=n)


def touches_of(*log: tuple[int, str, str]) -> tuple[list[Touch], dict[str, date]]:
    """Touches so many days ago, and the days they were on."""
    made = [
        make_touch(JOE, NOW - timedelta(days=n), id=f"t{at}", kind=kind, direction=direction)
        for at, (n, kind, direction) in enumerate(log)
    ]
    return made, {touch.id: touch.at.date() for touch in made}


@pytest.mark.parametrize(
    ("kind", "direction", "counts"),
    [
        ("sent", "out", Balance(1, 0, 0)),
        ("ask", "out", Balance(0, 0, 1)),
        ("call", "out", Balance(0, 0, 0)),
        ("met", "out", Balance(0, 0, 0)),
        ("received", "in", Balance(0, 1, 0)),
        ("call", "in", Balance(0, 1, 0)),
        ("ask", "in", Balance(0, 1, 0)),
        ("sent", "in", Balance(0, 1, 0)),
    ],
)
def test_what_counts_as_what(kind: str, direction: str, counts: Balance) -> None:
    assert ledger.balance(*touches_of((1, kind, direction)), TODAY) == counts


def test_a_balance_is_of_twelve_months() -> None:
    log = [
        (n, kind, direction)
        for n in (0, 364, 365, 366, 900)
        for kind, direction in [("sent", "out"), ("received", "in"), ("ask", "out")]
    ]
    assert ledger.balance(*touches_of(*log), TODAY) == Balance(3, 3, 3)
    assert ledger.balance(*touches_of(*log), TODAY + timedelta(days=1)) == Balance(2, 2, 2)
    assert ledger.balance([], {}, TODAY) == Balance(0, 0, 0)


def test_a_balance_goes_by_the_user_s_days_not_by_hours() -> None:
    touches, _ = touches_of((366, "sent", "out"))
    assert ledger.balance(touches, {"t0": back(365)}, TODAY).gave == 1
    touches, _ = touches_of((365, "sent", "out"))
    assert ledger.balance(touches, {"t0": back(366)}, TODAY).gave == 0


def test_what_a_wrong_clock_put_into_the_future_counts() -> None:
    assert ledger.balance(*touches_of((-3, "sent", "out")), TODAY).gave == 1


def test_who_gave_within_a_year_may_ask() -> None:
    assert ledger.guard(*touches_of((0, "sent", "out")), TODAY) is None
    assert ledger.guard(*touches_of((365, "sent", "out")), TODAY) is None
    assert ledger.guard(*touches_of((700, "sent", "out"), (9, "sent", "out")), TODAY) is None


def test_who_did_not_gives_three_times_over_six_weeks_first() -> None:
    advice = ledger.guard([], {}, TODAY)
    assert advice is not None
    assert advice.give_on == (TODAY, TODAY + timedelta(days=14), TODAY + timedelta(days=28))
    assert advice.ask_from == TODAY + timedelta(days=42)
    assert advice.last_give is None
    assert advice.balance == Balance(0, 0, 0)


def test_the_guard_tells_of_older_gives() -> None:
    log = [(500, "sent", "out"), (366, "sent", "out"), (900, "sent", "out"), (3, "ask", "out")]
    advice = ledger.guard(*touches_of(*log), TODAY)
    assert advice is not None
    assert advice.last_give == back(366)
    assert advice.balance == Balance(0, 0, 1)


def test_talks_and_their_letters_are_no_gives() -> None:
    log = [(1, "call", "out"), (2, "met", "out"), (3, "received", "in"), (4, "sent", "in")]
    advice = ledger.guard(*touches_of(*log), TODAY)
    assert advice is not None
    assert advice.last_give is None
    assert advice.balance == Balance(0, 2, 0)


@given(logs, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_guard_speaks_up_if_and_only_if_nothing_was_given(
    log: list[tuple[int, str, str]], random: object
) -> None:
    touches, days = touches_of(*log)
    gives = [n for n, kind, direction in log if (kind, direction) == ("sent", "out")]
    advice = ledger.guard(touches, days, TODAY)
    assert (advice is None) == any(n <= 365 for n in gives)
    if advice is not None:
        assert advice.last_give == (back(min(gives)) if gives else None)
        assert len(advice.give_on) == 3
        assert TODAY == advice.give_on[0] < advice.give_on[1] < advice.give_on[2] < advice.ask_from
        assert advice.balance == ledger.balance(touches, days, TODAY)
    random.shuffle(touches)  # type: ignore[attr-defined]
    assert ledger.guard(touches, days, TODAY) == advice


# The gauge.


def test_the_gauge_counts_who_heard_within_a_year() -> None:
    last = {"a": back(0), "b": back(365), "c": back(366), "d": None}
    gauge = ledger.gauge(last, 1, TODAY)
    assert (gauge.touched, gauge.people) == (2, 4)
    assert gauge.share == 0.5
    assert gauge.full_on == TODAY + timedelta(days=180)


@pytest.mark.parametrize(
    ("missing", "new_lately", "days"),
    [(1, 1, 90), (2, 1, 180), (1, 90, 1), (1, 91, 1), (1, 7, 13), (10, 3, 300), (2, 180, 1)],
)
def test_full_at_the_pace_of_the_last_three_months(
    missing: int, new_lately: int, days: int
) -> None:
    last = {f"p{n}": None for n in range(missing)}
    gauge = ledger.gauge(last, new_lately, TODAY)
    assert gauge.full_on == TODAY + timedelta(days=days)
    assert gauge.share == 0


def test_without_a_pace_it_is_never_full() -> None:
    gauge = ledger.gauge({"a": None, "b": back(3)}, 0, TODAY)
    assert gauge.full_on is None
    assert gauge.share == 0.5


@pytest.mark.parametrize("new_lately", [0, 3])
def test_full_is_full_today(new_lately: int) -> None:
    gauge = ledger.gauge({"a": back(3), "b": back(365)}, new_lately, TODAY)
    assert gauge.full_on == TODAY
    assert gauge.share == 1


@pytest.mark.parametrize("new_lately", [0, 3])
def test_where_there_is_nobody_nobody_is_missing(new_lately: int) -> None:
    gauge = ledger.gauge({}, new_lately, TODAY)
    assert (gauge.touched, gauge.people, gauge.full_on) == (0, 0, TODAY)
    assert gauge.share == 1


@given(st.lists(st.none() | st.integers(0, 800), max_size=30), st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_a_gauge_is_a_share(ago: list[int | None], new_lately: int) -> None:
    last = {f"p{at}": None if n is None else back(n) for at, n in enumerate(ago)}
    gauge = ledger.gauge(last, new_lately, TODAY)
    assert 0 <= gauge.share <= 1
    missing = sum(n is None or n > 365 for n in ago)
    assert gauge.people - gauge.touched == missing
    if missing and not new_lately:
        assert gauge.full_on is None
        return
    assert gauge.full_on is not None
    wait = (gauge.full_on - TODAY).days
    assert wait * new_lately >= missing * 90
    assert not missing or (wait - 1) * new_lately < missing * 90


@pytest.mark.parametrize(
    ("missing", "new_lately", "days"),
    [
        (405, 1, 36_450),
        (406, 1, None),
        (3650, 9, 36_500),
        (3651, 9, None),
        (36_500, 90, 36_500),
        (36_501, 90, None),
        (40_961, 101, 36_500),  # a little less
        (40_962, 101, None),  # a little more
    ],
)
def test_what_is_a_hundred_years_away_is_never(
    missing: int, new_lately: int, days: int | None
) -> None:
    last = {f"p{n}": None for n in range(missing)}
    full_on = ledger.gauge(last, new_lately, TODAY).full_on
    assert full_on == (None if days is None else TODAY + timedelta(days=days))
    assert days is None or days <= ledger.LONGEST_DAYS == 36_500


def test_a_hopeless_pace_is_no_crash() -> None:
    last = {f"p{n}": None for n in range(40_000)}
    gauge = ledger.gauge(last, 1, TODAY)
    assert (gauge.touched, gauge.people, gauge.full_on) == (0, 40_000, None)
    assert gauge.share == 0
