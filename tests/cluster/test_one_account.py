"""One account on a server: out by export, in again, erased; and its digest, sent once by many."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from recommender.cluster.queue import ProcrastinateQueue
from recommender.services.queueing import digest_job, look_job
from recommender.storage.postgres import open_postgres
from recommender.weekly import DAYS
from recommender.wiring import utc_now
from tests.cluster.crews import crew
from tests.conftest import Sawthis
from tests.integration.post import post_office
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import Server

PEOPLE = ("Joe Ferraro", "Grace Whitcombe", "Ümit Öztürk")


@pytest.fixture
def library(tmp_path: Path, model_cache: Path, postgres_url: str) -> Sawthis:
    """The command line on an empty library on a server."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to(model_cache)
    return Sawthis(home, {"SAWTHIS_DATABASE": postgres_url})


def seen_by(library: Sawthis, account: str) -> Sawthis:
    return Sawthis(library.data_dir, {**library.environment, "SAWTHIS_ACCOUNT": account})


def fill(library: Sawthis) -> None:
    """People with interests, touches and a feed."""
    for name in PEOPLE:
        library.ok("contacts", "add", name, "--email", f"{name[:3].strip()}@example.org")
        library.ok("interests", "add", name, "sailing")
    library.ok("touch", "add", PEOPLE[0], "call", "--note", "a call; “so long”")
    storage = open_postgres(library.environment["SAWTHIS_DATABASE"])
    account = library.environment.get("SAWTHIS_ACCOUNT", "me")
    storage.feeds.subscribe(
        account, "https://example.org/feed", kind="article", title="Waves", now=utc_now()
    )
    storage.close()


def owned(server: Server, url: str, account: str) -> dict[str, int]:
    """Rows of an account in every table that has such, past every guard."""
    with server.superuser(url.rpartition("/")[2]) as connection:
        tables = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name IN ('account_id', 'owner_id')"
        ).fetchall()
        found = {}
        for table, column in tables:
            sql = f'SELECT count(*) FROM "{table}" WHERE {column} = %s'
            row = connection.execute(sql.encode(), (account,)).fetchone()
            found[table] = int(row[0]) if row else 0
    return {table: n for table, n in found.items() if n}


def test_an_account_goes_out_and_comes_in_and_goes(
    library: Sawthis, postgres_server: Server, postgres_url: str, tmp_path: Path
) -> None:
    fill(library)
    other = seen_by(library, "other")
    fill(other)
    before = owned(postgres_server, postgres_url, "other")
    assert before["contacts"] == len(PEOPLE)
    file = tmp_path / "mine.jsonl"
    file.write_text(library.ok("export"), "utf-8")

    library.ok("erase", "--yes")
    assert owned(postgres_server, postgres_url, "me") == {}
    assert owned(postgres_server, postgres_url, "other") == before
    assert library.ok("export").count("\n") <= 1

    library.ok("import", str(file))
    assert [json.loads(line) for line in library.ok("export").splitlines()] == [
        json.loads(line) for line in file.read_text("utf-8").splitlines()
    ]
    assert owned(postgres_server, postgres_url, "other") == before
    third = seen_by(library, "third")
    third.ok("import", str(file))
    assert json.loads(third.ok("contacts", "list", "--json"))


def test_a_digest_is_sent_once_by_many(library: Sawthis, postgres_url: str, tmp_path: Path) -> None:
    """Three workers look, and put its job as often as they like; somebody sends it by hand, too."""
    fill(library)
    with post_office() as post:
        library.environment.update(post.environment)
        library.ok("digest", "schedule", "--to", "me@example.org")
        _want_now(library, postgres_url)
        queue = ProcrastinateQueue(postgres_url)
        with crew(library, tmp_path / "crew") as workers:
            for _ in range(3):
                workers.start("--queues", "mail", "-c", "2", "--pace", "60")
            until(lambda: queue.census().workers == 3)
            by_hand = [library.popen("digest", "send") for _ in range(2)]
            for _ in range(20):
                queue.put([digest_job("me"), look_job()])
            until(lambda: post.taken)
            until(lambda: not queue.is_busy(["mail", "upkeep"], 0))
            for process in by_hand:
                process.communicate(timeout=60)
        queue.close()
        assert len(post.taken) == 1
    storage = open_postgres(postgres_url)
    (sent,) = storage.mail.outbox("me", limit=9)
    storage.close()
    assert (sent.state, sent.attempts) == ("sent", 1)


def _want_now(library: Sawthis, url: str) -> None:
    """Ask for the digest at this minute, as if that had been asked for long ago."""
    now = utc_now() - timedelta(minutes=1)
    local = now.astimezone()
    library.ok("digest", "schedule", "--day", DAYS[local.weekday()], "--at", f"{local:%H:%M}")
    storage = open_postgres(url)
    since = (now - timedelta(days=9)).isoformat()
    storage.rhythm.put_preference("me", "digest.since", since, now=now)
    storage.close()
