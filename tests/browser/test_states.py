"""The pages of a library with nothing, with next to nothing, and with very much in it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from recommender.storage.sqlite import open_sqlite
from recommender.testing import MODEL, fill, make_match
from recommender.wiring import utc_now
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.serving import MANY, serving
from tests.browser.test_sweep import too_wide
from tests.browser.watching import axe, shoot
from tests.conftest import Sawthis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Visits
    from tests.browser.serving import Server

EVERYWHERE = {
    "today": "/",
    "ideas": "/ideas",
    "people": "/people",
    "import": "/people/import",
    "duplicates": "/people/duplicates",
    "pool": "/pool",
    "feeds": "/feeds",
    "health": "/health",
    "settings": "/settings",
    "digest": "/settings/digest",
    "refresh": "/refresh",
    "erase": "/settings/erase",
}

# What a template prints where there is nothing; a sentence may begin so.
UNSAID = re.compile(r"\bNone\b(?![,:] )|\b(nan|undefined|Undefined)\b")


@pytest.fixture(scope="module")
def one_to_read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service on one contact, one feed and one item that suits them."""
    data_dir = tmp_path_factory.mktemp("one") / "library"
    data_dir.mkdir()
    storage = open_sqlite(data_dir / "sawthis.db")
    contact, interest = fill(storage, n_items=1)
    (item,) = storage.items.items("me")
    storage.matches.put_matches(
        "me", MODEL, interest.id, [make_match(interest, item.id, 0.9)], matched_seq=1, keep=9
    )
    storage.close()
    with serving(Sawthis(data_dir)) as started:
        # The builders' day is a fixed one; for the page it is yesterday.
        yesterday = (utc_now() - timedelta(days=1)).isoformat()
        started.change("UPDATE items SET published_at = ?, fetched_at = ?", *[yesterday] * 2)
        assert started.rows("SELECT name FROM contacts") == [(contact.name,)]
        yield started


def texts(page: Page, state: str) -> dict[str, str]:
    """The text of every page; each is accessible, no wider than its window, and says something."""
    told, wrong = {}, {}
    for name, path in EVERYWHERE.items():
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, name
        found = [*axe(page), *too_wide(page)]
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        found += too_wide(page)
        shoot(page, f"{state}-{name}")
        told[name] = page.inner_text("main")
        found += [f"says {unsaid[0]!r}" for unsaid in UNSAID.finditer(told[name])]
        if len(told[name]) < 40:
            found.append(f"says no more than {told[name]!r}")
        if found:
            wrong[name] = found
    assert not wrong, json.dumps(wrong, indent=1)
    return told


def test_nothing(visits: Visits, empty_to_read: Server) -> None:
    told = texts(visits.page(empty_to_read), "empty")
    assert "Welcome" in told["today"]


def test_one_of_each(visits: Visits, one_to_read: Server) -> None:
    told = texts(visits.page(one_to_read), "one")
    assert {name for name, text in told.items() if "Joe Ferraro" in text} >= {
        "today", "ideas", "people", "health",
    }  # fmt: skip
    assert {name for name, text in told.items() if "About https://example.com/0" in text} >= {
        "today", "ideas", "pool",
    }  # fmt: skip
    for text in told.values():
        assert not re.search(r"\b1 (people|items|feeds|interests|minutes)\b", text)


def test_five_hundred(visits: Visits, many_to_read: Server) -> None:
    page = visits.page(many_to_read)
    told = texts(page, "many")
    assert str(MANY) in told["people"]
    page.goto("/")
    assert 0 < page.locator("[data-card]").count() < 10  # what fits the minutes, not what is there


def test_everybody_of_five_hundred_can_be_found(visits: Visits, many_to_read: Server) -> None:
    page = visits.page(many_to_read)
    page.goto("/people")
    shown = set()
    for _ in range(MANY):
        shown |= {
            link.get_attribute("href") for link in page.locator("main a[href^='/person/']").all()
        }
        more = page.get_by_role("link", name=re.compile("^(Next|More|Older)"))
        if not more.count():
            break
        more.first.click()
    assert len(shown) == MANY
    page.goto("/people?q=Göran+C.+Grimm")
    assert page.locator("main a[href^='/person/']").count() == 1
    assert "Göran C. Grimm" in page.inner_text("main")
