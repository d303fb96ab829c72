"""What a person does on the page, from the first run to what was sent; with and without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import expect

from recommender.demo.server import serve_demo
from recommender.wiring import utc_now
from tests.browser.conftest import Look
from tests.browser.keyboard import Keyboard
from tests.browser.serving import serving
from tests.browser.watching import axe, shoot
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Visits
    from tests.browser.serving import Server
    from tests.conftest import Sawthis

NOTE = "Ahoj Zoë,\nžluťoučký kůň 🐎 & 100 % “so”?\n\n<b>Yours</b>\nEd"
REFRESH_MS = 60_000
with_and_without_scripts = pytest.mark.parametrize(
    "look", [Look(), Look(scripts=False)], ids=["with-scripts", "without-scripts"]
)


@pytest.fixture
def feeds() -> Iterator[str]:
    """The demo's feeds on loopback."""
    with serve_demo(utc_now(), port=0) as base_url:
        yield base_url


@pytest.fixture
def new_server(sawthis: Sawthis, feeds: str) -> Iterator[Server]:
    """The service on an empty library that may read the feeds on loopback."""
    sawthis.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = feeds.removeprefix("http://")
    sawthis.environment["SAWTHIS_FULL_TEXT"] = "0"
    with serving(sawthis) as started:
        yield started


@pytest.fixture
def server(demo: Sawthis) -> Iterator[Server]:
    """The service on a demo with minutes enough for everybody, whoever chance puts first."""
    demo.ok("prefs", "set", "minutes", "120")
    with serving(demo) as started:
        yield started


def said(page: Page, text: str) -> None:
    """The page says this, to be seen."""
    expect(page.get_by_text(text).first).to_be_visible()


def card_with_item(page: Page) -> tuple[Locator, str]:
    """(card, id of its suggestion): one on Today that offers an item."""
    send = page.get_by_role("button", name=re.compile("^Send to "))
    ref = page.locator("[data-card]").filter(has=send).first.get_attribute("id")
    assert ref is not None
    return page.locator(f"#{ref}"), ref.removeprefix("card-")


def statuses(server: Server, ref: str) -> list[str]:
    """What became of a suggestion, oldest first."""
    sql = "SELECT status FROM status_events WHERE suggestion_id = ? ORDER BY id"
    return [status for (status,) in server.rows(sql, ref)]


def touches(server: Server, ref: str) -> list[tuple[str, str]]:
    """(kind, direction) of what is logged for a suggestion."""
    return server.rows("SELECT kind, direction FROM touches WHERE suggestion_id = ?", ref)


@with_and_without_scripts
def test_from_the_first_run_to_the_first_suggestion(
    visits: Visits, new_server: Server, feeds: str, look: Look
) -> None:
    page = visits.page(new_server, look)
    keys = Keyboard(page)
    page.goto("/")
    said(page, "Welcome to Sawthis")
    for name, email, interests in (
        ("Joe Ferraro", "joe@ferraro.example", "sailing, weather history"),
        ("Maren Lindqvist", "", "sourdough baking; not golf"),
    ):
        keys.to(page.get_by_label("Name"))
        keys.type(name)
        keys.press("Tab")
        keys.type(email)
        keys.press("Tab")
        keys.type(interests)
        keys.press("Enter")
        said(page, f"{name} is in.")
    assert new_server.rows("SELECT name, polarity FROM contacts JOIN interests"
                           " ON contacts.id = contact_id WHERE phrase = 'golf'") == [
        ("Maren Lindqvist", "avoid")
    ]  # fmt: skip
    for feed in ("open-water", "kitchen-almanac"):
        keys.to(page.get_by_label("Or any site or feed"))
        keys.type(f"{feeds}/{feed}")
        keys.press("Enter")
        said(page, "Added: ")
    assert len(new_server.rows("SELECT id FROM feeds")) == 2
    shoot(page, f"first-steps-{look.name}")
    keys.enter(page.get_by_role("button", name="Find something for them"))
    _until_done(page, keys, look)
    keys.enter(page.get_by_role("link", name="See today"))
    page.wait_for_url("**/")
    expect(page.get_by_role("link", name="Joe Ferraro").first).to_be_visible()
    said(page, "interested in")
    shoot(page, f"first-suggestion-{look.name}")
    card, ref = card_with_item(page)
    keys.enter(card.get_by_role("button", name=re.compile("^Send to ")))
    keys.enter(page.get_by_role("button", name="Yes, sent"))
    said(page, "Sent to ")
    assert statuses(new_server, ref) == ["opened", "sent"]
    assert touches(new_server, ref) == [("sent", "out")]


def _until_done(page: Page, keys: Keyboard, look: Look) -> None:
    """Wait for the first refresh, as one does."""
    done = page.get_by_role("link", name="See today")
    if look.scripts:
        done.wait_for(timeout=REFRESH_MS)
        return
    for _ in range(120):
        if done.count():
            return
        keys.enter(page.get_by_role("link", name="Look again"))
        page.wait_for_timeout(500)
    raise AssertionError(f"the refresh did not end: {page.inner_text('main')}")


