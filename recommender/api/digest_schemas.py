"""What the API says of the digest; shapes are `services.digest_shapes`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from recommender.account import MailState
from recommender.api.rhythm_schemas import GaugeOut, OccasionOut
from recommender.api.schemas import FitContact, Strict
from recommender.domain import TouchKind


class CardOut(BaseModel):
    """One person of the digest."""

    contact: FitContact
    last_contact: str
    overdue_days: int
    is_due: bool
    """Whether it is their turn this week."""
    suggestion: dict[str, Any]
    """The best."""
    suggestions: list[dict[str, Any]]
    """One to three, best first."""


class CallDueOut(BaseModel):
    """Somebody to ring up this week."""

    contact: FitContact
    last_contact: str
    topics: list[str]


class ReplyOut(BaseModel):
    """Something that came back in the last week."""

    contact_id: str
    at: datetime
    kind: TouchKind
    title: str
    """Of what it answers; empty if that is not known."""


class DigestOut(BaseModel):
    """Who is due this week, each with something to send."""

    day: date
    cards: list[CardOut]
    without: int
    """People who are due, and for whom nothing is good enough."""
    calls: list[CallDueOut]
    occasions: list[OccasionOut]
    came_back: list[ReplyOut]
    gauge: GaugeOut


class OutgoingOut(BaseModel):
    """A week's digest on its way."""

    week: Annotated[str, Field(examples=["2026-W48"])]
    state: MailState
    """`sending` for long: handed over without an answer, so that it may have arrived."""
    recipient: str
    attempts: int
    at: datetime
    retry_at: datetime | None
    error: str


class OutboxOut(BaseModel):
    """The last digests, newest week first."""

    digests: list[OutgoingOut]


class SendDigestIn(Strict):
    """Whether to send it even if it went out, or may have."""

    again: bool = False


class AddressesOut(BaseModel):
    """Secret addresses: whoever knows them may read what is there."""

    atom: str
    """Suggestions, for a reader of feeds."""
    calendar: str
    """Who is due, for a calendar."""
