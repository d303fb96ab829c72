"""Plans, standing, letters and the simulation, over a real library."""

from __future__ import annotations

import json
import multiprocessing
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from recommender.domain import Group, NewItem
from recommender.errors import ContactNotFound, InvalidInput
from recommender.services.letters import import_letters
from recommender.services.outcomes import Outcomes
from recommender.services.people import People
from recommender.services.picture import rhythm_svg
from recommender.services.planning import Plan, Plans
from recommender.services.standing import Standings, advice_lines
from recommender.services.suggest import Suggester
from recommender.services.touches import Touches
from recommender.settings import Settings
from recommender.storage.sqlite import SqliteStorage, open_sqlite
from recommender.testing import NOW, make_item, make_match
from recommender.testing.simulation import Simulation, broken_rules
from recommender.wiring import House

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sawthis
    from tests.site import Site

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)  # a Monday


class Library:
    """A library with some people, and what plans them."""

    def __init__(self, storage: SqliteStorage) -> None:
        self.storage = storage
        self.people = People(storage, "me")
        self.suggester = Suggester(storage, "me", 0.45)
        self.outcomes = Outcomes(storage, "me", self.suggester)
        self.touches = Touches(storage, "me")
        self.plans = Plans(storage, "me", self.people, self.suggester, BERLIN)
        self.standings = Standings(storage, "me", self.people, BERLIN)
        self.feed = storage.feeds.subscribe("me", "https://f", kind="article", title="F", now=NOW)
        self.n = 0

    def add(self, name: str, *, days_ago: int = 90, n_items: int = 3, **fields: object) -> str:
        """Somebody last written to so long ago, with so many items that fit."""
        contact = self.people.add(
            name, now=MORNING - timedelta(days=300), interests=["sailing"], cadence_days=30,
            **fields,  # type: ignore[arg-type]  # as the test has it
        )  # fmt: skip
        self.touches.log(contact, "sent", now=MORNING, at=MORNING - timedelta(days=days_ago))
        # A talk within the year, lest a call be due.
        self.touches.log(contact, "met", now=MORNING, at=MORNING - timedelta(days=280))
        (interest,) = self.people.interests(contact)
        self.storage.vectors.put_interest_vector("me", interest.id, "test-model", b"\0" * 16)
        items: list[NewItem] = []
        for _ in range(n_items):
            self.n += 1
            url = f"https://example.com/{self.n}"
            items.append(make_item(url, title=f"Headline {self.n}", text=f"Text {self.n} {url}"))
        self.storage.items.put_items(items, feed_id=self.feed.id, owner_id="", now=NOW)
        ids = [row[0] for row in self.storage.items.without_vector("test-model", limit=99)]
        self.storage.vectors.put_item_vectors("test-model", {i: b"\0" * 16 for i in ids})
        self.storage.vectors.activate_model("test-model")
        matches = [make_match(interest, item_id, 0.9) for item_id in ids]
        self.storage.matches.put_matches(
            "me", "test-model", interest.id, matches, matched_seq=99, keep=99
        )
        return contact.id


@pytest.fixture
def library(storage: SqliteStorage) -> Library:
    return Library(storage)


def names(plan: Plan) -> list[str]:
    return [entry.contact.first_name for entry in plan.entries]


def test_the_plan_stays_all_day_and_leaves_no_backlog(library: Library) -> None:
    for name in ("Ann", "Bob", "Cid", "Dee"):
        library.add(name, days_ago=61)
    first = library.plans.today(now=MORNING)
    assert sum(entry.slot.minutes for entry in first.entries) <= 5
    again = library.plans.today(now=MORNING + timedelta(hours=9))
    assert [e.slot for e in again.entries] == [e.slot for e in first.entries]
    # A week without a look: no more to do than on any day.
    later = library.plans.today(now=MORNING + timedelta(days=8))
    assert sum(entry.slot.minutes for entry in later.entries) <= 5


