"""`sawthis interests …`."""

from __future__ import annotations

from typing import Annotated

import typer

from recommender.cli.context import ContactRef, Json, match_changes, open_house
from recommender.cli.output import emit_json, note, safe, say, table
from recommender.services import shapes
from recommender.services.hints import foreign_hint, kin_hints
from recommender.wiring import utc_now

app = typer.Typer(help="What your contacts care about.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(app, name="interests")


Phrase = Annotated[str, typer.Argument(help="A few words, such as “fly fishing”.")]


@app.command()
def add(
    contact: ContactRef,
    phrase: Phrase,
    weight: Annotated[float, typer.Option(help="Above 0, at most 2; 1 is usual.")] = 1.0,
    avoid: Annotated[bool, typer.Option("--avoid", help="Something they don't want.")] = False,
    as_json: Json = False,
) -> None:
    """Add interests, such as “fly fishing, jazz; not golf”, and match them with the pool."""
    house = open_house()
    person = house.people.find(contact)
    interests = house.people.state_interests(
        person, phrase, now=utc_now(), weight=weight, polarity="avoid" if avoid else "like"
    )
    match_changes(house)
    if as_json:
        found = [shapes.interest_shape(interest) for interest in interests]
        emit_json(found if len(found) > 1 else found[0])
    else:
        for interest in interests:
            avoided = " as something to avoid" if interest.polarity == "avoid" else ""
            say(f"“{interest.phrase}” is noted{avoided}.")
    if hint := foreign_hint(house.storage, interests):
        note(f"{hint}.")
    for line in kin_hints(house.storage, house.account_id, interests):
        note(line)


@app.command()
def look(contact: ContactRef, as_json: Json = False) -> None:
    """Look at a contact's own site or feed for interests; nothing is added."""
    from recommender.services.own_words import interests_of_site

    house = open_house()
    person = house.people.find(contact)
    with house.sources() as sources, house.http_client() as client:
        found = interests_of_site(
            person, house.people.interests(person), sources, client, house.matching()
        )
    if as_json:
        emit_json([one._asdict() for one in found])
        return
    if not found:
        say(f"Nothing that {person.first_name} writes about again and again, or nothing new.")
    for one in found:
        say(f"{one.phrase}: {one.n} of {one.of} posts, such as “{one.example}”.")
        note(f'  `sawthis interests add {person.slug} "{one.phrase}"`')


@app.command("list")
def list_all(
    contact: Annotated[str | None, typer.Argument(metavar="[CONTACT]", help="Only theirs.")] = None,
    as_json: Json = False,
) -> None:
    """List interests, of one contact or of all."""
    house = open_house()
    person = house.people.find(contact) if contact else None
    names = {c.id: c.name for c in house.people.all()}
    found = house.people.interests(person)
    if as_json:
        emit_json([shapes.interest_shape(interest) for interest in found])
        return
    table(
        ["contact", "interest", "weight", "polarity"],
        [(names[i.contact_id], i.phrase, i.weight, i.polarity) for i in found],
    )


@app.command()
def edit(
    contact: ContactRef,
    phrase: Phrase,
    weight: Annotated[float | None, typer.Option(help="Above 0, at most 2.")] = None,
    polarity: Annotated[str | None, typer.Option(help="like or avoid.")] = None,
    as_json: Json = False,
) -> None:
    """Change an interest's weight or polarity."""
    house = open_house()
    interest = house.people.find_interest(house.people.find(contact), phrase)
    given = {"weight": weight, "polarity": polarity}
    changes = {field: value for field, value in given.items() if value is not None}
    changed = house.people.edit_interest(interest, **changes)
    match_changes(house)
    if as_json:
        emit_json(shapes.interest_shape(changed))
    else:
        say(f"“{changed.phrase}” is changed.")


@app.command()
def proposals(contact: ContactRef, as_json: Json = False) -> None:
    """What a contact's reactions suggest about their interests; nothing is applied."""
    house = open_house()
    person = house.people.find(contact)
    found = house.learner.proposals(person)
    if as_json:
        emit_json([shapes.proposal_shape(proposal) for proposal in found])
        return
    if not found:
        say("Nothing yet: it takes three reactions or more to the same kind of thing.")
    for proposal in found:
        say(proposal.words)
        note(f'  `sawthis interests accept {person.slug} "{safe(proposal.phrase)}"`')


@app.command()
def accept(contact: ContactRef, phrase: Phrase, as_json: Json = False) -> None:
    """Accept a proposal: the interest is added, or its weight changed."""
    house = open_house()
    interest = house.learner.accept(house.people.find(contact), phrase, now=utc_now())
    match_changes(house)
    if as_json:
        emit_json(shapes.interest_shape(interest))
    else:
        say(f"“{interest.phrase}” counts {interest.weight:g} now.")


@app.command()
def remove(contact: ContactRef, phrase: Phrase, as_json: Json = False) -> None:
    """Remove an interest with its matches."""
    house = open_house()
    interest = house.people.find_interest(house.people.find(contact), phrase)
    house.people.remove_interest(interest)
    if as_json:
        emit_json({"removed": interest.id})
    else:
        say(f"“{interest.phrase}” is removed.")
