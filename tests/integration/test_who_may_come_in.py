"""Tokens, pairing, login and accounts: who gets in, and what they reach."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from recommender.services.access import Access, hash_secret
from recommender.storage.sqlite import open_sqlite
from tests.integration.serving import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Sawthis

EXTENSION = {"Origin": "chrome-extension://abcdefghijklmnop"}


def dump(cli: Sawthis, account: str = "me") -> list[str]:
    """Every row of an account, but for when its tokens and sessions were last used."""
    connection = sqlite3.connect(cli.data_dir / "sawthis.db")
    lines = [
        line
        for line in connection.iterdump()
        if f"'{account}'" in line and 'INTO "tokens"' not in line and '"sessions"' not in line
    ]
    connection.close()
    return sorted(lines)


def test_a_scope_is_as_far_as_a_token_goes(service: Service) -> None:
    made = {
        scope: service.post("/tokens", name=scope, scope=scope)["secret"]
        for scope in ("read", "write")
    }
    calls = [
        ("GET", "/contacts/joe", None, {"read": 200, "write": 200}),
        ("POST", "/matches", {"title": "Chess"}, {"read": 200, "write": 200}),
        ("PATCH", "/contacts/joe", {"notes": "x"}, {"read": 403, "write": 200}),
        ("POST", "/mutes", {"kind": "topic", "value": "x"}, {"read": 403, "write": 201}),
        ("GET", "/tokens", None, {"read": 403, "write": 403}),
        ("POST", "/tokens", {"name": "mine", "scope": "admin"}, {"read": 403, "write": 403}),
        ("GET", "/account/export", None, {"read": 403, "write": 403}),
        ("DELETE", "/account", {"account": "me"}, {"read": 403, "write": 403}),
        ("POST", "/pairing-codes", None, {"read": 403, "write": 403}),
    ]
    for scope, secret in made.items():
        with service.client(secret) as client:
            for method, path, body, expected in calls:
                answer = client.request(method, f"/api/v1{path}", json=body)
                assert answer.status_code == expected[scope], (scope, method, path, answer.text)
    assert service.http.delete("/api/v1/tokens/read").status_code == 204
    with service.client(made["read"]) as client:
        assert client.get("/api/v1/contacts").status_code == 401


def test_a_token_runs_out(demo: Sawthis) -> None:
    storage = open_sqlite(demo.data_dir / "sawthis.db")
    long_ago = datetime.now(UTC) - timedelta(days=2)
    _, secret = Access(storage, "me").create_token("old", now=long_ago, days=1)
    storage.close()
    service = Service(demo)
    try:
        with service.client(secret) as client:
            assert client.get("/api/v1/contacts").status_code == 401
    finally:
        service.stop()


def test_a_device_is_paired_once(service: Service) -> None:
    code = service.post("/pairing-codes")["code"]
    assert re.fullmatch(r"[A-HJ-KM-NP-Z2-9]{4}-[A-HJ-KM-NP-Z2-9]{4}", code)
    body = {"code": code.lower().replace("-", " "), "name": "laptop"}
    with httpx.Client(base_url=service.base, trust_env=False) as stranger:
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": service.base}):
            refused = stranger.post("/api/v1/pair", json=body, headers=headers)
            assert refused.status_code == 403
        made = stranger.post("/api/v1/pair", json=body, headers=EXTENSION)
        assert made.status_code == 201
        assert made.json()["scope"] == "write"
        assert not [name for name in made.headers if name.startswith("access-control")]
        again = stranger.post("/api/v1/pair", json=body, headers=EXTENSION)
        assert again.status_code == 403
    with service.client(made.json()["secret"]) as device:
        assert device.get("/api/v1/contacts/joe").status_code == 200
        assert device.delete("/api/v1/pair").status_code == 204
        assert device.get("/api/v1/contacts/joe").status_code == 401


def test_codes_cannot_be_guessed(service: Service) -> None:
    code = service.post("/pairing-codes")["code"]
    for _ in range(12):  # a page of somebody else's does not use the attempts up
        page = {"Origin": "https://evil.example"}
        body = {"code": "AAAA-AAAA"}
        refused = httpx.post(
            f"{service.base}/api/v1/pair", json=body, headers=page, trust_env=False
        )
        assert refused.status_code == 403
    statuses = [
        httpx.post(
            f"{service.base}/api/v1/pair",
            json={"code": f"AAAA-AA{n:02}".replace("0", "A").replace("1", "B")},
            headers=EXTENSION,
            trust_env=False,
        ).status_code
        for n in range(14)
    ]
    assert statuses[:10] == [403] * 10
    assert set(statuses[10:]) == {429}
    # Not even the right one gets in now.
    late = httpx.post(
        f"{service.base}/api/v1/pair", json={"code": code}, headers=EXTENSION, trust_env=False
    )
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) >= 1


def test_a_code_runs_out(demo: Sawthis) -> None:
    storage = open_sqlite(demo.data_dir / "sawthis.db")
    code, _ = Access(storage, "me").new_pairing_code(now=datetime.now(UTC) - timedelta(minutes=6))
    storage.close()
    service = Service(demo)
    try:
        answer = httpx.post(
            f"{service.base}/api/v1/pair", json={"code": code}, headers=EXTENSION, trust_env=False
        )
        assert answer.status_code == 403
    finally:
        service.stop()


def test_no_secret_lies_in_the_library(service: Service) -> None:
    code = service.post("/pairing-codes")["code"].replace("-", "")
    browser = service.browser()
    cookie = browser.cookies["sawthis"]
    browser.close()
    connection = sqlite3.connect(service.cli.data_dir / "sawthis.db")
    text = "\n".join(connection.iterdump())
    connection.close()
    for secret in (code, cookie, service.secret):
        assert secret not in text
        assert hash_secret(secret) in text


def test_a_link_logs_one_browser_in(service: Service) -> None:
    port = service.base.rsplit(":", 1)[1]
    link = service.cli.ok("login", "--port", port).strip()
    assert link.startswith(f"{service.base}/login?code=")
    ours = {"Origin": service.base}
    form = {"code": link.split("code=")[1]}
    with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as browser:
        assert browser.get("/").status_code == 401
        for _ in range(2):  # looking at the link does not use it up
            assert "Log in on this browser" in browser.get(link).text
        for origin in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}):
            assert browser.post("/login", data=form, headers=origin).status_code == 403
        done = browser.post("/login", data=form, headers=ours)
        assert done.status_code == 303
        cookie = done.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert browser.get("/").status_code == 200
        again = browser.post("/login", data=form, headers=ours)
        assert again.status_code == 403
        assert browser.post("/logout", headers=ours).status_code == 303
        assert browser.get("/").status_code == 401


def test_a_cookie_opens_no_api_and_a_token_no_page(service: Service) -> None:
    with service.browser() as browser:
        assert browser.get("/").status_code == 200
        assert browser.get("/api/v1/contacts").status_code == 401
        assert (
            browser.post("/api/v1/mutes", json={"kind": "topic", "value": "x"}).status_code == 401
        )
        bearer = {"Authorization": f"Bearer {service.secret}"}
        assert browser.get("/", headers=bearer).status_code == 401
    assert service.http.get("/").status_code == 401
    assert service.http.get("/people").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "BASE:1"},
        {"Origin": "http://localhost:PORT"},
    ],
)
def test_forms_of_other_pages_change_nothing(service: Service, headers: dict[str, str]) -> None:
    port = service.base.rsplit(":", 1)[1]
    sent = {k: v.replace("BASE", service.base).replace("PORT", port) for k, v in headers.items()}
    forms = sorted(form_routes())
    assert len(forms) > 15
    with service.browser() as browser:
        browser.get("/")  # makes the day's plan
        before = dump(service.cli)
        for path in forms:
            real = re.sub(r"{(\w+)[^}]*}", lambda m: some(m[1]), path)
            answer = browser.post(real, data={"contact": "joe", "confirm": "DELETE"}, headers=sent)
            assert answer.status_code == 403, (path, answer.status_code)
        assert dump(service.cli) == before


def some(name: str) -> str:
    """A value for a parameter of a path."""
    return "1" if name in {"item_id", "feed_id"} else "joe-ferraro"


def form_routes() -> set[str]:
    """Every path of the pages that takes a form."""
    from recommender.web.login import router as login
    from recommender.web.pages import router

    return {
        route.path
        for one in (login, router)
        for route in walk(one.routes)
        if "POST" in (getattr(route, "methods", None) or ())
    }


def page_routes() -> set[str]:
    """Every path of the pages that shows something of the library."""
    from recommender.web.pages import router

    public = ("/login", "/logout", "/static")
    return {
        route.path
        for route in walk(router.routes)
        if "GET" in (getattr(route, "methods", None) or ()) and not route.path.startswith(public)
    }


def walk(routes: Any) -> Iterator[Any]:
    """Routes, and those of routers within them."""
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if inner:
            yield from walk(inner)
        else:
            yield route


BY_A_KEY = {"/go/": 403, "/stop/": 403, "/out/": 404}
"""Where what a mail or a program leads to holds its own key, and what any other gets."""


def test_no_page_is_shown_without_a_login(service: Service) -> None:
    paths = page_routes()
    assert len(paths) > 8
    with httpx.Client(base_url=service.base, trust_env=False) as stranger:
        for path in paths:
            refused = next((s for key, s in BY_A_KEY.items() if path.startswith(key)), 401)
            answer = stranger.get(re.sub(r"{[^}]*}", "joe-ferraro", path))
            assert answer.status_code == refused, path
            assert "Ferraro" not in answer.text
            forged = stranger.get(re.sub(r"{[^}]*}", "x", path), headers={"Cookie": "sawthis=x"})
            assert forged.status_code == refused, path


def names_of(service: Service) -> dict[str, str]:
    """Real ids of the first account, by the parameter of a path that they fit."""
    suggestion = service.get("/contacts/joe/suggestions")["suggestions"][0]
    service.post(f"/suggestions/{suggestion['id']}/status", 200, status="opened")
    own = service.post("/items", url="https://own.example/a", text="A text about sourdough bread.")
    session = service.browser()
    session.close()
    job = service.http.post("/api/v1/jobs/refresh").json()
    service.finished(job)
    return {
        "contact": service.get("/contacts/joe")["id"],
        "interest": service.get("/contacts/joe/interests")["interests"][0]["id"],
        "suggestion": suggestion["id"],
        "item": str(own["id"]),
        "feed": str(service.get("/feeds")["feeds"][0]["id"]),
        "touch": service.get("/contacts/joe/touches")["touches"][0]["id"],
        "job": job["id"],
        "token": service.get("/tokens")["tokens"][0]["id"],
        "session": service.get("/sessions")["sessions"][0]["id"],
        "name": "family",
    }


BODIES: dict[str, Any] = {
    "change_contact": {"notes": "theirs"},
    "change_interest": {"weight": 0.1},
    "add_interest": {"phrase": "golf"},
    "accept_proposal": {"phrase": "sailing"},
    "log_touch": {"kind": "call"},
    "merge_contacts": {"other": "joe"},
    "split_contact": {},
    "set_status": {"status": "dismissed"},
    "draft_note": {"form": "text"},
    "draft_line": {"form": "text"},
    "skip_in_plan": {"contact": "joe"},
    "change_feed": {"full_text": "off"},
    "put_feed_login": {"kind": "basic", "value": "a:b"},
    "match_page": {"title": "Sourdough bread", "text": "sourdough bread, sailing, chess"},
    "erase_account": {"account": "me"},
    "put_group": {"cadence_days": 9},
}


def test_no_route_lets_one_account_reach_anothers(service: Service) -> None:
    """Every operation there is, with real ids of one account and an admin's token of another."""
    ids = names_of(service)
    document = service.get("/openapi.json")
    theirs = service.cli.ok("--account", "you", "token", "create", "t", "--scope", "admin").strip()
    before = dump(service.cli)
    asked = 0
    with service.client(theirs) as client:
        for path, methods in document["paths"].items():
            if path.startswith("/health"):
                continue
            for method, operation in methods.items():
                name = operation["operationId"]
                if name == "unpair":  # it revokes the caller's own token, whoever calls
                    continue
                real = re.sub(r"{(\w+)}", lambda m: ids[m.group(1)], path)
                answer = client.request(method, real, json=BODIES.get(name, {}))
                asked += 1
                assert answer.status_code < 500, (method, path, answer.text)
                hidden = "Ferraro" in answer.text or ids["contact"] in answer.text
                quoted = answer.is_error and f"“{ids['contact']}”" in answer.text
                assert not hidden or quoted, (method, path, answer.text[:300])
                if {"contact", "suggestion", "item", "touch", "job", "token", "session"} & set(
                    re.findall(r"{(\w+)}", path)
                ):
                    assert answer.status_code in {404, 422}, (method, path, answer.status_code)
                    unknown = client.request(
                        method,
                        re.sub(
                            r"{(\w+)}",
                            lambda m: "999999" if ids[m[1]].isdigit() else "nobody",
                            path,
                        ),
                        json=BODIES.get(name, {}),
                    )
                    # What another has looks like what nobody has.
                    assert unknown.status_code == answer.status_code, (method, path)
    assert asked > 60
    assert dump(service.cli) == before


