"""The real command line on the real model: the main job, bad input, every face of an error."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from recommender.demo import demo_contacts, demo_feeds
from tests.site import RSS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sawthis
    from tests.site import Site


def test_the_demo_is_as_large_as_promised() -> None:
    articles = [a for f in demo_feeds() if f.kind == "article" for a in f.articles]
    assert len(articles) >= 130
    assert len({a.subject for a in articles}) >= 25
    assert {f.format for f in demo_feeds()} == {"rss", "atom", "rdf", "json"}
    assert sum(len(f.articles) for f in demo_feeds() if f.kind == "joke") >= 60
    assert len(demo_contacts()) >= 8
    assert all(2 <= len(c.interests) <= 4 for c in demo_contacts())
    texts = [a.text for f in demo_feeds() for a in f.articles]
    assert len(set(texts)) == len(texts)


def test_suggest_answers_for_joe(demo: Sawthis) -> None:
    answer = json.loads(demo.ok("suggest", "--contact", "joe", "--json"))
    assert answer["contact"]["name"] == "Joe Ferraro"
    assert answer["suggestions"]
    for one in answer["suggestions"]:
        item = json.loads(demo.ok("items", "show", str(one["item"]["id"]), "--json"))
        assert one["span"] in item["text"] or one["span"] in item["title"]
        assert len(one["span"]) <= 160
        assert one["interest"] in {i["phrase"] for i in answer["contact"]["interests"]}
        assert 0.5 <= one["relevance"] <= 1
    text = demo.ok("suggest", "--contact", "joe", "--why")
    assert "Why: Joe is interested in" in text


def test_everybody_gets_something_or_an_honest_nothing(demo: Sawthis) -> None:
    served: set[str] = set()
    unserved: set[str] = set()
    for contact in demo_contacts():
        answer = json.loads(demo.ok("suggest", "--contact", contact.email, "--json"))
        (served if answer["suggestions"] else unserved).add(contact.name)
        assert bool(answer["silence"]) is not bool(answer["suggestions"])
    assert {"Sam Adeyemi", "Joana Duarte"} <= unserved
    assert len(served) >= 7
    assert "Nothing to send" in demo.ok("suggest", "-c", "sam", "--why")


def test_accents_may_be_left_out(demo: Sawthis) -> None:
    assert "Aïcha Benali" in demo.ok("suggest", "--contact", "aicha")


def test_sent_things_do_not_come_back_until_undone(demo: Sawthis) -> None:
    def shown() -> list[str]:
        answer = json.loads(demo.ok("suggest", "-c", "maren", "--json", "-n", "50"))
        return [one["id"] for one in answer["suggestions"]]

    before = shown()
    touches = demo.ok("touch", "list", "maren", "--json")
    demo.ok("sent", before[0], "--note", "by mail")
    demo.ok("sent", before[0])  # twice is once
    demo.ok("skip", before[1])
    demo.ok("later", before[2], "--days", "3")
    assert set(shown()) == set(before[3:])
    assert len(json.loads(demo.ok("touch", "list", "maren", "--json"))) == 2
    for ref in before[:3]:
        demo.ok("undo", ref)
    assert shown() == before
    assert demo.ok("touch", "list", "maren", "--json") == touches
    assert "nothing to undo" in demo.fails("undo", before[0])


def test_a_new_interest_is_matched_at_once(demo: Sawthis) -> None:
    demo.ok("interests", "add", "sam", "chess")
    answer = json.loads(demo.ok("suggest", "-c", "sam", "--json"))
    assert answer["suggestions"][0]["interest"] == "chess"
    demo.ok("interests", "edit", "sam", "chess", "--polarity", "avoid")
    assert not json.loads(demo.ok("suggest", "-c", "sam", "--json"))["suggestions"]
    demo.ok("interests", "remove", "sam", "CHESS")
    assert "chess" not in demo.ok("interests", "list", "sam")


def test_who_would_enjoy_a_page(demo: Sawthis, tmp_path: Path) -> None:
    text = "The sourdough starter woke up.\n\nA sourdough loaf needs time, flour and baking heat."
    people = json.loads(demo.ok("suggest", "who", "-", "--json", stdin=text))["people"]
    assert people[0]["contact"]["name"] == "Maren Lindqvist"
    assert people[0]["span"] in text
    (tmp_path / "page.html").write_text(f"<html><body><p>{text}</p></body></html>")
    assert "Maren" in demo.ok("suggest", "who", str(tmp_path / "page.html"))
    assert "Nobody yet" in demo.ok("suggest", "who", "-", stdin="Quarterly figures of a bank.")


def test_a_contact_lives_and_goes(sawthis: Sawthis) -> None:
    sawthis.ok("contacts", "add", "Joe Blake", "--email", "joe@blake.example", "--every", "30")
    sawthis.ok("contacts", "add", "Joe Ferraro", "-i", "sailing")
    both = sawthis.fails("suggest", "--contact", "joe")
    assert "Joe Blake (joe-blake)" in both
    assert "Joe Ferraro (joe-ferraro)" in both
    sawthis.ok("contacts", "edit", "joe-blake", "--humour", "clean", "--notes", "met in Oslo")
    shown = json.loads(sawthis.ok("contacts", "show", "joe@blake.example", "--json"))
    assert (shown["humour"], shown["cadence_days"], shown["notes"]) == ("clean", 30, "met in Oslo")
    sawthis.ok("touch", "add", "joe-blake", "call", "--days-ago", "3")
    assert "You last spoke 3 days ago" in sawthis.ok("contacts", "list")
    sawthis.ok("contacts", "remove", "joe-blake", "--yes")
    assert "Joe Ferraro" in sawthis.ok("suggest", "--contact", "joe")


def test_contacts_come_from_a_file(demo: Sawthis, sawthis: Sawthis) -> None:
    listed = demo.ok("contacts", "list", "--json")
    first = json.loads(sawthis.ok("contacts", "import", "-", "--json", stdin=listed))
    assert (first["created"], first["skipped"], first["failed"]) == (10, 0, 0)
    again = json.loads(sawthis.ok("contacts", "import", "-", "--json", stdin=listed))
    assert (again["created"], again["skipped"]) == (0, 10)
    rows = '{"name": "New One", "interests": ["tea"]}\n{"name": ""}\n{"emails": 3}\n'
    mixed = json.loads(sawthis.ok("contacts", "import", "-", "--json", stdin=rows))
    assert (mixed["created"], mixed["failed"]) == (1, 2)
    assert mixed["failures"][0] == {"line": 2, "reason": "the name is empty"}
    assert "tea" in sawthis.ok("interests", "list", "new-one")
    line = sawthis.fails("contacts", "import", "-", stdin="no address book")
    assert "neither vCard nor LDIF, CSV or JSON" in line or "no column with a name" in line


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("suggest", "--contact", "nobody"), "no contact is called “nobody”"),
        (("contacts", "add", "  "), "the name is empty"),
        (("contacts", "add", "X", "--email", "nonsense"), "is no e-mail address"),
        (("contacts", "add", "X", "-i", "   "), "the interest is empty"),
        (("contacts", "add", "X", "--humour", "dark"), "humour is one of"),
        (("feeds", "add", "ftp://x/feed"), "no http or https address|nothing here reads"),
        (("feeds", "add", "http://127.0.0.1:9/"), "private address"),
        (("feeds", "import", "/no/such.opml"), "can't be read"),
        (("feeds", "remove", "7"), "no feed is called"),
        (("items", "show", "7"), "no item has the id 7"),
        (("sent", "nope"), "no suggestion has the id"),
        (("suggest", "who", "/no/such/page"), "can't be read"),
        (("import", "/no/such.jsonl"), "can't be read"),
    ],
)
def test_bad_input_is_one_line(sawthis: Sawthis, args: tuple[str, ...], words: str) -> None:
    line = sawthis.fails(*args)
    assert re.search(words, line)
    assert (
        len(sawthis.run("contacts", "list", "--json").stdout.strip()) == 2
    )  # nothing half-written


@pytest.mark.parametrize(
    "args",
    [
        ("suggest",),
        ("suggest", "-c", "joe", "--kind", "song"),
        ("nonsense",),
        ("later", "x", "--days", "0"),
    ],
)
def test_usage_errors_exit_2(sawthis: Sawthis, args: tuple[str, ...]) -> None:
    assert sawthis.fails(*args, code=2)


def test_opml_in_and_out(sawthis: Sawthis, tmp_path: Path) -> None:
    opml = tmp_path / "in.opml"
    opml.write_text(
        "<opml><body><outline text='Jokes'><outline text='J' xmlUrl='https://e.com/j'/></outline>"
        "<outline text='A' xmlUrl='https://e.com/a'/><outline text='x' xmlUrl='ftp://e'/></body></opml>"
    )
    first = json.loads(sawthis.ok("feeds", "import", str(opml), "--json"))
    assert (first["added"], first["already_there"], len(first["skipped"])) == (2, 0, 1)
    again = json.loads(sawthis.ok("feeds", "import", str(opml), "--json"))
    assert (again["added"], again["already_there"]) == (0, 2)
    kinds = {f["title"]: f["kind"] for f in json.loads(sawthis.ok("feeds", "list", "--json"))}
    assert kinds == {"J": "joke", "A": "article"}
    out = tmp_path / "out.opml"
    sawthis.ok("feeds", "export", str(out))
    assert json.loads(sawthis.ok("feeds", "import", str(out), "--json"))["already_there"] == 2
    (tmp_path / "bad.opml").write_text("<html>")
    assert "no OPML" in sawthis.fails("feeds", "import", str(tmp_path / "bad.opml"))


def test_a_feed_is_checked_when_added(sawthis: Sawthis, site: Site) -> None:
    sawthis.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
    page = site.serve("/page", b"<!doctype html><html><body>Hi</body></html>")
    assert "web page, not a feed" in sawthis.fails("feeds", "add", page)
    assert json.loads(sawthis.ok("feeds", "list", "--json")) == []
    huge = b"<rss version='2.0'><channel><item><title>x</title><description>"
    url = site.serve("/huge", huge + b"y" * (11 * 2**20))
    assert "larger than 10 MB" in sawthis.fails("feeds", "add", url)


def test_one_bad_feed_does_not_stop_the_others(sawthis: Sawthis, site: Site) -> None:

    sawthis.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
    good, gone = site.serve("/good", RSS), f"{site.base}/gone"
    for url in (gone, good):
        sawthis.ok("feeds", "add", url, "--no-check")
    report = json.loads(sawthis.ok("refresh", "--json"))
    assert report["feeds"] == {"parsed": 1, "unchanged": 0, "failed": 1}
    assert report["items"]["added"] == 1
    assert report["errors"][0]["feed"] == gone
    again = json.loads(sawthis.ok("refresh", "--all", "--json"))
    assert again["feeds"] == {"parsed": 0, "unchanged": 1, "failed": 1}
    assert (again["items"]["added"], again["embedded"]) == (0, 0)
    assert json.loads(sawthis.ok("refresh", "--json"))["feeds"]["failed"] == 0  # not due
    health = {f["url"]: f["failures"] for f in json.loads(sawthis.ok("feeds", "list", "--json"))}
    assert health == {good: 0, gone: 2}


def test_the_demo_refuses_somebodys_data(sawthis: Sawthis) -> None:
    sawthis.ok("contacts", "add", "Joe")
    assert "already holds data" in sawthis.fails("demo")
    assert len(json.loads(sawthis.ok("contacts", "list", "--json"))) == 1


def test_the_demo_is_loaded_once(demo: Sawthis, sawthis: Sawthis) -> None:
    assert json.loads(demo.ok("demo", "--json"))["items"] == {"added": 0, "changed": 0}
    assert len(json.loads(demo.ok("contacts", "list", "--json"))) == 10
    # Killed between its marker and its rows: the next call loads it.
    (sawthis.data_dir / "demo.json").write_text('{"port": 8766}')
    sawthis.ok("demo")
    assert len(json.loads(sawthis.ok("contacts", "list", "--json"))) == 10


def test_export_and_import_move_a_whole_account(
    demo: Sawthis, sawthis: Sawthis, tmp_path: Path
) -> None:
    first = json.loads(demo.ok("suggest", "-c", "maren", "--json"))["suggestions"]
    demo.ok("sent", first[0]["id"])
    backup = tmp_path / "backup.jsonl"
    demo.ok("export", str(backup))
    sawthis.ok("import", str(backup))
    assert sawthis.ok("export") == backup.read_text("utf-8")

    def said(where: Sawthis) -> list[tuple[str, str, float]]:
        answer = json.loads(where.ok("suggest", "-c", "maren", "--json", "-n", "20"))
        return [(s["id"], s["span"], s["relevance"]) for s in answer["suggestions"]]

    assert said(sawthis) == said(demo)
    assert "already holds data" in sawthis.fails("import", str(backup))
    backup.write_text('{"kind": "contact", "row": {"id": "x", "evil": 1}}\n')
    empty = type(sawthis)(tmp_path / "empty")
    assert "unknown field" in empty.fails("import", str(backup))
    backup.write_text("nonsense\n")
    assert "line 1" in empty.fails("import", str(backup))


def test_doctor_is_well_and_counts(demo: Sawthis) -> None:
    found = json.loads(demo.ok("doctor", "--json"))
    assert found["well"]
    assert found["counts"]["feeds"] == 7
    assert found["counts"]["items"] == 214
    assert found["counts"]["contacts"] == 10
    assert found["counts"]["matches"] > 0
    assert any("onnx int8" in f["detail"] for f in found["findings"])


def test_doctor_names_a_missing_model(demo: Sawthis) -> None:
    done = demo.run("--model", "/no/such/model", "doctor", "--json")
    assert done.returncode == 1
    faults = [f for f in json.loads(done.stdout)["findings"] if f["state"] == "fault"]
    assert [f["name"] for f in faults] == ["model"]
    assert "there is no model folder" in faults[0]["detail"]
    line = demo.fails("--model", "/no/such", "suggest", "who", "-", stdin="Some text.")
    assert "there is no model folder" in line


def test_a_locked_database_is_one_line(demo: Sawthis) -> None:
    holder = sqlite3.connect(demo.data_dir / "sawthis.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert "Joe" in demo.ok("suggest", "-c", "joe")  # reading goes on
        assert "in use by another process" in demo.fails("contacts", "add", "Late Comer")
    finally:
        holder.close()


def test_two_refreshes_at_once(demo: Sawthis) -> None:
    import fcntl

    with (demo.data_dir / "refresh.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another refresh" in demo.fails("refresh")


def rows(data_dir: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything a refresh writes, without ids and times, in a fixed order."""
    connection = sqlite3.connect(data_dir / "sawthis.db")
    found = {
        name: sorted(connection.execute(sql).fetchall())
        for name, sql in {
            "items": "SELECT key, kind, url, title, text, content_hash FROM items",
            "vectors": "SELECT i.key, v.model_key, v.vector FROM item_vectors v"
            " JOIN items i ON i.id = v.item_id",
            "matches": "SELECT i.key, c.name, t.phrase, m.relevance, m.cosine, m.lexical, m.span"
            " FROM matches m JOIN items i ON i.id = m.item_id"
            " JOIN interests t ON t.id = m.interest_id JOIN contacts c ON c.id = m.contact_id",
            "feeds": "SELECT title, body_hash, failures FROM feeds",
        }.items()
    }
    connection.close()
    return found


