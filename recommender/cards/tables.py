"""Address books in CSV: one card a row, by what the headers say."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from recommender.cards.columns import FIELDS, field_of, guess, place_of
from recommender.cards.dates import day_text, read_day
from recommender.cards.fields import CONTROL
from recommender.cards.types import BadCard, Card, CardInterest, NameParts
from recommender.cards.vcard import EMAIL, MAX_LINE, MAX_NAME, MAX_NOTES, one_line, unique
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Values = dict[str, list[str]]

LINES_OF_PREAMBLE = 8
"""LinkedIn's book begins with some lines of notes."""
MAX_FIELD = 1_000_000
_PARTED = re.compile(r" ?::: ?|\n")
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_DAY_MONTH = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.?")
_NO_GROUP = re.compile(
    r"\*\s*(my\s?contacts|starred|friends|family|coworkers|other contacts)", re.I
)
_NAMES = ("name", "given", "family", "nicknames", "emails", "organisation", "phones")


def looks_like_csv(text: str) -> bool:
    """Whether some line at the beginning is a header with a column of names or addresses."""
    return _header(text) is not None


def csv_columns(text: str) -> list[str]:
    """The headers, in order; InvalidInput where there are none."""
    start = _header(text) or (0, _delimiter(text.partition("\n")[0]))
    rows = _rows(text, *start)
    _, columns = next(rows, (0, []))
    if not any(columns):
        raise InvalidInput("the file has no columns")
    return columns


def guess_mapping(columns: Sequence[str]) -> dict[str, str]:
    """Column -> field, for the columns that are recognised."""
    return guess(columns)


def read_csv(text: str, mapping: Mapping[str, str] | None = None) -> Iterator[Card | BadCard]:
    """One card, or what is wrong with it, for each row that is not empty.

    Args:
        text: The file.
        mapping: Column -> one of FIELDS, instead of what the headers say.

    Raises:
        InvalidInput: No column holds a name or an address, or the mapping names none.
    """
    start = _header(text)
    if start is None:
        start = (0, _delimiter(text.partition("\n")[0]))
    rows = _rows(text, *start)
    _, columns = next(rows, (0, []))
    fields = _fields(columns, mapping)
    is_german = start[1] == ";" or any("nachname" in name.casefold() for name in columns)
    for line, row in rows:
        if any(cell.strip() for cell in row):
            yield _card(columns, fields, row, line, is_german)


def _header(text: str) -> tuple[int, str] | None:
    """(offset, delimiter) of the line with the headers, or None."""
    offset = 0
    for line in text.split("\n", LINES_OF_PREAMBLE)[:LINES_OF_PREAMBLE]:
        delimiter = _delimiter(line)
        names = [name.strip().strip('"') for name in line.strip().split(delimiter)]
        if len(line) < MAX_FIELD and set(guess(names).values()) & set(_NAMES):
            return offset, delimiter
        offset += len(line) + 1
    return None


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _rows(text: str, offset: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    before = text.count("\n", 0, offset)
    csv.field_size_limit(MAX_FIELD)
    # NUL ends a text for the csv module; no line break must end a cell but those it knows.
    lines = text[offset:].replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    reader = csv.reader((line + "\n" for line in lines.split("\n")), delimiter=delimiter)
    line = before
    while True:
        line = before + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        yield line, [CONTROL.sub("", cell).strip() for cell in row]


def _fields(columns: Sequence[str], mapping: Mapping[str, str] | None) -> dict[str, str]:
    if mapping:
        unknown = [field for field in mapping.values() if field not in FIELDS]
        if unknown:
            raise InvalidInput(f"“{unknown[0]}” is no field; there are {', '.join(FIELDS)}")
        missing = [name for name in mapping if name not in columns]
        if missing:
            raise InvalidInput(f"there is no column “{missing[0]}”, but {_listed(columns)}")
    found = dict(mapping) if mapping else guess(columns)
    if not set(found.values()) & set(_NAMES):
        raise InvalidInput(
            f"no column is known as a name or an address; there are {_listed(columns)}:"
            " say what they are with --column COLUMN=FIELD"
        )
    return found


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in columns[:30] if name)


