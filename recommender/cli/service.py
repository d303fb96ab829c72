"""`serve` and `doctor`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from recommender.cli.context import Json, open_house, run_server
from recommender.cli.output import emit_json, note, table
from recommender.services import shapes
from recommender.wiring import utc_now


def register(app: typer.Typer) -> None:
    """Hang the commands on the tree."""
    app.command("serve")(serve)
    app.command("doctor")(doctor)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at [SAWTHIS_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen at [SAWTHIS_PORT].")] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option("--behind-proxy", help="A proxy with TLS is in front [SAWTHIS_BEHIND_PROXY]."),
    ] = False,
    demo_feeds: Annotated[
        bool, typer.Option("--demo-feeds", help="Also serve the demo's feeds.")
    ] = False,
) -> None:
    """Serve API and page, and refresh as time goes by, until Ctrl-C."""
    from dataclasses import replace

    from recommender.demo.server import DEMO_PORT, serve_demo
    from recommender.services.demo import demo_port

    house = open_house()
    settings = house.settings
    settings = replace(
        settings,
        host=host or settings.host,
        port=settings.port if port is None else port,
        behind_proxy=behind_proxy or settings.behind_proxy,
    )
    with ExitStack() as stack:
        if demo_feeds:
            wanted = demo_port(settings.data_dir) or DEMO_PORT
            base_url = stack.enter_context(serve_demo(utc_now(), wanted))
            allowed = (*settings.allow_private_hosts, base_url.removeprefix("http://"))
            settings = replace(settings, allow_private_hosts=allowed)
        run_server(settings, note)


def doctor(as_json: Json = False) -> None:
    """What is well, what is ill, and what to do about it; exit 1 if something is at fault."""
    found = open_house().diagnose()
    if as_json:
        emit_json(shapes.diagnosis_shape(found))
    else:
        table(
            ["", "what", "finding", "what to do"],
            [(f.state, f.name, f.detail, f.advice) for f in found.findings],
        )
    if not found.is_well:
        raise typer.Exit(1)
