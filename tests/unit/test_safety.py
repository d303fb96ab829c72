"""What must not be sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recommender import safety
from recommender.domain import Touch
from recommender.testing import NOW, make_contact
from tests.unit.test_ranking import make_candidate


def touch(days_ago: int) -> Touch:
    at = NOW - timedelta(days=days_ago)
    return Touch("t", "joe-ferraro", "sent", "out", at, "", None, None)


@pytest.mark.parametrize("state", ["paused", "do_not_contact", "deceased"])
def test_only_active_contacts_are_written_to(state: str) -> None:
    assert not safety.may_be_written_to(make_contact(state=state))
    assert safety.may_be_written_to(make_contact())


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://blog.ferraro.example/x", True),
        ("https://www.ferraro.example/", True),
        ("https://notferraro.example/", False),
        (None, False),
        ("mailto:joe", False),
    ],
)
def test_nobody_is_sent_their_own_words(url: str | None, own: bool) -> None:
    contact = make_contact(own_sites=("ferraro.example",))
    assert safety.written_by(url, contact) is own
    objection = safety.objection(make_candidate(url=url), contact, [], NOW)
    assert (objection is not None) is own


@pytest.mark.parametrize(
    ("title", "bad"),
    [
        ("Harbour Lights lays off 200", False),  # "lays off" is not listed; layoffs is
        ("Layoffs at Harbour Lights", True),
        ("Harbour Lights sued over roof", True),
        ("Harbour Lights opens a new office", False),
        ("Layoffs at another firm", False),
    ],
)
def test_bad_news_about_the_employer_is_held_back(title: str, bad: bool) -> None:
    contact = make_contact(employer="Harbour Lights")
    objection = safety.objection(make_candidate(title=title), contact, [], NOW)
    assert (objection is not None) is bad


def test_jokes_need_consent() -> None:
    joke = make_candidate(kind="joke", text="A horse walks into a bar.")
    assert safety.objection(joke, make_contact(), [], NOW)
    assert safety.objection(joke, make_contact(humour="clean"), [], NOW) is None


def test_crude_jokes_need_more_consent() -> None:
    joke = make_candidate(kind="joke", text="Two nuns in a bath, one says damn.")
    assert safety.objection(joke, make_contact(humour="clean"), [], NOW)
    assert safety.objection(joke, make_contact(humour="any"), [], NOW) is None


def test_a_joke_is_no_first_word_after_half_a_year() -> None:
    joke, contact = make_candidate(kind="joke", text="Ha."), make_contact(humour="any")
    assert safety.objection(joke, contact, [touch(181)], NOW)
    assert safety.objection(joke, contact, [touch(180)], NOW) is None


def test_one_joke_in_three_shares() -> None:
    assert safety.joke_is_due([])
    assert not safety.joke_is_due(["joke"])
    assert not safety.joke_is_due(["article", "joke"])
    assert safety.joke_is_due(["article", "article", "joke"])
