"""When two entries are the same one: canonical URLs, content hashes, keys. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit, urlunsplit

if TYPE_CHECKING:
    from recommender_feeds.types import Entry, ParsedFeed

# Parameters that say who sent the reader, not what is read.
_TRACKING = re.compile(
    r"(utm_?\w+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|gad_\w+|msclkid|yclid|ysclid|twclid|"
    r"ttclid|li_fat_id|igsh|igshid|mc_[ce]id|mkt_tok|_hs(enc|mi)|__hs\w+|hsctatracking|vero_\w+|"
    r"oly_\w+_id|ref_src|ref_url|cmpid|ns_\w+|pk_\w+|mtm_\w+|piwik_\w+|"
    r"matomo_\w+|ftag|spm|scm|at_(medium|campaign|custom\d|link_\w+)|guccounter|guce_\w+|"
    r"s_cid|sc_(campaign|channel|content|medium|outcome|geo|country)|wt_?mc|wt_zmc|xtor|"
    r"trk|trkcampaign|_openstat|rb_clickid|wickedid|epik|sms_(click|source|uph)|"
    r"dm_i|elqtrack\w*|elq|__twitter_impression|srsltid|_branch_\w+|"
    r"mbid|ncid|nr_email_referer|sr_share|smid|smtyp|taid|tpcc)",
    re.IGNORECASE,
)
MIN_CONTENT_CHARACTERS = 60
_DEFAULT_PORTS = {"http": 80, "https": 443}
_WORD = re.compile(r"\w+")
_SAFE = ":@!$'()*+,;-._~"


_ROUTES = ("/", "!")


def canonical_url(url: str) -> str:
    """One spelling for the addresses of one page; idempotent.

    http becomes https, the host is folded and loses "www.", default ports, fragments, tracking
    parameters and a trailing slash go, percent-escapes are spelt one way. A fragment that names
    another page, as on sites that route behind "#/" or "#!", stays. What can't be read as an
    address is returned as it came.
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
    fragment = parts.fragment if parts.fragment.startswith(_ROUTES) else ""
    return urlunsplit(("https", name, path, _query(parts.query), fragment))


def _escape(path: str) -> str:
    # Piece by piece, so that an escaped slash stays escaped.
    return "/".join(_respell(piece, _SAFE) for piece in path.split("/"))


def _respell(text: str, safe: str) -> str:
    """One spelling for the same bytes, however they were escaped."""
    return quote(unquote_to_bytes(text), safe)


def _query(query: str) -> str:
    kept = []
    for part in filter(None, _untracked(query)):
        name, equals, value = part.partition("=")
        kept.append(f"{_respell(name, _SAFE)}{equals}{_respell(value, _SAFE)}")
    return "&".join(kept)


def _untracked(query: str) -> list[str]:
    """The parts of a query that say what is read."""
    parts = query.split("&")
    return [part for part in parts if not _TRACKING.fullmatch(unquote(part.partition("=")[0]))]


def without_tracking(url: str) -> str:
    """An address as it was, but for the parameters that say who sent the reader; idempotent.

    Only http(s) addresses; a fragment made of such parameters goes, too.
    """
    if "?" not in url and "#" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme.lower() not in _DEFAULT_PORTS:
        return url
    query = "&".join(_untracked(parts.query))
    fragment = parts.fragment if _untracked(parts.fragment) else ""
    if (query, fragment) == (parts.query, parts.fragment):
        return url
    return urlunsplit(parts._replace(query=query, fragment=fragment))


def content_hash(title: str, text: str) -> str:
    """SHA-256 over the words of title and text; blind to case, punctuation and white space."""
    words = " ".join(_WORD.findall(f"{title} {text}".casefold()))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class EntryNames:
    """By what an entry can be known again."""

    key: str
    """The best of them: its address, else the feed's id for it, else its content."""
    aliases: tuple[str, ...]
    """All, in the order in which they are to be believed: id, address, content, title and time."""


def entry_names(feed: ParsedFeed, feed_url: str) -> tuple[EntryNames, ...]:
    """The names of each entry of a feed, in order.

    What another entry of the document has too is no name: so a feed that gives 131 entries
    9 links neither collapses nor doubles. The site's front page is nobody's address. An id that
    is an address, a tag or a URN is the same everywhere, any other belongs to the feed. Content
    is title, text and day.
    """
    front = {canonical_url(feed.site_url or feed_url), canonical_url(feed_url)}
    urls = Counter(canonical_url(entry.url) for entry in feed.entries if entry.url)
    ids = Counter(_id_key(entry.id, feed_url) for entry in feed.entries if entry.id)
    told = Counter(_told_key(entry) for entry in feed.entries)
    found = []
    for entry in feed.entries:
        url = canonical_url(entry.url) if entry.url else ""
        usable_url = url if url and urls[url] == 1 and url not in front else ""
        key_of_id = _id_key(entry.id, feed_url) if entry.id else ""
        usable_id = key_of_id if key_of_id and ids[key_of_id] == 1 else ""
        content = _content_key(entry)
        key = usable_url or usable_id or content
        # A few words may come again and mean something else; more are a fingerprint.
        is_telling = len(entry.title) + len(entry.text) >= MIN_CONTENT_CHARACTERS
        told_key = _told_key(entry)
        names = (
            usable_id,
            usable_url,
            content if is_telling or key == content else "",
            told_key if told[told_key] == 1 else "",
        )
        found.append(EntryNames(key, tuple(name for name in names if name)))
    return tuple(found)


def entry_keys(feed: ParsedFeed, feed_url: str) -> tuple[str, ...]:
    """The best name of each entry, in order: equal key, equal entry."""
    return tuple(names.key for names in entry_names(feed, feed_url))


def _id_key(id: str, feed_url: str) -> str:
    if id.startswith(("http://", "https://")):
        return f"id:{canonical_url(id)}"
    if id.startswith(("tag:", "urn:")):
        return f"id:{id}"
    return f"id:{canonical_url(feed_url)}#{id}"


def _told_key(entry: Entry) -> str:
    """Title and minute: what stays when a site moves to another host and another program."""
    at = entry.published_at
    if not entry.title or at is None or (at.hour, at.minute, at.second) == (0, 0, 0):
        return ""  # a date without a time: several may come in a day
    return f"told:{content_hash(entry.title, f'{at:%Y-%m-%dT%H:%M}')}"


def _content_key(entry: Entry) -> str:
    day = entry.published_at.date().isoformat() if entry.published_at else ""
    return f"content:{content_hash(entry.title, f'{entry.text} {day}')}"
