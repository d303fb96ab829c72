"""PostgreSQL's connections: how each is set up, and what its rows look like."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.string import StrDumperUnknown
from psycopg_pool import ConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Each try to connect is a warning there; what it comes to is our own error.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
CONNECT_TIMEOUT_S = 5
KEEPALIVE_S = 15


class Row:
    """A row by the names of its columns, or by their places; as sqlite3's."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: Sequence[Any]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, key: str | int) -> Any:  # noqa: ANN401  (a column)
        return self._values[key if isinstance(key, int) else self._places[key]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def keys(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._places)


class Connection(psycopg.Connection[Row]):
    """One that knows which scope was set last."""

    scope: str | None = None


class _WithoutNul(StrDumperUnknown):
    """PostgreSQL keeps no NUL in a text, and nobody misses one."""

    def dump(self, obj: str) -> Any:  # noqa: ANN401  (as psycopg's own)
        return super().dump(obj.replace("\0", "") if "\0" in obj else obj)


def make_pool(
    url: str, *, size: int, wait_s: float, timeouts: Mapping[str, float]
) -> ConnectionPool[Connection]:
    """A pool that opens connections when they are wanted.

    Args:
        url: postgresql://user@host/database.
        size: How many there are at most.
        wait_s: How long one waits for one of them.
        timeouts: The server's own, by their names, in seconds.
    """

    def configure(connection: Connection) -> None:
        # Not as start-up options: poolers in between refuse those.
        for name, seconds in timeouts.items():
            connection.execute(
                "SELECT set_config(%s, %s, false)", (name, f"{int(seconds * 1000)}ms")
            )
        connection.adapters.register_dumper(str, _WithoutNul)

    return ConnectionPool(
        url,
        connection_class=Connection,
        kwargs={
            "autocommit": True,
            "row_factory": _rows,
            "application_name": "sawthis",
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": KEEPALIVE_S,
            "keepalives_interval": KEEPALIVE_S // 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 2000 * KEEPALIVE_S,
        },
        min_size=0,
        max_size=size,
        timeout=wait_s,
        configure=configure,
        open=True,
    )


def _rows(cursor: Any) -> Callable[[Sequence[Any]], Row]:  # noqa: ANN401  (psycopg's row factory)
    places = {column.name: at for at, column in enumerate(cursor.description or ())}
    return lambda values: Row(places, values)
