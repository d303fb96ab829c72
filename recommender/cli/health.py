"""`sawthis health` and `sawthis birthdays`: how the network stands, and what days come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, heading, say, table
from recommender.errors import InvalidInput
from recommender.services import shapes
from recommender.services.standing import gauge_lines
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.capacity import Outlook
    from recommender.services.standing import Standing


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.command("health")(health)
    tree.command("birthdays")(birthdays)


def health(
    minutes: Annotated[
        int, typer.Option(min=1, max=480, help="Minutes a day, for the look ahead.")
    ] = 5,
    years: Annotated[
        int, typer.Option(min=0, max=10, help="Play so many years through; 0 for none.")
    ] = 0,
    picture: Annotated[
        Path | None, typer.Option(help="Write a picture of the last year to FILE.svg.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who heard from you within a year, who slips away, who gives, and what fits."""
    house = open_house()
    standing = house.standing.on(now=utc_now())
    outlook = house.standing.outlook(standing, minutes=minutes, years=years) if years else None
    if picture is not None:
        from recommender.services.picture import rhythm_svg

        try:
            picture.write_text(rhythm_svg(standing), "utf-8")
        except OSError as error:
            raise InvalidInput(f"{picture} can't be written: {error.strerror}") from error
    if as_json:
        emit_json(shapes.standing_shape(standing, outlook))
        return
    _print(standing)
    if outlook is not None and outlook.people:
        _print_outlook(outlook, minutes, years)
    if picture is not None:
        say(f"\nThe picture is in {picture}.")


def _print(standing: Standing) -> None:
    gauge = standing.gauge
    if not gauge.people:
        say('No contacts yet: `sawthis contacts add "Joe Ferraro" -i sailing` adds one.')
        return
    first, *more = gauge_lines(gauge, standing.day)
    heading(first)
    for line in more:
        say(line)
    slipping = standing.slipping
    say(_slipping(len(slipping)))
    table(
        ["name", "every", "last", "late", "gave", "received", "asked"],
        [
            (
                person.contact.name,
                f"{person.cadence} days",
                person.last.isoformat() if person.last else "never",
                f"{person.late_days} days" if person.late_days > 0 else "",
                person.balance.gave,
                person.balance.received,
                person.balance.asked,
            )
            for person in standing.people
        ],
    )


def _slipping(n: int) -> str:
    if not n:
        return "Nobody slips away."
    return "One slips away." if n == 1 else f"{n} slip away."


def _print_outlook(outlook: Outlook, minutes: int, years: int) -> None:
    say(
        f"\nWith {minutes} minutes a day for {years} year{'s' if years > 1 else ''}, "
        "if every plan is done: "
        f"{outlook.reached} of {outlook.people} people touched within the last year, "
        f"{outlook.in_rhythm:.0%} of touches in their rhythm, {outlook.calls} calls, "
        f"{outlook.minutes_a_day:.1f} minutes a day used."
    )
    if outlook.all_reached_on:
        say(f"Everybody is reached on {outlook.all_reached_on:%-d %B %Y}.")
    else:
        say("Never everybody within one year: more minutes, fewer people, or longer cadences.")


def birthdays(
    days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead.")] = 30,
    as_json: Json = False,
) -> None:
    """List birthdays and anniversaries of the coming days."""
    from recommender.rhythm import age_on

    found = open_house().standing.occasions(now=utc_now(), days=days)
    if as_json:
        emit_json([shapes.occasion_shape(one) for one in found])
        return
    if not found:
        say(f"None within {days} days.")
        return
    table(
        ["day", "name", "what"],
        [
            (
                f"{one.on:%-d %B}",
                one.contact.name,
                one.what + (f", {years}" if (years := age_on(one.since, one.on)) else ""),
            )
            for one in found
        ],
    )
