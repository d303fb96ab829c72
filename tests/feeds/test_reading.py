"""Documents, markup, identity, OPML, pages."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommender_feeds import (
    ParseError,
    Subscription,
    canonical_url,
    clean_html,
    content_hash,
    entry_keys,
    find_feeds,
    hints_at_paywall,
    html_to_text,
    is_due,
    language_of,
    next_check_at,
    parse,
    parse_opml,
    plain_title,
    read_page,
    reading_minutes,
    write_opml,
)
from recommender_feeds.dates import parse_date

from tests.site import RSS

URL = "https://site.example/feed"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def json_feed(**item: object) -> bytes:
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [item]}
    ).encode()


def test_json_feed_with_any_content_type() -> None:
    body = json_feed(
        id=7,
        url="/a",
        title="<b>T</b>",
        content_html="<p>x<script>1</script></p>",
        date_published="2026-03-01T10:00:00+02:00",
        authors=[{"name": "A"}, {"name": "B"}],
        tags=["t"],
    )
    feed = parse(body, URL, "text/plain")
    (entry,) = feed.entries
    assert feed.reader == "jsonfeed"
    assert (entry.id, entry.url, entry.title, entry.text) == (
        "7",
        "https://site.example/a",
        "T",
        "x",
    )
    assert entry.published_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert (entry.author, entry.tags) == ("A, B", ("t",))


@pytest.mark.parametrize("body", [b"{}", b'{"items": 3}', b"{broken", b'{"items": [1, null, "x"]}'])
def test_odd_json(body: bytes) -> None:
    try:
        assert parse(body, URL).entries == ()
    except ParseError as error:
        assert URL in str(error)


def test_gzip_without_a_header() -> None:
    assert parse(gzip.compress(RSS), URL).title == "Sea & sky"
    with pytest.raises(ParseError, match="damaged gzip"):
        parse(b"\x1f\x8bbroken", URL)
    with pytest.raises(ParseError, match="larger than 10 MB"):
        parse(gzip.compress(bytes(11 * 2**20)), URL)


def test_a_valid_feed_may_be_empty() -> None:
    assert parse(b"<rss version='2.0'><channel><title>E</title></channel></rss>", URL).entries == ()


def test_no_date_is_none_and_no_title_is_a_label() -> None:
    body = RSS.replace(b"<title>One</title>", b"").replace(b"Mon, 02 Mar 2026 08:00:00 GMT", b"x")
    (entry,) = parse(body, URL).entries
    assert entry.published_at is None
    assert entry.title == "The wind."


def test_only_the_newest_500_are_kept() -> None:
    items = "".join(
        f"<item><title>{n}</title><guid>{n}</guid>"
        f"<pubDate>{(NOW - timedelta(days=n)).strftime('%a, %d %b %Y %T GMT')}</pubDate></item>"
        for n in range(600, 0, -1)
    )
    feed = parse(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), URL)
    assert (len(feed.entries), feed.n_entries_found) == (500, 600)
    assert {entry.title for entry in feed.entries} == {str(n) for n in range(1, 501)}


def test_markup_is_cleaned() -> None:
    dirty = (
        "<p onclick='x()'>a <a href='/b'>b</a><a href='javascript:x'>c</a>"
        "<img src='i.png'><iframe src='x'></iframe><style>p{}</style>"
    )
    clean = clean_html(dirty, "https://site.example/d/")
    for bad in ("onclick", "javascript", "iframe", "style", "p{}"):
        assert bad not in clean
    assert "https://site.example/b" in clean
    assert "https://site.example/d/i.png" in clean


def test_text_does_not_glue_words() -> None:
    text = html_to_text(
        "<div>a<p>b</p>c<br>d</div><table><tr><td>e</td><td>f</td></tr></table>&amp;<b>g</b>h"
    )
    assert text.split() == ["a", "b", "c", "d", "e", "f", "&gh"]


def test_deep_nesting_is_read_in_time() -> None:
    assert html_to_text("<div>" * 50_000 + "x") == "x"


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("A &amp;amp; B", "A & B"),
        ("<b>Bold</b> move", "Bold move"),
        ("&lt;i&gt;x&lt;/i&gt; y", "x y"),
        ("a < b", "a < b"),
        ("tab\there\n", "tab here"),
    ],
)
def test_titles_are_plain(raw: str, title: str) -> None:
    assert plain_title(raw) == title


@given(st.text(max_size=300))
def test_clean_text_has_no_markup(text: str) -> None:
    clean = html_to_text(clean_html(f"<p>{text}</p><b>x</b>", URL))
    assert "<b>" not in clean or "&lt;b" in text or "<b>" in text
    assert "<script" not in clean_html(text, URL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://www.Example.com:80/a/?utm_source=x&b=1#f", "https://example.com/a?b=1"),
        ("https://example.com/%7Ejoe", "https://example.com/~joe"),
        ("https://example.com", "http://example.com/?fbclid=z"),
        ("https://example.com/app#/post/1", "http://www.example.com/app/#/post/1"),
    ],
)
def test_one_page_has_one_address(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other)


def test_different_pages_stay_different() -> None:
    pages = ["https://e.com/a", "https://e.com/A", "https://e.com/a?p=1", "https://e.com/a%2Fb"]
    pages += ["https://e.com/a#/post/1", "https://e.com/a#/post/2", "https://e.com/a#!post"]
    assert len({canonical_url(page) for page in pages}) == len(pages)


urls = st.builds(
    lambda s, h, p, q, f: f"{s}://{h}/{p}?{q}#{f}",
    st.sampled_from(["http", "HTTPS"]),
    st.sampled_from(["Example.com", "www.a.b:8080", "xn--e-fa.fr"]),
    st.text(max_size=30),
    st.text(max_size=30),
    st.sampled_from(["", "/", "!"]).flatmap(lambda f: st.text(max_size=9).map(lambda t: f + t)),
)


@given(urls | st.text(max_size=60))
def test_canonical_is_idempotent(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once


def test_content_hash_sees_words_only() -> None:
    assert content_hash("A b", "C.  d!") == content_hash("a B", "c d")
    assert content_hash("a", "b") != content_hash("a", "c")


def test_repeated_links_and_ids_neither_collapse_nor_double() -> None:
    items = "".join(
        f"<item><title>T{n}</title><link>https://e.com/{n % 3}</link><guid>g</guid></item>"
        for n in range(12)
    )
    feed = parse(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), URL)
    keys = entry_keys(feed, URL)
    assert len(set(keys)) == 12
    assert entry_keys(feed, URL) == keys


@given(st.integers(0, 40), st.floats(0, 1), st.none() | st.floats(0, 1e6), st.floats(1, 1e6))
def test_the_next_check_is_never_in_the_past(
    failures: int, jitter: float, retry_after_s: float | None, interval_s: float
) -> None:
    at = next_check_at(
        NOW,
        interval_s=interval_s,
        failures=failures,
        retry_after_s=retry_after_s,
        jitter=jitter,
    )
    assert at >= NOW + timedelta(seconds=(retry_after_s or 0) - 0.001)
    assert is_due(at, at)
    assert is_due(None, NOW)


names = st.text(min_size=1, max_size=20).map(plain_title).filter(bool)
subscriptions = st.lists(
    st.builds(
        Subscription,
        url=st.integers(0, 10**6).map(lambda n: f"https://e.com/{n}?a=1&b={n}"),
        title=names,
        folders=st.lists(names, max_size=2).map(tuple),
    ),
    max_size=8,
    unique_by=lambda s: s.url,
)


@given(subscriptions)
def test_opml_round_trip(listed: list[Subscription]) -> None:
    again = parse_opml(write_opml(listed, "T"))
    assert sorted(again, key=lambda s: s.url) == sorted(listed, key=lambda s: s.url)


def test_opml_is_read_safely() -> None:
    nasty = b"""<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
    <opml><body><outline text="&x;" xmlUrl="https://e.com/f"/></body></opml>"""
    (one,) = parse_opml(nasty)
    assert "root" not in one.title
    with pytest.raises(ParseError, match="no OPML"):
        parse_opml(b"<html><body>hello</body></html>")
    with pytest.raises(ParseError, match="no OPML"):
        parse_opml(b"")


def test_feeds_of_a_page() -> None:
    page = b"""<head><base href="https://e.com/blog/"><link rel="alternate stylesheet" href=x>
    <link rel=alternate type="application/rss+xml" href="feed" title="A &amp; B">
    <link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" href="/atom"></head>"""
    found = find_feeds(page, "https://e.com/")
    assert [(f.url, f.title) for f in found] == [
        ("https://e.com/blog/feed", "A & B"),
        ("https://e.com/atom", ""),
    ]


