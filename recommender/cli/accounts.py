"""`token`, `pair`, `login`, `export`, `import`, `erase`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, match_changes, open_house
from recommender.cli.output import emit_json, note, say, table
from recommender.errors import InvalidInput
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recommender.wiring import House

Port = Annotated[int | None, typer.Option(help="Port of `serve` [SAWTHIS_PORT].")]
tokens = typer.Typer(help="Keys for the API.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree."""
    app.add_typer(tokens, name="token")
    app.command("pair")(pair)
    app.command("login")(login)
    app.command("export")(export)
    app.command("erase")(forget_everything)
    app.command("import")(import_)


@tokens.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for, such as “laptop”.")],
    scope: Annotated[
        str, typer.Option(help="read, write, or admin: tokens and the whole account, too.")
    ] = "write",
    days: Annotated[int | None, typer.Option(help="After how many days it runs out.")] = None,
    as_json: Json = False,
) -> None:
    """Make a token; its secret is shown this once."""
    house = open_house()
    token, secret = house.access.create_token(
        name,
        now=utc_now(),
        scope=scope,  # type: ignore[arg-type]  # checked by the service
        days=days,
    )
    if as_json:
        emit_json({**shapes.token_shape(token), "secret": secret})
    else:
        note("This is shown once; keep it safe:")
        say(secret)


@tokens.command("list")
def list_all(as_json: Json = False) -> None:
    """List tokens, without their secrets."""
    found = open_house().access.tokens()
    if as_json:
        emit_json([shapes.token_shape(token) for token in found])
        return
    table(
        ["id", "name", "may", "created", "runs out", "last used", "revoked"],
        [
            (t.id, t.name, t.scope, t.created_at, t.expires_at, t.last_used_at, t.revoked_at)
            for t in found
        ],
    )


@tokens.command("revoke")
def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Id or name.")],
    as_json: Json = False,
) -> None:
    """Make a token useless at once."""
    gone = open_house().access.revoke(token, now=utc_now())
    if as_json:
        emit_json(shapes.token_shape(gone))
    else:
        say(f"“{gone.name}” is revoked.")


def pair(port: Port = None, as_json: Json = False) -> None:
    """Show what the browser extension asks for: an address with a code, good for five minutes."""
    house = open_house()
    code, until = house.access.new_pairing_code(now=utc_now())
    connection = f"{_origin(house, port)}#{code}"
    if as_json:
        emit_json({"connection": connection, "code": code, "until": shapes.time_text(until)})
    else:
        note("Good for one device, within five minutes:")
        say(connection)


def _origin(house: House, port: int | None) -> str:
    from dataclasses import replace

    return (house.settings if port is None else replace(house.settings, port=port)).origin


def login(port: Port = None, as_json: Json = False) -> None:
    """Show a link that logs one browser in to the pages, within a quarter of an hour."""
    house = open_house()
    link = f"{_origin(house, port)}/login?code={house.access.new_login_code(now=utc_now())}"
    if as_json:
        emit_json({"link": link})
    else:
        note("Open this once, in the browser you want to use:")
        say(link)


def forget_everything(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase this account for good: contacts, feeds, touches, tokens, all of it."""
    house = open_house()
    if not yes:
        typer.confirm(
            f"Erase everything of the account “{house.account_id}”? Nothing brings it back; "
            "`sawthis export` makes a copy first",
            abort=True,
            err=True,
        )
    erased = house.erase()
    if as_json:
        emit_json(erased)
    else:
        say("Erased: " + ", ".join(f"{n} {what}" for what, n in erased.items() if n) + ".")


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", help="Where to, or - for stdout.")
    ] = Path("-"),
    with_logins: Annotated[
        bool, typer.Option("--with-logins", help="Also the logins of feeds, in clear.")
    ] = False,
) -> None:
    """Write the whole account as JSON Lines: a backup. Tokens and logins are left out."""
    from recommender.services.transfer import written_rows

    house = open_house()
    lines = written_rows(house.storage.export_rows(house.account_id, with_logins=with_logins))
    if str(file) == "-":
        sys.stdout.writelines(lines)
        return
    part = file.with_name(file.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as handle:
            handle.writelines(lines)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidInput(f"{file} can't be written: {error.strerror}") from error
    note(f"Written to {file}.")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="An export, or - for stdin.")],
    as_json: Json = False,
) -> None:
    """Read an export into an empty library, all or nothing."""
    house = open_house()
    n_rows = house.storage.import_rows(house.account_id, _rows(file))
    match_changes(house)
    if as_json:
        emit_json({"rows": n_rows})
    else:
        say(f"{n_rows} rows read.")


def _rows(file: Path) -> Iterator[tuple[str, dict[str, object]]]:
    from recommender.services.transfer import read_rows

    try:
        with sys.stdin if str(file) == "-" else file.open(encoding="utf-8") as handle:
            yield from read_rows(handle, str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} can't be read: {error}") from error
