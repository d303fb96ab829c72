"""The browsers that the tests need: absent, they skip a test, but never in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(what: str, names: tuple[str, ...]) -> str:
    """Where a program is that goes by one of these names."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found:
        return found
    message = f"no {what} on PATH: `scripts/setup --browser` installs it"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
