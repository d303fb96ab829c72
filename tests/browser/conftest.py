"""A real Chromium in front of the real service."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.serving import Server, fill_with_many, serving
from tests.browser.watching import Watch
from tests.conftest import Sawthis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

Scheme = Literal["light", "dark"]
PATIENCE_MS = 10_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESKTOP, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is; the tests are skipped without one, but never in CI."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        message = "no Chromium on PATH: `scripts/setup --browser` installs it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One driver a module: for the session, its event loop would run under all other tests."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """One browser a module."""
    launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    """A data directory with 500 contacts; not to be written to."""
    data_dir = tmp_path_factory.mktemp("many")
    (data_dir / "models").symlink_to(model_cache)
    fill_with_many(data_dir)
    return data_dir


@pytest.fixture
def server(demo: Sawthis) -> Iterator[Server]:
    """The service on a fresh copy of the demo."""
    with serving(demo) as started:
        yield started


def _shared(origin: Path, folder: Path) -> Sawthis:
    copy = folder / "library"
    shutil.copytree(origin, copy, symlinks=True)
    return Sawthis(copy)


@pytest.fixture(scope="module")
def demo_to_read(loaded_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service on a demo that a module's tests only read."""
    with serving(_shared(loaded_demo, tmp_path_factory.mktemp("read"))) as started:
        yield started


@pytest.fixture(scope="module")
def many_to_read(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service on 500 contacts that a module's tests only read."""
    with serving(_shared(many, tmp_path_factory.mktemp("read"))) as started:
        yield started


@pytest.fixture(scope="module")
def empty_to_read(model_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service on an empty library that a module's tests only read."""
    data_dir = tmp_path_factory.mktemp("read") / "library"
    data_dir.mkdir()
    (data_dir / "models").symlink_to(model_cache)
    with serving(Sawthis(data_dir)) as started:
        yield started


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    size: tuple[int, int] = DESKTOP
    scheme: Scheme = "light"
    scripts: bool = True

    @property
    def name(self) -> str:
        return f"{self.scheme}-{self.size[0]}{'' if self.scripts else '-without-scripts'}"


class Visits:
    """Opens pages in fresh contexts, and checks at the end that they behaved."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[tuple[BrowserContext, Watch]] = []

    def page(self, server: Server, look: Look | None = None, *, logged_in: bool = True) -> Page:
        """A page of a new browser profile, logged in unless said otherwise.

        The first one logs in as a person does, the others take over its cookies.
        """
        look = look or Look()
        width, height = look.size
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=look.scheme,
            java_script_enabled=look.scripts,
            base_url=server.base,
            storage_state=server.session if logged_in else None,
        )
        context.set_default_timeout(PATIENCE_MS)
        self._open.append((context, Watch(context, server.base)))
        page = context.new_page()
        if logged_in and server.session is None:
            login(page, server)
            server.session = context.storage_state()
        return page

    def watch(self, page: Page) -> Watch:
        """What was seen of a page's context."""
        return next(watch for context, watch in self._open if context == page.context)

    def close(self) -> None:
        for context, _ in self._open:
            context.close()

    def check(self) -> None:
        for _, watch in self._open:
            watch.check()


@pytest.fixture
def visits(browser: Browser) -> Iterator[Visits]:
    """Pages on demand; the test fails at its end if one of them misbehaved."""
    made = Visits(browser)
    yield made
    made.close()
    made.check()


@pytest.fixture
def look() -> Look:
    """How `page` looks; parametrise it to look otherwise."""
    return Look()


@pytest.fixture
def page(visits: Visits, server: Server, look: Look) -> Page:
    """A logged-in page on a fresh copy of the demo."""
    return visits.page(server, look)


def login(page: Page, server: Server) -> None:
    """Log this browser in, as a person does: by the link that `sawthis login` prints."""
    page.goto(server.login_url())
    page.get_by_role("button", name="Log in on this browser").click()
    page.wait_for_url(lambda url: "/login" not in url)