def test_what_is_done_and_skipped_stays_and_takes_its_minutes(library: Library) -> None:
    for name in ("Ann", "Bob", "Cid", "Dee"):
        library.add(name, days_ago=61)
    one, two = library.plans.today(now=MORNING).entries
    assert one.suggestion
    library.outcomes.note(one.suggestion.id, "sent", now=MORNING + timedelta(minutes=1))
    library.plans.skip(two.contact, now=MORNING)
    plan = library.plans.today(now=MORNING + timedelta(minutes=2))
    assert [(e.is_done, e.is_open) for e in plan.entries] == [(True, False), (False, False)]
    more = library.plans.today(now=MORNING + timedelta(minutes=3), minutes=9)
    assert [e.slot.contact_id for e in more.entries][:2] == [one.contact.id, two.contact.id]
    assert sum(entry.slot.minutes for entry in more.entries) <= 9
    assert len(more.entries) > 2
    library.plans.skip(two.contact, now=MORNING, undo=True)
    assert library.plans.today(now=MORNING + timedelta(minutes=4)).entries[1].is_open
    library.outcomes.undo(one.suggestion.id)
    assert library.plans.today(now=MORNING + timedelta(minutes=5)).entries[0].is_open


def test_another_item_takes_the_place_of_one_not_wanted(library: Library) -> None:
    library.add("Ann", days_ago=61)
    (entry,) = library.plans.today(now=MORNING).entries
    assert entry.suggestion
    library.outcomes.note(entry.suggestion.id, "dismissed", now=MORNING)
    (instead,) = library.plans.today(now=MORNING + timedelta(minutes=1)).entries
    assert instead.suggestion
    assert instead.suggestion.id != entry.suggestion.id


@pytest.mark.parametrize(
    "change",
    [
        {"state": "do_not_contact"},
        {"state": "deceased"},
        {"state": "paused"},
        {"state": "paused", "paused_until": MORNING + timedelta(days=1)},
        {"archived_at": MORNING},
    ],
)
def test_who_is_put_away_is_in_no_face_even_in_a_plan_made_before(
    library: Library, change: dict[str, object]
) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61, birthday="1980-03-02"))
    assert names(library.plans.today(now=MORNING)) == ["Ann"]
    put_away = library.people.edit(contact, now=MORNING, **change)
    assert not library.plans.today(now=MORNING).entries
    assert not library.plans.today(now=MORNING, minutes=30).entries
    assert not library.standings.on(now=MORNING).people
    assert not library.standings.occasions(now=MORNING)
    assert not library.suggester.suggest(put_away, now=MORNING).suggestions


def test_a_pause_ends_by_itself(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61))
    until = MORNING + timedelta(days=2)
    library.people.edit(contact, now=MORNING, state="paused", paused_until=until)
    assert not library.plans.today(now=MORNING).entries
    assert names(library.plans.today(now=until + timedelta(days=1))) == ["Ann"]


def test_a_hard_event_is_followed_by_quiet_and_a_birthday_is_kept(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61, birthday="--03-02"))
    greeted = library.plans.today(now=MORNING)
    assert [entry.slot.action for entry in greeted.entries] == ["greet"]
    assert "birthday" in greeted.entries[0].why
    library.people.edit(contact, now=MORNING, hard_at=MORNING - timedelta(days=29))
    assert not library.plans.today(now=MORNING, minutes=6).entries
    assert library.plans.today(now=MORNING + timedelta(days=1)).entries


def test_a_hard_event_empties_a_plan_already_made(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61, birthday="--03-02"))
    assert library.plans.today(now=MORNING).entries
    library.people.edit(contact, now=MORNING, hard_at=MORNING)
    assert not library.plans.today(now=MORNING + timedelta(hours=1)).entries


def test_a_letter_of_theirs_is_no_congratulation(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=1, birthday="--03-02"))
    (entry,) = library.plans.today(now=MORNING).entries
    library.touches.log(contact, "received", now=MORNING + timedelta(hours=1))
    (entry,) = library.plans.today(now=MORNING + timedelta(hours=2)).entries
    assert (entry.slot.action, entry.is_done) == ("greet", False)
    library.touches.log(contact, "sent", now=MORNING + timedelta(hours=3))
    library.touches.log(contact, "received", now=MORNING + timedelta(hours=4))
    (entry,) = library.plans.today(now=MORNING + timedelta(hours=5)).entries
    assert entry.is_done