def unknown_like(name: str) -> str:
    """An id of the same kind that nobody has."""
    return "999999" if name.isdigit() else "nobody"


def test_pages_show_an_account_only_its_own(service: Service) -> None:
    ids = names_of(service)
    before = dump(service.cli)
    with service.browser("--account", "you") as browser:
        for path in page_routes() | form_routes() - {"/login", "/logout"}:
            real = re.sub(r"{[^}]*}", ids["contact"], path)
            for answer in (browser.get(real), browser.post(real, data={"contact": ids["contact"]})):
                assert "Ferraro" not in answer.text, path
                assert answer.status_code < 500, (path, answer.status_code)
        for ref in (ids["suggestion"], ids["item"], ids["feed"], ids["touch"], ids["job"]):
            for path in page_routes():
                answer = browser.get(re.sub(r"{[^}]*}", ref, path))
                assert "Ferraro" not in answer.text, path
    assert dump(service.cli) == before


def test_the_service_stays_at_home_without_tls(sawthis: Sawthis) -> None:
    refusal = sawthis.fails("serve", "--host", "0.0.0.0", "--port", "0")
    assert "reachable from outside" in refusal
    sawthis.environment["SAWTHIS_TLS_CERT"] = "/nowhere.pem"
    assert "needs both" in sawthis.fails("serve", "--port", "0")
    sawthis.environment["SAWTHIS_TLS_KEY"] = "/nowhere.key"
    assert "can't be read" in sawthis.fails("serve", "--port", "0")


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_behind_a_proxy_the_public_address_counts(demo: Sawthis) -> None:
    demo.environment["SAWTHIS_PUBLIC_URL"] = "https://sawthis.example"
    port = free_port()
    service = Service(demo, "--behind-proxy", "--port", str(port))
    assert service.base == "https://sawthis.example"
    link = json.loads(demo.ok("login", "--json"))["link"]
    assert link.startswith("https://sawthis.example/login?code=")
    code = {"code": link.split("code=")[1]}
    passed_on = {"Host": "sawthis.example", "X-Forwarded-Proto": "https"}
    door = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=door, headers=passed_on, trust_env=False) as browser:
            inner = browser.post("/login", data=code, headers={"Origin": door})
            assert inner.status_code == 403
            done = browser.post("/login", data=code, headers={"Origin": service.base})
            assert done.status_code == 303
            cookie = done.headers["set-cookie"]
            assert cookie.startswith("__Host-sawthis=")
            assert "Secure" in cookie
            assert done.headers["strict-transport-security"]
            # httpx keeps a secure cookie from an address without TLS, as a browser would.
            shown = {"Cookie": cookie.split(";")[0]}
            assert browser.get("/", headers=shown).status_code == 200
            assert browser.get("/", headers={**shown, "Host": "evil.example"}).status_code == 400
    finally:
        service.stop()


