"""The feeds of a site: those its page names, and where well-known sites and programs keep them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from recommender_feeds.text import plain_title

FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "application/xml",
        "text/xml",
    }
)
MAX_FOUND = 50
USUAL_PATHS = ("feed", "rss", "feed.xml", "atom.xml", "rss.xml", "index.xml", "feed.json")
"""Where blogs keep a feed that their pages do not name."""


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that a page names or a site is known to have."""

    url: str
    title: str


class _Links(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.found: dict[str, FoundFeed] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "base" and values.get("href"):
            self.base = urljoin(self.base, values["href"])
        relations = values.get("rel", "").casefold().split()
        if tag not in {"link", "a"} or not {"alternate", "feed"} & set(relations):
            return
        kind = values.get("type", "").split(";")[0].strip().casefold()
        is_feed = kind in FEED_TYPES or "feed" in relations
        if is_feed and "wp-json" not in values.get("href", "") and len(self.found) < MAX_FOUND:
            self._note(values)

    def _note(self, values: dict[str, str]) -> None:
        href = values.get("href", "").strip()
        url = urljoin(self.base, re.sub(r"^feed:(//)?(?=https?:)", "", href))
        if href and url.startswith(("http://", "https://")):
            self.found.setdefault(url, FoundFeed(url, plain_title(values.get("title", ""))))


def find_feeds(body: bytes, url: str) -> tuple[FoundFeed, ...]:
    """The feeds named by `<link rel="alternate">` or rel="feed", absolute, each once, in order."""
    reader = _Links(url)
    try:
        reader.feed(body[:1_000_000].decode("utf-8", "replace"))
    except ValueError:
        return tuple(reader.found.values())
    return tuple(reader.found.values())


_RULES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    # host, path, ((feed, title) …)
    (
        r"(www\.|m\.)?youtube\.com",
        r"/channel/(?P<id>[\w-]+).*",
        (("https://www.youtube.com/feeds/videos.xml?channel_id={id}", "Videos"),),
    ),
    (
        r"(www\.|m\.)?youtube\.com",
        r"/user/(?P<id>[\w-]+).*",
        (("https://www.youtube.com/feeds/videos.xml?user={id}", "Videos"),),
    ),
    (
        r"(www\.)?github\.com",
        r"/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(\.git)?(/.*)?",
        (
            ("https://github.com/{owner}/{name}/releases.atom", "Releases of {name}"),
            ("https://github.com/{owner}/{name}/tags.atom", "Tags of {name}"),
            ("https://github.com/{owner}/{name}/commits.atom", "Commits to {name}"),
        ),
    ),
    (
        r"(www\.)?github\.com",
        r"/(?P<owner>[\w-]+)/?",
        (("https://github.com/{owner}.atom", "What {owner} does"),),
    ),
    (
        r"((www|old|new)\.)?reddit\.com",
        r"/(?P<kind>r|u|user)/(?P<name>[\w-]+)(/.*)?",
        (("https://www.reddit.com/{kind}/{name}/.rss", "{kind}/{name}"),),
    ),
    (
        r"(?P<name>[\w-]+)\.substack\.com",
        r"/.*",
        (("https://{name}.substack.com/feed", "{name}"),),
    ),
    (
        r"(www\.)?substack\.com",
        r"/@(?P<name>[\w-]+).*",
        (("https://{name}.substack.com/feed", "{name}"),),
    ),
    (
        r"medium\.com",
        r"/(?P<name>@?[\w.-]+)(/.*)?",
        (("https://medium.com/feed/{name}", "{name}"),),
    ),
)
_MASTODON = re.compile(r"/@[\w.]+/?")


def known_addresses(url: str) -> tuple[FoundFeed, ...]:
    """Where well-known sites keep the feed of a page: no request needed to know it.

    YouTube channels, GitHub repositories and people, subreddits, Substacks, Medium, and the
    profile pages of Mastodon on whatever host. Empty for all others.
    """
    parts = urlsplit(url)
    host = parts.netloc.casefold()
    for host_rule, path_rule, feeds in _RULES:
        on_host = re.fullmatch(host_rule, host)
        at_path = re.fullmatch(path_rule, parts.path or "/")
        if on_host and at_path:
            words = {**on_host.groupdict(), **at_path.groupdict()}
            return tuple(
                FoundFeed(feed.format_map(words), title.format_map(words)) for feed, title in feeds
            )
    if _MASTODON.fullmatch(parts.path) and "medium" not in host and "youtube" not in host:
        profile = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return (FoundFeed(f"{profile}.rss", parts.path.strip("/")),)
    return ()


def usual_addresses(url: str) -> tuple[str, ...]:
    """Where the feed of a site may lie if its page names none: beside the page, and at the top."""
    parts = urlsplit(url)
    top = f"{parts.scheme}://{parts.netloc}/"
    folder = urljoin(url, ".") if parts.path.strip("/") else top
    homes = [folder, top] if folder != top else [top]
    return tuple(dict.fromkeys(home + path for home in homes for path in USUAL_PATHS))
