"""scripts/evaluate: the door through which matching is judged, and the traps behind it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TRAPS_AVOIDED = 42
"""Of 68; what is still fallen into is in docs/quality.md. May only rise."""

ITEMS = [
    ("a", "Reefing before you need to", "Take in sail early; the boat goes faster upright."),
    ("b", "A sourdough for beginners", "Flour, water, salt and a night in the cool kitchen."),
    ("c", "The catch, and how to stop missing it", "Eight oars in the water at once."),
    ("d", "A sourdough for beginners", "Flour, water, salt and a night in the cool kitchen."),
]
COPY = " ".join(f"word{n % 17} number {n}" for n in range(60))


def evaluate(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "evaluate"), *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.slow
def test_rank_writes_a_run(tmp_path: Path) -> None:
    items = write(
        tmp_path / "items.jsonl",
        [
            {"id": key, "kind": "article", "title": title, "text": text}
            for key, title, text in ITEMS
        ],
    )
    profiles = write(
        tmp_path / "profiles.jsonl",
        [{"id": "p1", "interest": "sailing"}, {"id": "p2", "interest": "baking bread"}],
    )
    run = tmp_path / "run"
    done = evaluate(
        "rank", "--items", items, "--profiles", profiles, "--run", str(run), "--depth", "2"
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in run.read_text().splitlines()]
    assert [row[0] for row in rows] == ["p1", "p1", "p2", "p2"]
    assert [row[3] for row in rows] == ["1", "2", "1", "2"]
    assert rows[0][2] == "a"
    assert {rows[2][2], rows[3][2]} == {"b", "d"}
    assert all(0.0 <= float(row[4]) <= 1.0 and row[1] == "Q0" for row in rows)


@pytest.mark.slow
def test_duplicates_share_a_story(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "title": "A long report", "text": COPY},
        {"id": "2", "title": "A long report, again", "text": COPY + " and a last word"},
        {"id": "3", "title": "Goats on the roof", "text": "They came for the grass."},
    ]
    out = tmp_path / "out"
    done = evaluate("duplicates", "--items", write(tmp_path / "i", rows), "--out", str(out))
    assert done.returncode == 0, done.stderr
    stories = {row["id"]: row["story"] for row in map(json.loads, out.read_text().splitlines())}
    assert stories["1"] == stories["2"] != stories["3"]


@pytest.mark.slow
def test_traps_are_avoided() -> None:
    done = evaluate("traps")
    match = re.search(r"(\d+) of (\d+) traps avoided", done.stdout)
    assert match, done.stderr
    assert int(match.group(2)) >= 60
    assert int(match.group(1)) >= TRAPS_AVOIDED, done.stdout
