"""Three hosts: the database with the feeds, and two workers; and all that may befall them.

Two thousand feeds are polled and matched while a worker is killed in the middle of a job, the
database crashes and comes back, and the network of a worker is cut for half a minute. In the end
every feed was read, no item is lost or doubled, and the matches are those that one worker makes of
the same items in peace.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from recommender.cluster.queue import ProcrastinateQueue
from recommender.demo import demo_contacts
from recommender.services.queueing import look_job, sweep_job
from recommender.storage.postgres import open_postgres
from recommender.testing import make_contact, make_interest
from tests.cluster.crews import Crew, crew
from tests.cluster.hosts import Hosts, some_hosts
from tests.conftest import ROOT, Sawthis
from tests.postgres import Server
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

N_FEEDS = 2_000
N_SITES = 250
"""Addresses the feeds are at: a host is asked one thing at a time."""
N_ACCOUNTS = 8
SITE_PORT = 8080
CUT_OFF_S = 30
PATIENCE_S = 900
PACE = "10"
"""A worker that was not heard of for 4.5 s is gone; looks come every six seconds."""
DONE = "SELECT count(*) FROM feeds WHERE checked_at IS NOT NULL"
LEFT = (
    "SELECT (SELECT count(*) FROM feeds WHERE checked_at IS NULL)"
    " + (SELECT count(*) FROM items i WHERE NOT EXISTS"
    " (SELECT 1 FROM item_vectors v WHERE v.item_id = i.id))"
    " + (SELECT count(*) FROM interest_vectors WHERE matched_seq <"
    " (SELECT coalesce(max(seq), 0) FROM item_vectors))"
    " + (SELECT count(*) FROM interests t WHERE NOT EXISTS (SELECT 1 FROM interest_vectors v"
    " WHERE v.account_id = t.account_id AND v.interest_id = t.id))"
)
UNDER_WAY = (
    "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
    " AND task_name IN ('poll', 'embed', 'match', 'match_interests', 'stories')"
)
FAILING = "SELECT count(*) FROM feeds WHERE failures > 0 OR error IS NOT NULL"
OF_THE_SECOND = (
    "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND worker_id ="
    " (SELECT max(id) FROM procrastinate_workers)"
)
MATCHES = (
    "SELECT m.account_id, m.interest_id, i.key, m.contact_id, m.suggestion_id, m.relevance,"
    " m.cosine, m.margin, m.lexical, m.span FROM matches m JOIN items i ON i.id = m.item_id"
    " ORDER BY 1, 2, 3"
)


@dataclass
class Place:
    """The hosts, the database's server, and the library on it."""

    hosts: Hosts
    server: Server
    url: str
    library: Sawthis
    log: list[str] = field(default_factory=list)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database, past every guard and every network."""
        with self.server.superuser("sawthis") as connection:
            return connection.execute(sql.encode()).fetchall()

    def number(self, sql: str) -> int:
        """Ask for a number; -1 while the database is away."""
        try:
            return int(self.ask(sql)[0][0])
        except psycopg.Error:
            return -1

    def until(self, sql: str, wanted: int, crew: Crew) -> None:
        """Wait for a number, as long as there are workers."""

        def is_reached() -> bool:
            assert any(one.poll() is None for one in crew.processes), crew.said(0)[-2000:]
            return self.number(sql) >= wanted

        until(is_reached, patience_s=PATIENCE_S)

    def has_no_failure(self) -> bool:
        """Whether every feed was read in the end; one whose site was cut off is due at once."""
        if self.number(FAILING) == 0:
            return True
        with self.server.superuser("sawthis") as connection:
            connection.execute("UPDATE feeds SET next_check_at = NULL WHERE failures > 0")
        self.put(look_job())
        time.sleep(1)
        return False

    def put(self, *jobs: Any) -> None:
        """Put jobs, from where the database is."""
        with self.hosts.inside("db"):
            queue = ProcrastinateQueue(self.url)
            queue.put(jobs)
            queue.close()


@pytest.fixture
def place(tmp_path: Path, model_cache: Path) -> Iterator[Place]:
    with some_hosts("db", "one", "two", n_addresses=N_SITES) as hosts, _site(hosts):

        class Hosted(Server):
            def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
                with hosts.inside("db"):
                    return super()._popen(program, *arguments)

        with Hosted.make(tmp_path, listen_addresses="*", fsync="on") as server:
            server.create("sawthis")
            url = server.url("sawthis", hosts.address("db"))
            home = tmp_path / "home"
            home.mkdir()
            (home / "models").symlink_to(model_cache)
            sites = [f"{hosts.address('db', at)}:{SITE_PORT}" for at in range(N_SITES)]
            environment = {
                "SAWTHIS_DATABASE": url,
                "SAWTHIS_ALLOW_PRIVATE_HOSTS": ",".join(sites),
                "SAWTHIS_FULL_TEXT": "false",
            }
            found = Place(hosts, server, url, Sawthis(home, environment))
            with hosts.inside("db"):
                _plant(url, sites)
            yield found


@contextmanager
def _site(hosts: Hosts) -> Iterator[None]:
    command = [*hosts.at("db"), sys.executable, "-m", "tests.cluster.many_feeds", str(SITE_PORT)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _plant(url: str, sites: list[str]) -> None:
    """Accounts with people, each subscribing to half of the feeds."""
    storage = open_postgres(url)
    phrases = sorted({phrase for one in demo_contacts() for phrase in one.interests})
    for account in range(N_ACCOUNTS):
        account_id = f"account-{account}"
        for number in range(3):
            contact = make_contact(f"contact-{number}", slug=f"contact-{number}")
            storage.people.add_contact(account_id, contact)
            for at in range(3):
                phrase = phrases[(account + 3 * number + at) % len(phrases)]
                storage.people.add_interest(account_id, make_interest(contact, phrase))
    storage.close()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('sawthis.account', '*', false)")
        cursor.executemany(
            "INSERT INTO feeds (url, title, kind) VALUES (%s, '', 'article')",
            [(f"http://{sites[at % N_SITES]}/feed/{at}",) for at in range(N_FEEDS)],
        )
        cursor.execute(
            "INSERT INTO subscriptions (account_id, feed_id, created_at) SELECT a.id, f.id,"
            " a.created_at FROM accounts a, feeds f WHERE mod(f.id + ascii(right(a.id, 1)), 2) = 0"
        )


def test_two_thousand_polls_through_thick_and_thin(place: Place, tmp_path: Path) -> None:
    hosts = place.hosts
    with crew(place.library, tmp_path / "crew") as workers:

        def begin(host: str) -> subprocess.Popen[str]:
            return workers.start("--pace", PACE, "-c", "6", before=hosts.at(host))

        begin("one")
        place.until("SELECT count(*) FROM procrastinate_workers", 1, workers)
        victim = begin("two")
        place.put(look_job())
        place.until(DONE, N_FEEDS // 5, workers)
        # In the middle of jobs of its own: between two looks nobody has any.
        until(lambda: place.number(OF_THE_SECOND) > 0, patience_s=PATIENCE_S)
        os.killpg(victim.pid, signal.SIGKILL)
        begin("two")
        place.until(DONE, 2 * N_FEEDS // 5, workers)
        place.server.restart("immediate")
        place.until(DONE, 3 * N_FEEDS // 5, workers)
        with hosts.cut_off("two", workers.processes[2:]):
            time.sleep(CUT_OFF_S)
        place.until(DONE, N_FEEDS, workers)
        until(place.has_no_failure, patience_s=PATIENCE_S)
        place.put(sweep_job())
        until(lambda: place.number(LEFT) == 0 == place.number(UNDER_WAY), patience_s=PATIENCE_S)
        said = "\n".join(workers.said(at) for at in range(3))
    assert "rescued job" in said

    assert place.number("SELECT count(*) FROM items") == N_FEEDS
    assert place.number("SELECT count(DISTINCT key) FROM items") == N_FEEDS
    assert place.number("SELECT count(*) FROM feed_items") == N_FEEDS
    assert place.number("SELECT count(*) FROM item_vectors") == N_FEEDS
    assert place.number(FAILING) == 0
    assert place.ask("SELECT task_name, args FROM procrastinate_jobs WHERE status = 'failed'") == []
    found = place.ask(MATCHES)
    assert len(found) > N_ACCOUNTS
    # The same once more, by one worker in peace.
    with place.server.superuser("sawthis") as connection:
        connection.execute("DELETE FROM matches")
        connection.execute("UPDATE interest_vectors SET matched_seq = 0")
    with crew(place.library, tmp_path / "peace") as alone:
        place.put(sweep_job())
        alone.start("--once", before=hosts.at("one"))
        alone.wait(PATIENCE_S)
    assert place.ask(MATCHES) == found
