"""A store whose every call runs in the scope of the account it names.

So no method can forget it: row-level security then stands behind every query.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from recommender.storage.database import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommender.storage.database import Database

Store = TypeVar("Store")


def scoped(store: Store, database: Database) -> Store:
    """The store, guarded: what names no account is nobody's own work and runs as the system's."""
    return cast("Store", _Scoped(store, database))


class _Scoped:
    def __init__(self, store: object, database: Database) -> None:
        self._store = store
        self._db = database

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (a method of the store)
        method = getattr(self._store, name)
        if not inspect.ismethod(method):
            return method
        made = _in_scope(method, self._db)
        setattr(self, name, made)
        return made


def _in_scope(method: Callable[..., Any], database: Database) -> Callable[..., Any]:
    first = next(iter(inspect.signature(method).parameters), "")

    @wraps(method)
    def call(*values: Any, **named: Any) -> Any:  # noqa: ANN401
        scope = SYSTEM
        if first == "account_id":
            scope = values[0] if values else named["account_id"]
        with database.scope(scope):
            return method(*values, **named)

    return call