def test_pages_and_plain_text() -> None:
    body = "<p>" + "The lighthouse keeper wrote down the wind four times a day. " * 12 + "</p>"
    html = f"<html><head><title>Keepers</title></head><body><nav>Menu</nav><article>{body}"
    page = read_page(html.encode(), "https://e.com/p")
    assert page.title == "Keepers"
    assert "lighthouse keeper" in page.text
    plain = read_page(b"First line\n\nThe rest.", "")
    assert (plain.title, plain.text) == ("First line", "First line\n\nThe rest.")
    for empty in (b"", b"  \n", b"\x00\x01binary"):
        with pytest.raises(ParseError):
            read_page(empty, "https://e.com/")


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, recommender_feeds; "
        "print([m for m in ('feedparser','httpx','lxml','trafilatura','nh3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_feedparser_finds_nothing_in_is_saved() -> None:
    body = b"""<!-- note --><?xml?xml version="1.0"??>
        <rss rss:version=2.0><rss:channel><rss:title>Knots</rss:title>
        <rss:item><rss:title>Bowline</rss:title><rss:link>https://e.example/1</rss:link>
        <rss:pubDate>Mon, 02 Mar 2026 08:00:00 GMT</rss:pubDate></rss:item>
        <rss:item><rss:title>Hitch</rss:title></rss:channel></rss>"""
    feed = parse(body, "https://e.example/feed")
    assert feed.reader == "libxml2-recovery"
    assert [entry.title for entry in feed.entries] == ["Bowline", "Hitch"]
    assert feed.entries[0].url == "https://e.example/1"
    assert feed.entries[0].published_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "reader"),
    [
        (b"<rss version='2.0'><channel><item><title>A</title></item></channel></rss>", "libxml2"),
        (
            b"<rss><channel><item><title>A&nbsp;B</title></item></channel></rss>",
            "libxml2-repaired",
        ),
        (b"<rss><channel><item><title>A</title><p>B<br></item></channel></rss>", "feedparser"),
        (
            b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'x'>]><rss version='2.0'><channel>"
            b"<item><title>&a;</title></item></channel></rss>",
            "feedparser",
        ),
        (b'{"rss": {"channel": {"item": [{"title": "A"}]}}}', "jsonfeed"),
    ],
)
def test_each_reader_has_its_documents(body: bytes, reader: str) -> None:
    feed = parse(body, "https://e.example/feed")
    assert feed.reader == reader
    assert len(feed.entries) == 1
    assert feed.entries[0].title


