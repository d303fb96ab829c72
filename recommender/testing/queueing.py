"""What every queue promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from recommender.errors import JobNotFound
from recommender.services.queueing import QueuedJob, poll_job
from recommender.testing.builders import raises

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recommender.services.progress import Progress
    from recommender.services.queueing import Chore, JobQueue


class Bench(Protocol):
    """A queue with somebody who works on it when asked."""

    @property
    def queue(self) -> JobQueue:
        """The queue, empty at first."""

    def run(self, chores: Mapping[str, Chore]) -> None:
        """Do what waits, and what comes of it, until nothing does."""


class Diary:
    """A chore that notes what it was asked to do, and does as it was told."""

    def __init__(self) -> None:
        self.seen: list[dict[str, object]] = []
        self.fails = False

    def __call__(self, *, progress: Progress, **arguments: object) -> None:
        """Note it."""
        progress("Noting", 1, 1)
        self.seen.append(arguments)
        if self.fails:
            raise ZeroDivisionError("nobody divides by that")


def job(n: int, name: str = "note", **changes: object) -> QueuedJob:
    """A job with a number."""
    return QueuedJob(name, "embed", {"n": n}, **changes)  # type: ignore[arg-type]


class QueueContract:
    """What every queue must do. Inherit, and give a fixture `bench`."""

    def test_each_job_is_done_once_in_order(self, bench: Bench) -> None:
        """With its arguments, whatever JSON they are; those that go first, first."""
        diary = Diary()
        many = [job(n) for n in range(5)]
        assert bench.queue.put([*many, job(9, priority=3)]) == 6
        bench.queue.put([QueuedJob("note", "mail", {"ids": [1, 2], "who": "Zoë (“me”)"})])
        bench.run({"note": diary})
        assert diary.seen[0] == {"n": 9}
        assert diary.seen[1:6] == [{"n": n} for n in range(5)]
        assert diary.seen[6:] == [{"ids": [1, 2], "who": "Zoë (“me”)"}]
        bench.run({"note": diary})
        assert len(diary.seen) == 7
        assert bench.queue.census().waiting() == 0

    def test_the_same_wish_waits_once(self, bench: Bench) -> None:
        """Within one call and over several; when it was done it can be wished again."""
        diary = Diary()
        assert bench.queue.put([poll_job(1), poll_job(2), poll_job(1)]) == 2
        assert bench.queue.put([poll_job(2), poll_job(3)]) == 1
        assert bench.queue.put([]) == 0
        bench.run({"poll": diary})
        assert diary.seen == [{"feed_id": n} for n in (1, 2, 3)]
        assert bench.queue.put([poll_job(1)]) == 1
        bench.run({"poll": diary})
        assert diary.seen[3:] == [{"feed_id": 1}]

    def test_a_wish_that_runs_can_be_wished_again(self, bench: Bench) -> None:
        """What runs may have looked already; so it is done once more, after it."""
        seen = []

        def note(*, feed_id: int, progress: Progress) -> None:
            del progress
            seen.append(bench.queue.under_way({"poll", "note"}))
            if len(seen) == 1:
                assert bench.queue.put([poll_job(feed_id), poll_job(feed_id)]) == 1

        bench.queue.put([poll_job(7)])
        assert bench.queue.under_way({"poll"}) == {"poll:7"}
        assert bench.queue.under_way({"embed"}) == set()
        bench.run({"poll": note})
        assert seen == [{"poll:7"}, {"poll:7"}]
        assert bench.queue.under_way({"poll"}) == set()

    def test_what_comes_of_a_job_is_done_too(self, bench: Bench) -> None:
        """As far as it goes."""
        seen = []

        def grow(*, n: int, progress: Progress) -> None:
            del progress
            seen.append(n)
            if n < 8:
                bench.queue.put([job(2 * n, "grow"), job(2 * n + 1, "grow")])

        bench.queue.put([job(1, "grow")])
        bench.run({"grow": grow})
        assert sorted(seen) == list(range(1, 16))

    def test_what_is_for_later_waits(self, bench: Bench) -> None:
        """Until its moment; a moment that is over is no reason to wait."""
        diary, now = Diary(), datetime.now(UTC)
        bench.queue.put([job(1)], not_before=now + timedelta(hours=1))
        bench.queue.put([job(2)], not_before=now - timedelta(hours=1))
        (count,) = bench.queue.census().queues
        assert (count.name, count.waiting, count.later, count.running) == ("embed", 1, 1, 0)
        bench.run({"note": diary})
        assert diary.seen == [{"n": 2}]
        assert bench.queue.under_way({"note"}) == set()

    def test_what_fails_is_tried_again_and_then_given_up(self, bench: Bench) -> None:
        """It is to be seen then, others do not suffer, and it can be put again."""
        bad, good = Diary(), Diary()
        bad.fails = True
        bench.queue.put([job(1, "bad", queueing_lock="bad", lock="bad"), job(2)])
        chores = {"bad": bad, "note": good}
        bench.run(chores)
        assert good.seen == [{"n": 2}]
        (failed,) = bench.queue.failed(9)
        assert (failed.name, failed.arguments, failed.call) == ("bad", {"n": 1}, "bad(n=1)")
        assert failed.attempts == len(bad.seen) > 1
        assert failed.error == "nobody divides by that"
        assert failed.at is not None
        assert [one.failed for one in bench.queue.census().queues] == [1]
        bad.fails = False
        n_before = len(bad.seen)
        bench.queue.retry(failed.id)
        bench.run(chores)
        assert len(bad.seen) == n_before + 1
        assert bench.queue.failed(9) == []
        with raises(JobNotFound):
            bench.queue.retry(failed.id)

    def test_a_failure_that_waits_anyway_is_one_wish(self, bench: Bench) -> None:
        """A job that fails after the same was wished again makes no second one of it."""
        seen = []

        def fail_once(*, feed_id: int, progress: Progress) -> None:
            del progress
            seen.append(feed_id)
            if len(seen) == 1:
                bench.queue.put([poll_job(feed_id)])
                raise ZeroDivisionError

        bench.queue.put([poll_job(7)])
        bench.run({"poll": fail_once})
        assert seen == [7, 7]
        assert bench.queue.failed(9) == []
        assert bench.queue.under_way({"poll"}) == set()

    def test_tidying_leaves_what_waits(self, bench: Bench) -> None:
        """Only what is over goes."""
        diary = Diary()
        bench.queue.put([job(1)])
        bench.queue.tidy()
        bench.run({"note": diary})
        assert diary.seen == [{"n": 1}]
