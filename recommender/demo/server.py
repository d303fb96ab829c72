"""Serves the demo's feeds on loopback, with ETags, as any site would."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from recommender.demo import demo_feeds
from recommender.demo.rendering import CONTENT_TYPES, render_feed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

DEMO_PORT = 8766
"""Usual port; feed addresses stay the same between runs, so a second pull is unchanged."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bodies: Mapping[str, tuple[str, bytes]] = {}

    def do_GET(self) -> None:
        found = self.bodies.get(self.path)
        if found is None:
            self._reply(404, "text/plain", b"no such feed", "")
            return
        content_type, body = found
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            self._reply(304, "", b"", etag)
        else:
            self._reply(200, content_type, body, etag)

    def _reply(self, status: int, content_type: str, body: bytes, etag: str) -> None:
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal for the user."""


@contextmanager
def serve_demo(now: datetime, port: int = DEMO_PORT) -> Iterator[str]:
    """Serve the feeds in a thread; yields the base URL. Takes another port if this one is taken."""
    handler = type(
        "DemoHandler",
        (_Handler,),
        {
            "bodies": {
                f"/{feed.name}": (CONTENT_TYPES[feed.format], render_feed(feed, now))
                for feed in demo_feeds()
            }
        },
    )
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, name="demo-feeds", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
