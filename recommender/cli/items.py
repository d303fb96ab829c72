"""`sawthis items …`."""

from __future__ import annotations

from typing import Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, heading, say, table
from recommender.cli.suggestions import as_kind
from recommender.services import shapes
from recommender.wiring import utc_now

app = typer.Typer(help="The pool: what could be sent.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(app, name="items")


@app.command("list")
def list_all(
    search: Annotated[str, typer.Option("--search", "-s", help="Only with this text.")] = "",
    kind: Annotated[str | None, typer.Option(help="Only article, joke or page.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """List items, newest first."""
    house = open_house()
    items = house.storage.items.items(house.account_id, kind=as_kind(kind), search=search, limit=n)
    if as_json:
        emit_json([shapes.item_shape(item, with_text=False) for item in items])
        return
    table(["id", "kind", "title", "feed"], [(i.id, i.kind, i.title, i.feed_title) for i in items])


@app.command()
def show(
    item: Annotated[int, typer.Argument(metavar="ITEM", help="Id.")],
    history: Annotated[
        bool, typer.Option("--history", help="Also what it was before each update.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one item whole."""
    house = open_house()
    found = house.storage.items.item(house.account_id, item)
    revisions = house.storage.items.revisions(item) if history else []
    if as_json:
        shape = shapes.item_shape(found)
        if history:
            shape["history"] = [shapes.revision_shape(revision) for revision in revisions]
        emit_json(shape)
        return
    heading(found.title)
    say(
        "\n".join(
            part for part in (found.url, found.feed_title, "", found.text) if part is not None
        )
    )
    for revision in revisions:
        say()
        heading(f"Until {revision.at:%Y-%m-%d %H:%M} ({', '.join(revision.changed)} changed)")
        say(f"{revision.title}\n\n{revision.text}")


@app.command()
def save(
    url: Annotated[str, typer.Argument(help="A page you came across.")], as_json: Json = False
) -> None:
    """Put a page into your own pool, and match it."""
    from recommender.cli.context import match_changes
    from recommender.services.pages import fetch_page, save_page

    house = open_house()
    with house.http_client() as client:
        page = fetch_page(client, url)
    added = save_page(house.storage, house.account_id, page, now=utc_now())
    match_changes(house)
    if as_json:
        emit_json({"title": page.title, "url": page.url, "added": bool(added)})
    else:
        say(f"“{page.title}” is {'saved' if added else 'in the pool already'}.")
