"""Interests as people put them."""

from __future__ import annotations

import pytest
from recommender_models import word_rarity

from recommender.phrases import looks_foreign, negated


@pytest.mark.parametrize(
    ("phrase", "avoided"),
    [
        ("not golf", "golf"),
        ("No  politics", "politics"),
        ("hates cricket", "cricket"),
        ("doesn’t like opera", "opera"),
        ("not interested in crypto currencies", "crypto currencies"),
        ("anything but football", "football"),
        ("notary law", None),
        ("no-code tools", None),
        ("no dig gardening", None),
        ("Norwegian knitting", None),
        ("not", None),
    ],
)
def test_denials_are_understood(phrase: str, avoided: str | None) -> None:
    assert negated(phrase) == avoided


@pytest.mark.parametrize(
    ("phrase", "foreign"),
    [
        ("pêche à la mouche", True),
        ("Segeln und Wandern", True),
        ("Vögel", True),
        ("釣り", True),
        ("шахматы", True),
        ("fly fishing", False),
        ("Tour de France", False),
        ("café culture", False),
        ("bouldering", False),
        ("die casting", False),
    ],
)
def test_other_languages_are_noticed(phrase: str, foreign: bool) -> None:
    assert looks_foreign(phrase, word_rarity()) is foreign
