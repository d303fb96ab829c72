"""`sawthis touch …`: log a call, a send, a reply."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from recommender.cli.context import ContactRef, Json, open_house
from recommender.cli.output import emit_json, say, table
from recommender.cli.output import note as tell
from recommender.domain import CHANNELS
from recommender.rhythm import ago
from recommender.services import shapes
from recommender.services.standing import advice_lines
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
    channel: Annotated[str | None, typer.Option(help=f"One of {', '.join(CHANNELS)}.")] = None,
    as_json: Json = False,
) -> None:
    """Log a touch. Before an ask of somebody who got nothing for a year, there is advice."""
    house = open_house()
    now = utc_now()
    person = house.people.find(contact)
    advice = house.standing.guard(person, now=now) if kind == "ask" and direction != "in" else None
    touch = house.touches.log(
        person,
        kind,  # type: ignore[arg-type]  # checked by the service
        now=now,
        at=now - timedelta(days=days_ago),
        direction=direction,  # type: ignore[arg-type]  # checked by the service
        note=note,
        channel=channel,  # type: ignore[arg-type]  # checked by the service
    )
    lines = advice_lines(advice, person)
    if as_json:
        emit_json({**shapes.touch_shape(touch), "advice": lines})
        return
    say(f"Logged: {touch.kind} with {person.name}, {ago(touch.at, now)}.")
    for line in lines:
        tell(line)


@app.command("import")
def import_letters(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="An mbox, an .eml, or a folder of them.")
    ],
    me: Annotated[
        list[str] | None,
        typer.Option("--me", help="An address of yours; repeatable, and kept for the next time."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what was found.")] = False,
    as_json: Json = False,
) -> None:
    """Log letters to and from your contacts. Only headers are read; no text is kept."""
    from recommender.services.letters import import_letters

    house = open_house()
    found = import_letters(
        house.storage, house.account_id, path, me=me or (), now=utc_now(), dry_run=dry_run
    )
    if as_json:
        emit_json(found._asdict())
        return
    say(
        f"{found.letters} letters read: {found.logged} touches {'found' if dry_run else 'logged'}, "
        f"{found.known} known already, {found.strangers} of strangers, "
        f"{found.impersonal} to many or from machines, {found.failed} unreadable."
    )


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
