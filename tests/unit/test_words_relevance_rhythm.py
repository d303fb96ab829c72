"""Words, the relevance model, and time in words."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from recommender import rhythm
from recommender.domain import Touch
from recommender.relevance import Evidence, RelevanceModel, count_words
from recommender.services.judging import probability
from recommender.testing import NOW, make_contact
from recommender.words import clip, sentences, stem, tokens

MODEL = RelevanceModel(-4.0, Evidence(1.0, 0.7, 2.0, 1.0), 0.5, 1.0, {"old": 0.25})
SOME = Evidence(*np.array([[2.0], [0.3], [0.2], [0.1]]))


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("bees", "bee"),
        ("volcanoes", "volcano"),
        ("puzzles", "puzzle"),
        ("stories", "story"),
        ("chess", "chess"),
        ("jazz", "jazz"),
        ("bus", "bus"),
    ],
)
def test_stems(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


def test_tokens_leave_stop_words_out() -> None:
    assert tokens("He LOVES Joe's old trees, and all about it") == ["joe", "old", "tree"]


def test_sentences_have_exact_borders() -> None:
    text = "“One.” Two!  Three\nFour… five"
    assert [text[a:b] for a, b in sentences(text)] == ["“One.”", "Two!", "Three", "Four…", "five"]


def test_clip_cuts_at_words_around_the_one_that_counts() -> None:
    text = "word " * 60 + "lighthouse " + "tail " * 40
    cut = clip(text, around="lighthouse")
    assert "lighthouse" in cut
    assert len(cut) <= 160
    assert cut in text
    assert clip("short") == "short"
    assert clip("x" * 300) == "x" * 160


def test_probability_rises_with_every_evidence() -> None:
    base = probability(MODEL, SOME)
    assert (base > 0.0).all()
    assert (base < 1.0).all()
    for name in Evidence._fields:
        more = SOME._replace(**{name: getattr(SOME, name) + 0.1})
        assert (probability(MODEL, more) > base).all(), name
    assert probability(MODEL, SOME._replace(cosine=np.array([-1e9])))[0] < 1e-20
    assert probability(MODEL, SOME._replace(cosine=np.array([1e9])))[0] == pytest.approx(1.0)


def test_rare_words_weigh_more() -> None:
    words = Counter({"tree": 1})
    assert MODEL.lexical(["old", "tree"], words) == pytest.approx((1 / 1.25) * (1 / 1.5))
    assert MODEL.lexical(["old", "tree"], Counter({"old": 1})) < MODEL.lexical(["tree"], words)
    assert MODEL.lexical([], words) == 0.0


def test_words_of_the_title_count_in_the_body_too() -> None:
    head, body = count_words("Old trees", "A tree.")
    assert head == {"old": 1, "tree": 1}
    assert body["tree"] == 2


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"),
        (1, "yesterday"),
        (9, "9 days ago"),
        (42, "6 weeks ago"),
        (77, "2 months ago"),
        (400, "13 months ago"),
        (800, "2 years ago"),
    ],
)
def test_ago(days: int, words: str) -> None:
    assert rhythm.ago(NOW - timedelta(days=days), NOW) == words


def test_last_contact_says_who_moved() -> None:
    def touch(kind: str, direction: str) -> Touch:
        return Touch("t", "c", kind, direction, NOW, "", None, None)  # type: ignore[arg-type]

    assert rhythm.last_contact(None, NOW) == "You have not been in touch yet"
    assert rhythm.last_contact(touch("received", "in"), NOW) == "They wrote today"
    assert rhythm.last_contact(touch("call", "out"), NOW) == "You last spoke today"
    assert rhythm.last_contact(touch("sent", "out"), NOW) == "You last wrote today"


def test_overdue_counts_from_the_last_touch_or_the_first_day() -> None:
    contact = make_contact(cadence_days=10)
    later = NOW + timedelta(days=14)
    assert rhythm.overdue_days(contact, None, later, {}) == 4
    touch = Touch("t", "c", "sent", "out", NOW + timedelta(days=12), "", None, None)
    assert rhythm.overdue_days(contact, touch, later, {}) == -8
