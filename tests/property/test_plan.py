"""A day's plan, whoever there is and whatever earlier plans say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.domain import Action, Slot
from recommender.plan import FEW_SLOTS, HELLO_DAYS, MINUTES, MOST_LOOKED_AT, Past, Planner, Turn
from recommender.rhythm import Window, call_is_due, first_turn, next_turn

fast = settings(max_examples=100, deadline=None)
ACTIONS: tuple[Action, ...] = ("send", "greet", "call", "hello")
MONDAY = date(2026, 3, 2)
DAYS = st.sampled_from([MONDAY, date(2026, 3, 8), date(2027, 1, 1), date(2024, 2, 29)])
SELDOM = st.sampled_from([False, False, False, True])


@dataclass(frozen=True)
class Case:
    """All that a plan is made from."""

    day: date
    n_people: int
    past: tuple[Slot, ...]
    turns: tuple[Turn, ...]
    minutes: int
    kept: tuple[Slot, ...]
    offers: frozenset[str]

    @property
    def lately(self) -> list[Slot]:
        """Earlier slots of the last 56 days."""
        return [slot for slot in self.past if (self.day - slot.day).days < 56]

    def offer(self, contact_id: str) -> str | None:
        return f"item-{contact_id}" if contact_id in self.offers else None

    def made(self) -> list[Slot]:
        """The whole plan, what was kept among it."""
        planner = Planner(self.day, self.n_people, Past(self.past), self.offer)
        return planner.plan(self.turns, self.minutes, self.kept)

    def new(self) -> list[Slot]:
        """What the plan adds to what was kept; that stays first and as it was."""
        made = self.made()
        assert tuple(made[: len(self.kept)]) == self.kept
        return made[len(self.kept) :]

    def turn(self, slot: Slot) -> Turn:
        return next(turn for turn in self.turns if turn.contact_id == slot.contact_id)

    def open(self) -> list[Turn]:
        """Those who are not in the plan already and may get something on such a day."""
        kept = {slot.contact_id for slot in self.kept}
        return [
            turn
            for turn in self.turns
            if turn.contact_id not in kept
            and not turn.at_rest
            and (turn.last is None or turn.last.weekday() != self.day.weekday())
        ]


def make_turn(contact_id: str = "joe", late: int = 0, **changes: object) -> Turn:
    """Somebody easy whose turn was so many days before Monday; their window ends in ten days.

    It began twelve days, a fifth of the cadence, before the turn.
    """
    due = MONDAY - timedelta(days=late)
    window = Window(due - timedelta(days=12), due, MONDAY + timedelta(days=10))
    made = Turn(contact_id, window, 60, None, False, False, False)
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


def make_slot(contact_id: str = "other", ago: int = 0, **changes: object) -> Slot:
    made = Slot(MONDAY - timedelta(days=ago), contact_id, "send", 2, False)
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


def make_case(*turns: Turn, **changes: object) -> Case:
    """On a Monday with half an hour, and an item for everybody."""
    offers = frozenset(turn.contact_id for turn in turns)
    made = Case(MONDAY, len(turns), (), turns, 30, (), offers)
    return replace(made, **changes)  # type: ignore[arg-type]  # checked where it is used


def _window(day: date, late: int, ends: int) -> Window:
    """Due so many days ago, and over in so many; never before it is due."""
    due = day - timedelta(days=late)
    return Window(due - timedelta(days=3), due, max(due, day + timedelta(days=ends)))


@st.composite
def populations(draw: st.DrawFn, day: date, most: int) -> list[Turn]:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(-9, -1) | st.integers(0, 60),
                st.integers(-6, 6),
                st.sampled_from([1, 7, 20, 60, 365]),
                st.none() | st.integers(0, 500),
                SELDOM,
                SELDOM,
                SELDOM,
                SELDOM,
            ),
            max_size=most,
        )
    )
    return [
        Turn(
            contact_id=f"c{n}",
            window=_window(day, late, ends),
            cadence=cadence,
            last=None if since is None else day - timedelta(days=since),
            is_dormant=is_dormant,
            call_is_due=calls,
            has_day=has_day,
            at_rest=at_rest,
        )
        for n, (late, ends, cadence, since, is_dormant, calls, has_day, at_rest) in enumerate(rows)
    ]


@st.composite
def pasts(draw: st.DrawFn, day: date) -> list[Slot]:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, 70),
                st.integers(0, 14) | st.integers(0, 2),
                st.sampled_from(ACTIONS),
                SELDOM,
                SELDOM,
            ),
            max_size=48,
        )
    )
    return [
        Slot(day - timedelta(days=ago), f"c{n}", action, MINUTES[action], is_dormant)
        for ago, n, action, is_dormant, _ in sorted(rows, reverse=True)
    ]


@st.composite
def cases(draw: st.DrawFn, *, few: bool = False) -> Case:
    """Any case; or one with so few people that there is no question of fair attention."""
    day = draw(DAYS)
    turns = draw(populations(day, 10 if few else 14))
    kept = draw(
        st.lists(
            st.tuples(st.integers(0, 15), st.sampled_from(ACTIONS), SELDOM),
            max_size=3,
            unique_by=lambda row: row[0],
        )
    )
    strangers = draw(st.sampled_from([0, 1, 40, 60, 120]))
    return Case(
        day=day,
        n_people=10 if few else len(turns) + strangers,
        past=tuple(draw(pasts(day))),
        turns=tuple(turns),
        minutes=draw(st.integers(0, 30)),
        kept=tuple(Slot(day, f"c{n}", a, MINUTES[a], is_d) for n, a, is_d in kept),
        offers=frozenset(draw(st.sets(st.sampled_from([f"c{n}" for n in range(14)])))),
    )


# Minutes.


@given(cases())
@fast
def test_the_minutes_are_never_exceeded(case: Case) -> None:
    spent = sum(slot.minutes for slot in case.kept)
    new = case.new()
    assert spent + sum(slot.minutes for slot in new) <= max(case.minutes, spent)
    assert all(slot.minutes == MINUTES[slot.action] for slot in new)
    assert all(slot.day == case.day and slot.skipped_at is None for slot in new)


@pytest.mark.parametrize(
    ("turn", "action", "minutes"),
    [
        (make_turn(has_day=True, late=-1), "greet", 1),
        (make_turn(), "send", 2),
        (make_turn("x", window=_window(MONDAY, 9, 0)), "hello", 2),
        (make_turn(call_is_due=True, late=-1), "call", 5),
    ],
)
def test_each_action_takes_its_minutes(turn: Turn, action: Action, minutes: int) -> None:
    case = make_case(turn, offers=frozenset({"joe"}), minutes=minutes)
    assert [(slot.action, slot.minutes) for slot in case.made()] == [(action, minutes)]
    assert replace(case, minutes=minutes - 1).made() == []


@given(cases())
@fast
def test_without_minutes_there_is_nothing(case: Case) -> None:
    assert replace(case, minutes=0).new() == []


@given(cases(few=True))
@fast
def test_no_minute_is_left_while_somebody_could_use_it(case: Case) -> None:
    made = case.made()
    left = case.minutes - sum(slot.minutes for slot in made)
    planned = {slot.contact_id for slot in made}
    waiting = [t for t in case.open() if t.contact_id not in planned and not t.is_dormant]
    due = [t for t in waiting if t.window.due <= case.day]
    if left >= MINUTES["send"]:
        assert not [t for t in due if t.contact_id in case.offers]
        assert not [t for t in due if _is_ending(case, t)]
    if left >= MINUTES["call"] and not _calls(case, made):
        assert not [t for t in waiting if t.call_is_due and t.window.earliest <= case.day]


@given(cases(few=True))
@fast
def test_there_is_no_backlog(case: Case) -> None:
    """What earlier plans say and nobody did neither adds to today's nor takes from it."""
    easy = tuple(replace(turn, is_dormant=False) for turn in case.turns)
    old = tuple(replace(slot, action="send") for slot in case.past)
    assert replace(case, turns=easy, past=old).made() == replace(case, turns=easy, past=()).made()


