"""`sawthis worker` as its users have it: on a real server, with the real model."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from recommender.services.queueing import QueuedJob
from recommender.workshop import claimed_folder
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recommender.cluster.queue import ProcrastinateQueue
    from tests.conftest import Sawthis
    from tests.site import Site

ARTICLES = {
    "sailing": "A crew of four sailed across the bay at night, reefed the main sail in the squall "
    "and came into the harbour under jib alone. Sailing teaches patience, said the skipper.",
    "bread": "Sourdough needs time: the baker folds the dough every half hour, proves it overnight "
    "in the cold and bakes the loaf on a hot stone. Bread tastes better the second day.",
}


def rss() -> bytes:
    items = "".join(
        f"<item><title>On {name}</title><link>https://e.example/{name}</link><guid>{name}</guid>"
        f"<pubDate>Mon, 02 Nov 2026 08:00:00 GMT</pubDate><description>{text}</description></item>"
        for name, text in ARTICLES.items()
    )
    return (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Evening paper</title>'
        f"<link>https://e.example/</link>{items}</channel></rss>"
    ).encode()


@pytest.fixture
def clustered(sawthis: Sawthis, postgres_url: str, site: Site) -> Sawthis:
    """The command line on an empty library on a server, with a feed at hand."""
    site.serve("/feed", rss(), Content_Type="application/rss+xml")
    sawthis.environment |= {
        "SAWTHIS_DATABASE": postgres_url,
        "SAWTHIS_ALLOW_PRIVATE_HOSTS": site.base.removeprefix("http://"),
        "SAWTHIS_FULL_TEXT": "false",
        "SAWTHIS_LOG_LEVEL": "info",
    }
    return sawthis


@pytest.fixture
def queue(postgres_url: str) -> Iterator[ProcrastinateQueue]:
    from recommender.cluster.queue import ProcrastinateQueue

    made = ProcrastinateQueue(postgres_url)
    yield made
    made.close()


def titles(sawthis: Sawthis, name: str) -> list[str]:
    found = json.loads(sawthis.ok("suggest", "--contact", name, "--json"))
    return [one["item"]["title"] for one in found["suggestions"]]


def test_the_embedded_library_needs_none(sawthis: Sawthis) -> None:
    for arguments in ((), ("--once",), ("--retry", "all")):
        assert "the embedded library needs no worker" in sawthis.fails("worker", *arguments)


def test_from_feed_to_suggestion_by_workers_alone(clustered: Sawthis, site: Site) -> None:
    clustered.ok("feeds", "add", f"{site.base}/feed")
    asked = clustered.run("contacts", "add", "Joe Ferraro", "-i", "sailing")
    assert "A worker matches that in a moment." in asked.stderr
    assert "no worker is there" in clustered.fails("refresh")
    clustered.ok("worker", "--once")
    assert titles(clustered, "joe") == ["On sailing"]
    # Nothing is due, and nothing is done twice.
    n_requests = len(site.requests)
    clustered.ok("worker", "--once", "--queues", "ingest,match,embed")
    assert len(site.requests) == n_requests
    clustered.ok("interests", "add", "joe", "baking bread")
    assert titles(clustered, "joe") == ["On sailing"]
    clustered.ok("worker", "--once", "--queues", "match")
    assert set(titles(clustered, "joe")) == {"On sailing", "On bread"}
    assert "there is no queue “mails”" in clustered.fails("worker", "--queues", "mails")


def test_a_refresh_is_done_by_the_worker_that_runs(clustered: Sawthis, site: Site) -> None:
    clustered.ok("feeds", "add", f"{site.base}/feed")
    clustered.ok("contacts", "add", "Joe Ferraro", "-i", "sailing")
    worker = clustered.popen("worker", "-c", "2")
    try:
        until(lambda: "1 at work" in clustered.run("doctor").stdout, patience_s=90)
        done = clustered.ok("refresh", "--all")
        assert "1 feeds checked" in done
        assert titles(clustered, "joe") == ["On sailing"]
        # Each process has matrices of its own.
        assert (clustered.data_dir / "vectors" / "worker-1").is_dir()
    finally:
        worker.send_signal(signal.SIGTERM)
        said = worker.communicate(timeout=60)[1]
    assert worker.returncode == 0
    assert "At work on ingest, embed, match, mail, upkeep" in said
    assert said.rstrip().endswith("Stopped.")


def test_what_was_given_up_is_shown_and_put_again(
    clustered: Sawthis, queue: ProcrastinateQueue
) -> None:
    clustered.ok("prefs", "set", "minutes", "7")
    queue.put([QueuedJob("poll", "ingest", {"feed_id": "seven"}, "poll:x", "poll:x")])
    failing = clustered.run("worker", "--once", "--pace", "3000")
    assert failing.returncode == 0
    assert "given up, see `sawthis doctor`" in failing.stderr
    (failed,) = queue.failed(9)
    found = json.loads(clustered.run("doctor", "--json").stdout)["findings"]
    (shown,) = (one for one in found if one["name"] == f"job {failed.id}")
    assert shown["state"] == "warning"
    assert shown["detail"].startswith("poll(feed_id='seven') was given up after 8 attempts: ")
    assert f"sawthis worker --retry {failed.id}" in shown["advice"]
    (workers,) = (one for one in found if one["name"] == "workers")
    assert workers["state"] == "fault"
    done = clustered.run("worker", "--retry", str(failed.id))
    assert done.stdout == "1 put again.\n"
    assert "No worker is running" in done.stderr
    assert queue.under_way({"poll"}) == {"poll:x"}
    assert clustered.ok("worker", "--retry", "all") == "Nothing was given up.\n"
    assert "no job with the id 1 was given up" in clustered.fails("worker", "--retry", "1")
    assert "is no job's id" in clustered.fails("worker", "--retry", "it")


def test_each_worker_of_a_machine_has_a_folder_of_its_own(tmp_path: Path) -> None:
    with claimed_folder(tmp_path / "v") as one, claimed_folder(tmp_path / "v") as two:
        assert (one.name, two.name) == ("worker-1", "worker-2")
        (one / "kept").touch()
    with claimed_folder(tmp_path / "v") as again:
        assert again == one
        assert (again / "kept").exists()
