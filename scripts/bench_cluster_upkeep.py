"""What grows with all there is, measured: upkeep, and the telling of stories; for bench_cluster.

These are the parts of a day that neither the number of workers nor that of pairs changes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from cluster_library import Size, fill
from cluster_work import Spent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cluster_library import Material
    from cluster_server import Server


def upkeep(server: Server, database: str, size: Size, model_key: str) -> dict[str, Any]:
    """Milliseconds of what goes through all accounts, feeds or interests."""
    from recommender.services.ranges import ACCOUNTS_AT_ONCE
    from recommender.storage.postgres import open_postgres
    from recommender.wiring import utc_now

    storage = open_postgres(server.url(database))
    some = range(1, 65)
    asked: dict[str, Callable[[], object]] = {
        "accounts": storage.accounts,
        "account_ranges": lambda: storage.ranges.account_ranges(ACCOUNTS_AT_ONCE),
        "behind": lambda: storage.backlog.behind(model_key),
        "readers_of_64_items": lambda: storage.backlog.readers(some),
        "digest_wishes": storage.backlog.digest_wishes,
        "due_feeds": lambda: storage.backlog.due_feeds(utc_now()),
    }
    found: dict[str, float] = {}
    for name, ask in asked.items():
        ask()
        began = time.perf_counter()
        ask()
        found[name] = round(1000 * (time.perf_counter() - began), 1)
    found["readers_found"] = len(storage.backlog.readers(some))
    storage.close()
    return {"of": "upkeep", "ms_at_accounts": size.accounts, **found}


def stories(server: Server, stuff: Material, around: int) -> Iterator[dict[str, Any]]:
    """Core seconds of giving items their stories, with so many told in the days around them."""
    few, many = around // 600 or 2, around // 80
    _told(server, stuff, 100, 2)  # for what is loaded the first time
    rows, bands = [], 0
    for n_around in (around // 4, around):
        for n_items in (few, many):
            spent, bands = _told(server, stuff, n_around, n_items)
            rows.append((n_around, n_items, spent))
            yield {
                "of": "stories",
                "items": n_items,
                "told_around": n_around,
                "core_s": round(spent, 2),
                "core_ms_an_item": round(1000 * spent / n_items, 1),
            }
    at, n, core_s = np.array(rows).T
    parts = np.stack([at, n, at * n], axis=1)
    window, an_item, a_pair = np.linalg.lstsq(parts, core_s, rcond=None)[0]
    yield {
        "of": "stories_fit",
        "core_us_a_job_an_item_around": round(1e6 * window, 1),
        "core_ms_an_item": round(1e3 * an_item, 2),
        "core_us_an_item_an_item_around": round(1e6 * a_pair, 3),
        "story_bands_bytes_an_item": bands,
    }


def _told(server: Server, stuff: Material, n_around: int, n_items: int) -> tuple[float, int]:
    from recommender.services.stories import place_stories
    from recommender.storage.postgres import open_postgres

    fill(server, "stories", Size(accounts=1, items=n_around + n_items), stuff)
    with server.superuser("stories") as db:
        db.execute("UPDATE items SET story = NULL WHERE id <= %s", (n_items,))
        db.execute("VACUUM ANALYZE items")
    storage = open_postgres(server.url("stories"))
    before = Spent(time.process_time(), server.processor_s())
    place_stories(storage, stuff.embedder)
    spent = Spent(time.process_time(), server.processor_s()).less(before)
    storage.close()
    with server.superuser("stories") as db:
        row = db.execute("SELECT pg_total_relation_size('story_bands')").fetchone()
    assert row is not None
    server.drop("stories")
    return spent.all, round(row[0] / n_items)