def test_groups_are_known_however_they_are_spelled(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61, groups=["Family"]))
    library.people.edit(contact, now=MORNING, cadence_days=None)
    library.storage.rhythm.put_group("me", Group("family", 7), now=MORNING)
    assert library.standings.on(now=MORNING).people[0].cadence == 7


def test_a_pause_set_by_hand_outlives_an_older_one(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61))
    past = MORNING - timedelta(days=1)
    paused = library.people.edit(contact, now=MORNING, state="paused", paused_until=past)
    library.people.edit(paused, now=MORNING, state="paused")
    assert not library.plans.today(now=MORNING).entries


def test_a_day_begins_at_the_users_midnight(library: Library) -> None:
    library.add("Ann", days_ago=61)
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # half past midnight, the clocks change
    assert library.plans.today(now=late).day.isoformat() == "2026-03-29"
    assert library.plans.today(now=late - timedelta(hours=1)).day.isoformat() == "2026-03-28"


def test_a_clock_that_goes_backwards_makes_nothing_wrong(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61))
    library.touches.log(contact, "call", now=MORNING + timedelta(days=400))
    assert not library.plans.today(now=MORNING).entries
    assert library.standings.on(now=MORNING).people[0].late_days == -30


def test_groups_have_a_cadence(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=61, groups=["Choir"]))
    library.people.edit(contact, now=MORNING, cadence_days=None)
    library.storage.rhythm.put_group("me", Group("Choir", 400), now=MORNING)
    assert not library.plans.today(now=MORNING).entries
    assert library.standings.on(now=MORNING).people[0].cadence == 400


def test_minutes_are_checked_and_strangers_to_the_plan_too(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=1))
    for minutes in (0, -1, 481):
        with pytest.raises(InvalidInput, match="between 1 and 480"):
            library.plans.today(now=MORNING, minutes=minutes)
    with pytest.raises(ContactNotFound, match="not in today's plan"):
        library.plans.skip(contact, now=MORNING)


def test_the_guard_advises_before_a_cold_ask(library: Library) -> None:
    contact = library.people.find(library.add("Ann", days_ago=299))
    assert advice_lines(library.standings.guard(contact, now=MORNING), contact) == []
    advice = library.standings.guard(contact, now=MORNING + timedelta(days=200))
    lines = advice_lines(advice, contact)
    assert "nothing for twelve months" in lines[0]
    assert "It is your call" in lines[1]
    assert advice
    assert len(advice.give_on) == 3


def test_the_picture_shows_everybody_and_escapes_them(library: Library) -> None:
    library.add("<b>&Ann")
    library.add("Bob", days_ago=3)
    svg = rhythm_svg(library.standings.on(now=MORNING))
    assert "&lt;b&gt;&amp;Ann" in svg
    assert "<b>" not in svg
    assert svg.count('r="4.5"') == 4


def test_letters_become_touches_once(library: Library, tmp_path: Path) -> None:
    ann = library.people.find(library.add("Ann", days_ago=61, emails=["ann@e.example"]))
    box = tmp_path / "box"
    box.write_text(
        "From x Mon Feb  2 10:00:00 2026\n"
        "From: Me <me@h.example>\nTo: Ann <ANN@e.example>, x@e.example\n"
        "Date: Mon, 2 Feb 2026 10:00:00 +0100\nMessage-ID: <1@h>\nSubject: secret\n\nsecret body\n"
        "\nFrom y Tue Feb  3 10:00:00 2026\n"
        "From: ann@e.example\nTo: me@h.example\nDate: Tue, 3 Feb 2026 10:00:00 +0100\n"
        "Message-ID: <2@h>\n\nanswer\n"
        "\nFrom z Tue Feb  3 11:00:00 2026\n"
        "From: ann@e.example\nTo: list@e.example\nList-Id: <l>\n"
        "Date: Tue, 3 Feb 2026 11:00:00 +0100\nMessage-ID: <3@h>\n\nx\n"
    )
    with pytest.raises(InvalidInput, match="--me"):
        import_letters(library.storage, "me", box, me=(), now=MORNING)
    dry = import_letters(library.storage, "me", box, me=["Me@h.example"], now=MORNING, dry_run=True)
    assert (dry.letters, dry.logged, dry.impersonal) == (3, 2, 1)
    assert len(library.touches.all(ann)) == 2
    import_letters(library.storage, "me", box, me=["me@h.example"], now=MORNING)
    again = import_letters(library.storage, "me", box, me=(), now=MORNING)
    assert (again.logged, again.known) == (0, 2)
    newest, older, *_ = library.touches.all(ann)
    assert (newest.kind, newest.direction, older.kind, older.direction) == (
        "received", "in", "sent", "out",
    )  # fmt: skip
    assert newest.note == older.note == ""


