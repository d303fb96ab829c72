"""`refresh` and `demo`: filling the pool."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from recommender.cli.context import Json, open_house
from recommender.cli.output import emit_json, note, progress, progress_lines, say
from recommender.services import shapes
from recommender.wiring import utc_now

if TYPE_CHECKING:
    from recommender.services.progress import Progress
    from recommender.services.refresh import RefreshReport
    from recommender.wiring import House


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree."""
    app.command("refresh")(refresh)
    app.command("demo")(demo)


def refresh(
    everything: Annotated[
        bool, typer.Option("--all", help="Also feeds that are not due yet.")
    ] = False,
    as_json: Json = False,
    as_lines: Annotated[
        bool, typer.Option("--progress-lines", hidden=True, help="Progress as JSON lines.")
    ] = False,
) -> None:
    """Pull the feeds that are due, embed what is new, match it; or see to it that workers do."""
    house = open_house()
    advance = progress_lines if as_lines else None
    if house.settings.is_cluster:
        report = _refresh_by_workers(house, everything=everything, advance=advance)
    else:
        report = refresh_house(house, everything=everything, advance=advance)
    if as_json:
        emit_json(shapes.refresh_shape(report))
        return
    say(_report_line(report))
    for outcome in report.outcomes:
        if outcome.error:
            note(f"  {outcome.feed.title}: {outcome.error}")


def refresh_house(
    house: House, *also_allowed: str, everything: bool = False, advance: Progress | None = None
) -> RefreshReport:
    """One refresh, with progress on stderr unless it is told elsewhere."""
    with ExitStack() as stack:
        sources = stack.enter_context(house.sources(*also_allowed))
        return house.refresher.refresh(
            sources,
            now=utc_now(),
            rng=house.rng(),
            everything=everything,
            progress=advance or stack.enter_context(progress()),
        )


def _refresh_by_workers(
    house: House, *, everything: bool, advance: Progress | None
) -> RefreshReport:
    refresh = house.workshop.queued_refresh(everything=everything)
    with ExitStack() as stack:
        return refresh.report(advance or stack.enter_context(progress()))


def _report_line(report: RefreshReport) -> str:
    completed = f"{report.n_completed} completed from their pages; " if report.n_completed else ""
    return (
        f"{len(report.outcomes)} feeds checked ({report.count('unchanged')} unchanged, "
        f"{report.count('failed')} failed); {report.n_added} new items, "
        f"{report.n_changed} changed; {completed}{report.n_embedded} embedded."
    )


def demo(as_json: Json = False) -> None:
    """Fill an empty library with the demo: ten people, seven feeds."""
    from recommender.demo.server import DEMO_PORT, serve_demo
    from recommender.services.demo import demo_port, load_demo

    house = open_house()
    now = utc_now()
    with serve_demo(now, demo_port(house.settings.data_dir) or DEMO_PORT) as base_url:
        is_new = load_demo(
            house.storage,
            house.account_id,
            house.people,
            house.subscriptions,
            base_url=base_url,
            data_dir=house.settings.data_dir,
            now=now,
        )
        report = refresh_house(house, base_url.removeprefix("http://"))
    if as_json:
        emit_json(shapes.refresh_shape(report))
    else:
        note("The demo is loaded." if is_new else "The demo was loaded already.")
        say(_report_line(report))
