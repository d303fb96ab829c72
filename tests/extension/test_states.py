"""What stands between a reader and an answer is said in words, with what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.extension.home import at_home
from tests.extension.popup import card, press, told
from tests.extension.relay import problem

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.conftest import Sawthis
    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News


@pytest.fixture
def article(chromium: Chromium, news: News) -> Page:
    """An article that Joe would enjoy, in front."""
    return chromium.open(news.sailing())


def test_unpaired(chromium: Chromium, article: Page) -> None:
    popup = chromium.click(article)
    assert "not paired yet" in told(popup)
    assert "Settings" in told(popup)
    with chromium.context.expect_page(lambda page: "/options.html" in page.url):
        press(popup, "Open the options")


def test_the_service_is_down(chromium: Chromium, home: Home, article: Page) -> None:
    home.relay.stop()
    popup = chromium.click(article)
    words = told(popup)
    assert words.startswith("No answer from 127.0.0.1")
    assert "Is Sawthis running? Start it with sawthis serve" in words
    home.relay.start()
    press(popup, "Try again")
    card(popup, "Joe Ferraro")
    chromium.watch.forgive()


def test_the_service_is_slow(chromium: Chromium, home: Home, article: Page) -> None:
    home.relay.flowing.clear()
    popup = chromium.click(article)
    expect(popup.get_by_text("Asking who would enjoy it …")).to_be_visible()
    waiting = re.compile("Waiting for Sawthis at 127.0.0.1:[0-9]+ to answer")
    expect(popup.get_by_role("tabpanel").get_by_text(waiting)).to_be_visible()
    expect(popup.get_by_role("status")).to_have_text(waiting)
    home.relay.flowing.set()
    card(popup, "Joe Ferraro")


def test_the_token_was_revoked(chromium: Chromium, home: Home, article: Page) -> None:
    home.server.cli.ok("token", "revoke", home.pairing["name"])
    popup = chromium.click(article)
    assert "no longer paired" in told(popup)
    assert "Pair it again in the options" in told(popup)
    expect(popup.get_by_role("button", name="Open the options")).to_be_visible()
    chromium.watch.expect_refusals(401)


def test_too_many_questions(demo: Sawthis, chromium: Chromium, article: Page) -> None:
    demo.environment["SAWTHIS_RATE_LIMIT"] = "2"
    with at_home(demo) as home:  # which has asked one of them
        chromium.pair(home)
        popup = chromium.click(article)
        card(popup, "Joe Ferraro")
        popup.close()
        words = told(chromium.click(article))
    assert words.startswith("Too many questions at once")
    (wait,) = re.findall(r"Try again in (\d+) seconds", words)
    assert 0 < int(wait) <= 30
    chromium.watch.expect_refusals(429)


def test_the_service_has_an_error(chromium: Chromium, home: Home, article: Page) -> None:
    home.relay.instead = lambda _: problem(500, "something went wrong here")
    popup = chromium.click(article)
    words = told(popup)
    assert "Sawthis had an error" in words
    assert "sawthis doctor say more" in words
    home.relay.heal()
    press(popup, "Try again")
    card(popup, "Joe Ferraro")
    chromium.watch.expect_refusals(500)


@pytest.mark.parametrize("body", [b"<h1>A router</h1>", b"{}", b"[1]", b"", b'{"people": 7}'])
def test_something_else_answers(chromium: Chromium, home: Home, article: Page, body: bytes) -> None:
    home.relay.instead = lambda _: (200, {"Content-Type": "text/html"}, body)
    assert "is not Sawthis" in told(chromium.click(article))


def test_an_answer_that_leads_elsewhere_is_not_followed(
    chromium: Chromium, home: Home, article: Page, news: News
) -> None:
    there = {"Location": f"{news.origin}/elsewhere"}
    home.relay.instead = lambda _: (307, there, b"")
    assert told(chromium.click(article))
    assert not [url for url in chromium.watch.requests if url.endswith("/elsewhere")]
    chromium.watch.forgive()


def test_a_failure_while_sending_is_said_on_the_card(
    chromium: Chromium, home: Home, article: Page
) -> None:
    popup = chromium.click(article)
    joe = card(popup, "Joe Ferraro")
    home.relay.instead = lambda _: problem(500, "something went wrong here")
    joe.get_by_role("textbox").fill("My own words")
    press(joe, "Send to Joe")
    expect(joe.get_by_role("alert")).to_contain_text("Sawthis had an error")
    expect(joe.get_by_role("textbox")).to_have_value("My own words")
    press(popup, "Save to pool")
    expect(popup.get_by_role("alert").last).to_contain_text("Sawthis had an error")
    expect(popup.get_by_role("button", name="Save to pool")).to_be_enabled()
    chromium.watch.expect_refusals(500)


UNREADABLE = ["chrome://version/", "about:blank", "chrome://extensions/"]


@pytest.mark.parametrize("url", UNREADABLE)
def test_a_page_of_the_browser(chromium: Chromium, home: Home, url: str) -> None:
    popup = chromium.click(chromium.open(url))
    assert told(popup).startswith("This page can’t be read")
    assert "Only pages of the web (http, https) can be read" in told(popup)
    assert "Open an article and try again" in told(popup)
    assert home.relay.asked == []
    chromium.watch.allowed += UNREADABLE


def test_a_file_of_this_machine(chromium: Chromium, home: Home, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>Local</title><p>Words</p>")
    popup = chromium.click(chromium.open(page.as_uri()))
    assert "Only pages of the web (http, https) can be read" in told(popup)
    assert home.relay.asked == []
    chromium.watch.requests.clear()


PDF_VIEWER = "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF"
)
FILES = {
    "/paper.pdf": ("application/pdf", PDF),
    "/picture.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "/data.json": ("application/json", b'{"a": 1}'),
}


@pytest.mark.parametrize("path", FILES)
def test_a_file(chromium: Chromium, home: Home, news: News, path: str) -> None:
    kind, body = FILES[path]
    popup = chromium.click(chromium.open(news.serve(path, body, kind)))
    assert told(popup).startswith("This is a file, not a page")
    assert home.relay.asked == []
    chromium.watch.allowed.append(PDF_VIEWER)


def test_an_empty_page(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.serve("/empty", b"<!doctype html><title>Void</title><p> </p>"))
    popup = chromium.click(page)
    assert told(popup).startswith("There is nothing to read on this page")
    assert home.relay.asked == []
    expect(popup.get_by_role("button", name="Save to pool")).to_be_visible()


def test_nobody_fits(chromium: Chromium, home: Home, news: News) -> None:
    url = news.bylaws()
    popup = chromium.click(chromium.open(url))
    assert told(popup).startswith("Nobody yet. Save it?")
    press(popup, "Save to pool")
    expect(popup.get_by_role("tabpanel").get_by_text("Saved to your pool.")).to_be_visible()
    assert home.kept(url) == ["Amended bylaws"]


def test_offline(chromium: Chromium, article: Page) -> None:
    chromium.remember({"server": "https://sawthis.test", "token": "x", "name": "x"})
    chromium.watch.allowed.append("https://sawthis.test")
    chromium.context.set_offline(True)
    popup = chromium.click(article)
    assert told(popup).startswith("You are offline")
    assert "sawthis.test" in told(popup)
    chromium.context.set_offline(False)
    chromium.watch.forgive()


def test_offline_is_no_matter_at_home(chromium: Chromium, home: Home, article: Page) -> None:
    home.relay.stop()
    popup = chromium.click(article)
    assert told(popup).startswith("No answer from 127.0.0.1")
    chromium.watch.forgive()