def test_a_week_left_undone_makes_today_no_longer() -> None:
    turns = [make_turn(f"p{n}", late=n) for n in range(20)]
    past = tuple(make_slot(f"p{n}", ago=1 + n // 3) for n in reversed(range(20)))
    assert len(make_case(*turns, past=past, minutes=6, n_people=10).made()) == 3


# People.


@given(cases())
@fast
def test_nobody_comes_twice_in_a_day(case: Case) -> None:
    ids = [slot.contact_id for slot in case.made()]
    assert len(ids) == len(set(ids))


@given(cases())
@fast
def test_only_greetings_fall_on_the_weekday_of_the_last_touch(case: Case) -> None:
    for slot in case.new():
        last = case.turn(slot).last
        if slot.action != "greet" and last is not None:
            assert last.weekday() != case.day.weekday()


@given(cases())
@fast
def test_who_is_at_rest_gets_nothing_but_a_greeting_on_their_day(case: Case) -> None:
    for slot in case.new():
        turn = case.turn(slot)
        if turn.at_rest:
            assert (slot.action, turn.has_day) == ("greet", True)


@pytest.mark.parametrize(
    ("turn", "offers", "action"),
    [
        (make_turn(), "joe", "send"),
        (make_turn(window=_window(MONDAY, 30, -20)), "", "hello"),
        (make_turn(call_is_due=True), "joe", "call"),
        (make_turn(late=-9, call_is_due=True), "joe", "call"),
        (make_turn(is_dormant=True), "joe", "send"),
    ],
)
def test_rest_is_for_all_but_greetings(turn: Turn, offers: str, action: Action) -> None:
    case = make_case(turn, offers=frozenset({offers}))
    assert [slot.action for slot in case.made()] == [action]
    assert replace(case, turns=(replace(turn, at_rest=True),)).made() == []
    birthday = replace(turn, at_rest=True, has_day=True)
    greeted = replace(case, turns=(birthday,))
    assert [(slot.action, slot.minutes) for slot in greeted.made()] == [("greet", 1)]
    assert replace(greeted, minutes=0).made() == []


@given(cases(), st.randoms(use_true_random=False))
@fast
def test_the_order_in_which_people_come_is_no_matter(case: Case, random: object) -> None:
    turns = list(case.turns)
    random.shuffle(turns)  # type: ignore[attr-defined]
    assert replace(case, turns=tuple(turns)).made() == case.made()


def test_equals_come_by_their_ids() -> None:
    turns = [make_turn(name, call_is_due=name > "m") for name in ("x", "b", "z", "a")]
    made = make_case(*turns).made()
    assert [(s.contact_id, s.action) for s in made] == [
        ("a", "send"),
        ("b", "send"),
        ("x", "call"),
        ("z", "send"),
    ]
    late = [make_turn(name, late=-9, call_is_due=True) for name in ("z", "a", "x")]
    assert [s.contact_id for s in make_case(*late).made()] == ["a"]


# Things sent.


@given(cases())
@fast
def test_only_who_is_due_is_sent_what_was_found_for_them(case: Case) -> None:
    for slot in case.new():
        if slot.action == "send":
            assert case.turn(slot).window.due <= case.day
            assert slot.suggestion_id == case.offer(slot.contact_id) is not None
        else:
            assert slot.suggestion_id is None
        assert slot.is_dormant == case.turn(slot).is_dormant


@given(cases())
@fast
def test_among_equals_who_is_further_past_their_turn_comes_first(case: Case) -> None:
    sent = [case.turn(slot) for slot in case.new() if slot.action == "send"]
    ranks = [_rank(case, turn) for turn in sent]
    assert ranks == sorted(ranks)


@given(cases(few=True))
@fast
def test_nobody_is_passed_over_for_somebody_less_late(case: Case) -> None:
    made = case.made()
    planned = {slot.contact_id for slot in made}
    sent = [case.turn(slot) for slot in case.new() if slot.action == "send"]
    for turn in case.open():
        if turn.contact_id in case.offers - planned and not turn.is_dormant:
            rank = _rank(case, turn)
            assert turn.window.due > case.day or all(_rank(case, other) <= rank for other in sent)


def test_lateness_is_measured_by_one_s_own_cadence() -> None:
    yearly = make_turn("a", late=30, cadence=365)
    weekly = make_turn("b", late=3, cadence=7)
    assert [s.contact_id for s in make_case(yearly, weekly, minutes=3).made()] == ["b"]


@pytest.mark.parametrize(("ends", "first"), [(1, "b"), (0, "a"), (-1, "a")])
def test_the_last_day_of_a_turn_goes_first(ends: int, first: str) -> None:
    ending = make_turn("a", window=_window(MONDAY, 1, ends))
    case = make_case(ending, make_turn("b", late=30), minutes=3)
    assert [slot.contact_id for slot in case.made()] == [first]


def test_a_turn_begins_on_its_day() -> None:
    assert [s.action for s in make_case(make_turn(late=0)).made()] == ["send"]
    assert make_case(make_turn(late=-1)).made() == []


# A line without an item.


@given(cases())
@fast
def test_a_line_without_an_item_is_for_the_last_days_of_a_window(case: Case) -> None:
    new = case.new()
    for at, slot in enumerate(new):
        if slot.action == "hello":
            turn = case.turn(slot)
            assert _is_ending(case, turn)
            assert turn.window.due <= case.day
            assert turn.contact_id not in case.offers
            assert all(later.action != "send" for later in new[at:])


@given(cases(few=True))
@fast
def test_a_line_without_an_item_takes_no_minutes_from_one_with(case: Case) -> None:
    made = case.made()
    planned = {slot.contact_id for slot in made}
    if any(slot.action == "hello" for slot in case.new()):
        for turn in case.open():
            if turn.window.due <= case.day and not turn.is_dormant:
                assert turn.contact_id not in case.offers - planned


@pytest.mark.parametrize(
    ("ends", "comes"), [(HELLO_DAYS + 1, False), (HELLO_DAYS, True), (0, True), (-9, True)]
)
def test_a_line_comes_in_the_last_days_of_the_window(ends: int, comes: bool) -> None:
    turn = make_turn(window=_window(MONDAY, 15, ends))
    made = make_case(turn, offers=frozenset()).made()
    assert [slot.action for slot in made] == ["hello"] * comes


def test_a_line_gives_way_to_an_item_of_somebody_less_late() -> None:
    late = make_turn("a", late=30, window=_window(MONDAY, 30, -20))
    case = make_case(late, make_turn("b"), offers=frozenset("b"))
    assert [(s.contact_id, s.action) for s in case.made()] == [("b", "send"), ("a", "hello")]
    assert [s.contact_id for s in replace(case, minutes=3).made()] == ["b"]


# Birthdays.


@given(cases())
@fast
def test_days_of_theirs_are_greeted_while_there_is_a_minute(case: Case) -> None:
    kept = {slot.contact_id for slot in case.kept}
    left = max(0, case.minutes - sum(slot.minutes for slot in case.kept))
    theirs = sorted(t.contact_id for t in case.turns if t.has_day and t.contact_id not in kept)
    greeted = [slot.contact_id for slot in case.new() if slot.action == "greet"]
    assert greeted == theirs[:left]
    assert [slot.contact_id for slot in case.new()][: len(greeted)] == greeted


def test_a_birthday_is_greeted_whatever_else_is_against_it() -> None:
    birthday = make_turn(
        late=-9, last=MONDAY - timedelta(days=7), is_dormant=True, has_day=True, at_rest=True
    )
    past = (*(make_slot("joe", ago=n) for n in (9, 8, 7)), make_slot(ago=1, is_dormant=True))
    made = make_case(birthday, past=past, minutes=1, n_people=99, offers=frozenset()).made()
    assert [(slot.action, slot.minutes) for slot in made] == [("greet", 1)]


def test_a_birthday_right_after_a_talk_is_greeted() -> None:
    talked = make_turn("a", late=-40, last=MONDAY - timedelta(days=1), has_day=True, at_rest=True)
    case = make_case(talked, make_turn("b", late=20, last=MONDAY, at_rest=True), make_turn("c"))
    assert [(s.contact_id, s.action) for s in case.made()] == [("a", "greet"), ("c", "send")]


# Calls.


@given(cases())
@fast
def test_calls_of_a_week_are_few(case: Case) -> None:
    made = case.made()
    if any(slot.action == "call" for slot in case.new()):
        assert _calls(case, made) <= max(1, -(-case.n_people // 52))
    for slot in case.new():
        if slot.action == "call":
            turn = case.turn(slot)
            assert turn.call_is_due
            assert turn.window.earliest <= case.day


@pytest.mark.parametrize(
    ("n_people", "calls"), [(1, 1), (52, 1), (53, 2), (104, 2), (105, 3), (156, 3), (157, 4)]
)
def test_so_many_calls_that_everybody_is_called_within_a_year(n_people: int, calls: int) -> None:
    turns = [make_turn(f"p{n}", late=-9, call_is_due=True) for n in range(9)]
    made = make_case(*turns, minutes=90, n_people=n_people).made()
    assert [slot.action for slot in made] == ["call"] * calls
    called = tuple(make_slot(ago=1, action="call") for _ in range(calls))  # on Sunday
    assert make_case(*turns, minutes=90, n_people=n_people, past=called).made() == made


@pytest.mark.parametrize(
    ("begins", "due", "comes"), [(1, 9, False), (0, 9, True), (-9, 9, True), (1, 1, False)]
)
def test_a_call_comes_at_the_earliest_when_the_window_begins(
    begins: int, due: int, comes: bool
) -> None:
    days = [MONDAY + timedelta(days=n) for n in (begins, due, 30)]
    turn = make_turn(window=Window(*days), call_is_due=True)
    made = make_case(turn).made()
    assert [slot.action for slot in made] == ["call"] * comes


def test_a_call_whose_window_has_not_begun_leaves_the_week_s_call_to_others() -> None:
    soon = make_turn("a", late=-13, last=MONDAY - timedelta(days=90), call_is_due=True)
    later = make_turn("b", late=-12, last=MONDAY - timedelta(days=30), call_is_due=True)
    made = make_case(soon, later).made()
    assert [(slot.contact_id, slot.action) for slot in made] == [("b", "call")]


def test_a_week_of_calls_begins_on_monday() -> None:
    case = make_case(make_turn(call_is_due=True), n_people=9)
    sunday = replace(case, day=MONDAY + timedelta(days=6))
    on_monday = make_slot(action="call")
    assert [slot.action for slot in replace(sunday, past=(on_monday,)).made()] == ["send"]
    on_sunday = make_slot(ago=1, action="call")
    assert [slot.action for slot in replace(sunday, past=(on_sunday,)).made()] == ["call"]
    kept = make_slot(action="call", minutes=5)
    assert [slot.action for slot in replace(case, kept=(kept,)).new()] == ["send"]


# After a long silence.


@given(cases())
@fast
def test_who_was_silent_for_long_comes_after_two_others(case: Case) -> None:
    made = case.made()
    for at, slot in enumerate(made):
        if at >= len(case.kept) and slot.is_dormant and slot.action != "greet":
            assert _dormant_may_come([*case.lately, *made[:at]], case.day), made


@pytest.mark.parametrize(
    ("past", "comes"),
    [
        ([], True),
        ([(9, False)], True),
        ([(7, False)], True),
        ([(6, False)], False),
        ([(1, False)], False),
        ([(7, True), (1, False)], True),
        ([(7, True), (6, True)], False),
        ([(9, False), (9, False)], True),
        ([(9, True), (8, False)], True),
        ([(7, True)], True),
        ([(6, True)], False),
        ([(6, True), (6, False)], False),
        ([(6, True), (6, False), (1, False)], True),
        ([(6, False), (6, False), (1, True)], False),
        ([(56, False)], True),
        ([(55, False)], True),
        ([(56, False), (6, False)], False),
        ([(55, False), (6, False)], True),
        ([(56, True), (6, False)], False),
        ([(55, True), (6, False)], True),
    ],
)
def test_when_somebody_silent_for_long_may_come(past: list[tuple[int, bool]], comes: bool) -> None:
    slots = tuple(make_slot(ago=ago, is_dormant=is_dormant) for ago, is_dormant in past)
    case = make_case(make_turn(is_dormant=True), past=slots)
    assert [slot.is_dormant for slot in case.made()] == [True] * comes


def test_easy_ones_come_before_those_silent_for_long() -> None:
    turns = [make_turn("a", late=50, is_dormant=True), make_turn("b", late=49, is_dormant=True)]
    turns += [make_turn(name) for name in "cdef"]
    made = make_case(*turns).made()
    assert [slot.contact_id for slot in made] == ["c", "d", "e", "f", "a"]


def test_who_was_silent_for_long_is_not_called_out_of_the_blue() -> None:
    turn = make_turn(is_dormant=True, call_is_due=True)
    assert [slot.action for slot in make_case(turn).made()] == ["send"]
    spare = make_turn(late=-9, call_is_due=True)
    assert [slot.action for slot in make_case(spare).made()] == ["call"]
    assert make_case(replace(spare, is_dormant=True)).made() == []


def test_nobody_silent_for_long_follows_another_for_want_of_items() -> None:
    window = _window(MONDAY, 30, -20)
    turns = [make_turn(name, window=window, is_dormant=True) for name in "ab"]
    made = make_case(*turns, offers=frozenset()).made()
    assert [slot.contact_id for slot in made] == ["a"]


# Fair attention.


@given(cases(), st.lists(st.integers(0, 4), max_size=14))
@fast
def test_nobody_takes_more_than_three_or_a_tenth(case: Case, yesterday: list[int]) -> None:
    often = [make_slot(f"c{n}") for n, times in enumerate(yesterday) for _ in range(times)]
    dated = (replace(slot, day=case.day - timedelta(days=1)) for slot in often)
    case = replace(case, past=(*case.past, *dated))
    made = case.made()
    for at, slot in enumerate(made):
        if at >= len(case.kept) and slot.action != "greet" and case.n_people > 10:
            slots = [*case.lately, *made[: at + 1]]
            own = sum(other.contact_id == slot.contact_id for other in slots)
            assert own <= max(FEW_SLOTS, len(slots) // 10)


@pytest.mark.parametrize(
    ("own", "others", "n_people", "comes"),
    [
        ([], 0, 11, True),
        ([9, 5], 0, 11, True),
        ([9, 7, 5], 0, 11, False),
        ([9, 7, 5], 0, 10, True),
        ([9, 7, 5], 35, 11, False),
        ([9, 7, 5], 36, 11, True),
        ([9, 8, 7, 5], 44, 11, False),
        ([9, 8, 7, 5], 45, 11, True),
        ([55, 7, 5], 35, 11, False),
        ([56, 7, 5], 35, 11, True),
    ],
)
def test_a_tenth_of_eight_weeks(own: list[int], others: int, n_people: int, comes: bool) -> None:
    past = [make_slot("joe", ago=ago) for ago in own]
    past += [make_slot(f"p{n}", ago=3) for n in range(others)]
    for turn in (make_turn(), make_turn(call_is_due=True)):
        case = make_case(turn, past=tuple(past), n_people=n_people)
        assert len(case.made()) == comes


def test_today_s_slots_count_for_a_tenth_too() -> None:
    past = [make_slot("joe", ago=ago) for ago in (9, 7, 5)]
    past += [make_slot(f"p{n}", ago=3) for n in range(35)]
    alone = make_case(make_turn(), past=tuple(past), n_people=11)
    assert alone.made() == []
    first = make_turn("first", late=1)
    assert len(make_case(make_turn(), first, past=tuple(past), n_people=11).made()) == 2
    kept = make_slot("first", action="greet")
    assert len(replace(alone, kept=(kept,)).new()) == 1


# Looking for items.


def _asked(case: Case) -> list[str]:
    asked = []

    def offer(contact_id: str) -> str | None:
        asked.append(contact_id)
        return case.offer(contact_id)

    planner = Planner(case.day, case.n_people, Past(case.past), offer)
    assert planner.plan(case.turns, case.minutes, case.kept) == case.made()
    return asked


@given(cases())
@fast
def test_each_is_looked_up_once_and_only_if_due(case: Case) -> None:
    asked = _asked(case)
    assert len(asked) == len(set(asked))
    assert set(asked) <= {t.contact_id for t in case.open() if t.window.due <= case.day}


@pytest.mark.parametrize("skipped_at", [None, datetime(2026, 3, 2, 9, tzinfo=UTC)])
def test_who_is_in_the_plan_already_is_not_looked_up_again(skipped_at: datetime | None) -> None:
    turns = [make_turn("a", late=9), make_turn("b"), make_turn("c", has_day=True)]
    kept = make_slot("a", skipped_at=skipped_at)
    assert _asked(make_case(*turns)) == ["a", "b"]
    assert _asked(make_case(*turns, kept=(kept,))) == ["b"]


def test_who_is_in_the_plan_already_is_none_of_those_looked_up() -> None:
    turns = [make_turn(f"p{n}", late=n) for n in range(99)]
    kept = tuple(make_slot(f"p{n}") for n in range(50, 99))
    asked = _asked(make_case(*turns, kept=kept, minutes=480, offers=frozenset()))
    assert asked == [f"p{n}" for n in reversed(range(50))][: MOST_LOOKED_AT + 1]


@pytest.mark.parametrize("n_people", [1, 40, 41, 42, 200])
def test_not_everybody_is_looked_up_for_a_day(n_people: int) -> None:
    turns = [make_turn(f"p{n}", late=n) for n in range(n_people)]
    asked = _asked(make_case(*turns, minutes=480, offers=frozenset()))
    assert asked == [f"p{n}" for n in reversed(range(n_people))][: MOST_LOOKED_AT + 1]
    assert len(_asked(make_case(*turns, minutes=480))) <= MOST_LOOKED_AT + 1


def test_nobody_is_looked_up_once_the_minutes_are_spent() -> None:
    turns = [make_turn(f"p{n}") for n in range(30)]
    assert len(_asked(make_case(*turns, minutes=5))) == 2


# Half a year.


def _half_a_year(name: str, n_people: int, *, calls: bool) -> dict[str, list[Slot]]:
    """Ten minutes a day, each of them used, with cadences from 20 to 90 days."""
    cadences = {f"{name}-{n}": _cadence(n, n_people) for n in range(n_people)}
    done: dict[str, list[Slot]] = {who: [] for who in cadences}
    slots: list[Slot] = []
    for n in range(180):
        day = MONDAY + timedelta(days=n)
        turns = []
        for who, cadence in cadences.items():
            last = done[who][-1].day if done[who] else None
            talk = max((s.day for s in done[who] if s.action == "call"), default=None)
            turns.append(
                Turn(
                    who,
                    next_turn(who, cadence, last) if last else first_turn(who, cadence, MONDAY),
                    cadence,
                    last,
                    is_dormant=False,
                    call_is_due=calls and call_is_due(who, talk, MONDAY, day),
                    has_day=False,
                )
            )
        made = Planner(day, n_people, Past(slots), "item-{}".format).plan(turns, 10)
        assert sum(slot.minutes for slot in made) <= 10
        for slot in made:
            done[slot.contact_id].append(slot)
        slots += made
    return done


def _cadence(n: int, n_people: int) -> int:
    return 20 + 70 * n // (n_people - 1)


@pytest.mark.parametrize(("n_people", "name"), [(n, name) for n in (10, 30) for name in "012345"])
def test_everybody_hears_in_their_own_rhythm(n_people: int, name: str) -> None:
    done = _half_a_year(name, n_people, calls=False)
    last_day = MONDAY + timedelta(days=179)
    off = []
    for n, (who, slots) in enumerate(done.items()):
        cadence = _cadence(n, n_people)
        least, most = -(-4 * cadence // 5) - 2, 6 * cadence // 5 + 2
        assert (slots[0].day - MONDAY).days <= most
        gaps = [(b.day - a.day).days for a, b in pairwise(slots)]
        off += [(who, cadence, gap) for gap in gaps if not least <= gap <= most]
        if (last_day - slots[-1].day).days > most:
            off.append((who, cadence, (last_day - slots[-1].day).days))
    assert off == []


def test_half_a_year_with_calls_keeps_to_the_weeks_and_the_weekdays() -> None:
    done = _half_a_year("a", 30, calls=True)
    calls = [slot.day for slots in done.values() for slot in slots if slot.action == "call"]
    weeks = [(day - MONDAY).days // 7 for day in calls]
    assert len(set(weeks)) == len(weeks)
    assert len(weeks) > 10
    for slots in done.values():
        assert all(a.day.weekday() != b.day.weekday() for a, b in pairwise(slots))
        assert sum(slot.action == "call" for slot in slots) <= 1


def _rank(case: Case, turn: Turn) -> tuple[bool, bool, Fraction]:
    """The easy before the dormant, the last day before the others, the later before the less."""
    late = Fraction((case.day - turn.window.due).days, turn.cadence)
    return (turn.is_dormant, case.day < turn.window.latest, -late)


def _is_ending(case: Case, turn: Turn) -> bool:
    return (turn.window.latest - case.day).days <= HELLO_DAYS


def _calls(case: Case, made: list[Slot]) -> int:
    """Calls in the calendar week of the day, earlier ones among them."""
    monday = case.day - timedelta(days=case.day.weekday())
    return sum(slot.action == "call" and slot.day >= monday for slot in [*case.past, *made])


def _dormant_may_come(slots: list[Slot], day: date) -> bool:
    silent = [at for at, slot in enumerate(slots) if slot.is_dormant]
    if not slots:
        return True
    easy = len(slots) - 1 - silent[-1] if silent else len(slots)
    since = slots[silent[-1]] if silent else slots[0]
    return easy >= 2 or (day - since.day).days >= 7
