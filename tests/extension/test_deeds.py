"""What a reader does with a page, from the button in the toolbar to the row in the home."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.extension.mail import Mail, next_mail
from tests.extension.news import DIARY, STARTER
from tests.extension.popup import card, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News

JOE, MAREN = "joe-ferraro", "maren-lindqvist"
NOTE = "Grüße, Joe & co: 100 % “sail” ⛵?\n\nYours + mine = ours; see #3\nhttp://x.test/?a=1&b=2"


def asked_about(chromium: Chromium, url: str) -> Page:
    """The popup over a page."""
    return chromium.click(chromium.open(url))


def test_who_would_enjoy_it(chromium: Chromium, home: Home, news: News) -> None:
    before = home.server.dump()
    popup = asked_about(chromium, news.sailing())
    joe = card(popup, "Joe Ferraro")
    expect(joe).to_contain_text(re.compile(r"(Very good|Good|Fair) fit\s*\d\d\s?%"))
    expect(joe).to_contain_text("You last wrote 6 weeks ago")
    assert joe.locator("mark, q").inner_text() in DIARY
    expect(popup.get_by_role("heading", name="Three weeks under sail")).to_be_visible()
    expect(popup.get_by_role("status")).to_have_text("One person would enjoy this.")
    assert home.server.dump() == before


def test_what_is_selected_counts_more(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.mixed())
    popup = chromium.click(page)
    expect(popup.get_by_role("article").first).to_have_accessible_name("Joe Ferraro")
    popup.close()
    page.get_by_text(STARTER).click(click_count=3)
    popup = chromium.click(page)
    expect(popup.get_by_role("article").first).to_have_accessible_name("Maren Lindqvist")
    whole, part = home.relay.to("matches")
    assert whole.told["selection"] == ""
    assert part.told["selection"] == STARTER
    assert part.told["text"] == whole.told["text"]


def test_sending(chromium: Chromium, home: Home, news: News) -> None:
    url = news.sailing()
    page = chromium.open(url)
    popup = chromium.click(page)
    joe = card(popup, "Joe Ferraro")
    joe.get_by_role("textbox", name="Your note to Joe").fill(NOTE)
    with next_mail(chromium) as sent:
        press(joe, "Send to Joe")
    assert sent.mail == Mail("joe@ferraro.example", "Three weeks under sail", NOTE)
    expect(joe.get_by_role("group", name="Did you send it?")).to_be_visible()
    assert home.statuses(JOE) == ["opened"]
    assert home.touches(JOE) == []
    assert home.kept(url) == ["Three weeks under sail"]
    assert page.url == url
    press(joe, "Yes, I sent it")
    expect(joe).to_contain_text("Sent to Joe.")
    assert home.statuses(JOE) == ["opened", "sent"]
    assert [kind for kind, _ in home.touches(JOE)] == ["sent"]
    press(joe, "Undo")
    expect(joe.get_by_role("group", name="Did you send it?")).to_be_visible()
    assert home.statuses(JOE) == ["opened"]
    assert home.touches(JOE) == []


def test_not_yet_takes_nothing_back_that_was_sent_elsewhere(
    chromium: Chromium, home: Home, news: News
) -> None:
    url = news.sailing()
    joe = card(asked_about(chromium, url), "Joe Ferraro")
    home.post(f"/contacts/{home.id_of(JOE)}/shares", url=url, title="x", status="sent")
    with next_mail(chromium):
        press(joe, "Send to Joe")
    press(joe, "Not yet")
    expect(joe.get_by_role("button", name="Send to Joe")).to_be_visible()
    assert home.statuses(JOE) == ["sent"]
    assert [kind for kind, _ in home.touches(JOE)] == ["sent"]


def test_a_popup_that_was_closed_asks_when_it_is_back(
    chromium: Chromium, home: Home, news: News
) -> None:
    page = chromium.open(news.sailing())
    popup = chromium.click(page)
    with next_mail(chromium):
        press(card(popup, "Joe Ferraro"), "Send to Joe")
    popup.close()
    popup = chromium.click(page)
    joe = card(popup, "Joe Ferraro")
    press(joe, "Not yet")
    expect(joe.get_by_role("button", name="Send to Joe")).to_be_visible()
    assert home.statuses(JOE) == []
    with next_mail(chromium):
        press(joe, "Send to Joe")
    popup.close()
    popup = chromium.click(page)
    joe = card(popup, "Joe Ferraro")
    press(joe, "Yes, I sent it")
    expect(joe).to_contain_text("Sent to Joe.")
    popup.close()
    popup = chromium.click(page)
    expect(card(popup, "Joe Ferraro")).to_contain_text("Joe has had this from you.")
    expect(popup.get_by_role("button", name="Send to Joe")).to_have_count(0)
    assert home.statuses(JOE) == ["opened", "sent"]


def test_a_note_that_was_begun_is_still_there(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.sailing())
    for begun in ("Dear Joe", "Dear Joe, do you remember …"):
        popup = chromium.click(page)
        note = card(popup, "Joe Ferraro").get_by_role("textbox", name="Your note to Joe")
        note.fill(begun)
        popup.close()
        popup = chromium.click(page)
        note = card(popup, "Joe Ferraro").get_by_role("textbox", name="Your note to Joe")
        expect(note).to_have_value(begun)
        popup.close()
    popup = chromium.click(page)
    joe = card(popup, "Joe Ferraro")
    with next_mail(chromium) as sent:
        press(joe, "Send to Joe")
    assert sent.mail.body == "Dear Joe, do you remember …"
    assert "Dear Joe" not in str(chromium.stored())
    assert "Dear Joe" not in home.server.dump()


def test_a_double_click_sends_once(chromium: Chromium, home: Home, news: News) -> None:
    popup = asked_about(chromium, news.sailing())
    joe = card(popup, "Joe Ferraro")
    home.relay.flowing.clear()  # the first answer is still out when the second click comes
    with next_mail(chromium):
        joe.get_by_role("button", name="Send to Joe").dblclick(force=True)
        home.relay.flowing.set()
    press(joe, "Yes, I sent it")
    expect(joe).to_contain_text("Sent to Joe.")
    path = f"contacts/{home.id_of(JOE)}/shares"
    assert len(home.relay.to(path)) == 1
    assert home.statuses(JOE) == ["opened", "sent"]
    assert len(home.touches(JOE)) == 1


def test_an_answer_that_got_lost_is_asked_for_again(
    chromium: Chromium, home: Home, news: News
) -> None:
    popup = asked_about(chromium, news.sailing())
    joe = card(popup, "Joe Ferraro")
    home.relay.lose_one = True
    press(joe, "Send to Joe")
    expect(joe.get_by_role("alert")).to_contain_text("No answer from")
    assert home.statuses(JOE) == ["opened"]
    with next_mail(chromium):
        press(joe, "Send to Joe")
    expect(joe.get_by_role("group", name="Did you send it?")).to_be_visible()
    first, second = home.relay.to(f"contacts/{home.id_of(JOE)}/shares")
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert len(first.headers["Idempotency-Key"]) == 36
    assert home.statuses(JOE) == ["opened"]
    chromium.watch.forgive()


def test_not_for_joe(chromium: Chromium, home: Home, news: News) -> None:
    popup = asked_about(chromium, news.sailing())
    joe = card(popup, "Joe Ferraro")
    press(joe, "Not for Joe")
    expect(joe).to_contain_text("Not for Joe: noted.")
    assert home.statuses(JOE) == ["dismissed"]
    press(joe, "Undo")
    expect(joe.get_by_role("button", name="Send to Joe")).to_be_visible()
    assert home.statuses(JOE) == []
    press(joe, "Not for Joe")
    expect(joe).to_contain_text("Not for Joe: noted.")
    popup.close()
    popup = asked_about(chromium, news.sailing())
    expect(popup.get_by_text("Nobody yet. Save it?").first).to_be_visible()


def test_saving_to_the_pool(chromium: Chromium, home: Home, news: News) -> None:
    url = news.bylaws()
    for _ in range(2):
        popup = asked_about(chromium, f"{url}#part-2")
        press(popup, "Save to pool")
        expect(popup.get_by_text("Saved to your pool.").first).to_be_visible()
        popup.close()
    assert home.kept(url) == ["Amended bylaws"]


def pasted(page: Page) -> str:
    """What the reader would put into a letter now."""
    page.bring_to_front()
    page.evaluate("document.body.append(document.createElement('textarea'))")
    letter = page.get_by_role("textbox")
    letter.press("Control+V")
    return letter.input_value()


def test_somebody_without_an_address(chromium: Chromium, home: Home, news: News) -> None:
    home.server.change("UPDATE contacts SET emails = '[]' WHERE slug = ?", JOE)
    page = chromium.open(news.bylaws())
    popup = asked_about(chromium, news.sailing())
    joe = card(popup, "Joe Ferraro")
    joe.get_by_role("textbox").fill(NOTE)
    press(joe, "Copy the note for Joe")
    expect(joe.get_by_role("group", name="Did you send it?")).to_be_visible()
    assert NOTE in pasted(page)
    assert chromium.watch.programs == []
    assert home.statuses(JOE) == ["opened"]


def test_only_a_mail_link_is_opened(chromium: Chromium, home: Home, news: News) -> None:
    url = news.sailing()
    page = chromium.open(url)
    popup = chromium.click(page)
    joe = card(popup, "Joe Ferraro")
    for draft in ("javascript:alert(1)", "https://elsewhere.test/", "mailto:joe@x.test\nx", ""):
        home.relay.draft = draft
        press(joe, "Send to Joe")
        expect(joe.get_by_role("button", name="Open the mail again")).to_be_visible()
        expect(joe.get_by_role("alert")).to_contain_text("not a link to your mail program")
        press(joe, "Not yet")
    assert page.url == url
    assert chromium.watch.programs == []
