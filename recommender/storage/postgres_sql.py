"""PostgreSQL's own statements by name, and the stores' statements in its words."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_STEP = re.compile(r"p(\d{3})_\w+")
_NEEDS = re.compile(r"^-- needs: (\d+)\n")
# A quoted text, a parameter by place or by name, or a per cent sign, which means one to psycopg.
_MARK = re.compile(r"'(?:[^']|'')*'|\?|:([a-z_]+)\b|%")


class Step(NamedTuple):
    """One step of the schema's history."""

    number: int
    name: str
    needs: int
    """The newest step that a running Sawthis must know of to go on beside this one."""
    sql: str


@cache
def statements() -> dict[str, str]:
    """What `postgres.sql` holds, by name."""
    text = files("recommender.storage").joinpath("postgres.sql").read_text("utf-8")
    parts = _NAME.split(text)
    return {name: sql.strip() for name, sql in zip(parts[1::2], parts[2::2], strict=True)}


@cache
def steps() -> tuple[Step, ...]:
    """The schema's history, oldest first."""
    found = []
    for name, sql in statements().items():
        if named := _STEP.fullmatch(name):
            needs = _NEEDS.match(sql)
            assert needs, f"{name} does not say what it needs"
            found.append(Step(int(named[1]), name, int(needs[1]), sql))
    return tuple(found)


@lru_cache(maxsize=1024)
def translated(sql: str) -> str:
    """A statement of the stores with psycopg's marks for parameters."""

    def mark(found: re.Match[str]) -> str:
        if found[1]:
            return f"%({found[1]})s"
        return {"?": "%s", "%": "%%"}.get(found[0], found[0].replace("%", "%%"))

    return _MARK.sub(mark, sql)


def quoted(name: str) -> str:
    """A table's or a column's name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'
