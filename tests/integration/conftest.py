"""The running service, for every test that calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.serving import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Sawthis


@pytest.fixture
def service(demo: Sawthis) -> Iterator[Service]:
    """`sawthis serve` on a fresh copy of the demo; nobody calls too often."""
    demo.environment["SAWTHIS_RATE_LIMIT"] = "0"
    started = Service(demo)
    yield started
    started.stop()
