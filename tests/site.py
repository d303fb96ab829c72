"""A real HTTP server on loopback that behaves as badly as it is told to."""

from __future__ import annotations

import gzip
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Sea &amp; sky</title>
<link>https://site.example/</link><item><title>One</title><link>/one?utm_source=x</link>
<guid>1</guid><pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate>
<description>&lt;p&gt;The wind.&lt;/p&gt;&lt;script&gt;bad()&lt;/script&gt;</description>
</item></channel></rss>"""


class Site:
    """What the server answers, by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.base = ""

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Answer a path with a body; header names with _ for -."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer
        return self.base + path

    def serve_conditional(self, path: str, body: bytes, etag: str) -> str:
        """Answer 304 to who has the tag."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            same = handler.headers.get("If-None-Match") == etag
            handler.send_response(304 if same else 200)
            handler.send_header("ETag", etag)
            handler.send_header("Content-Length", "0" if same else str(len(body)))
            handler.end_headers()
            if not same:
                handler.wfile.write(body)

        self.answers[path] = answer
        return self.base + path

    def serve_drip(self, path: str, pause_s: float) -> str:
        """A byte now and then, for ever."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
            with suppress(OSError):
                for _ in range(200):
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                    time.sleep(pause_s)

        self.answers[path] = answer
        return self.base + path

    def serve_bomb(self, path: str, n_bytes: int) -> str:
        """A small gzip that becomes very large."""
        return self.serve(path, gzip.compress(bytes(n_bytes)), Content_Encoding="gzip")


@contextmanager
def running_site() -> Iterator[Site]:
    """A running server."""
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.requests.append((self.path, dict(self.headers)))
            answer = made.answers.get(self.path) or made.answers.get(self.path.partition("?")[0])
            if answer is None:
                self.send_error(404)
                return
            with suppress(OSError):
                answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
