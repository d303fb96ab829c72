"""The extension in a real browser, a newspaper to read in it, and the real service at home."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import BROWSERS
from tests.conftest import ROOT, Sawthis
from tests.extension import programs
from tests.extension.chromium import Chromium, driver
from tests.extension.home import Home, at_home
from tests.extension.news import HOST, News
from tests.extension.relay import relaying
from tests.site import running_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Playwright

    from tests.extension.relay import Relay

EXTENSION = ROOT / "recommender" / "extension"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One driver a module: for the session, its event loop would run under all other tests."""
    with driver() as started:
        yield started


@pytest.fixture(scope="module")
def running(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser a module."""
    executable = programs.needed("Chromium", BROWSERS)
    profile = tmp_path_factory.mktemp("profile")
    started = Chromium(playwright, executable, EXTENSION, profile)
    yield started
    started.close()


@pytest.fixture
def other_profile(playwright: Playwright, tmp_path: Path) -> Iterator[Chromium]:
    """The browser of somebody else on the same machine."""
    executable = programs.needed("Chromium", BROWSERS)
    started = Chromium(playwright, executable, EXTENSION, tmp_path / "profile")
    yield started
    started.close()


@pytest.fixture
def chromium(running: Chromium, news: News) -> Iterator[Chromium]:
    """The browser as if new: unpaired, with nothing open; checked for complaints at the end."""
    running.renew()
    running.watch.allowed.append(news.origin)
    yield running
    running.watch.check()


@pytest.fixture(scope="session")
def news() -> Iterator[News]:
    """A newspaper."""
    with running_site() as site:
        yield News(site)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that nobody vouches for."""
    made = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         f"/CN={HOST}", "-keyout", made, "-out", made.with_suffix(".crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    made.write_bytes(made.read_bytes() + made.with_suffix(".crt").read_bytes())
    return made


@pytest.fixture(scope="session")
def secure(news: News, certificate: Path) -> Iterator[Relay]:
    """The newspaper over TLS."""
    with relaying(news.site_base, certificate) as relay:
        yield relay


@pytest.fixture(scope="session")
def shared(loaded_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One service on the demo."""
    copy = tmp_path_factory.mktemp("shared") / "library"
    shutil.copytree(loaded_demo, copy, symlinks=True)
    with at_home(Sawthis(copy)) as made:
        yield made


@pytest.fixture
def home(shared: Home, chromium: Chromium) -> Iterator[Home]:
    """The service on the demo as it was loaded, and the browser paired with it."""
    shared.renew()
    chromium.pair(shared)
    yield shared
    shared.relay.heal()
