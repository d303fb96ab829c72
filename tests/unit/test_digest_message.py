"""The digest's mail: what stands in its header, and that both parts say the same to everybody."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields, replace
from email import message_from_bytes
from email.policy import SMTP, default
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recommender.errors import InvalidInput
from recommender.mail.cleaning import cleaned, lines, one_line, safe_url
from recommender.mail.columns import COLUMNS, fill, width
from recommender.mail.message import build_message
from recommender.mail.rendering import headline, render_html, render_text
from recommender.mail.view import Call, DigestView, Envelope, Occasion, Person, Pick
from tests.digests import (
    ENCODED,
    ENDLESS,
    HEADER,
    HOME,
    VIEWS,
    make_envelope,
    make_joke,
    make_person,
    make_pick,
    make_view,
)

if TYPE_CHECKING:
    from email.message import EmailMessage

HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type"),
]
LINK = re.compile(r"(?:https?|mailto|tel):\S+")
NASTY = st.one_of(
    st.text(st.characters(), max_size=60),  # surrogates too
    st.sampled_from(
        [HEADER, ENCODED, ENDLESS, "", "\n Bcc: x@y.example", "<b>&amp;</b>", "=0D=0A"]
    ),
    st.builds(
        "{}{}{}".format, st.text(max_size=5), st.sampled_from("\r\n\x85\u2028\x0b"), st.text()
    ),
)
URLS = st.one_of(
    NASTY,
    st.builds(
        "{}{}".format, st.sampled_from(["javascript:", "data:", " JavaScript:", "//"]), NASTY
    ),
    st.builds("{}{}".format, st.sampled_from(["https://x.example/", "mailto:", "tel:"]), NASTY),
)


def texts(**others: Any) -> dict[str, Any]:
    return {name: URLS if name.endswith("url") else NASTY for name in others} | {
        name: strategy for name, strategy in others.items() if strategy is not None
    }


def built(kind: type, **others: Any) -> st.SearchStrategy[Any]:
    """Anything at all in each field that is not given."""
    blank = {field.name: None for field in fields(kind)}
    return st.builds(kind, **texts(**{**blank, **others}))


def some(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


PICKS = built(Pick, is_joke=st.booleans(), url=st.none() | URLS)
PEOPLE = built(Person, is_due=st.booleans(), picks=some(PICKS))
CALLS = built(Call, topics=some(NASTY))
COUNTS = st.integers(0, 2000)
ANY_VIEW = built(
    DigestView,
    people=some(PEOPLE),
    calls=some(CALLS, 1),
    occasions=some(built(Occasion), 1),
    came_back=some(NASTY),
    gauge=some(NASTY),
    n_without=COUNTS,
    minutes=COUNTS,
)


def parsed(view: DigestView, envelope: Envelope | None = None) -> EmailMessage:
    """What a mail program makes of the bytes."""
    sent = build_message(view, envelope or make_envelope()).as_bytes()
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert sent.isascii()
    found = message_from_bytes(sent, policy=default)
    assert not found.defects
    return found


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.iter_parts()
    for part in (text, html):
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
    assert [text.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    return text.get_content(), html.get_content()


def squeezed(text: str) -> str:
    """Without spaces and line ends: where a line is wrapped says nothing."""
    return "".join(text.split())


def shown(html: str) -> list[str]:
    """The texts of the page that are seen, in order."""
    page = lxml.html.document_fromstring(
        html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )
    (body,) = page.iter("body")
    for hidden in body.find_class("preheader"):
        hidden.drop_tree()
    return [text for text in map(squeezed, body.itertext()) if text]


def harmful(html: str) -> list[str]:
    """What could act, or ask for something, when the mail is opened."""
    page = lxml.html.document_fromstring(
        html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )
    found = []
    for element in page.iter(lxml.etree.Element):
        if element.tag in (
            "script",
            "img",
            "svg",
            "iframe",
            "object",
            "embed",
            "form",
            "link",
            "base",
        ):
            found.append(str(element.tag))
        for name, value in element.attrib.items():
            is_bad = name.startswith("on") or name in ("src", "srcset", "background", "action")
            is_bad |= name == "style" and ("url(" in value or "expression" in value)
            is_bad |= name == "href" and not re.match(
                r"(?:https?|mailto|tel):", value, re.IGNORECASE
            )
            found += [f"{name}={value}"] if is_bad else []
        if element.tag == "style":
            found += re.findall(r"url\(.*|@import.*", element.text or "")
    return found


def links(html: str) -> list[str]:
    page = lxml.html.document_fromstring(
        html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )
    return [str(found) for found in page.xpath("//a/@href")]


def test_the_header() -> None:
    message = parsed(VIEWS["rich"])
    assert message.keys() == HEADERS
    assert message["From"] == "Sawthis <sawthis@box.example>"
    assert message["To"] == "you@mail.example"
    assert message["Subject"] == "Good reasons to write: Joe, Aïcha, Noa, 李, Grace, Göran, Sam"
    assert message["Date"] == "Thu, 26 Nov 2026 18:00:00 +0000"
    assert message["Message-ID"] == "<2026-w48.me.4f1d2c@sawthis.invalid>"
    assert message["List-Id"] == "<digest.me.sawthis.invalid>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] == f"<{make_envelope().unsubscribe_url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_addresses_in_the_header_are_no_encoded_words() -> None:
    # The standard library's own policy makes such of any word that is longer than a line.
    envelope = make_envelope(message_id=f"<{'w' * 90}@sawthis.invalid>")
    sent = build_message(VIEWS["one"], envelope).as_bytes()
    assert f"\r\nList-Unsubscribe: <{envelope.unsubscribe_url}>\r\n".encode() in sent
    assert f"\r\nMessage-ID: {envelope.message_id}\r\n".encode() in sent


def test_one_click_only_where_it_can_be_posted_to() -> None:
    at_home = make_envelope(one_click=False, unsubscribe_url=f"{HOME}/digest/unsubscribe?token=x")
    message = parsed(VIEWS["one"], at_home)
    assert "List-Unsubscribe-Post" not in message
    assert message["List-Unsubscribe"] == f"<{at_home.unsubscribe_url}>"
    with pytest.raises(InvalidInput, match="https"):
        build_message(VIEWS["one"], replace(at_home, one_click=True))


def test_a_domain_of_any_script_is_written_in_ascii() -> None:
    message = parsed(VIEWS["one"], make_envelope(recipient="maren@bücher.example"))
    assert message["To"].addresses[0].addr_spec == "maren@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "broken",
    [
        {"recipient": "you@mail.example, other@evil.example"},
        {"recipient": "you@mail.example\r\nBcc: other@evil.example"},
        {"recipient": "Other <other@evil.example>"},
        {"recipient": "ü@mail.example"},
        {"recipient": "nobody"},
        {"recipient": ""},
        {"recipient": f"{'a' * 250}@mail.example"},
        {"sender": "sawthis@box.example\nX: y"},
        {"sender": "saw this@box.example"},
        {"message_id": "<a@b>\r\nBcc: x"},
        {"message_id": "<no-at>"},
        {"list_id": "digest me"},
        {"list_id": "digest.me>\nBcc: x"},
        {"unsubscribe_url": "javascript:alert(1)"},
        {"unsubscribe_url": ""},
        {"unsubscribe_url": f"https://x.example/{'a' * 1000}"},
    ],
)
def test_what_can_not_stand_in_a_header_is_refused(broken: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        build_message(VIEWS["one"], make_envelope(**broken))
    assert "\n" not in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(ANY_VIEW)
@example(VIEWS["hostile"])
@example(make_view(make_person(ENCODED)))
@example(make_view(make_person(HEADER)))
def test_no_word_of_a_stranger_gets_out_of_its_place(view: DigestView) -> None:
    message = parsed(view)
    assert message.keys() == HEADERS
    assert [one.addr_spec for one in message["To"].addresses] == ["you@mail.example"]
    assert len(message["Subject"]) <= 120
    text, html = parts(message)
    assert not harmful(html)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", text + html)
    for person in view.people:
        for pick in person.picks:
            title = squeezed(one_line(pick.title, 200)).rstrip("….")
            assert title in squeezed(text) or title.casefold() in squeezed(text).casefold()
            in_html = "".join(shown(html))
            assert title in in_html or title.casefold() in in_html.casefold()


@settings(max_examples=60, deadline=None)
@given(ANY_VIEW)
@example(VIEWS["rich"])
@example(VIEWS["hostile"])
@example(VIEWS["nothing"])
def test_both_parts_say_the_same(view: DigestView) -> None:
    text, html = render_text(view), render_html(view)
    all_text = squeezed(text)
    for said in shown(html):
        assert said in all_text, said
    assert sorted(links(html)) == sorted(LINK.findall(_only_links(text)))


def _only_links(text: str) -> str:
    """The lines that are a link and nothing else."""
    return "\n".join(line for line in text.split("\n") if re.fullmatch(rf" *{LINK.pattern}", line))


def test_the_whole_of_a_week() -> None:
    text = render_text(VIEWS["rich"])
    wanted = [
        "Good reasons to write: Joe, Aïcha, Noa, 李, Grace, Göran, Sam",
        "Thursday 26 November 2026",
        "Seven people, about five minutes.",
        "For 4 people who are due nothing was good enough.",
        "Joe Ferraro\n-----------\nYou last wrote 6 weeks ago\n",
        "\n  https://open-water.example/lighthouse-1\n",
        "  Write to Joe:\n  mailto:joe@mail.example?subject=The%20lighthouse",
        "  The librarian whispers:\n  “They’re right behind you.”\n\n  Jokes without harm\n",
        "    “Stand in the middle of the old market at seven, and you will hear a",
        "Not due yet, but worth a line\n====",
        "Göran Ström",
        "This week’s call\n====",
        "  To talk about:\n  - Her move to Lisbon\n  - Chess\n",
        "  Call Ann:\n  tel:+4930901820\n",
        "Days to remember\n====",
        "* Sam Adeyemi, birthday: 40\n  Saturday 28 November\n",
        "What came back\n====",
        "* Joe answered on Monday.\n",
        "How the year stands\n====",
        "\n--\nYou get this because the weekly digest is on.",
        f"Unsubscribe:\n{HOME}/digest/unsubscribe?token=",
    ]
    places = [text.find(line) for line in wanted]
    assert -1 not in places, wanted[places.index(-1)]
    assert all(first < second for first, second in pairwise(places))


def test_lines_fit_a_terminal_but_for_links() -> None:
    for name, view in VIEWS.items():
        for line in render_text(view).split("\n"):
            assert width(line) <= COLUMNS or LINK.match(line.strip()), (name, line)
            assert line == line.rstrip()


def test_headings_come_in_order_and_empty_sections_have_none() -> None:
    for name, view in VIEWS.items():
        levels = [int(level) for level in re.findall(r"<h([1-6])", render_html(view))]
        assert levels[0] == 1, name
        assert levels.count(1) == 1
        assert all(second <= first + 1 for first, second in pairwise(levels))
    html = render_html(VIEWS["one"])
    assert re.findall(r"<h\d[^>]*>([^<]*)", html) == ["A good reason to write: Joe", "Joe Ferraro"]
    assert "====" in (text := render_text(VIEWS["one"]))
    assert text.count("==\n") == 1


def test_it_is_honest_when_there_is_little() -> None:
    for made in (render_text, render_html):
        told = " ".join(unescape(made(make_view(n_without=0))).split())
        assert "Nothing is good enough to send this week. That is fine." in told
        assert "due" not in told
        told = " ".join(made(make_view(n_without=1)).split())
        assert "One person is due, and that can wait." in told
        told = " ".join(made(make_view(make_person(), n_without=1)).split())
        assert "For one person who is due nothing was good enough." in told


def test_the_html_stands_alone_and_says_so_early() -> None:
    html = render_html(VIEWS["rich"])
    assert html.lower().startswith('<!doctype html><html lang="en">')
    assert html.index('charset="utf-8"') < 1024  # where browsers look for it
    assert html.count("<style") == 1
    sheet = html[html.index("<style") : html.index("</style>")]
    assert "prefers-color-scheme: dark" in sheet
    assert ".footer" not in sheet  # only what depends on the reader is left
    assert '<meta name="color-scheme" content="light dark">' in html
    assert not re.findall(r"<(?:table|img|link|script|video|font)\b", html)


def test_a_headline_says_as_many_names_as_fit() -> None:
    twins = make_view(
        make_person("Joe Ferraro"), make_person("Joe Smith"), make_person("Sam Adeyemi")
    )
    assert headline(twins) == "Good reasons to write: Joe Ferraro, Joe Smith, Sam"
    crowd = make_view(*(make_person(f"{'Maximiliane' * 2}{n} Xu") for n in range(7)))
    assert headline(crowd).endswith(" and four more")
    assert len(headline(crowd)) <= 110
    call = Call("Ann Lee", "Ann", "", "", "", ())
    day = Occasion("Sam Xu", "Sam", "", "birthday", "")
    assert headline(make_view(calls=(call,), occasions=(day,))) == "Somebody to call: Ann"
    assert headline(make_view(occasions=(day,))) == "Days to remember: Sam"
    assert headline(make_view()) == "Nothing to send this week"


def test_a_joke_is_whole_and_its_title_is_not_said_twice() -> None:
    text = render_text(make_view(make_person("Joe", make_joke())))
    assert text.count("A man walks into a library") == 1
    assert "walks into a library and…" not in text
    titled = make_joke(title="Paranoia, explained")
    assert "* Paranoia, explained\n" in render_text(make_view(make_person("Joe", titled)))


def test_the_span_is_quoted_once() -> None:
    span = make_pick().span
    assert render_text(make_view(make_person())).count("summer") == 1
    apart = make_pick(reason="Joe is interested in weather history.")
    assert f"“{span}”" in render_html(make_view(make_person("Joe", apart)))


def test_cleaning_again_changes_nothing() -> None:
    for view in VIEWS.values():
        assert cleaned(cleaned(view)) == cleaned(view)


def test_lines_and_one_line() -> None:
    assert one_line("a\r\n\tb\u202e\u2028c\x00 d", 40) == "a b c d"
    assert one_line("one two three", 9) == "one two…"
    assert lines("a\r\nb\r\r\r\rc\x85d") == "a\nb\n\nc\nd"
    assert lines("x\n" * 500).count("\n") == 60
    assert lines("word " * 3000).endswith("…")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x.example/a b?q=ü#z", "https://x.example/a%20b?q=%C3%BC#z"),
        ("HTTP://x.example/", "http://x.example/"),
        ("https://x.example/\"'<>", "https://x.example/%22%27%3C%3E"),
        ("https://x.example/\u202egnp", "https://x.example/%E2%80%AEgnp"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("https:/x", ""),
        ("//x.example/", ""),
        ("https://[x", ""),
        ("mailto:joe@mail.example", ""),
        ("https://x.example/\ud800", ""),
        (f"https://x.example/{'a' * 5000}", ""),
        (None, ""),
    ],
)
def test_only_pages_are_linked_to(url: str | None, kept: str) -> None:
    assert safe_url(url) == kept


def test_columns_are_counted_as_terminals_do() -> None:
    assert width("灯塔e\u0301") == 5
    assert fill("灯塔" * 20, columns=16).split("\n") == ["灯塔" * 4] * 5
    assert fill("an https://x.example/very-long here", "  ", columns=12) == (
        "  an\n  https://x.example/very-long\n  here"
    )
    assert fill("a\n\nb", "  ", first="* ") == "* a\n\n  b"


def test_a_message_is_what_smtp_sends() -> None:
    made = build_message(VIEWS["one"], make_envelope())
    assert made.as_bytes() == made.as_bytes(policy=made.policy.clone(linesep="\r\n"))
    assert isinstance(made.policy, type(SMTP))
    assert b"\n" not in made.as_bytes().replace(b"\r\n", b"")


def test_importing_it_loads_no_templates() -> None:
    code = (
        "import sys, recommender.mail.message, recommender.mail.calendar, recommender.mail.atom\n"
        "print([m for m in ('jinja2', 'css_inline', 'icalendar', 'lxml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
