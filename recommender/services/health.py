"""How a feed is, in words a person can act on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recommender.rhythm import ago

if TYPE_CHECKING:
    from datetime import datetime

    from recommender.domain import Feed, Problem

Condition = Literal["well", "new", "quiet", "ill"]
QUIET_DAYS = 120

_WORDS: dict[Problem, tuple[str, str]] = {
    "blocked": ("blocked by a bot wall", "look for the feed of another outlet, or ask the site"),
    "busy": ("asks us to come less often", "nothing to do: it is tried again later"),
    "gone": ("gone", "`sawthis feeds remove` it"),
    "login": ("asks for a login", "`sawthis feeds login` keeps one"),
    "missing": ("not found", "the site may have moved it: `sawthis feeds add` the site's page"),
    "not_a_feed": (
        "not a feed any more",
        "`sawthis feeds add` the site's page to find the new one",
    ),
    "refused": ("refuses us", "open it in a browser; if it opens there, tell us"),
    "unreachable": (
        "not reachable, or its server in trouble",
        "nothing to do at first; remove it if that lasts",
    ),
    "unreadable": ("can't be read", "`sawthis feeds parse` shows why; its site should know"),
}


@dataclass(frozen=True, slots=True)
class Health:
    """A feed at a glance."""

    condition: Condition
    words: str
    advice: str
    """What to do; empty if nothing is wanted."""


def health(feed: Feed, now: datetime) -> Health:
    """How a feed is at a moment."""
    if feed.problem:
        words, advice = _WORDS[feed.problem]
        since = (
            f", last read {ago(feed.succeeded_at, now)}" if feed.succeeded_at else ", never read"
        )
        return Health("ill", words + since, advice)
    if feed.error:
        return Health("ill", feed.error, "")
    if feed.succeeded_at is None:
        return Health("new", "not read yet", "`sawthis refresh` reads it")
    read = f"read {ago(feed.succeeded_at, now)}"
    if feed.moved_to:
        words = f"{read}; it points to {feed.moved_to}, which holds nothing we know"
        return Health("well", words, "see whether that is the feed you want")
    if feed.weekly is not None and feed.weekly < 7 / QUIET_DAYS:
        return Health(
            "quiet", f"{read}; it has fallen silent", "keep it if you like: it costs little"
        )
    return Health("well", read, "")
