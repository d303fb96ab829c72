"""`sawthis groups` and `sawthis prefs`: how often, how long, in what words."""

from __future__ import annotations

from typing import Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, say, table
from recommender.domain import Group
from recommender.services.checking import one_line
from recommender.services.preferences import PREFERENCES, set_preferences
from recommender.wiring import utc_now

groups = typer.Typer(help="Groups of contacts, and how often they hear from you.")
prefs = typer.Typer(help="Minutes a day, and the voice of your notes.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(groups, name="groups")
    tree.add_typer(prefs, name="prefs")


@groups.command("list")
def list_groups(as_json: Json = False) -> None:
    """List groups, how many are in them, and how often they hear from you."""
    rows = open_house().people.groups()
    if as_json:
        emit_json([{"name": a, "contacts": n, "cadence_days": days} for a, n, days in rows])
        return
    table(
        ["group", "contacts", "every"],
        [(name, n, f"{days} days" if days else "as each contact says") for name, n, days in rows],
    )


@groups.command("set")
def set_group(
    name: Annotated[str, typer.Argument(help="Of the group.")],
    every: Annotated[
        int, typer.Option(min=0, max=3650, help="Wanted days between touches; 0 for none.")
    ],
    as_json: Json = False,
) -> None:
    """Say how often a group is to hear from you; a contact's own cadence comes before it."""
    house = open_house()
    group = Group(one_line(name, what="the name", limit=200), every or None)
    house.storage.rhythm.put_group(house.account_id, group, now=utc_now())
    if as_json:
        emit_json({"name": group.name, "cadence_days": group.cadence_days})
    else:
        say(f"{group.name}: " + (f"every {every} days." if every else "as each contact says."))


@groups.command("forget")
def forget_group(
    name: Annotated[str, typer.Argument(help="Of the group.")], as_json: Json = False
) -> None:
    """Forget what was set for a group; its contacts stay in it."""
    house = open_house()
    known = house.storage.rhythm.delete_group(house.account_id, name)
    if as_json:
        emit_json({"forgotten": known})
    else:
        say("Forgotten." if known else "Nothing was set for it.")


@prefs.command("show")
def show(as_json: Json = False) -> None:
    """Show what is set."""
    house = open_house()
    found = house.storage.rhythm.preferences(house.account_id)
    if as_json:
        emit_json({key: found.get(key, "") for key in PREFERENCES})
        return
    table(
        ["key", "value", "meaning"],
        [(key, found.get(key, ""), PREFERENCES[key]) for key in PREFERENCES],
    )


@prefs.command("set")
def set_preference(
    key: Annotated[str, typer.Argument(help=", ".join(PREFERENCES))],
    value: Annotated[str, typer.Argument(help="\u201c\u201d goes back to the usual.")],
    as_json: Json = False,
) -> None:
    """Set one of them."""
    house = open_house()
    kept = set_preferences(house.storage, house.account_id, {key: value}, now=utc_now())
    checked = kept[key]
    if as_json:
        emit_json({key: checked})
    else:
        say(f"{key} is {checked or 'as usual'}.")
