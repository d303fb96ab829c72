"""A user without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MOST_TABS = 150


class Keyboard:
    """Goes from field to field by Tab, and knows nothing of where things are."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def to(self, wanted: Locator) -> None:
        """Tab until something has the focus, backwards if it lies behind."""
        for key in ("Tab", "Shift+Tab"):
            for _ in range(MOST_TABS):
                if has_focus(wanted):
                    return
                self._page.keyboard.press(key)
        raise AssertionError(f"{wanted} can't be reached by keyboard")

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self._page.keyboard.type(text)

    def press(self, key: str) -> None:
        """Press a key on what has the focus."""
        self._page.keyboard.press(key)

    def enter(self, wanted: Locator) -> None:
        """Go to something and press Enter on it."""
        self.to(wanted)
        self.press("Enter")


def has_focus(wanted: Locator) -> bool:
    """Whether exactly this has the focus."""
    return wanted.count() > 0 and bool(wanted.first.evaluate("e => e === document.activeElement"))
