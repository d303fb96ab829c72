"""Waiting for what another thread, process or browser is about to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
PATIENCE_S = 30
STEP_S = 0.05


def until(ask: Callable[[], T | None], *, patience_s: float = PATIENCE_S) -> T:
    """Wait for something to be there, or true."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(STEP_S)
    raise AssertionError(f"it did not come within {patience_s} s; last seen: {ask()!r}")
