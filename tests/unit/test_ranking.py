"""From candidates to what is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from recommender import ranking
from recommender.domain import Candidate, StatusEvent
from recommender.testing import NOW, make_contact


def make_candidate(n: int = 1, **changes: object) -> Candidate:
    made = Candidate(
        suggestion_id=f"s{n}",
        item_id=n,
        item_key=f"https://example.com/{n}",
        kind="article",
        url=f"https://example.com/{n}",
        title=f"Headline {n}",
        text="",
        author=None,
        feed_title="Feed",
        published_at=NOW,
        fetched_at=NOW,
        content_hash=f"hash{n}",
        interest_id="i",
        phrase="sailing",
        weight=1.0,
        polarity="like",
        relevance=0.8,
        cosine=0.4,
        margin=0.5,
        lexical=0.5,
        span="The sea was calm.",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def event(status: str, suggestion_id: str = "s1", **changes: object) -> StatusEvent:
    made = StatusEvent(suggestion_id, "joe", 1, "k", status, NOW, None)  # type: ignore[arg-type]
    return replace(made, **changes)  # type: ignore[arg-type]


def test_freshness_halves_its_gain_every_45_days() -> None:
    assert ranking.freshness(make_candidate(), NOW) == 1.0
    assert ranking.freshness(make_candidate(), NOW + timedelta(days=45)) == 0.7
    assert ranking.freshness(make_candidate(), NOW + timedelta(days=4500)) < 0.401
    future = make_candidate(published_at=NOW + timedelta(days=9))
    assert ranking.freshness(future, NOW) == 1.0


def test_jokes_do_not_age() -> None:
    assert ranking.freshness(make_candidate(kind="joke"), NOW + timedelta(days=999)) == 1.0


def test_an_undated_item_ages_from_when_it_was_found() -> None:
    undated = make_candidate(published_at=None)
    assert ranking.freshness(undated, NOW + timedelta(days=45)) == 0.7


def test_what_was_sent_or_skipped_is_gone() -> None:
    pool = [make_candidate(1), make_candidate(2)]
    for status in ("sent", "dismissed"):
        assert ranking.unseen(pool, {"s1": event(status)}, NOW) == [pool[1]]


def test_a_snoozed_one_comes_back_in_time() -> None:
    pool = [make_candidate(1)]
    asleep = {"s1": event("snoozed", until=NOW + timedelta(days=1))}
    assert ranking.unseen(pool, asleep, NOW) == []
    assert ranking.unseen(pool, asleep, NOW + timedelta(days=1)) == pool


def test_an_opened_one_stays() -> None:
    pool = [make_candidate(1)]
    assert ranking.unseen(pool, {"s1": event("opened")}, NOW) == pool


def test_another_outlets_copy_is_the_same_item() -> None:
    sent, headline, text = (
        make_candidate(1, title="Storm hits the coast!"),
        make_candidate(2, title="STORM hits the   coast"),
        make_candidate(3, content_hash="hash1"),
    )
    assert ranking.unseen([sent, headline, text], {"s1": event("sent")}, NOW) == []
    assert len(ranking.score([sent, headline], NOW)) == 1


def test_the_best_interest_of_an_item_speaks_for_it() -> None:
    weak = make_candidate(1, phrase="weather", relevance=0.6)
    heavy = make_candidate(1, phrase="boats", relevance=0.5, weight=2.0)
    (only,) = ranking.score([weak, heavy], NOW)
    assert (only.candidate.phrase, only.score) == ("boats", 1.0)


def test_what_is_avoided_has_no_score() -> None:
    assert ranking.score([make_candidate(1, polarity="avoid")], NOW) == []


def test_one_interest_does_not_drown_the_others() -> None:
    loud = [make_candidate(n, interest_id="sailing", relevance=0.95) for n in range(1, 9)]
    quiet = [make_candidate(n, interest_id="chess", relevance=0.6) for n in range(11, 19)]
    chosen = ranking.diversify(ranking.score([*loud, *quiet], NOW), {}, 6)
    served = [one.candidate.interest_id for one in chosen]
    assert served[0] == "sailing"
    assert served[:3].count("chess") == 1
    assert served.count("chess") == 2


def test_diversity_puts_the_unlike_before_the_twin() -> None:
    scored = [ranking.Scored(make_candidate(n), s) for n, s in ((1, 0.9), (2, 0.89), (3, 0.7))]
    vectors = {1: (1.0, 0.0), 2: (1.0, 0.0), 3: (0.0, 1.0)}
    chosen = ranking.diversify(scored, vectors, 3)
    assert [s.candidate.item_id for s in chosen] == [1, 3, 2]
    assert ranking.diversify(scored, {}, 2) == scored[:2]


def test_one_joke_in_three() -> None:
    kinds = ["joke", "joke", "article", "article", "joke", "joke"]
    scored = [ranking.Scored(make_candidate(n, kind=k), 1.0) for n, k in enumerate(kinds)]

    def kept(first: bool) -> list[str]:
        found = list(ranking.at_most_one_joke(scored, first_may_be_joke=first))
        return [s.candidate.kind for s in found]

    assert kept(True) == ["joke", "article", "article", "joke"]
    assert kept(False) == ["article", "article"]


def test_the_reason_names_person_interest_and_quote() -> None:
    text = ranking.reason(make_contact(), make_candidate())
    assert text == "Joe is interested in sailing, and this article says: “The sea was calm.”"
    bare = ranking.reason(make_contact(), make_candidate(span="Headline 1"))
    assert bare == "Joe is interested in sailing, and that is what this article is about."
