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


INNOCENT = ROOT / "tests" / "quality" / "innocent.txt"
UNSEEN = ROOT / "tests" / "quality" / "innocent_unseen.txt"
"""By somebody who knew neither word list nor the other texts; nothing was tuned to it."""
CRUDE = [
    "I had sex with her sister, and she never found out.",
    "What the f**k did you expect?",
    "My grandfather killed himself on a Monday. At least he missed the meeting.",
    "She slept with the whole football team before breakfast.",
    "Those people breed like rats and should go back to where they came from.",
    "A nun, a rabbi and a naked lady walk into a brothel.",
]


@pytest.mark.slow
@pytest.mark.parametrize("texts", [INNOCENT, UNSEEN], ids=["known", "unseen"])
def test_offcolour_lets_the_innocent_pass_and_not_the_crude(tmp_path: Path, texts: Path) -> None:
    innocent: list[dict[str, object]] = [
        {"id": f"i{n}", "title": line, "text": ""}
        for n, line in enumerate(texts.read_text("utf-8").splitlines())
    ]
    crude: list[dict[str, object]] = [
        {"id": f"c{n}", "kind": "joke", "title": "", "text": line} for n, line in enumerate(CRUDE)
    ]
    items = write(tmp_path / "items.jsonl", [*innocent, *crude])
    done = evaluate("offcolour", "--items", items, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [row["id"] for row in rows] == [row["id"] for row in (*innocent, *crude)]
    passing = [row["id"] for row in rows if row["level"] == "clean"]
    assert len(innocent) == 50
    assert sum(name.startswith("i") for name in passing) >= 48
    assert not [name for name in passing if name.startswith("c")]
    assert all(0 <= row["probability"] <= 1 for row in rows)
    assert "death" in rows[52]["topics"]


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
