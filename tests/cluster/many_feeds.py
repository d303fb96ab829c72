"""A server of very many small feeds, at every address of its host; as a process of its own.

    python -m tests.cluster.many_feeds PORT

`/feed/N` has one article of its own, made of the demo's; it honours validators.
"""

from __future__ import annotations

import sys
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from recommender.demo import demo_feeds

ITEM = """<?xml version="1.0"?><rss version="2.0"><channel><title>Feed {number}</title>
<link>https://feed-{number}.example/</link><item><title>{title}</title>
<link>https://feed-{number}.example/{number}</link><guid>{number}</guid>
<description>{text}</description></item></channel></rss>"""


@cache
def articles() -> list[tuple[str, str]]:
    """(title, text) of the demo's articles."""
    return [
        (one.title, one.text)
        for feed in demo_feeds()
        if feed.kind == "article"
        for one in feed.articles
    ]


def body(number: int) -> bytes:
    """A feed; no two have the same words in the same order, nor a story in common."""
    title, text = articles()[number % len(articles())]
    other, _ = articles()[(7 * number + 3) % len(articles())]
    sentences = text.split(". ")
    turned = sentences[number % len(sentences) :] + sentences[: number % len(sentences)]
    told = f"Number {number}. {'. '.join(turned)[:600]} {other}."
    return ITEM.format(
        number=number, title=escape(f"{title}, {number}"), text=escape(told)
    ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = body(int(self.path.rpartition("/")[2])) if "/feed/" in self.path else b""
        tag = f'"{len(found)}"'
        is_known = self.headers.get("If-None-Match") == tag
        self.send_response(304 if is_known else 200 if found else 404)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", "0" if is_known else str(len(found)))
        self.end_headers()
        if not is_known:
            self.wfile.write(found)

    def log_message(self, *_: object) -> None:
        """Nothing: two thousand lines help nobody."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    _Server(("0.0.0.0", int(sys.argv[1])), _Handler).serve_forever()
