"""The real service under uvicorn: API, page, gate, health."""

from __future__ import annotations

import json
import socket
import sqlite3
import urllib.request
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn

from recommender.api.server import _bind

if TYPE_CHECKING:
    from tests.integration.serving import Service


def test_the_api_agrees_with_the_command_line(service: Service) -> None:
    api = service.get("/contacts/joe/suggestions?n=5")
    cli = json.loads(service.cli.ok("suggest", "-c", "joe", "-n", "5", "--json"))
    for one in api["suggestions"] + cli["suggestions"]:
        del one["score"]  # fades with the time of day
    assert api["suggestions"] == cli["suggestions"]
    assert api["suggestions"]


def test_a_contact_from_first_to_last(service: Service) -> None:
    made = service.post("/contacts", name="Ada Blum", interests=["chess"], humour="clean")
    path = f"/contacts/{made['id']}"
    assert service.get(path)["interests"][0]["phrase"] == "chess"
    assert service.get(f"{path}/suggestions")["suggestions"][0]["interest"] == "chess"
    interest = service.post(f"{path}/interests", phrase="sailing", weight=1.5)
    answer = service.http.patch(f"/api/v1{path}/interests/{interest['id']}", json={"weight": 0.5})
    assert answer.json()["weight"] == 0.5
    assert service.http.delete(f"/api/v1{path}/interests/sailing").status_code == 204
    changed = service.http.patch(f"/api/v1{path}", json={"notes": "x", "cadence_days": 9})
    assert (changed.json()["notes"], changed.json()["cadence_days"]) == ("x", 9)
    service.post(f"{path}/touches", kind="call", at="2026-01-01T10:00:00+01:00")
    assert service.get(f"{path}/touches")["touches"][0]["at"].startswith("2026-01-01T09:00")
    assert service.http.delete(f"/api/v1{path}").status_code == 204
    assert service.http.get(f"/api/v1{path}").status_code == 404


def test_a_status_is_set_and_undone(service: Service) -> None:
    ref = service.get("/contacts/maren/suggestions")["suggestions"][0]["id"]
    path = f"/suggestions/{ref}/status"
    assert service.post(path, 200, status="opened")["status"] == "opened"
    assert service.post(path, 200, status="sent", note="n")["status"] == "sent"
    touches = service.get("/contacts/maren/touches")["touches"]
    assert touches[0]["suggestion_id"] == ref
    assert service.post(path, 200, status="undo")["status"] == "sent"
    assert len(service.get("/contacts/maren/touches")["touches"]) == len(touches) - 1
    service.post(path, 422, status="snoozed")
    service.post(path, 422, status="snoozed", until="2001-01-01T00:00:00Z")
    service.post(path, 200, status="snoozed", until="2099-01-01T00:00:00Z")
    service.post("/suggestions/none/status", 404, status="sent")


def test_who_would_enjoy_a_page(service: Service) -> None:
    text = "A sourdough loaf needs time, flour and patience. Feed the sourdough starter daily."
    people = service.post("/matches", 200, title="Baking", text=text)["people"]
    assert people[0]["contact"]["slug"] == "maren-lindqvist"
    assert people[0]["span"] in text
    other = "Chess players learn that passed pawns must be pushed; chess is a game of patience."
    (chess,) = service.post("/matches", 200, title="Chess", text=other, limit=1)["people"]
    assert chess["contact"]["slug"] == "pavel-novak"
    assert chess["span"] in other  # and not in the page before it
    assert service.post("/matches", 422, title=" ")["type"] == "urn:sawthis:problem:invalid-input"


def test_feeds(service: Service) -> None:
    made = service.post("/feeds", url="https://example.com/feed", kind="joke")
    assert made["id"] in {feed["id"] for feed in service.get("/feeds")["feeds"]}
    assert service.http.delete(f"/api/v1/feeds/{made['id']}").status_code == 204
    service.post("/feeds", 422, url="file:///etc/passwd")


def test_pages_of_contacts(service: Service) -> None:
    first = service.get("/contacts?limit=6")
    rest = service.get(f"/contacts?limit=6&cursor={first['next_cursor']}")
    names = [c["name"] for c in first["contacts"] + rest["contacts"]]
    assert len(names) == 10
    assert names == sorted(names, key=str.casefold)
    assert rest["next_cursor"] is None
    assert service.http.get("/api/v1/contacts?cursor=gone").status_code == 422


def test_errors_are_problems(service: Service) -> None:
    for path, status in (("/contacts/nobody", 404), ("/nowhere", 404), ("/contacts?limit=0", 422)):
        answer = service.http.get(f"/api/v1{path}")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    service.post("/contacts", 422, name="X", surprise=1)
    service.post("/contacts", 422, name="")
    service.post("/contacts", 422, name="X", emails=["nonsense"])


def test_nobody_comes_in_without_a_token(service: Service) -> None:
    for headers in ({}, {"Authorization": "Bearer sawthis_wrong"}, {"Authorization": "Basic x"}):
        for path in ("/contacts", "/feeds", "/contacts/joe/suggestions"):
            answer = httpx.get(f"{service.base}/api/v1{path}", headers=headers, trust_env=False)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
    service.cli.ok("token", "revoke", "test")
    assert service.http.get("/api/v1/contacts").status_code == 401


