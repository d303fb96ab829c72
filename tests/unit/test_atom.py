"""The Atom feed of suggestions, read back by a reader of feeds and by a parser of XML."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import feedparser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recommender.mail.atom import AtomEntry, render_atom
from tests.digests import BREAKS_OUT, ENCODED, ENDLESS, HEADER, HOME, NOW, TURNED

if TYPE_CHECKING:
    from collections.abc import Iterable

ATOM = "{http://www.w3.org/2005/Atom}"
SECRET = f"{HOME}/feeds/kJ81-qz/suggestions.atom"
ENTRY = AtomEntry(
    id="urn:sawthis:suggestion:drv0uarp422",
    title="For Joe: Crossing the bar at Salcombe, <b>badly</b> & late",
    url="https://open-water.example/crossing?a=1&b=2",
    text="Joe is interested in sailing.\n\nTwo men in a boat.\nOne asks: “5 < 6 & 7?”",
    source="Open Water, Open Road",
    updated=NOW - timedelta(days=1),
)
ANYTHING = st.one_of(
    st.text(st.characters(), max_size=60),
    st.sampled_from([BREAKS_OUT, TURNED, HEADER, ENCODED, ENDLESS, "]]>", "&#0;", "\x0b\ufffe"]),
)


def rendered(entries: Iterable[AtomEntry] = (ENTRY,), **fields: Any) -> bytes:
    told: dict[str, Any] = {"self_url": SECRET, "home_url": f"{HOME}/", "title": "Worth sending"}
    return render_atom(entries, **{**told, "updated": NOW, **fields})


def test_a_reader_of_feeds_finds_everything() -> None:
    found = feedparser.parse(rendered())
    assert not found.bozo
    assert found.version == "atom10"
    assert found.feed.title == "Worth sending"
    assert found.feed.updated == "2026-11-26T18:00:00Z"
    assert found.feed.author == "Sawthis"
    assert {link.rel: link.href for link in found.feed.links} == {
        "self": SECRET,
        "alternate": f"{HOME}/",
    }
    (entry,) = found.entries
    assert entry.id == ENTRY.id
    assert entry.title == "For Joe: Crossing the bar at Salcombe, <b>badly</b> & late"
    assert entry.link == ENTRY.url
    assert entry.author == "Open Water, Open Road"
    assert entry.updated == "2026-11-25T18:00:00Z"
    assert entry.content[0].type == "text/html"
    assert "<p>Joe is interested in sailing.</p>" in entry.content[0].value
    assert "Two men in a boat.<br />One asks: “5 &lt; 6 &amp; 7?”" in entry.content[0].value


def test_the_id_outlives_the_secret_and_does_not_tell_it() -> None:
    def id_of(**fields: Any) -> str:
        return str(feedparser.parse(rendered(**fields)).feed.id)

    assert id_of() == id_of(self_url=f"{HOME}/feeds/another/suggestions.atom")
    assert id_of() != id_of(home_url="https://box.example/")
    assert "kJ81" not in id_of()


def test_times_are_told_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    entry = replace(ENTRY, updated=datetime(2026, 11, 26, 0, 30, 15, 999, tzinfo=berlin))
    found = feedparser.parse(rendered([entry], updated=datetime(2026, 1, 1, tzinfo=UTC)))
    assert found.entries[0].updated == "2026-11-25T23:30:15Z"
    assert found.feed.updated == "2026-01-01T00:00:00Z"


def test_an_empty_feed_is_one_too() -> None:
    found = feedparser.parse(rendered([]))
    assert not found.bozo
    assert found.entries == []
    assert found.feed.title == "Worth sending"


@settings(max_examples=150, deadline=None)
@given(st.lists(ANYTHING, min_size=4, max_size=4))
@example([BREAKS_OUT, "javascript:alert(1)", f"{BREAKS_OUT}\n\n{TURNED}", HEADER])
def test_whatever_strangers_write_it_is_valid_and_harmless(words: list[str]) -> None:
    title, url, text, source = words
    entry = replace(ENTRY, title=title, url=url, text=text, source=source)
    feed = ET.fromstring(rendered([entry, ENTRY], title=title))
    assert [child.tag.removeprefix(ATOM) for child in feed] == [
        *("id", "title", "updated", "author", "link", "link", "entry", "entry")
    ]
    for element in feed.iter():
        if element.tag in (f"{ATOM}id", f"{ATOM}title", f"{ATOM}updated", f"{ATOM}name"):
            assert (element.text or "").strip()  # RFC 4287 wants each of them to say something
        assert element.get("href", "https:").startswith(("http:", "https:"))
    content = feed.findall(f"{ATOM}entry/{ATOM}content")[0].text or ""
    bare = content.replace("<p>", "").replace("</p>", "").replace("<br>", "")
    assert "<" not in bare
    assert TURNED[0] not in content
