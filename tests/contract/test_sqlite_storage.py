"""The embedded storage against the contract, and what only SQLite can get wrong."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database

from recommender.account import Grant, Token
from recommender.errors import SchemaTooNew, StorageBusy, StorageError
from recommender.storage.migrations import LATEST, _steps
from recommender.storage.sqlite import open_sqlite
from recommender.testing import NOW, StorageContract, fill, make_contact, make_item

if TYPE_CHECKING:
    from pathlib import Path

    from recommender.storage.sqlite import SqliteStorage


class TestSqliteStorage(StorageContract):
    """The whole contract."""


def test_a_new_file_is_at_the_latest_schema(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "a.db").close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == LATEST
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        applied = connection.execute("SELECT name FROM _sqlite_migrations").fetchall()
    connection.close()
    assert [name for (name,) in applied] == [
        "m001_first_house",
        "m002_the_ingester",
        "m003_what_publishers_ask_for",
        "m004_margins",
        "m005_safe_to_send",
        "m006_people_and_rhythm",
        "m007_who_may_come_in",
        "m008_the_digest",
    ]


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "a.db").close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SchemaTooNew, match="upgrade Sawthis") as caught:
        open_sqlite(tmp_path / "a.db")
    assert (caught.value.found, caught.value.known) == (99, LATEST)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database at all, but long enough to look" * 30)
    with pytest.raises(StorageError, match="damaged"):
        open_sqlite(tmp_path / "a.db")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="can't be made"):
        open_sqlite(tmp_path / "file" / "a.db")


def test_a_locked_database_says_so(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "a.db").close()
    holder = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    impatient = open_sqlite(tmp_path / "a.db", busy_timeout_s=0.05)
    with pytest.raises(StorageBusy, match="in use by another process"):
        impatient.people.add_contact("me", make_contact())
    assert impatient.people.contacts("me") == []  # readers never wait
    holder.execute("ROLLBACK")
    holder.close()
    impatient.people.add_contact("me", make_contact())
    impatient.close()


def test_a_full_disk_leaves_nothing_half_written(storage: SqliteStorage) -> None:
    fill(storage)
    before = storage.counts("me")
    pages = storage._db.rows("PRAGMA page_count")[0][0]
    storage._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    items = [make_item(f"https://full/{n}", text="x" * 5000) for n in range(50)]
    with pytest.raises(StorageError, match="full"):
        storage.items.put_items(items, feed_id=1, owner_id="", now=NOW)
    assert storage.counts("me") == before
    assert storage.check() is None


def _write_many(path: Path, worker: int) -> None:
    opened = open_sqlite(path)
    for n in range(20):
        opened.people.add_contact("me", make_contact(f"Writer {worker} Number {n}"))
    opened.close()


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_write_many, args=(path, n)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    opened = open_sqlite(path)
    assert len(opened.people.contacts("me")) == 40
    opened.close()


def test_a_library_that_somebody_just_makes_is_waited_for(tmp_path: Path) -> None:
    # SQLite does not wait by itself for the lock that the change to WAL takes.
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        release.start()
        opened = open_sqlite(path)
        release.join()
    assert opened.people.contacts("me") == []
    opened.close()


def test_the_same_library_keeps_its_id(tmp_path: Path) -> None:
    first = open_sqlite(tmp_path / "a.db")
    again = open_sqlite(tmp_path / "a.db")
    other = open_sqlite(tmp_path / "b.db")
    assert first.library_id() == again.library_id() != other.library_id()
    for opened in (first, again, other):
        opened.close()


def test_a_library_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "sawthis.db"
    with closing(sqlite3.connect(path)) as db:
        _steps().apply(Database(db), stop_before="m002_the_ingester")
        db.executescript(
            """INSERT INTO accounts (id, created_at) VALUES ('me', '2026-01-01T00:00:00+00:00');
            INSERT INTO feeds (id, url, title, kind) VALUES (7, 'https://e.example/', 'E',
                'article');
            INSERT INTO subscriptions (account_id, feed_id, created_at)
                VALUES ('me', 7, '2026-01-01T00:00:00+00:00');
            INSERT INTO items (id, owner_id, key, kind, title, tags, fetched_at, content_hash,
                feed_title, text) VALUES (3, '', 'https://e.example/a', 'article', 'A', '[]',
                '2026-01-01T00:00:00+00:00', 'h', 'E', 'Words');
            INSERT INTO feed_items (feed_id, item_id) VALUES (7, 3);"""
        )
    storage = open_sqlite(path)
    (feed,) = storage.feeds.feeds("me")
    assert (feed.id, feed.url, feed.skip_hours) == (7, "https://e.example/", frozenset())
    (item,) = storage.items.items("me")
    assert (item.title, item.feed_title) == ("A", "E")
    storage.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == LATEST
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT key FROM item_keys").fetchall() == [("https://e.example/a",)]


def test_a_library_is_its_owners_to_read(tmp_path: Path) -> None:
    storage = open_sqlite(tmp_path / "a.db")
    fill(storage)
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name
    storage.close()


def test_a_backup_keeps_tombstones_and_history(tmp_path: Path) -> None:
    first, second = open_sqlite(tmp_path / "a.db"), open_sqlite(tmp_path / "b.db")
    feed = first.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW)
    old, kept = make_item("https://old"), make_item("https://kept")
    first.items.put_items([old], feed_id=feed.id, owner_id="", now=NOW)
    later = NOW + timedelta(days=200)
    first.items.put_items([kept], feed_id=feed.id, owner_id="", now=later)
    changed = replace(kept, title="Corrected", content_hash="new")
    first.items.put_items([changed], feed_id=feed.id, owner_id="", now=later + timedelta(hours=1))
    assert first.items.expire(later - timedelta(days=180), now=later) == 1
    rows = list(first.export_rows("me"))
    second.import_rows("me", rows)
    assert list(second.export_rows("me")) == rows
    (item,) = second.items.items("me")
    assert [revision.title for revision in second.items.revisions(item.id)] == [kept.title]
    (copy,) = second.feeds.feeds("me")
    assert second.items.put_items([old], feed_id=copy.id, owner_id="", now=later) == (0, 0)
    first.close()
    second.close()


def test_a_token_opens_while_another_writes(tmp_path: Path) -> None:
    """Its use is not noted then, and nobody waits for it."""
    storage, other = open_sqlite(tmp_path / "a.db"), open_sqlite(tmp_path / "a.db")
    storage.access.add_token("me", Token("t", "laptop", "read", NOW, None, None, None), "hash")
    with other.transaction():
        other.people.add_contact("me", make_contact())
        assert storage.access.grant_of_token("hash", NOW) == Grant("me", "t", "read")
    assert storage.access.tokens("me")[0].last_used_at is None
    assert storage.access.grant_of_token("hash", NOW) == Grant("me", "t", "read")
    assert storage.access.tokens("me")[0].last_used_at is not None
    storage.close()
    other.close()
