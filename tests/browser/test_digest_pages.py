"""Where a digest's links lead, for a reader of the mail: not logged in, on a phone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser.conftest import PHONE, Look
from tests.browser.test_sweep import survey

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visits
    from tests.browser.serving import Server


def links(server: Server, kind: str) -> list[str]:
    """Paths of one kind that this week's mail holds."""
    shown = server.cli.ok("digest", "preview")
    return re.findall(rf"^ *\S+(/{kind}/\S+)$", shown, re.MULTILINE)


def test_saying_what_came_of_it_by_keyboard(visits: Visits, server: Server) -> None:
    page = visits.page(server, Look(PHONE), logged_in=False)
    (path, *_) = links(server, "go")
    page.goto(path)
    write = page.get_by_role("button", name=re.compile("^Write to"))
    assert (write.get_attribute("href") or "").startswith("mailto:")
    page.get_by_text("The prepared note").click()
    assert page.locator("pre").is_visible()
    page.get_by_role("button", name="I sent it").focus()
    page.keyboard.press("Enter")
    page.get_by_text("has this.").wait_for()
    assert server.rows("SELECT status FROM status_events") == [("sent",)]
    page.get_by_role("button", name="Take it back").click()
    page.get_by_role("button", name="Later").wait_for()
    assert server.rows("SELECT status FROM status_events") == []
    assert server.rows("SELECT count(*) FROM touches WHERE suggestion_id IS NOT NULL") == [(0,)]


def test_without_scripts(visits: Visits, server: Server) -> None:
    page = visits.page(server, Look(scripts=False), logged_in=False)
    page.goto(links(server, "go")[-1])
    page.get_by_role("button", name=re.compile("^Not for")).click()
    page.get_by_text("That is not suggested to them again.").wait_for()
    assert server.rows("SELECT status FROM status_events") == [("dismissed",)]


def test_they_can_be_read_by_anybody(visits: Visits, server: Server) -> None:
    page = visits.page(server, logged_in=False)
    page.goto(links(server, "go")[0])
    survey(page, "digest-link")
    page.get_by_role("button", name="Later").click()
    page.get_by_text("Put off.", exact=True).wait_for()
    survey(page, "digest-link-later")
    page.goto(links(server, "stop")[0])
    survey(page, "digest-stop")
    page.get_by_role("button", name="End it").click()
    page.get_by_text("The digest is off").wait_for()
    survey(page, "digest-stopped")
    page.goto("/go/no.such-link")
    assert "that link is not whole" in page.inner_text("main").lower()
    visits.watch(page).expect_refusals(403)


def _fill(page: Page, day: str) -> None:
    page.get_by_label("Your address").fill("me@example.org")
    page.get_by_role("combobox", name="Day").select_option(day)
    page.get_by_label("Time").fill("17:30")


def test_setting_it_up(visits: Visits, server: Server) -> None:
    page = visits.page(server)
    page.goto("/settings#digest")
    section = page.get_by_role("region", name="Digest")
    _fill(page, "friday")
    section.get_by_role("button", name="Keep").click()
    section.get_by_text("The next one comes on Friday").wait_for()
    section.get_by_role("button", name="Make the addresses").click()
    section.get_by_role("link", name="Suggestions").wait_for()
    survey(page, "settings-with-digest")
    page.goto("/settings")
    (before,) = server.rows("SELECT key FROM feed_keys")
    section.get_by_text("Change the addresses").click()
    with page.expect_navigation():
        section.get_by_role("button", name="Yes, and stop the old ones").click()
    assert "The addresses are new" in page.inner_text("#said")
    assert server.rows("SELECT key FROM feed_keys") != [before]
