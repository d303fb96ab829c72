"""`migrate`: a whole library to a server, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, note, progress, say, table
from recommender.errors import ConflictError, InvalidInput

if TYPE_CHECKING:
    from recommender.services.moving import MoveReport
    from recommender.storage.moving import Difference


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree."""
    app.command("migrate")(migrate)


def migrate(
    to: Annotated[
        str,
        typer.Option("--to", metavar="URL", help="Server to move to: postgresql://user@host/db."),
    ] = "",
    back_from: Annotated[
        str, typer.Option("--from", metavar="URL", help="Server to move back from.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Move the whole library to a PostgreSQL server, or back.

    All accounts go, with their people, feeds, items, matches, touches,
    tokens; nothing has to be made anew. The target is empty: a database
    without a library or, with --from, a data directory without one. What is
    moved stays where it was, too.

    It may be stopped at any time, and goes on when it is run again. Then every
    row is compared; the move is complete only if none differs. Let nobody
    write meanwhile: stop `serve` and `worker` first.

    A password need not be in the URL: PGPASSWORD and ~/.pgpass are heeded.
    """
    if bool(to) == bool(back_from):
        raise typer.BadParameter("say where: either --to or --from a postgresql:// URL")
    url = to or back_from
    if not url.startswith(("postgresql://", "postgres://")):
        raise InvalidInput("the URL of a server is postgresql://user@host:port/database")
    with progress() as advance:
        report = open_house().move(url, advance, back=bool(back_from))
    if as_json:
        emit_json(shape_of(report))
    else:
        _print(report)
    if not report.is_complete:
        raise ConflictError(_why_not(report))
    if not as_json:
        where = "it is used without SAWTHIS_DATABASE" if back_from else "set SAWTHIS_DATABASE to it"
        already = " already" if report.was_complete else ""
        note(f"The move to {report.target} is complete{already}: {where}.")


def shape_of(report: MoveReport) -> dict[str, Any]:
    """A report as JSON says it."""
    return {
        "from": report.source,
        "to": report.target,
        "complete": report.is_complete,
        "resumed": report.is_resumed,
        "tables": {
            name: {
                "copied": one.copied,
                "changed": one.changed,
                "removed": one.removed,
                "verified": one.verified,
            }
            for name, one in report.tables.items()
        },
        "rows_moved": report.n_moved,
        "rows_verified": report.n_verified,
        "rows_moved_per_second": _rate(report.n_moved, report.moving_s),
        "rows_verified_per_second": _rate(report.n_verified, report.verifying_s),
        "texts_without_nul": report.n_cleaned,
        "rows_that_differ": report.n_differences,
        "differences": [
            {"table": one.table, "key": _key_of(one), "target": one.kind}
            for one in report.differences
        ],
    }


def _print(report: MoveReport) -> None:
    table(
        ["table", "copied", "changed", "removed", "verified"],
        [
            (name, one.copied, one.changed, one.removed, one.verified)
            for name, one in report.tables.items()
            if one.copied or one.changed or one.removed or one.verified
        ],
    )
    say(
        f"{report.n_moved} rows moved ({_rate(report.n_moved, report.moving_s)} a second), "
        f"{report.n_verified} verified ({_rate(report.n_verified, report.verifying_s)} a second)."
    )
    if report.n_cleaned:
        note(f"{report.n_cleaned} texts held NUL characters, which PostgreSQL can't: left out.")
    for one in report.differences:
        words = ", ".join(map(str, _key_of(one)))
        note(f"  {one.table} ({words}) is {one.kind} in {report.target}")
    if len(report.differences) < report.n_differences:
        note(f"  … and {report.n_differences - len(report.differences)} more")


def _key_of(one: Difference) -> list[str | int]:
    # A code's or token's hash is nobody's to read, and an id may be long.
    longest = 8 if one.table == "one_time_codes" else 60
    return [
        f"{value[:longest]}…" if isinstance(value, str) and len(value) > longest else value
        for value in one.key
    ]


def _why_not(report: MoveReport) -> str:
    differ = f"{report.n_differences} rows differ" if report.n_differences else "it goes on"
    if report.was_complete:
        return (
            f"{report.target} holds this library already, and they have parted since ({differ}): "
            "nothing was changed there"
        )
    return (
        f"the library was changed while it moved ({differ}), and the move is not complete: "
        "run it again"
    )


def _rate(n_rows: int, seconds: float) -> int:
    return round(n_rows / seconds) if seconds > 0 else 0
