"""Address books in and out of a library: twice is once, all or nothing, two Joes stay two."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from recommender.cards import read_cards, write_vcards
from recommender.cards.types import Card, CardInterest
from recommender.domain import Details, Slot
from recommender.errors import ConflictError, InvalidInput
from recommender.services import shapes
from recommender.services.duplicates import duplicates
from recommender.services.exporting import to_vcards
from recommender.services.importing import Importer, ImportOutcome
from recommender.services.people import People
from recommender.storage.sqlite import SqliteStorage, open_sqlite
from recommender.testing import NOW, make_contact, make_touch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sawthis

JOE = Card("Joe Ferraro", emails=("joe@f.example",), interests=(CardInterest("sailing", 1.5),))


@pytest.fixture
def storage(tmp_path: Path) -> SqliteStorage:
    return open_sqlite(tmp_path / "a.db")


def put(storage: SqliteStorage, *cards: Card, dry_run: bool = False) -> ImportOutcome:
    body = write_vcards(cards).encode()
    return Importer(storage, "me").run(body, now=NOW, dry_run=dry_run)


def counts(outcome: ImportOutcome) -> tuple[int, int, int, int]:
    created, updated, skipped = map(outcome.count, ("created", "updated", "skipped"))
    return created, updated, skipped, len(outcome.failures)


def everything(storage: SqliteStorage) -> list[str]:
    return sorted(map(repr, storage.export_rows("me")))


def test_the_same_file_twice_changes_nothing(storage: SqliteStorage) -> None:
    cards = [
        JOE,
        Card("Joe Ferraro", emails=("joe@g.example",)),
        Card("Joe Ferraro", phones=("030 123456",)),
        Card("Joe Ferraro"),
        Card("Ann", organisation="A"),
        Card("Ann", organisation="B"),
        Card("Zoë", uid="u1", notes="first"),
        Card("Zoe Z", uid="u1", notes="second", birthday="--02-29"),
    ]
    first = put(storage, *cards)
    assert sum(counts(first)) == len(cards)
    before = everything(storage)
    again = put(storage, *cards)
    assert counts(again) == (0, 0, len(cards), 0)
    assert everything(storage) == before


def test_two_joes_stay_two_joes(storage: SqliteStorage) -> None:
    put(storage, JOE, Card("Joe Ferraro", emails=("joe@g.example",)))
    slugs = {c.slug for c in storage.people.contacts("me")}
    assert slugs == {"joe-ferraro", "joe-ferraro-2"}
    (found,) = duplicates(storage.people.contacts("me"))
    assert found.reasons == ("the same name",)


def test_an_import_adds_and_never_overwrites(storage: SqliteStorage) -> None:
    put(storage, Card("Joe Ferraro", emails=("joe@f.example",), organisation="Old", notes="mine"))
    outcome = put(
        storage,
        Card(
            "Joe Ferraro",
            emails=("JOE@f.example", "joe@g.example"),
            organisation="New",
            notes="theirs",
            birthday="1984-02-29",
            interests=(CardInterest("jazz"),),
        ),
    )
    (change,) = outcome.changes
    assert change.outcome == "updated"
    assert set(change.adds) == {"emails", "notes", "birthday", "interests"}
    (joe,) = storage.people.contacts("me")
    assert joe.emails == ("joe@f.example", "joe@g.example")
    assert joe.employer == "Old"
    assert joe.notes == "mine\n\ntheirs\n\nEmployer: New"
    assert joe.birthday == "1984-02-29"


def test_a_dry_run_only_tells(storage: SqliteStorage) -> None:
    put(storage, JOE)
    before = everything(storage)
    outcome = put(storage, JOE, Card("Ann"), dry_run=True)
    assert counts(outcome) == (1, 0, 1, 0)
    assert everything(storage) == before


def test_every_failure_has_its_line_and_reason(storage: SqliteStorage) -> None:
    body = b"BEGIN:VCARD\nPHOTO:x\nEND:VCARD\nBEGIN:VCARD\nFN:Ann\nEND:VCARD\n"
    outcome = Importer(storage, "me").run(body, now=NOW)
    assert counts(outcome) == (1, 0, 0, 1)
    assert outcome.failures[0].line == 1
    with pytest.raises(InvalidInput, match="empty"):
        Importer(storage, "me").run(b"  ", now=NOW)


def test_what_goes_out_comes_back(storage: SqliteStorage, tmp_path: Path) -> None:
    people = People(storage, "me")
    joe = people.add(
        "Joe Ferraro", now=NOW, emails=["joe@f.example"], interests=["sailing", "not golf"],
        employer="Lights", notes="a\nb", own_sites=["joe.example"], humour="clean",
        cadence_days=21, town="Lyme", taboo=["death"], groups=["Choir"], birthday="--02-29",
        details=Details(phones=("030 1234567",), role="keeper", nicknames=("Joey",)),
    )  # fmt: skip
    rows = [shapes.contact_shape(joe, people.interests(joe))]
    for body, is_whole in (
        (json.dumps(rows).encode(), True),
        (to_vcards([joe], people.interests_of_all()).encode(), False),
    ):
        other = open_sqlite(tmp_path / f"{is_whole}.db")
        assert counts(Importer(other, "me").run(body, now=NOW)) == (1, 0, 0, 0)
        (back,) = other.people.contacts("me")
        interests = {(i.phrase, i.polarity) for i in other.people.interests("me")}
        assert (back.name, back.emails, back.notes) == (joe.name, joe.emails, joe.notes)
        assert (back.birthday, back.groups, back.town) == (joe.birthday, joe.groups, joe.town)
        assert back.own_sites == joe.own_sites
        assert back.details == joe.details
        assert ("sailing", "like") in interests
        assert is_whole == (("golf", "avoid") in interests)
        assert is_whole == (back.taboo == ("death",) and back.humour == "clean")
        other.close()


def test_merge_and_split_by_what_is_theirs(storage: SqliteStorage) -> None:
    people = People(storage, "me")
    joe = people.add("Joe", now=NOW, emails=["a@e.example"], interests=["sailing", "jazz"])
    other = people.add("Joseph", now=NOW, emails=["b@e.example"])
    merged = people.merge(joe, other, now=NOW + timedelta(days=1))
    assert merged.emails == ("a@e.example", "b@e.example")
    assert merged.details.nicknames == ("Joseph",)
    mine, theirs = (make_touch(merged, id=name) for name in ("mine", "theirs"))
    storage.history.put_touches("me", [mine, theirs])
    kept, new = people.split(merged, "Joseph", ["b@e.example", "jazz", "theirs"], now=NOW)
    assert [t.id for c in (kept, new) for t in storage.history.touches("me", c.id)] == [
        "mine",
        "theirs",
    ]
    assert (kept.emails, new.emails) == (("a@e.example",), ("b@e.example",))
    assert [i.phrase for i in people.interests(new)] == ["jazz"]
    with pytest.raises(InvalidInput, match="no “x”"):
        people.split(kept, "X", ["x"], now=NOW)
    with pytest.raises(InvalidInput, match="themselves"):
        people.merge(kept, kept, now=NOW)
    with pytest.raises(ConflictError):
        people.unmerge(new)


def test_duplicates_have_their_reasons() -> None:
    a = make_contact("Jon Smith", id="a", emails=("js@e.example",))
    b = make_contact("John Smith", id="b", details=Details(phones=("+49 30 5551234",)))
    c = make_contact("Q", id="c", emails=("JS@e.example",), details=Details(phones=("0305551234",)))
    d = make_contact("Joan Smythe", id="d")
    reasons = {(x.one.id, x.other.id): x.reasons for x in duplicates([a, b, c, d])}
    assert reasons == {
        ("a", "b"): ("nearly the same name",),
        ("a", "c"): ("the e-mail js@e.example",),
        ("b", "c"): ("the phone number …05551234",),
    }


def many(n: int) -> bytes:
    return write_vcards(
        Card(f"Person {k}", emails=(f"p{k}@e.example",), interests=(CardInterest("sailing"),))
        for k in range(n)
    ).encode()


def _import(path: Path, body: bytes) -> None:
    storage = open_sqlite(path)
    Importer(storage, "me").run(body, now=NOW)
    storage.close()


def test_an_import_that_is_killed_leaves_nothing_half_in(tmp_path: Path) -> None:
    path, body = tmp_path / "a.db", many(10_000)
    open_sqlite(path).close()
    spawn = multiprocessing.get_context("spawn")
    sizes = set()
    for wait_s in (0.5, 1.0, 1.5, 2.0, 3.0):
        worker = spawn.Process(target=_import, args=(path, body))
        worker.start()
        time.sleep(wait_s)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        storage = open_sqlite(path)
        sizes.add((len(storage.people.contacts("me")), len(storage.people.interests("me"))))
        storage.close()
    assert sizes <= {(0, 0), (10_000, 10_000)}
    _import(path, body)
    storage = open_sqlite(path)
    assert len(storage.people.contacts("me")) == 10_000
    storage.close()


def test_two_imports_at_once_make_nobody_twice(tmp_path: Path) -> None:
    path, body = tmp_path / "a.db", many(300)
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_import, args=(path, body)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    storage = open_sqlite(path)
    assert len(storage.people.contacts("me")) == 300
    storage.close()


def test_erasing_leaves_no_trace_in_the_file(storage: SqliteStorage, tmp_path: Path) -> None:
    people = People(storage, "me")
    joe = people.add("Zebedee Quux", now=NOW, emails=["zq@quux.example"], notes="secret " * 400)
    people.edit(joe, now=NOW, notes="another secret " * 300)
    people.remove(joe)
    for file in tmp_path.glob("a.db*"):
        body = file.read_bytes()
        for word in (b"Quux", b"zq@quux", b"secret"):
            assert word not in body, (file.name, word)


def test_the_command_line_takes_a_book_in_and_gives_it_out(
    sawthis: Sawthis, tmp_path: Path
) -> None:
    book = tmp_path / "book.vcf"
    book.write_bytes(write_vcards([JOE, Card("Ann Other", birthday="--02-29")]).encode())
    dry = sawthis.ok("contacts", "import", str(book), "--dry-run")
    assert "created Joe Ferraro" in dry
    assert "Would be: 2 created, 0 updated, 0 skipped, 0 failed; 2 in all." in dry
    assert json.loads(sawthis.ok("contacts", "list", "--json")) == []
    done = json.loads(sawthis.ok("contacts", "import", str(book), "--json"))
    assert (done["created"], done["failed"]) == (2, 0)
    again = json.loads(sawthis.ok("contacts", "import", str(book), "--json"))
    assert (again["created"], again["updated"], again["skipped"]) == (0, 0, 2)
    out = tmp_path / "out.vcf"
    sawthis.ok("contacts", "export", str(out))
    names = [card.name for card in read_cards(out.read_bytes()) if isinstance(card, Card)]
    assert names == ["Ann Other", "Joe Ferraro"]
    table = tmp_path / "odd.csv"
    table.write_text("Wer;Wohin\nBob;bob@b.example\n", "utf-8")
    sawthis.ok("contacts", "import", str(table), "--column", "Wer=name", "--column", "Wohin=emails")
    assert sawthis.ok("contacts", "show", "bob@b.example").startswith("Bob")
    sawthis.ok("contacts", "archive", "bob")
    assert "Bob" not in sawthis.ok("contacts", "list")
    sawthis.ok("contacts", "restore", "bob")
    erased = sawthis.ok("contacts", "remove", "joe", "--yes")
    assert "with 1 interests" in erased


def test_importing_needs_no_more_than_a_moment() -> None:
    # The reader of thousands of rows must not wake the model or the network.
    code = (
        "import sys; import recommender.services.importing, recommender.cards; "
        "print(sorted(m for m in sys.modules if m in ('torch', 'httpx', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def make_people(storage: SqliteStorage) -> People:
    return People(storage, "me")


def test_who_may_not_be_written_to_stays_so_in_a_merge(storage: SqliteStorage) -> None:
    people = make_people(storage)
    for state in ("paused", "do_not_contact", "deceased"):
        kept = people.add(f"Kept {state}", now=NOW)
        other = people.edit(people.add(f"Other {state}", now=NOW), now=NOW, state=state)
        assert people.merge(kept, other, now=NOW).state == state
        assert [c.state for c in people.unmerge(people.find(kept.id))] == ["active", state]
    likes, avoids = (
        people.add("A", now=NOW, interests=["golf"]),
        people.add("B", now=NOW, interests=["not Golf"]),
    )
    merged = people.merge(likes, avoids, now=NOW)
    assert [i.polarity for i in people.interests(merged)] == ["avoid"]
    people.unmerge(merged)
    assert [i.polarity for c in (likes, avoids) for i in people.interests(c)] == ["like", "avoid"]


def test_merges_in_a_chain_part_as_they_were_joined(storage: SqliteStorage) -> None:
    people = make_people(storage)
    a, b, c = (people.add(f"{n} {n}", now=NOW, emails=[f"{n}@e.example"]) for n in "abc")
    before = everything(storage)
    people.merge(a, b, now=NOW)
    people.merge(c, people.find(a.id), now=NOW)
    people.unmerge(people.find(c.id))
    people.unmerge(people.find(a.id))
    assert everything(storage) == before


def test_what_was_changed_since_a_merge_stays_and_nothing_doubles(storage: SqliteStorage) -> None:
    people = make_people(storage)
    a = people.add("A A", now=NOW, emails=["a@e.example"], notes="mine")
    b = people.add("B B", now=NOW, emails=["b@e.example"], notes="theirs")
    merged = people.merge(a, b, now=NOW)
    people.edit(merged, now=NOW, emails=(*merged.emails, "new@e.example"))
    people.add("B B", now=NOW)  # takes the slug
    kept, gone = people.unmerge(people.find(a.id))
    assert (kept.emails, kept.notes) == (("a@e.example", "new@e.example"), "mine")
    assert (gone.emails, gone.notes, gone.slug) == (("b@e.example",), "theirs", "b-b-2")


def test_a_merge_keeps_one_slot_a_day_and_every_letter(storage: SqliteStorage) -> None:
    people = make_people(storage)
    a, b = people.add("A A", now=NOW), people.add("B B", now=NOW)
    day = NOW.date()
    slots = [Slot(day, c.id, "call", 5, False) for c in (a, b)]
    storage.rhythm.put_plan("me", day, 10, slots, now=NOW)
    for contact in (a, b):
        storage.history.add_touch("me", make_touch(contact, source="<m1@x>"))
    before = everything(storage)
    people.merge(a, b, now=NOW)
    assert [s.contact_id for s in storage.rhythm.slots_since("me", day)] == [a.id]
    assert len(storage.history.touches("me")) == 1
    people.unmerge(people.find(a.id))
    assert everything(storage) == before


def test_nobody_comes_back_who_was_erased(storage: SqliteStorage) -> None:
    people = make_people(storage)
    bob = people.add("Bob", now=NOW)
    ann = people.add("Ann", now=NOW, emails=["s@e.example"], notes="secret")
    merged = people.merge(bob, ann, now=NOW)
    _, zed = people.split(merged, "Zed", ["s@e.example"], now=NOW)
    people.remove(zed)
    with pytest.raises(ConflictError):
        people.unmerge(people.find(bob.id))
    people.edit(people.find(bob.id), now=NOW, notes="")
    assert not any("s@e.example" in row for row in everything(storage))


def test_a_file_taken_in_after_a_merge_changes_nothing(storage: SqliteStorage) -> None:
    cards = [Card("Mary Moe", uid="m1"), Card("Mary Meo", uid="m2")]
    put(storage, *cards)
    people = make_people(storage)
    people.merge(people.find("mary-moe"), people.find("mary-meo"), now=NOW)
    assert counts(put(storage, *cards)) == (0, 0, 2, 0)


def test_a_uid_of_two_people_does_not_make_them_one(storage: SqliteStorage) -> None:
    cards = [
        Card("Ann One", uid="u1", emails=("a@e.example",)),
        Card("Bob Two", uid="u1", emails=("b@e.example",)),
    ]
    assert counts(put(storage, *cards)) == (2, 0, 0, 0)
    assert counts(put(storage, *cards)) == (0, 0, 2, 0)


def test_a_later_birthday_without_its_year_says_nothing_new(storage: SqliteStorage) -> None:
    put(storage, Card("Ann", emails=("a@e.example",), birthday="1984-04-12"))
    again = put(storage, Card("Ann", emails=("a@e.example",), birthday="--04-12"))
    assert counts(again) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    "row",
    [
        {"name": "Z\ud800"},
        {"name": "Z", "notes": "\ud800"},
        {"name": "Z", "cadence_days": 7.5},
        {"name": "Z", "cadence_days": True},
        {"name": "Z", "hard_at": "9999-12-31T23:59:59-12:00"},
        {"name": "Z", "paused_until": "0001-01-01T00:00:00+14:00"},
        {"name": "Z", "interests": [{"phrase": "x", "weight": "much"}]},
        {"name": "Z", "details": {"uids": "x"}},
        {"name": "Z", "birthday": "١٩٨٤-٠٢-٢٩"},
    ],
)
def test_one_bad_row_fails_alone(storage: SqliteStorage, row: dict[str, object]) -> None:
    body = json.dumps([{"name": "Ann"}, row]).encode()
    assert counts(Importer(storage, "me").run(body, now=NOW)) == (1, 0, 0, 1)
