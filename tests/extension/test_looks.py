"""How the popup and the options look, in light and dark: accessible, and no wider than they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import Keyboard
from tests.browser.test_sweep import SCHEMES, too_wide
from tests.browser.watching import ARTEFACTS, axe
from tests.extension.mail import next_mail
from tests.extension.news import DIARY, HARBOUR
from tests.extension.popup import card, press, screenshot
from tests.extension.relay import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News

POPUP_PX = range(340, 421)
MOST_PX = 600
"""Browsers make no popup taller than that; what is longer is scrolled."""


def survey(page: Page, name: str) -> None:
    """A page as it stands, light and dark."""
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        screenshot(page, ARTEFACTS / f"extension-{name}-{scheme}.png")
        found += [f"{scheme}: {problem}" for problem in (*axe(page), *too_wide(page))]
    page.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("heading", level=1).count() == 1


def people(popup: Page) -> None:
    card(popup, "Joe Ferraro")


def asked(popup: Page) -> None:
    press(card(popup, "Joe Ferraro"), "Send to Joe")
    expect(popup.get_by_role("group", name="Did you send it?")).to_be_visible()


def settled(popup: Page) -> None:
    press(card(popup, "Joe Ferraro"), "Not for Joe")
    expect(popup.get_by_role("button", name="Undo")).to_be_visible()


def planned(popup: Page) -> None:
    popup.get_by_role("tab", name="Today").click()
    popup.get_by_role("tabpanel", name="Today").get_by_role("article").first.wait_for()


POPUPS: dict[str, Callable[[Page], None]] = {
    "people": people,
    "asked": asked,
    "settled": settled,
    "today": planned,
}


@pytest.mark.parametrize("name", POPUPS)
def test_the_popup(chromium: Chromium, home: Home, news: News, name: str) -> None:
    popup = chromium.click(chromium.open(news.sailing()))
    POPUPS[name](popup)
    width, height = popup.evaluate("[innerWidth, innerHeight]")
    assert width in POPUP_PX
    assert 0 < height <= MOST_PX
    survey(popup, name)


def test_a_long_name_makes_the_popup_no_wider(chromium: Chromium, home: Home, news: News) -> None:
    name = "Donaudampfschifffahrtsgesellschaftskapitänswitwe Müller"
    home.server.change("UPDATE contacts SET name = ? WHERE slug = 'joe-ferraro'", name)
    popup = chromium.click(chromium.open(news.sailing()))
    card(popup, name)
    assert popup.evaluate("innerWidth") in POPUP_PX
    survey(popup, "long-name")


@pytest.mark.parametrize("width", [360, 320])
def test_the_popup_in_a_narrow_window(
    chromium: Chromium, home: Home, news: News, width: int
) -> None:
    # Of this machine, for which no click is needed: there is none in a window of its own.
    page = chromium.open(news.sailing().replace(news.origin, news.site_base))
    chromium.watch.allowed.append(news.site_base)
    tab = chromium.worker().evaluate("chrome.tabs.query({ active: true }).then(([tab]) => tab.id)")
    window = chromium.context.new_page()
    window.set_viewport_size({"width": width, "height": 700})
    window.goto(chromium.url(f"popup.html?tab={tab}"))
    card(window, "Joe Ferraro")
    assert window.evaluate("document.documentElement.scrollWidth") == width
    assert too_wide(window) == []
    page.close()


SHIP = "رحلة بحرية (1)!"
MARYAM = {
    "contact": {"id": "1", "slug": "m", "name": "مريم (الثانية)", "first_name": "مريم"},
    "interest": SHIP, "relevance": 0.9, "span": SHIP, "reason": f"مريم: {SHIP}!",
    "last_contact": "never", "had_it": False, "note": f"مريم، {SHIP}", "suggestion_id": None,
    "status": "", "has_email": True,
}  # fmt: skip


def test_words_run_the_way_their_letters_do(chromium: Chromium, home: Home, news: News) -> None:
    planned = home.get("/plan?minutes=30")
    entry = next(one for one in planned["entries"] if one["suggestion"])
    entry.update(contact=MARYAM["contact"], why=SHIP, note=SHIP, topics=[SHIP])
    entry["suggestion"]["item"].update(title=SHIP, kind="article", url=news.origin)
    answers = {"matches": {"people": [MARYAM]}, "plan": {**planned, "entries": [entry]}}
    home.relay.instead = lambda asked: (
        200, {"Content-Type": "application/json"},
        json.dumps(answers[asked.path.rpartition("/")[2]]).encode(),
    )  # fmt: skip
    popup = chromium.click(chromium.open(news.article(SHIP, HARBOUR, DIARY)))
    expect(popup.get_by_role("article")).to_be_visible()
    runs(popup, "h2.title", "article h2", ".why p", "mark", "textarea")
    popup.get_by_role("tab", name="Today").click()
    expect(popup.get_by_role("article")).to_be_visible()
    runs(popup, "article h2", ".item a", ".why p", ".why li", "textarea")


def runs(popup: Page, *places: str) -> None:
    """See that words run from right to left."""
    for place in places:
        found = popup.locator(f"[role=tabpanel]:visible {place}")
        expect(found).to_have_css("direction", "rtl")


def test_the_popup_without_people(chromium: Chromium, home: Home, news: News) -> None:
    popup = chromium.click(chromium.open(news.bylaws()))
    popup.get_by_role("button", name="Save to pool").wait_for()
    survey(popup, "nobody")


def test_the_popup_in_trouble(chromium: Chromium, home: Home, news: News) -> None:
    home.relay.instead = lambda _: problem(500, "something went wrong " * 20)
    popup = chromium.click(chromium.open(news.sailing()))
    popup.get_by_role("button", name="Try again").wait_for()
    survey(popup, "trouble")
    chromium.forget()
    popup.close()
    popup = chromium.click(chromium.open(news.sailing()))
    popup.get_by_role("button", name="Open the options").wait_for()
    survey(popup, "unpaired")
    chromium.watch.expect_refusals(500)


@pytest.mark.parametrize("is_paired", [True, False])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_options(chromium: Chromium, home: Home, is_paired: bool, width: int) -> None:
    if not is_paired:
        chromium.forget()
    options = chromium.options()
    options.set_viewport_size({"width": width, "height": 900})
    expect(options.get_by_role("button", name="Unpair")).to_be_visible(visible=is_paired)
    press(options, "Pair")
    expect(options.locator("#said")).to_contain_text("That is not a connection")
    survey(options, f"options-{'paired' if is_paired else 'unpaired'}-{width}")


def test_by_keyboard_alone(chromium: Chromium, home: Home, news: News) -> None:
    popup = chromium.click(chromium.open(news.sailing()))
    joe = card(popup, "Joe Ferraro")
    keyboard = Keyboard(popup)
    keyboard.to(joe.get_by_role("textbox"))
    keyboard.press("Control+A")
    keyboard.type("Written without a mouse")
    with next_mail(chromium) as sent:
        keyboard.enter(joe.get_by_role("button", name="Send to Joe"))
    assert sent.mail.body == "Written without a mouse"
    keyboard.enter(joe.get_by_role("button", name="Yes, I sent it"))
    expect(joe).to_contain_text("Sent to Joe.")
    keyboard.enter(joe.get_by_role("button", name="Undo"))
    keyboard.enter(joe.get_by_role("button", name="Not yet"))
    expect(joe.get_by_role("button", name="Send to Joe")).to_be_visible()
    keyboard.enter(popup.get_by_role("button", name="Save to pool"))
    expect(popup.get_by_role("tabpanel").get_by_text("Saved to your pool.")).to_be_visible()
    keyboard.to(popup.get_by_role("tab", name="This page"))
    keyboard.press("ArrowRight")
    expect(popup.get_by_role("tab", name="Today")).to_be_focused()
    expect(popup.get_by_role("tab", name="Today", selected=True)).to_be_visible()
    popup.get_by_role("tabpanel", name="Today").get_by_role("article").first.wait_for()
    keyboard.press("Home")
    expect(popup.get_by_role("tab", name="This page", selected=True)).to_be_focused()
    assert home.statuses("joe-ferraro") == []


def test_the_focus_stays_on_the_card(chromium: Chromium, home: Home, news: News) -> None:
    popup = chromium.click(chromium.open(news.sailing()))
    joe = card(popup, "Joe Ferraro")
    for name in ("Not for Joe", "Undo", "Send to Joe", "Yes, I sent it", "Undo", "Not yet"):
        Keyboard(popup).enter(joe.get_by_role("button", name=name, exact=True))
        expect(joe.get_by_role("button", name=name, exact=True)).to_have_count(0)
        expect(joe.locator(":focus")).to_have_count(1)
