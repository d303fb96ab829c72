"""`sawthis feeds …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, note, say, table
from recommender.errors import InvalidInput
from recommender.rhythm import ago
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.domain import Feed

app = typer.Typer(help="Where articles and jokes come from.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(app, name="feeds")


FeedRef = Annotated[str, typer.Argument(metavar="FEED", help="Id or URL.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Address of an RSS, Atom, RDF or JSON feed.")],
    jokes: Annotated[bool, typer.Option("--jokes", help="Its items are jokes.")] = False,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Read it before it is added.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Add a feed; it is read once to see that it is one."""
    from recommender.services.ingest import check_feed

    house = open_house()
    title = ""
    if check:
        with house.sources() as sources:
            title = check_feed(sources, url)
    kind = "joke" if jokes else "article"
    feed = house.subscriptions.add(url, now=utc_now(), kind=kind, title=title)  # type: ignore[arg-type]
    if as_json:
        emit_json(shapes.feed_shape(feed))
    else:
        say(f"“{feed.title}” is added; `sawthis refresh` reads it.")


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the feeds with their health."""
    feeds = open_house().subscriptions.all()
    if as_json:
        emit_json([shapes.feed_shape(feed) for feed in feeds])
        return
    if not feeds:
        note("No feeds yet: `sawthis feeds add URL` or `sawthis feeds import FILE.opml`.")
    table(
        ["id", "title", "kind", "health", "url"],
        [(feed.id, feed.title, feed.kind, _health(feed), feed.url) for feed in feeds],
    )


def _health(feed: Feed) -> str:
    if feed.error:
        return feed.error
    return f"read {ago(feed.succeeded_at, utc_now())}" if feed.succeeded_at else "not read yet"


@app.command()
def remove(feed: FeedRef, as_json: Json = False) -> None:
    """Stop reading a feed."""
    house = open_house()
    found = house.subscriptions.find(feed)
    house.subscriptions.remove(found)
    if as_json:
        emit_json({"removed": found.id})
    else:
        say(f"“{found.title}” is removed.")


@app.command("import")
def import_opml(
    file: Annotated[Path, typer.Argument(metavar="FILE.opml", help="The list, or - for stdin.")],
    as_json: Json = False,
) -> None:
    """Subscribe to the feeds another reader exported."""
    added, there, skipped = open_house().subscriptions.import_opml(read_input(file), now=utc_now())
    if as_json:
        emit_json({"added": added, "already_there": there, "skipped": skipped})
        return
    say(f"{added} feeds added, {there} were there already, {len(skipped)} skipped.")
    for reason in skipped:
        note(f"  {reason}")


def read_input(file: Path) -> bytes:
    """The bytes of a file, or of standard input for -."""
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}") from error


@app.command("export")
def export_opml(
    file: Annotated[Path, typer.Argument(metavar="FILE.opml", help="Where to, or - for stdout.")],
) -> None:
    """Write the feeds as OPML, for any other reader."""
    body = open_house().subscriptions.export_opml()
    if str(file) == "-":
        sys.stdout.buffer.write(body)
        return
    try:
        file.write_bytes(body)
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}") from error
    note(f"Written to {file}.")
