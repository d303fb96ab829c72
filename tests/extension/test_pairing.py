"""Coming in: the line that Settings shows, exchanged once for a token that can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import login
from tests.extension.home import at_home
from tests.extension.popup import card, press
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from tests.conftest import Sawthis
    from tests.extension.chromium import Chromium
    from tests.extension.home import Home
    from tests.extension.news import News

NAME = "Browser extension"


@pytest.fixture
def stranger(demo: Sawthis, chromium: Chromium) -> Iterator[Home]:
    """A service that this browser is not paired with; its own, for it counts who tries codes."""
    with at_home(demo) as made:
        chromium.watch.allowed += [made.relay.base, made.server.base]
        yield made


def said(options: Page) -> Locator:
    """What the options tell of what was just done."""
    return options.locator("#said")


def pair(options: Page, connection: str, name: str = "") -> None:
    """Fill in the form and press its button."""
    options.get_by_label("Connection").fill(connection)
    if name:
        options.get_by_label("What to call this browser there").fill(name)
    press(options, "Pair")


def test_by_what_settings_shows(chromium: Chromium, stranger: Home, news: News) -> None:
    settings = chromium.open(stranger.server.base)
    login(settings, stranger.server)
    settings.goto(f"{stranger.server.base}/settings")
    press(settings, "Pair a device")
    connection = settings.locator("#connection").inner_text()
    assert connection.startswith(f"{stranger.server.base}#")
    options = chromium.options()
    pair(options, connection)
    expect(said(options)).to_contain_text("Paired with 127.0.0.1")
    assert stranger.devices() == {NAME: True}
    assert stranger.scope_of(NAME) == "write"
    press(options, "Test the connection")
    expect(said(options)).to_contain_text("It works")
    expect(said(options)).to_contain_text("10 people")
    card(chromium.click(chromium.open(news.sailing())), "Joe Ferraro")
    chromium.watch.expect_refusals(401)  # before the login


def test_a_code_holds_once(chromium: Chromium, stranger: Home) -> None:
    connection = stranger.connection()
    options = chromium.options()
    pair(options, connection, "First")
    expect(said(options)).to_contain_text("Paired")
    before = chromium.stored()
    pair(options, connection, "Second")
    expect(said(options)).to_contain_text("that code is not in force: it holds once")
    assert stranger.devices() == {"First": True}
    assert chromium.stored() == before
    chromium.watch.expect_refusals(401, 403)


def test_a_code_runs_out(chromium: Chromium, stranger: Home) -> None:
    connection = stranger.connection()
    n_codes = "SELECT count(*) FROM one_time_codes WHERE kind = 'pair'"
    assert stranger.server.rows(n_codes) == [(1,)]
    stranger.server.change(
        "UPDATE one_time_codes SET expires_at = strftime('%Y-%m-%dT%H:%M:%f', 'now', '-1 second')"
    )
    options = chromium.options()
    pair(options, connection)
    expect(said(options)).to_contain_text("that code is not in force")
    assert stranger.devices() == {}
    assert "token" not in chromium.stored()
    chromium.watch.expect_refusals(401, 403)


def test_codes_can_not_be_guessed(chromium: Chromium, stranger: Home) -> None:
    good = stranger.connection()
    options = chromium.options()
    for n in range(10):
        pair(options, f"{stranger.relay.base}#AAAA-BBB{'ABCDEFGHJK'[n]}")
        expect(said(options)).to_contain_text("that code is not in force")
        stranger.relay.asked.clear()
    pair(options, good)
    expect(said(options)).to_contain_text("Too many")
    expect(said(options)).to_contain_text("wait")
    assert stranger.devices() == {}
    chromium.watch.expect_refusals(401, 403, 429)


NOT_CONNECTIONS = {
    "": "That is not a connection",
    "ABCD-EFGH": "That is not a connection",
    "http://127.0.0.1:8765": "That is not a connection",
    "http://127.0.0.1:8765/path#ABCD-EFGH": "That is not a connection",
    "http://127.0.0.1:8765?q=1#ABCD-EFGH": "That is not a connection",
    "http://me:pass@127.0.0.1:8765#ABCD-EFGH": "That is not a connection",
    "http://127.0.0.1:99999#ABCD-EFGH": "That is not a connection",
    "javascript:alert(1)#ABCD-EFGH": "That is not a connection",
    "file:///etc/passwd#ABCD-EFGH": "That is not a connection",
    "http://news.test#ABCD-EFGH": "Over http only this machine can be reached",
    "http://127.0.0.1.news.test#ABCD-EFGH": "Over http only this machine can be reached",
    "http://127.0.0.1:8765#ABCD": "The code behind the # has eight letters",
    "http://127.0.0.1:8765#ABCD-EF0H": "The code behind the # has eight letters",
}


def test_what_is_no_connection_goes_nowhere(chromium: Chromium, home: Home) -> None:
    chromium.forget()
    options = chromium.options()
    for connection, words in NOT_CONNECTIONS.items():
        pair(options, connection)
        expect(said(options)).to_contain_text(words)
        expect(options.get_by_label("Connection")).to_be_focused()
    assert home.relay.asked == []
    assert chromium.stored() == {}


def test_unpairing_revokes(chromium: Chromium, stranger: Home, news: News) -> None:
    options = chromium.options()
    pair(options, stranger.connection())
    expect(said(options)).to_contain_text("Paired")
    press(options, "Unpair")
    expect(said(options)).to_contain_text("The token is revoked and forgotten")
    expect(options.get_by_role("button", name="Unpair")).to_be_hidden()
    assert stranger.devices() == {NAME: False}
    assert "token" not in chromium.stored()
    popup = chromium.click(chromium.open(news.sailing()))
    expect(popup.get_by_role("heading", name="This browser is not paired yet")).to_be_visible()


def test_unpairing_from_a_server_that_is_away(chromium: Chromium, stranger: Home) -> None:
    options = chromium.options()
    pair(options, stranger.connection())
    expect(said(options)).to_contain_text("Paired")
    stranger.relay.stop()
    press(options, "Unpair")
    expect(said(options)).to_contain_text(f"Revoke “{NAME}” there")
    assert stranger.devices() == {NAME: True}
    assert "token" not in chromium.stored()
    chromium.watch.forgive()


def test_pairing_anew_leaves_one_token(chromium: Chromium, stranger: Home) -> None:
    options = chromium.options()
    pair(options, stranger.connection())
    expect(said(options)).to_contain_text("Paired")
    first = chromium.stored()["token"]
    pair(options, stranger.connection())
    expect(options.get_by_text("as “Browser extension 2”")).to_be_visible()
    assert chromium.stored()["token"] != first
    # The reader does not wait for an old server: its token is revoked behind their back.
    until(lambda: stranger.devices() == {NAME: False, f"{NAME} 2": True})


def test_several_profiles_have_a_token_each(
    chromium: Chromium, stranger: Home, other_profile: Chromium
) -> None:
    for browser in (chromium, other_profile):
        options = browser.options()
        pair(options, stranger.connection())
        expect(said(options)).to_contain_text("Paired")
    assert stranger.devices() == {NAME: True, f"{NAME} 2": True}
    press(options, "Unpair")
    expect(said(options)).to_contain_text("revoked")
    assert stranger.devices() == {NAME: True, f"{NAME} 2": False}
    page = chromium.options()
    press(page, "Test the connection")
    expect(said(page)).to_contain_text("It works")
