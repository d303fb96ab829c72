"""`suggest`, `who`, and what is done with a suggestion: sent, skip, later, undo."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, heading, note, safe, say
from recommender.rhythm import last_contact
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.domain import Kind, StatusEvent, Suggestion
    from recommender.services.suggest import Answer
    from recommender.wiring import House

SuggestionId = Annotated[str, typer.Argument(metavar="SUGGESTION", help="Id that `suggest` shows.")]
LEFT_OUT = 3


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree."""
    app.add_typer(suggest, name="suggest")
    app.command("sent")(sent)
    app.command("skip")(skip)
    app.command("later")(later)
    app.command("liked")(liked)
    app.command("replied")(replied)
    app.command("less")(less)
    app.command("undo")(undo)


suggest = typer.Typer(help="What to send to a contact, and why.", invoke_without_command=True)


@suggest.callback()
def for_contact(
    ctx: typer.Context,
    contact: Annotated[
        str | None, typer.Option("--contact", "-c", help="Id, slug, e-mail or name.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="How many, 1 to 50.")] = 3,
    kind: Annotated[str | None, typer.Option(help="Only article, joke or page.")] = None,
    why: Annotated[bool, typer.Option("--why", help="Show the evidence in numbers.")] = False,
    as_json: Json = False,
) -> None:
    """Suggest what to send to a contact: `suggest --contact joe`."""
    if ctx.invoked_subcommand is not None:
        return
    if contact is None:
        raise typer.BadParameter("who is it for? `suggest --contact joe`", param_hint="--contact")
    wanted = as_kind(kind)
    house = open_house()
    person = house.people.find(contact)
    answer = house.suggester.suggest(person, now=utc_now(), n=n, kind=wanted)
    if as_json:
        interests = house.people.interests(person)
        emit_json(shapes.answer_shape(answer, interests, utc_now()))
    else:
        _print_answer(answer, why=why)


def as_kind(text: str | None) -> Kind | None:
    """A kind of item as it was typed; a usage error if there is no such kind."""
    from recommender.domain import KINDS

    if text is None:
        return None
    for kind in KINDS:
        if text == kind:
            return kind
    raise typer.BadParameter(f"“{text}” is none of {', '.join(KINDS)}", param_hint="--kind")


def _print_answer(answer: Answer, *, why: bool) -> None:
    contact = answer.contact
    heading(contact.name)
    say(last_contact(answer.last_touch, utc_now()) + ".")
    if not answer.suggestions:
        say(f"\nNothing to send: {answer.silence}.")
        if why and answer.nearest:
            say("The nearest miss:")
            _print_suggestion(answer.nearest, why=True)
    for suggestion in answer.suggestions:
        say()
        _print_suggestion(suggestion, why=why)
    # Tender news is told in any case: the user may want to know, and to write another letter.
    for one in [one for one in answer.withheld if why or one.rule == "tender"][:LEFT_OUT]:
        say(f"\nHeld back: {one.title}\n  {one.reason}")
    if answer.suggestions:
        first = answer.suggestions[0].id
        note(f"\nSent one? `sawthis sent {first}`. Not right? `sawthis skip {first}`.")


def _print_suggestion(suggestion: Suggestion, *, why: bool) -> None:
    source = ", ".join(part for part in (suggestion.feed_title, _day(suggestion)) if part)
    say(f"{suggestion.kind.capitalize()}: {suggestion.title}")
    if suggestion.kind == "joke":
        say("\n".join(f"  {line}" for line in suggestion.text.splitlines() if line.strip()))
    elif suggestion.url:
        say(f"  {suggestion.url}")
    if source:
        say(f"  {source}")
    say(f"  Why: {suggestion.reason}")
    if why:
        from recommender.services.why import evidence_lines

        for line in evidence_lines(suggestion, open_house().relevance_model):
            say(f"  {line}")
    say(f"  Id: {suggestion.id}" + (" (opened)" if suggestion.status == "opened" else ""))


def _day(suggestion: Suggestion) -> str:
    published = suggestion.published_at
    return f"{published.day} {published:%B %Y}" if published else ""


@suggest.command()
def who(
    page: Annotated[str, typer.Argument(metavar="URL|FILE|-", help="The page, or - for stdin.")],
    n: Annotated[int, typer.Option("-n", help="How many people.")] = 5,
    as_json: Json = False,
) -> None:
    """Who of my contacts would enjoy this page?"""
    from recommender.services.who import who_would_enjoy

    house = open_house()
    url, title, text = _read(house, page)
    fits = who_would_enjoy(
        house.storage,
        house.account_id,
        house.matching(),
        url=url,
        title=title,
        text=text,
        zone=house.zone,
        threshold=house.threshold,
        now=utc_now(),
        n=n,
    )
    if as_json:
        emit_json({"url": url, "title": title, "people": [shapes.fit_shape(fit) for fit in fits]})
        return
    heading(title or page)
    if not fits:
        say("Nobody yet: none of your contacts' interests comes close enough.")
    for fit in fits:
        already = " Already sent to them." if fit.had_it else ""
        say(f"\n{fit.contact.name}: {fit.interest} (fit {fit.relevance:.0%}).{already}")
        say(f"  “{fit.span}”\n  {fit.last_contact}.")


def _read(house: House, page: str) -> tuple[str | None, str, str]:
    from recommender.services import pages

    if pages.is_url(page):
        with house.http_client() as client:
            found = pages.fetch_page(client, page)
        return found.url, found.title, found.text
    if page == "-":
        body = sys.stdin.buffer.read(pages.MAX_FILE_BYTES + 1)
        found = pages.page_from_bytes(body, "standard input")
    else:
        found = pages.page_from_file(Path(page))
    return None, found.title, found.text


def sent(
    suggestion: SuggestionId,
    note_text: Annotated[str, typer.Option("--note", help="A line for your own memory.")] = "",
    as_json: Json = False,
) -> None:
    """I sent it: logs a touch, and the contact never gets it again."""
    event = open_house().outcomes.note(suggestion, "sent", now=utc_now(), note=note_text)
    _tell(event, "Noted as sent.", as_json)


def skip(suggestion: SuggestionId, as_json: Json = False) -> None:
    """Not for this contact: it will not be suggested to them again."""
    event = open_house().outcomes.note(suggestion, "dismissed", now=utc_now())
    _tell(event, "Skipped.", as_json)


def liked(suggestion: SuggestionId, as_json: Json = False) -> None:
    """They liked it: more like it comes first for this contact."""
    event = open_house().outcomes.note(suggestion, "liked", now=utc_now())
    _tell(event, "Noted as liked.", as_json)


def replied(
    suggestion: SuggestionId,
    note_text: Annotated[str, typer.Option("--note", help="A line for your own memory.")] = "",
    as_json: Json = False,
) -> None:
    """They answered: logs a touch from them, and counts as liked."""
    event = open_house().outcomes.note(suggestion, "replied", now=utc_now(), note=note_text)
    _tell(event, "Noted as answered.", as_json)


def less(suggestion: SuggestionId, as_json: Json = False) -> None:
    """Less of this: neither this nor, if there is other, more like it for this contact."""
    event = open_house().outcomes.note(suggestion, "less", now=utc_now())
    _tell(event, "Less of this.", as_json)


def later(
    suggestion: SuggestionId,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it sleeps.")] = 7,
    as_json: Json = False,
) -> None:
    """Not now: it may come back after some days."""
    now = utc_now()
    event = open_house().outcomes.note(
        suggestion, "snoozed", now=now, until=now + timedelta(days=days)
    )
    _tell(event, f"It sleeps for {days} days.", as_json)


def undo(suggestion: SuggestionId, as_json: Json = False) -> None:
    """Take back the last thing said of a suggestion: sent, liked, replied, skip, less or later."""
    event = open_house().outcomes.undo(suggestion)
    _tell(event, f"Taken back: “{event.status}”.", as_json)


def _tell(event: StatusEvent, text: str, as_json: bool) -> None:
    if as_json:
        emit_json(shapes.status_shape(event))
    else:
        note(f"{safe(text)} `sawthis undo {event.suggestion_id}` takes a change back.")
