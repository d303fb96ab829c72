"""Finding one's way in the popup, by what a reader sees and hears."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

SHARPNESS = 2


def card(popup: Page, name: str) -> Locator:
    """Somebody's card, when it is there."""
    found = popup.get_by_role("article", name=name)
    expect(found).to_be_visible()
    return found


def press(place: Page | Locator, name: str) -> None:
    """Press a button."""
    place.get_by_role("button", name=name, exact=True).click()


def told(popup: Page) -> str:
    """What stands in the place of people, when there is something: its title and its text."""
    found = popup.locator("[data-state]")
    expect(found).to_be_visible()
    return " ".join(found.inner_text().split())


def screenshot(page: Page, path: Path) -> Path:
    """What is seen of the popup, or all of the options, twice as sharp as a screen shows it.

    A popup has a window's size of its own, which Playwright's screenshots do not know of.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_popup = "/popup.html" in page.url
    width, height = page.evaluate(
        "(seen) => [document.body.offsetWidth, seen ? innerHeight : document.body.offsetHeight]",
        is_popup,
    )
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": SHARPNESS}
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    session.detach()
    path.write_bytes(b64decode(shot["data"]))
    return path
