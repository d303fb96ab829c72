"""A library between two engines: what is moved, what happens if it is changed meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from recommender.cluster.schema import ensure_schema
from recommender.errors import StorageError
from recommender.services.moving import Move
from recommender.storage import moving
from recommender.storage.moving import plan
from recommender.storage.moving_postgres import NOT_MOVED
from recommender.storage.moving_sqlite import SqliteSide
from recommender.storage.postgres import open_postgres
from recommender.storage.sqlite import open_sqlite
from recommender.testing import MODEL, NOW, fill, make_contact, make_interest, make_item, make_touch
from tests.moved import (
    move,
    numbers_in_file,
    rows_in_file,
    rows_on_server,
    run_sql,
    sides,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import Server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A library of two accounts."""
    path = tmp_path / "sawthis.db"
    with closing(open_sqlite(path)) as storage:
        fill(storage, n_items=5)
        fill(storage, "you")
        maren = make_contact("Maren Lindqvist")
        storage.people.add_contact("me", maren)
        storage.people.add_interest("me", make_interest(maren, "glaciers"))
        storage.history.add_touch("me", make_touch(maren))
    return path


class Meddler:
    """Does something when a move is at a stage for the first time."""

    def __init__(self, stage: str, path: Path, *statements: str) -> None:
        self.stage = stage
        self.path = path
        self.statements = statements

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == self.stage and self.statements:
            run_sql(self.path, *self.statements)
            self.statements = ()


class Killer:
    """Ends a move when it has told so often how far it is."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture
def row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a single row, each of which is told."""
    monkeypatch.setattr(moving, "PAGE_ROWS", 1)
    monkeypatch.setattr("recommender.services.moving.TOLD_ROWS", 1)
    monkeypatch.setattr("recommender.services.moving.REPAIR_ROWS", 2)


def test_no_table_and_no_column_is_forgotten(file: Path, postgres_url: str) -> None:
    with sides(file, postgres_url) as (here, there):
        tables = {table.name: table for table in plan(here, there)}
    embedded = rows_in_file(file)
    assert set(tables) == set(embedded)
    with closing(sqlite3.connect(file)) as connection:
        for name, table in tables.items():
            found = connection.execute("SELECT name FROM pragma_table_info(?)", (name,)).fetchall()
            assert {column for (column,) in found} == set(table.columns) - {"rowid"}
    with psycopg.connect(postgres_url) as server:
        found = server.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        ).fetchall()
    assert {(table, column) for table, column in found if table not in NOT_MOVED} == {
        (table.name, column) for table in tables.values() for column in table.columns
    }
    assert {table for table, _ in found} - set(tables) == NOT_MOVED


def test_the_queue_stays_where_it_is(file: Path, postgres_url: str, tmp_path: Path) -> None:
    ensure_schema(postgres_url)
    assert move(file, postgres_url).is_complete
    assert move(tmp_path / "back.db", postgres_url, back=True).is_complete


def test_parents_come_first_and_settings_last(file: Path, postgres_url: str) -> None:
    with sides(file, postgres_url) as (here, there):
        tables = [table.name for table in plan(here, there)]
    assert tables[-1] == "settings"
    with closing(sqlite3.connect(file)) as connection:
        for at, name in enumerate(tables):
            asked = 'SELECT "table" FROM pragma_foreign_key_list(?)'
            for (parent,) in connection.execute(asked, (name,)):
                assert tables.index(parent) < at


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE touches ADD COLUMN mood TEXT", "CREATE TABLE moods (id BIGINT PRIMARY KEY)"],
)
def test_what_the_other_side_has_no_place_for(
    file: Path, postgres_url: str, statement: str
) -> None:
    with psycopg.connect(postgres_url) as server:
        server.execute(statement.encode())
    with pytest.raises(StorageError, match=r"differ in what they hold of “(touches|moods)”"):
        move(file, postgres_url)


