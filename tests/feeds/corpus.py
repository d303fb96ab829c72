"""The corpus of feed documents and what their makers expect of a reader.

python -m tests.feeds.corpus            the share of expectations met, by origin
python -m tests.feeds.corpus gofeed     and every expectation of one origin that is not
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tarfile
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from recommender_feeds import ParsedFeed, ParseError, html_to_text, parse, plain_title
from recommender_feeds.dates import parse_date
from recommender_feeds.identity import without_tracking

from tests.conftest import need_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

Claim = tuple[str, object, object]
"""(what, as expected, as read)"""

REAL = (
    "fastfeedparser", "csharp-feedreader", "feedjira", "netnewswire", "rss-parser",
    "node-feedparser", "feedkit", "feedbin", "commafeed", "rust-rss",
)  # fmt: skip
"""Origins whose documents were captured from sites (a few are their authors' own)."""
ALL = (
    *REAL, "feedparser", "gofeed", "miniflux", "rome", "podcastparser", "feed-rs", "antennapod",
    "yarr", "lemon24-reader", "simplepie",
)  # fmt: skip


@cache
def _archive(origin: str) -> dict[str, bytes]:
    found = {}
    with tarfile.open(need_shared("corpus", f"{origin}.tar.gz")) as tar:
        for member in tar:
            handle = tar.extractfile(member) if member.isfile() else None
            if handle is not None:
                found[member.name] = handle.read()
    return found


def documents(origin: str, wanted: str = "") -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of an archive's files whose path holds `wanted`."""
    for name, body in _archive(origin).items():
        if wanted in name and not name.rsplit("/", 1)[-1].startswith("_"):
            yield name, body


_FEED_NAME = re.compile(
    r"\.(xml|rss|atom|rdf|json|feed|rss\d?|aspx|php|gz|deflate)$", re.IGNORECASE
)
_NO_FEED = re.compile(r"/(html|js|css)/|opml|subscriptions|\.serde\.json|/output/|package\.json")


def feed_documents(origin: str) -> Iterator[tuple[str, bytes]]:
    """The files of an archive that are feeds, going by their names."""
    names = set(_archive(origin))
    for name, body in documents(origin):
        is_live = "/benchmark_data/" in name
        answer = name.endswith(".json") and any(
            name[:-5] + suffix in names for suffix in (".xml", ".rss", ".atom")
        )
        if (is_live or _FEED_NAME.search(name)) and not answer and not _NO_FEED.search(name):
            yield name, body


@dataclass
class Report:
    """How many expectations of one origin were met."""

    met: int = 0
    misses: list[str] = field(default_factory=list)

    @property
    def n(self) -> int:
        return self.met + len(self.misses)

    @property
    def share(self) -> float:
        return self.met / self.n

    def add(self, name: str, claims: Iterable[Claim]) -> None:
        for what, wanted, got in claims:
            if wanted == got:
                self.met += 1
            else:
                self.misses.append(
                    f"{name} {what}: want {str(wanted)[:90]!r} got {str(got)[:90]!r}"
                )


def read(body: bytes, name: str, content_type: str | None = None) -> ParsedFeed | None:
    try:
        return parse(body, f"http://example.org/{name.rsplit('/', 1)[-1]}", content_type)
    except ParseError:
        return None


def _line(text: object) -> str:
    return plain_title(str(text or ""))


def _url(text: object) -> str:
    # Parameters that track are taken off by design.
    return without_tracking(str(text or "").strip()).rstrip("/")


def _moment(text: object) -> datetime | None:
    found = parse_date(str(text or ""))
    return found.replace(microsecond=0) if found else None


def _entries(
    found: list[dict[str, Any]], feed: ParsedFeed | None, about: Callable[[dict[str, Any]], Any]
) -> Iterator[Claim]:
    """Claims over each entry; `about` gives (title, link, id, date), None where it says nothing."""
    entries = feed.entries if feed else ()
    yield "entries", len(found), feed.n_entries_found if feed else 0
    for at, (wanted, entry) in enumerate(zip(found, entries, strict=False)):
        title, link, key, date = about(wanted)
        if title and "\ufffd" not in title:  # where the other reader lost the encoding
            yield f"title {at}", _line(title), entry.title
        # Where a feed says so (feedburner:origLink), we take the page itself.
        if link and str(link).startswith("http") and "/~" not in str(link):
            yield f"link {at}", _url(link), _url(entry.url)
        if key:
            yield f"id {at}", " ".join(str(key).split()), entry.id
        if date is not None and _moment(date):
            got = entry.published_at.replace(microsecond=0) if entry.published_at else None
            yield f"date {at}", _moment(date), got


def gofeed() -> Report:
    report = Report()
    files = _archive("gofeed")
    for name, body in documents("gofeed", "testdata/translator"):
        if not name.endswith(".xml") or name[:-4] + ".json" not in files:
            continue
        wanted = json.loads(files[name[:-4] + ".json"])
        feed = read(body, name)
        if wanted.get("title"):
            report.add(name, [("feed title", _line(wanted["title"]), feed.title if feed else None)])
        report.add(
            name,
            _entries(
                wanted.get("items") or [],
                feed,
                lambda i: (
                    i.get("title"),
                    i.get("link"),
                    i.get("guid"),
                    i.get("publishedParsed") or i.get("updatedParsed"),
                ),
            ),
        )
    for name, body in documents("gofeed", "testdata/parser/rss"):
        if not name.endswith(".xml") or name[:-4] + ".json" not in files:
            continue
        wanted = json.loads(files[name[:-4] + ".json"])
        report.add(
            name,
            _entries(
                wanted.get("items") or [],
                read(body, name),
                lambda i: (
                    i.get("title"),
                    i.get("link"),
                    (i.get("guid") or {}).get("value"),
                    i.get("pubDateParsed"),
                ),
            ),
        )
    return report


def podcastparser() -> Report:
    report = Report()
    files = _archive("podcastparser")
    for name, body in documents("podcastparser"):
        if not name.endswith(".rss") or name[:-4] + ".json" not in files:
            continue
        feed = read(body, name)
        wanted = json.loads(files[name[:-4] + ".json"])
        if f"<title>{wanted.get('title')}<" in body.decode("utf-8", "replace"):
            report.add(name, [("feed title", _line(wanted["title"]), feed.title if feed else None)])
        # It makes up titles and addresses from file names; what the document says counts.
        text = body.decode("utf-8", "replace")
        titles = {_line(e["title"]) for e in wanted.get("episodes", []) if e["title"] in text}
        ours = {entry.title for entry in feed.entries} if feed else set()
        report.add(name, [("title", title, title if title in ours else None) for title in titles])
        links = {
            _url(e["link"])
            for e in wanted.get("episodes", [])
            if e.get("link", "").startswith("http") and e["link"] in text
        }
        urls = {_url(entry.url) for entry in feed.entries} if feed else set()
        report.add(name, [("link", link, link if link in urls else None) for link in links])
    return report


def feed_rs() -> Report:
    report = Report()
    files = _archive("feed-rs")
    for name, body in documents("feed-rs", "fixture"):
        stem = name.rsplit(".", 1)[0]
        if name.endswith(".serde.json") or stem + ".serde.json" not in files:
            continue
        wanted = json.loads(files[stem + ".serde.json"])
        report.add(
            name,
            _entries(
                wanted["entries"],
                read(body, name),
                lambda i: (
                    (i.get("title") or {}).get("content"),
                    next(
                        (li["href"] for li in i["links"] if li["rel"] in {None, "alternate"}), None
                    ),
                    None,
                    i.get("published") or i.get("updated"),
                ),
            ),
        )
    return report


def rss_parser() -> Report:
    report = Report()
    files = _archive("rss-parser")
    for name, body in documents("rss-parser", "test/input"):
        stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        answer = next((n for n in files if n.endswith(f"/output/{stem}.json")), None)
        if answer is None:
            continue
        wanted = json.loads(files[answer].decode("utf-8", "replace"))
        report.add(
            name,
            _entries(
                wanted.get("feed", wanted).get("items", []),
                read(body, name),
                lambda i: (
                    i.get("title"),
                    i.get("link") if isinstance(i.get("link"), str) else None,
                    i.get("guid") if isinstance(i.get("guid"), str) else None,
                    i.get("isoDate"),
                ),
            ),
        )
    return report


_HEADER = re.compile(rb"Expect:\s*(?:not bozo and |bozo and )?(.+)")
_CLAIM = re.compile(
    r"^(?P<path>(?:feed|entries\[\d\])(?:\[(?:'\w+'|\d)\]|\.\w+)+)\s*==\s*u?(?P<value>['\"(].*)$"
)
_TYPE = re.compile(rb"Header:\s*Content-type:\s*(.+)", re.IGNORECASE)


def feedparser() -> Report:
    report = Report()
    for name, body in documents("feedparser", "/tests/"):
        head = body[:2000]
        if b"\x00" in head[:40]:
            head = body[:4000].replace(b"\x00", b"")  # UTF-16 and UTF-32
        header = _HEADER.search(head)
        claim = _CLAIM.match(header.group(1).decode("utf-8", "replace").strip()) if header else None
        if claim is None:
            continue
        try:
            value = ast.literal_eval(claim["value"])
        except (ValueError, SyntaxError):
            continue
        kind = _TYPE.search(head)
        feed = read(body, name, kind.group(1).decode().strip() if kind else None)
        steps = re.findall(r"\w+", claim["path"])
        if (made := _feedparser_claim(steps, value, feed)) is not None:
            report.add(name, [made])
    return report


_BODY = {"description", "summary", "content"}


def _feedparser_claim(steps: list[str], value: Any, feed: ParsedFeed | None) -> Claim | None:
    what = "/".join(steps)
    if steps[0] == "feed":
        field_name = {"title": "title", "link": "site_url", "language": "language"}.get(
            "/".join(s for s in steps[1:] if s not in {"title_detail", "value"}) or "title"
        )
        if field_name is None or ("title_detail" in steps and steps[-1] != "value"):
            return None
        got = getattr(feed, field_name) if feed else None
        return what, _line(value) or None, got or None
    entry = feed.entries[int(steps[1])] if feed and len(feed.entries) > int(steps[1]) else None
    last = steps[2:]
    if last in (["title"], ["title_detail", "value"]):
        title = entry.title if entry else None
        as_it_is = entry is not None and entry.title == " ".join(value.split())
        return what, value if as_it_is else _line(value), value if as_it_is else title
    if last[0] in _BODY and (len(last) == 1 or last[-1] == "value"):
        wanted = html_to_text(str(value))
        return what, wanted, wanted if entry and wanted in entry.text else entry and entry.text
    if last == ["link"] and str(value).startswith("http"):
        return what, _url(value), _url(entry.url) if entry else None
    if last in (["id"], ["guid"]):
        return what, value, entry.id if entry else None
    if last in (["author"], ["author_detail", "name"]):
        name = re.sub(r"\s*\(\S+@\S+\)$", "", str(value))
        return what, name or None, entry.author if entry else None
    if len(last) == 3 and last[0] == "tags" and last[2] == "term":
        return what, True, bool(entry and value in entry.tags)
    if len(last) > 1 and last[-1] == "language":
        return what, value, entry.language if entry else None
    if last in (["published"], ["created"]):
        return what, _moment(value), entry.published_at if entry else None
    if last[-1] == "published_parsed" and isinstance(value, tuple):
        got = entry.published_at.timetuple()[:6] if entry and entry.published_at else None
        return what, value[:6], got
    return None


ORIGINS: dict[str, Callable[[], Report]] = {
    "feedparser": feedparser,
    "gofeed": gofeed,
    "feed-rs": feed_rs,
    "podcastparser": podcastparser,
    "rss-parser": rss_parser,
}


def main(chosen: list[str]) -> None:
    for name, make in ORIGINS.items():
        if chosen and name not in chosen:
            continue
        report = make()
        print(f"{name}: {report.met} of {report.n} met ({report.share:.1%})")
        for miss in report.misses if chosen else ():
            print(f"  {miss}")


if __name__ == "__main__":
    main(sys.argv[1:])
