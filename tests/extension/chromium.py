"""A real Chromium with the extension in it, and the real button in its toolbar.

The button is pressed by the debugger's protocol as if by hand, so the extension gets the rights
to the page (activeTab) from the browser, and nothing here stands in for them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import PATIENCE_MS
from tests.browser.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import BrowserContext, CDPSession, Page, Playwright, Worker

    from tests.extension.home import Home

# Without it Playwright lets go of a popup, which is born as a target of no known type.
ATTACH = "PW_CHROMIUM_ATTACH_TO_OTHER"
# What its viewer of files and its pages about itself are made of.
BROWSERS_OWN = ("chrome://resources", "chrome://theme")
STEP_MS = 20
EVERY_TARGET: list[dict[str, object]] = [{}]


@contextmanager
def driver() -> Iterator[Playwright]:
    """Playwright, told to see popups as pages, and to have patience."""
    expect.set_options(timeout=PATIENCE_MS)
    before = os.environ.get(ATTACH)
    os.environ[ATTACH] = "1"
    try:
        with sync_playwright() as started:
            yield started
    finally:
        if before is None:
            del os.environ[ATTACH]


class Chromium:
    """One browser profile with the extension; the profile outlives a restart.

    Args:
        playwright: The driver.
        executable: Where the browser is.
        extension: The unpacked extension.
        profile: The profile's folder.
        flags: Further arguments.
    """

    def __init__(
        self,
        playwright: Playwright,
        executable: str,
        extension: Path,
        profile: Path,
        *flags: str,
    ) -> None:
        self._playwright = playwright
        self._executable = executable
        self._extension = extension
        self._profile = profile
        self._flags = flags
        self.watch: Watch
        self.context: BrowserContext
        self._devtools: CDPSession
        self.id = ""
        self.start()

    def start(self) -> None:
        """Open the browser."""
        self.context = self._playwright.chromium.launch_persistent_context(
            self._profile,
            executable_path=self._executable,
            headless=True,
            viewport={"width": 1280, "height": 900},
            args=[
                f"--load-extension={self._extension}",
                f"--disable-extensions-except={self._extension}",
                "--enable-unsafe-extension-debugging",
                "--host-resolver-rules=MAP *.test 127.0.0.1",
                "--screen-info={1600x1200}",  # or popups are cut off at its 600 lines
                "--no-sandbox",
                *self._flags,
            ],
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.watch = Watch(self.context, "")
        assert self.context.browser is not None
        self._devtools = self.context.browser.new_browser_cdp_session()
        (found,) = self._devtools.send("Extensions.getExtensions")["extensions"]
        self.id = found["id"]
        self.watch.allowed = [self.url(""), *BROWSERS_OWN]

    def close(self) -> None:
        """Close the browser, as a user does."""
        self.context.close()

    def renew(self) -> None:
        """Forget what is stored, close all pages but an empty one, and watch anew."""
        front = self.open(self.url("options.html"))
        front.evaluate(
            "Promise.all([chrome.storage.local.clear(), chrome.storage.session.clear()])"
        )
        for page in self.context.pages:
            if page != front:
                page.close()
        front.goto("about:blank")
        for seen in (self.watch.requests, self.watch.complaints, self.watch.dialogs):
            seen.clear()
        self.watch.allowed = [self.url(""), *BROWSERS_OWN]

    def pair(self, home: Home) -> None:
        """Be paired, as the options page leaves the browser; pairing itself has its own tests."""
        self.remember(home.pairing)
        self.watch.allowed += [home.relay.base, home.server.base]

    def remember(self, stored: Mapping[str, object]) -> None:
        """Put something into the extension's storage."""
        page = self.options()
        page.evaluate("(stored) => chrome.storage.local.set(stored)", dict(stored))
        page.close()

    def forget(self) -> None:
        """Empty the extension's storage."""
        page = self.options()
        page.evaluate("() => chrome.storage.local.clear()")
        page.close()

    def stored(self) -> dict[str, Any]:
        """What the extension has stored."""
        page = self.options()
        found = page.evaluate("() => chrome.storage.local.get()")
        page.close()
        assert isinstance(found, dict)
        return found

    def restart(self) -> None:
        """Close it and open it again."""
        self.close()
        self.start()

    def url(self, path: str) -> str:
        """The address of a file of the extension."""
        return f"chrome-extension://{self.id}/{path}"

    def open(self, url: str) -> Page:
        """A page in a new tab, in front."""
        page = self.context.new_page()
        page.goto(url)
        page.bring_to_front()
        return page

    def options(self) -> Page:
        """The options page in a tab."""
        return self.open(self.url("options.html"))

    def click(self, page: Page) -> Page:
        """Press the extension's button in the toolbar over a page; the popup that opens."""
        page.bring_to_front()
        with self.context.expect_page(lambda opened: "/popup.html" in opened.url) as opened:
            self._devtools.send(
                "Extensions.triggerAction", {"id": self.id, "targetId": self._tab_of(page)}
            )
        return opened.value

    def _tab_of(self, page: Page) -> str:
        """The tab that holds a page: a target of its own, and the one that actions are for."""
        session = self.context.new_cdp_session(page)
        mine = session.send("Target.getTargetInfo")["targetInfo"]
        session.detach()
        (tab,) = [
            target["targetId"]
            for target in self.targets()
            if target["type"] == "tab"
            and target["url"] == mine["url"]
            and target.get("embedderData", {}).get("tabActive")
        ]
        return str(tab)

    def targets(self) -> list[dict[str, Any]]:
        """All that the browser runs."""
        answer = self._devtools.send("Target.getTargets", {"filter": EVERY_TARGET})
        return list(answer["targetInfos"])

    def worker(self) -> Worker:
        """The extension's service worker, awake since the browser was started."""
        running = self.context.service_workers
        return running[0] if running else self.context.wait_for_event("serviceworker")

    def stop_worker(self) -> None:
        """Stop the service worker, as the browser does after half a minute of nothing to do."""
        page = self.options()
        session = self.context.new_cdp_session(page)
        session.send("ServiceWorker.enable")
        for _ in range(PATIENCE_MS // STEP_MS):
            # Asked each time: one that is just starting does not hear it.
            session.send("ServiceWorker.stopAllWorkers")
            if not [one for one in self.targets() if one["type"] == "service_worker"]:
                return
            page.wait_for_timeout(STEP_MS)
        raise AssertionError("the worker would not stop")
