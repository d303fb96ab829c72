"""The geometry of pictures: numbers for templates, which draw them as SVG with a table behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from recommender.rhythm import days_ago

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from recommender.services.standing import Person, Standing

YEAR = 365
WIDTH, START = 240, 6
"""Of a rhythm line, in its own units."""


class Dot(NamedTuple):
    """A touch on a line."""

    x: float
    is_out: bool


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Twelve months with one person, ready to be drawn and to be read."""

    person: Person
    dots: tuple[Dot, ...]
    usual_x: float
    """Where the usual time between touches begins, counted back from today."""
    late_x: float | None
    """From where the line is red: the last touch, if it is longer ago than usual."""
    last: str
    words: str
    """The picture for who cannot see it."""


def rhythm(person: Person, today: date) -> Rhythm:
    """Somebody's last twelve months as a line."""
    last = days_ago(person.last, today) if person.last else "not yet"
    n_out = sum(direction == "out" for _, direction in person.touches)
    n_in = len(person.touches) - n_out
    late_from = min(YEAR, person.cadence + person.late_days) if person.late_days > 0 else None
    words = f"In twelve months you wrote {n_out} times, they wrote {n_in} times; last {last}"
    return Rhythm(
        person=person,
        dots=tuple(
            Dot(_x((today - day).days), direction == "out") for day, direction in person.touches
        ),
        usual_x=_x(min(YEAR, person.cadence)),
        late_x=None if late_from is None else _x(late_from),
        last=last,
        words=words + (", longer than usual" if late_from is not None else ""),
    )


def rhythms(standing: Standing, people: Iterable[Person]) -> list[Rhythm]:
    """Lines of several people."""
    return [rhythm(person, standing.day) for person in people]


def _x(days_back: int) -> float:
    back = min(YEAR, max(0, days_back))
    return round(WIDTH - (WIDTH - START) * back / YEAR, 1)


class Bar(NamedTuple):
    """What passed between the user and one person, as three bars."""

    name: str
    slug: str
    gave: int
    received: int
    asked: int
    gave_width: float
    received_width: float
    asked_width: float


BAR_WIDTH = 100.0


def balance_bars(people: Iterable[Person]) -> list[Bar]:
    """Bars for whoever anything passed with, each as long as it is much against the most."""
    moved = [p for p in people if any(p.balance)]
    most = max((max(p.balance) for p in moved), default=1)
    return [
        Bar(
            p.contact.name,
            p.contact.slug,
            *p.balance,
            *(round(BAR_WIDTH * n / most, 1) for n in p.balance),
        )
        for p in sorted(moved, key=lambda p: p.contact.name.casefold())
    ]


MONTHS = 12
COLUMN_STEP = 44
COLUMN_HEIGHT = 110.0


class Month(NamedTuple):
    """The touches of one month, as a column of two colours."""

    name: str
    n_out: int
    n_in: int
    x: int
    out_height: float
    in_height: float


def months(standing: Standing) -> list[Month]:
    """The last twelve calendar months, the oldest first."""
    day = standing.day
    keys = [divmod(day.year * 12 + day.month - 1 - n, 12) for n in range(MONTHS)][::-1]
    counts = {key: [0, 0] for key in keys}
    for person in standing.people:
        for at, direction in person.touches:
            key = (at.year, at.month - 1)
            if key in counts:
                counts[key][direction == "in"] += 1
    most = max((sum(two) for two in counts.values()), default=0) or 1
    return [
        Month(
            day.replace(year=key[0], month=key[1] + 1, day=1).strftime("%b"),
            n_out,
            n_in,
            COLUMN_STEP * n,
            round(COLUMN_HEIGHT * n_out / most, 1),
            round(COLUMN_HEIGHT * n_in / most, 1),
        )
        for n, key in enumerate(keys)
        for n_out, n_in in (counts[key],)
    ]
