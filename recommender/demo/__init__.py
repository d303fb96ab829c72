"""The demo: feeds, jokes and people written for this project, dated from the day of loading.

`demo_feeds` is also the background that an embedding model is centred with.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

FeedFormat = Literal["rss", "atom", "rdf", "json"]

# File, format it is served in, kind.
_FEEDS: tuple[tuple[str, FeedFormat, Literal["article", "joke"]], ...] = (
    ("slow-garden", "rss", "article"),
    ("workbench", "atom", "article"),
    ("kitchen-almanac", "rdf", "article"),
    ("open-water", "json", "article"),
    ("night-sky", "rss", "article"),
    ("second-row", "atom", "article"),
    ("jokes", "rss", "joke"),
)


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """One article or joke."""

    subject: str
    title: str
    author: str
    slug: str
    days_ago: int
    tags: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class DemoFeed:
    """One feed with everything in it."""

    name: str
    format: FeedFormat
    kind: Literal["article", "joke"]
    title: str
    site: str
    description: str
    articles: tuple[DemoArticle, ...]


@dataclass(frozen=True, slots=True)
class DemoContact:
    """One person of the demo."""

    name: str
    email: str
    humour: Literal["none", "clean", "any"]
    cadence_days: int
    employer: str
    interests: tuple[str, ...]
    touches: tuple[tuple[int, str, str], ...]
    """(days ago, kind, note) of what is in the log already."""


@cache
def demo_feeds() -> tuple[DemoFeed, ...]:
    """All feeds of the demo, as shipped."""
    return tuple(_read_feed(name, form, kind) for name, form, kind in _FEEDS)


def _read_feed(name: str, form: FeedFormat, kind: Literal["article", "joke"]) -> DemoFeed:
    values = _read(name)
    return DemoFeed(
        name=name,
        format=form,
        kind=kind,
        title=values["title"],
        site=values["site"],
        description=values["description"],
        articles=tuple(
            DemoArticle(
                subject=one["subject"],
                title=one["title"],
                author=one["author"],
                slug=one["slug"],
                days_ago=one["days_ago"],
                tags=tuple(one["tags"]),
                text=one["text"].strip(),
            )
            for one in values["articles"]
        ),
    )


def demo_contacts() -> tuple[DemoContact, ...]:
    """The people of the demo."""
    return tuple(
        DemoContact(
            name=one["name"],
            email=one["email"],
            humour=one["humour"],
            cadence_days=one["cadence_days"],
            employer=one.get("employer", ""),
            interests=tuple(one["interests"]),
            touches=tuple((t["days_ago"], t["kind"], t["note"]) for t in one.get("touches", ())),
        )
        for one in _read("people")["contacts"]
    )


def _read(name: str) -> dict[str, Any]:
    file = resources.files("recommender.demo") / "content" / f"{name}.toml"
    return tomllib.loads(file.read_text("utf-8"))
