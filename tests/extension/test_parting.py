"""Leaving a server: for another one or for none, and whatever state it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.extension.popup import card, press
from tests.extension.relay import Relay, relaying
from tests.extension.test_pairing import pair, said
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News

JSON = {"Content-Type": "application/json"}
NO_TOKENS = [b"{}", b"null", b"[]", b'{"secret": "x"}', b'{"name": "x", "secret": ""}',
             b'{"name": "x", "secret": null}', b'{"name": 7, "secret": "x"}']  # fmt: skip


@pytest.fixture
def other(chromium: Chromium, home: Home) -> Iterator[Relay]:
    """Another server than the one this browser is paired with."""
    with relaying(home.server.base) as relay:
        chromium.watch.allowed.append(relay.base)
        yield relay


def test_a_token_is_told_to_no_other_server(chromium: Chromium, home: Home, other: Relay) -> None:
    before = chromium.stored()
    home.relay.stop()
    options = chromium.options()
    for answer in NO_TOKENS:
        other.instead = lambda _, answer=answer: (200, JSON, answer)
        pair(options, f"{other.base}#ABCD-EFGH")
        expect(said(options)).to_contain_text("is not Sawthis")
        assert chromium.stored() == before
    assert len(other.to("pair")) == len(NO_TOKENS)
    assert not [asked for asked in other.asked if "Authorization" in asked.headers]


def test_an_old_server_that_does_not_answer_is_not_waited_for(
    chromium: Chromium, home: Home, other: Relay, news: News
) -> None:
    chromium.remember({"server": other.base})
    other.flowing.clear()
    options = chromium.options()
    pair(options, home.connection())
    expect(said(options)).to_contain_text("Paired with 127.0.0.1")
    expect(options.get_by_role("button", name="Pair", exact=True)).to_be_enabled()
    (asked,) = until(lambda: other.asked)  # it may still be on its way
    assert (asked.method, asked.headers["Authorization"]) == ("DELETE", f"Bearer {home.token}")
    options.close()
    assert chromium.stored()["server"] == home.relay.base
    assert chromium.stored()["token"] != home.token
    card(chromium.click(chromium.open(news.sailing())), "Joe Ferraro")


def test_an_old_server_that_can_not_be_told_is_named(
    chromium: Chromium, home: Home, other: Relay
) -> None:
    home.relay.stop()
    options = chromium.options()
    pair(options, f"{other.base}#{home.code()}")
    expect(said(options)).to_contain_text("Paired with 127.0.0.1")
    where = home.relay.base.removeprefix("http://")
    expect(said(options)).to_contain_text(f"{where} could not be told")
    expect(said(options)).to_contain_text("Revoke “Test browser” there")
    assert chromium.stored()["server"] == other.base
    chromium.watch.forgive()


@pytest.mark.parametrize(
    ("button", "method", "words"),
    [("Unpair", "DELETE", "The token is revoked and forgotten"),
     ("Test the connection", "GET", "It works")],
)  # fmt: skip
def test_a_double_click_does_it_once(
    chromium: Chromium, home: Home, button: str, method: str, words: str
) -> None:
    options = chromium.options()
    home.relay.flowing.clear()
    options.get_by_role("button", name=button).dblclick(force=True)
    home.relay.flowing.set()
    expect(said(options)).to_contain_text(words)
    assert [asked.method for asked in home.relay.asked] == [method]


def test_unpairing_leaves_no_note_behind(chromium: Chromium, home: Home, news: News) -> None:
    popup = chromium.click(chromium.open(news.sailing()))
    card(popup, "Joe Ferraro").get_by_role("textbox").fill("Between the two of us")
    popup.close()
    options = chromium.options()
    kept = "chrome.storage.session.get().then(JSON.stringify)"
    assert "Between the two of us" in options.evaluate(kept)
    press(options, "Unpair")
    expect(said(options)).to_contain_text("revoked and forgotten")
    assert options.evaluate(kept) == "{}"


def test_a_note_for_who_was_left_out_is_dropped(chromium: Chromium, home: Home, news: News) -> None:
    popup = chromium.click(chromium.open(news.sailing()))
    joe = card(popup, "Joe Ferraro")
    joe.get_by_role("textbox").fill("Between the two of us")
    press(joe, "Not for Joe")
    expect(joe).to_contain_text("Not for Joe: noted.")
    assert chromium.options().evaluate("chrome.storage.session.get()") == {}
