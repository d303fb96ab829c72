"""`sawthis contacts …`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recommender.cli import address_books, putting_away
from recommender.cli.context import ContactRef, Json, open_house
from recommender.cli.output import emit_json, heading, note, say, table
from recommender.domain import CHANNELS, NO_DETAILS, TOPICS
from recommender.rhythm import last_contact
from recommender.safety import why_not
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.domain import Details

app = typer.Typer(help="The people you keep in touch with.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    address_books.register(app)
    putting_away.register(app)
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
Groups = Annotated[list[str] | None, typer.Option("--group", help="May be repeated.")]
Birthday = Annotated[str | None, typer.Option(help="1984-02-29, or --02-29 without the year.")]
Phones = Annotated[list[str] | None, typer.Option("--phone", help="May be repeated.")]
Nicknames = Annotated[list[str] | None, typer.Option("--nickname", help="May be repeated.")]
Role = Annotated[str | None, typer.Option(help="What they do.")]
TimeZone = Annotated[str | None, typer.Option(help="Such as Europe/Berlin.")]
ChannelOption = Annotated[
    str | None,
    typer.Option("--channel", help=f"How they like to be reached: {', '.join(CHANNELS)}."),
]
Languages = Annotated[
    list[str] | None, typer.Option("--language", help="en, de …: what they read; may be repeated.")
]
OwnFeeds = Annotated[list[str] | None, typer.Option("--own-feed", help="Feed of their own.")]
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
    group: Groups = None,
    birthday: Birthday = None,
    phone: Phones = None,
    nickname: Nicknames = None,
    role: Role = None,
    time_zone: TimeZone = None,
    channel: ChannelOption = None,
    own_feed: OwnFeeds = None,
    language: Languages = None,
    as_json: Json = False,
) -> None:
    """Add a contact, with interests if you like, and match them with the pool."""
    from recommender.cli.context import match_changes

    house = open_house()
    contact = house.people.add(
        name,
        now=utc_now(),
        emails=email or (),
        interests=interest or (),
        employer=employer or "",
        notes=notes or "",
        own_sites=own_site or (),
        humour=humour,  # type: ignore[arg-type]  # checked by the service
        cadence_days=every,
        town=town or "",
        reads=reads or (),
        taboo=[topic for topic in taboo or () if topic],
        groups=group or (),
        birthday=birthday or "",
        details=_details(NO_DETAILS, phone, nickname, role, time_zone, channel, own_feed, language),
    )
    if as_json:
        emit_json(shapes.contact_shape(contact, house.people.interests(contact)))
    else:
        say(f"{contact.name} is in, as “{contact.slug}”.")
    if interest:
        match_changes(house)


def _details(
    known: Details,
    phones: list[str] | None,
    nicknames: list[str] | None,
    role: str | None,
    time_zone: str | None,
    channel: str | None,
    feeds: list[str] | None,
    languages: list[str] | None,
) -> Details:
    """Details with what was given; the service checks it."""
    given: dict[str, Any] = {
        "phones": tuple(phones) if phones else None,
        "nicknames": tuple(nicknames) if nicknames else None,
        "role": role,
        "time_zone": time_zone,
        "channel": channel,
        "feeds": tuple(feeds) if feeds else None,
        "languages": tuple(languages) if languages else None,
    }
    return replace(known, **{name: value for name, value in given.items() if value is not None})


@app.command("list")
def list_all(
    group: Annotated[str | None, typer.Option(help="Only of this group.")] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Also the archive.")] = False,
    as_json: Json = False,
) -> None:
    """List contacts."""
    house = open_house()
    everybody = [
        c
        for c in house.people.all()
        if (archived or c.archived_at is None) and (group is None or group in c.groups)
    ]
    last, interests = house.touches.last(), house.people.interests_of_all()
    if as_json:
        emit_json([shapes.contact_shape(c, interests.get(c.id, [])) for c in everybody])
        return
    if not everybody:
        note('No contacts yet: `sawthis contacts add "Joe Ferraro" -i sailing` adds one.')
    table(
        ["slug", "name", "interests", "last contact"],
        [
            (
                c.slug,
                c.name,
                ", ".join(i.phrase for i in interests.get(c.id, [])),
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
        ("phone", ", ".join(person.details.phones)),
        ("employer", ", ".join(filter(None, (person.employer, person.details.role)))),
        ("own sites", ", ".join(person.own_sites)),
        ("town", person.town),
        ("reads", ", ".join(person.reads)),
        ("jokes", person.humour),
        ("taboo", ", ".join(person.taboo)),
        ("birthday", person.birthday),
        ("groups", ", ".join(person.groups)),
        ("likes", person.details.channel or ""),
        ("state", why_not(person, utc_now()) or person.state),
        ("hard event", person.hard_at.date().isoformat() if person.hard_at else ""),
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
    group: Groups = None,
    birthday: Birthday = None,
    phone: Phones = None,
    nickname: Nicknames = None,
    role: Role = None,
    time_zone: TimeZone = None,
    channel: ChannelOption = None,
    own_feed: OwnFeeds = None,
    language: Languages = None,
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
        "groups": tuple(name for name in group if name) if group else None,
        "birthday": birthday,
        "state": state,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    known = house.people.find(contact)
    details = _details(known.details, phone, nickname, role, time_zone, channel, own_feed, language)
    person = house.people.edit(known, now=utc_now(), **changes, details=details)
    if as_json:
        emit_json(shapes.contact_shape(person, house.people.interests(person)))
    else:
        say(f"{person.name} is changed.")
