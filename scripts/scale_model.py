"""The arithmetic of docs/scale.md: from measured figures to a day of many accounts. Pure.

Every figure of `MEASURED` names the line of `scripts/bench cluster` that gave it. `tables` makes
the tables of the page, so that page and arithmetic can't differ; scripts/simulate-scale lives the
same day event by event.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 86_400.0
SPARE = 1.5
"""So many times the cores that a day's work needs: the evening has more than the morning."""
STORIES_AT_ONCE = 1000
"""In one job, at most."""
POLLING, ENTRIES, EMBEDDING, STORIES, MATCHING = (
    "polling",
    "entries, under the pool's lock",
    "embedding",
    "stories, one at a time",
    "matching",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure, and the line of `scripts/bench cluster` that gave it."""

    value: float
    what: str
    line: str


MEASURED = {
    "interest_bytes": Measured(4489, "bytes of an interest, with vector and indexes", "rows"),
    "item_bytes": Measured(
        3541,
        "bytes of an item, with its text, names, feeds and story bands",
        "rows, intake_rows, stories_fit",
    ),
    "vector_bytes": Measured(1901, "bytes of an item's vector", "rows"),
    "subscription_bytes": Measured(117, "bytes of a subscription", "rows"),
    "match_bytes": Measured(537, "bytes of a match", "rows"),
    "poll_same_ms": Measured(11.4, "core ms of a poll, nothing new", "poll"),
    "poll_changed_ms": Measured(98.0, "core ms of a poll, 2 new entries and 23 known", "poll"),
    "entry_ms": Measured(2.0, "ms of an entry under the pool's lock", "intake"),
    "embed_ms": Measured(52.0, "core ms of an item's vector", "embed"),
    "story_ms": Measured(7.9, "core ms of an item's story", "stories_fit"),
    "story_around_us": Measured(0.48, "and µs for each item told in those days", "stories_fit"),
    "story_window_us": Measured(63.0, "µs to read one of those, once a job", "stories_fit"),
    "visit_us": Measured(72.0, "core µs of matching, for each interest visited", "fit"),
    "reading_ms": Measured(5.3, "core ms for each item, in each worker", "fit"),
    "pair_us": Measured(8.3, "core µs for each pair", "fit"),
    "account_us": Measured(7.9, "µs to read an account, when ranges are drawn", "upkeep"),
    "reader_us": Measured(17.8, "µs to find a reader of what was embedded", "upkeep"),
    "behind_us": Measured(3.1, "µs for each interest, when a sweep asks who is behind", "upkeep"),
    "mark_log_bytes": Measured(2650, "bytes of the server's log for each interest visited", "fit"),
    "match_log_bytes": Measured(1710, "bytes of it for each match", "fit"),
    "matches_a_1000_pairs": Measured(5.6, "matches of a thousand pairs", "match"),
}


def figure(name: str) -> float:
    """A measured value."""
    return MEASURED[name].value


@dataclass(frozen=True, slots=True)
class Load:
    """What a day asks for, and how it is met."""

    accounts: int = 1_000_000
    items: int = 1_000_000
    """A day."""
    feeds: int = 200_000
    interests: int = 60
    """Of an account."""
    subscriptions: int = 30
    """Of an account."""
    entries: int = 25
    """In a feed."""
    kept_days: int = 30
    kept_matches: int = 100
    """Of an interest, at most."""
    round_s: float = 900.0
    """A range of accounts is matched so often, if there are cores enough."""
    match_workers: int = 64
    range_accounts: int = 200

    @property
    def readers(self) -> float:
        """Subscribers of an item's feed on average, if popular feeds bring no more than others."""
        return self.accounts * self.subscriptions / self.feeds

    @property
    def pairs(self) -> float:
        """Subscribed pairs a day."""
        return self.items * self.readers * self.interests

    @property
    def polls(self) -> float:
        """A feed is asked twice in the time that usually lies between two of its entries."""
        return 2.0 * self.items

    @property
    def changed_polls(self) -> float:
        """Those that find something new, where entries come by chance."""
        return self.polls * (1 - math.exp(-0.5))

    @property
    def ranges(self) -> int:
        """Ranges of accounts."""
        return math.ceil(self.accounts / self.range_accounts)


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of work of a day."""

    name: str
    core_s: float
    """Of a day."""
    most: float
    """Cores that can share it; 1 where only one at a time may."""

    @property
    def cores(self) -> float:
        """That are busy with it all day."""
        return self.core_s / DAY_S

    @property
    def is_possible(self) -> bool:
        """Whether a day is long enough."""
        return self.cores <= self.most


def stages(load: Load) -> list[Stage]:
    """The work of a day."""
    same = load.polls - load.changed_polls
    put = load.changed_polls * load.entries
    around = 3 * load.items
    visits = load.accounts * load.interests * DAY_S / load.round_s
    return [
        Stage(
            POLLING,
            (same * figure("poll_same_ms") + load.changed_polls * figure("poll_changed_ms")) / 1e3,
            math.inf,
        ),
        Stage(ENTRIES, put * figure("entry_ms") / 1e3, 1),
        Stage(EMBEDDING, load.items * figure("embed_ms") / 1e3, math.inf),
        Stage(
            STORIES,
            load.items
            * (
                figure("story_ms") / 1e3
                + around * figure("story_around_us") / 1e6
                # Read once for as many as one job takes, when it is behind.
                + around * figure("story_window_us") / 1e6 / STORIES_AT_ONCE
            ),
            1,
        ),
        Stage(f"{MATCHING}: interests visited", visits * figure("visit_us") / 1e6, math.inf),
        Stage(
            f"{MATCHING}: items read",
            load.items * load.match_workers * figure("reading_ms") / 1e3,
            math.inf,
        ),
        Stage(
            "ranges: readers of what was embedded",
            load.changed_polls * load.readers * figure("reader_us") / 1e6,
            math.inf,
        ),
        Stage(
            "ranges: drawn anew every ten minutes by each worker",
            144 * load.match_workers * load.accounts * figure("account_us") / 1e6,
            math.inf,
        ),
        Stage(
            "sweeps, every ten minutes",
            144 * load.accounts * load.interests * figure("behind_us") / 1e6,
            1,
        ),
        Stage(f"{MATCHING}: pairs", load.pairs * figure("pair_us") / 1e6, math.inf),
    ]


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept of one kind."""

    name: str
    rows: float
    a_row: float

    @property
    def gigabytes(self) -> float:
        """With indexes."""
        return self.rows * self.a_row / 1e9


def held(load: Load) -> list[Held]:
    """What the database holds, once it has been running for some months."""
    items = load.items * load.kept_days
    interests = load.accounts * load.interests
    seen = load.items * load.readers / load.accounts * load.kept_days
    fitting = seen * figure("matches_a_1000_pairs") / 1000
    return [
        Held("items, with their texts", items, figure("item_bytes")),
        Held("item vectors", items, figure("vector_bytes")),
        Held("interests with vectors", interests, figure("interest_bytes")),
        Held("subscriptions", load.accounts * load.subscriptions, figure("subscription_bytes")),
        Held("matches", interests * min(load.kept_matches, fitting), figure("match_bytes")),
    ]


@dataclass(frozen=True, slots=True)
class Written:
    """What goes through the server's log."""

    name: str
    rows_a_s: float
    bytes_a_row: float

    @property
    def megabytes_a_s(self) -> float:
        """On average."""
        return self.rows_a_s * self.bytes_a_row / 1e6


def written(load: Load) -> list[Written]:
    """The writes of an average second."""
    matches = load.pairs * figure("matches_a_1000_pairs") / 1000 / DAY_S
    marks = load.accounts * load.interests / load.round_s
    return [
        Written("marks of how far an interest was matched", marks, figure("mark_log_bytes")),
        Written("matches", matches, figure("match_log_bytes")),
        Written(
            "items and vectors",
            load.items / DAY_S,
            2 * (figure("item_bytes") + figure("vector_bytes")),
        ),
    ]


def by_stage(load: Load) -> dict[str, float]:
    """Cores by the part of the name before the colon."""
    found: dict[str, float] = {}
    for stage in stages(load):
        name = stage.name.partition(":")[0]
        found[name] = found.get(name, 0.0) + stage.cores
    return found


def sized(accounts: int, items: int) -> Load:
    """A load with as many feeds as the items need, and workers to match it."""
    load = Load(accounts=accounts, items=items, feeds=max(1, items // 5), match_workers=1)
    for _ in range(50):  # more workers read more, each for itself
        workers = math.ceil(SPARE * by_stage(load)[MATCHING])
        if workers == load.match_workers:
            break
        load = replace(load, match_workers=workers)
    return load


def most_items(load: Load, stage: str) -> float:
    """Items a day at which a stage that only one can do at a time fills the day."""
    low, high = 1.0, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        (one,) = (s for s in stages(replace(load, items=int(middle))) if s.name == stage)
        low, high = (middle, high) if one.is_possible else (low, middle)
    return low


SIZES = (10_000, 100_000, 1_000_000)
"""Accounts, and as many items a day."""


def tables() -> str:
    """The tables of docs/scale.md."""
    loads = [sized(n, n) for n in SIZES]
    parts = [
        _table(
            ["figure", "measured", "line of `scripts/bench cluster`"],
            [[one.what, _number(one.value), one.line] for one in MEASURED.values()],
        ),
        _table(
            ["accounts, and items a day", *(f"{n:,}" for n in SIZES)],
            [
                *_rows(loads, "subscribed pairs a day", lambda load: load.pairs),
                *_rows(loads, "polls a second", lambda load: load.polls / DAY_S),
                *_by_name("cores: {}", [[(s.name, _cores(s)) for s in stages(x)] for x in loads]),
                *_by_name(
                    "log, MB/s: {}",
                    [[(w.name, _number(w.megabytes_a_s)) for w in written(x)] for x in loads],
                ),
                *_by_name(
                    "GB: {}", [[(h.name, _number(h.gigabytes)) for h in held(x)] for x in loads]
                ),
            ],
        ),
    ]
    return "\n\n".join(parts)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(loads: list[Load], name: str, value: Callable[[Load], float]) -> list[list[str]]:
    return [[name, *(_number(value(load)) for load in loads)]]


def _by_name(form: str, columns: list[list[tuple[str, str]]]) -> list[list[str]]:
    return [
        [form.format(same[0][0]), *(value for _, value in same)]
        for same in zip(*columns, strict=True)
    ]


def _cores(stage: Stage) -> str:
    return _number(stage.cores) if stage.is_possible else f"**{_number(stage.cores)}**"


def _number(value: float) -> str:
    if value >= 1e6:
        return f"{float(f'{value / 1e6:.2g}'):,g} M"
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{float(f'{value:.2g}'):g}"
