"""The console scripts: the one place that knows every face.

The faces do not import each other; `sawthis serve` needs two of them, so they meet here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from recommender.cli import context, main

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommender.settings import Settings


def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    from recommender.api.server import run_server
    from recommender.web.pages import router

    run_server(settings, announce=announce, pages=[router])


context.set_server(_serve)


def run() -> None:
    """Entry point of `sawthis`."""
    main.run()


def run_suggest() -> None:
    """Entry point of `suggest`: the same as `sawthis suggest`."""
    sys.argv[1:1] = ["suggest"]
    main.run()
