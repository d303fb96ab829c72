"""What the stores need of a database: the part that SQLite and PostgreSQL fill in differently.

The stores speak the SQL that both understand: `?` or `:name` for parameters, ON CONFLICT for
upserts, times and lists as text, which compares bytewise on both. `rowid` is the order in which
rows came, a column of its own where the engine has none. What only one engine can say has a
method here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

SYSTEM = "*"
"""The scope of work that is nobody's own, such as reading feeds; no account may be called so."""


class Row(Protocol):
    """A row, by the names of its columns or their places; `dict` makes a mapping of it."""

    def __getitem__(self, key: Any, /) -> Any:  # noqa: ANN401  (a column)
        """A column's value."""

    def keys(self) -> Iterable[str]:
        """The names of the columns, in order."""

    def __iter__(self) -> Iterator[Any]:
        """As the engine has it: not to be relied on."""


class Database(Protocol):
    """One library's rows. May be used from any thread; errors are recommender.errors only."""

    @property
    def name(self) -> str:
        """What a message calls this database."""

    def rows(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> Sequence[Row]:
        """All rows of a query, with parameters by place or by name."""

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row of a query, or None."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement; returns the number of rows it changed."""

    def execute_if_free(self, sql: str, parameters: Sequence[object] = ()) -> bool:
        """Run one statement if it can be written at once; whether it was.

        For what is good to know and nobody should wait for, or be refused for.
        """

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object] | Mapping[str, object]]
    ) -> int:
        """Run one statement for each row, in a transaction; returns how many rows changed."""

    def insert(self, table: str, row: Mapping[str, object]) -> None:
        """Insert one row; ConflictError when its key is taken."""

    def upsert(self, table: str, row: Mapping[str, object], *, pk: str | tuple[str, ...]) -> None:
        """Insert one row, or replace the named columns of the one with its key."""

    def delete(self, table: str, where: str, parameters: Sequence[object]) -> int:
        """Delete rows; returns their number."""

    def json_list(self, column: str) -> str:
        """The aggregate that makes a JSON list of a column, as text."""

    def columns(self, table: str) -> set[str]:
        """The names of a table's columns."""

    def transaction(self) -> AbstractContextManager[None]:
        """Atomic unit; joins the one this thread is already in."""

    def durable(self) -> AbstractContextManager[None]:
        """What is written within is on the disk when it ends, even if the power goes then.

        Elsewhere it may be lost with the power, as all that can be done again may be. Not to be
        used within a transaction.
        """

    def scope(self, account_id: str) -> AbstractContextManager[None]:
        """Within, only this account's rows and shared ones are to be had; all of them as SYSTEM.

        A guard behind the queries, which name the account themselves, where the engine has one.
        """

    def lock(self, name: str) -> None:
        """Let nobody else who asks for this name go on before the transaction ends.

        SQLite has one writer at a time, who needs no other lock.
        """

    def overwrite_deleted(self) -> None:
        """Leave no trace in the file of what this transaction deletes, where that can be asked."""

    def empty_journal(self) -> None:
        """Take what was erased out of the journal, where that can be asked."""

    def close(self) -> None:
        """Close what was opened, in whichever thread."""
