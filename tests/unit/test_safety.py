"""What must not be sent."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from recommender_models import offcolour

from recommender import safety
from recommender.domain import TOPICS, Details, Level, Touch
from recommender.testing import NOW, make_contact
from tests.unit.test_ranking import make_candidate


def touch(days_ago: int) -> Touch:
    at = NOW - timedelta(days=days_ago)
    return Touch("t", "joe-ferraro", "sent", "out", at, "", None, None)


@pytest.mark.parametrize("state", ["paused", "do_not_contact", "deceased"])
def test_only_active_contacts_are_written_to(state: str) -> None:
    assert not safety.may_be_written_to(make_contact(state=state), NOW)
    assert safety.may_be_written_to(make_contact(), NOW)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://blog.ferraro.example/x", True),
        ("https://www.ferraro.example/", True),
        ("https://notferraro.example/", False),
        ("https://news.joes-boats.example/a", True),  # the domain of his mail
        ("https://www.harbour-lights.com/news", True),  # his employer's
        ("https://harbourlightsfans.com/news", False),
        ("https://theocean.example/1", True),  # he reads it anyway
        ("https://gmail.com/", False),
        ("http://[broken", False),
        (None, False),
        ("mailto:joe", False),
    ],
)
def test_nobody_is_sent_what_they_wrote_or_read(url: str | None, known: bool) -> None:
    contact = make_contact(
        own_sites=("ferraro.example",),
        emails=("joe@joes-boats.example", "joe@gmail.com"),
        employer="Harbour Lights Ltd.",
        reads=("theocean.example",),
    )
    objection = safety.objection(make_candidate(url=url), contact, [], NOW)
    assert (objection is not None) is known
    if objection:
        assert objection.rule == "own words"


@pytest.mark.parametrize(
    ("language", "languages", "fits"),
    [
        ("pt", ("en-GB", "de"), False),
        ("en", ("en-GB",), True),
        ("de-AT", ("fr", "DE"), True),
        (None, ("en",), True),
        ("pt", (), True),
    ],
)
def test_who_stated_languages_is_sent_no_other(
    language: str | None, languages: tuple[str, ...], fits: bool
) -> None:
    contact = make_contact(details=Details(languages=languages))
    objection = safety.objection(make_candidate(language=language), contact, [], NOW)
    assert (objection is None) is fits
    assert objection is None or objection.rule == "language"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Harbour Lights lays off 200", "layoffs and names Harbour Lights, the employer"),
        ("Layoffs at HARBOUR LIGHTS", "layoffs"),
        ("Harbour\nLights sued over a roof", "a lawsuit"),
        ("Harbour Lights opens a new office", None),
        ("Layoffs at another firm", None),
        ("Three dead in a flood near Porthleven", "a death and names Porthleven, the town"),
        ("Ferraro arrested in Genoa", "crime and names Ferraro, the family name"),
        ("A ferraro of clay, fired and killed by frost", None),  # no name without its capital
        ("Harbour Lights shines. " + "The sea was calm. " * 20 + "A man died.", None),  # far away
    ],
)
def test_tender_news_is_held_back(text: str, reason: str | None) -> None:
    contact = make_contact("Joe Ferraro", employer="Harbour Lights Ltd.", town="Porthleven")
    objection = safety.tender(text, "", contact)
    assert (objection is None) is (reason is None)
    if objection and reason:
        assert objection.rule == "tender"
        assert reason in objection.reason


@pytest.mark.parametrize(
    ("humour", "level", "may"),
    [
        ("none", "clean", False),
        ("clean", "clean", True),
        ("clean", "mild", False),
        ("clean", "adult", False),
        ("clean", None, False),  # not judged yet: withheld
        ("any", "adult", True),
        ("any", None, True),
    ],
)
def test_jokes_need_consent_to_their_level(humour: str, level: str | None, may: bool) -> None:
    joke = make_candidate(kind="joke", text="A horse walks into a bar.", level=level)
    objection = safety.objection(joke, make_contact(humour=humour), [], NOW)
    assert (objection is None) is may


def test_the_model_knows_the_levels_and_topics_of_the_house() -> None:
    assert offcolour.TOPICS == TOPICS
    assert get_args(Level) == offcolour.LEVELS


@pytest.mark.parametrize("kind", ["article", "joke", "page"])
def test_a_taboo_holds_for_every_kind(kind: str) -> None:
    contact = make_contact(humour="any", taboo=("religion",))
    touching = make_candidate(kind=kind, level="clean", topics=("death", "religion"))
    objection = safety.objection(touching, contact, [], NOW)
    assert objection is not None
    assert objection.rule == "taboo"
    other = make_candidate(kind=kind, level="clean", topics=("death",))
    assert safety.objection(other, contact, [], NOW) is None


def test_a_joke_is_no_first_word_after_half_a_year() -> None:
    joke = make_candidate(kind="joke", text="Ha.", level="clean")
    contact = make_contact(humour="any")
    assert safety.objection(joke, contact, [touch(181)], NOW)
    assert safety.objection(joke, contact, [touch(180)], NOW) is None


def test_one_joke_in_three_shares() -> None:
    assert safety.joke_is_due([])
    assert not safety.joke_is_due(["joke"])
    assert not safety.joke_is_due(["article", "joke"])
    assert safety.joke_is_due(["article", "article", "joke"])
