"""One evening and the week after it: from an address book to a digest, by every face.

The same Joe gets the same answer everywhere. With SAWTHIS_PICTURES set to a folder it takes the
pictures of the how-tos (`scripts/pictures`).
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from recommender.demo import demo_feeds
from recommender.demo.server import serve_demo
from recommender.wiring import utc_now
from tests.browser.conftest import login
from tests.browser.serving import Server, serving
from tests.browser.watching import ARTEFACTS
from tests.extension.mail import next_mail
from tests.extension.popup import card, press, screenshot
from tests.integration.post import post_office

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.conftest import Sawthis
    from tests.extension.chromium import Chromium
    from tests.extension.news import News

ME = "me@example.org"
PICTURES = Path(os.environ.get("SAWTHIS_PICTURES") or ARTEFACTS)
BOOK = """BEGIN:VCARD
VERSION:4.0
FN:Joe Ferraro
EMAIL:joe@ferraro.example
BDAY:--0229
INTEREST:sailing
INTEREST:weather history
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Maren Lindqvist
EMAIL:maren@lindqvist.example
INTEREST:sourdough baking
INTEREST:mushroom foraging
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Pavel Novák
EMAIL:pavel@novak.example
INTEREST:chess
END:VCARD
"""


class Faces:
    """Every way to ask what there is for somebody."""

    def __init__(self, cli: Sawthis, server: Server, chromium: Chromium) -> None:
        self.cli = cli
        self.server = server
        self.page: Page = chromium.open(server.base)
        login(self.page, server)
        secret = cli.ok("token", "create", "story", "--scope", "admin").strip()
        self._api = httpx.Client(
            base_url=f"{server.base}/api/v1",
            headers={"Authorization": f"Bearer {secret}"},
            trust_env=False,
            timeout=60,
        )

    def close(self) -> None:
        self._api.close()

    def get(self, path: str) -> Any:
        answer = self._api.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def titles(self, slug: str) -> list[str]:
        """What is there for somebody, in order; the same by command line and API."""
        told = json.loads(self.cli.ok("suggest", "--contact", slug, "-n", "3", "--json"))
        by_cli = [one["item"]["title"] for one in told["suggestions"]]
        by_api = [
            one["item"]["title"]
            for one in self.get(f"/contacts/{slug}/suggestions?n=3")["suggestions"]
        ]
        assert by_cli == by_api
        return by_cli

    def on_page(self, path: str, text: str) -> bool:
        """Whether a page says something."""
        self.page.goto(f"{self.server.base}{path}")
        return text in self.page.inner_text("main")

    def in_digest(self, slug: str) -> list[str]:
        """What the digest has for somebody; the same by command line and API."""
        by_api = self.get("/digest?people=7")["cards"]
        by_cli = json.loads(self.cli.ok("digest", "preview", "--json"))["cards"]
        assert by_api == [
            {**card, "contact": by_api[n]["contact"]} for n, card in enumerate(by_cli)
        ]
        return [
            one["item"]["title"]
            for card in by_cli
            if card["contact"]["slug"] == slug
            for one in card["suggestions"]
        ]


@contextmanager
def evening(cli: Sawthis, chromium: Chromium) -> Iterator[Faces]:
    """The service and all its faces."""
    with serving(cli) as server:
        chromium.watch.allowed.append(server.base)
        faces = Faces(cli, server, chromium)
        yield faces
        faces.close()


def shot(page: Page, name: str) -> None:
    screenshot(page, PICTURES / f"{name}.png")


def set_up(cli: Sawthis, tmp_path: Path) -> None:
    """People in, feeds in, and everything that they bring."""
    book = tmp_path / "people.vcf"
    book.write_text(BOOK, "utf-8")
    assert "3" in cli.ok("contacts", "import", str(book))
    with serve_demo(utc_now(), 0) as base:
        cli.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = base.removeprefix("http://")
        for feed in demo_feeds():
            jokes = ["--jokes"] if feed.kind == "joke" else []
            cli.ok("feeds", "add", f"{base}/{feed.name}", "-y", *jokes)
        cli.ok("refresh")


@pytest.mark.slow
def test_the_same_joe_everywhere(
    sawthis: Sawthis, chromium: Chromium, news: News, tmp_path: Path
) -> None:
    set_up(sawthis, tmp_path)
    with post_office() as post:
        sawthis.environment.update(post.environment)
        with evening(sawthis, chromium) as faces:
            first = joes_answer(faces)
            pair(chromium, faces)
            suggestion = send_what_was_read(chromium, faces, news)
            # He has one more thing now, and gets nothing else for it.
            assert faces.titles("joe-ferraro") == first
            sawthis.ok("replied", suggestion, "--note", "loved it")
            digest_of_the_week(chromium, faces)
            (mail,) = post.mails
            body = mail.get_body(("plain",))
            assert body is not None
            text = " ".join(body.get_content().split())
            assert "Joe Ferraro answered what you sent, “Three weeks under sail”" in text
            assert faces.in_digest("joe-ferraro") == []  # who talked just now is left in peace
            for name in ("maren-lindqvist", "pavel-novak"):
                titles = faces.in_digest(name)
                assert titles == faces.titles(name)[: len(titles)]
                assert all(title in text for title in titles)
            chromium.watch.expect_refusals(401)


def joes_answer(faces: Faces) -> list[str]:
    """What there is for Joe, by command line, API, page and digest."""
    titles = faces.titles("joe-ferraro")
    assert len(titles) == 3
    for title in titles[:1]:
        assert faces.on_page("/person/joe-ferraro", title)
        assert faces.on_page("/ideas", title)
    assert faces.in_digest("joe-ferraro") == titles
    assert faces.on_page("/settings/digest", titles[0])
    faces.page.goto(f"{faces.server.base}/")
    assert faces.page.get_by_role("heading", level=1).is_visible()
    faces.page.screenshot(path=PICTURES / "today.png")
    return titles


def pair(chromium: Chromium, faces: Faces) -> None:
    """By what Settings shows."""
    settings = faces.page
    settings.goto(f"{faces.server.base}/settings")
    press(settings, "Pair a device")
    options = chromium.options()
    options.get_by_label("Connection").fill(settings.locator("#connection").inner_text())
    press(options, "Pair")
    expect(options.locator("#said")).to_contain_text("Paired with 127.0.0.1")
    options.close()


def send_what_was_read(chromium: Chromium, faces: Faces, news: News) -> str:
    """A page that Joe would enjoy, sent to him; the suggestion's id."""
    popup = chromium.click(chromium.open(news.sailing()))
    joe = card(popup, "Joe Ferraro")
    shot(popup, "extension-popup")
    with next_mail(chromium) as sent:
        press(joe, "Send to Joe")
    assert sent.mail.to == "joe@ferraro.example"
    press(joe, "Yes, I sent it")
    expect(joe).to_contain_text("Sent to Joe.")
    popup.close()
    (had,) = faces.get("/suggestions?contact=joe-ferraro")["suggestions"]
    assert (had["status"], had["title"]) == ("sent", "Three weeks under sail")
    assert faces.on_page("/person/joe-ferraro", "Three weeks under sail")
    said = faces.cli.ok("touch", "list", "joe-ferraro")
    assert "sent" in said
    ref: str = had["suggestion_id"]
    return ref


def digest_of_the_week(chromium: Chromium, faces: Faces) -> None:
    """Mailed to the user, and looked at as a mail program shows it."""
    faces.cli.ok("digest", "schedule", "--to", ME, "--day", "sunday", "--at", "18:00")
    assert f"went to {ME}" in faces.cli.ok("digest", "send")
    page = chromium.open("about:blank")  # as a mail program has no policy of ours
    page.set_viewport_size({"width": 680, "height": 900})
    page.set_content(faces.cli.ok("digest", "preview", "--html"))
    assert re.search("Good reasons to write", page.inner_text("h1"))
    page.screenshot(path=PICTURES / "digest.png")
