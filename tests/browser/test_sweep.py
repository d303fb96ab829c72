"""Every page in light and dark, wide and narrow: accessible, within its policy, and on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Look
from tests.browser.watching import axe, shoot

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Scheme, Visits
    from tests.browser.serving import Server

PAGES = {
    "today": "/",
    "ideas": "/ideas",
    "people": "/people",
    "person": "/person/joe-ferraro",
    "import": "/people/import",
    "pool": "/pool",
    "feeds": "/feeds",
    "health": "/health",
    "settings": "/settings",
    "refresh": "/refresh",
    "first-steps": "/start",
}
NARROW = (320, 640)
looks = pytest.mark.parametrize(
    "look",
    [Look(size, scheme) for size in (DESKTOP, PHONE) for scheme in ("light", "dark")],
    ids=lambda look: look.name,
)


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    wanted = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return bool(wanted[0] <= wanted[1])


def too_wide(page: Page) -> list[str]:
    """What sticks out, for the message."""
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('body *')]"
        ".filter((e) => e.getBoundingClientRect().right > innerWidth + 1)"
        ".slice(0, 8).map((e) => e.outerHTML.slice(0, 160))"
    )
    return found


def check(page: Page, name: str) -> None:
    """The page as it stands: accessible, and no wider than its window."""
    shoot(page, name)
    found = axe(page)
    assert not found, "\n".join(found)
    assert fits(page), too_wide(page)


@pytest.mark.parametrize("name", PAGES)
@looks
def test_a_page(visits: Visits, demo_to_read: Server, name: str, look: Look) -> None:
    page = visits.page(demo_to_read, look)
    answer = page.goto(PAGES[name])
    assert answer is not None
    assert answer.status == 200
    assert page.get_by_role("heading", level=1).count() == 1
    if name != "first-steps":  # they are done in the demo, and no page of their own
        check(page, f"{name}-{look.name}")


@looks
def test_the_guide_of_an_empty_library(visits: Visits, empty_to_read: Server, look: Look) -> None:
    page = visits.page(empty_to_read, look)
    page.goto("/")
    assert "Welcome" in page.inner_text("h1")
    check(page, f"guide-{look.name}")


@looks
def test_the_login_page(visits: Visits, empty_to_read: Server, look: Look) -> None:
    page = visits.page(empty_to_read, look, logged_in=False)
    page.goto("/login")
    assert "sawthis login" in page.inner_text("main")
    check(page, f"login-{look.name}")
    page.goto("/login?code=whatever")
    assert page.get_by_role("button", name="Log in on this browser").is_visible()
    check(page, f"login-with-code-{look.name}")


@looks
def test_a_card_while_it_is_sent(visits: Visits, demo_to_read: Server, look: Look) -> None:
    page = visits.page(demo_to_read, look)
    page.goto("/ideas")
    card = page.locator("[data-card]").first
    opened = card.locator("button[data-key=s]")
    if opened.count() and "Send" in opened.inner_text():
        # No program opens: without a handler for mailto: the browser stays where it is.
        opened.click()
    card.get_by_role("button", name="Yes, sent").wait_for()
    check(page, f"sending-{look.name}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_that_is_not_there(visits: Visits, demo_to_read: Server, scheme: Scheme) -> None:
    page = visits.page(demo_to_read, Look(DESKTOP, scheme))
    answer = page.goto("/person/nobody-of-this-name")
    assert answer is not None
    assert answer.status == 404
    check(page, f"not-found-{scheme}")
    visits.watch(page).expect_refusals(404)


@pytest.mark.parametrize("name", PAGES)
def test_the_narrowest_screen(visits: Visits, demo_to_read: Server, name: str) -> None:
    page = visits.page(demo_to_read, Look(NARROW))
    page.goto(PAGES[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0], too_wide(page)


@pytest.mark.parametrize("name", PAGES)
def test_larger_letters(visits: Visits, demo_to_read: Server, name: str) -> None:
    page = visits.page(demo_to_read, Look(DESKTOP))
    page.goto(PAGES[name])
    page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
    assert fits(page), too_wide(page)


def test_nobody_sees_a_page_without_logging_in(visits: Visits, demo_to_read: Server) -> None:
    page = visits.page(demo_to_read, logged_in=False)
    for name, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 401, name
        text = page.inner_text("body")
        assert "Log in" in text
        assert "Ferraro" not in text
    visits.watch(page).expect_refusals(401)
