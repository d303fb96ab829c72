"""`sawthis digest`: the week in one mail to yourself, when it comes, and as feeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, note, say
from recommender.errors import InvalidInput
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.account import Outgoing
    from recommender.services.mailing import Schedule
    from recommender.wiring import House

app = typer.Typer(
    help="The week in one mail to yourself: who is due, with what.", no_args_is_help=True
)


def register(tree: typer.Typer) -> None:
    """Hang the commands on the tree."""
    tree.add_typer(app, name="digest")


@app.command("preview")
def preview(
    as_html: Annotated[bool, typer.Option("--html", help="The HTML part instead.")] = False,
    as_json: Json = False,
) -> None:
    """Print this week's digest as it would be now; nothing is sent."""
    house = open_house()
    if as_json:
        from recommender.services.digest_shapes import digest_shape

        emit_json(digest_shape(house.digests.build(now=utc_now())))
        return
    from recommender.mail.rendering import render_html, render_text

    view = house.mailer.view(now=utc_now())
    say((render_html if as_html else render_text)(view).rstrip())


@app.command("send")
def send(
    if_due: Annotated[
        bool,
        typer.Option("--if-due", help="Only if its time has come, else quietly: for timers."),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Even if it went out already, or may have.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the mail to FILE.eml instead.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send this week's digest to yourself, once."""
    from recommender.services.digest_shapes import outgoing_shape

    house, now = open_house(), utc_now()
    if out is not None:
        _write(house, out)
        return
    mailer = house.mailer
    found = mailer.send_if_due(now=now) if if_due else mailer.send(now=now, again=again)
    if as_json:
        emit_json(outgoing_shape(found) if found else None)
    elif found is not None:
        say(_outcome(found))
    if if_due and found is not None and found.state == "waiting":
        raise typer.Exit(1)


def _write(house: House, out: Path) -> None:
    mailer = house.mailer
    recipient = mailer.schedule().recipient or "you@example.invalid"
    try:
        out.write_bytes(mailer.message(recipient, now=utc_now()).as_bytes())
    except OSError as error:
        raise InvalidInput(f"{out} can't be written: {error.strerror}") from error
    say(f"The mail is in {out}.")


def _outcome(found: Outgoing) -> str:
    at = f"{found.at:%-d %B %Y}"
    return {
        "sent": f"The digest of {found.week} went to {found.recipient} on {at}.",
        "sending": f"The digest of {found.week} was handed over on {at}, and no answer came: it "
        "may have arrived. `sawthis digest send --again` sends it once more.",
        "waiting": f"The digest of {found.week} did not go out: {found.error}",
    }[found.state]


@app.command("schedule")
def schedule(
    to: Annotated[str | None, typer.Option(help="Your address.")] = None,
    day: Annotated[str | None, typer.Option(help="monday to sunday.")] = None,
    at: Annotated[str | None, typer.Option(help="Time of day, such as 18:00.")] = None,
    off: Annotated[bool, typer.Option("--off", help="No digest by itself any more.")] = False,
    as_json: Json = False,
) -> None:
    """Say when the digest comes, or see it; `sawthis serve` or a timer sends it then."""
    from recommender.services.preferences import set_preferences

    house, now = open_house(), utc_now()
    given = {"digest.to": to, "digest.day": "" if off else day, "digest.at": at}
    values = {key: value for key, value in given.items() if value is not None}
    if values:
        set_preferences(house.storage, house.account_id, values, now=now)
    found, turn = house.mailer.schedule(), house.mailer.coming(now=now)
    if as_json:
        from recommender.services.digest_shapes import schedule_shape

        emit_json(schedule_shape(found, turn))
    else:
        say(_when(found, turn.astimezone(house.zone) if turn else None))


def _when(found: Schedule, turn: datetime | None) -> str:
    if turn is None:
        return "No digest comes by itself. `sawthis digest schedule --day sunday --at 18:00`"
    if not found.recipient:
        return "No address is set yet: `sawthis digest schedule --to you@example.com`"
    return f"The next digest goes to {found.recipient} on {turn:%A %-d %B %Y at %H:%M}."


@app.command("feeds")
def feeds(
    new: Annotated[
        bool, typer.Option("--new", help="Make new addresses; the old ones stop at once.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the secret addresses of your suggestions (Atom) and of who is due (iCalendar)."""
    from recommender.services.outlets import addresses

    house = open_house()
    found = addresses(
        house.storage, house.account_id, house.settings.origin, now=utc_now(), anew=new
    )
    if as_json:
        emit_json(found._asdict())
        return
    say(f"Suggestions (Atom): {found.atom}\nWho is due (calendar): {found.calendar}")
    note("Whoever knows them reads them; `sawthis digest feeds --new` changes them.")
