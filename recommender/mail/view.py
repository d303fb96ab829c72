"""What a digest's mail shows, in plain words and addresses: the whole of what templates see.

Made by `recommender.services.mailing`; nothing here knows a rule. Every text is as the user or a
publisher wrote it and must be escaped where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pick:
    """One thing to send to somebody."""

    is_joke: bool
    title: str
    text: str
    """Of a joke, whole; empty for what lies behind an address."""
    url: str | None
    source: str
    """Name of the feed or site."""
    reason: str
    """One sentence with the interest."""
    span: str
    """Quoted from the item; may be empty."""
    write_url: str
    """Opens the prepared mail: mailto:, or a page of the service for who has no address."""
    outcome_url: str
    """A page that asks what came of it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to write to, with one to three things to send."""

    name: str
    first_name: str
    last_contact: str
    """Such as "You last wrote 6 weeks ago"."""
    is_due: bool
    """Whether the cadence says so; others are there for what was found."""
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to ring up this week."""

    name: str
    first_name: str
    phone: str
    """As a person reads it; empty if there is none."""
    phone_url: str
    """tel:, or empty."""
    why: str
    topics: tuple[str, ...]
    """Up to three things to talk about."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """A birthday or another day of the week to come."""

    name: str
    first_name: str
    on: str
    """Such as "Thursday 26 November"."""
    what: str
    """Such as "birthday: 40"."""
    write_url: str
    """Opens prepared wishes; empty if there is no way to."""


@dataclass(frozen=True, slots=True)
class DigestView:
    """One week's digest."""

    week: str
    """ISO year and week: 2026-W48."""
    day: str
    """Such as "Thursday 26 November 2026"."""
    people: tuple[Person, ...]
    calls: tuple[Call, ...]
    occasions: tuple[Occasion, ...]
    came_back: tuple[str, ...]
    """A line for each answer of the last week."""
    gauge: tuple[str, ...]
    """How the year stands, in one to three lines."""
    n_without: int
    """People who are due and for whom nothing is good enough."""
    minutes: int
    """What reading and doing all of it takes, about."""
    today_url: str
    settings_url: str
    unsubscribe_url: str
    """A page that asks whether to end the digest."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything of the mail that is not its text."""

    sender: str
    """An address, bare."""
    recipient: str
    """An address, bare."""
    at: datetime
    """Aware."""
    message_id: str
    """With its angle brackets; the same each time for a week and account."""
    list_id: str
    """Without angle brackets."""
    unsubscribe_url: str
    one_click: bool
    """Whether that address may be posted to by mail services: only public https."""