def test_a_newer_server_is_left_alone(file: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as server:
        server.execute("INSERT INTO schema_steps (number, name, needs) VALUES (999, 'p999', 1)")
    with pytest.raises(StorageError, match="upgrade Sawthis"):
        move(file, postgres_url)


def test_several_accounts_and_all_that_is_theirs(
    file: Path, postgres_server: Server, postgres_url: str, tmp_path: Path
) -> None:
    report = move(file, postgres_url)
    assert report.is_complete
    assert not report.is_resumed
    assert rows_on_server(postgres_server, postgres_url) == rows_in_file(file)
    with closing(open_postgres(postgres_url)) as there:
        assert there.accounts() == ["me", "you"]
        assert there.library_id() == open_sqlite(file).library_id()
    back = tmp_path / "back.db"
    assert move(back, postgres_url, back=True).is_complete
    assert rows_in_file(back) == rows_in_file(file)


@pytest.mark.usefixtures("row_by_row")
@pytest.mark.parametrize("back", [False, True])
def test_ended_after_each_row_it_goes_on(
    file: Path, postgres_server: Server, postgres_url: str, tmp_path: Path, back: bool
) -> None:
    rows, path = rows_in_file(file), file
    if back:
        move(file, postgres_url)
        path = tmp_path / "back.db"
    for times in range(3, 300, 9):
        try:
            report = move(path, postgres_url, Killer(times), back=back)
        except KeyboardInterrupt:
            continue
        break
    assert times > 20
    assert report.is_complete
    assert report.is_resumed
    found = rows_in_file(path) if back else rows_on_server(postgres_server, postgres_url)
    assert found == rows


CHANGES = (
    "UPDATE contacts SET notes = 'changed' WHERE slug = 'joe-ferraro'",
    "DELETE FROM contacts WHERE slug = 'maren-lindqvist'",
    "DELETE FROM items WHERE id = 2",
    "UPDATE item_vectors SET vector = x'00' WHERE item_id = 3",
    "INSERT INTO accounts VALUES ('a new one', '2026')",
    "INSERT INTO groups VALUES ('a new one', 'friends', 7)",
    "INSERT INTO settings VALUES ('another', 'setting')",
)


def test_what_changes_meanwhile_is_told_and_then_repaired(
    file: Path, postgres_server: Server, postgres_url: str
) -> None:
    report = move(file, postgres_url, Meddler("rows copied", file, *CHANGES))
    assert not report.is_complete
    found = {(one.table, one.kind) for one in report.differences}
    assert {
        ("contacts", "changed"),
        ("contacts", "extra"),
        ("touches", "extra"),
        ("items", "extra"),
        ("item_vectors", "extra"),
        ("item_vectors", "changed"),
        ("accounts", "missing"),
        ("groups", "missing"),
        ("settings", "missing"),
    } <= found
    assert report.n_differences == len(report.differences)
    again = move(file, postgres_url)
    assert again.is_complete
    assert again.tables["contacts"].changed == 2  # as told, and in the other account
    assert again.tables["contacts"].removed == 1
    assert again.tables["groups"].copied == 1
    assert rows_on_server(postgres_server, postgres_url) == rows_in_file(file)


def test_what_changes_while_it_is_compared_is_noticed(
    file: Path, postgres_server: Server, postgres_url: str
) -> None:
    report = move(file, postgres_url, Meddler("rows verified", file, *CHANGES))
    assert not report.is_complete
    assert (report.n_differences, report.was_changed) == (0, True)
    assert move(file, postgres_url).is_complete
    assert rows_on_server(postgres_server, postgres_url) == rows_in_file(file)


@pytest.mark.usefixtures("row_by_row")
@pytest.mark.parametrize("times", range(5, 45, 8))
def test_changed_between_two_runs(
    file: Path, postgres_server: Server, postgres_url: str, times: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        move(file, postgres_url, Killer(times))
    run_sql(
        file,
        *CHANGES,
        # Names that are given only once change hands, by way of a third.
        "INSERT INTO contacts SELECT account_id, 'ann', 'ann', 'Ann', emails, employer, notes,"
        " own_sites, humour, state, cadence_days, created_at, updated_at, town, reads, taboo,"
        " groups, birthday, paused_until, hard_at, archived_at, details FROM contacts"
        " WHERE account_id = 'me' AND slug = 'joe-ferraro'",
        "UPDATE contacts SET slug = 'x' WHERE account_id = 'me' AND slug = 'joe-ferraro'",
        "UPDATE contacts SET slug = 'joe-ferraro' WHERE account_id = 'me' AND slug = 'ann'",
        "UPDATE contacts SET slug = 'ann' WHERE account_id = 'me' AND slug = 'x'",
        # What hangs on what was not there.
        "INSERT INTO interests SELECT account_id, 'i', 'ann', 'moths', weight, polarity, origin,"
        " created_at FROM interests WHERE account_id = 'me' AND phrase = 'sailing'",
        "INSERT INTO touches (account_id, id, contact_id, kind, direction, at, note)"
        " VALUES ('me', 'a first', 'ann', 'call', 'out', '2026', '')",
    )
    report = move(file, postgres_url)
    report = report if report.is_complete else move(file, postgres_url)
    assert report.is_complete
    assert rows_on_server(postgres_server, postgres_url) == rows_in_file(file)


def test_names_change_hands_after_the_copy(
    file: Path, postgres_server: Server, postgres_url: str, tmp_path: Path
) -> None:
    swap = (
        "UPDATE contacts SET slug = 'x' WHERE account_id = 'me' AND slug = 'joe-ferraro'",
        "UPDATE contacts SET slug = 'joe-ferraro' WHERE account_id = 'me' AND slug LIKE 'maren%'",
        "UPDATE contacts SET slug = 'maren-lindqvist' WHERE account_id = 'me' AND slug = 'x'",
    )
    assert not move(file, postgres_url, Meddler("rows copied", file, *swap)).is_complete
    assert move(file, postgres_url).is_complete
    assert rows_on_server(postgres_server, postgres_url) == rows_in_file(file)

    back = tmp_path / "back.db"

    def swap_on_server(stage: str, done: int, total: int) -> None:
        if stage == "rows copied" and done == total:
            with psycopg.connect(postgres_url) as server:
                server.execute("SELECT set_config('sawthis.account', '*', false)")
                for statement in swap:
                    server.execute(statement.encode())

    assert not move(back, postgres_url, swap_on_server, back=True).is_complete
    assert move(back, postgres_url, back=True).is_complete
    assert rows_on_server(postgres_server, postgres_url) == rows_in_file(back)


def test_numbers_go_on_where_they_were(file: Path, postgres_url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        before = dict(connection.execute("SELECT * FROM sqlite_sequence"))
    # The newest are gone, and their numbers must not come again: readers have gone past them.
    run_sql(file, "DELETE FROM items WHERE id >= 4", "DELETE FROM item_vectors WHERE seq > 1")
    move(file, postgres_url)
    back = tmp_path / "back.db"
    move(back, postgres_url, back=True)
    assert numbers_in_file(back) == before
    for storage in (open_postgres(postgres_url), open_sqlite(back)):
        with closing(storage):
            storage.items.put_items([make_item("https://new/")], feed_id=None, owner_id="", now=NOW)
            new = before["items"] + 1
            assert storage.items.without_vector("another", limit=99)[-1][0] == new
            storage.vectors.put_item_vectors(MODEL, {new: b"\0" * 16})
            assert storage.vectors.last_seq(MODEL) == before["item_vectors"] + 1
            storage.people.add_contact("me", make_contact("Zoë"))
            assert [one.name for one in storage.people.contacts("me")][-1] == "Zoë"


def test_nul_is_left_out_and_told(file: Path, postgres_server: Server, postgres_url: str) -> None:
    run_sql(
        file,
        "UPDATE contacts SET notes = 'a' || char(0) || 'b', town = char(0)"
        " WHERE account_id = 'me' AND slug = 'joe-ferraro'",
        # Two keys whose order is another without it.
        "INSERT INTO groups VALUES ('me', 'a' || char(0) || 'z', 1)",
        "INSERT INTO groups VALUES ('me', 'ab', 2)",
        "INSERT INTO groups VALUES ('me', 'a', 3)",
    )
    report = move(file, postgres_url)
    assert report.is_complete
    assert report.n_cleaned == 3
    found = rows_on_server(postgres_server, postgres_url)
    assert {row["name"] for row in found["groups"]} == {"az", "ab", "a"}
    assert {row["notes"] for row in found["contacts"]} == {"ab", ""}
    assert move(file, postgres_url).is_complete


def test_a_disk_that_is_full(
    file: Path, postgres_server: Server, postgres_url: str, tmp_path: Path
) -> None:
    run_sql(file, "UPDATE items SET text = hex(zeroblob(20000))")
    with psycopg.connect(postgres_url) as server:
        server.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"
        )
        server.execute(
            "CREATE TRIGGER full_disk BEFORE INSERT ON items EXECUTE FUNCTION full_disk()"
        )
    with pytest.raises(StorageError, match=r"not complete, run it again .the disk that holds"):
        move(file, postgres_url)
    with psycopg.connect(postgres_url) as server:
        server.execute("DROP FUNCTION full_disk CASCADE")
    assert move(file, postgres_url).is_complete

    back = tmp_path / "back.db"
    with sides(back, postgres_url, back=True) as (source, target):
        assert isinstance(target, SqliteSide)
        target._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(StorageError, match=r"the disk that holds back.db is full"):
            Move(source, target).run()
    assert move(back, postgres_url, back=True).is_complete
    assert rows_in_file(back) == rows_in_file(file)


def test_a_row_that_hangs_on_nothing(file: Path, postgres_url: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO groups VALUES ('nobody', 'friends', 1)")
    with pytest.raises(StorageError, match="can't hold a row of “groups”"):
        move(file, postgres_url)


def test_a_complete_one_is_compared_and_left_alone(
    file: Path, postgres_server: Server, postgres_url: str
) -> None:
    move(file, postgres_url)
    again = move(file, postgres_url)
    assert again.is_complete
    assert again.was_complete
    assert again.n_moved == 0
    with closing(open_postgres(postgres_url)) as there:
        there.people.add_contact("me", make_contact("New There"))
    rows = rows_on_server(postgres_server, postgres_url)
    report = move(file, postgres_url)
    assert not report.is_complete
    assert [(one.table, one.kind) for one in report.differences] == [("contacts", "extra")]
    assert rows_on_server(postgres_server, postgres_url) == rows
