"""The same extension in Firefox: paired, asked, sent from, and agreed to when it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.extension import programs
from tests.extension.conftest import EXTENSION
from tests.extension.firefox import Firefox
from tests.extension.home import at_home
from tests.extension.mail import read_mailto
from tests.extension.news import ADVERT, DIARY, HARBOUR, HOST
from tests.extension.test_looks import POPUP_PX
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Sawthis
    from tests.extension.home import Home
    from tests.extension.news import News
    from tests.extension.relay import Relay

JOE = "joe-ferraro"
NOTE = "Grüße & 100 % ⛵\n\nYours = ours"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """One browser a module."""
    executable = programs.needed("Firefox", ("firefox-esr", "firefox"))
    started = Firefox(executable, tmp_path_factory.mktemp("firefox"), EXTENSION)
    yield started
    started.close()


@pytest.fixture
def home(demo: Sawthis, firefox: Firefox) -> Iterator[Home]:
    """The service on a fresh copy of the demo, which the browser knows nothing of."""
    firefox.remember({})
    with at_home(demo) as made:
        yield made


def pair(firefox: Firefox, home: Home) -> str:
    """Pair by mouse and keyboard; the options page."""
    options = firefox.open(firefox.url("options.html"))
    firefox.bidi.click(options, firefox.bidi.locate(options, "textbox", "Connection"))
    firefox.bidi.type(options, home.connection())
    firefox.bidi.click(options, firefox.bidi.locate(options, "button", "Pair"))
    said = "document.getElementById('said').textContent"
    until(lambda: "Paired with 127.0.0.1" in firefox.bidi.evaluate(options, said))
    return options


def test_it_pairs_matches_and_sends(firefox: Firefox, home: Home, news: News) -> None:
    pair(firefox, home)
    assert home.devices() == {"Browser extension": True}
    page = firefox.open(news.sailing())
    home.relay.asked.clear()
    firefox.click(page)
    text = firefox.until_told("Joe Ferraro")
    assert "weather history" in text
    assert "You last wrote 6 weeks ago" in text
    assert firefox.popup_width() in POPUP_PX
    (asked,) = home.relay.to("matches")
    assert HARBOUR in asked.told["text"]
    assert DIARY in asked.told["text"]
    assert ADVERT not in asked.told["text"]
    assert asked.headers["Authorization"].startswith("Bearer ")
    until(lambda: firefox.popup("fill", "Your note to Joe", NOTE))
    firefox.press("Send to Joe")
    firefox.until_told("Did you send it?")
    assert home.statuses(JOE) == ["opened"]
    firefox.press("Yes, I sent it")
    firefox.until_told("Sent to Joe.")
    assert home.statuses(JOE) == ["opened", "sent"]
    (link,) = firefox.mail_links()
    mail = read_mailto(link)
    assert (mail.to, mail.subject) == ("joe@ferraro.example", "Three weeks under sail")
    assert mail.body == NOTE


def test_unpairing_revokes(firefox: Firefox, home: Home) -> None:
    options = pair(firefox, home)
    firefox.bidi.click(options, firefox.bidi.locate(options, "button", "Unpair"))
    until(lambda: home.devices() == {"Browser extension": False})
    until(lambda: firefox.bidi.evaluate(options, "browser.storage.local.get()") == {})


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
UNREADABLE = {
    "about:support": (b"", "", "This page can’t be read"),
    "/paper.pdf": (b"%PDF-1.4", "application/pdf", "This page can’t be read"),
    "/picture.svg": (SVG, "image/svg+xml", "This is a file, not a page"),
    "/empty": (b"<!doctype html><title>Void</title>", "text/html", "There is nothing to read"),
}


@pytest.mark.parametrize("path", UNREADABLE)
def test_what_can_not_be_read(firefox: Firefox, shared: Home, news: News, path: str) -> None:
    body, kind, words = UNREADABLE[path]
    firefox.remember(shared.pairing)
    shared.relay.heal()
    firefox.click(firefox.open(news.serve(path, body, kind) if body else path))
    firefox.until_told(words)
    assert shared.relay.asked == []


def switch(firefox: Firefox, options: str) -> None:
    """Click on the badge's checkbox."""
    label = "Show how many people would enjoy the page I look at"
    firefox.bidi.click(options, firefox.bidi.locate(options, "checkbox", label))


def test_it_counts_only_when_all_is_agreed_to(
    firefox: Firefox, home: Home, news: News, secure: Relay
) -> None:
    options = pair(firefox, home)
    home.relay.asked.clear()
    agreed = "browser.permissions.contains({ origins: ['https://*/*'] })"
    stored = "browser.storage.local.get('badge').then(({ badge }) => badge === true)"
    article = news.sailing().replace(news.origin, secure.at(HOST))

    switch(firefox, options)
    firefox.answer(yes=False)
    box = "document.getElementById('badge').checked"
    until(lambda: firefox.bidi.evaluate(options, f"!{box}"))
    assert not firefox.bidi.evaluate(options, agreed)
    assert not firefox.bidi.evaluate(options, stored)
    firefox.open(article)

    firefox.bidi.call("browsingContext.activate", context=options)
    switch(firefox, options)
    firefox.answer(yes=True)
    until(lambda: firefox.bidi.evaluate(options, stored))
    assert firefox.bidi.evaluate(options, agreed)
    assert home.relay.asked == []
    firefox.open(article)
    badge = """browser.tabs.query({ active: true })
      .then(([tab]) => browser.action.getBadgeText({ tabId: tab.id }))"""
    until(lambda: firefox.bidi.evaluate(options, badge) == "1")
    assert [asked.told["url"] for asked in home.relay.to("matches")] == [article]

    firefox.bidi.call("browsingContext.activate", context=options)
    switch(firefox, options)
    until(lambda: not firefox.bidi.evaluate(options, agreed))
    firefox.click(firefox.open(news.sailing()))
    firefox.until_told("Joe Ferraro")


def test_a_server_elsewhere_is_agreed_to(
    firefox: Firefox, demo: Sawthis, certificate: Path
) -> None:
    with at_home(demo, certificate) as home:
        options = firefox.open(firefox.url("options.html"))
        elsewhere = home.relay.at("sawthis.test")
        firefox.bidi.click(options, firefox.bidi.locate(options, "textbox", "Connection"))
        firefox.bidi.type(options, f"{elsewhere}#{home.code()}")
        pressed = firefox.bidi.locate(options, "button", "Pair")
        said = "document.getElementById('said').textContent"
        firefox.bidi.click(options, pressed)
        firefox.answer(yes=False)
        until(lambda: "permission" in firefox.bidi.evaluate(options, said))
        assert home.relay.asked == []
        firefox.bidi.click(options, pressed)
        firefox.answer(yes=True)
        until(lambda: "Paired with sawthis.test" in firefox.bidi.evaluate(options, said))
        assert home.devices() == {"Browser extension": True}
