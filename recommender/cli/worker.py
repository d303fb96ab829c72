"""`worker`: what waits in the queues of a library on a server, done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, cast

import typer

from recommender.cli.context import open_house
from recommender.cli.output import note, say
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from recommender.services.queueing import JobQueue, Queue

MANY = 10_000


def register(app: typer.Typer) -> None:
    """Hang the command on the tree."""
    app.command("worker")(worker)


def worker(
    queues: Annotated[
        str, typer.Option(help="Queues to look after, by commas: ingest, embed, match, mail.")
    ] = "ingest,embed,match,mail",
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            "-c",
            min=1,
            max=64,
            help="Jobs at once; more than one helps with feeds, not with embedding or matching.",
        ),
    ] = 4,
    once: Annotated[bool, typer.Option(help="Only until nothing waits any more.")] = False,
    retry: Annotated[
        str, typer.Option(metavar="ID|all", help="Put jobs that were given up again, and end.")
    ] = "",
    pace: Annotated[float, typer.Option(hidden=True, min=1, help="So many times as fast.")] = 1,
) -> None:
    """Do what waits in the queues of a library on a server, until Ctrl-C; as many as you like."""
    # One core each: several workers share a machine better than their threads do. Before numpy is
    # imported, for it looks once.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    house = open_house()
    if retry:
        _retry(house.workshop.queue(), retry)
        return
    from recommender.services.log_lines import set_up_logging

    set_up_logging(house.settings.log_level)
    try:
        house.workshop.work(
            note, queues=_checked(queues), concurrency=concurrency, once=once, pace=pace
        )
    finally:
        house.close()


def _checked(names: str) -> list[Queue]:
    from recommender.services.queueing import QUEUES

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in QUEUES:
            raise InvalidInput(f"there is no queue “{name}”; there are {', '.join(QUEUES)}")
    return [cast("Queue", name) for name in wanted]


def _retry(queue: JobQueue, which: str) -> None:
    if which != "all" and not which.isdecimal():
        raise InvalidInput(f"“{which}” is no job's id; `sawthis doctor` shows them")
    failed = queue.failed(MANY)
    ids = [one.id for one in failed] if which == "all" else [int(which)]
    for job_id in ids:
        queue.retry(job_id)
    say(f"{len(ids)} put again." if ids else "Nothing was given up.")
    if ids and not queue.census().workers:
        note("No worker is running: start `sawthis worker`.")
