"""What every command shares: the house it works in, set up from the top-level options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.output import note, progress
from recommender.settings import load_settings
from recommender.wiring import House

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recommender.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ContactRef = Annotated[
    str, typer.Argument(metavar="CONTACT", help="Id, slug, e-mail or unambiguous name.")
]

_overrides: dict[str, object] = {}


def set_overrides(flags: Mapping[str, object]) -> None:
    """Remember the top-level options for `open_house`."""
    _overrides.clear()
    _overrides.update(flags)


def open_house() -> House:
    """The house the command works in."""
    return House(load_settings(os.environ, _overrides), notice=note)


def match_changes(house: House) -> None:
    """Match changed interests with the pool, so that `suggest` sees them at once.

    Where workers do that, they are asked to.
    """
    with progress() as advance:
        is_done = house.match_soon(advance)
    if not is_done:
        note("A worker matches that in a moment.")


_servers: list[Callable[[Settings, Callable[[str], None]], None]] = []


def set_server(server: Callable[[Settings, Callable[[str], None]], None]) -> None:
    """Say what `serve` runs; the faces do not import each other."""
    _servers[:] = [server]


def run_server(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run what `set_server` was given, until it ends."""
    _servers[0](settings, announce)
