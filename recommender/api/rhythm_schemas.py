"""What the API says of plans, standing and imports; shapes are `services.shapes`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from recommender.api.schemas import ContactOut, Strict, SuggestionOut
from recommender.domain import Action, Channel


class Who(BaseModel):
    """A contact by name."""

    id: str
    slug: str
    name: str
    first_name: str = ""


class PlanEntryOut(BaseModel):
    """One thing to do today."""

    contact: Who
    action: Action
    minutes: int
    state: Literal["open", "done", "skipped"]
    why: str
    note: str
    topics: list[str]
    last_contact: str
    channel: Channel | None
    """How they like to be reached."""
    suggestion: SuggestionOut | None


class PlanOut(BaseModel):
    """Today's plan; the same all day."""

    day: date
    minutes: int
    entries: list[PlanEntryOut]


class SkipIn(Strict):
    """Whom to leave out of today's plan, or to take back in."""

    contact: Annotated[str, Field(min_length=1, max_length=300)]
    undo: bool = False


class GaugeOut(BaseModel):
    """Who heard from the user within twelve months."""

    touched: int
    people: int
    share: float
    full_on: date | None


class BalanceOut(BaseModel):
    """What passed with a contact in twelve months."""

    gave: int
    received: int
    asked: int


class PersonOut(BaseModel):
    """How the user stands with one contact."""

    contact_id: str
    name: str
    cadence_days: int
    last: date | None
    late_days: int
    slipping: bool
    balance: BalanceOut


class OutlookOut(BaseModel):
    """The years ahead, if every plan is done."""

    reached: int
    people: int
    in_rhythm: float
    minutes_a_day: float
    calls: int
    all_reached_on: date | None


class StandingOut(BaseModel):
    """How the network stands."""

    day: date
    gauge: GaugeOut
    people: list[PersonOut]
    outlook: OutlookOut | None


class OccasionOut(BaseModel):
    """A birthday or anniversary to come."""

    on: date
    contact_id: str
    name: str
    what: str
    years: int | None


class OccasionsOut(BaseModel):
    """Birthdays and anniversaries of the coming days."""

    occasions: list[OccasionOut]


class ChangeOut(BaseModel):
    """What an import does for one card or row."""

    line: int
    outcome: Literal["created", "updated"]
    name: str
    adds: list[str]


class FailureOut(BaseModel):
    """A card or row that can't be used."""

    line: int
    reason: str


class ImportOut(BaseModel):
    """What an import came to; the four counts are the number of cards or rows."""

    created: int
    updated: int
    skipped: int
    failed: int
    changes: list[ChangeOut]
    failures: list[FailureOut]


class DuplicateOut(BaseModel):
    """Two contacts that may be one person."""

    one: str
    other: str
    reasons: list[str]


class DuplicatesOut(BaseModel):
    """Pairs that may be one person, the likeliest first."""

    duplicates: list[DuplicateOut]


class MergeIn(Strict):
    """Who is the same person."""

    other: Annotated[str, Field(min_length=1, max_length=300)]


class SplitIn(Strict):
    """What to take out into a contact of its own; nothing undoes the last merge."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    take: Annotated[list[str], Field(default_factory=list, max_length=100)]


class SplitOut(BaseModel):
    """The two contacts."""

    contacts: list[ContactOut]


class ErasedOut(BaseModel):
    """What went with a contact."""

    removed: str
    erased: dict[str, int]