@pytest.mark.parametrize(
    ("declared", "sent"), [("iso-8859-1", "utf-8"), ("utf-8", "windows-1252"), ("", "utf-16")]
)
def test_a_lying_charset_is_seen_through(declared: str, sent: str) -> None:
    head = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    text = (
        f"{head}<rss version='2.0'><channel><item><title>Café “Zoë”</title></item></channel></rss>"
    )
    feed = parse(text.encode(sent), "https://e.example/feed")
    assert feed.entries[0].title == "Café “Zoë”"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Mon, 02 Mar 2026 08:00:00 GMT", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02T08:00:00.1234567+02:00", "2026-03-02T06:00:00.123456+00:00"),
        ("2026-03-02", "2026-03-02T00:00:00+00:00"),
        ("2 mars 2026 08:00", "2026-03-02T08:00:00+00:00"),
        ("02 März 2026", "2026-03-02T00:00:00+00:00"),
        ("2 marzo 2026", "2026-03-02T00:00:00+00:00"),
        ("Mon, 01 Jan 0001 00:00:00 +0000", None),
        ("yesterday", None),
        ("now", None),
        ("March", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("2026-13-45", None),
        ("", None),
    ],
)
def test_dates_are_read_or_honestly_none(text: str, at: str | None) -> None:
    found = parse_date(text)
    assert (found.isoformat() if found else None) == at


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("joe@example.org (Joe Ferraro)", "Joe Ferraro"),
        ("Joe Ferraro &lt;joe@example.org&gt;", "Joe Ferraro"),
        ("joe@example.org", "joe@example.org"),
        ("Joe &amp;amp; Ann", "Joe & Ann"),
    ],
)
def test_authors_are_names(author: str, name: str) -> None:
    item = f"<item><title>A</title><author>{author}</author></item>"
    body = f"<rss version='2.0'><channel>{item}</channel></rss>"
    assert parse(body.encode(), "https://e.example/").entries[0].author == name


def test_what_publishers_ask_for_is_read() -> None:
    body = b"""<rss version='2.0'><channel><ttl>90</ttl><skipHours><hour>0</hour><hour>24</hour>
        <hour>3</hour></skipHours><skipDays><day>Sunday</day></skipDays>
        <item><title>A</title></item></channel></rss>"""
    feed = parse(body, "https://e.example/")
    assert feed.ttl_minutes == 90
    assert feed.skip_hours == {0, 3}
    assert feed.skip_days == {6}


@pytest.mark.parametrize(
    ("title", "text", "stated", "code"),
    [
        ("Der Wind", "Der Wind kam von Westen, und das Boot lief gut. " * 3, "en", "de"),
        ("Knots", "Short.", "en-GB", "en"),
        ("Knots", "Short.", None, None),
        ("The wind", "The wind came from the west and the boat ran well. " * 3, None, "en"),
    ],
)
def test_languages_are_told_from_the_text(
    title: str, text: str, stated: str | None, code: str | None
) -> None:
    assert language_of(title, text, stated) == code


def test_reading_minutes_and_paywalls() -> None:
    assert reading_minutes("word " * 1190) == 5
    assert reading_minutes("") == 1
    assert reading_minutes("字" * 1020) == 4
    assert hints_at_paywall("[$] Kernel", "", ())
    assert hints_at_paywall("A", "Two lines. Subscribe to continue reading.", ())
    assert hints_at_paywall("A", "", ("Premium",))
    assert not hints_at_paywall("How we subscribe to feeds", "Long. " * 300, ("feeds",))
