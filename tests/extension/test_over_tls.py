"""What needs the reader's consent: the number on the button, and a server elsewhere.

Chromium asks for consent in a window of its own that nothing but a hand can press. So it is given
beforehand: in the same profile the extension once had the optional hosts as required ones, which
Chromium remembers when the manifest is again as it is shipped. Firefox's question is answered in
test_firefox.py.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import BROWSERS, PATIENCE_MS
from tests.extension import programs
from tests.extension.chromium import STEP_MS, Chromium
from tests.extension.conftest import EXTENSION
from tests.extension.home import at_home
from tests.extension.news import HOST
from tests.extension.popup import card, press
from tests.extension.relay import relaying

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page, Playwright

    from tests.conftest import Sawthis
    from tests.extension.home import Home
    from tests.extension.news import News
    from tests.extension.relay import Relay

AGREED = "() => chrome.permissions.contains({ origins: ['https://*/*'] })"
BADGE = """() => chrome.tabs.query({ active: true })
  .then(([tab]) => chrome.action.getBadgeText({ tabId: tab.id }))"""
AWAY = "sawthis.test"
LONG_ENOUGH_MS = 1500
"""The badge is counted when a page has been still for 0.7 s."""


@pytest.fixture
def running(playwright: Playwright, tmp_path: Path) -> Iterator[Chromium]:
    """A browser whose reader has agreed to all that the extension may ask for, as yet."""
    extension = tmp_path / "extension"
    shutil.copytree(EXTENSION, extension)
    shipped = (extension / "manifest.json").read_bytes()
    manifest = json.loads(shipped)
    manifest["host_permissions"] += [*manifest["optional_host_permissions"], f"https://{AWAY}/*"]
    (extension / "manifest.json").write_text(json.dumps(manifest))
    executable = programs.needed("Chromium", BROWSERS)
    started = Chromium(
        playwright, executable, extension, tmp_path / "profile", "--ignore-certificate-errors"
    )
    started.close()
    (extension / "manifest.json").write_bytes(shipped)
    started.start()
    yield started
    started.close()


def until_badge(chromium: Chromium, page: Page, wanted: str) -> None:
    """Wait for a number over a page; the worker isn't asked, for it may be asleep."""
    options = chromium.options()
    page.bring_to_front()
    for _ in range(PATIENCE_MS // STEP_MS):
        if options.evaluate(BADGE) == wanted:
            break
        options.wait_for_timeout(STEP_MS)
    assert options.evaluate(BADGE) == wanted
    options.close()
    page.bring_to_front()


def switch(chromium: Chromium, *, on: bool) -> None:
    """Turn the badge on or off, as a reader does."""
    options = chromium.options()
    options.get_by_role("checkbox").set_checked(on)
    words = "each page you look at is sent" if on else "nothing is sent until you press"
    expect(options.locator("#said")).to_contain_text(words)
    options.close()


@pytest.fixture
def article(chromium: Chromium, news: News, secure: Relay) -> str:
    """The address of an article over TLS."""
    chromium.watch.allowed.append(secure.at(HOST))
    return news.sailing().replace(news.origin, secure.at(HOST))


def test_the_badge(chromium: Chromium, home: Home, news: News, article: str) -> None:
    assert not chromium.options().get_by_role("checkbox").is_checked()
    chromium.open(article)
    switch(chromium, on=True)
    assert home.relay.asked == []
    page = chromium.open(article)
    until_badge(chromium, page, "1")
    assert [asked.told["url"] for asked in home.relay.to("matches")] == [article]
    page.goto(news.bylaws().replace(news.origin, article.removesuffix("/sailing")))
    until_badge(chromium, page, "")
    chromium.stop_worker()
    page = chromium.open(article)
    until_badge(chromium, page, "1")


def test_the_badge_turned_off(chromium: Chromium, home: Home, article: str) -> None:
    switch(chromium, on=True)
    options = chromium.options()
    assert options.evaluate(AGREED)
    page = chromium.open(article)
    until_badge(chromium, page, "1")
    switch(chromium, on=False)
    page.bring_to_front()
    assert options.evaluate(BADGE) == ""
    assert not options.evaluate(AGREED)
    home.relay.asked.clear()
    page = chromium.open(article)
    page.wait_for_timeout(LONG_ENOUGH_MS)
    assert home.relay.asked == []
    card(chromium.click(page), "Joe Ferraro")


def test_unpairing_ends_the_badge(chromium: Chromium, home: Home, news: News, article: str) -> None:
    switch(chromium, on=True)
    page = chromium.open(article)
    until_badge(chromium, page, "1")
    options = chromium.options()
    press(options, "Unpair")
    expect(options.locator("#said")).to_contain_text("revoked and forgotten")
    ended(options, page)
    options.get_by_label("Connection").fill(home.connection())
    press(options, "Pair")
    expect(options.locator("#said")).to_contain_text("Paired with 127.0.0.1")
    home.relay.asked.clear()
    chromium.open(article).wait_for_timeout(LONG_ENOUGH_MS)
    assert home.relay.asked == []


def test_another_server_is_sent_no_page_by_itself(
    chromium: Chromium, home: Home, news: News, article: str
) -> None:
    switch(chromium, on=True)
    page = chromium.open(article)
    until_badge(chromium, page, "1")
    options = chromium.options()
    options.get_by_label("Connection").fill(home.connection())
    press(options, "Pair")
    expect(options.locator("#said")).to_contain_text("Paired with 127.0.0.1")
    expect(options.get_by_role("checkbox")).to_be_checked()  # the same server, paired anew
    with relaying(home.server.base) as other:
        chromium.watch.allowed.append(other.base)
        options.get_by_label("Connection").fill(f"{other.base}#{home.code()}")
        press(options, "Pair")
        expect(options.locator("#said")).to_contain_text(f"Paired with {other.base[7:]}")
        ended(options, page)
        other.asked.clear()
        chromium.open(article).wait_for_timeout(LONG_ENOUGH_MS)
        assert other.asked == []


def ended(options: Page, page: Page) -> None:
    """See that the badge is off: its box, its number, and what was allowed for it."""
    expect(options.get_by_role("checkbox")).not_to_be_checked()
    for _ in range(PATIENCE_MS // STEP_MS):
        if not options.evaluate(AGREED):
            break
        options.wait_for_timeout(STEP_MS)
    assert not options.evaluate(AGREED)
    page.bring_to_front()
    assert options.evaluate(BADGE) == ""


def test_a_server_elsewhere(
    chromium: Chromium, demo: Sawthis, certificate: Path, news: News
) -> None:
    with at_home(demo, certificate) as home:
        elsewhere = home.relay.at(AWAY)
        chromium.watch.allowed.append(elsewhere)
        options = chromium.options()
        options.get_by_label("Connection").fill(f"{elsewhere}#{home.code()}")
        press(options, "Pair")
        expect(options.locator("#said")).to_contain_text("Paired with sawthis.test")
        assert chromium.stored()["server"] == elsewhere
        card(chromium.click(chromium.open(news.sailing())), "Joe Ferraro")
        press(options, "Unpair")
        expect(options.locator("#said")).to_contain_text("revoked")
        assert home.devices() == {"Browser extension": False}
        assert not options.evaluate(
            "(host) => chrome.permissions.contains({ origins: [`https://${host}/*`] })", AWAY
        )
