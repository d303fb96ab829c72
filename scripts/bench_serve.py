"""Load on the real `sawthis serve`; run by scripts/bench, which prints the figures.

The load comes from this file as a child process: one thread, keep-alive connections, requests made
beforehand and answers read no further than their length. It costs about 20 µs a request, so that
the service and not the generator sets the pace, and needs nothing that is not there anyway.
"""

from __future__ import annotations

import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recommender.storage.sqlite import SqliteStorage

INTERESTS_EACH = 3
PAGE_CHARACTERS = 3_000
CONNECTIONS = 4
START_S = 60.0
DRAIN_S = 30.0
LONGEST_LOAD_S = 900.0


# The generator of load.


class _Connection:
    """One keep-alive connection: sends the next request when the answer before it is whole."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self._read = b""

    def send(self, request: bytes) -> None:
        self._read = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def status(self) -> int | None:
        """The status of the answer if it is whole, after reading what is there; 0 if cut off."""
        part = self.socket.recv(262_144)
        if not part:
            return 0
        self._read += part
        head, found, body = self._read.partition(b"\r\n\r\n")
        if not found:
            return None
        _, _, rest = head.lower().partition(b"content-length:")
        n_bytes = int(rest.split(b"\r\n", 1)[0] or 0)
        return int(head[9:12]) if len(body) >= n_bytes else None


def load(
    port: int, requests: Sequence[bytes], *, n: int, connections: int, limit_s: float
) -> dict[str, Any]:
    """Send n requests, or as many as fit the limit; what came of them."""
    rng = random.Random(1)
    chosen = iter([requests[i] for i in rng.choices(range(len(requests)), k=n)])
    selector = selectors.DefaultSelector()
    took: list[float] = []
    statuses: dict[int, int] = {}
    start = time.perf_counter()
    open_now = 0
    for _ in range(min(n, connections)):
        made = _Connection(port)
        selector.register(made.socket, selectors.EVENT_READ, made)
        made.send(next(chosen))
        open_now += 1
    while open_now:
        if time.perf_counter() - start > limit_s:
            break
        for key, _ in selector.select(timeout=1):
            status = key.data.status()
            if status is None:
                continue
            took.append(time.perf_counter() - key.data.began)
            statuses[status] = statuses.get(status, 0) + 1
            following = next(chosen, None) if status else None
            if following is None:
                selector.unregister(key.data.socket)
                key.data.socket.close()
                open_now -= 1
            else:
                key.data.send(following)
    elapsed = time.perf_counter() - start
    took.sort()
    return {
        "n": len(took),
        "per_s": len(took) / elapsed,
        "p50_ms": 1000 * took[len(took) // 2],
        "p99_ms": 1000 * took[min(len(took) - 1, len(took) * 99 // 100)],
        "bad": sum(count for status, count in statuses.items() if status != 200),
    }


def _generate() -> None:
    """The child process: a job as JSON on stdin, its outcome on stdout."""
    job = json.load(sys.stdin)
    requests = [text.encode("latin-1") for text in job.pop("requests")]
    json.dump(load(requests=requests, **job), sys.stdout)


def loaded(
    port: int, requests: Sequence[bytes], *, n: int, connections: int = CONNECTIONS
) -> dict[str, Any]:
    """`load` in a process of its own; an answer other than 200 ends the bench."""
    job = {
        "port": port,
        "requests": [request.decode("latin-1") for request in requests],
        "n": n,
        "connections": connections,
        "limit_s": LONGEST_LOAD_S,
    }
    done = subprocess.run(
        [sys.executable, __file__, "load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_LOAD_S + 60,
    )
    outcome: dict[str, Any] = json.loads(done.stdout)
    if outcome["bad"]:
        raise SystemExit(f"{outcome['bad']} of {outcome['n']} answers were not 200")
    return outcome


# What it is aimed at.


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[tuple[Any, int]]:
    """(process, port) of a server that says "at http://127.0.0.1:PORT/" when it is there."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        deadline = time.monotonic() + START_S
        while "at http://" not in (said := log.read_text("utf-8", "replace")):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server did not start: {said}")
            time.sleep(0.05)
        yield process, int(said.split("at http://")[1].split("/")[0].rsplit(":", 1)[1])
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(DRAIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _bare(answers: Path) -> None:
    """Serve the same bytes from a route that does nothing, under the service's uvicorn settings."""
    import uvicorn
    from fastapi import FastAPI, Response

    suggestions, matches = (file.read_bytes() for file in sorted(answers.iterdir()))
    app = FastAPI()

    @app.get("/api/v1/contacts/{contact}/suggestions")
    def _suggestions(contact: str, n: int = 3) -> Response:
        return Response(suggestions, media_type="application/json")

    @app.post("/api/v1/matches")
    def _matches(body: dict[str, Any]) -> Response:
        return Response(matches, media_type="application/json")

    # asyncio switches Nagle's algorithm off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(f"at http://127.0.0.1:{listener.getsockname()[1]}/", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, log_level="warning", server_header=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


def _get(path: str, token: str) -> bytes:
    return (
        f"GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


def _post(path: str, token: str, body: dict[str, str]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _answer(port: int, request: bytes) -> bytes:
    """The body of the answer to one request."""
    connection = _Connection(port)
    connection.send(request)
    while (status := connection.status()) is None:
        pass
    connection.socket.close()
    head, _, body = connection._read.partition(b"\r\n\r\n")
    if status != 200:
        raise SystemExit(f"{head.decode('latin-1')}\n{body.decode('utf-8', 'replace')}")
    return body


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


# The library.


def told(n: int) -> Iterator[tuple[str, str]]:
    """(title, text) of n articles: sentences of two of the demo's, in another order."""
    from recommender.demo import demo_feeds
    from recommender.words import sentences

    rng = random.Random(1)
    articles = [a for feed in demo_feeds() if feed.kind == "article" for a in feed.articles]
    for _ in range(n):
        two = rng.sample(articles, 2)
        parts = [a.text[start:end] for a in two for start, end in sentences(a.text)]
        yield f"{two[0].title}, and {two[1].subject}", " ".join(rng.sample(parts, len(parts)))


class FeedServer:
    """A feed on loopback that has new entries whenever it is asked."""

    def __init__(self, n_entries: int) -> None:
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from xml.sax.saxutils import escape

        entries = list(told(n_entries * 20))
        asked = iter(range(20))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                at = next(asked, None)
                some = [] if at is None else entries[at * n_entries : (at + 1) * n_entries]
                items = "".join(
                    f"<item><title>{escape(title)}</title><link>http://{self.headers['Host']}"
                    f"/{at}/{k}</link><description>{escape(text)}</description></item>"
                    for k, (title, text) in enumerate(some)
                )
                body = (
                    '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>'
                    f"<link>https://e.com/</link>{items}</channel></rss>"
                ).encode()
                self.send_response(200 if self.path == "/feed" else 404)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


def make_library(data_dir: Path, feed_url: str, *, n_contacts: int, n_items: int) -> list[str]:
    """Contacts with interests, items with vectors of the default model, all matched; their ids."""
    from recommender.settings import load_settings
    from recommender.storage.sqlite import open_sqlite
    from recommender.wiring import House

    storage = open_sqlite(data_dir / "sawthis.db")
    ids = _fill(storage, feed_url, n_contacts=n_contacts, n_items=n_items)
    storage.close()
    house = House(load_settings(os.environ, {"data_dir": data_dir}))
    house.match_soon()
    house.close()
    return ids


def _fill(storage: SqliteStorage, feed_url: str, *, n_contacts: int, n_items: int) -> list[str]:
    from datetime import timedelta

    from recommender_models import all_subjects

    from recommender.testing import make_contact, make_interest, make_item
    from recommender.wiring import utc_now

    now = utc_now()
    feed = storage.feeds.subscribe("me", feed_url, kind="article", title="News", now=now)
    items = [
        make_item(
            f"https://e.com/{n}",
            title=title,
            text=text,
            content_hash=str(n),
            published_at=now - timedelta(minutes=20 * n),
        )
        for n, (title, text) in enumerate(told(n_items))
    ]
    storage.items.put_items(items, feed_id=feed.id, owner_id="", now=now)
    phrases = list(all_subjects())
    contacts = [make_contact(f"Contact {n}", id=f"c{n}", slug=f"c{n}") for n in range(n_contacts)]
    with storage.transaction():
        for n, contact in enumerate(contacts):
            storage.people.add_contact("me", contact)
            for at in range(INTERESTS_EACH * n, INTERESTS_EACH * (n + 1)):
                phrase = phrases[at * 7 % len(phrases)]
                storage.people.add_interest("me", make_interest(contact, phrase, id=f"i{at}"))
    return [contact.id for contact in contacts]


# The figures.


def figures(quick: bool) -> Iterator[dict[str, Any]]:
    """Every figure of `serve` under load, as it is measured."""
    n_contacts, n_items = (50, 200) if quick else (500, 5_000)
    with tempfile.TemporaryDirectory() as folder:
        feeds = FeedServer(20 if quick else 200)
        try:
            data_dir = Path(folder) / "data"
            data_dir.mkdir()
            ids = make_library(
                data_dir, f"http://{feeds.host}/feed", n_contacts=n_contacts, n_items=n_items
            )
            env = {
                **os.environ,
                "SAWTHIS_DATA_DIR": str(data_dir),
                "SAWTHIS_RATE_LIMIT": "0",
                "SAWTHIS_REFRESH_MINUTES": "0",
                "SAWTHIS_ALLOW_PRIVATE_HOSTS": feeds.host,
            }
            yield {"contacts": n_contacts, "items": n_items, "generator": "own", "of": "setting"}
            yield from _served(Path(folder), env, ids, quick)
        finally:
            feeds.close()


def _served(folder: Path, env: dict[str, str], ids: list[str], quick: bool) -> Iterator[Any]:
    sawthis = [sys.executable, "-m", "recommender"]
    token = subprocess.run(
        [*sawthis, "token", "create", "bench"], env=env, capture_output=True, text=True, check=True
    ).stdout.strip()
    gets = [_get(f"/contacts/{i}/suggestions", token) for i in ids]
    pages = [
        {"title": title, "text": (text * 4)[:PAGE_CHARACTERS], "url": f"https://e.com/p{n}"}
        for n, (title, text) in enumerate(told(50))
    ]
    posts = [_post("/matches", token, page) for page in pages]
    serve = [*sawthis, "serve", "--port", "0"]
    with running(serve, env, folder / "serve.log") as (process, port):
        yield {"of": "memory", "idle_mb": round(_resident_mb(process.pid))}
        answers = folder / "answers"
        answers.mkdir()
        (answers / "1").write_bytes(_answer(port, gets[0]))
        (answers / "2").write_bytes(_answer(port, posts[0]))
        bare = [sys.executable, __file__, "bare", str(answers)]
        with running(bare, env, folder / "bare.log") as (_, bare_port):
            yield from _against_bare(port, bare_port, "suggestions", gets, 200 if quick else 2_000)
            yield from _against_bare(port, bare_port, "matches", posts, 40 if quick else 400)
        alone = loaded(port, posts, n=20 if quick else 100, connections=1)
        yield {"of": "matches_alone", **_rounded(alone)}
        yield _while_refreshing(port, [*sawthis, "refresh", "--all"], env, gets, quick)
        yield _growth(process.pid, port, gets, (300, 1_000) if quick else (10_000, 100_000))
        yield _drained(process, port, posts)


def _rounded(outcome: dict[str, Any]) -> dict[str, float]:
    return {name: round(outcome[name], 1) for name in ("per_s", "p50_ms", "p99_ms")}


def _against_bare(
    port: int, bare_port: int, name: str, requests: list[bytes], n: int
) -> Iterator[dict[str, Any]]:
    """One route against a route that returns the same bytes, by turns."""
    ours: list[dict[str, Any]] = []
    bare: list[dict[str, Any]] = []
    for _ in range(3):
        bare.append(loaded(bare_port, requests, n=n))
        ours.append(loaded(port, requests, n=n))
    best, best_bare = (max(some, key=lambda one: one["per_s"]) for some in (ours, bare))
    yield {
        "of": name,
        "connections": CONNECTIONS,
        **_rounded(best),
        "bare_per_s": round(best_bare["per_s"]),
        "bare_p99_ms": round(best_bare["p99_ms"], 1),
        "bare_over_ours": round(best_bare["per_s"] / best["per_s"], 1),
    }


def _while_refreshing(
    port: int, refresh: list[str], env: dict[str, str], gets: list[bytes], quick: bool
) -> dict[str, Any]:
    """The slowest hundredth while a child process pulls, embeds and matches, against idle."""
    n = 200 if quick else 1_000
    idle = loaded(port, gets, n=n)
    child = subprocess.Popen(
        refresh, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    rounds = []
    try:
        time.sleep(1)  # past its imports
        while child.poll() is None and len(rounds) < 20:
            rounds.append(loaded(port, gets, n=n))
        said, errors = child.communicate(timeout=300)
    finally:
        child.kill()
        child.wait()
    if child.returncode != 0:
        raise SystemExit(errors)
    during = max(rounds, key=lambda one: one["p99_ms"]) if rounds else idle
    return {
        "of": "suggestions_while_refreshing",
        "refresh": said.strip().splitlines()[0],
        "rounds": len(rounds),
        "p99_ms": round(during["p99_ms"], 1),
        "idle_p99_ms": round(idle["p99_ms"], 1),
        "over_idle": round(during["p99_ms"] / idle["p99_ms"], 1),
    }


def _growth(pid: int, port: int, gets: list[bytes], sizes: tuple[int, int]) -> dict[str, Any]:
    """Resident memory after many requests, against fewer."""
    loaded(port, gets, n=sizes[0])
    before = _resident_mb(pid)
    loaded(port, gets, n=sizes[1] - sizes[0])
    after = _resident_mb(pid)
    return {
        "of": "memory",
        f"after_{sizes[0]}_mb": round(before, 1),
        f"after_{sizes[1]}_mb": round(after, 1),
        "growth_mb": round(after - before, 1),
    }


def _drained(process: subprocess.Popen[bytes], port: int, posts: list[bytes]) -> dict[str, Any]:
    """SIGTERM with requests under way: how many are answered, and how the process ends."""
    waiting = [_Connection(port) for _ in range(CONNECTIONS)]
    for connection, request in zip(waiting, posts, strict=False):
        connection.send(request)
    time.sleep(0.05)  # they are read, and not yet answered
    process.send_signal(signal.SIGTERM)
    start = time.perf_counter()
    statuses = []
    for connection in waiting:
        try:
            while (status := connection.status()) is None:
                pass
        except OSError:
            status = 0
        statuses.append(status)
        connection.socket.close()
    try:
        code: int | None = process.wait(DRAIN_S)
    except subprocess.TimeoutExpired:
        code = None
    return {
        "of": "drain",
        "in_flight": len(statuses),
        "answered": statuses.count(200),
        "seconds": round(time.perf_counter() - start, 2),
        "exit_code": code,
    }


if __name__ == "__main__":
    if sys.argv[1] == "load":
        _generate()
    else:
        _bare(Path(sys.argv[2]))
