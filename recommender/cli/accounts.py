"""`token`, `export`, `import`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, note, progress, say, table
from recommender.errors import InvalidInput
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

tokens = typer.Typer(help="Keys for the API.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree."""
    app.add_typer(tokens, name="token")
    app.command("export")(export)
    app.command("import")(import_)


@tokens.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for, such as “laptop”.")],
    as_json: Json = False,
) -> None:
    """Make a token; its secret is shown this once."""
    from recommender.services.tokens import create_token

    house = open_house()
    token, secret = create_token(house.storage, house.account_id, name, now=utc_now())
    if as_json:
        emit_json({**shapes.token_shape(token), "secret": secret})
    else:
        note("This is shown once; keep it safe:")
        say(secret)


@tokens.command("list")
def list_all(as_json: Json = False) -> None:
    """List tokens, without their secrets."""
    house = open_house()
    found = house.storage.history.tokens(house.account_id)
    if as_json:
        emit_json([shapes.token_shape(token) for token in found])
        return
    table(
        ["id", "name", "created", "last used", "revoked"],
        [(t.id, t.name, t.created_at, t.last_used_at, t.revoked_at) for t in found],
    )


@tokens.command("revoke")
def revoke(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Id or name.")],
    as_json: Json = False,
) -> None:
    """Make a token useless at once."""
    house = open_house()
    gone = house.storage.history.revoke_token(house.account_id, token, utc_now())
    if as_json:
        emit_json(shapes.token_shape(gone))
    else:
        say(f"“{gone.name}” is revoked.")


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", help="Where to, or - for stdout.")
    ] = Path("-"),
    with_logins: Annotated[
        bool, typer.Option("--with-logins", help="Also the logins of feeds, in clear.")
    ] = False,
) -> None:
    """Write the whole account as JSON Lines: a backup. Tokens and logins are left out."""
    house = open_house()
    rows = house.storage.export_rows(house.account_id, with_logins=with_logins)
    lines = (
        json.dumps({"kind": kind, "row": row}, ensure_ascii=False) + "\n" for kind, row in rows
    )
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
    with progress() as advance:
        house.refresher.match(advance)
    if as_json:
        emit_json({"rows": n_rows})
    else:
        say(f"{n_rows} rows read.")


def _rows(file: Path) -> Iterator[tuple[str, dict[str, object]]]:
    try:
        with sys.stdin if str(file) == "-" else file.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, start=1):
                try:
                    value = json.loads(line)
                    yield value["kind"], value["row"]
                except (ValueError, KeyError, TypeError) as error:
                    raise InvalidInput(
                        f"line {number} of {file} is no row of a `sawthis export`"
                    ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} can't be read: {error}") from error
