"""Libraries to browse, and the real service on them."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from recommender.storage.sqlite import open_sqlite
from recommender.testing import MODEL, make_contact, make_interest, make_item, make_match

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import StorageState

    from tests.conftest import Sawthis

START_S = 30.0
STOP_S = 20.0
MANY = 500
SUBJECTS = ("sailing", "chess", "sourdough", "old maps", "birdwatching", "jazz", "railways")
_GIVEN = ("Ada", "Bruno", "Chiara", "Dmitri", "Esra", "Fatou", "Göran", "Hana", "Ibrahim", "Jana")
_FAMILY = (
    "Abel",
    "Brandt",
    "Costa",
    "Dvořák",
    "Farah",
    "Grimm",
    "Ito",
    "Kowalski",
    "O’Brien",
    "Xu",
)


class Server:
    """A running `sawthis serve` that refreshes only when told to."""

    def __init__(self, cli: Sawthis, *args: str) -> None:
        self.cli = cli
        self.session: StorageState | None = None
        """Cookies of a browser that is logged in, once there is one."""
        cli.environment.setdefault("SAWTHIS_REFRESH_MINUTES", "0")
        self._log = cli.data_dir.parent / f"{cli.data_dir.name}.serve.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "recommender", "serve", "--port", "0", *args],
                env=cli.env(),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            self.base = self._announced()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _announced(self) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            _, _, rest = self.log().partition("Sawthis is at ")
            if "/ (" in rest:
                return rest.split("/ (")[0]
            time.sleep(0.05)
        raise AssertionError(f"the service did not start: {self.log()}")

    @property
    def port(self) -> int:
        return int(self.base.rsplit(":", 1)[1])

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def login_url(self) -> str:
        """What `sawthis login` prints: good for one browser, once."""
        printed = self.cli.ok("login", "--port", str(self.port)).split()
        (url,) = [word for word in printed if word.startswith("http://")]
        return url

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the library holds, read beside the service."""
        with closing(sqlite3.connect(self.cli.data_dir / "sawthis.db")) as db:
            return db.execute(sql, values).fetchall()

    def change(self, sql: str, *values: object) -> None:
        """Put something into the library that no form would."""
        with closing(sqlite3.connect(self.cli.data_dir / "sawthis.db", timeout=10)) as db, db:
            db.execute(sql, values)

    def dump(self) -> str:
        """Everything that is stored, but for when a login was last used."""
        told = []
        with closing(sqlite3.connect(self.cli.data_dir / "sawthis.db")) as db:
            tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            for (table,) in tables.fetchall():
                columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
                kept = ", ".join(f'"{name}"' for name in columns if name != "last_used_at")
                rows = db.execute(f'SELECT {kept} FROM "{table}"')
                told += [f"{table}: {row}" for row in sorted(map(repr, rows))]
        return "\n".join(told)

    def stop(self) -> None:
        ended = self.process.poll()
        assert ended is None, f"the service ended early ({ended}): {self.log()}"
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_S)
        finally:
            self.process.kill()
            self.process.wait()
        log = self.log()
        assert "Traceback" not in log, log


@contextmanager
def serving(cli: Sawthis, *args: str) -> Iterator[Server]:
    """The service, stopped at the end."""
    server = Server(cli, *args)
    try:
        yield server
    finally:
        server.stop()


def fill_with_many(data_dir: Path, n_contacts: int = MANY, n_items: int = 200) -> None:
    """Contacts with three interests each, and items that match them."""
    from datetime import timedelta

    from recommender.wiring import utc_now

    now = utc_now()
    storage = open_sqlite(data_dir / "sawthis.db")
    url = "https://example.com/feed"
    feed = storage.feeds.subscribe("me", url, kind="article", title="All the news", now=now)
    told = [
        make_item(
            f"https://example.com/{n}",
            title=f"What {SUBJECTS[n % len(SUBJECTS)]} taught me in week {n}",
            published_at=now - timedelta(hours=n),
            text="The wind backed to the west before noon. " * 5,
        )
        for n in range(n_items)
    ]
    storage.items.put_items(told, feed_id=feed.id, owner_id="", now=now)
    ids = [row[0] for row in storage.items.without_vector(MODEL, limit=n_items)]
    storage.vectors.put_item_vectors(MODEL, {i: b"\1\0\0\0" + bytes(1532) for i in ids})
    storage.vectors.activate_model(MODEL)
    with storage.transaction():
        for n in range(n_contacts):
            contact = make_contact(
                f"{_GIVEN[n % 10]} {'ABCDE'[n // 100]}. {_FAMILY[n // 10 % 10]}",
                id=f"c{n}",
                slug=f"c{n}",
                emails=(f"c{n}@mail.example",),
                cadence_days=7 + n % 60,
                created_at=now - timedelta(days=200),
            )
            storage.people.add_contact("me", contact)
            for at in range(3):
                phrase = SUBJECTS[(n + at) % len(SUBJECTS)]
                interest = make_interest(contact, phrase, id=f"i{n}-{at}")
                storage.people.add_interest("me", interest)
                storage.vectors.put_interest_vector("me", interest.id, MODEL, bytes(1536))
                fitting = ids[(n + at) % len(SUBJECTS) :: len(SUBJECTS)][:6]
                matches = [make_match(interest, i, 0.6 + i % 30 / 100) for i in fitting]
                storage.matches.put_matches(
                    "me", MODEL, interest.id, matches, matched_seq=n_items, keep=20
                )
    storage.close()
