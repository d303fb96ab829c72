"""Both parts of the digest's mail in a real browser: readable, accessible, asking for nothing."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pytest

from recommender.mail.rendering import render_html, render_text
from tests.browser.test_sweep import SCHEMES, too_wide
from tests.browser.watching import Watch, axe, shoot
from tests.digests import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WIDTHS = (680, 390, 320)
NOWHERE = "about:blank"
LINKS = (
    "() => [...document.querySelectorAll('a')].map((a) => [a.innerText, a.getBoundingClientRect()])"
)


class Reader:
    """A mail program that hides nothing: it shows a file, and tells what the mail asked for."""

    def __init__(self, page: Page, watch: Watch, folder: Path) -> None:
        self.page = page
        self.watch = watch
        self._folder = folder

    def show(self, html: str) -> None:
        """A mail, opened as a file: no server could answer for what it asks for."""
        path = self._folder / "mail.html"
        path.write_text(html, "utf-8")
        self.watch.requests.clear()
        self.page.goto(path.as_uri())
        assert self.watch.requests == [path.as_uri()]
        assert not self.watch.complaints

    def look(self, name: str) -> list[str]:
        """What is wrong with it, in every width and both schemes."""
        found = []
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 700})
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                shoot(self.page, f"mail-{name}-{scheme}-{width}")
                wrong = [*axe(self.page), *too_wide(self.page)]
                found += [f"{scheme}, {width} px: {one}" for one in wrong]
        return found


@pytest.fixture
def reader(browser: Browser, tmp_path: Path) -> Iterator[Reader]:
    context = browser.new_context()
    watch = Watch(context, NOWHERE)
    yield Reader(context.new_page(), watch, tmp_path)
    context.close()
    assert not watch.dialogs


@pytest.mark.parametrize("name", VIEWS)
def test_the_html_part(reader: Reader, name: str) -> None:
    reader.show(render_html(VIEWS[name]))
    assert reader.page.get_by_role("heading", level=1).count() == 1
    found = reader.look(name)
    assert not found, "\n".join(found)
    assert reader.watch.requests == [reader.page.url]  # nor did a look ask for anything


@pytest.mark.parametrize("name", VIEWS)
def test_the_text_part(reader: Reader, name: str) -> None:
    text = escape(render_text(VIEWS[name]))
    style = "margin:1rem;font:14px monospace;white-space:pre-wrap;overflow-wrap:anywhere"
    reader.show(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title>'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark">'
        f'<main><h1 style="font-size:1rem">Mail</h1><pre style="{style}">{text}</pre></main></html>'
    )
    found = reader.look(f"{name}-text")
    assert not found, "\n".join(found)


def test_dark_and_light_differ_and_every_link_can_be_hit(reader: Reader) -> None:
    reader.show(render_html(VIEWS["rich"]))
    reader.page.set_viewport_size({"width": 320, "height": 700})
    papers = []
    for scheme in SCHEMES:
        reader.page.emulate_media(color_scheme=scheme)
        for place in (".page", ".card", ".button"):
            colour = "(at) => getComputedStyle(document.querySelector(at)).backgroundColor"
            papers.append(reader.page.evaluate(colour, place))
    assert len(set(papers)) == len(papers)
    for words, box in reader.page.evaluate(LINKS):
        is_button = words.startswith(("Write", "Call")) and box["height"] > 30
        assert box["height"] >= (44 if is_button else 24), words
        assert box["left"] >= 0, words
        assert box["right"] <= 320, words


def test_the_beginning_that_lists_of_mails_show_is_not_on_the_page(reader: Reader) -> None:
    reader.show(render_html(VIEWS["one"]))
    hidden = reader.page.locator(".preheader")
    assert hidden.inner_text() == "" or not hidden.is_visible()
    assert "Joe Ferraro: The lighthouse keepers" in (hidden.text_content() or "")