def test_over_tls(demo: Sawthis, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
         "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )  # fmt: skip
    demo.environment.update({"SAWTHIS_TLS_CERT": str(cert), "SAWTHIS_TLS_KEY": str(key)})
    service = Service(demo)
    try:
        assert service.base.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=cert)
        with httpx.Client(base_url=service.base, verify=trust, trust_env=False) as browser:
            port = service.base.rsplit(":", 1)[1]
            link = demo.ok("login", "--port", port).strip()
            form = {"code": link.split("code=")[1]}
            done = browser.post("/login", data=form, headers={"Origin": service.base})
            assert done.headers["set-cookie"].startswith("__Host-sawthis=")
            assert browser.get("/").status_code == 200
            bearer = {"Authorization": f"Bearer {service.secret}"}
            assert browser.get("/api/v1/account", headers=bearer).json()["account"] == "me"
    finally:
        service.stop()


def test_erasing_asks_first(sawthis: Sawthis) -> None:
    sawthis.ok("contacts", "add", "Zebedee Quillfeather", "-i", "chess")
    sawthis.fails("erase", stdin="n\n")
    assert "Zebedee" in sawthis.ok("contacts", "list")
    assert "1 contacts" in sawthis.ok("erase", "--yes")
    assert b"Zebedee" not in (sawthis.data_dir / "sawthis.db").read_bytes()
    assert sawthis.ok("contacts", "list", "--json").strip() == "[]"


def test_a_pairing_code_names_the_port_that_is_served(sawthis: Sawthis) -> None:
    assert sawthis.ok("pair", "--port", "9137").startswith("http://127.0.0.1:9137#")
    assert sawthis.ok("pair").startswith("http://127.0.0.1:8765#")
