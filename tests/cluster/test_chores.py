"""Chores: whatever happens on the way, the rows of one undisturbed refresh are there in the end."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recommender_feeds import FetchError

from recommender.errors import StorageBusy
from recommender.services.chores import LOST_AFTER, STORIES_WAIT_AT_MOST, Chores
from recommender.services.in_process import InProcessQueue
from recommender.services.progress import silent
from recommender.services.queueing import look_job, poll_job, sweep_job
from recommender.storage.sqlite import open_sqlite
from recommender.testing import NOW, make_contact, make_interest, make_item
from tests.cluster.making import FakeSource, World, entry, everything, feed_url, some_feeds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recommender.services.queueing import QueuedJob
    from recommender.storage.sqlite import SqliteStorage


@pytest.fixture
def world(storage: SqliteStorage, tmp_path: Path) -> World:
    made = World(storage, tmp_path / "world", FakeSource(some_feeds()))
    made.fill()
    return made


class Held(InProcessQueue):
    """A queue whose jobs are done when a test says so; what is for later is done last."""

    def __init__(self, world: World) -> None:
        super().__init__(lambda: datetime(9999, 1, 1, tzinfo=UTC), at_once=False)
        self.names: list[str] = []
        chores = Chores(world.storage, self, world.ways(), accounts_at_once=1)
        self.chores = chores
        self.serve(chores.by_name())

    def waiting(self) -> list[QueuedJob]:
        return [one.job for one in self._jobs]

    def put(self, jobs: Iterable[QueuedJob], *, not_before: datetime | None = None) -> int:
        jobs = list(jobs)
        self.names += [job.name for job in jobs]
        return super().put(jobs, not_before=not_before)


def test_a_look_does_what_a_refresh_does(world: World, tmp_path: Path) -> None:
    other = open_sqlite(tmp_path / "other.db")
    reference = World(other, tmp_path / "reference", FakeSource(some_feeds()))
    reference.fill()
    reference.refresher().refresh(reference.sources(), now=NOW, rng=world.ways().rng)
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    assert queue.failed(9) == []
    found, wanted = everything(world.storage), everything(other)
    other.close()
    assert found == wanted
    assert found["matches"]
    assert any(len(keys) == 3 for keys in found["stories"])
    assert set(world.source.n_pulls.values()) == {1}


def test_what_is_done_already_costs_a_look(world: World) -> None:
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    before, n_texts = everything(world.storage), world.embedder.n_texts
    queue.names.clear()
    queue.put([look_job(), sweep_job()])
    queue.run()
    assert queue.names == ["look", "sweep"]
    queue.put([poll_job(1), poll_job(99)])
    queue.run()
    assert everything(world.storage) == before
    assert world.embedder.n_texts == n_texts
    assert set(world.source.n_pulls.values()) == {1}


def test_a_feed_is_read_anyway_when_asked(world: World) -> None:
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    (feed,) = (f for f in world.storage.feeds.subscribed_feeds() if f.url == feed_url(1))
    world.source.feeds[feed_url(1)].append(entry(1, 50))
    queue.put([poll_job(feed.id)])
    queue.run()
    assert world.source.n_pulls[feed_url(1)] == 1
    queue.put([poll_job(feed.id), poll_job(feed.id, anyway=True)])
    queue.run()
    assert world.source.n_pulls[feed_url(1)] == 2
    assert ("https://site1.example/50",) in [row[:1] for row in everything(world.storage)["items"]]


def test_a_feed_that_is_down_is_no_failure_of_its_job(world: World) -> None:
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    (down,) = (f for f in world.storage.feeds.subscribed_feeds() if "down" in f.url)
    assert (down.failures, queue.failed(9)) == (1, [])
    assert down.next_check_at is not None
    assert down.next_check_at > NOW


def test_a_late_failure_does_not_hide_that_another_has_read_it(world: World) -> None:
    """A worker that was cut off was taken for gone, and its job done by another."""
    queue, feed = Held(world), world.storage.feeds.subscribed_feeds()[0]
    pull, cut_off = world.source.pull, [feed.url]

    def cut_off_once(url: str, validators: Any) -> Any:
        if cut_off:
            cut_off.clear()
            queue.chores.poll(feed.id)
            raise FetchError(f"{url} did not answer in time; it is tried again", url=url)
        return pull(url, validators)

    world.source.pull = cut_off_once  # type: ignore[method-assign]
    queue.chores.poll(feed.id)
    found = world.storage.backlog.feed(feed.id)
    assert found is not None
    assert (found.failures, found.error) == (0, None)
    assert found.succeeded_at == NOW


def test_only_those_who_see_it_are_matched(world: World) -> None:
    """A range is put when somebody in it can see something new."""
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    mine = world.storage.feeds.subscribe(
        "account-1", feed_url(0), kind="article", title="", now=NOW
    )
    queue.names.clear()
    queue.put([poll_job(mine.id)])
    queue.run()
    assert queue.names.count("match") == 1


def test_a_text_rewritten_while_it_is_embedded_keeps_no_old_vector(world: World) -> None:
    """The new text is embedded by whoever comes next."""
    queue, feed = Held(world), world.storage.feeds.subscribed_feeds()[0]
    item = make_item("https://e.example/1", text="The old words.", content_hash="old")
    world.storage.items.put_items([item], feed_id=feed.id, owner_id="", now=NOW)
    (item_id,) = world.storage.backlog.unready(limit=9)
    embed = world.embedder.embed

    def rewritten_meanwhile(texts: Any) -> Any:
        new = make_item("https://e.example/1", text="Entirely new words.", content_hash="new")
        world.storage.items.put_items([new], feed_id=feed.id, owner_id="", now=NOW)
        return embed(texts)

    world.embedder.embed = rewritten_meanwhile  # type: ignore[method-assign]
    queue.chores.embed([item_id])
    assert world.storage.vectors.item_vectors(world.embedder.key, [item_id]) == {}
    assert world.storage.backlog.unready(limit=9) == [item_id]
    world.embedder.embed = embed  # type: ignore[method-assign]
    queue.chores.embed([item_id])
    assert world.storage.backlog.unready(limit=9) == []
    assert len(world.storage.vectors.item_vectors(world.embedder.key, [item_id])) == 1


def test_stories_wait_for_what_is_coming_but_not_for_ever(world: World) -> None:
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    items = [make_item(f"https://e.example/{n}") for n in range(2)]
    feed = world.storage.feeds.subscribed_feeds()[0]
    world.storage.items.put_items(items, feed_id=feed.id, owner_id="", now=NOW)
    queue.chores.embed(world.storage.backlog.unready(limit=9))
    queue.put([poll_job(1)])
    queue.names.clear()
    queue.chores.stories()
    assert queue.names == ["stories"]  # put off
    assert world.storage.backlog.oldest_unplaced() == NOW
    world.now = NOW + STORIES_WAIT_AT_MOST
    queue.chores.stories()
    assert world.storage.backlog.oldest_unplaced() is None


def test_a_saved_page_is_matched_with_the_interests_of_who_saved_it(world: World) -> None:
    """It does not wait for its turn among what feeds bring."""
    page = make_item("https://e.example/p", kind="page", title="Sailing", text="All of sailing.")
    world.storage.items.put_items([page], feed_id=None, owner_id="account-0", now=NOW)
    Held(world).chores.match_interests("account-0")
    found = world.storage.matches.candidates("account-0", "joe-ferraro", limit=9)
    assert [one.item_key for one in found] == ["https://e.example/p"]


def test_what_looks_lost_is_put_again_even_when_much_is_under_way(world: World) -> None:
    queue = Held(world)
    feed = world.storage.feeds.subscribed_feeds()[0]
    for n, at in enumerate((NOW - LOST_AFTER - timedelta(seconds=1), NOW)):
        item = make_item(f"https://e.example/{n}")
        world.storage.items.put_items([item], feed_id=feed.id, owner_id="", now=at)
    old, new = world.storage.backlog.unready(limit=9)
    queue.chores.look()
    assert [job.arguments["item_ids"] for job in queue.waiting() if job.name == "embed"] == [
        [old, new]
    ]
    queue.chores.look()  # now somebody is at it
    assert [job.arguments["item_ids"] for job in queue.waiting() if job.name == "embed"] == [
        [old, new],
        [old],
    ]


def test_digests_that_are_due_are_put_and_others_are_not(world: World) -> None:
    """Those of a day of their own, on that day, until they went out."""
    storage, queue = world.storage, Held(world)
    for account_id, day in (("account-0", "monday"), ("account-1", "tuesday")):
        for key, value in (
            ("digest.day", day),
            ("digest.at", "08:00"),
            ("digest.to", "me@example.org"),
            ("digest.since", "2026-01-01T00:00:00+00:00"),
        ):
            storage.rhythm.put_preference(account_id, key, value, now=NOW)
    world.now = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
    queue.chores.look()
    due = [job.arguments for job in queue.waiting() if job.name == "digest"]
    assert due == [{"account_id": "account-0"}]
    queue.run()
    assert world.sent == ["account-0"]
    for state in ("waiting", "sending"):
        storage.mail.prepare("account-0", "2026-W10", "me@example.org", now=world.now)
        if state == "sending":
            assert storage.mail.claim("account-0", "2026-W10", "me@example.org", now=world.now)
        queue.names.clear()
        queue.chores.look()
        assert queue.names.count("digest") == (state == "waiting")
        queue.run()


def test_pruning_expires_what_is_old(world: World) -> None:
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    world.now = NOW + timedelta(days=200)
    queue.chores.prune()
    assert world.storage.counts("account-0").items == 0


def test_a_new_model_takes_over_when_it_has_done_everything(world: World) -> None:
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    world.use_model("newer")
    queue = Held(world)
    queue.put([sweep_job()])
    queue.run()
    assert world.storage.vectors.active_model() != "newer"
    for _ in range(2):
        queue.put([sweep_job()])
        queue.run()
    assert world.storage.vectors.active_model() == "newer"
    assert world.storage.matches.candidates("account-0", "joe-ferraro", limit=9)


class Killed(BaseException):
    """The end of a worker in the middle of a chore."""


class Chaos(Held):
    """A queue that is worked on out of order, doubly, and by workers that die."""

    def __init__(self, world: World, draw: Any) -> None:
        super().__init__(world)
        self._draw = draw
        self._dies = False

    def put(self, jobs: Iterable[QueuedJob], *, not_before: datetime | None = None) -> int:
        jobs = list(jobs)
        if self._dies:
            n = self._draw(st.integers(0, len(jobs)))
            super().put(jobs[:n], not_before=not_before)
            raise Killed
        return super().put(jobs, not_before=not_before)

    def step(self) -> bool:
        """Do any of the jobs in any of the ways; False if there is none."""
        if not self._jobs:
            return False
        kept = self._draw(st.sampled_from(self._jobs))
        fate = self._draw(st.sampled_from(["done", "done", "twice", "rescued", "lost", "midway"]))
        self._jobs.remove(kept)
        self._dies = fate in {"rescued", "lost"}

        def watch(stage: str, done: int, total: int) -> None:
            if fate == "midway":
                raise Killed

        try:
            for _ in range(2 if fate == "twice" else 1):
                self._chores[kept.job.name](**kept.job.arguments, progress=watch)
        except Killed:
            if fate != "lost" and kept.job.queueing_lock not in {
                one.job.queueing_lock for one in self._jobs
            }:
                self._jobs.append(kept)
        finally:
            self._dies = False
        return True


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library before its first refresh."""
    folder = tmp_path_factory.mktemp("untouched")
    storage = open_sqlite(folder / "sawthis.db")
    World(storage, folder, FakeSource(some_feeds())).fill()
    storage.close()
    return folder / "sawthis.db"