@with_and_without_scripts
def test_send_opens_a_mail_and_yes_logs_it(
    page: Page, visits: Visits, server: Server, look: Look
) -> None:
    page.goto("/")
    card, ref = card_with_item(page)
    ((email,),) = server.rows(
        "SELECT json_extract(emails, '$[0]') FROM contacts JOIN matches"
        " ON contacts.id = contact_id WHERE suggestion_id = ? LIMIT 1",
        ref,
    )
    card.get_by_label("Your note").fill(NOTE)
    card.get_by_role("button", name=re.compile("^Send to ")).click()
    mail = page.get_by_role("button", name="Open in your mail program")
    link = mail.get_attribute("href") or ""
    assert unquote(urlsplit(link).path) == email
    assert parse_qs(urlsplit(link).query)["body"] == [NOTE.replace("\n", "\r\n")]
    assert "%0D%0A%0D%0A" in link
    assert "+" not in link
    assert statuses(server, ref) == ["opened"]
    assert touches(server, ref) == []
    if look.scripts:
        expect(mail).to_be_focused()
        assert visits.watch(page).until_program_opens(page) == link
    page.get_by_role("button", name="Yes, sent").click()
    said(page, "Sent to ")
    assert statuses(server, ref) == ["opened", "sent"]
    assert touches(server, ref) == [("sent", "out")]
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_role("button", name="Yes, sent").first).to_be_visible()
    assert statuses(server, ref) == ["opened"]
    assert touches(server, ref) == []
    page.get_by_role("button", name="Not yet").first.click()
    # Other cards have such a button, too: what became of this one says that it was heard.
    until(lambda: statuses(server, ref) == [])
    expect(page.get_by_role("button", name=re.compile("^Send to ")).first).to_be_visible()


@with_and_without_scripts
@pytest.mark.parametrize(
    ("button", "status", "words"),
    [("Later", "snoozed", "Put off for a week"), ("Skip", "dismissed", "Skipped: ")],
)
def test_later_and_skip_and_undo(
    page: Page, server: Server, button: str, status: str, words: str
) -> None:
    page.goto("/")
    card, ref = card_with_item(page)
    title = card.locator(".title").inner_text()
    card.get_by_role("button", name=button).click()
    said(page, words)
    assert statuses(server, ref) == [status]
    ((until,),) = server.rows(
        "SELECT julianday(until) - julianday(at) FROM status_events WHERE suggestion_id = ?", ref
    )
    assert until == (pytest.approx(7, abs=0.1) if status == "snoozed" else None)
    page.get_by_role("button", name="Undo").first.click()
    expect(page.locator(f"#card-{ref} .title")).to_have_text(title)
    assert statuses(server, ref) == []


def test_another_takes_the_place_of_what_was_skipped(page: Page, server: Server) -> None:
    page.goto("/")
    card, ref = card_with_item(page)
    name = card.get_by_role("heading", level=2).inner_text()
    before = page.locator("[data-card]").count()
    card.get_by_role("button", name="Skip").click()
    said(page, "Skipped: ")
    expect(page.locator("[data-card]")).to_have_count(before)
    assert page.locator("[data-card]").filter(has_text=name).count() == 1
    page.reload()
    assert page.locator(f"#card-{ref}").count() == 0


def test_keys_go_from_card_to_card(page: Page) -> None:
    page.goto("/")
    cards = page.locator("[data-card]")
    assert cards.count() > 2
    page.keyboard.press("j")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(cards.nth(2)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("k")
    expect(cards.nth(0)).to_be_focused()


def test_keys_send_put_off_skip_and_take_back(page: Page, server: Server) -> None:
    page.goto("/")
    card, ref = card_with_item(page)
    focused = page.locator("[data-card]:focus-within")
    card.focus()
    for key, status in (("l", "snoozed"), ("x", "dismissed")):
        page.keyboard.press(key)
        card.wait_for(state="detached")
        assert statuses(server, ref) == [status]
        expect(focused).to_be_visible()  # what took its place is ready for keys
        page.keyboard.press("u")
        expect(card).to_be_focused()
        assert statuses(server, ref) == []
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Open in your mail program")).to_be_focused()
    page.keyboard.press("s")
    expect(card.get_by_role("button", name="Undo")).to_be_focused()
    assert statuses(server, ref) == ["opened", "sent"]
    expect(page.locator("#live")).to_contain_text("Sent to ")
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Yes, sent")).to_be_visible()
    assert statuses(server, ref) == ["opened"]
    assert touches(server, ref) == []


def test_keys_are_letters_in_a_field_and_can_be_switched_off(page: Page, server: Server) -> None:
    page.goto("/")
    card, ref = card_with_item(page)
    note = card.get_by_label("Your note")
    note.focus()
    page.keyboard.press("End")
    page.keyboard.type("jkslxu?")
    assert "jkslxu?" in note.input_value()
    assert statuses(server, ref) == []
    card.focus()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog")
    expect(keys).to_be_visible()
    found = axe(page)
    assert not found, "\n".join(found)
    shoot(page, "keys")
    keys.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    for _ in range(2):
        card.focus()
        page.keyboard.press("x")
        page.keyboard.press("j")
        expect(card).to_be_focused()
        assert statuses(server, ref) == []
        page.reload()  # a browser remembers it


def test_a_link_logs_in_one_browser_once(visits: Visits, server: Server) -> None:
    url = server.login_url()
    first = visits.page(server, logged_in=False)
    first.goto(url)
    first.reload()  # looking does not use it up
    first.get_by_role("button", name="Log in on this browser").click()
    expect(first.locator("[data-card]").first).to_be_visible()
    (cookie,) = [one for one in first.context.cookies() if one["name"] == "sawthis"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    second = visits.page(server, logged_in=False)
    second.goto(url)
    second.get_by_role("button", name="Log in on this browser").click()
    said(second, "That link is used up")
    assert second.goto("/people") is not None
    assert "Ferraro" not in second.inner_text("body")
    visits.watch(second).expect_refusals(401, 403)
