"""`sawthis contacts …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recommender.cli.context import ContactRef, Json, open_house
from recommender.cli.output import emit_json, heading, note, say, table
from recommender.domain import TOPICS
from recommender.rhythm import last_contact
from recommender.services import shapes
from recommender.wiring import utc_now

app = typer.Typer(help="The people you keep in touch with.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(app, name="contacts")


Emails = Annotated[list[str] | None, typer.Option("--email", help="E-mail; may be repeated.")]
Sites = Annotated[
    list[str] | None, typer.Option("--own-site", help="Host of their own site; may be repeated.")
]
Employer = Annotated[str | None, typer.Option(help="Where they work.")]
Notes = Annotated[str | None, typer.Option(help="For your own memory.")]
Town = Annotated[str | None, typer.Option(help="Where they live; guards against tender news.")]
Reads = Annotated[
    list[str] | None, typer.Option("--reads", help="Host they read anyway; may be repeated.")
]
Taboo = Annotated[
    list[str] | None,
    typer.Option("--taboo", help=f"{', '.join(TOPICS)}; may be repeated. '' for none."),
]
HumourOption = Annotated[str | None, typer.Option(help="Jokes: none, clean or any.")]
Cadence = Annotated[int | None, typer.Option("--every", help="Wanted days between touches.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Full name.")],
    interest: Annotated[
        list[str] | None, typer.Option("--interest", "-i", help="May be repeated.")
    ] = None,
    email: Emails = None,
    employer: Employer = None,
    notes: Notes = None,
    own_site: Sites = None,
    humour: HumourOption = None,
    every: Cadence = None,
    town: Town = None,
    reads: Reads = None,
    taboo: Taboo = None,
    as_json: Json = False,
) -> None:
    """Add a contact, with interests if you like, and match them with the pool."""
    from recommender.cli.interests import match_now

    house = open_house()
    contact = house.people.add(
        name,
        now=utc_now(),
        emails=email or (),
        interests=interest or (),
        employer=employer or "",
        notes=notes or "",
        own_sites=own_site or (),
        humour=humour or "none",  # type: ignore[arg-type]  # checked by the service
        cadence_days=every,
        town=town or "",
        reads=reads or (),
        taboo=[topic for topic in taboo or () if topic],
    )
    if as_json:
        emit_json(shapes.contact_shape(contact, house.people.interests(contact)))
    else:
        say(f"{contact.name} is in, as “{contact.slug}”.")
    if interest:
        match_now(house)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List all contacts."""
    house = open_house()
    everybody, last = house.people.all(), house.touches.last()
    interests = {
        c.id: [i for i in house.people.interests() if i.contact_id == c.id] for c in everybody
    }
    if as_json:
        emit_json([shapes.contact_shape(c, interests[c.id]) for c in everybody])
        return
    if not everybody:
        note('No contacts yet: `sawthis contacts add "Joe Ferraro" -i sailing` adds one.')
    table(
        ["slug", "name", "interests", "last contact"],
        [
            (
                c.slug,
                c.name,
                ", ".join(i.phrase for i in interests[c.id]),
                last_contact(last.get(c.id), utc_now()),
            )
            for c in everybody
        ],
    )


@app.command()
def show(contact: ContactRef, as_json: Json = False) -> None:
    """Show one contact."""
    house = open_house()
    person = house.people.find(contact)
    interests = house.people.interests(person)
    touches = house.touches.all(person)
    if as_json:
        emit_json(
            {
                **shapes.contact_shape(person, interests),
                "touches": [shapes.touch_shape(touch) for touch in touches],
            }
        )
        return
    heading(person.name)
    for label, value in (
        ("id", person.id),
        ("slug", person.slug),
        ("e-mail", ", ".join(person.emails)),
        ("employer", person.employer),
        ("own sites", ", ".join(person.own_sites)),
        ("town", person.town),
        ("reads", ", ".join(person.reads)),
        ("jokes", person.humour),
        ("taboo", ", ".join(person.taboo)),
        ("state", person.state),
        ("every", f"{person.cadence_days} days" if person.cadence_days else ""),
        ("interests", ", ".join(i.phrase for i in interests)),
        ("notes", person.notes),
    ):
        if value:
            say(f"  {label}: {value}")
    say(f"  {last_contact(touches[0] if touches else None, utc_now())}.")


@app.command()
def edit(
    contact: ContactRef,
    name: Annotated[str | None, typer.Option(help="New name.")] = None,
    email: Emails = None,
    employer: Employer = None,
    notes: Notes = None,
    own_site: Sites = None,
    humour: HumourOption = None,
    every: Cadence = None,
    town: Town = None,
    reads: Reads = None,
    taboo: Taboo = None,
    state: Annotated[
        str | None, typer.Option(help="active, paused, do_not_contact or deceased.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is known of a contact."""
    house = open_house()
    given: dict[str, Any] = {
        "name": name,
        "emails": tuple(email) if email else None,
        "employer": employer,
        "notes": notes,
        "own_sites": tuple(own_site) if own_site else None,
        "humour": humour,
        "cadence_days": every,
        "town": town,
        "reads": tuple(reads) if reads else None,
        "taboo": tuple(topic for topic in taboo if topic) if taboo else None,
        "state": state,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    person = house.people.edit(house.people.find(contact), now=utc_now(), **changes)
    if as_json:
        emit_json(shapes.contact_shape(person, house.people.interests(person)))
    else:
        say(f"{person.name} is changed.")


@app.command()
def remove(
    contact: ContactRef,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a contact with interests, touches and history."""
    house = open_house()
    person = house.people.find(contact)
    if not yes:
        typer.confirm(f"Erase {person.name} and everything about them?", abort=True, err=True)
    house.people.remove(person)
    if as_json:
        emit_json({"removed": person.id})
    else:
        say(f"{person.name} is erased.")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON or JSON Lines; - for stdin.")],
    as_json: Json = False,
) -> None:
    """Add the contacts of a file, as `contacts list --json` writes it; vCard and CSV come later."""
    from recommender.cli.feeds import read_input
    from recommender.cli.interests import match_now
    from recommender.services.contact_files import import_contacts

    house = open_house()
    outcome = import_contacts(house.people, read_input(file), now=utc_now())
    match_now(house)
    if as_json:
        emit_json(
            {
                "created": outcome.created,
                "skipped": outcome.skipped,
                "failed": len(outcome.failures),
                "failures": outcome.failures,
            }
        )
        return
    say(
        f"{outcome.created} contacts added, {outcome.skipped} known already, "
        f"{len(outcome.failures)} failed."
    )
    for failure in outcome.failures:
        note(f"  {failure}")
