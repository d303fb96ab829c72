"""`scripts/bench cluster` in small: every line of it comes, and says something that can be so."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.postgres import needed_programs


@pytest.mark.slow
def test_a_small_bench_gives_every_line() -> None:
    needed_programs()
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "scripts" / "bench", "cluster", "--quick"),
            *("--accounts", "30", "--items", "20"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {line["of"]: line for line in lines}
    assert {
        *("setting", "match", "rows", "upkeep", "shares", "growth", "stories", "stories_fit"),
        *("intake", "intake_rows", "embed", "poll"),
    } == found.keys()
    assert found["setting"]["interests"] == 30 * 60
    # All items were matched, and what was matched was written.
    assert found["match"]["jobs"] == 1
    assert found["match"]["matches"] > 0
    stages = ("load", "product", "words", "spans", "write", "rest")
    assert abs(sum(found["shares"][stage] for stage in stages) - 1) < 0.01
