"""Where the time of matching goes, in one process that is alone; for bench_cluster.

Run by itself it is the child that matches, with threads set by the environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cluster_work import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster_library import Made, Size
    from cluster_server import Server

STAGES = ("load", "product", "words", "spans", "write")


def shares(server: Server, base: str, size: Size, made: Made) -> dict[str, Any]:
    """Match all that is new in a copy of a database; the shares of time of each stage."""
    server.create("shares", base)
    with environment(server, "shares") as env:
        done = subprocess.run(
            [sys.executable, __file__], env=env, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds = json.loads(done.stdout)
    whole = seconds.pop("whole")
    with server.superuser("shares") as db:
        row = db.execute(
            "SELECT sum(total_exec_time), sum(calls) FROM pg_stat_statements WHERE dbid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
    assert row is not None
    server.drop("shares")
    return {
        "of": "shares",
        **{stage: round(seconds[stage] / whole, 3) for stage in STAGES},
        "rest": round(1 - sum(seconds[stage] for stage in STAGES) / whole, 3),
        "in_statements": round(row[0] / 1000 / whole, 3),
        "statements": int(row[1]),
        "pairs_a_s": round(made.pairs(size) / whole),
    }


def _run() -> None:
    """The child: every range, one after the other, as a worker's jobs do them."""
    from recommender.services.range_matching import RangeMatching
    from recommender.services.ranges import ACCOUNTS_AT_ONCE
    from recommender.settings import load_settings
    from recommender.wiring import House

    house = House(load_settings(os.environ))
    took: dict[str, float] = defaultdict(float)

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        took[stage] += time.perf_counter() - began

    matching = RangeMatching(house.storage, house.matching(), timed)
    ranges = house.storage.ranges.account_ranges(ACCOUNTS_AT_ONCE)
    began = time.perf_counter()
    for first, last in ranges:
        matching.run(first, last)
    took["whole"] = time.perf_counter() - began
    house.close()
    json.dump(took, sys.stdout)


if __name__ == "__main__":
    _run()
