"""A page that is not there yet, moves on, or never comes to an end."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.extension.mail import next_mail
from tests.extension.news import DIARY, HARBOUR
from tests.extension.popup import card, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News

ARTICLE = f"<article><p>{HARBOUR}</p><p>{DIARY}</p></article>"
HEAD = "<!doctype html><html><head><title>Early</title>"
LIMIT_MS = 30_000


@pytest.fixture
def go_on() -> Iterator[Event]:
    """What a server waits for before it sends the rest."""
    made = Event()
    yield made
    made.set()


def begun(chromium: Chromium, url: str) -> Page:
    """A page in front that is not loaded yet."""
    page = chromium.context.new_page()
    page.goto(url, wait_until="commit")
    page.bring_to_front()
    return page


def test_a_page_that_moves_on_is_taken_for_what_it_is(
    chromium: Chromium, home: Home, news: News, go_on: Event
) -> None:
    url = news.serve_slowly("/a", f"{HEAD}<body>{' ' * 2000}", ARTICLE, go_on)
    page = begun(chromium, url)
    popup = chromium.click(page)
    expect(popup.get_by_role("tabpanel")).to_contain_text("eading the page")
    page.evaluate("history.pushState({}, '', '/b'); document.title = 'Article B'")
    go_on.set()
    card(popup, "Joe Ferraro")
    expect(popup.get_by_role("heading", name="Article B")).to_be_visible()
    (asked,) = home.relay.to("matches")
    assert (asked.told["url"], asked.told["title"]) == (f"{news.origin}/b", "Article B")
    press(popup, "Save to pool")
    expect(popup.get_by_role("tabpanel").get_by_text("Saved to your pool.")).to_be_visible()
    assert home.kept(f"{news.origin}/b") == ["Article B"]
    assert home.kept(url) == []


def test_a_page_without_a_title_is_not_called_by_its_address(
    chromium: Chromium, home: Home, news: News
) -> None:
    popup = chromium.click(chromium.open(news.serve("/untitled", ARTICLE.encode())))
    card(popup, "Joe Ferraro")
    assert home.relay.to("matches")[0].told["title"] == ""
    expect(popup.get_by_role("heading", name=news.host, exact=True)).to_be_visible()


def test_what_is_there_is_read_while_a_script_does_not_come(
    chromium: Chromium, home: Home, news: News, go_on: Event
) -> None:
    script = news.serve_slowly("/never.js", " ", "", go_on)
    page = news.serve("/waits", f"{HEAD}{ARTICLE}<script src={script}></script>".encode())
    reader = begun(chromium, page)
    reader.locator("article").wait_for()
    popup = chromium.click(reader)
    card(popup, "Joe Ferraro")
    (asked,) = home.relay.to("matches")
    assert asked.told["text"].split("\n\n") == [HARBOUR, DIARY]
    assert asked.told["title"] == "Early"


def test_a_page_that_never_comes_is_not_waited_for_without_end(
    chromium: Chromium, home: Home, news: News, go_on: Event
) -> None:
    popup = chromium.click(begun(chromium, news.serve_slowly("/x", HEAD, ARTICLE, go_on)))
    stuck = popup.get_by_role("heading", name="This page does not answer")
    expect(stuck).to_be_visible(timeout=LIMIT_MS)
    assert home.relay.asked == []
    go_on.set()
    press(popup, "Try again")
    card(popup, "Joe Ferraro")


def test_a_site_that_keeps_its_place_behind_the_hash(
    chromium: Chromium, home: Home, news: News
) -> None:
    app = news.serve("/app", f"{HEAD}{ARTICLE}".encode())
    for place in ("#/post/1", "#!/post/2"):
        popup = chromium.click(chromium.open(f"{app}{place}"))
        with next_mail(chromium) as sent:
            press(card(popup, "Joe Ferraro"), "Send to Joe")
        assert f"{app}{place}" in sent.mail.body.split()
        assert home.relay.to("matches")[-1].told["url"] == f"{app}{place}"
        popup.close()
