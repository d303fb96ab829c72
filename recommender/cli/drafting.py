"""`sawthis draft`: a note for a contact, ready to be sent by mail, phone or hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, note, say
from recommender.errors import InvalidInput
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.domain import Contact
    from recommender.wiring import House


def register(tree: typer.Typer) -> None:
    """Hang the command on the tree."""
    tree.command("draft")(draft)


def draft(
    what: Annotated[
        str, typer.Argument(metavar="SUGGESTION|CONTACT", help="Id that `suggest` shows, or whom.")
    ],
    form: Annotated[str, typer.Option("--as", help="text, mailto, eml, sms or whatsapp.")] = "text",
    ask: Annotated[
        str | None, typer.Option("--ask", help="A favour you want to ask for, in a sentence.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to a file.")] = None,
    alternatives: Annotated[
        bool, typer.Option("--alternatives", help="Ask the configured language model as well.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draft a note; its first sentence is yours to write. Nothing is sent."""
    from recommender.services.drafts import as_form, note_to

    house = open_house()
    preferences = house.storage.rhythm.preferences(house.account_id)
    contact, subject, text = note_to(
        house.people, house.suggester, preferences, what, now=utc_now(), ask=ask
    )
    made = as_form(contact, text, form, subject=subject, now=utc_now())  # type: ignore[arg-type]  # checked there
    others = _alternatives(house, text) if alternatives else []
    if ask is not None:
        _warn(house, contact)
    if out is not None:
        try:
            out.write_text(made, "utf-8")
        except OSError as error:
            raise InvalidInput(f"{out} can't be written: {error.strerror}") from error
    if as_json:
        emit_json({"contact_id": contact.id, "as": form, "draft": made, "alternatives": others})
        return
    say(made if out is None else f"Written to {out}.")
    for number, other in enumerate(others, start=1):
        say(f"\nAlternative {number}, by {house.settings.writer_model or 'a model'}, unchecked:")
        say(other)


def _alternatives(house: House, text: str) -> list[str]:
    from recommender.services.alternatives import alternatives

    return alternatives(house.settings, text)


def _warn(house: House, contact: Contact) -> None:
    from recommender.services.standing import advice_lines

    for line in advice_lines(house.standing.guard(contact, now=utc_now()), contact):
        note(line)