def _card(
    columns: Sequence[str], fields: Mapping[str, str], row: Sequence[str], line: int, german: bool
) -> Card | BadCard:
    values = _values(columns, fields, row)
    first = {name: (values.get(name) or [""])[0] for name in FIELDS}
    parts = NameParts(
        *(one_line(first[n], MAX_NAME)
          for n in ("family", "given", "additional", "prefix", "suffix"))
    )  # fmt: skip
    emails = unique(v for v in values.get("emails", ()) if EMAIL.fullmatch(v))
    phones = unique(values.get("phones", ()))
    nicknames = unique(values.get("nicknames", ()))
    organisation = one_line(first["organisation"], MAX_NAME)
    spoken = " ".join(filter(None, (parts.given, parts.additional, parts.family)))
    names = (first["name"], spoken, *nicknames, organisation, *emails, *phones)
    name = next((text for one in names if (text := one_line(one, MAX_NAME))), "")
    if not name:
        return BadCard(line, "it has no name, address or number")
    odd = [f"E-mail: {v}" for v in values.get("emails", ()) if not EMAIL.fullmatch(v)]
    addresses, town = _addresses(columns, row)
    return Card(
        name=name,
        parts=parts,
        nicknames=nicknames,
        emails=emails,
        phones=phones,
        addresses=unique([*values.get("addresses", ()), *addresses], MAX_LINE),
        town=one_line(first["town"] or town, MAX_NAME),
        organisation=organisation,
        role=one_line(first["role"], MAX_NAME),
        sites=unique(values.get("sites", ()), 2000),
        birthday=_day(first["birthday"], german=german) or _parted_day(columns, row),
        anniversary=_day(first["anniversary"], german=german) or _event(columns, row, german),
        groups=unique(
            re.sub(r"^\*\s*", "", group)
            for value in values.get("groups", ())
            for group in re.split(r"[;,]", value)
            if not _NO_GROUP.fullmatch(group.strip())
        ),
        notes="\n\n".join([*values.get("notes", ()), *odd])[:MAX_NOTES],
        interests=tuple(
            CardInterest(phrase)
            for phrase in unique(
                p for value in values.get("interests", ()) for p in re.split(r"[;,\n]", value)
            )
            if any(character.isalnum() for character in phrase)
        ),
        line=line,
    )


def _values(columns: Sequence[str], fields: Mapping[str, str], row: Sequence[str]) -> Values:
    """Field -> values; several in one cell are parted, but notes stay as they are."""
    found: Values = {}
    for name, cell in zip(columns, row, strict=False):
        field = fields.get(name)
        if field and cell:
            several = [cell] if field in ("notes", "addresses") else _PARTED.split(cell)
            if field == "emails":
                several = [one for part in several for one in re.split(r"[,;]\s*", part)]
            found.setdefault(field, []).extend(v.strip() for v in several if v.strip())
    return found


def _addresses(columns: Sequence[str], row: Sequence[str]) -> tuple[list[str], str]:
    """(addresses of several columns each, the town of the one at home or else of the first)."""
    found: dict[str, list[str]] = {}
    towns: dict[str, str] = {}
    for name, cell in zip(columns, row, strict=False):
        place = place_of(name) if cell else None
        if place is not None:
            where, is_town = place
            found.setdefault(where, []).append(one_line(cell, MAX_LINE))
            if is_town:
                towns.setdefault(where, cell)
    at_home = next((towns[w] for w in towns if w.startswith(("home", "priv"))), "")
    lines = [", ".join(parts) for parts in found.values() if len(parts) > 1]
    return lines, at_home or next(iter(towns.values()), "")


def _day(text: str, *, german: bool) -> str:
    if match := _SLASHED.fullmatch(text.strip()):
        first, second, year = match.groups()
        if "." in text or (german and int(second) <= 12) or int(first) > 12:
            first, second = second, first
        return day_text(year, first, second)
    if match := _DAY_MONTH.fullmatch(text.strip()):
        return day_text("", match[2], match[1])
    return read_day(text)


def _parted_day(columns: Sequence[str], row: Sequence[str]) -> str:
    """A birthday of three columns; in German books the third is called as the whole is."""
    cells = {
        field: cell
        for name, cell in zip(columns, row, strict=False)
        if (field := field_of(name)) in ("birth year", "birth month", "birth day", "birthday")
    }
    day = cells.get("birth day") or cells.get("birthday", "")
    month = cells.get("birth month", "")
    if not (day.isdecimal() and month.isdecimal()):
        return ""
    year = cells.get("birth year", "")
    return day_text(year if year.isdecimal() else "", month, day)


def _event(columns: Sequence[str], row: Sequence[str], german: bool) -> str:
    """Google's anniversary: "Event 1 - Label" beside "Event 1 - Value"."""
    cells = dict(zip(columns, row, strict=False))
    for name, cell in cells.items():
        if re.fullmatch(r"Event \d+ - (Label|Type)", name) and "nniversary" in cell:
            value = re.sub(r"(Label|Type)$", "Value", name)
            return _day(cells.get(value, ""), german=german)
    return ""
