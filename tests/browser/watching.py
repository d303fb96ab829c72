"""What is seen of a page: requests, complaints, violations of its policy and of accessibility."""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

ARTEFACTS = Path(os.environ.get("SAWTHIS_ARTEFACTS") or Path(__file__).parent / "artefacts")
# Said to the console, which is watched anyway and survives the page that it was said on.
_VIOLATION = "Violates the page's policy:"
_LISTEN = f"""
document.addEventListener("securitypolicyviolation", (event) => console.error(
  "{_VIOLATION}", event.violatedDirective, event.blockedURI, event.sourceFile, event.sample));
"""
PROGRAMS = ("mailto", "sms", "tel")
# All of WCAG 2.2 up to AA, and what axe holds to be good practice.
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOUR_RULES = ["color-contrast", "link-in-text-block"]


class Watch:
    """What the pages of a context did; `allowed` takes back what a test means to provoke."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.base = base
        self.allowed: list[str] = []
        """Further origins that a test means to be asked."""
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        context.add_init_script(_LISTEN)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"page error: {error.error}"))
        context.on("page", self.follow)

    def follow(self, page: Page) -> None:
        """See the dialogs of a page, and close them."""

        def seen(dialog: Any) -> None:
            self.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", seen)

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location})")

    @property
    def off_origin(self) -> list[str]:
        """Requests to anybody but the service."""
        known = [urlsplit(origin).netloc for origin in (self.base, *self.allowed)]
        local = ("data", "blob", "about", *PROGRAMS)
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in local and urlsplit(url).netloc not in known
        ]

    @property
    def programs(self) -> list[str]:
        """Links that were to open another program."""
        return [url for url in self.requests if urlsplit(url).scheme in PROGRAMS]

    def until_program_opens(self, page: Page) -> str:
        """The link that opened another program, when it has."""
        for _ in range(100):
            if self.programs:
                break
            page.wait_for_timeout(50)
        (link,) = self.programs
        return link

    def expect_refusals(self, *statuses: int) -> None:
        """Forget that the browser's console tells of answers with these statuses."""
        self.complaints = [
            one
            for one in self.complaints
            if not any(f"status of {status} " in one for status in statuses)
        ]

    def forgive(self) -> None:
        """Forget all that was complained of: a test has meant to provoke it."""
        self.complaints.clear()

    def check(self) -> None:
        """Nothing was complained of, and nobody else was asked."""
        assert not self.complaints, "\n".join(self.complaints)
        assert not self.off_origin, self.off_origin
        assert not self.dialogs, self.dialogs


@cache
def axe_script() -> str:
    """axe-core, as the PyPI package brings it."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def axe(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe-core finds wrong with a page, a readable block each.

    It is evaluated by the debugger's protocol, which a page's policy does not bind, so the page
    under test is the page as served, policy and all.
    """
    only = {"type": "rule", "values": COLOUR_RULES} if colours_only else list(AXE_TAGS)
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(f"() => {{ {axe_script()} }}")
    found = page.evaluate(
        "async (only) => (await axe.run(document, {runOnly: only, resultTypes: ['violations'],"
        " preload: false})).violations",
        only,
    )
    return list(_told(found))


def _told(violations: list[dict[str, Any]]) -> Iterator[str]:
    for one in violations:
        nodes = "\n".join(
            f"    {node['html'][:300]}\n      {node.get('failureSummary', '')}"
            for node in one["nodes"][:5]
        )
        yield f"{one['id']} ({one['impact']}): {one['help']}, {len(one['nodes'])} times\n{nodes}"


def shoot(page: Page, name: str) -> Path:
    """The whole page as a PNG among the artefacts."""
    path = ARTEFACTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)
    return path
