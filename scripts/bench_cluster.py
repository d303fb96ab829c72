"""Matching on PostgreSQL by several workers, and what else docs/scale.md builds on.

    .venv/bin/python scripts/bench cluster [--quick] [--accounts 10000] [--items 1000]

setting   how large the library is, and on what it is measured
rows      bytes of a row with its indexes, table by table
match     new items against all accounts by 1, 2 and 4 real `sawthis worker`: items and subscribed
          pairs a second, statements, bytes of the server's log
shares    where the time of one worker goes
growth    core time a subscribed pair in larger libraries, against a small one
upkeep    statements that go through all accounts, feeds or interests
fit       what an interest, an item and a pair cost, by these runs
stories   core time of an item's story, with more and fewer items told in the days around it
intake    entries a second that 1, 2 and 4 processes put, new and known ones
embed     texts a second on one core
poll      jobs a second of one worker: feeds that are not due, unchanged, changed

A pair is an interest and a new item that its account can see. Ratios say more than seconds: two
cores are shared with whatever else runs here, and the server is on the same machine.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from bench_cluster_intake import embedded, intake, polled
from bench_cluster_shares import shares
from bench_cluster_upkeep import stories, upkeep
from cluster_library import Size, account_id, fill, material
from cluster_server import running_server
from cluster_work import Spent, put, took, work

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from cluster_library import Made, Material
    from cluster_server import Connection, Server
    from numpy.typing import NDArray

PHRASES = 800


def figures(*, quick: bool, accounts: int = 0, items: int = 0) -> Iterator[dict[str, Any]]:
    """Every figure, as it is measured."""
    size = Size(accounts or (500 if quick else 10_000), items or (100 if quick else 1_000))
    if quick:
        size = replace(size, feeds=400, bringing=40)
    stuff = material(2 * size.items, 100 if quick else PHRASES)
    with running_server() as server:
        start = start_of_a_worker(server, size, stuff)
        made = fill(server, "base", size, stuff)
        yield _setting(server, size, made)
        crews = (1,) if quick else (1, 2, 4)
        alone = yield from _matched(server, size, made, start, stuff.embedder.key, crews)
        yield shares(server, "base", size, made)
        server.drop("base")
        yield from _growth(server, size, stuff, start, (made, alone), quick=quick)
        yield from stories(server, stuff, 200 if quick else 20_000)
        yield from intake(server, 100 if quick else 2_000, (1, 2) if quick else (1, 2, 4))
        yield embedded(stuff, 16 if quick else 256)
        yield from polled(server, 6 if quick else 400, n_kinds=2 if quick else 4)


def _setting(server: Server, size: Size, made: Made) -> dict[str, Any]:
    with server.superuser("base") as db:
        version = db.info.server_version // 10_000
    return {
        "of": "setting",
        "accounts": size.accounts,
        "interests": size.accounts * size.interests_each,
        "feeds": size.feeds,
        "subscriptions": made.subscriptions,
        "items": size.items,
        "bringing_feeds": size.bringing,
        "readers_an_item": round(made.subscribed_items / size.items, 1),
        "subscribed_pairs": made.pairs(size),
        "postgresql": version,
        "cores": os.cpu_count(),
        "filled_in_s": round(made.load_s),
    }


# Matching by real workers.


class Matched(NamedTuple):
    """What a run of match jobs came to."""

    seconds: float
    """From the first job's begin to the last one's end."""
    spent: Spent
    """Without what workers need to start."""
    jobs: int
    matches: int
    statements: int
    log_bytes: int
    """Written to the server's log."""


def match_with(server: Server, base: str, size: Size, workers: int, start: Spent) -> Matched:
    """Match all that is new in a copy of a database by so many workers, who have to start."""
    from recommender.services.queueing import match_job
    from recommender.services.ranges import ranges

    server.create("run", base)
    put(
        server,
        "run",
        [match_job(*one) for one in ranges([account_id(n) for n in range(size.accounts)])],
    )
    with server.superuser("run") as db:
        db.execute("CHECKPOINT")
        db.execute("SELECT pg_stat_statements_reset()")
        log_before = _one(db, _LOG)
    spent = work(server, "run", "match", workers)
    with server.superuser("run") as db:
        log_bytes = _one(db, _LOG) - log_before
        statements = int(_one(db, _STATEMENTS))
        matches = _one(db, "SELECT count(*) FROM matches")
        if behind := _one(db, _BEHIND):
            raise SystemExit(f"{behind} interests were not matched")
    start = Spent(workers * start.workers, workers * start.server)
    seconds, jobs = took(server, "run", "match")
    return Matched(seconds, spent.less(start), jobs, matches, statements, int(log_bytes))


def start_of_a_worker(server: Server, size: Size, stuff: Material) -> Spent:
    """What a worker needs to start, load the model, read the pool and match nearly nobody."""
    from recommender.services.queueing import match_job

    fill(server, "start", replace(size, accounts=1, kept=0), stuff)
    put(server, "start", [match_job(account_id(0), account_id(0))])
    spent = work(server, "start", "match", 1)
    server.drop("start")
    return spent