@pytest.fixture(scope="module")
def undisturbed(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one refresh makes of it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(untouched, folder / "sawthis.db")
    storage = open_sqlite(folder / "sawthis.db")
    world = World(storage, folder, FakeSource(some_feeds()))
    world.refresher().refresh(world.sources(), now=NOW, rng=world.ways().rng)
    found = everything(storage)
    storage.close()
    return found


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_happens_the_rows_are_those_of_one_refresh(
    untouched: Path, undisturbed: dict[str, Any], data: st.DataObject
) -> None:
    """In any order, doubly, with workers killed before, in and after their work."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(untouched, folder / "sawthis.db")
        storage = open_sqlite(folder / "sawthis.db")
        world = World(storage, folder, FakeSource(some_feeds()))
        queue = Chaos(world, data.draw)
        queue.put([look_job()])
        for _ in range(data.draw(st.integers(0, 40))):
            if not queue.step():
                break
        # Sooner or later nobody dies any more, and it is looked again.
        world.now = NOW + LOST_AFTER + timedelta(minutes=1)
        for _ in range(3):
            queue.put([look_job(), sweep_job()])
            queue.run()
        found = everything(storage)
        storage.close()
    assert found["vectors"] == undisturbed["vectors"]
    assert found["matches"] == undisturbed["matches"]
    assert found["stories"] == undisturbed["stories"]
    assert found["model"] == undisturbed["model"]
    # What was read only later says so.
    late = world.now.isoformat(timespec="microseconds")
    assert [(row[0], row[1]) for row in found["feeds"]] == [
        (row[0], row[1]) for row in undisturbed["feeds"]
    ]
    assert [row[:5] for row in found["items"]] == [row[:5] for row in undisturbed["items"]]
    assert {row[5] for row in found["items"]} <= {NOW.isoformat(timespec="microseconds"), late}


def test_a_queue_that_cannot_be_reached_is_asked_again(world: World) -> None:
    """The chore fails and is tried again; what it wrote is written, what follows is put then."""
    queue = Held(world)
    put, n = queue.put, 0

    def flaky(jobs: Iterable[QueuedJob], *, not_before: datetime | None = None) -> int:
        nonlocal n
        n += 1
        if n % 2:
            raise StorageBusy("the queue can't be reached")
        return put(jobs, not_before=not_before)

    put([look_job()])
    queue.put = flaky  # type: ignore[method-assign]
    queue.run()
    assert queue.failed(9) == []
    assert world.storage.backlog.unready(limit=9) == []
    assert everything(world.storage)["matches"]


def test_two_interests_met_by_range_and_by_account_at_once(world: World) -> None:
    """Both ways lead to the same matches."""
    queue = Held(world)
    queue.put([look_job()])
    queue.run()
    contact = make_contact()
    world.storage.people.add_interest("account-0", make_interest(contact, "gardens"))
    queue.chores.match_interests("account-0", progress=silent)
    before = everything(world.storage)["matches"]
    queue.chores.match("account-0", "account-1", progress=silent)
    assert everything(world.storage)["matches"] == before
