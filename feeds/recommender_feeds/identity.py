"""When two entries are the same one: canonical URLs, content hashes, keys. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit, urlunsplit

if TYPE_CHECKING:
    from recommender_feeds.types import Entry, ParsedFeed

_TRACKING = re.compile(
    r"(utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_[ce]id|mkt_tok|"
    r"_hs(enc|mi)|vero_id|oly_\w+_id|ref_src|ref_url|cmpid|ns_\w+|pk_\w+|mtm_\w+|ftag|spm|"
    r"at_(medium|campaign)|guccounter|guce_\w+)",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_WORD = re.compile(r"\w+")
_SAFE = ":@!$'()*+,;-._~"


def canonical_url(url: str) -> str:
    """One spelling for the addresses of one page; idempotent.

    http becomes https, the host is folded and loses "www.", default ports, fragments, tracking
    parameters and a trailing slash go, percent-escapes are spelt one way. What can't be read
    as an address is returned as it came.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if parts.scheme.lower() not in _DEFAULT_PORTS or not host:
        return url
    name = host.removeprefix("www.") or host
    if ":" in name:
        name = f"[{name}]"
    if port and port != _DEFAULT_PORTS[parts.scheme.lower()]:
        name = f"{name}:{port}"
    path = _escape(parts.path).rstrip("/")
    return urlunsplit(("https", name, path, _query(parts.query), ""))


def _escape(path: str) -> str:
    # Piece by piece, so that an escaped slash stays escaped.
    return "/".join(_respell(piece, _SAFE) for piece in path.split("/"))


def _respell(text: str, safe: str) -> str:
    """One spelling for the same bytes, however they were escaped."""
    return quote(unquote_to_bytes(text), safe)


def _query(query: str) -> str:
    kept = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if part and not _TRACKING.fullmatch(unquote(name)):
            kept.append(f"{_respell(name, _SAFE)}{equals}{_respell(value, _SAFE)}")
    return "&".join(kept)


def content_hash(title: str, text: str) -> str:
    """SHA-256 over the words of title and text; blind to case, punctuation and white space."""
    words = " ".join(_WORD.findall(f"{title} {text}".casefold()))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def entry_keys(feed: ParsedFeed, feed_url: str) -> tuple[str, ...]:
    """A key for each entry of a feed, in order: equal key, equal entry.

    The canonical URL if no other entry of the feed has it; else the feed's own id likewise; else
    the content. So a feed that gives 131 entries 9 links neither collapses nor doubles.
    """
    urls = Counter(canonical_url(entry.url) for entry in feed.entries if entry.url)
    ids = Counter(entry.id for entry in feed.entries if entry.id)
    return tuple(_key(entry, feed_url, urls, ids) for entry in feed.entries)


def _key(entry: Entry, feed_url: str, urls: Counter[str], ids: Counter[str]) -> str:
    if entry.url and urls[canonical_url(entry.url)] == 1:
        return canonical_url(entry.url)
    if entry.id and ids[entry.id] == 1:
        return f"{canonical_url(feed_url)}#{entry.id}"
    return f"content:{content_hash(entry.title, entry.text)}"
