"""The fitted numbers this package ships: plain JSON, written by scripts/train."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


def _read(name: str) -> Any:  # noqa: ANN401  (JSON)
    return json.loads((resources.files("recommender_models") / name).read_text("utf-8"))


@cache
def relevance_numbers() -> dict[str, Any]:
    """Weights, threshold and floor of the relevance model; see `recommender.relevance`."""
    numbers: dict[str, Any] = _read("relevance.json")["numbers"]
    return numbers


@cache
def all_subjects() -> tuple[str, ...]:
    """Some five hundred subjects of all kinds, against which a likeness is compared."""
    text = (resources.files("recommender_models") / "subjects.txt").read_text("utf-8")
    return tuple(text.split("\n")[:-1])


@cache
def word_rarity() -> dict[str, float]:
    """Weight in (0, 1) of each common English word; a word that is not here counts 1."""
    rarity: dict[str, float] = _read("word_rarity.json")
    return rarity
