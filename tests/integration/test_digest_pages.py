"""Where the links of a digest lead: what they show, what they do, and to whom they say nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import feedparser
import httpx
import pytest
from icalendar import Calendar

from recommender.errors import AccessDenied
from recommender.services.links import Links, end_of, errand_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recommender.storage.sqlite import SqliteStorage
    from tests.integration.serving import Service

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
ORIGIN = "https://sawthis.example"


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx.Client]:
    """A browser that never logged in."""
    with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def first(service: Service) -> dict[str, Any]:
    """The digest's first suggestion, with the path its link leads to."""
    shown = service.cli.ok("digest", "preview")
    card = service.get("/digest")["cards"][0]
    found = re.search(r"^  \S+(/go/\S+)$", shown, re.MULTILINE)
    assert found is not None
    return {**card["suggestion"], "path": found[1], "contact": card["contact"]}


def statuses(service: Service) -> dict[str, str]:
    found = service.get("/suggestions")["suggestions"]
    return {one["suggestion_id"]: one["status"] for one in found}


def press(service: Service, stranger: httpx.Client, path: str, deed: str) -> httpx.Response:
    return stranger.post(path, data={"deed": deed}, headers={"Origin": service.base})


def test_a_link_shows_and_a_button_acts(
    service: Service, stranger: httpx.Client, first: dict[str, Any]
) -> None:
    for _ in range(2):
        page = stranger.get(first["path"])
        assert page.status_code == 200
        assert first["item"]["title"] in unescape(page.text)
    (mailto,) = re.findall(r'href="(mailto:[^"]+)"', page.text)
    assert first["contact"]["name"] in page.text
    assert mailto.startswith("mailto:")
    assert statuses(service) == {}
    assert press(service, stranger, first["path"], "sent").status_code == 303
    press(service, stranger, first["path"], "sent")
    assert statuses(service) == {first["id"]: "sent"}
    touches = service.get(f"/contacts/{first['contact']['id']}/touches")["touches"]
    assert len([t for t in touches if t["suggestion_id"] == first["id"]]) == 1
    assert "has this" in stranger.get(first["path"]).text
    press(service, stranger, first["path"], "undo")
    assert statuses(service) == {}
    press(service, stranger, first["path"], "later")
    assert statuses(service) == {first["id"]: "snoozed"}
    press(service, stranger, first["path"], "undo")
    press(service, stranger, first["path"], "no")
    assert statuses(service) == {first["id"]: "dismissed"}
    assert press(service, stranger, first["path"], "erase").status_code == 422


def test_whom_not_to_write_to_is_not_written_to(
    service: Service, stranger: httpx.Client, first: dict[str, Any]
) -> None:
    path = f"/api/v1/contacts/{first['contact']['id']}"
    service.http.patch(path, json={"state": "do_not_contact"})
    page = stranger.get(first["path"]).text
    assert "mailto:" not in page
    assert "do not contact" in page
    for deed in ("sent", "later"):
        assert press(service, stranger, first["path"], deed).status_code == 422
    assert statuses(service) == {}
    press(service, stranger, first["path"], "no")
    assert statuses(service) == {first["id"]: "dismissed"}


