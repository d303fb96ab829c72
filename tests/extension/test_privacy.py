"""What leaves a page and when, and who can get at the token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, expect

from tests.extension.news import ADVERT, DIARY, FOOTER, HARBOUR, HIDDEN, SCRIPT
from tests.extension.popup import card, press

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News

MOST_BYTES = 100_000
PIRATE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_nothing_is_asked_before_the_click(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.sailing())
    page.get_by_text(HARBOUR).click(click_count=3)
    page.goto(news.mixed())
    chromium.options()
    chromium.open(news.bylaws()).close()
    page.bring_to_front()
    assert home.relay.asked == []
    assert chromium.worker().evaluate("chrome.action.getBadgeText({})") == ""
    popup = chromium.click(page)
    card(popup, "Joe Ferraro")
    assert [(one.method, one.path) for one in home.relay.asked] == [("POST", "/api/v1/matches")]


def test_the_text_comes_block_by_block(chromium: Chromium, home: Home, news: News) -> None:
    blocks = ["One ends here", "Two begins", HARBOUR, "Cell A", "Cell B", "First", "Second", DIARY]
    body = (
        f"<nav>{ADVERT}</nav><header role='banner'>{ADVERT}</header><main><article>"
        f"<div>{blocks[0]}</div><div>{blocks[1]}</div><p>{blocks[2]}</p>"
        f"<table><tr><td>{blocks[3]}</td><td>{blocks[4]}</td></tr></table>"
        f"<ul><li>{blocks[5]}</li><li>{blocks[6]}</li></ul><p>{blocks[7]}</p>"
        f"<p hidden>{HIDDEN}</p><p style='display:none'>{HIDDEN}</p>"
        f"<p style='visibility:hidden'>{HIDDEN}</p><script>'{SCRIPT}'</script>"
        f"<noscript>{SCRIPT}</noscript></article></main><footer>{FOOTER}</footer>"
    )
    url = news.serve("/blocks", f"<!doctype html><title>Blocks</title>{body}".encode())
    chromium.click(chromium.open(url + "?a=1#here")).locator(
        "article, [data-state]"
    ).first.wait_for()
    (asked,) = home.relay.to("matches")
    assert asked.told["text"].split("\n\n") == blocks
    assert asked.told["url"] == url + "?a=1"
    assert asked.told["title"] == "Blocks"
    for unwanted in (ADVERT, FOOTER, HIDDEN, SCRIPT):
        assert unwanted.encode() not in asked.body


@pytest.mark.parametrize("letter", ["a", "é", "⛵", '"'])
def test_of_a_huge_page_little_is_sent(
    chromium: Chromium, home: Home, news: News, letter: str
) -> None:
    paragraph = f"<p>{HARBOUR} {letter * 900}</p>"
    body = paragraph * (5_000_000 // len(paragraph.encode()) + 1)
    assert len(body.encode()) > 5_000_000
    url = news.serve("/huge", f"<!doctype html><title>Huge</title>{body}".encode())
    popup = chromium.click(chromium.open(url))
    popup.get_by_role("button", name="Save to pool").click()
    expect(popup.get_by_text("Saved to your pool.").first).to_be_visible()
    sent = [*home.relay.to("matches"), *home.relay.to("items")]
    assert len(sent) == 2
    for asked in sent:
        assert MOST_BYTES * 0.9 < len(asked.body) <= MOST_BYTES
        assert asked.told["text"].startswith(HARBOUR)


def test_a_request_tells_no_more_than_it_must(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.sailing())
    page.evaluate("document.cookie = 'secret=1'")
    card(chromium.click(page), "Joe Ferraro")
    (asked,) = home.relay.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers["authorization"] == f"Bearer {home.token}"
    assert not {"cookie", "referer"} & set(headers)


def test_the_token_is_in_no_address_and_no_log(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.sailing())
    popup = chromium.click(page)
    press(card(popup, "Joe Ferraro"), "Send to Joe")
    expect(popup.get_by_role("group", name="Did you send it?")).to_be_visible()
    press(popup, "Yes, I sent it")
    expect(popup.get_by_role("button", name="Undo")).to_be_visible()
    popup.get_by_role("tab", name="Today").click()
    popup.get_by_role("article").first.wait_for()
    options = chromium.options()
    press(options, "Test the connection")
    expect(options.get_by_text("It works").first).to_be_visible()
    assert len(home.relay.asked) >= 5
    for asked in home.relay.asked:
        assert home.token not in asked.path
        assert home.token.encode() not in asked.body
    assert not [url for url in chromium.watch.requests if home.token in url]
    assert home.token not in home.server.log()
    assert home.token not in options.content()


# What a page may try, and what the browser says to it.
REACH = {
    "storage": ("async () => (await chrome.storage.local.get()).token", "undefined"),
    "message": ("async () => chrome.runtime.sendMessage('{id}', 'token?')", "undefined"),
    "port": ("async () => chrome.runtime.connect('{id}').name", "undefined"),
    "fetch": ("async () => (await fetch('{url}options.html')).text()", "Failed to fetch"),
    "import": ("async () => Object.keys(await import('{url}store.js'))", "Failed to fetch"),
}


@pytest.mark.parametrize("way", REACH)
def test_no_page_gets_at_the_token(chromium: Chromium, home: Home, news: News, way: str) -> None:
    assert chromium.stored()["token"] == home.token
    page = chromium.open(news.sailing())
    card(chromium.click(page), "Joe Ferraro")
    script, refusal = REACH[way]
    with pytest.raises(Error, match=refusal):
        page.evaluate(script.format(id=chromium.id, url=chromium.url("")))
    chromium.watch.allowed.append("chrome-extension://invalid")  # what Chromium makes of it
    chromium.watch.forgive()


def test_no_page_frames_the_extension(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.sailing())
    for name in ("popup.html", "options.html"):
        page.evaluate(
            """(src) => new Promise((resolve) => {
                const frame = Object.assign(document.createElement("iframe"), { src });
                frame.addEventListener("load", resolve);
                document.body.append(frame); })""",
            chromium.url(name),
        )
    assert len(page.frames) == 3
    assert not [frame.url for frame in page.frames if frame.url.startswith(chromium.url(""))]
    assert home.relay.asked == []
    chromium.watch.allowed.append("chrome-extension://invalid")
    chromium.watch.forgive()


def test_no_content_script_gets_at_the_token(chromium: Chromium, home: Home, news: News) -> None:
    page = chromium.open(news.sailing())
    session, contexts = extension_worlds(chromium, page)
    card(chromium.click(page), "Joe Ferraro")
    assert contexts, "the click has put no script into the page"
    for area in ("local", "session"):
        answer = session.send(
            "Runtime.evaluate",
            {
                "contextId": contexts[-1],
                "expression": f"chrome.storage.{area}.get().then(JSON.stringify)",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        assert "exceptionDetails" in answer, answer
        assert "Access to storage is not allowed from this context" in json.dumps(answer)
        assert home.token not in json.dumps(answer)


def extension_worlds(chromium: Chromium, page: Page) -> tuple[Any, list[int]]:
    """A debugger's session on a page, and the worlds the extension's scripts get in it."""
    session = chromium.context.new_cdp_session(page)
    contexts: list[int] = []

    def seen(event: dict[str, Any]) -> None:
        if event["context"]["origin"] == chromium.url("").rstrip("/"):
            contexts.append(event["context"]["id"])

    session.on("Runtime.executionContextCreated", seen)
    session.send("Runtime.enable")
    return session, contexts


def test_a_hostile_page_is_only_quoted(chromium: Chromium, home: Home, news: News) -> None:
    text = f"{PIRATE} {HARBOUR}"
    url = news.article(PIRATE, text, DIARY)
    page = chromium.open(url)
    page.get_by_text(HARBOUR).first.click(click_count=3)
    popup = chromium.click(page)
    expect(popup.get_by_role("heading", name=PIRATE)).to_be_visible()
    joe = card(popup, "Joe Ferraro")
    assert PIRATE in joe.get_by_role("textbox").input_value()
    assert popup.locator("img, iframe, body script").count() == 0
    (asked,) = home.relay.to("matches")
    assert asked.told["title"] == PIRATE
    assert asked.told["selection"].startswith(PIRATE)


CLOBBER = """
<form id="body"><input name="querySelectorAll"><input name="cloneNode"><p>x</p></form>
<img name="querySelectorAll"><img name="body"><img name="contentType"><img name="cloneNode">
<script>
  Node.prototype.cloneNode = () => { throw new Error("clobbered"); };
  Array.prototype.map = () => ["clobbered"];
  String.prototype.trim = () => "clobbered";
  window.getSelection = () => "clobbered";
  window.Readability = class { parse() { return { content: "clobbered" }; } };
</script>
"""


def test_a_page_that_shadows_the_browser(chromium: Chromium, home: Home, news: News) -> None:
    page = f"<!doctype html><title>Odd</title>{CLOBBER}<main><p>{HARBOUR}</p><p>{DIARY}</p></main>"
    popup = chromium.click(chromium.open(news.serve("/odd", page.encode())))
    card(popup, "Joe Ferraro")
    (asked,) = home.relay.to("matches")
    assert HARBOUR in asked.told["text"]
    assert b"clobbered" not in asked.body
