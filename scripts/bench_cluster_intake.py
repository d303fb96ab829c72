"""What comes before matching, measured: polls, entries into the pool, embedding; for bench_cluster.

Entries are put by child processes of this file.
"""

from __future__ import annotations

import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cluster_library import told
from cluster_work import LONGEST_S, put, took, work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cluster_library import Material
    from cluster_server import Server
    from cluster_work import Spent

ENTRIES = 25
"""In a feed."""
NEW_ENTRIES = 2
"""Of those, when it has changed."""
WARM = 20
"""Feeds that are read beforehand: empty tables are not asked as those of real life."""


# Intake.


def intake(server: Server, n_entries: int, crews: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Entries put by several processes at once, feed by feed: new ones, then the same again."""
    from recommender.storage.postgres import open_postgres

    alone: dict[str, float] = {}
    for processes in crews:
        storage = open_postgres(server.create("intake"))
        now = _now()
        each = n_entries // processes // ENTRIES
        for n in range(processes * each + WARM):
            url = f"https://feed-{n}.example/"
            storage.feeds.subscribe("me", url, kind="article", title=f"Feed {n}", now=now)
        storage.close()
        _together([_child(server, processes * each, WARM)])
        _analyse(server, "intake")
        for kind in ("new", "known"):
            seconds = _together([_child(server, p * each, each) for p in range(processes)])
            a_second = processes * each * ENTRIES / seconds
            alone.setdefault(kind, a_second)
            yield {
                "of": "intake",
                "entries": kind,
                "processes": processes,
                "entries_a_s": round(a_second),
                "times_one_process": round(a_second / alone[kind], 2),
            }
        if processes == crews[0]:
            yield {"of": "intake_rows", **_bytes_an_item(server)}
        server.drop("intake")


def _bytes_an_item(server: Server) -> dict[str, int]:
    """Of what is kept beside an item, with indexes."""
    _analyse(server, "intake")
    with server.superuser("intake") as db:
        row = db.execute(
            "SELECT pg_total_relation_size('item_keys') / count(*),"
            " pg_total_relation_size('feed_items') / count(*) FROM items"
        ).fetchone()
    assert row is not None
    return {"item_keys_bytes_an_item": row[0], "feed_items_bytes_an_item": row[1]}


def _child(server: Server, first: int, n_feeds: int) -> list[str]:
    return [sys.executable, __file__, server.url("intake"), str(first), str(n_feeds)]


def _analyse(server: Server, database: str) -> None:
    with server.superuser(database) as db:
        db.execute("VACUUM ANALYZE")


def _now() -> Any:  # noqa: ANN401  (a time)
    from recommender.wiring import utc_now

    return utc_now()


def _together(commands: Sequence[Sequence[str]]) -> float:
    """Seconds from a common start to the end of the last of some of our children."""
    running = [
        subprocess.Popen(one, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for one in commands
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    start = time.perf_counter()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    codes = [process.wait(LONGEST_S) for process in running]
    if any(codes):
        raise SystemExit("a process of the bench failed")
    return time.perf_counter() - start


def put_entries(url: str, first: int, n_feeds: int) -> None:
    """A child: read so many feeds into the pool, as polls of feeds that have changed do."""
    from recommender.storage.postgres import open_postgres
    from recommender.testing import make_item

    storage = open_postgres(url)
    now = _now()
    texts = list(told(200))
    feeds = [
        (
            n + 1,
            [
                make_item(
                    f"https://feed-{n}.example/{k}",
                    title=texts[(n * ENTRIES + k) % 200][0],
                    text=texts[(n * ENTRIES + k) % 200][1],
                    content_hash=f"{n} {k}",
                    aliases=(f"id:{n} {k}", f"content:{n} {k}"),
                )
                for k in range(ENTRIES)
            ],
        )
        for n in range(first, first + n_feeds)
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    for feed_id, entries in feeds:
        storage.items.put_items(entries, feed_id=feed_id, owner_id="", now=now)
    storage.close()


# Embedding.


def embedded(stuff: Material, n: int) -> dict[str, Any]:
    """Texts a second on one core."""
    from recommender.services.embedding import item_text

    texts = [item_text(*one) for one in list(told(n, seed=7))]
    began = time.perf_counter()
    stuff.embedder.embed(texts)
    seconds = time.perf_counter() - began
    return {
        "of": "embed",
        "texts": n,
        "characters": round(sum(map(len, texts)) / n),
        "texts_a_s_a_core": round(n / seconds, 1),
    }


# Polling.


class _Feeds:
    """Feeds on loopback: each shows 25 entries, and some more whenever the edition changes."""

    def __init__(self) -> None:
        self.edition = 0
        self._texts = list(told(200))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                mark = f'"{outer.edition}"'
                same = self.headers.get("If-None-Match") == mark
                body = b"" if same else outer.body(self.path, self.headers["Host"])
                self.send_response(304 if same else 200)
                self.send_header("ETag", mark)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def body(self, path: str, host: str) -> bytes:
        """A feed of this edition: NEW_ENTRIES of it were not in the one before."""
        first = self.edition * NEW_ENTRIES
        shown = [
            (k, self._texts[(7 * k + len(path) + int(path[1:])) % 200])
            for k in range(first, first + ENTRIES)
        ]
        items = "".join(
            f"<item><title>{escape(title)}, {k}</title><link>http://{host}{path}/{k}</link>"
            f"<guid>{path}/{k}</guid><pubDate>Mon, 02 Mar 2026 08:{k % 60:02}:00 GMT</pubDate>"
            f"<description>{escape(text)}</description></item>"
            for k, (title, text) in shown
        )
        return (
            '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>'
            f"<link>http://{host}{path}</link>{items}</channel></rss>"
        ).encode()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


def polled(server: Server, n_feeds: int, n_kinds: int) -> Iterator[dict[str, Any]]:
    """Jobs of one worker on queue `ingest`, which read feeds from loopback."""
    from recommender.services.queueing import poll_job
    from recommender.storage.postgres import open_postgres

    feeds, half = _Feeds(), n_feeds // 2
    settings = {"SAWTHIS_ALLOW_PRIVATE_HOSTS": feeds.host, "SAWTHIS_FULL_TEXT": "false"}
    storage = open_postgres(server.create("poll"))
    ids = [
        storage.feeds.subscribe(
            "me", f"http://{feeds.host}/{n}", kind="article", title="", now=_now()
        ).id
        for n in range(half + n_feeds)
    ]
    storage.close()

    def run(some: Sequence[int], *, anyway: bool) -> Spent:
        put(server, "poll", [poll_job(one, anyway=anyway) for one in some])
        with server.superuser("poll") as db:
            # What earlier polls have left for others to do.
            db.execute(
                "DELETE FROM procrastinate_jobs WHERE status <> 'todo' OR task_name <> 'poll'"
            )
        return work(server, "poll", "ingest", 1, **settings)

    run(ids[:half], anyway=True)
    _analyse(server, "poll")
    kinds = (
        (f"{ENTRIES} new", 1),
        ("not modified", 1),
        (f"{NEW_ENTRIES} new, {ENTRIES - NEW_ENTRIES} known", 2),
        ("not due", 2),
    )
    for name, edition in kinds[:n_kinds]:
        feeds.edition = edition
        # A worker that does the same for one feed, so that its start can be taken off.
        start = run(ids[:1], anyway=name != "not due")
        net = run(ids[half:], anyway=name != "not due").less(start)
        seconds, jobs = took(server, "poll", "poll")
        yield {
            "of": "poll",
            "entries": name,
            "jobs": jobs,
            "jobs_a_s": round(jobs / seconds, 1),
            "worker_core_ms": round(1000 * net.workers / (jobs - 1), 2),
            "server_core_ms": round(1000 * net.server / (jobs - 1), 2),
        }
    server.drop("poll")
    feeds.close()


if __name__ == "__main__":
    put_entries(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
