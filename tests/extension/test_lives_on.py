"""The extension after the browser stopped its worker, and after the browser itself was closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.extension.mail import next_mail
from tests.extension.popup import card, press

if TYPE_CHECKING:
    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News

JOE = "joe-ferraro"
# Nothing answers where there is an entry of that name: Chromium refuses a second one.
ADD_AGAIN = """() => new Promise((resolve) => chrome.contextMenus.create(
  { id: "who", title: "x" }, () => resolve(chrome.runtime.lastError?.message ?? "added")))"""
MENU = """(tabId) => chrome.tabs.get(tabId).then(
  (tab) => chrome.contextMenus.onClicked.dispatch({ menuItemId: "who" }, tab))"""
FRONT = "() => chrome.tabs.query({ active: true }).then(([tab]) => tab.id)"


def test_the_context_menu_has_an_entry(chromium: Chromium, home: Home, news: News) -> None:
    assert "duplicate id who" in chromium.options().evaluate(ADD_AGAIN)
    page = chromium.open(news.sailing())
    page.get_by_role("heading").click()
    worker = chromium.worker()
    with chromium.context.expect_page(lambda opened: "/popup.html" in opened.url):
        worker.evaluate(MENU, worker.evaluate(FRONT))


def test_keys_are_suggested(chromium: Chromium) -> None:
    options = chromium.options()
    expect(options.get_by_text("Alt+Shift+S opens it over the page you read.")).to_be_visible()


def test_after_the_worker_was_stopped(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.sailing())
    popup = chromium.click(page)
    with next_mail(chromium):
        press(card(popup, "Joe Ferraro"), "Send to Joe")
    popup.close()
    chromium.stop_worker()
    popup = chromium.click(page)
    joe = card(popup, "Joe Ferraro")
    press(joe, "Yes, I sent it")
    expect(joe).to_contain_text("Sent to Joe.")
    assert home.statuses(JOE) == ["opened", "sent"]
    assert "duplicate id who" in chromium.options().evaluate(ADD_AGAIN)


def test_after_a_restart_of_the_browser(chromium: Chromium, home: Home, news: News) -> None:
    stored, url = chromium.stored(), news.sailing()
    popup = chromium.click(chromium.open(url))
    press(card(popup, "Joe Ferraro"), "Not for Joe")
    expect(popup.get_by_role("button", name="Undo")).to_be_visible()
    chromium.restart()
    chromium.watch.allowed += [news.origin, home.relay.base]
    assert chromium.stored() == stored
    popup = chromium.click(chromium.open(news.mixed()))
    expect(popup.get_by_role("article").or_(popup.locator("[data-state]")).first).to_be_visible()
    assert home.relay.to("matches")[-1].told["url"] == news.mixed()
    assert "duplicate id who" in chromium.options().evaluate(ADD_AGAIN)
