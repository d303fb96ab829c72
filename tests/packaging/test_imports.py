"""What a command imports, and what it must not: the cold start depends on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Sawthis

HEAVY = [
    "numpy",
    "torch",
    "sklearn",
    "sqlite_utils",
    "onnxruntime",
    "sentence_transformers",
    "transformers",
    "fastapi",
    "httpx",
    "feedparser",
    "jinja2",
    "recommender_feeds.identity",
    "procrastinate",
    "psycopg",
    "recommender.cluster",
    "recommender.services.chores",
    "recommender.storage.access",
    "recommender.storage.backlog",
    "recommender.account",
]
CODE = """
import sys, json
sys.argv = ["sawthis", *json.loads({args!r})]
from recommender.entry import run
try:
    run()
except SystemExit as error:
    assert not error.code, error.code
print("HEAVY", json.dumps([m for m in json.loads({heavy!r}) if m in sys.modules]))
"""


def imported(demo: Sawthis, *args: str) -> list[str]:
    code = CODE.format(args=json.dumps(args), heavy=json.dumps(HEAVY))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **demo.env()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.rsplit("HEAVY", 1)[1])
    return found


def test_help_imports_nothing_heavy(demo: Sawthis) -> None:
    assert imported(demo, "--help") == []


def test_suggest_imports_nothing_heavy(demo: Sawthis) -> None:
    assert imported(demo, "suggest", "--contact", "joe") == []
    assert imported(demo, "suggest", "--contact", "joe", "--json") == []


def test_a_warm_refresh_never_loads_torch(demo: Sawthis) -> None:
    demo.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
    heavy = imported(demo, "interests", "add", "sam", "chess")
    assert "onnxruntime" in heavy
    assert not {"torch", "sklearn", "sentence_transformers", "transformers"} & set(heavy)
    assert not {"procrastinate", "psycopg", "recommender.cluster"} & set(heavy)