def test_no_other_page_can_press_the_button(
    service: Service, stranger: httpx.Client, first: dict[str, Any]
) -> None:
    for headers in ({}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
        done = stranger.post(first["path"], data={"deed": "sent"}, headers=headers)
        assert done.status_code == 403
    assert statuses(service) == {}


def test_a_link_opens_nothing_else(
    service: Service, stranger: httpx.Client, first: dict[str, Any]
) -> None:
    assert stranger.get(first["path"][:-1] + "!").status_code == 403
    assert stranger.get("/go/x").status_code == 403
    assert stranger.get("/stop/" + first["path"].removeprefix("/go/")).status_code == 403
    page = stranger.get(first["path"])
    assert "set-cookie" not in page.headers
    assert stranger.get("/people").status_code == 401
    said = "".join(service.said)
    assert first["path"].removeprefix("/go/") not in said


def test_links_hold_for_a_week(storage: SqliteStorage) -> None:
    url = Links(storage, "me", ORIGIN, now=NOW).errand("s1")
    token = url.removeprefix(f"{ORIGIN}/go/")
    almost = NOW + timedelta(days=7) - timedelta(seconds=1)
    assert errand_of(storage, token, now=almost) == ("me", "s1")
    with pytest.raises(AccessDenied, match="run out"):
        errand_of(storage, token, now=NOW + timedelta(days=7))
    end = Links(storage, "me", ORIGIN, now=NOW).end().removeprefix(f"{ORIGIN}/stop/")
    assert end_of(storage, end) == "me"
    for wrong in (end, token[:-2], token + "a", "", "a.b", "\x00", "é" * 3000):
        with pytest.raises(AccessDenied):
            errand_of(storage, wrong, now=NOW)


def test_unsubscribing_takes_a_button_or_one_click(
    service: Service, stranger: httpx.Client
) -> None:
    service.cli.ok("digest", "schedule", "--to", "me@example.org", "--day", "sunday")
    path = re.search(r"(/stop/\S+)", service.cli.ok("digest", "preview"))
    assert path is not None
    assert "End the weekly digest?" in stranger.get(path[1]).text

    def day() -> str:
        found: str = service.get("/preferences")["preferences"]["digest.day"]
        return found

    assert day() == "sunday"
    other = stranger.post(path[1], headers={"Origin": "https://elsewhere.example"})
    assert other.status_code == 403
    assert day() == "sunday"
    # As a mail service posts it (RFC 8058): no cookie, no origin.
    done = stranger.post(path[1], data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "The digest is off" in done.text
    assert day() == ""


def test_unsubscribing_brings_no_account_back(service: Service, stranger: httpx.Client) -> None:
    path = re.search(r"(/stop/\S+)", service.cli.ok("digest", "preview"))
    assert path is not None
    service.cli.ok("erase", "--yes")
    assert "The digest is off" in stranger.post(path[1]).text
    assert service.cli.run("doctor", "--json").stdout.count("sunday") == 0
    with closing(sqlite3.connect(service.cli.data_dir / "sawthis.db")) as db:
        assert db.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


def test_feeds_are_behind_secret_addresses(service: Service, stranger: httpx.Client) -> None:
    found = service.get("/digest/feeds")
    assert service.get("/digest/feeds") == found
    atom = stranger.get(found["atom"])
    assert atom.headers["content-type"] == "application/atom+xml"
    read = feedparser.parse(atom.content)
    assert not read.bozo
    titles = [
        f"For {card['contact']['first_name']}: {one['item']['title']}"
        for card in service.get("/digest?people=7")["cards"]
        for one in card["suggestions"]
    ]
    assert [entry.title for entry in read.entries] == titles
    assert len({entry.id for entry in read.entries}) == len(titles)
    changed = service.http.patch("/api/v1/contacts/joe", json={"birthday": "1980-02-29"})
    assert changed.status_code == 200
    calendar = stranger.get(found["calendar"])
    assert calendar.headers["content-type"].startswith("text/calendar")
    events = [str(e["SUMMARY"]) for e in Calendar.from_ical(calendar.content).walk("VEVENT")]
    assert any("Write to" in event for event in events)
    assert any("Birthday" in event for event in events)

    moved = service.post("/digest/feeds", 200)
    assert stranger.get(found["atom"]).status_code == 404
    assert stranger.get(found["calendar"]).status_code == 404
    assert stranger.get(moved["atom"]).status_code == 200
    key = moved["atom"].split("/")[-2]
    assert key not in "".join(service.said)
    assert stranger.get("/out/x/suggestions.atom").status_code == 404


def test_who_may_only_look_does_not_learn_the_addresses(service: Service) -> None:
    secret = service.cli.ok("token", "create", "reader", "--scope", "read").strip()
    with service.client(secret) as reader:
        assert reader.get("/api/v1/digest/feeds").status_code == 403
        assert reader.post("/api/v1/digest/feeds").status_code == 403
        assert reader.post("/api/v1/digest/send", json={}).status_code == 403
        assert reader.get("/api/v1/digest/outbox").json() == {"digests": []}


def test_settings_keep_the_schedule_and_make_addresses(service: Service) -> None:
    with service.browser() as browser:
        fields = {"digest.to": "me@example.org", "digest.day": "friday", "digest.at": "17:30"}
        assert browser.post("/settings", data=fields).status_code == 303
        page = browser.get("/settings").text
        assert 'value="me@example.org"' in page
        assert "The next one comes on Friday" in page
        assert "/out/" not in page
        browser.post("/settings/digest/feeds")
        page = browser.get("/settings").text
        (atom,) = set(re.findall(r'href="(http\S+\.atom)"', page))
        assert browser.get(atom).status_code == 200
        wrong = browser.post("/settings", data={"digest.to": "nobody"})
        assert wrong.status_code == 422
        refused = browser.post("/settings/digest/send")
        assert refused.status_code == 500
        assert "SAWTHIS_SMTP_HOST" in refused.text
