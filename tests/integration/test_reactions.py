"""What is said of suggestions changes the next ones at once, and undo takes it back exactly."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from tests.site import RSS

if TYPE_CHECKING:
    from tests.conftest import Sawthis
    from tests.site import Site

FADING = ("score", "freshness")
"""What changes by the minute."""


def suggestions(cli: Sawthis, contact: str, n: int = 50) -> list[dict[str, Any]]:
    answer = json.loads(cli.ok("suggest", "-c", contact, "-n", str(n), "--json"))
    found: list[dict[str, Any]] = answer["suggestions"]
    for one in found:
        for name in FADING:
            one.pop(name)
    return found


def test_reactions_change_the_ranking_and_undo_restores_it(demo: Sawthis) -> None:
    before = suggestions(demo, "joe")
    assert {one["lift"] for one in before} == {1.0}
    first, second = before[0]["id"], before[1]["id"]
    demo.ok("liked", first)
    demo.ok("less", second)
    after = suggestions(demo, "joe")
    assert {one["id"] for one in after} <= {one["id"] for one in before} - {first, second}
    assert any(one["lift"] > 1.01 for one in after)
    assert "taste: " in demo.ok("suggest", "-c", "joe", "--why")
    touches = json.loads(demo.ok("touch", "list", "joe", "--json"))
    assert [touch["kind"] for touch in touches[:1]] == ["sent"]  # what is liked was sent
    demo.ok("replied", first, "--note", "loved it")
    kinds = [touch["kind"] for touch in json.loads(demo.ok("touch", "list", "joe", "--json"))]
    assert kinds[:2] == ["received", "sent"]
    for ref in (first, first, second):
        demo.ok("undo", ref)
    assert suggestions(demo, "joe") == before
    assert len(json.loads(demo.ok("touch", "list", "joe", "--json"))) == len(touches) - 1


def test_learned_interests_are_proposed_and_applied_only_when_accepted(demo: Sawthis) -> None:
    demo.ok("contacts", "add", "Kit Moss", "-i", "chess", "-i", "sailing")
    for one in suggestions(demo, "kit")[:12]:
        demo.ok("skip" if one["interest"] == "chess" else "liked", one["id"])
    stated = demo.ok("interests", "list", "kit", "--json")
    proposals = json.loads(demo.ok("interests", "proposals", "kit", "--json"))
    by_phrase = {one["phrase"]: one for one in proposals}
    assert by_phrase["chess"]["kind"] == "lower"
    assert by_phrase["chess"]["words"].endswith("still into chess?")
    assert demo.ok("interests", "list", "kit", "--json") == stated
    demo.ok("interests", "accept", "kit", "Chess")
    weights = {
        one["phrase"]: one["weight"]
        for one in json.loads(demo.ok("interests", "list", "kit", "--json"))
    }
    assert weights["chess"] == 0.5
    assert "nothing is proposed about" in demo.fails("interests", "accept", "kit", "opera")


def test_tender_news_is_listed_apart(sawthis: Sawthis, site: Site) -> None:
    sawthis.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1"
    body = RSS.replace(
        b"<title>One</title>", b"<title>Sailing club loses its roof</title>"
    ).replace(
        b"The wind.",
        b"The sailing club at Porthleven mourns two sailors who died when the roof of the boat "
        b"house came down in the gale. Boats, sails and rigging were lost, and the sailing season "
        b"begins late.",
    )
    sawthis.ok("feeds", "add", site.serve("/sea", body), "--no-check")
    sawthis.ok("refresh")
    sawthis.ok("contacts", "add", "Joe Ferraro", "-i", "sailing")
    assert [one["interest"] for one in suggestions(sawthis, "joe")] == ["sailing"]
    sawthis.ok("contacts", "edit", "joe", "--town", "Porthleven")
    answer = json.loads(sawthis.ok("suggest", "-c", "joe", "--json"))
    assert not answer["suggestions"]
    (held,) = answer["withheld"]
    assert held["rule"] == "tender"
    assert "Porthleven" in held["reason"]
    assert "Held back: Sailing club" in sawthis.ok("suggest", "-c", "joe")  # also without --why
    page = "Sailing at Porthleven\n\nTwo sailors died when their sailing boat went down."
    who = json.loads(sawthis.ok("suggest", "who", "-", "--json", stdin=page))
    assert who["people"] == []


def test_taboos_and_levels_are_obeyed(demo: Sawthis) -> None:
    items = json.loads(demo.ok("items", "list", "--json", "-n", "500"))
    assert all(one["level"] in {"clean", "mild", "adult"} for one in items)
    levels = {one["id"]: one["level"] for one in items}
    demo.ok("contacts", "add", "Kit Moss", "-i", "cats", "-i", "chess")
    demo.ok("contacts", "edit", "kit", "--humour", "any")
    any_jokes = [one for one in suggestions(demo, "kit") if one["item"]["kind"] == "joke"]
    assert any_jokes
    demo.ok("contacts", "edit", "kit", "--humour", "clean")
    clean = [one["item"] for one in suggestions(demo, "kit") if one["item"]["kind"] == "joke"]
    assert all(levels[item["id"]] == "clean" for item in clean)
    shown = suggestions(demo, "kit")[0]
    with sqlite3.connect(demo.data_dir / "sawthis.db") as db:
        db.execute(
            "UPDATE items SET topics = '[\"religion\"]' WHERE id = ?", (shown["item"]["id"],)
        )
    db.close()
    assert shown["id"] in {one["id"] for one in suggestions(demo, "kit")}
    demo.ok("contacts", "edit", "kit", "--taboo", "religion", "--taboo", "death")
    answer = json.loads(demo.ok("suggest", "-c", "kit", "-n", "50", "--json"))
    assert shown["id"] not in {one["id"] for one in answer["suggestions"]}
    held = {one["item_id"]: one["rule"] for one in answer["withheld"]}
    assert held[shown["item"]["id"]] == "taboo"
    assert "a taboo is one of" in demo.fails("contacts", "edit", "kit", "--taboo", "golf")
