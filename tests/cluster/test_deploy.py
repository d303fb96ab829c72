"""The worked example of docs/deploy.md: two API hosts behind nginx, a worker, one PostgreSQL."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from psycopg import sql

from recommender.demo import demo_contacts, demo_feeds
from recommender.demo.server import serve_demo
from recommender.services.queueing import sweep_job
from recommender.settings import load_settings
from tests.cluster.deployed import Host, block, deployed, finished
from tests.cluster.test_upgrade import add_columns
from tests.postgres import needed_programs
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.deployed import ApiHost, Deployment
    from tests.postgres import Server

pytestmark = pytest.mark.slow
NEVER_CALLED_FROM = ("127.0.0.71", "127.0.0.72")
CALLED_FROM = ("127.0.0.81", "127.0.0.82")
FEEDS = {"Open Water, Open Road", "Night Sky and Number"}
"""Those of the demo that hold something for Joe; the others would only take time."""
GIVEN = "Sat-in-the-harbour.0001"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Deployment]:
    """The example with the demo's people and feeds in it, refreshed."""
    needed_programs()
    folder = tmp_path_factory.mktemp("deployed")
    with (
        serve_demo(datetime.now(UTC), port=0) as feeds,
        deployed(folder, model_cache, feeds.removeprefix("http://")) as made,
    ):
        with made.client() as client:
            _fill(client, feeds)
            job = client.post("/api/v1/jobs/refresh").raise_for_status().json()
            job = finished(client, job)
        assert job["state"] == "done", job
        yield made


def _fill(client: httpx.Client, feeds: str) -> None:
    for feed in demo_feeds():
        if feed.title not in FEEDS:
            continue
        body = {"url": f"{feeds}/{feed.name}", "kind": feed.kind, "title": feed.title}
        client.post("/api/v1/feeds", json=body).raise_for_status()
    now = datetime.now(UTC)
    for one in demo_contacts():
        person = {
            "name": one.name,
            "emails": [one.email],
            "interests": list(one.interests),
            "cadence_days": one.cadence_days,
            "humour": one.humour,
        }
        contact = client.post("/api/v1/contacts", json=person).raise_for_status().json()
        for days_ago, kind, note in one.touches:
            touch = {"kind": kind, "note": note, "at": (now - timedelta(days=days_ago)).isoformat()}
            path = f"/api/v1/contacts/{contact['id']}/touches"
            client.post(path, json=touch).raise_for_status()


def _get(client: httpx.Client, path: str) -> Any:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_browser_that_logs_in_at_one_host_is_known_to_the_other(example: Deployment) -> None:
    one, other = example.hosts
    link = one.ok("login").strip()
    assert link.startswith(f"{example.url}/login?code=")
    ours = {"Origin": example.url, "Sec-Fetch-Site": "same-origin"}
    with one.client(**ours) as browser, other.client(**ours) as elsewhere:
        done = browser.post("/login", data={"code": link.split("code=")[1]})
        assert done.status_code == 303, done.text
        cookie = done.headers["Set-Cookie"].partition(";")[0]
        assert cookie.startswith("__Host-sawthis=")
        for host in (browser, elsewhere):
            assert host.get("/", headers={"Cookie": cookie}).status_code == 200
            assert host.get("/").status_code == 401
        # The link is used up everywhere, and a logout counts everywhere.
        assert elsewhere.post("/login", data={"code": link.split("code=")[1]}).status_code == 403
        assert elsewhere.post("/logout", headers={"Cookie": cookie}).status_code == 303
        assert browser.get("/", headers={"Cookie": cookie}).status_code == 401


def test_a_token_of_one_host_holds_on_both_and_ends_on_both(example: Deployment) -> None:
    one, other = example.hosts
    with one.client(example.secret) as admin:
        made = admin.post("/api/v1/tokens", json={"name": "laptop"}).raise_for_status().json()
    with one.client(made["secret"]) as here, other.client(made["secret"]) as there:
        assert _get(here, "/account") == _get(there, "/account")
        with other.client(example.secret) as admin:
            assert admin.delete("/api/v1/tokens/laptop").status_code == 204
        assert here.get("/api/v1/account").status_code == 401
        assert there.get("/api/v1/account").status_code == 401