def _log_many(path: Path, name: str) -> None:
    storage = open_sqlite(path)
    touches, people = Touches(storage, "me"), People(storage, "me")
    for n in range(50):
        touches.log(people.find("ann"), "sent", now=NOW + timedelta(minutes=n), note=name)
    storage.close()


def test_two_processes_log_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    storage = open_sqlite(path)
    People(storage, "me").add("Ann", now=NOW)
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_log_many, args=(path, n)) for n in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(storage.history.touches("me")) == 100
    storage.close()


@pytest.fixture
def house(tmp_path: Path, model_cache: Path) -> House:
    (tmp_path / "models").symlink_to(model_cache)
    return House(replace(Settings(), data_dir=tmp_path, time_zone="Europe/Berlin"))


@pytest.mark.parametrize(("seed", "diligence", "minutes"), [(11, 1.0, 8), (12, 0.6, 3)])
def test_half_a_year_keeps_every_rule(
    house: House, seed: int, diligence: float, minutes: int
) -> None:
    simulation = Simulation(house, seed=seed, n_people=60, minutes=minutes, diligence=diligence)
    log = simulation.run(26)
    assert broken_rules(log, house.people, enough_minutes=diligence == 1.0) == []
    assert len(log.done) > 60
    house.close()


@pytest.mark.slow
def test_a_year_of_150_people_keeps_every_rule(house: House) -> None:
    log = Simulation(house, seed=7, n_people=150, minutes=8).run(52)
    assert broken_rules(log, house.people, enough_minutes=True) == []
    assert {one.action for one in log.done} == {"send", "greet", "call", "hello"}
    assert any(one.kind == "joke" for one in log.done)
    assert house.standing.on(now=MORNING + timedelta(days=700)).gauge.people > 100
    house.close()


def test_the_simulation_would_notice(house: House) -> None:
    """Each rule that is broken on purpose is told."""
    log = Simulation(house, seed=3, n_people=30, minutes=8).run(4)
    assert broken_rules(log, house.people, enough_minutes=True) == []
    sent = next(one for one in log.done if one.action == "send")
    gone = next(c for c in house.people.all() if c.state != "active" or c.id == "p3")
    house.people.edit(gone, now=NOW, state="deceased")
    log.shown.add(gone.id)
    log.done.append(sent)
    log.planned += [sent._replace(action="call") for _ in range(9)]
    log.used[sent.day] = 99
    told = " ".join(broken_rules(log, house.people, enough_minutes=True))
    for words in ("was named", "twice", "calls in week", "99 minutes", "slots"):
        assert words in told
    house.close()


def test_the_day_on_the_command_line(demo: Sawthis) -> None:
    plan = json.loads(demo.ok("today", "--minutes", "12", "--json"))
    assert 0 < sum(entry["minutes"] for entry in plan["entries"]) <= 12
    assert plan == json.loads(demo.ok("today", "--json"))
    entry = plan["entries"][0]
    text = demo.ok("today")
    assert entry["contact"]["name"] in text
    assert entry["why"] in text
    slug = entry["contact"]["slug"]
    demo.ok("today", "skip", slug)
    assert "(skipped)" in demo.ok("today")
    demo.ok("today", "unskip", slug)
    assert "(skipped)" not in demo.ok("today")
    demo.ok("contacts", "hard", slug)
    assert "heard from you" in demo.ok("health", "--years", "1")
    demo.ok("prefs", "set", "voice.sign_off", "Yours, Ed")
    assert demo.ok("draft", "joe").rstrip().endswith("Yours, Ed")
    assert demo.ok("draft", "joe", "--as", "mailto").startswith("mailto:joe@")
    demo.ok("groups", "set", "Choir", "--every", "30")
    assert "Choir" in demo.ok("groups", "list")
    demo.ok("contacts", "edit", "joe", "--birthday", "--02-29", "--group", "Choir")
    assert "Joe" in demo.ok("birthdays", "--days", "366")


