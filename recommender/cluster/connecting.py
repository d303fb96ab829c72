"""How the queue's connections are made, and what its errors become."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from procrastinate import exceptions

from recommender.errors import StorageBusy, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A cut network must not hold a statement for the quarter of an hour that TCP would wait.
CONNECTION: dict[str, Any] = {
    "application_name": "sawthis queue",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
POOL_WAIT_S = 10.0
OUTAGES = (exceptions.ConnectorException, psycopg.Error, OSError)
"""What is raised while the database can't be reached."""


def reason_of(error: BaseException) -> str:
    """What happened, in one line."""
    cause = error.__cause__ if isinstance(error, exceptions.ConnectorException) else error
    text = str(cause or error).strip().partition("\n")[0]
    return text or type(cause or error).__name__


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of psycopg and procrastinate into ours."""
    try:
        yield
    except OUTAGES as error:
        cause = error.__cause__ if isinstance(error, exceptions.ConnectorException) else error
        kind = StorageBusy if isinstance(cause, psycopg.OperationalError) else StorageError
        raise kind(f"the queue can't be reached ({reason_of(error)}); try again") from error


def quieten() -> None:
    """Leave it to our own log to say what happened: theirs tells it again, with tracebacks."""
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