def test_both_hosts_answer_the_same(example: Deployment) -> None:
    one, other = example.hosts
    with one.client(example.secret) as here, other.client(example.secret) as there:
        plan = _get(here, "/plan")
        assert plan == _get(there, "/plan")
        assert plan["entries"]
        joe = _get(here, "/contacts/joe/suggestions")
        assert joe == _get(there, "/contacts/joe/suggestions")
        assert joe["suggestions"]
        page = {"title": "A chalk stream in winter", "text": "Sailing home in bad weather. " * 20}
        fits = [
            host.post("/api/v1/matches", json=page).raise_for_status() for host in (here, there)
        ]
        assert fits[0].json() == fits[1].json()


def test_what_is_asked_again_of_the_other_host_is_not_done_twice(example: Deployment) -> None:
    one, other = example.hosts
    key, body = {"Idempotency-Key": "evening-1"}, {"kind": "call", "note": "About the harbour."}
    path = "/api/v1/contacts/joe/touches"
    with one.client(example.secret) as here, other.client(example.secret) as there:
        before = len(_get(here, "/contacts/joe/touches")["touches"])
        first = here.post(path, json=body, headers=key)
        again = there.post(path, json=body, headers=key)
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert len(_get(there, "/contacts/joe/touches")["touches"]) == before + 1
        other_body = there.post(path, json={"kind": "met"}, headers=key)
        assert other_body.status_code == 422
        assert other_body.json()["type"] == "urn:sawthis:problem:key-reused"


def test_a_job_of_one_host_is_seen_and_followed_on_the_other(example: Deployment) -> None:
    one, other = example.hosts
    with one.client(example.secret) as here, other.client(example.secret) as there:
        job = here.post("/api/v1/jobs/refresh").raise_for_status().json()
        assert _get(there, f"/jobs/{job['id']}")["id"] == job["id"]
        assert job["id"] in [found["id"] for found in _get(there, "/jobs")["jobs"]]
        ended = finished(there, job)
        assert ended["state"] == "done", ended
        assert _get(here, f"/jobs/{job['id']}") == ended
    with example.client() as client:
        events = client.get(f"/api/v1/jobs/{job['id']}/events")
        assert events.headers["Content-Type"].startswith("text/event-stream")
        assert events.text.startswith("event: done\n")


def test_calls_go_to_both_hosts_in_turn(example: Deployment) -> None:
    def asked() -> set[str]:
        for _ in range(4):
            _get(client, "/account")
        return {line.split()[5] for line in example.nginx.log()[-4:]}

    with example.client() as client:
        until(lambda: asked() == {host.address for host in example.hosts})


def test_a_request_is_found_again_in_all_logs_by_its_id(example: Deployment) -> None:
    with example.client() as client:
        given = client.get("/api/v1/contacts/joe", headers={"X-Request-ID": GIVEN})
        made = client.get("/api/v1/contacts/joe")
        refused = client.get("/api/v1/contacts/joe", headers={"X-Request-ID": "two words"})
    assert given.headers["X-Request-ID"] == GIVEN
    for answer in (made, refused):
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    for answer in (given, made, refused):
        request_id = answer.headers["X-Request-ID"]
        (seen,) = [line for line in example.nginx.log() if request_id in line]
        assert "joe" not in seen
        lines = until(partial(_logged, example, request_id))
        assert [(x["route"], x["account"]) for x in lines] == [("/api/v1/contacts/{contact}", "me")]


def _logged(example: Deployment, request_id: str) -> list[dict[str, Any]]:
    lines = [line for host in example.hosts for line in host.log()]
    return [line for line in lines if line["request_id"] == request_id]


def test_neither_addresses_nor_codes_are_written_to_nginx_logs(example: Deployment) -> None:
    with example.client() as client:
        client.get("/login?code=not-for-logs")
        client.get("/feeds/not-for-logs.atom")
    written = [path for path in example.nginx.folder.iterdir() if path.suffix == ".log"]
    assert len(written) >= 2
    for path in written:
        assert "not-for-logs" not in path.read_text("utf-8"), path.name


def test_a_caller_is_who_calls_nginx_whatever_it_says_of_itself(example: Deployment) -> None:
    """Tries are counted by address, in each process for itself, as the page says."""
    addresses = NEVER_CALLED_FROM
    claims = {"Origin": "chrome-extension://abc", "Authorization": ""}
    with example.client(addresses[0], **claims) as client:
        numbers = itertools.count(1)
        body = {"code": "AAAA-AAAA", "name": "guess"}
        statuses = [
            client.post(
                "/api/v1/pair", json=body, headers={"X-Forwarded-For": f"10.9.9.{next(numbers)}"}
            ).status_code
            for _ in range(24)
        ]
    assert set(statuses) == {403, 429}
    assert 10 <= statuses.count(403) <= 20 + 1  # a try comes back every half minute
    with example.client(addresses[1], **claims) as client:
        assert client.post("/api/v1/pair", json=body).status_code == 403


