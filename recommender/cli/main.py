"""The `sawthis` and `suggest` commands: the tree of commands and the way errors end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli import (
    accounts,
    contacts,
    feeds,
    interests,
    items,
    pool,
    service,
    suggestions,
    touches,
)
from recommender.cli.context import set_overrides
from recommender.cli.output import note
from recommender.errors import RecommenderError

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="sawthis",
    help="Saw this, thought of you: what to send to whom, and why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(value: bool) -> None:
    if value:
        from recommender import __version__

        print(f"sawthis {__version__}")
        raise typer.Exit


@app.callback()
def main(
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


for module in (suggestions, pool, service, accounts):
    module.register(app)
app.add_typer(contacts.app, name="contacts")
app.add_typer(interests.app, name="interests")
app.add_typer(feeds.app, name="feeds")
app.add_typer(items.app, name="items")
app.add_typer(touches.app, name="touch")
app.add_typer(accounts.tokens, name="token")


def run() -> None:
    """Run the command that sys.argv names, and end the process as it deserves."""
    _guarded(app)


def _guarded(command: Callable[[], object]) -> None:
    """Run; our errors become one line and exit 1, a closed pipe ends quietly."""
    try:
        command()
    except RecommenderError as error:
        note(f"sawthis: {error}")
        sys.exit(1)
    except BrokenPipeError:
        # The reader (`| head`) has had enough; say nothing when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
