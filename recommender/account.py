"""The nouns of an account: who may come in, what it does not want to see, what is under way.

Plain frozen data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from datetime import datetime

Scope = Literal["read", "write", "admin"]
"""What a token may do: look, also change, also tokens, devices and the whole account."""
MuteKind = Literal["source", "topic"]

JobKind = Literal["refresh", "import"]
JobState = Literal["running", "done", "failed"]

MailState = Literal["waiting", "sending", "sent"]
"""waiting: not accepted by the server, for certain. sending: handed over, and no word yet; as that
may be all that is ever known, it is never sent again by itself."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
MUTE_KINDS: tuple[MuteKind, ...] = get_args(MuteKind)


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, of which only the hash is kept."""

    id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    """None for one that holds until it is revoked."""
    last_used_at: datetime | None
    revoked_at: datetime | None


class Grant(NamedTuple):
    """What a secret lets its bearer into."""

    account_id: str
    id: str
    """Of the token or session."""
    scope: Scope


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in to the pages."""

    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class Mute(NamedTuple):
    """What is not suggested to anybody."""

    kind: MuteKind
    value: str
    """A source as items name it, or a word or phrase."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A week's digest on its way."""

    week: str
    state: MailState
    recipient: str
    attempts: int
    """How often the server was tried."""
    at: datetime
    """When the state was reached."""
    retry_at: datetime | None
    """Before then it is not tried again; None for at once."""
    error: str
    """What went wrong the last time, in one line."""


@dataclass(frozen=True, slots=True)
class Job:
    """How far a piece of work is that a face started."""

    id: str
    account_id: str
    kind: JobKind
    state: JobState
    started_at: datetime
    stage: str = ""
    """What is being done, in words."""
    done: int = 0
    total: int = 0
    """Steps of the stage; 0 while they are not known."""
    result: dict[str, Any] | None = None
    """What it came to; for a job that is done."""
    error: str = ""
    """One line that says what happened and what to do; for a job that failed."""
    ended_at: datetime | None = None
    heard_at: datetime | None = None
    """When the host that does it last said so; None where there is one host only."""
