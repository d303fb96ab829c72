"""`sawthis contacts …`: address books in and out, and people who are there twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import ContactRef, Json, open_house
from recommender.cli.output import emit_json, note, say, table
from recommender.errors import InvalidInput
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recommender.services.importing import ImportOutcome
    from recommender.wiring import House

SHOWN = 20
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")]


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree of `contacts`."""
    app.command("import")(import_file)
    app.command("pull")(pull)
    app.command("export")(export)
    app.command("duplicates")(duplicates)
    app.command("merge")(merge)
    app.command("split")(split)


def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="vCard, LDIF, CSV or JSON; - for stdin.")
    ],
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="COLUMN=FIELD, for a CSV nobody knows; may be repeated."),
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask what each column means.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take in an address book; doing it twice changes nothing.

    Whoever is known (same uid, or same name with an address or number in common) is added to,
    never overwritten.
    """
    from recommender.cli.feeds import read_input

    body = read_input(file)
    mapping = _asked(body) if ask else _mapping(column)
    _import(open_house(), body, mapping, dry_run=dry_run, as_json=as_json)


def pull(
    url: Annotated[str, typer.Argument(metavar="URL", help="CardDAV address book or server.")],
    user: Annotated[str, typer.Option(help="Who you are there.")] = "",
    password: Annotated[
        str, typer.Option(envvar="SAWTHIS_CARDDAV_PASSWORD", help="Asked for if not given.")
    ] = "",
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take in an address book from a CardDAV server."""
    from recommender.services.carddav import pull_cards

    if user and not password:
        password = typer.prompt("Password", hide_input=True, err=True)
    body = pull_cards(url, user=user, password=password)
    _import(open_house(), body, None, dry_run=dry_run, as_json=as_json)


def _mapping(columns: list[str] | None) -> dict[str, str] | None:
    if not columns:
        return None
    pairs = [column.rpartition("=") for column in columns]
    if any(not name or not field for name, _, field in pairs):
        raise InvalidInput("a column is given as COLUMN=FIELD, such as \u201cVorname=given\u201d")
    return {name: field for name, _, field in pairs}


def _asked(body: bytes) -> dict[str, str]:
    """What each column of a CSV means, as the user says."""
    from recommender.cards import csv_columns, guess_mapping

    columns = csv_columns(body)
    guessed = guess_mapping(columns)
    note("For each column: the field it is (Enter keeps the guess, - leaves it out).")
    found = {
        name: typer.prompt(f"  {name}", default=guessed.get(name, "-"), err=True)
        for name in columns
    }
    return {name: field for name, field in found.items() if field != "-"}


def _import(
    house: House, body: bytes, mapping: Mapping[str, str] | None, *, dry_run: bool, as_json: bool
) -> None:
    from recommender.cli.context import match_changes

    outcome = house.importer.run(body, now=utc_now(), mapping=mapping, dry_run=dry_run)
    if as_json:
        emit_json(shapes.import_shape(outcome))
    else:
        _print_outcome(outcome, dry_run=dry_run)
    if not dry_run and house.people.interests():
        match_changes(house)


def _print_outcome(outcome: ImportOutcome, *, dry_run: bool) -> None:
    shown = [c for c in outcome.changes if c.outcome != "skipped"][: SHOWN if dry_run else 0]
    for change in shown:
        added = f": {', '.join(change.adds)}" if change.adds else ""
        say(f"  {change.outcome} {change.name}{added}")
    counts = {name: outcome.count(name) for name in ("created", "updated", "skipped")}
    more = counts["created"] + counts["updated"] - len(shown)
    if dry_run and more > 0:
        say(f"  and {more} more")
    said = ", ".join(f"{n} {name}" for name, n in counts.items())
    total = sum(counts.values()) + len(outcome.failures)
    done = "Would be" if dry_run else "Done"
    say(f"{done}: {said}, {len(outcome.failures)} failed; {total} in all.")
    for failure in outcome.failures:
        note(f"  line {failure.line}: {failure.reason}")


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to, or - for stdout.")],
    form: Annotated[str, typer.Option("--as", help="vcard or json.")] = "vcard",
) -> None:
    """Write the contacts as vCard 4.0 for any other program, or as JSON that loses nothing."""
    import json

    from recommender.services.exporting import to_vcards

    house = open_house()
    contacts, interests = house.people.all(), house.people.interests_of_all()
    if form == "vcard":
        text = to_vcards(contacts, interests)
    elif form == "json":
        rows = [shapes.contact_shape(c, interests.get(c.id, [])) for c in contacts]
        text = json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    else:
        raise typer.BadParameter("vcard or json", param_hint="--as")
    if str(file) == "-":
        print(text, end="")
        return
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}") from error
    say(f"{len(contacts)} contacts are in {file}.")


def duplicates(as_json: Json = False) -> None:
    """List contacts that may be one person twice, and why."""
    from recommender.services.duplicates import duplicates as find

    found = find(open_house().people.all())
    if as_json:
        emit_json([shapes.duplicate_shape(one) for one in found])
        return
    if not found:
        say("Nobody seems to be there twice.")
        return
    table(
        ["one", "other", "why"],
        [(d.one.slug, d.other.slug, ", ".join(d.reasons)) for d in found],
    )
    note("The same person? `sawthis contacts merge ONE OTHER` keeps both records in one.")


def merge(
    contact: ContactRef,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who is the same person.")],
    as_json: Json = False,
) -> None:
    """Make one contact of two; `split` parts them again."""
    house = open_house()
    gone = house.people.find(other)
    person = house.people.merge(house.people.find(contact), gone, now=utc_now())
    if as_json:
        emit_json(shapes.contact_shape(person, house.people.interests(person)))
    else:
        say(f"{gone.name} ({gone.slug}) is now part of {person.name} ({person.slug}).")
        note(f"Wrong? `sawthis contacts split {person.slug}` parts them again.")


def split(
    contact: ContactRef,
    name: Annotated[
        str | None, typer.Option(help="Name of the second person; else the last merge is undone.")
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option("--take", help="Theirs: an e-mail, phone, nickname, interest, touch id."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Undo the last merge, or make a second contact of some of the first one's record."""
    house = open_house()
    person = house.people.find(contact)
    if name is None:
        kept, new = house.people.unmerge(person)
    else:
        kept, new = house.people.split(person, name, take or (), now=utc_now())
    if as_json:
        emit_json([shapes.contact_shape(c, house.people.interests(c)) for c in (kept, new)])
    else:
        say(f"{kept.name} ({kept.slug}) and {new.name} ({new.slug}) are two now.")
