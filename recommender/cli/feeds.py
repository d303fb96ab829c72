"""`sawthis feeds …`: what is read, how it is, and where there is more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli import adding, reading
from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, note, say, table
from recommender.errors import InvalidInput
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Feed

app = typer.Typer(help="Where articles and jokes come from.")


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    app.command("add")(adding.add)
    app.command("browse")(adding.browse)
    app.command("login")(adding.login)
    app.command("parse")(reading.parse)
    tree.add_typer(app, name="feeds")


FeedRef = Annotated[str, typer.Argument(metavar="FEED", help="Id or URL.")]


@app.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """Where articles and jokes come from, and how each feed is."""
    if context.invoked_subcommand is None:
        list_all()


@app.command("list")
def list_all(
    ill: Annotated[bool, typer.Option("--ill", help="Only those that need a look.")] = False,
    as_json: Json = False,
) -> None:
    """List the feeds with their health."""
    from recommender.services.health import health

    now = utc_now()
    feeds = open_house().subscriptions.all()
    states = [(feed, health(feed, now)) for feed in feeds]
    shown = [(feed, state) for feed, state in states if not ill or state.condition == "ill"]
    if as_json:
        emit_json([shapes.feed_shape(feed, state) for feed, state in shown])
        return
    if not feeds:
        note(
            "No feeds yet: `sawthis feeds browse` shows some, `sawthis feeds add URL` adds one, "
            "`sawthis feeds import FILE.opml` another reader's."
        )
    table(
        ["id", "title", "kind", "a week", "health", "next look", "url"],
        [
            (feed.id, feed.title, feed.kind, _weekly(feed), state.words, _next(feed, now), feed.url)
            for feed, state in shown
        ],
    )
    n_ill = sum(state.condition == "ill" for _feed, state in states)
    for feed, state in shown:
        if state.condition == "ill" and state.advice:
            note(f"{feed.title}: {state.words}. {state.advice[0].upper()}{state.advice[1:]}.")
    if n_ill and not ill:
        note(f"{n_ill} of {len(feeds)} need a look (`sawthis feeds list --ill`).")


def _weekly(feed: Feed) -> str:
    if feed.weekly is None:
        return ""
    return f"{feed.weekly:.0f}" if feed.weekly >= 1 else "<1"


def _next(feed: Feed, now: datetime) -> str:
    if feed.problem == "gone":
        return "never"
    if feed.next_check_at is None or feed.next_check_at <= now:
        return "now"
    minutes = (feed.next_check_at - now).total_seconds() / 60
    if minutes < 90:
        return f"in {minutes:.0f} min"
    return f"in {minutes / 60:.0f} h" if minutes < 48 * 60 else f"in {minutes / 1440:.0f} days"


@app.command()
def show(feed: FeedRef, as_json: Json = False) -> None:
    """Show one feed: its health, its last error, what to do."""
    from recommender.services.health import health

    found = open_house().subscriptions.find(feed)
    state = health(found, utc_now())
    if as_json:
        emit_json(shapes.feed_shape(found, state))
        return
    say(found.title)
    facts = [
        ("url", found.url), ("site", found.site_url), ("health", state.words),
        ("what to do", state.advice), ("last error", found.error),
        ("entries a week", _weekly(found)), ("next look", _next(found, utc_now())),
        ("full text", found.full_text), ("folder", " / ".join(found.folders)),
        ("login", "kept" if found.owner_id else ""),
    ]  # fmt: skip
    for name, value in facts:
        if value:
            say(f"  {name}: {value}")


@app.command("set")
def set_options(
    feed: FeedRef,
    full_text: Annotated[
        str, typer.Option("--full-text", help="Complete summaries from their pages: on, off, auto.")
    ],
    as_json: Json = False,
) -> None:
    """Change how a feed is read."""
    house = open_house()
    found = house.subscriptions.set_full_text(house.subscriptions.find(feed), full_text)
    if as_json:
        emit_json(shapes.feed_shape(found))
    else:
        say(f"“{found.title}”: full text {found.full_text}.")


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
    """Write the feeds as OPML, for any other reader. Logins are left out."""
    body = open_house().subscriptions.export_opml()
    if str(file) == "-":
        sys.stdout.buffer.write(body)
        return
    try:
        file.write_bytes(body)
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}") from error
    note(f"Written to {file}.")