_LOG = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
_STATEMENTS = """SELECT sum(calls) FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND query NOT LIKE '%procrastinate%'"""
_BEHIND = """SELECT count(*) FROM interest_vectors
    WHERE matched_seq < (SELECT max(seq) FROM item_vectors)"""


def _one(db: Connection, sql: str) -> Any:  # noqa: ANN401  (any column)
    row = db.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0]


def _matched(
    server: Server, size: Size, made: Made, start: Spent, model_key: str, crews: tuple[int, ...]
) -> Generator[dict[str, Any], None, Matched]:
    """By more and more workers; returns what one alone came to."""
    alone: Matched | None = None
    pairs = made.pairs(size)
    for workers in crews:
        found = match_with(server, "base", size, workers, start)
        alone = alone or found
        yield {
            "of": "match",
            "workers": workers,
            "seconds": round(found.seconds, 1),
            "times_one_worker": round(alone.seconds / found.seconds, 2),
            "items_a_s": round(size.items / found.seconds, 1),
            "pairs_a_s": round(pairs / found.seconds),
            "worker_core_s": round(found.spent.workers, 1),
            "server_core_s": round(found.spent.server, 1),
            "pairs_a_core_s": round(pairs / found.spent.all),
            "jobs": found.jobs,
            "matches": found.matches,
            "matches_a_1000_pairs": round(1000 * found.matches / pairs, 2),
            "statements_a_job": round(found.statements / found.jobs),
            "log_mb": round(found.log_bytes / 1e6, 1),
            "log_bytes_a_pair": round(found.log_bytes / pairs, 1),
        }
        if workers == 1:
            yield _rows(server, "run")
            yield upkeep(server, "run", size, model_key)
        server.drop("run")
    assert alone is not None
    return alone


def _rows(server: Server, database: str) -> dict[str, Any]:
    tables = [
        *("accounts", "contacts", "interests", "interest_vectors", "subscriptions"),
        *("feeds", "items", "item_vectors", "matches"),
    ]
    with server.superuser(database) as db:
        db.execute("VACUUM ANALYZE")
        sizes = {
            table: round(
                _one(db, f"SELECT pg_total_relation_size('{table}')")
                / max(1, _one(db, f"SELECT count(*) FROM {table}"))  # noqa: S608
            )
            for table in tables
        }
    return {"of": "rows", **sizes}


# Growth.


def _growth(
    server: Server,
    size: Size,
    stuff: Material,
    start: Spent,
    whole: tuple[Made, Matched],
    *,
    quick: bool,
) -> Iterator[dict[str, Any]]:
    """Core time a pair by one worker: a tenth of the accounts, and what grows from there.

    `whole` is what all accounts came to already.
    """
    tenth = replace(size, accounts=max(20, size.accounts // 10))
    few = replace(size, accounts=max(20, size.accounts // 50))
    grown = {
        "a tenth of the accounts": tenth,
        "all accounts": size,
        "twice the interests": replace(tenth, interests=2 * size.interests),
        "twice the items": replace(tenth, items=2 * size.items),
        "a tenth of the items": replace(size, items=max(4, size.items // 10)),
        "a fiftieth of the accounts": few,
        "the same, with matches from before": replace(few, kept=100),
    }
    rows: list[list[float]] = []
    first = 0.0
    for name, one in list(grown.items())[: 1 if quick else None]:
        made, found = whole
        if one is not size:
            made = fill(server, "base", one, stuff)
            found = match_with(server, "base", one, 1, start)
            server.drop("run")
            server.drop("base")
        pairs = made.pairs(one)
        a_pair = found.spent.all / pairs
        first = first or a_pair
        if not one.kept:
            visits = one.accounts * one.interests_each
            rows.append([visits, one.items, pairs, found.spent.all, found.log_bytes, found.matches])
        yield {
            "of": "growth",
            "in": name,
            "accounts": one.accounts,
            "subscribed_pairs": pairs,
            "core_s": round(found.spent.all, 1),
            "core_us_a_pair": round(1e6 * a_pair, 2),
            "times_the_first": round(a_pair / first, 2),
            "log_bytes_a_pair": round(found.log_bytes / pairs, 1),
        }
    if not quick:
        yield _fitted(np.array(rows))


def _fitted(rows: NDArray[np.float64]) -> dict[str, Any]:
    """What an interest, an item and a pair cost, where the time of all runs is made of these."""
    visits, items, pairs, seconds, log_bytes, matches = rows.T
    # Each run counts by its share, not the longest alone.
    parts = np.stack([visits, items, pairs], axis=1) / seconds[:, None]
    an_interest, an_item, a_pair = np.linalg.lstsq(parts, np.ones(len(rows)), rcond=None)[0]
    parts = np.stack([visits, matches], axis=1) / log_bytes[:, None]
    a_mark, a_match = np.linalg.lstsq(parts, np.ones(len(rows)), rcond=None)[0]
    return {
        "of": "fit",
        "core_us_an_interest": round(1e6 * an_interest, 1),
        "core_ms_an_item": round(1e3 * an_item, 2),
        "core_us_a_pair": round(1e6 * a_pair, 3),
        "log_bytes_an_interest": round(a_mark),
        "log_bytes_a_match": round(a_match),
    }
