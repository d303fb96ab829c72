"""The `sawthis` and `suggest` commands: the tree of commands and the way errors end."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from recommender.cli.context import set_overrides
from recommender.cli.output import note
from recommender.errors import RecommenderError

# Command -> the module that registers it, in the order of the help.
COMMANDS = {
    "suggest": "suggestions",
    "today": "today",
    "sent": "suggestions",
    "skip": "suggestions",
    "later": "suggestions",
    "liked": "suggestions",
    "replied": "suggestions",
    "less": "suggestions",
    "undo": "suggestions",
    "draft": "drafting",
    "contacts": "contacts",
    "groups": "preferences",
    "interests": "interests",
    "touch": "touches",
    "health": "health",
    "birthdays": "health",
    "prefs": "preferences",
    "feeds": "feeds",
    "items": "items",
    "refresh": "pool",
    "digest": "digest",
    "demo": "pool",
    "serve": "service",
    "worker": "worker",
    "doctor": "service",
    "token": "accounts",
    "pair": "accounts",
    "extension": "extension",
    "login": "accounts",
    "export": "accounts",
    "import": "accounts",
    "migrate": "migrate",
    "erase": "accounts",
}


def _show_version(value: bool) -> None:
    if value:
        from recommender import __version__

        print(f"sawthis {__version__}")
        raise typer.Exit


def _options(
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the library [SAWTHIS_DATA_DIR].")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Account [SAWTHIS_ACCOUNT].")] = None,
    model: Annotated[str | None, typer.Option(help="Embedding model [SAWTHIS_MODEL].")] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """Saw this, thought of you: what to send to whom, and why."""
    set_overrides({"data_dir": data_dir, "account": account, "model": model})


def build_app(command: str | None = None) -> typer.Typer:
    """The tree of commands.

    Args:
        command: Build only the branch this command is on; Typer spends longer on describing
            the others than `suggest` takes to answer. None or an unknown name builds all.
    """
    app = typer.Typer(
        name="sawthis", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
    )
    app.callback()(_options)
    wanted = COMMANDS.get(command or "")
    for name in (wanted,) if wanted else dict.fromkeys(COMMANDS.values()):
        import_module(f"recommender.cli.{name}").register(app)
    return app


def run() -> None:
    """Run the command that sys.argv names, and end the process as it deserves.

    Our errors become one line and exit 1; a closed pipe (`| head`) ends quietly.
    """
    command = sys.argv[1] if len(sys.argv) > 1 else None
    if command == "suggest":
        gc.disable()  # it ends before it could fill anything, and collecting costs it 3 %
    try:
        build_app(command)()
    except RecommenderError as error:
        note(f"sawthis: {error}")
        sys.exit(1)
    except BrokenPipeError:
        # What is still buffered must not raise again when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
