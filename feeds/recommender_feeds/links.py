"""Links as feeds write them, made absolute. Pure."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from recommender_feeds.identity import without_tracking

_NEVER_IN_AN_ADDRESS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_BARE_HOST = re.compile(r"www\.[\w-]+(\.[\w-]+)+(/|$)", re.IGNORECASE)


def absolute(base: str, link: str) -> str | None:
    """An absolute http(s) address without tracking parameters, or None.

    Spaces are escaped, line breaks within are dropped (as browsers do), and
    "example.org/page", which its author meant as an address, is one.
    """
    text = _NEVER_IN_AN_ADDRESS.sub("", link).strip().replace(" ", "%20")
    if not text:
        return None
    try:
        host = urlsplit(base).netloc
        if (host and text.startswith((f"{host}/", f"www.{host}/"))) or _BARE_HOST.match(text):
            text = f"//{text}"
        url = urljoin(base, text)
        is_web = urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).hostname)
    except ValueError:
        return None
    return without_tracking(url) if is_web else None
