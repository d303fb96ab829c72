"""Every page in light and dark, wide and narrow: accessible, within its policy, and on its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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
    "people-found": "/people?q=jo",
    "person": "/person/joe-ferraro",
    "person-without-a-touch": "/person/grace-whitcombe",
    "erase": "/person/joe-ferraro/erase",
    "import": "/people/import",
    "duplicates": "/people/duplicates",
    "merge": "/people/merge?keep=joe-ferraro&other=sam-adeyemi",
    "pool": "/pool",
    "pool-found": "/pool?q=sailing",
    "feeds": "/feeds",
    "catalogue": "/feeds/catalogue",
    "health": "/health",
    "settings": "/settings",
    "digest": "/settings/digest",
    "refresh": "/refresh",
    "first-steps": "/start",
}
NARROW = (320, 640)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LETTERS = "document.documentElement.style.setProperty('font-size', '200%')"
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
STICKS_OUT = """() => [...document.querySelectorAll('body *')]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 6).map((e) => e.outerHTML.slice(0, 160))"""


def survey(page: Page, name: str) -> None:
    """The page as it stands, in every look: accessible, and no wider than its window.

    Neither on the narrowest screen, nor with letters twice as large.
    """
    found = [
        f"{scheme}, {size[0]} px wide: {problem}"
        for size in (DESKTOP, PHONE)
        for scheme in SCHEMES
        for problem in looked_at(page, name, size, scheme)
    ]
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    found += too_wide(page)
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    page.evaluate(LETTERS)
    found += too_wide(page)
    assert not found, "\n".join(found)


def looked_at(page: Page, name: str, size: tuple[int, int], scheme: Scheme) -> list[str]:
    """What is wrong in one look; what does not hang on colours is asked once a size."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour half way
    shoot(page, f"{name}-{scheme}-{size[0]}")
    return [*axe(page, colours_only=scheme == "dark"), *too_wide(page)]


def too_wide(page: Page) -> list[str]:
    """What has to be scrolled for sideways."""
    wanted, there = page.evaluate(WIDTHS)
    if wanted <= there:
        return []
    return [f"{wanted} px want to be seen in {there}: {page.evaluate(STICKS_OUT)}"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page(visits: Visits, demo_to_read: Server, name: str) -> None:
    page = visits.page(demo_to_read)
    answer = page.goto(PAGES[name])
    assert answer is not None
    assert answer.status == 200
    assert page.get_by_role("heading", level=1).count() == 1
    survey(page, name)


def test_the_guide_of_an_empty_library(visits: Visits, empty_to_read: Server) -> None:
    page = visits.page(empty_to_read)
    page.goto("/")
    assert "Welcome" in page.inner_text("h1")
    survey(page, "guide")


def test_the_login_page(visits: Visits, empty_to_read: Server) -> None:
    page = visits.page(empty_to_read, logged_in=False)
    page.goto("/login")
    assert "sawthis login" in page.inner_text("main")
    survey(page, "login")
    page.goto("/login?code=whatever")
    assert page.get_by_role("button", name="Log in on this browser").is_visible()
    survey(page, "login-with-code")


def test_a_card_while_it_is_sent(visits: Visits, demo_to_read: Server) -> None:
    plain = visits.page(demo_to_read, Look(scripts=False))
    plain.goto("/ideas")
    plain.get_by_role("button", name=re.compile("^Send to ")).first.click()
    page = visits.page(demo_to_read)  # axe is a script
    for name, path in (
        ("sending-alone", urlsplit(plain.url).path.removesuffix("/send")),
        ("sending", "/ideas"),
    ):
        page.goto(path)
        page.get_by_role("button", name="Yes, sent").first.wait_for()
        survey(page, name)


def test_a_page_that_is_not_there(visits: Visits, demo_to_read: Server) -> None:
    page = visits.page(demo_to_read)
    answer = page.goto("/person/nobody-of-this-name")
    assert answer is not None
    assert answer.status == 404
    survey(page, "not-found")
    visits.watch(page).expect_refusals(404)


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
