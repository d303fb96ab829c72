"""PostgreSQL's errors in our words: one line that says what to do."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from recommender.errors import ConflictError, StorageBusy, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# To who comes in, the server says no more than this.
_IS_TRANSIENT = re.compile(
    "connection slots|too many (clients|connections)|starting up|shutting down|recovery"
)
_BUSY = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)


@contextmanager
def in_our_words(name: str) -> Iterator[None]:
    """Turn psycopg's errors into ours; `name` is what the message calls the database."""
    try:
        yield
    except errors.IntegrityError as error:
        raise ConflictError(f"that is already there ({_first_line(error)})") from error
    except (PoolTimeout, errors.TooManyConnections) as error:
        raise StorageBusy(
            f"{name} has no connection to spare or can't be reached; try again, and see "
            f"`sawthis doctor` ({_first_line(error)})"
        ) from error
    except _BUSY as error:
        raise StorageBusy(
            f"{name} is busy ({_first_line(error)}); try again in a moment"
        ) from error
    except errors.DiskFull as error:
        raise StorageError(
            f"the disk that holds {name} is full; nothing was written: free some space"
        ) from error
    except psycopg.OperationalError as error:
        if _IS_TRANSIENT.search(str(error)):
            raise StorageBusy(
                f"{name} takes no connection at the moment ({_first_line(error)}); "
                "try again in a while"
            ) from error
        raise StorageError(
            f"{name} can't be reached ({_first_line(error)}); is the server running?"
        ) from error
    except psycopg.Error as error:
        raise StorageError(f"{name}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
