"""`sawthis touch …`: log a call, a send, a reply."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from recommender.cli.context import ContactRef, Json, open_house
from recommender.cli.output import emit_json, say, table
from recommender.rhythm import ago
from recommender.services import shapes
from recommender.wiring import utc_now

app = typer.Typer(help="When you were in touch.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(app, name="touch")


@app.command()
def add(
    contact: ContactRef,
    kind: Annotated[str, typer.Argument(help="sent, call, met, received or ask.")],
    note: Annotated[str, typer.Option(help="For your own memory.")] = "",
    days_ago: Annotated[int, typer.Option(min=0, max=36500, help="When it was.")] = 0,
    direction: Annotated[str | None, typer.Option(help="out or in.")] = None,
    as_json: Json = False,
) -> None:
    """Log a touch."""
    house = open_house()
    now = utc_now()
    person = house.people.find(contact)
    touch = house.touches.log(
        person,
        kind,  # type: ignore[arg-type]  # checked by the service
        now=now,
        at=now - timedelta(days=days_ago),
        direction=direction,  # type: ignore[arg-type]  # checked by the service
        note=note,
    )
    if as_json:
        emit_json(shapes.touch_shape(touch))
    else:
        say(f"Logged: {touch.kind} with {person.name}, {ago(touch.at, now)}.")


@app.command("list")
def list_all(
    contact: Annotated[
        str | None, typer.Argument(metavar="[CONTACT]", help="Only with them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List touches, newest first."""
    house = open_house()
    found = house.touches.all(house.people.find(contact) if contact else None)
    if as_json:
        emit_json([shapes.touch_shape(touch) for touch in found])
        return
    names = {c.id: c.name for c in house.people.all()}
    table(
        ["id", "when", "contact", "kind", "direction", "note"],
        [
            (t.id, ago(t.at, utc_now()), names[t.contact_id], t.kind, t.direction, t.note)
            for t in found
        ],
    )


@app.command()
def remove(
    touch: Annotated[str, typer.Argument(metavar="TOUCH", help="Id.")], as_json: Json = False
) -> None:
    """Take a touch back."""
    open_house().touches.remove(touch)
    if as_json:
        emit_json({"removed": touch})
    else:
        say("Removed.")
