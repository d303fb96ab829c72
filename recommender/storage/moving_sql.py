"""What is said to both engines alike when a library is moved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from recommender.storage.moving import MOVING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recommender.storage.moving import Table, Values


def quoted(name: str) -> str:
    """A column's name as it stands in a statement.

    Not `rowid`: where it is no column of its own, SQLite would take it for a text.
    """
    return name if name == "rowid" else f'"{name}"'


def listed(names: Iterable[str]) -> str:
    """Columns' names."""
    return ", ".join(map(quoted, names))


def select(table: Table, what: str, after: Values | None, order: Sequence[str], mark: str) -> str:
    """A query for the rows beyond a key, in its order; the key is the parameter."""
    conditions = [table.where] if table.where else []
    if after is not None:
        conditions.append(f"({', '.join(order)}) > ({', '.join([mark] * len(order))})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    ordered = "" if what == "count(*)" else f" ORDER BY {', '.join(order)}"
    return f"SELECT {what} FROM {table.name}{where}{ordered}"


class Writer(ABC):
    """The part of a `Side` that writes, in the words that both engines understand."""

    mark: ClassVar[str]
    """What stands for a parameter."""

    @abstractmethod
    def _run(self, sql: str, rows: Sequence[Values]) -> int:
        """Run a statement once for each row; returns how many rows it changed."""

    @abstractmethod
    def _value(self, sql: str, parameters: Values = ()) -> object:
        """The first column of a query's first row, or None."""

    def setting(self, key: str) -> str | None:
        """A setting's value."""
        value = self._value(f"SELECT value FROM settings WHERE key = {self.mark}", (key,))
        return None if value is None else str(value)

    def put_setting(self, key: str, value: str) -> None:
        """Put a setting's value."""
        self._run(
            f"INSERT INTO settings (key, value) VALUES ({self.mark}, {self.mark})"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [(key, value)],
        )

    def _drop_note(self) -> None:
        self._run(f"DELETE FROM settings WHERE key = {self.mark}", [(MOVING,)])

    def update(self, table: Table, rows: Sequence[Values]) -> None:
        """Replace the rows that have these keys."""
        n_keys = len(table.key)
        if rows and len(table.columns) > n_keys:
            changes = ", ".join(f"{quoted(name)} = {self.mark}" for name in table.columns[n_keys:])
            sql = f"UPDATE {table.name} SET {changes}{self._with_key(table)}"
            self._run(sql, [(*row[n_keys:], *row[:n_keys]) for row in rows])

    def delete(self, table: Table, keys: Sequence[Values]) -> None:
        """Delete the rows that have these keys, with what hangs on them."""
        if keys:
            self._run(f"DELETE FROM {table.name}{self._with_key(table)}", keys)

    def _with_key(self, table: Table) -> str:
        return " WHERE " + " AND ".join(f"{quoted(name)} = {self.mark}" for name in table.key)


def n_cleaned_in(row: Values) -> int:
    """How many texts of a row hold what PostgreSQL can't."""
    return sum(isinstance(value, str) and "\0" in value for value in row)


def without_nul(row: Values) -> Values:
    """A row as PostgreSQL holds it."""
    return tuple(v.replace("\0", "") if isinstance(v, str) else v for v in row)
