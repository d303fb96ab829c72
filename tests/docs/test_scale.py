"""docs/scale.md against the schema and the arithmetic: no table left out, no key in the way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.resources import files

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "scale.md").read_text("utf-8")
SCHEMA = files("recommender.storage").joinpath("postgres.sql").read_text("utf-8")
# Who is found by a secret's hash, before it is known whose account that is.
DIRECTORY = {"tokens", "sessions", "one_time_codes", "feed_keys"}


@dataclass
class Table:
    """What the schema says of a table's keys."""

    primary: list[str] = field(default_factory=list)
    unique: list[list[str]] = field(default_factory=list)
    foreign: list[tuple[list[str], str, list[str]]] = field(default_factory=list)


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def tables() -> dict[str, Table]:
    found: dict[str, Table] = {}
    for name, body in re.findall(r"^CREATE TABLE (\w+) \((.*?)^\)[^\n]*;", SCHEMA, re.M | re.S):
        table = found[name] = Table()
        for line in (one.strip().rstrip(",") for one in body.splitlines()):
            column = line.split(" ")[0]
            if group := re.match(r"PRIMARY KEY \((.*?)\)", line):
                table.primary = names(group[1])
            elif group := re.match(r"UNIQUE \((.*?)\)", line):
                table.unique.append(names(group[1]))
            elif group := re.match(r"FOREIGN KEY \((.*?)\) REFERENCES (\w+)\((.*?)\)", line):
                table.foreign.append((names(group[1]), group[2], names(group[3])))
            else:
                if " PRIMARY KEY" in line:
                    table.primary = [column]
                if " UNIQUE" in line:
                    table.unique.append([column])
                if group := re.search(r"REFERENCES (\w+)\((\w+)\)", line):
                    table.foreign.append(([column], group[1], [group[2]]))
    for name, columns in re.findall(
        r"^CREATE UNIQUE INDEX \w+\s+ON (\w+)\((.*?)\)", SCHEMA, re.M | re.S
    ):
        found[name].unique.append(names(columns))
    return found


TABLES = tables()
WHERE = dict(
    re.findall(r"^\| `(\w+)` \| (account|directory|reference|sharded|coordinator)\b", PAGE, re.M)
)
BY_ACCOUNT = sorted(name for name, where in WHERE.items() if where == "account")


def test_every_table_has_its_place() -> None:
    assert len(TABLES) > 30
    assert WHERE.keys() == TABLES.keys()
    assert {name for name, where in WHERE.items() if where == "directory"} == DIRECTORY


def test_whatever_belongs_to_an_account_is_placed_by_it_or_in_the_directory() -> None:
    owned = set(re.findall(r"^CREATE TABLE (\w+) \([^;]*?^    account_id ", SCHEMA, re.M))
    assert owned | {"accounts"} == {*BY_ACCOUNT, *DIRECTORY}


@pytest.mark.parametrize("name", BY_ACCOUNT)
def test_an_accounts_keys_begin_with_it(name: str) -> None:
    first = "id" if name == "accounts" else "account_id"
    assert TABLES[name].primary[0] == first
    # One node can't know what is unique on another.
    assert all(first in columns for columns in TABLES[name].unique)


def test_no_foreign_key_leads_from_one_account_to_another() -> None:
    outside = set()
    for name in BY_ACCOUNT:
        for columns, target, theirs in TABLES[name].foreign:
            if target in BY_ACCOUNT:
                assert (columns[0], theirs[0]) in {
                    ("account_id", "account_id"),
                    ("account_id", "id"),
                }
                assert target == "accounts" or theirs[0] == "account_id"
            else:
                outside.add(f"{name} → {target}")
    # The page tells what becomes of these.
    assert outside == set(re.findall(r"`(\w+ → \w+)`", PAGE)) & outside
    assert outside == {"subscriptions → feeds", "matches → items"}


def test_the_page_shows_what_the_arithmetic_gives() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "simulate-scale", "--table"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() in PAGE


def test_the_simulation_agrees_with_the_arithmetic() -> None:
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "scripts" / "simulate-scale"),
            *("--accounts", "20000", "--items", "20000"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    *stages, walls = map(json.loads, done.stdout.splitlines())
    assert len(stages) == 5
    assert all(stage["holds"] for stage in stages)
    for stage in stages:
        if not stage["stage"].startswith("stories"):  # many short jobs read more than few long ones
            assert abs(stage["busy_in_simulation"] - stage["busy_by_arithmetic"]) < 0.1
    assert min(walls["items_a_day_at_most"].values()) > 0
