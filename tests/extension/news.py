"""A newspaper on a host of its own, for which the extension has no permission of any kind."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from threading import Event

    from tests.site import Site

HOST = "news.test"
LONGEST_HOLD_S = 60.0

HARBOUR = (
    "The harbour was quiet when we cast off. An old wooden sloop teaches patience: she sails only "
    "when the wind is kind, and the wind that week was kind every morning before nine. We sailed "
    "close-hauled along the coast and reefed the mainsail before noon."
)
DIARY = (
    "Captain Lund has kept a weather diary since 1961, three lines a day in pencil. Read together "
    "they are a history of storms: the gale of 1976, the summer without wind, the winter the "
    "harbour froze."
)
STARTER = (
    "A sourdough starter is flour, water and patience. Feed it every morning, keep it warm, and "
    "bake when it doubles."
)
BYLAWS = (
    "The committee shall convene on the second Tuesday to ratify the amended bylaws regarding "
    "parking permits in zones C and D, and shall publish its minutes within fourteen days of the "
    "date on which they were approved by a majority of those present and entitled to vote."
)
ADVERT, FOOTER, HIDDEN, SCRIPT = "Subscribe-now-advert", "Imprint-of-us", "Unseen-words", "Tracker"


class News:
    """The newspaper; every page is served from a path of its own."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.site_base = site.base
        self.host = f"{HOST}:{urlsplit(site.base).port}"
        self.origin = f"http://{self.host}"
        self.serve("/favicon.ico", b"", "image/x-icon")

    def serve(self, path: str, body: bytes, kind: str = "text/html; charset=utf-8") -> str:
        """Serve anything; its address."""
        self._site.serve(path, body, Content_Type=kind)
        return self.origin + path

    def serve_slowly(self, path: str, first: str, rest: str, go_on: Event) -> str:
        """Serve the first part of a page, and the rest when it may; its address."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.close_connection = True
            handler.send_response(200)
            handler.send_header("Content-Type", "text/html; charset=utf-8")
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write(first.encode())
            handler.wfile.flush()
            go_on.wait(LONGEST_HOLD_S)
            handler.wfile.write(rest.encode())

        self._site.answers[path] = answer
        return self.origin + path

    def article(self, title: str, *paragraphs: str, path: str = "") -> str:
        """Serve an article among what surrounds articles; its address."""
        blocks = "\n".join(f"<p>{escape(one)}</p>" for one in paragraphs)
        page = (
            f'<!doctype html><html lang="en"><head><title>{escape(title)}</title>'
            f"<script>window.{SCRIPT} = 1</script></head><body>"
            f"<nav><ul><li><a href='/'>{ADVERT}</a></li></ul></nav>"
            f"<main><article><h1>{escape(title)}</h1>{blocks}"
            f"<p style='display:none'>{HIDDEN}</p></article></main>"
            f"<footer><p>{FOOTER}</p></footer></body></html>"
        )
        return self.serve(path or f"/{abs(hash((title, paragraphs)))}", page.encode())

    def sailing(self) -> str:
        """What Joe of the demo would enjoy."""
        return self.article("Three weeks under sail", HARBOUR, DIARY, path="/sailing")

    def mixed(self) -> str:
        """What Joe would enjoy, and a paragraph that is more for Maren."""
        return self.article("Notes from the week", HARBOUR, DIARY, STARTER, path="/mixed")

    def bylaws(self) -> str:
        """What nobody of the demo would enjoy."""
        return self.article("Amended bylaws", BYLAWS, BYLAWS, path="/bylaws")
