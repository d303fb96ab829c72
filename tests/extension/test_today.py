"""The second tab: today's plan, done from where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.extension.mail import next_mail
from tests.extension.popup import press

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News


@pytest.fixture
def popup(chromium: Chromium, home: Home, news: News) -> Page:
    """The popup with a plan of half an hour, so that there is something to send."""
    home.get("/plan?minutes=30")
    return today(chromium, news)


def today(chromium: Chromium, news: News) -> Page:
    """The popup's second tab."""
    opened = chromium.click(chromium.open(news.bylaws()))
    opened.get_by_role("tab", name="Today").click()
    expect(opened.get_by_role("tabpanel", name="Today")).to_be_visible()
    return opened


def entries(home: Home, action: str = "") -> list[dict[str, Any]]:
    """What the service has for today and is not done."""
    found = home.get("/plan")["entries"]
    return [
        one for one in found if one["state"] == "open" and (not action or one["action"] == action)
    ]


def card_of(popup: Page, entry: dict[str, Any]) -> Locator:
    found = popup.get_by_role("article", name=entry["contact"]["name"])
    expect(found).to_be_visible()
    return found


def open_note(card: Locator) -> None:
    """Open the note, as the reader would: only the first card of a plan has it open already."""
    note = card.locator("details.note")
    if not note.evaluate("note => note.open"):
        note.locator("summary").click()


def test_the_plan_is_the_service_s(popup: Page, home: Home) -> None:
    wanted = entries(home)
    assert wanted
    cards = popup.get_by_role("article")
    expect(cards).to_have_count(len(wanted))
    for at, entry in enumerate(wanted):
        expect(cards.nth(at)).to_have_accessible_name(entry["contact"]["name"])
        expect(cards.nth(at)).to_contain_text(entry["why"])


def test_sending_what_is_planned(popup: Page, chromium: Chromium, home: Home) -> None:
    entry = entries(home, "send")[0]
    contact = entry["contact"]
    card = card_of(popup, entry)
    open_note(card)
    card.get_by_role("textbox").fill("Good morning!\nÄ & B")
    with next_mail(chromium) as sent:
        card.get_by_role("button", name="Send to").click()
    assert sent.mail.body == "Good morning!\nÄ & B"
    assert sent.mail.to == home.address_of(contact["slug"])
    assert home.statuses(contact["slug"]) == ["opened"]
    press(card, "Yes, I sent it")
    expect(card).to_contain_text("Sent to")
    assert home.statuses(contact["slug"]) == ["opened", "sent"]
    assert len(home.touches(contact["slug"])) == 1
    assert contact["id"] not in [one["contact"]["id"] for one in entries(home)]
    press(card, "Undo")
    expect(card.get_by_role("group", name="Did you send it?")).to_be_visible()
    assert home.touches(contact["slug"]) == []


def test_a_hello_that_was_opened_is_asked_about(
    popup: Page, chromium: Chromium, home: Home, news: News
) -> None:
    entry = entries(home, "hello")[0]
    contact = entry["contact"]
    send = f"Send to {contact['first_name']}"

    def back(before: Page) -> tuple[Page, Locator]:
        before.close()
        opened = today(chromium, news)
        return opened, card_of(opened, entry)

    card = card_of(popup, entry)
    for answer in ("Not yet", "Yes, I sent it"):
        with next_mail(chromium):
            press(card, send)
        expect(card.get_by_role("group", name="Did you send it?")).to_be_visible()
        popup, card = back(popup)
        press(card, answer)
        if answer == "Not yet":
            popup, card = back(popup)
    expect(card).to_contain_text("Sent to")
    press(card, "Undo")
    expect(card.get_by_role("group", name="Did you send it?")).to_be_visible()
    popup, card = back(popup)
    press(card, "Yes, I sent it")
    expect(card).to_contain_text("Sent to")
    assert chromium.options().evaluate("chrome.storage.session.get()") == {}
    assert contact["id"] not in [one["contact"]["id"] for one in entries(home)]


def test_not_today(popup: Page, home: Home) -> None:
    entry = entries(home)[0]
    card = card_of(popup, entry)
    press(card, "Not today")
    expect(card).to_contain_text("left out today")
    assert entry["contact"]["id"] not in [one["contact"]["id"] for one in entries(home)]
    press(card, "Undo")
    expect(card.get_by_role("button", name="Not today")).to_be_visible()
    assert entry["contact"]["id"] in [one["contact"]["id"] for one in entries(home)]


def test_nothing_left(popup: Page, chromium: Chromium, home: Home, news: News) -> None:
    for entry in entries(home):
        press(card_of(popup, entry), "Not today")
        expect(card_of(popup, entry)).to_contain_text("left out today")
    popup.close()
    expect(
        today(chromium, news).get_by_role("heading", name="Nothing is left for today")
    ).to_be_visible()