def test_plain_http_is_sent_to_https_and_other_names_are_refused(example: Deployment) -> None:
    site = (example.nginx.folder / "sawthis.conf").read_text("utf-8")
    (plain,) = re.findall(r"listen (\S+:\d+);", site)
    moved = httpx.get(f"http://{plain}/people", headers={"Host": "localhost"}, trust_env=False)
    assert (moved.status_code, moved.headers["Location"]) == (301, "https://localhost/people")
    with example.client() as client:
        assert client.get("/health/ready").status_code == 200
        assert client.get("/health/live", headers={"Host": "evil.example"}).status_code == 400


def test_figures_are_each_hosts_own_and_not_shown_outside(example: Deployment) -> None:
    with example.client() as client:
        assert client.get("/metrics").status_code == 404
    for host in example.hosts:
        with host.client(example.secret) as client:
            text = client.get("/metrics").raise_for_status().text
        assert "sawthis_requests_total{" in text


def test_whole_files_pass_nginx_and_larger_ones_do_not(example: Deployment) -> None:
    path, kind = "/api/v1/opml", {"Content-Type": "application/xml"}
    with example.client() as client:
        book = client.post(path, content=b"<opml>" + b" " * (8 << 20), headers=kind)
        assert book.status_code == 200, book.text
        much = client.post("/api/v1/contacts", content=b" " * (2 << 20))
        assert much.json()["type"] == "urn:sawthis:problem:too-large"
        assert client.post(path, content=b" " * (33 << 20), headers=kind).status_code == 413


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_api_host_dies_and_the_other_goes_on(
    example: Deployment, number: signal.Signals
) -> None:
    lost, left = example.hosts
    with example.client() as client:
        before = _get(client, "/plan")
        lost.serve.stop(number)
        try:
            for n in range(6):
                assert _get(client, "/plan") == before
                touch = {"kind": "call", "note": f"{number.name} {n}"}
                made = client.post("/api/v1/contacts/maren/touches", json=touch)
                assert made.status_code == 201, made.text
            tried = example.nginx.log()[-12:]
            assert {line.split(" | ")[0].split()[-1] for line in tried} == {left.address}
            # Passed over once, then not asked for ten seconds.
            n_tried = sum(lost.address in line for line in tried)
            assert 1 <= n_tried < len(tried) / 2
        finally:
            lost.start()
            example.nginx.take_out()  # read anew, it knows nothing bad of anybody
        notes = [one["note"] for one in _get(client, "/contacts/maren/touches")["touches"]]
        assert sorted(one for one in notes if number.name in one) == [
            f"{number.name} {n}" for n in range(6)
        ]


def test_hosts_are_upgraded_one_by_one_and_nobody_sees_it(example: Deployment) -> None:
    """`down`, reload, restart, back: as the page says, with calls coming in all the while.

    The first that comes back has brought the schema up to date.
    """
    ended, answers = threading.Event(), list[int]()

    def call(address: str) -> None:
        with example.client(address) as client:
            for n in itertools.count():
                # Not so often as to be told to wait.
                if ended.wait(0.25):
                    return
                answers.append(client.get("/api/v1/contacts").status_code)
                note = {"kind": "call", "note": f"upgrade {n}"}
                answers.append(client.post("/api/v1/contacts/grace/touches", json=note).status_code)

    callers = [threading.Thread(target=call, args=(one,)) for one in CALLED_FROM]
    for caller in callers:
        caller.start()
    try:
        for host in example.hosts:
            example.nginx.take_out(host)
            _await_quiet(host)
            host.serve.stop()
            add_columns(example.server, "sawthis")
            host.start()
            example.nginx.take_out()
            until(partial(_have_grown, answers, len(answers) + 20))
    finally:
        ended.set()
        for caller in callers:
            caller.join()
        example.nginx.take_out()
    assert set(answers) == {200, 201}


def _have_grown(answers: list[int], wanted: int) -> bool:
    return len(answers) >= wanted