def test_tokens_are_hashed_at_rest(service: Service) -> None:
    connection = sqlite3.connect(service.cli.data_dir / "sawthis.db")
    dump = "\n".join(connection.iterdump())
    connection.close()
    assert service.secret not in dump
    listed = service.cli.ok("token", "list", "--json")
    assert service.secret not in listed
    assert json.loads(listed)[0]["name"] == "test"


def test_another_accounts_token_sees_nothing(service: Service) -> None:
    other = service.cli.ok("--account", "other", "token", "create", "theirs").strip()
    headers = {"Authorization": f"Bearer {other}"}
    mine = service.get("/contacts/joe")["id"]
    with httpx.Client(base_url=service.base, headers=headers, trust_env=False) as client:
        assert client.get("/api/v1/contacts").json()["contacts"] == []
        assert client.get("/api/v1/feeds").json()["feeds"] == []
        for path in (f"/contacts/{mine}", f"/contacts/{mine}/suggestions"):
            assert client.get(f"/api/v1{path}").status_code == 404
        assert client.delete(f"/api/v1/contacts/{mine}").status_code == 404
        text = {"title": "Baking", "text": "sourdough bread"}
        assert client.post("/api/v1/matches", json=text).json() == {"people": []}
    assert service.get("/contacts/joe")["id"] == mine


def test_unknown_hosts_are_refused(service: Service) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", ""):
        request = urllib.request.Request(f"{service.base}/", headers={"Host": host})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == 400
        caught.value.close()


def test_large_bodies_are_refused(service: Service) -> None:
    answer = service.http.post("/api/v1/matches", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413


def test_no_answer_allows_other_origins(service: Service) -> None:
    paths = {"/": 401, "/login": 200, "/api/v1/contacts": 200, "/health/live": 200}
    for path, status in paths.items():
        answer = service.http.get(path, headers={"Origin": "https://evil.example"})
        assert answer.status_code == status
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_rhythm_over_the_api(service: Service) -> None:
    plan = service.get("/plan?minutes=12")
    assert plan == service.get("/plan")
    slug = plan["entries"][0]["contact"]["slug"]
    skipped = service.post("/plan/skip", 200, contact=slug)
    assert skipped["entries"][0]["state"] == "skipped"
    assert service.post("/plan/skip", 200, contact=slug, undo=True) == plan
    standing = service.get("/standing?years=1")
    assert standing["gauge"]["people"] == 10
    assert standing["outlook"]["people"] == 10
    service.http.patch(
        "/api/v1/contacts/joe", json={"birthday": "--02-29", "phones": ["030 12345"]}
    )
    (occasion,) = service.get("/occasions?days=366")["occasions"]
    assert occasion["name"] == "Joe Ferraro"
    advised = service.post("/contacts/grace/touches", kind="ask")
    assert "favour comes easier" in advised["advice"][1]
    book = b"BEGIN:VCARD\nFN:Joe F\nTEL:030 12345\nEND:VCARD\n"
    looked = service.http.post("/api/v1/imports/preview", content=book)
    assert looked.json()["created"] == 1
    assert len(service.get("/contacts")["contacts"]) == 10
    started = service.http.post("/api/v1/imports", content=book)
    assert started.status_code == 202
    done = service.finished(started.json())
    assert (done["state"], done["result"]["created"]) == ("done", 1)
    assert len(service.get("/contacts")["contacts"]) == 11
    (pair,) = service.get("/duplicates")["duplicates"]
    assert pair["reasons"] == ["the phone number …03012345"]
    merged = service.post("/contacts/joe-ferraro/merge", 200, other="joe-f")
    assert merged["details"]["nicknames"] == ["Joe F"]
    parted = service.post("/contacts/joe-ferraro/split", 200)
    assert [one["name"] for one in parted["contacts"]] == ["Joe Ferraro", "Joe F"]


def test_health(service: Service) -> None:
    assert service.http.get("/health/live").json() == {"status": "ok"}
    assert service.http.get("/health/ready").json() == {"status": "ok"}


def test_openapi_names_every_operation(service: Service) -> None:
    document = httpx.get(f"{service.base}/api/v1/openapi.json", trust_env=False).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids) >= 18
    assert all(operation["description"] for operation in operations)


def test_a_taken_port_is_one_line(service: Service) -> None:
    port = service.base.rsplit(":", 1)[1]
    assert f"port {port}" in service.cli.fails("serve", "--port", port)
    assert "reachable from outside" in service.cli.fails("serve", "--host", "0.0.0.0")


def test_a_large_book_is_brought_in_by_the_page(service: Service) -> None:
    """Looked at, then brought in: the file goes to the browser and back."""
    book = "".join(
        f"BEGIN:VCARD\nFN:Guest {n}\nEMAIL:g{n}@guest.example\nNOTE:{'x' * 900}\nEND:VCARD\n"
        for n in range(1500)
    ).encode()
    assert len(book) > 1024 * 1024
    with service.browser() as page:
        look = page.post("/people/import", files={"file": book})
        assert "1500" in look.text
        assert len(service.get("/contacts?limit=500")["contacts"]) == 10
        copy = look.text.split('name="book" value="')[1].split('"')[0]
        done = page.post("/people/import", files={"book": (None, copy.encode())})
        assert done.status_code in {200, 303}
    assert service.get("/account")["counts"]["contacts"] == 1510


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """asyncio sets TCP_NODELAY only where the protocol is named."""
    listener = _bind(uvicorn.Config("unused", host="127.0.0.1", port=0))
    with listener:
        assert listener.proto == socket.IPPROTO_TCP
