"""Well-known public feeds to begin with, by subject; the list is catalogue.toml beside this."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, slots=True)
class CatalogueFeed:
    """A feed one may subscribe to."""

    url: str
    title: str
    home: str
    subject: str
    kind: Literal["article", "joke"] = "article"
    language: str = "en"
    rating: Literal["everyone", "teen", "adult"] = "everyone"
    """For whom its jokes and pictures are meant."""


@cache
def well_known_feeds() -> tuple[CatalogueFeed, ...]:
    """Every feed of the list, by subject, in its order."""
    text = files("recommender_feeds").joinpath("catalogue.toml").read_text("utf-8")
    return tuple(
        CatalogueFeed(subject=subject, **feed)
        for subject, group in tomllib.loads(text).items()
        for feed in group["feeds"]
    )