def _await_quiet(host: ApiHost, for_s: float = 0.5) -> None:
    """Until nothing has been asked of a host for a moment."""
    n_lines, since = -1, time.monotonic()
    while time.monotonic() - since < for_s:
        if len(host.log()) != n_lines:
            n_lines, since = len(host.log()), time.monotonic()
        time.sleep(0.05)


def test_the_way_to_the_database_is_encrypted_and_without_a_password_in_it(
    example: Deployment,
) -> None:
    with example.server.superuser("sawthis") as connection:
        rows = connection.execute(
            "SELECT usename, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
            " WHERE datname = 'sawthis' AND usename <> 'postgres'"
        ).fetchall()
    assert rows
    assert set(rows) == {("sawthis", True)}
    assert "not a secret" not in example.settings
    assert "verify-full" in example.settings
    # A server that can't show the right certificate is not talked to.
    other = example.settings.replace("@localhost:", "@127.0.0.1:")
    refused = Host("stranger", other, example.folder).run("token", "list")
    assert refused.returncode == 1
    assert "certificate" in refused.stderr, refused.stderr


def test_doctor_looks_at_the_example_and_finds_it_well(example: Deployment) -> None:
    found = json.loads(example.hosts[0].ok("doctor", "--json"))["findings"]
    assert [one for one in found if one["state"] == "fault"] == []
    states = {one["name"]: one["state"] for one in found}
    assert states["database"] == "ok"


def test_what_the_page_asks_postgres_for_is_there(example: Deployment) -> None:
    with example.server.superuser("sawthis") as connection:
        for beginning in ("SELECT queue_name, status", "ALTER TABLE procrastinate_jobs"):
            for statement in block(beginning).split(";\n"):
                connection.execute(statement.encode())


def test_the_role_itself_can_make_no_dump(example: Deployment, tmp_path: Path) -> None:
    host = example.hosts[0]
    url = load_settings(host.environment).database
    refused = subprocess.run(
        [example.server.programs / "pg_dump", f"--file={tmp_path}/dump", url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "row-level security" in refused.stderr


def _as_postgres(server: Server, command: str) -> None:
    """Run a command of the page that is the user postgres'."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["sudo", "-u", "postgres"]
    program, *arguments = words[3:]
    reached = ["--host", str(server.folder), "--port", str(server.port), "--username", "postgres"]
    done = subprocess.run(
        [server.programs / program, *reached, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def _joes(host: Host) -> list[Any]:
    found = json.loads(host.ok("suggest", "--contact", "joe", "--json"))
    suggestions: list[Any] = found["suggestions"]
    return suggestions


def test_a_dump_without_what_is_computed_brings_every_suggestion_back(
    example: Deployment, tmp_path: Path
) -> None:
    """Made while all runs, restored as the page says; then the account is erased in the copy."""
    from recommender.cluster.queue import ProcrastinateQueue

    dump = block("sudo -u postgres pg_dump --format=custom --file=sawthis.dump \\\n")
    for command in (dump, *block("sudo -u postgres createdb").splitlines()):
        _as_postgres(example.server, command.replace("sawthis.dump", f"{tmp_path}/sawthis.dump"))
    example.let_in("sawthis_again")
    again = Host("again", example.settings.replace("/sawthis?", "/sawthis_again?"), tmp_path)
    (again.data_dir / "models").symlink_to(example.hosts[0].data_dir / "models")
    assert _joes(again) == []
    queue = ProcrastinateQueue(load_settings(again.environment).database)
    queue.put([sweep_job()])  # as workers do by themselves every ten minutes
    again.ok("worker", "--once")
    queue.put([sweep_job()])
    again.ok("worker", "--once")
    queue.close()
    expected = _joes(example.hosts[0])
    assert expected
    assert _joes(again) == expected
    again.ok("erase", "--yes")
    assert _traces(example.server, "sawthis_again") == {"procrastinate_jobs"}
    # Nobody but the one account reads these feeds, so they are gone with it; elsewhere they stay.
    assert _joes(example.hosts[0]) == expected


def _traces(server: Server, database: str) -> set[str]:
    """Tables that hold anything of the demo's people, or name the account."""
    with server.superuser(database) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in tables]
        return {
            name
            for name in names
            if connection.execute(
                sql.SQL("SELECT 1 FROM {} AS t WHERE t::text ~ %s LIMIT 1").format(
                    sql.Identifier(name)
                ),
                [r"Ferraro|sailing|harbour|\yme\y"],
            ).fetchone()
        }
