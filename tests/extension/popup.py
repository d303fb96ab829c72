"""Finding one's way in the popup, by what a reader sees and hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page


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


def screenshot(popup: Page, path: Path) -> Path:
    """The popup as it stands, twice as sharp as a screen would show it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    popup.screenshot(path=path, full_page=True)
    return path