@pytest.mark.slow
def test_a_killed_refresh_ends_in_the_same_rows(sawthis: Sawthis, loaded_demo: Path) -> None:
    undisturbed = rows(loaded_demo)
    # Random moments; pytest-randomly prints the seed that brings them back.
    for pause in (random.uniform(0.3, 3.2) for _ in range(6)):
        process = sawthis.popen("demo")
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    sawthis.ok("demo")
    disturbed = rows(sawthis.data_dir)
    assert {n: len(r) for n, r in disturbed.items()} == {n: len(r) for n, r in undisturbed.items()}
    # Dates are of the day of loading; a run across midnight would change bodies, not items.
    for name in ("items", "vectors", "matches"):
        assert disturbed[name] == undisturbed[name], name


def test_a_feed_with_a_login_is_not_added_twice(sawthis: Sawthis, site: Site) -> None:
    sawthis.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
    url = site.serve("/feed", RSS)
    sawthis.ok("feeds", "add", url, "--no-check")
    sawthis.ok("feeds", "login", url, stdin="joe:secret\n")
    sawthis.ok("feeds", "add", url, "--no-check")
    (feed,) = json.loads(sawthis.ok("feeds", "list", "--json"))
    assert feed["has_login"]


def test_the_same_opml_again_adds_nothing(sawthis: Sawthis, tmp_path: Path) -> None:
    opml = tmp_path / "list.opml"
    opml.write_text(
        "<opml version='2.0'><body><outline text='A' xmlUrl='feed://a.example/f'/>"
        "<outline text='B' xmlUrl='b.example/f?x=1&y=2'/>"
        "<outline text='C' xmlUrl='https://joe:secret@c.example/f#top'/>"
        "<outline type='rss' text='D' url='https://d.example/f'/></body></opml>"
    )
    assert json.loads(sawthis.ok("feeds", "import", str(opml), "--json"))["added"] == 4
    again = json.loads(sawthis.ok("feeds", "import", str(opml), "--json"))
    assert (again["added"], again["already_there"]) == (0, 4)
    urls = {feed["url"] for feed in json.loads(sawthis.ok("feeds", "list", "--json"))}
    assert urls == {
        "https://a.example/f", "https://b.example/f?x=1&y=2", "https://c.example/f",
        "https://d.example/f",
    }  # fmt: skip


def test_json_steers_no_terminal(sawthis: Sawthis, tmp_path: Path) -> None:
    feed = tmp_path / "feed.json"
    feed.write_text(
        '{"version": "https://jsonfeed.org/version/1", "items": [{"id": "\\u009b31m\\u202ex", '
        '"content_text": "A"}]}'
    )
    printed = sawthis.ok("feeds", "parse", str(feed), "--json")
    assert not {"\x9b", "\u202e"} & set(printed)
    assert json.loads(printed)["entries"][0]["id"].endswith("x")
