"""What the API promises beyond its shapes: versions, pages, once, jobs, mutes, limits, logs."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.integration.serving import Service

if TYPE_CHECKING:
    from tests.conftest import Sawthis


def test_a_contact_changes_only_as_it_was_read(service: Service) -> None:
    path = "/api/v1/contacts/joe"
    read = service.http.get(path)
    tag = read.headers["etag"]
    assert service.http.get(path, headers={"If-None-Match": tag}).status_code == 304
    first = service.http.patch(path, json={"notes": "one"}, headers={"If-Match": tag})
    assert first.status_code == 200
    assert first.headers["etag"] != tag
    late = service.http.patch(path, json={"notes": "two"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["type"]) == (412, "urn:sawthis:problem:changed-meanwhile")
    assert service.http.delete(path, headers={"If-Match": tag}).status_code == 412
    assert service.get("/contacts/joe")["notes"] == "one"
    # What hangs on the contact is part of what was read.
    before = service.http.get(path).headers["etag"]
    service.post("/contacts/joe/interests", phrase="knots")
    assert service.http.get(path, headers={"If-None-Match": before}).status_code == 200


def test_a_key_is_used_once(service: Service) -> None:
    key = {"Idempotency-Key": "touch-1"}
    answers = [
        service.http.post("/api/v1/contacts/joe/touches", json={"kind": "call"}, headers=key)
        for _ in range(3)
    ]
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    calls = [t for t in service.get("/contacts/joe/touches")["touches"] if t["kind"] == "call"]
    assert len([t for t in calls if t["id"] == answers[0].json()["id"]]) == 1
    other = service.http.post("/api/v1/contacts/joe/touches", json={"kind": "met"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:sawthis:problem:key-reused")
    # Another account's key of the same name is another key.
    theirs = service.cli.ok("--account", "other", "token", "create", "t").strip()
    with service.client(theirs) as client:
        client.post("/api/v1/contacts", json={"name": "Joe"})
        made = client.post("/api/v1/contacts/joe/touches", json={"kind": "met"}, headers=key)
        assert made.status_code == 201


def test_a_key_that_arrives_twice_at_once_is_used_once(service: Service) -> None:
    ref = service.get("/contacts/maren/suggestions")["suggestions"][0]["id"]
    n_before = len(service.get("/contacts/maren/touches")["touches"])
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(
            httpx.post(
                f"{service.base}/api/v1/contacts/maren/touches",
                json={"kind": "sent", "note": ref},
                headers={"Authorization": f"Bearer {service.secret}", "Idempotency-Key": "same"},
                trust_env=False,
                timeout=60,
            )
        )

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(service.get("/contacts/maren/touches")["touches"]) == n_before + 1


def test_what_was_answered_is_forgotten_with_the_contact(service: Service) -> None:
    made = service.post("/contacts", name="Zebedee Quillfeather")
    touch = {"kind": "met", "note": "Zebedee said so"}
    path = f"/api/v1/contacts/{made['id']}/touches"
    service.http.post(path, json=touch, headers={"Idempotency-Key": "k"})
    service.http.delete(f"/api/v1/contacts/{made['id']}")
    connection = sqlite3.connect(service.cli.data_dir / "sawthis.db")
    assert "Zebedee" not in "\n".join(connection.iterdump())
    connection.close()


def test_long_lists_come_in_pages(service: Service) -> None:
    for n in range(7):
        service.post("/contacts/joe/touches", kind="met", at=f"2026-0{n + 1}-01T10:00:00Z")
    for path, name in (
        ("/contacts/joe/touches", "touches"),
        ("/items", "items"),
        ("/contacts", "contacts"),
    ):
        whole = service.get(f"{path}?limit=200")[name]
        pages: list[dict[str, str]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = service.get(f"{path}?limit=3" + (f"&cursor={cursor}" if cursor else ""))
            assert len(page[name]) <= 3
            pages += page[name]
            cursor = page["next_cursor"]
        assert [one["id"] for one in pages[: len(whole)]] == [one["id"] for one in whole]
        assert len({one["id"] for one in pages}) == len(pages) >= 4
        wrong = service.http.get(f"/api/v1{path}", params={"cursor": "of another list"})
        assert wrong.status_code == 422


def test_what_came_of_suggestions_is_listed(service: Service) -> None:
    refs = [s["id"] for s in service.get("/contacts/joe/suggestions?n=3")["suggestions"]]
    for ref, status in zip(refs, ("opened", "sent", "dismissed"), strict=False):
        service.post(f"/suggestions/{ref}/status", 200, status=status)
    listed = service.get("/suggestions?contact=joe")["suggestions"]
    assert [one["suggestion_id"] for one in listed[:2]] == refs[: len(listed)][::-1][:2]
    (newest, *_) = service.get("/suggestions?status=sent")["suggestions"]
    assert newest["status"] == "sent"
    assert service.get(f"/suggestions/{refs[0]}")["status"] == "opened"
    page = service.get("/suggestions?limit=1")
    rest = service.get(f"/suggestions?limit=1&cursor={page['next_cursor']}")
    assert rest["suggestions"][0]["suggestion_id"] != page["suggestions"][0]["suggestion_id"]
    drafted = service.post(
        f"/suggestions/{refs[0]}/draft", 200, form="mailto", note="Grüße,\n50 % & more"
    )
    assert "Gr%C3%BC%C3%9Fe%2C%0D%0A50%20%25%20%26%20more" in drafted["draft"]


def test_a_refresh_is_a_job_with_events(service: Service) -> None:
    started = service.http.post("/api/v1/jobs/refresh")
    assert started.status_code == 202
    job = started.json()
    assert started.headers["location"] == f"/api/v1/jobs/{job['id']}"
    events = []
    with service.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in stream.iter_lines() if line]
    for name, data in zip(lines[::2], lines[1::2], strict=True):
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    assert events[-1][0] == "done"
    assert {name for name, _ in events[:-1]} <= {"progress"}
    assert events[-1][1]["result"]["feeds"]["failed"] == 0
    assert service.get("/jobs")["jobs"][0]["state"] == "done"
    assert service.http.get("/api/v1/jobs/none").status_code == 404
    theirs = service.cli.ok("--account", "other", "token", "create", "t").strip()
    with service.client(theirs) as client:
        assert client.get("/api/v1/jobs").json() == {"jobs": []}
        for path in (f"/api/v1/jobs/{job['id']}", f"/api/v1/jobs/{job['id']}/events"):
            assert client.get(path).status_code == 404


def test_a_job_that_fails_says_why(service: Service) -> None:
    started = service.http.post("/api/v1/imports", content=b"no address book at all")
    done = service.finished(started.json())
    assert done["state"] == "failed"
    assert done["error"]


def test_muted_sources_and_topics_are_suggested_to_nobody(service: Service) -> None:
    before = service.get("/contacts/joe/suggestions?n=10")["suggestions"]
    source = before[0]["item"]["feed"]
    service.post("/mutes", kind="source", value=source)
    after = service.get("/contacts/joe/suggestions?n=10")["suggestions"]
    assert after
    assert all(one["item"]["feed"] != source for one in after)
    word = after[0]["item"]["title"].split()[0]
    service.post("/mutes", kind="topic", value=word)
    left = service.get("/contacts/joe/suggestions?n=10")["suggestions"]
    assert all(word.casefold() not in one["item"]["title"].casefold().split() for one in left)
    cli = json.loads(service.cli.ok("suggest", "-c", "joe", "-n", "10", "--json"))["suggestions"]
    assert [one["id"] for one in cli] == [one["id"] for one in left]
    muted = service.get("/items?limit=200")["items"]
    assert any(item["muted"] for item in muted)
    for mute in service.get("/mutes")["mutes"]:
        answer = service.http.delete(
            "/api/v1/mutes", params={k: mute[k] for k in ("kind", "value")}
        )
        assert answer.status_code == 204
    assert service.get("/contacts/joe/suggestions?n=10")["suggestions"][0]["id"] == before[0]["id"]
    assert (
        service.http.delete("/api/v1/mutes", params={"kind": "topic", "value": "none"}).status_code
        == 404
    )


def test_a_page_is_saved_with_its_text_at_hand(service: Service) -> None:
    page = {
        "url": "https://bread.example/starter?utm_source=x",
        "title": "A starter",
        "text": "A sourdough starter needs flour, water and patience. Feed the sourdough daily.",
    }
    made = service.post("/items", **page)
    assert made["own"]
    assert made["people"][0]["contact"]["slug"] == "maren-lindqvist"
    assert service.post("/items", **page)["id"] == made["id"]
    found = service.get("/contacts/maren/suggestions?n=20")["suggestions"]
    mine = next(one for one in found if one["item"]["id"] == made["id"])
    service.post(f"/suggestions/{mine['id']}/status", 200, status="sent")
    # Whoever had it must not get it again, and the page knows.
    assert service.http.delete(f"/api/v1/items/{made['id']}").status_code == 409
    fits = service.post("/matches", 200, **page)["people"]
    assert [f["had_it"] for f in fits if f["contact"]["slug"] == "maren-lindqvist"] == [True]
    other = service.post("/items", url="https://bread.example/2", text="Nothing for anybody here.")
    assert service.http.delete(f"/api/v1/items/{other['id']}").status_code == 204
    assert service.http.get(f"/api/v1/items/{other['id']}").status_code == 404


def test_what_is_selected_counts_more(service: Service) -> None:
    text = "Rivers and reeds. " * 300 + "Chess players learn that passed pawns must be pushed."
    whole = service.post("/matches", 200, title="A walk", text=text)["people"]
    picked = service.post(
        "/matches", 200, title="A walk", text=text,
        selection="Chess players learn that passed pawns must be pushed.",
    )["people"]  # fmt: skip
    assert "pavel-novak" not in {f["contact"]["slug"] for f in whole}
    assert picked[0]["contact"]["slug"] == "pavel-novak"
    assert picked[0]["span"] in text


def test_preferences_and_groups(service: Service) -> None:
    changed = service.http.patch(
        "/api/v1/preferences", json={"preferences": {"minutes": "9", "humour": "clean"}}
    )
    assert changed.json()["preferences"]["minutes"] == "9"
    assert service.post("/contacts", name="Ann New")["humour"] == "clean"
    wrong = service.http.patch(
        "/api/v1/preferences", json={"preferences": {"minutes": "4", "humour": "rude"}}
    )
    assert wrong.status_code == 422
    assert service.get("/preferences")["preferences"]["minutes"] == "9"
    service.http.patch("/api/v1/contacts/joe", json={"groups": ["boat"]})
    put = service.http.put("/api/v1/groups/boat", json={"cadence_days": 30})
    assert put.json() == {"name": "boat", "contacts": 1, "cadence_days": 30}
    assert service.http.delete("/api/v1/groups/boat").status_code == 204
    assert service.http.delete("/api/v1/groups/boat").status_code == 404
    assert service.get("/contacts?group=boat")["contacts"][0]["name"] == "Joe Ferraro"
    assert service.get("/contacts?search=FERR")["contacts"][0]["name"] == "Joe Ferraro"


def test_feeds_over_the_api(service: Service) -> None:
    (first, *_) = service.get("/feeds")["feeds"]
    assert first["condition"] == "well"
    path = f"/api/v1/feeds/{first['id']}"
    assert service.http.patch(path, json={"full_text": "off"}).json()["full_text"] == "off"
    kept = service.http.put(f"{path}/login", json={"kind": "basic", "value": "me:secret-word"})
    assert kept.json()["has_login"]
    assert "secret-word" not in kept.text
    assert service.http.get(path).status_code == 404
    opml = service.http.get("/api/v1/opml")
    assert b"secret-word" not in opml.content
    again = service.http.post("/api/v1/opml", content=opml.content)
    assert again.json()["added"] == 0
    assert again.json()["already_there"] == len(service.get("/feeds")["feeds"])
    assert len(service.get("/feeds/catalogue")["feeds"]) > 50
    private = service.http.post("/api/v1/feeds/preview", json={"url": "http://10.0.0.1/feed"})
    assert (private.status_code, private.json()["type"]) == (
        502,
        "urn:sawthis:problem:unreadable-page",
    )


def test_letters_and_touches(service: Service) -> None:
    letter = (
        b"From: me@home.example\nTo: joe@ferraro.example\nDate: Mon, 02 Nov 2026 10:00:00 +0000\n"
        b"Message-ID: <1@home.example>\nSubject: The boat\n\nText that is not kept.\n"
    )
    for expected in (1, 0):
        done = service.http.post("/api/v1/touches/import?me=me@home.example", content=letter)
        assert done.json()["logged"] == expected, done.text
    (newest, *_) = service.get("/contacts/joe/touches")["touches"]
    assert newest["at"] == "2026-11-02T10:00:00Z"
    assert service.http.delete(f"/api/v1/touches/{newest['id']}").status_code == 204
    assert service.http.delete(f"/api/v1/touches/{newest['id']}").status_code == 404


def test_an_account_moves_and_is_erased(service: Service) -> None:
    exported = service.http.get("/api/v1/account/export").content
    assert b"Joe Ferraro" in exported
    theirs = service.cli.ok("--account", "new", "token", "create", "t", "--scope", "admin").strip()
    with service.client(theirs) as client:
        read = client.post("/api/v1/account/import", content=exported)
        assert read.json()["rows"] == len(exported.splitlines())
        assert client.post("/api/v1/account/import", content=exported).status_code == 409
        found = client.get("/api/v1/contacts/joe/suggestions").json()["suggestions"]
        assert [s["item"]["title"] for s in found] == [
            s["item"]["title"] for s in service.get("/contacts/joe/suggestions")["suggestions"]
        ]
        assert client.request("DELETE", "/api/v1/account", json={"account": "x"}).status_code == 422
        gone = client.request("DELETE", "/api/v1/account", json={"account": "new"})
        assert gone.json()["erased"]["contacts"] == 10
        assert client.get("/api/v1/account").status_code == 401
    assert len(service.get("/contacts")["contacts"]) == 10
    assert service.get("/contacts/joe/suggestions")["suggestions"]


def test_too_many_calls_are_told_to_wait(demo: Sawthis) -> None:
    demo.environment["SAWTHIS_RATE_LIMIT"] = "20"
    service = Service(demo)
    try:
        answers = [service.http.get("/api/v1/feeds") for _ in range(30)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert 8 <= len(refused) <= 11
        assert 1 <= int(refused[0].headers["retry-after"]) <= 3
        assert refused[0].json()["type"] == "urn:sawthis:problem:too-many-requests"
        assert service.http.get("/health/live").status_code == 200
    finally:
        service.stop()


def test_the_log_has_a_line_for_each_call_and_no_secret(demo: Sawthis) -> None:
    demo.environment.update({"SAWTHIS_LOG_LEVEL": "info", "SAWTHIS_METRICS": "true"})
    service = Service(demo)
    try:
        own = service.http.get("/api/v1/contacts/joe", headers={"X-Request-ID": "my-request-1"})
        assert own.headers["x-request-id"] == "my-request-1"
        forged = service.http.get("/api/v1/feeds", headers={"X-Request-ID": "a b"})
        assert forged.headers["x-request-id"] != "a b"
        secret_text = "the very private text of a page"
        service.post("/matches", 200, title="T", text=secret_text)
        browser = service.browser()
        browser.close()
        figures = service.http.get("/metrics")
        assert figures.headers["content-type"].startswith("text/plain")
        route = "/api/v1/contacts/{contact}"
        assert f'sawthis_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in (
            figures.text
        )
        assert httpx.get(f"{service.base}/metrics", trust_env=False).status_code == 401
    finally:
        service.stop()
    lines = [json.loads(line) for line in service.said]
    calls = [line for line in lines if "route" in line]
    mine = next(line for line in calls if line["request_id"] == "my-request-1")
    assert (mine["route"], mine["status"], mine["account"]) == (route, 200, "me")
    text = "".join(service.said)
    assert secret_text not in text
    assert "code=" not in text
    assert "joe" not in text


def test_without_the_setting_there_are_no_metrics(service: Service) -> None:
    assert service.http.get("/metrics").status_code == 404


def children_of(pid: int) -> list[str]:
    """Processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if fields[1] == str(pid):
            found.append(stat.parent.name)
    return found


def test_a_refresh_under_way_ends_with_the_service(demo: Sawthis) -> None:
    """SIGTERM: what is asked is answered, the child is ended, and the exit is a good one."""
    service = Service(demo)
    job = service.http.post("/api/v1/jobs/refresh").json()
    assert job["state"] == "running"
    until = time.monotonic() + 20
    while not (pids := children_of(service.process.pid)) and time.monotonic() < until:
        time.sleep(0.05)
    assert pids
    service.process.terminate()
    assert service.process.wait(20) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    service.stop()
