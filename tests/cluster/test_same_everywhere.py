"""One answer on every engine: the same feeds and people give the same suggestions.

The same library, without an item in it, is put into a file and on a server twice. The file is
refreshed as ever; of the others one gets one worker, one gets four. What they then suggest is
compared, and every row behind it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from recommender.demo.server import serve_demo
from recommender.services.queueing import look_job
from recommender.storage.postgres import open_postgres
from recommender.storage.sqlite import open_sqlite
from recommender.testing import make_interest
from recommender.wiring import utc_now
from tests.cluster.crews import crew
from tests.conftest import Sawthis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recommender.storage.library import SqlLibrary
    from tests.postgres import Server

    Rows = list[tuple[str, dict[str, Any]]]

N_WORKERS = (1, 4)
FRESH = {
    "feed": dict.fromkeys(
        ("etag", "last_modified", "body_hash", "checked_at", "succeeded_at", "next_check_at")
    )
}
KINDS = {"sawthis", "contact", "interest", "feed", "touch"}
MATCHES = (
    "SELECT m.account_id, m.interest_id, i.owner_id, i.key, m.contact_id, m.suggestion_id,"
    " m.relevance, m.cosine, m.margin, m.lexical, m.span FROM matches m"
    " JOIN items i ON i.id = m.item_id ORDER BY 1, 2, 3, 4"
)
ITEMS = (
    "SELECT owner_id, key, kind, url, title, author, language, tags, content_hash, feed_title,"
    " text, minutes, paywalled, level, topics FROM items ORDER BY 1, 2"
)
STORIES = "SELECT story, key FROM items WHERE story IS NOT NULL ORDER BY 2"


@pytest.fixture(scope="module")
def feeds() -> Iterator[str]:
    """The demo's feeds, on loopback."""
    with serve_demo(utc_now(), port=0) as base:
        yield base


@pytest.fixture(scope="module")
def planted(loaded_demo: Path, feeds: str) -> Rows:
    """The demo's people and feeds, as exported rows; nothing was read yet."""
    storage = open_sqlite(loaded_demo / "sawthis.db")
    rows: Rows = []
    for kind, row in storage.export_rows("me"):
        if kind not in KINDS:
            continue
        changed = {**row, **FRESH.get(kind, {})}
        if kind == "feed":
            changed["url"] = f"{feeds}/{str(row['url']).rpartition('/')[2]}"
        if kind == "touch":
            changed |= {"item_key": None, "suggestion_id": None}
        rows.append((kind, changed))
    storage.close()
    return rows


def plant(storage: SqlLibrary, rows: Rows) -> None:
    """Two accounts: all of it, and half of the feeds with somebody to avoid something."""
    storage.import_rows("me", rows)
    urls = sorted(row["url"] for kind, row in rows if kind == "feed")
    storage.import_rows(
        "you", [row for row in rows if row[0] != "feed" or row[1]["url"] in urls[::2]]
    )
    someone = storage.people.contacts("you")[0]
    storage.people.add_interest("you", make_interest(someone, "the sea", polarity="avoid"))
    storage.close()


def told(library: Sawthis, names: list[str]) -> dict[str, Any]:
    """What is suggested to everybody: all but the moment it was asked at."""
    found = {}
    for account in ("me", "you"):
        one = Sawthis(library.data_dir, {**library.environment, "SAWTHIS_ACCOUNT": account})
        for name in names:
            answer = json.loads(one.ok("suggest", "--contact", name, "-n", "10", "--json"))
            found[f"{account} {name}"] = [
                {
                    **{key: one[key] for key in ("id", "interest", "relevance", "span", "reason")},
                    "item": one["item"]["url"] or one["item"]["text"],
                }
                for one in answer["suggestions"]
            ]
    return found


def rows_of(storage: SqlLibrary, sql: str) -> list[list[Any]]:
    with storage._db.scope("*"):
        return [list(row) for row in storage._db.rows(sql)]


def test_the_same_with_a_file_and_with_workers(
    tmp_path: Path, planted: Rows, feeds: str, model_cache: Path, postgres_server: Server
) -> None:
    def sawthis(name: str, **environment: str) -> Sawthis:
        home = tmp_path / name
        home.mkdir()
        (home / "models").symlink_to(model_cache)
        reach = {"SAWTHIS_ALLOW_PRIVATE_HOSTS": feeds.removeprefix("http://")}
        return Sawthis(home, {**reach, **environment})

    embedded = sawthis("file")
    plant(open_sqlite(embedded.data_dir / "sawthis.db"), planted)
    embedded.ok("refresh")
    storage = open_sqlite(embedded.data_dir / "sawthis.db")
    names = [contact.slug for contact in storage.people.contacts("me")]
    wanted = told(embedded, names)
    assert sum(map(len, wanted.values())) > 20
    wanted_rows = [rows_of(storage, sql) for sql in (ITEMS, MATCHES, STORIES)]
    assert all(wanted_rows)
    storage.close()

    for n_workers in N_WORKERS:
        url = postgres_server.create()
        served = sawthis(f"server-{n_workers}", SAWTHIS_DATABASE=url)
        plant(open_postgres(url), planted)
        with crew(served, tmp_path / f"crew-{n_workers}") as workers:
            put(url)
            for _ in range(n_workers):
                workers.start("--once", "-c", "2")
            workers.wait(300)
        server = open_postgres(url)
        found_rows = [rows_of(server, sql) for sql in (ITEMS, MATCHES, STORIES)]
        server.close()
        for found, rows in zip(found_rows, wanted_rows, strict=True):
            assert difference(found, rows) == "", f"with {n_workers} workers"
        assert told(served, names) == wanted, f"{n_workers} workers"
        postgres_server.drop(url)


def difference(found: list[list[Any]], wanted: list[list[Any]]) -> str:
    """The first row that differs, short enough to be read."""
    for row, other in zip(found, wanted, strict=False):
        if row != other:
            cells = [
                (mine, theirs) for mine, theirs in zip(row, other, strict=True) if mine != theirs
            ]
            return f"{row[:4]}: {str(cells)[:400]}"
    return "" if len(found) == len(wanted) else f"{len(found)} rows, not {len(wanted)}"


def put(url: str) -> None:
    """Have the feeds that are due looked for."""
    from recommender.cluster.queue import ProcrastinateQueue

    queue = ProcrastinateQueue(url)
    queue.put([look_job()])
    queue.close()