def test_nothing_is_drafted_for_who_is_put_away(demo: Sawthis) -> None:
    demo.ok("contacts", "edit", "joe", "--state", "do_not_contact")
    assert "do not contact" in demo.fails("draft", "joe")
    assert "do not contact" in demo.fails("draft", "joe", "--ask", "Money?")


def test_an_ask_gets_advice_and_is_logged_all_the_same(demo: Sawthis) -> None:
    done = demo.run("touch", "add", "grace", "ask")
    assert done.returncode == 0
    assert "Logged: ask" in done.stdout
    assert "A favour comes easier after a few gifts" in done.stderr
    assert "advice" in json.loads(demo.ok("touch", "add", "grace", "ask", "--json"))


class _Writer(BaseHTTPRequestHandler):
    """An OpenAI-compatible service that says what it was asked."""

    asked: list[dict[str, object]] = []  # noqa: RUF012  (of the class)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({**body, "key": self.headers["Authorization"]})
        answer = {"choices": [{"message": {"content": f"No {n}"}} for n in (1, 2, 2)]}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Quiet."""


def test_alternatives_are_off_and_marked(demo: Sawthis) -> None:
    refused = demo.run("draft", "joe", "--alternatives")
    assert refused.returncode == 1
    assert "nothing leaves this machine otherwise" in refused.stderr
    server = HTTPServer(("127.0.0.1", 0), _Writer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        demo.environment["SAWTHIS_WRITER_URL"] = f"http://127.0.0.1:{server.server_port}/v1"
        demo.environment["SAWTHIS_WRITER_MODEL"] = "small"
        demo.environment["SAWTHIS_WRITER_KEY"] = "k3y"
        text = demo.ok("draft", "joe", "--alternatives")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "Alternative 1, by small, unchecked:\nNo 1" in text
    assert text.count("Alternative") == 2
    assert _Writer.asked[0]["key"] == "Bearer k3y"
    assert "k3y" not in text


def test_a_contacts_own_feed_proposes_interests_with_evidence(demo: Sawthis, site: Site) -> None:
    from recommender.demo import demo_feeds

    garden = next(feed for feed in demo_feeds() if "garden" in feed.name)
    items = "".join(
        f"<item><title>{escape(a.title)}</title><guid>{n}</guid>"
        f"<description>{escape(a.text)}</description></item>"
        for n, a in enumerate(garden.articles)
    )
    rss = f'<rss version="2.0"><channel><title>Joe</title>{items}</channel></rss>'
    address = site.serve("/feed", rss.encode(), Content_Type="application/rss+xml")
    demo.environment["SAWTHIS_ALLOW_PRIVATE_HOSTS"] = address.split("/")[2]
    assert "no site of Joe's is known" in demo.fails("interests", "look", "joe")
    demo.ok("contacts", "edit", "joe", "--own-feed", address)
    before = demo.ok("interests", "list", "joe")
    found = json.loads(demo.ok("interests", "look", "joe", "--json"))
    assert found
    titles = {a.title for a in garden.articles}
    for one in found:
        assert one["of"] == len(garden.articles)
        assert 3 <= one["n"] <= one["of"]
        assert one["example"] in titles
    assert demo.ok("interests", "list", "joe") == before
    demo.ok("interests", "add", "joe", found[0]["phrase"])
    again = json.loads(demo.ok("interests", "look", "joe", "--json"))
    assert found[0]["phrase"] not in [one["phrase"] for one in again]


def test_interests_of_a_sentence_and_their_kin(demo: Sawthis) -> None:
    done = demo.run("interests", "add", "sam", "woodwork, tea; not golf")
    assert "“woodwork” is noted." in done.stdout
    assert "“golf” is noted as something to avoid." in done.stdout
    assert "“woodwork” is close to “woodworking”" in done.stderr
    assert "already among" in demo.fails("interests", "add", "sam", "opera; tea")
    assert "opera" not in demo.ok("interests", "list", "sam")
