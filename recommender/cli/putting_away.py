"""`sawthis contacts …`: pauses, hard events, the archive, and erasing."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from recommender.cli.context import ContactRef, Json, open_house
from recommender.cli.output import emit_json, say
from recommender.services import shapes
from recommender.wiring import utc_now


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree of `contacts`."""
    for command in (pause, hard, archive, restore, remove):
        app.command()(command)


def pause(
    contact: ContactRef,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="For how long; until further notice if not.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Leave somebody out for a while; `contacts edit --state active` ends it sooner."""
    until = utc_now() + timedelta(days=days) if days else None
    _changed(contact, as_json, "is paused", state="paused", paused_until=until)


def hard(
    contact: ContactRef,
    days_ago: Annotated[int, typer.Option(min=0, max=3650, help="When you heard of it.")] = 0,
    clear: Annotated[bool, typer.Option("--clear", help="Take it back.")] = False,
    as_json: Json = False,
) -> None:
    """Log a hard event: a death, an illness, a lost job. It is quiet for 30 days then."""
    at = None if clear else utc_now() - timedelta(days=days_ago)
    said = "will be left in peace for 30 days" if at else "is no longer left in peace"
    _changed(contact, as_json, said, hard_at=at)


def archive(contact: ContactRef, as_json: Json = False) -> None:
    """Put a contact away: kept with all its history, shown nowhere."""
    _changed(contact, as_json, "is in the archive", archived_at=utc_now())


def restore(contact: ContactRef, as_json: Json = False) -> None:
    """Bring a contact back from the archive."""
    _changed(contact, as_json, "is back", archived_at=None)


def _changed(ref: str, as_json: bool, said: str, **changes: Any) -> None:  # noqa: ANN401
    house = open_house()
    person = house.people.edit(house.people.find(ref), now=utc_now(), **changes)
    if as_json:
        emit_json(shapes.contact_shape(person, house.people.interests(person)))
    else:
        say(f"{person.name} {said}.")


def remove(
    contact: ContactRef,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a contact with interests, touches and history, and say what went."""
    house = open_house()
    person = house.people.find(contact)
    if not yes:
        typer.confirm(f"Erase {person.name} and everything about them?", abort=True, err=True)
    erased = house.people.remove(person)
    if as_json:
        emit_json({"removed": person.id, "erased": erased})
    else:
        listed = ", ".join(f"{n} {what}" for what, n in erased.items() if n)
        say(f"{person.name} is erased" + (f", with {listed}." if listed else "."))
