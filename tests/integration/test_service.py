"""The real service under uvicorn: API, page, gate, health."""

from __future__ import annotations

import json
import signal
import sqlite3
import urllib.request
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Sawthis


class Service:
    """A running `sawthis serve` with a token."""

    def __init__(self, cli: Sawthis) -> None:
        self.cli = cli
        self.secret = cli.ok("token", "create", "test").strip()
        self.process = cli.popen("serve", "--port", "0")
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        self.base = line.split("at ")[1].split("/ ")[0]
        self.http = httpx.Client(
            base_url=self.base,
            headers={"Authorization": f"Bearer {self.secret}"},
            trust_env=False,
            timeout=60,
        )

    def get(self, path: str) -> Any:
        answer = self.http.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, expected: int = 201, /, **body: object) -> Any:
        answer = self.http.post(f"/api/v1{path}", json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def stop(self) -> None:
        self.http.close()
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=20)
        assert "Traceback" not in errors
        assert self.secret not in errors


@pytest.fixture
def service(demo: Sawthis) -> Iterator[Service]:
    started = Service(demo)
    yield started
    started.stop()


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
    for path in ("/", "/api/v1/contacts", "/health/live"):
        answer = service.http.get(path, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_lists_todays_suggestions(service: Service) -> None:
    service.cli.ok("prefs", "set", "minutes", "60")  # chance decides who is first
    page = service.http.get("/")
    assert page.status_code == 200
    assert "good reasons to write today" in page.text
    assert "<script" not in page.text
    assert service.http.get("/static/sawthis.css").headers["content-type"].startswith("text/css")


def test_the_page_speaks_in_the_voice_of_now(service: Service) -> None:
    service.cli.ok("prefs", "set", "minutes", "60")
    assert "Yours, Ed" not in service.http.get("/").text
    service.cli.ok("prefs", "set", "voice.sign_off", "Yours, Ed")
    # Every card with a note has it, those with an item, too.
    page = service.http.get("/").text
    assert page.count("Yours, Ed") == page.count('class="note"') > 1


def test_the_page_escapes_what_strangers_wrote(service: Service) -> None:
    name = "<script>alert(1)</script> & Co"
    service.post("/contacts", name=name, interests=["chess", "sailing", "coffee"], cadence_days=1)
    connection = sqlite3.connect(service.cli.data_dir / "sawthis.db")
    with connection:
        connection.execute("UPDATE items SET title = '<img src=x onerror=alert(1)>' || title")
        connection.execute("UPDATE items SET url = 'javascript:alert(1)' WHERE kind = 'article'")
    connection.close()
    service.cli.ok("prefs", "set", "minutes", "60")
    page = service.http.get("/").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert 'href="javascript:' not in page
    assert "&lt;img" in page


def test_people_are_logged_and_brought_in_by_forms(service: Service) -> None:
    ours = {"Origin": service.base, "Sec-Fetch-Site": "same-origin"}
    page = service.http.get("/people").text
    assert "Joe Ferraro" in page
    assert "<script" not in page
    form = {"contact": "joe", "kind": "call"}
    done = service.http.post("/people/touch", data=form, headers=ours, follow_redirects=True)
    assert "Logged: call with Joe Ferraro." in done.text
    assert service.get("/contacts/joe/touches")["touches"][0]["kind"] == "call"
    book = b"BEGIN:VCARD\nFN:Zo <b>Quist\nEMAIL:z@q.example\nEND:VCARD\n"
    look = service.http.post("/people/import", files={"file": book}, headers=ours)
    assert "1 created" in look.text
    assert "Zo &lt;b&gt;Quist" in look.text
    assert len(service.get("/contacts?limit=500")["contacts"]) == 10
    copy = look.text.split('name="book" value="')[1].split('"')[0]
    sure = service.http.post("/people/import", files={"book": (None, copy.encode())}, headers=ours)
    assert "Done" in sure.text
    assert len(service.get("/contacts?limit=500")["contacts"]) == 11
    for body in ({"file": b"no book"}, {"file": b""}):
        assert service.http.post("/people/import", files=body, headers=ours).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "BASE", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "BASE:1"},
    ],
)
def test_forms_of_other_pages_are_refused(service: Service, headers: dict[str, str]) -> None:
    sent = {name: value.replace("BASE", service.base) for name, value in headers.items()}
    form = {"contact": "joe", "kind": "call"}
    assert service.http.post("/people/touch", data=form, headers=sent).status_code == 403
    answer = service.http.post("/people/import", files={"file": b"FN"}, headers=sent)
    assert answer.status_code == 403


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
    for dry_run, n in ((True, 10), (False, 11)):
        done = service.http.post(f"/api/v1/imports?dry_run={dry_run}", content=book)
        assert done.json()["created"] == 1
        assert len(service.get("/contacts")["contacts"]) == n
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
