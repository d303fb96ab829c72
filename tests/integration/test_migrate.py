"""`sawthis migrate` on the demo: there and back, killed, refused; every answer stays the same."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from recommender.storage.postgres import open_postgres
from recommender.storage.sqlite import open_sqlite
from recommender.testing import fill
from tests.conftest import Sawthis
from tests.moved import numbers_in_file, rows_in_file, rows_on_server, run_sql
from tests.postgres import PASSWORD
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import Server

SMALL_PAGES = """
import recommender.storage.moving
recommender.storage.moving.PAGE_ROWS = 10
from recommender.entry import run
run()
"""
# How fresh an item is, and so its score, changes with every minute.
AT_A_MOMENT = """
import json, sys
from datetime import datetime
import recommender.wiring
now = datetime.fromisoformat(sys.argv[1])
recommender.wiring.utc_now = lambda: now
from recommender.entry import run
for command in json.loads(sys.argv[2]):
    sys.argv = ["sawthis", *command, "--json"]
    try:
        run()
    except SystemExit as error:
        assert not error.code, (command, error.code)
    print(end="\\0")
"""
N_KILLS = {False: 20, True: 10}


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    """A database without any table."""
    made = postgres_server.create()
    yield made
    postgres_server.drop(made)


@pytest.fixture
def fresh(tmp_path: Path, model_cache: Path) -> Sawthis:
    """The command line on a data directory without a library."""
    data_dir = tmp_path / "fresh"
    data_dir.mkdir()
    (data_dir / "models").symlink_to(model_cache)
    return Sawthis(data_dir)


@pytest.fixture
def lived_in(demo: Sawthis) -> Sawthis:
    """The demo after some use."""
    answer = json.loads(demo.ok("suggest", "--contact", "joe", "--json"))
    first, second = (one["id"] for one in answer["suggestions"][:2])
    demo.ok("sent", first)
    demo.ok("skip", second)
    demo.ok("token", "create", "laptop")
    demo.ok("prefs", "set", "minutes", "7")
    demo.ok("touch", "add", "maren", "call")
    demo.ok("today")
    return demo


def answers(sawthis: Sawthis, now: datetime) -> dict[str, str]:
    """What everybody would be sent at a moment, by the bytes, and who they are."""

    def ask(*commands: list[str]) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", AT_A_MOMENT, now.isoformat(), json.dumps(commands)],
            env=sawthis.env(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\0")[:-1]

    (people,) = ask(["contacts", "list"])
    slugs = [one["slug"] for one in json.loads(people)]
    assert len(slugs) >= 8
    suggested = ask(*(["suggest", "--contact", slug] for slug in slugs))
    feeds, today = ask(["feeds", "list"], ["today"])
    return {
        **dict(zip(slugs, suggested, strict=True)),
        "people": people,
        "feeds": feeds,
        "today": today,
    }


def file_of(sawthis: Sawthis) -> Path:
    return sawthis.data_dir / "sawthis.db"


def test_every_answer_is_the_same_there_and_back(
    lived_in: Sawthis, fresh: Sawthis, postgres_server: Server, url: str
) -> None:
    now = datetime.now(UTC)
    before, rows = answers(lived_in, now), rows_in_file(file_of(lived_in))
    assert sum(map(len, rows.values())) > 3000
    report = json.loads(lived_in.ok("migrate", "--to", url, "--json"))
    assert report["complete"]
    assert {name: one["verified"] for name, one in report["tables"].items()} == {
        name: len(found) for name, found in rows.items()
    }
    assert rows_on_server(postgres_server, url) == rows == rows_in_file(file_of(lived_in))

    there = Sawthis(lived_in.data_dir, {"SAWTHIS_DATABASE": url})
    assert answers(there, now) == before
    assert "complete" in fresh.run("migrate", "--from", url).stderr
    assert rows_in_file(file_of(fresh)) == rows
    assert numbers_in_file(file_of(fresh)) == numbers_in_file(file_of(lived_in))
    assert answers(fresh, now) == before
    # Nothing is embedded or matched anew.
    refreshed = json.loads(fresh.ok("refresh", "--json"))
    assert (refreshed["embedded"], refreshed["interests_matched"]) == (0, 0)


def test_both_go_on_from_there(demo: Sawthis, fresh: Sawthis, url: str) -> None:
    demo.ok("migrate", "--to", url)
    there = Sawthis(demo.data_dir, {"SAWTHIS_DATABASE": url})
    for sawthis in (there, fresh):
        if sawthis is fresh:
            fresh.ok("migrate", "--from", url)
        sawthis.ok("contacts", "add", "New Person")
        sawthis.ok("touch", "add", "new-person", "call")
        answer = json.loads(sawthis.ok("suggest", "--contact", "joe", "--json"))
        sawthis.ok("sent", answer["suggestions"][0]["id"])
        sawthis.ok("contacts", "remove", "new-person", "--yes")


def test_file_and_server_share_no_matrix(demo: Sawthis, url: str) -> None:
    """A number stands for another vector in each, once both have gone on."""

    def matrices() -> set[str]:
        found = {one.name for one in (demo.data_dir / "vectors").rglob("*") if one.is_file()}
        return found - {"claim"}

    demo.ok("migrate", "--to", url)
    there = Sawthis(demo.data_dir, {"SAWTHIS_DATABASE": url})
    there.ok("contacts", "add", "New Person", "-i", "sailing")
    of_the_file = matrices()
    assert of_the_file
    there.ok("worker", "--once", "--queues", "match")
    assert matrices() - of_the_file


@pytest.mark.slow
@pytest.mark.parametrize("back", [False, True])
def test_killed_at_any_moment_it_goes_on(
    back: bool, loaded_demo: Path, tmp_path: Path, postgres_server: Server
) -> None:
    source = tmp_path / "source"
    shutil.copytree(loaded_demo, source, symlinks=True)
    rows = rows_in_file(source / "sawthis.db")
    origin = postgres_server.create()
    if back:
        Sawthis(source).ok("migrate", "--to", origin)

    targets = map(str, itertools.count())
    command: Any = None
    n_moving, began = 0, time.monotonic()

    def new_target() -> tuple[Sawthis, str]:
        if back:
            return Sawthis(tmp_path / next(targets)), origin
        return Sawthis(source), postgres_server.create()

    def found() -> dict[str, Any]:
        return rows_in_file(file_of(sawthis)) if back else rows_on_server(postgres_server, at)

    sawthis, at = new_target()
    command = [sys.executable, "-c", SMALL_PAGES, "migrate", "--from" if back else "--to", at]
    # How long it takes when nobody kills it.
    subprocess.run(command, env=sawthis.env(), check=True, capture_output=True)
    took_s = time.monotonic() - began
    assert found() == rows
    sawthis, at = new_target()
    for number in range(N_KILLS[back]):
        command[-1] = at
        process = subprocess.Popen(
            command, env=sawthis.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with process:
            if number % 2:
                time.sleep(random.uniform(0.3, 1.0) * took_s)
            else:  # in its midst for certain, however long it takes today
                while process.poll() is None and not _is_under_way(sawthis, at, back=back):
                    time.sleep(0.01)
            process.kill()
        # Its last transaction may be undone only now.
        n_moving += _is_under_way(sawthis, at, back=back)
        if process.returncode == 0:
            assert found() == rows
            sawthis, at = new_target()
    assert n_moving > 0
    done = sawthis.run("migrate", "--from" if back else "--to", at)
    assert done.returncode == 0, done.stderr
    assert found() == rows
    assert not _is_under_way(sawthis, at, back=back)


def _is_under_way(sawthis: Sawthis, url: str, *, back: bool) -> bool:
    asked = "SELECT count(*) FROM settings WHERE key = 'moving'"
    if back:
        if not (path := file_of(sawthis)).exists():
            return False
        with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.OperationalError):
            # An error: its tables are just being made.
            return bool(connection.execute(asked).fetchone() == (1,))
        return False
    with closing(psycopg.connect(url)) as connection:
        if connection.execute("SELECT to_regclass('settings')").fetchone() == (None,):
            return False
        return connection.execute(asked).fetchone() == (1,)


def test_of_two_at_once_one_is_refused(demo: Sawthis, tmp_path: Path, url: str) -> None:
    other = Sawthis(tmp_path / "other")
    shutil.copytree(demo.data_dir, other.data_dir, symlinks=True)
    with closing(psycopg.connect(url)) as holder:
        # What a move holds all the time.
        holder.execute("SELECT pg_advisory_lock(hashtext('sawthis'), hashtext('moving'))")
        line = other.fails("migrate", "--to", url)
        assert "another `sawthis migrate` is at work on" in line
    both = [one.popen("migrate", "--to", url) for one in (demo, demo)]
    printed = [process.communicate() for process in both]
    codes = [process.returncode for process in both]
    # Whoever came second waits a while for the first, and may find it done.
    assert 0 in codes
    for code, (_, messages) in zip(codes, printed, strict=True):
        assert code == 0 or "is at work on" in messages or "under way" in messages
    assert demo.ok("migrate", "--to", url)


def test_a_refresh_holds_it_off(demo: Sawthis, url: str) -> None:
    import fcntl

    with (demo.data_dir / "refresh.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "refresh of this library is under way" in demo.fails("migrate", "--to", url)


def test_what_it_refuses(demo: Sawthis, fresh: Sawthis, postgres_server: Server, url: str) -> None:
    assert "either --to or --from" in demo.fails("migrate", code=2)
    assert "either --to or --from" in demo.fails("migrate", "--to", url, "--from", url, code=2)
    assert "there is no library in" in fresh.fails("migrate", "--to", url)
    assert not file_of(fresh).exists()
    assert "there is no library in" in fresh.fails("migrate", "--from", url)
    with closing(open_postgres(url)) as other:
        fill(other)
    rows = rows_on_server(postgres_server, url)
    assert "holds another library: move to an empty one" in demo.fails("migrate", "--to", url)
    assert rows_on_server(postgres_server, url) == rows
    assert "holds another library: move to an empty one" in demo.fails("migrate", "--from", url)


def test_an_unfinished_library_is_moved_nowhere(
    demo: Sawthis, fresh: Sawthis, postgres_server: Server, url: str
) -> None:
    run_sql(file_of(demo), "INSERT INTO settings VALUES ('moving', '{}')")
    assert "is not complete itself" in demo.fails("migrate", "--to", url)
    run_sql(file_of(demo), "DELETE FROM settings WHERE key = 'moving'")
    open_postgres(url).close()
    note = {"library_id": "another", "stage": "copy", "table": "", "after": None}
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO settings VALUES ('moving', %s)", (json.dumps(note),))
    assert "holds a part of another library" in demo.fails("migrate", "--to", url)


def test_no_server_no_move_and_no_password(demo: Sawthis, url: str) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        away = f"postgresql://sawthis:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/x"
        lines = [demo.fails("migrate", "--to", away)]
    assert "can't be reached" in lines[0]
    secret = "s3cret"
    for wrong in (
        url.replace(PASSWORD.replace(" ", "%20"), secret),
        url.replace(PASSWORD.replace(" ", "%20"), f"{secret}%zz"),
        f"postgresql://sawthis:{secret}@[::1/x",
        f"postgresql://sawthis:{secret}@127.0.0.1:port/x",
        f"postgresql://sawthis:a@{secret}@127.0.0.1/x",
        f"postgresql://sawthis:{secret}/{secret}@127.0.0.1/x",
        f"mysql://sawthis:{secret}@127.0.0.1/x",
        url.rsplit("/", 1)[0] + "/nowhere",
    ):
        done = demo.run("migrate", "--to", wrong)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 1
        lines.append(done.stderr)
    assert not any(secret in line or PASSWORD in line for line in lines)
    assert "password authentication failed" in lines[1]
    assert all("the URL can't be read" in line for line in lines[2:7])
    assert "the URL of a server is postgresql://" in lines[7]


def test_what_differs_is_told(demo: Sawthis, url: str) -> None:
    demo.ok("migrate", "--to", url)
    run_sql(
        file_of(demo),
        "UPDATE contacts SET notes = 'x' WHERE slug = 'joe-ferraro'",
        "DELETE FROM story_bands",
    )
    done = demo.run("migrate", "--to", url)
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert any(line.startswith("  contacts (me, ") and " is changed in " in line for line in lines)
    assert any(line.startswith("  story_bands (") and " is extra in " in line for line in lines)
    assert "  … and 1421 more" in lines
    assert "holds this library already, and they have parted since (1441 rows differ)" in lines[-1]
    report = json.loads(demo.run("migrate", "--to", url, "--json").stdout)
    assert not report["complete"]
    assert report["rows_that_differ"] == 1441
    assert report["differences"][0]["table"] == "contacts"


def test_a_server_that_goes_away_is_no_end(demo: Sawthis, tmp_path: Path) -> None:
    from tests.postgres import Server as OwnServer

    with OwnServer.make(tmp_path) as server:
        url = server.create()
        process = subprocess.Popen(
            [sys.executable, "-c", SMALL_PAGES, "migrate", "--to", url],
            env=demo.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: _is_under_way(demo, url, back=False))
        server.restart("immediate")
        _, messages = process.communicate()
        last = messages.strip().splitlines()[-1]
        assert process.returncode == 1
        assert "the move is not complete, run it again" in last
        assert "can't be reached" in last
        demo.ok("migrate", "--to", url)
        assert rows_on_server(server, url) == rows_in_file(file_of(demo))


def test_an_empty_library_moves_too(fresh: Sawthis, postgres_server: Server, url: str) -> None:
    open_sqlite(file_of(fresh)).close()
    fresh.ok("migrate", "--to", url)
    assert rows_on_server(postgres_server, url) == rows_in_file(file_of(fresh))
