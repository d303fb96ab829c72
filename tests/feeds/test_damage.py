"""Documents as they should not be: encodings that lie, damaged XML and JSON, odd dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommender_feeds import ParseError, ParserPool, parse
from recommender_feeds.dates import forget_misses, parse_date
from recommender_feeds.decoding import decoded, undoubled
from recommender_feeds.identity import canonical_url, without_tracking
from recommender_feeds.repairing import well_formed

FRENCH = "Le cœur de l’été, déjà à 5 €"
RUSSIAN = "Привет, лодка"


def rss(title: str, more: str = "", declaration: str = "", root: str = "rss version='2.0'") -> str:
    item = f"<item><title>{title}</title><link>https://e.example/a</link>{more}</item>"
    return f"{declaration}<{root}><channel><title>T</title>{item}</channel></rss>"


# Encodings


@pytest.mark.parametrize(
    ("text", "encoding", "declared", "header"),
    [
        (FRENCH, "windows-1252", "", None),
        (FRENCH, "windows-1252", "utf-8", None),
        (FRENCH, "windows-1252", "iso-8859-1", "text/xml; charset=utf-8"),
        (FRENCH, "utf-8", "iso-8859-1", "text/xml; charset=iso-8859-1"),
        (FRENCH, "utf-8-sig", "utf-16", None),
        (FRENCH, "utf-16", "utf-16", None),
        (FRENCH, "utf-16-le", "utf-16", None),
        (FRENCH, "utf-16-be", "utf-8", None),
        (FRENCH, "utf-32", "utf-32", None),
        (FRENCH, "utf-32-le", "utf-32", None),
        (RUSSIAN, "koi8-r", "koi8-r", None),
        (RUSSIAN, "windows-1251", "", "application/xml; charset=windows-1251"),
        (RUSSIAN, "windows-1251", "windows-1251", "text/xml; charset=ISO-8859-1"),
        ("こんにちは、船", "shift_jis", "Shift_JIS", None),
        ("こんにちは、船", "iso-2022-jp", "iso-2022-jp", None),
        ("中文标题", "gb18030", "gb2312", None),
        ("한국어 제목", "cp949", "euc-kr", None),
    ],
)
def test_any_encoding_is_read_whatever_it_says(
    text: str, encoding: str, declared: str, header: str | None
) -> None:
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    feed = parse(rss(text, "", declaration).encode(encoding), "https://e.example/", header)
    assert (feed.entries[0].title, feed.reader) == (text, "libxml2")


def test_a_few_bytes_of_another_encoding_cost_only_themselves() -> None:
    body = rss(FRENCH + "@").encode().replace(b"@", b"\x80")
    assert parse(body, "https://e.example/").entries[0].title == FRENCH + "€"


def test_text_encoded_twice_is_read_as_it_was_meant() -> None:
    twice = rss(FRENCH).encode().decode("windows-1252", "replace")
    assert parse(twice.encode(), "https://e.example/").entries[0].title == FRENCH


def test_a_page_that_quotes_mojibake_keeps_it() -> None:
    title = "Martine Ã©crit en UTF-8, déjà"
    assert parse(rss(title).encode(), "https://e.example/").entries[0].title == title


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(ANY_TEXT)
def test_whatever_was_encoded_twice_comes_back(text: str) -> None:
    assert undoubled(text.encode().decode("latin-1")) == text


@given(ANY_TEXT)
def test_what_no_windows_could_hold_was_not_encoded_twice(text: str) -> None:
    assert undoubled(text + "日") == text + "日"


@given(st.binary(max_size=300), st.sampled_from([None, "text/xml; charset=x-nonsense", "a/b"]))
def test_decoding_never_fails(data: bytes, content_type: str | None) -> None:
    assert isinstance(decoded(data, content_type), str)


# XML


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("A\x0bB \x1fC", "AB C"),
        ("cr&egrave;me &mdash; fish&nbsp;soup &hellip;", "crème — fish soup …"),
        ("R&D at AT&T, Q&A", "R&D at AT&T, Q&A"),
        ("5 < 6 & 7 > 6", "5 < 6 & 7 > 6"),
        ("&nosuchthing; stays", "&nosuchthing; stays"),
        ("&#0;&#x1F;bell &#150; dash &#xFFFFFF;", "bell \u2013 dash"),
        ("<![CDATA[Q&A &eacute; \x08<b>bold</b>]]> & more", "Q&A é bold & more"),
    ],
)
def test_common_damage_is_repaired_before_a_lenient_reader_guesses(title: str, read: str) -> None:
    feed = parse(rss(title).encode(), "https://e.example/")
    assert (feed.entries[0].title, feed.reader) == (read, "libxml2-repaired")


def test_prefixes_nobody_declared_are_known_by_their_usual_names() -> None:
    more = (
        "<dc:creator>Bo</dc:creator><content:encoded><![CDATA[<p>Whole</p>]]></content:encoded>"
        "<odd:thing odd:attribute='x'/>"
    )
    (entry,) = parse(rss("A", more).encode(), "https://e.example/").entries
    assert (entry.author, entry.text) == ("Bo", "Whole")


@pytest.mark.parametrize(
    "before", ["\n\n", "<br />\n<b>Warning</b>: in /x.php<br />\n", "<!-- a --> junk & junk "]
)
def test_junk_around_the_document_is_passed_over(before: str) -> None:
    feed = parse(f"{before}{rss('A')}\n<script>x()</script>".encode(), "https://e.example/")
    assert (feed.entries[0].title, feed.reader) == ("A", "libxml2-repaired")


@given(st.text(max_size=200))
def test_repairing_is_idempotent_and_never_fails(text: str) -> None:
    once = well_formed(rss(text))
    assert once is not None
    assert well_formed(once) == once


def test_an_unclosed_cdata_section_is_read_once() -> None:
    body = rss("A", "<![CDATA[" * 200_000).encode()
    assert parse(body, "https://e.example/").entries[0].title == "A"


def test_categories_in_categories() -> None:
    more = "<categories><category>Sea</category><category> Sky </category></categories>"
    assert parse(rss("A", more).encode(), "https://e.example/").entries[0].tags == ("Sea", "Sky")


# JSON


@pytest.mark.parametrize(
    ("rest", "n"),
    [
        ('{"id": "1", "content_text": "A"}, {"id": "2", "content_t', 1),
        ('{"id": "1", "content_text": "A"},]}', 1),
        ('{"id": "1", "content_text": "a\nb\tc"}]}', 1),
    ],
)
def test_of_damaged_json_the_whole_items_are_read(rest: str, n: int) -> None:
    body = f'{{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [{rest}'
    feed = parse(body.encode(), "https://e.example/")
    assert (feed.title, feed.reader, len(feed.entries)) == ("T", "jsonfeed", n)


# Dates


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026年3月2日 08:00", "2026-03-02T08:00:00+00:00"),
        ("2026年3月2日 下午8:00", "2026-03-02T20:00:00+00:00"),
        ("2026. 3. 2. 오전 8:00", "2026-03-02T08:00:00+00:00"),
        ("٢ مارس ٢٠٢٦", "2026-03-02T00:00:00+00:00"),
        ("1er mars 2026 à 10h30", "2026-03-01T10:30:00+00:00"),
        ("March 2, 2026 5:00 pm", "2026-03-02T17:00:00+00:00"),
        ("2026/03/02 08:00:00", "2026-03-02T08:00:00+00:00"),
        ("1772438400", "2026-03-02T08:00:00+00:00"),
        ("1772438400000", "2026-03-02T08:00:00+00:00"),
        ("23/03/2026", "2026-03-23T00:00:00+00:00"),
        ("02/03/2026 10:00", None),
        ("2026-13-45", None),
        ("2026", None),
        ("Thu, 30 Feb 2026 08:00:00 GMT", None),
    ],
)
def test_a_date_is_the_texts_never_the_readers(text: str, at: str | None) -> None:
    forget_misses()
    found = parse_date(text)
    assert (found.isoformat() if found else None) == at


def test_what_a_date_means_does_not_depend_on_the_others() -> None:
    forget_misses()
    alone = parse_date("03.04.2026 10:00")
    for other in ("Montag, 2. März 2026", "March 2, 2026", "2 марта 2026"):
        parse_date(other)
        assert parse_date("03.04.2026 10:00") == alone


def test_five_hundred_nonsense_dates_do_not_cost_the_feed() -> None:
    items = "".join(
        f"<item><title>A{n}</title><pubDate>{'x' * (n % 40)} {n} of blurb in 2026</pubDate></item>"
        for n in range(500)
    )
    feed = parse(rss("A").replace("<item>", items + "<item>", 1).encode(), "https://e.example/")
    assert feed.n_entries_found == 501
    assert {entry.published_at for entry in feed.entries} == {None}


# Addresses and labels


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://e.example/a?utm_source=rss&id=7&fbclid=x#top", "https://e.example/a?id=7#top"),
        ("https://e.example/a?utm_source=rss", "https://e.example/a"),
        ("https://e.example/a#xtor=RSS-1", "https://e.example/a"),
        ("https://e.example/a#utm_source=rss&utm_medium=feed", "https://e.example/a"),
        ("https://e.example/A/?b=%2f&&c", "https://e.example/A/?b=%2f&&c"),
        ("mailto:joe@e.example?utm_source=x", "mailto:joe@e.example?utm_source=x"),
    ],
)
def test_only_what_tracks_is_taken_off(url: str, clean: str) -> None:
    assert without_tracking(url) == clean
    assert canonical_url(url) == canonical_url(clean)


@given(st.text(alphabet="ab?&=#/%utm_source:", max_size=40))
def test_taking_tracking_off_is_idempotent(rest: str) -> None:
    once = without_tracking(f"https://e.example/{rest}")
    assert without_tracking(once) == once


def test_links_in_bodies_do_not_track_either() -> None:
    body = "<description>&lt;a href='/b?utm_medium=x&amp;amp;n=1'&gt;b&lt;/a&gt;</description>"
    (entry,) = parse(rss("A", body).encode(), "https://e.example/").entries
    assert 'href="https://e.example/b?n=1"' in entry.html


def test_an_entry_with_nothing_but_an_address_is_called_by_it() -> None:
    body = "<rss><channel><item><link>https://www.e.example/x/low-tide_at-noon.html</link></item>"
    (entry,) = parse(f"{body}</channel></rss>".encode(), "https://e.example/").entries
    assert entry.title == "e.example: low tide at noon"


# What careful readers would expect


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Profit &lt; 5% but &lt;b&gt;growth&lt;/b&gt; rises", "Profit < 5% but growth rises"),
        ("std::vector&lt;int&gt; explained", "std::vector<int> explained"),
        ("&lt;![CDATA[Title here]]&gt;", "Title here"),
        ("The &lt;script&gt; element, and others", "The element, and others"),
        ("&lt;style&gt;a{}&lt;/style&gt;Tide", "Tide"),
        ("Look &lt;odd class='x'&gt;here", "Look here"),
    ],
)
def test_only_markup_is_taken_off_a_title(title: str, read: str) -> None:
    assert parse(rss(title).encode(), "https://e.example/").entries[0].title == read


def test_a_title_that_is_declared_plain_keeps_its_brackets() -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><author><name>Bo</name></author>'
        '<entry><title type="text">The &lt;script&gt; of Option&lt;T&gt;</title><id>urn:1</id>'
        "</entry></feed>"
    )
    (entry,) = parse(atom.encode(), "https://e.example/").entries
    assert (entry.title, entry.author) == ("The <script> of Option<T>", "Bo")


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://e.example/my page.html", "https://e.example/my%20page.html"),
        ("www.other.example/p", "https://www.other.example/p"),
        ("http://[bad/x", None),
        ("javascript:alert(1)", None),
    ],
)
def test_links_are_addresses_or_none(link: str, url: str | None) -> None:
    body = rss("A").replace("https://e.example/a", link)
    assert parse(body.encode(), "https://e.example/").entries[0].url == url


def test_each_link_has_its_own_base() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://site.example/blog/">
        <title>T</title><link href="./"/><entry><title>A</title><id>urn:1</id><link href="a"/>
        <content type="html" xml:base="https://cdn.example/d/">&lt;img src="i.png"&gt;</content>
        </entry></feed>"""
    feed = parse(atom.encode(), "https://feeds.example/site")
    (entry,) = feed.entries
    assert (feed.site_url, entry.url) == (
        "https://site.example/blog/",
        "https://site.example/blog/a",
    )
    assert "https://cdn.example/d/i.png" in entry.html


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Mon, 02 Mar 2026 10:00:00 +01:00", "2026-03-02T09:00:00+00:00"),
        ("Mon, 02 Mar 2026 10:00:00 GMT+02:00", "2026-03-02T08:00:00+00:00"),
        ("Tue Mar 03 2026 10:00:00 GMT+0100 (CET)", "2026-03-03T09:00:00+00:00"),
        ("Mon, 02 Mar 2026 10:00:00 AEST", "2026-03-02T00:00:00+00:00"),
        ("2. 3. 2026", "2026-03-02T00:00:00+00:00"),
        ("2.3.2026 14:05", "2026-03-02T14:05:00+00:00"),
        ("02.03.2026 10:00 +0300", "2026-03-02T07:00:00+00:00"),
        ("02.03.2026 22:15 MSK", "2026-03-02T19:15:00+00:00"),
        ("2026年3月2日 22:00 JST", "2026-03-02T13:00:00+00:00"),
        ("02.03.2026 5.30 pm", "2026-03-02T17:30:00+00:00"),
    ],
)
def test_zones_and_dots_as_feeds_write_them(text: str, at: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert found.isoformat() == at


@pytest.mark.parametrize(
    "hostile",
    [
        "<item><title>" + "<a" * 200_000 + "</title></item>",
        "<rss " * 200_000,
        "<item><title>A</title><author>" + "(@" * 100_000 + "</author></item>",
        "<item><title>A</title><description>" + "&lt;div&gt;" * 60_000 + "</description></item>",
        "<skipHours><hour>" + "0" * 5000 + "</hour></skipHours><item><title>A</title></item>",
        "<item><title>A</title><description>&lt;b>"
        + "&lt;![CDATA[" * 33_000
        + "</description></item>",
    ],
    ids=["titles", "roots", "authors", "depth", "hours", "sections"],
)
def test_hostile_documents_take_time_in_proportion_to_their_length(hostile: str) -> None:
    """A moment, where time in proportion to its square would be hours; an error is an answer."""
    body = f"<rss version='2.0'><channel><title>T</title>{hostile}</channel></rss>".encode()
    with ParserPool(1, time_limit_s=60) as pool:
        try:
            pool.parse(body, "https://e.example/", keep_html=True)
        except ParseError as error:
            assert "takes longer" not in str(error)


def test_a_lone_surrogate_reaches_nobody() -> None:
    body = (
        b'{"version":"https://jsonfeed.org/version/1","language":"e\\ud800","title":"P",'
        b'"home_page_url":"https://e.example/\\ud800","items":[{"id":"x\\ud800",'
        b'"url":"https://e.example/\\ud800a","title":"hello","content_text":"hi"}]}'
    )
    repr(parse(body, "https://e.example/")).encode()


def test_text_that_was_escaped_twice_reads_as_it_was_meant() -> None:
    text = "Time.&amp;amp;nbsp;I bought &amp;amp;amp; kept it, &amp;amp;lt;b&amp;amp;gt;"
    body = f"<description>&lt;p&gt;{text}&lt;/p&gt;</description>"
    (entry,) = parse(rss("A", body).encode(), "https://e.example/").entries
    assert entry.text == "Time. I bought & kept it, &lt;b&gt;"
