"""Tables of contacts (CSV) into cards, with or without being told what the columns hold."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from recommender.cards.csv_layouts import (
    FIELDS,
    KIND,
    NAMING,
    Column,
    guess_mapping,
    is_german,
    layout,
    mapped,
    slashed,
    table_day,
)
from recommender.cards.dates import NO_YEARS, day_text
from recommender.cards.fields import CONTROL
from recommender.cards.types import BadCard, Card, CardInterest, NameParts
from recommender.cards.vcard import EMAIL, MAX_LINE, MAX_NAME, MAX_NOTES, one_line, unique
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Cell = tuple[Column, str]

__all__ = ["csv_columns", "guess_mapping", "looks_like_csv", "make_card", "read_csv"]

MAX_ROWS = 100_000
MAX_CELL = 2**30
MAX_OPEN_QUOTES = 5
HEAD = 65_536
"""Characters in which the header must be found."""
PREAMBLE = 20
"""Rows that may come before it."""
SAMPLE = 2**20
"""Characters that show in which order days are written."""
NOTES = Column("notes")
_END = "\x1e"
_VALUES = re.compile(r":::|\n")
_LIST = re.compile(r":::|[,;\n]")
_ORDER = ("", "street", "extra", "town", "region", "code", "country")
_CALLED = frozenset({"herr", "frau", "mr", "mrs", "ms", "mr.", "mrs.", "ms.", "firma", "company"})
"""Not said as a part of a name."""
_EVERYONE = frozenset({"mycontacts", "my contacts", "starred", "other contacts", "all contacts"})
"""Google's own groups."""


def looks_like_csv(text: str) -> bool:
    """Whether a text is a table, of contacts or one that has the same width in its first rows."""
    head = text[:HEAD].lstrip()
    if head[:1] in ("", "{", "[", "<") or head[:6].upper() == "BEGIN:":
        return False
    delimiter, _, header = _header(text)
    if NAMING & set(guess_mapping(header).values()):
        return True
    widths = {len(row) for _, row in islice(_rows(text[:HEAD], delimiter), 5) if row}
    return len(widths) == 1 and min(widths) > 1


def csv_columns(text: str) -> list[str]:
    """The headers of a table's columns, in order; those without one are left out."""
    return [name for name in _header(text)[2] if name]


def read_csv(text: str, mapping: Mapping[str, str] | None = None) -> Iterator[Card | BadCard]:
    """One card, or what is wrong with it, for each row that is not empty.

    Args:
        text: The file, without a byte order mark.
        mapping: Column header -> one of FIELDS, or an empty text to leave it out. Without one
            it is guessed.

    Raises:
        InvalidInput: The columns can't be made out, or there are too many rows.
    """
    delimiter, at, header = _header(text)
    columns = _columns(header, mapping)
    day_first = _is_day_first(header, columns, islice(_rows(text[:SAMPLE], delimiter), at, None))
    return _cards(islice(_rows(text, delimiter), at, None), columns, day_first)


def _cards(
    rows: Iterable[tuple[int, list[str] | None]], columns: Sequence[Column], day_first: bool
) -> Iterator[Card | BadCard]:
    filled = ((line, row) for line, row in rows if row is None or any(map(str.strip, row)))
    for n, (line, row) in enumerate(filled):
        if n == MAX_ROWS:
            raise InvalidInput(f"the table has more than {MAX_ROWS} rows: divide it")
        if row is None:
            yield BadCard(line, "a quotation mark that is not closed")
        else:
            yield make_card(_cells(columns, row), line, day_first=day_first)


def _cells(columns: Sequence[Column], row: Sequence[str]) -> list[Cell]:
    """The cells of a row; what stands beyond the last column was a comma too much in a text."""
    cells = list(zip(columns, row, strict=False))
    return cells + [(NOTES, cell) for cell in row[len(columns) :]]


def _columns(header: Sequence[str], mapping: Mapping[str, str] | None) -> list[Column]:
    named = ", ".join(name[:40] for name in header[:40] if name) or "none"
    if mapping:
        unknown = sorted({field for field in mapping.values() if field and field not in FIELDS})
        if unknown:
            raise InvalidInput(f"no field of a contact: {', '.join(unknown)[:200]}")
        if not set(mapping) & set(header):
            raise InvalidInput(f"the table has none of the columns mapped; it has: {named}")
        return mapped(header, mapping)
    columns = layout(header)
    if not NAMING & {column.field for column in columns}:
        raise InvalidInput(
            "no column with a name or an e-mail is recognised; "
            f"say with --column COLUMN=FIELD, or --ask, what they are: {named}"
        )
    return columns


def _header(text: str) -> tuple[str, int, list[str]]:
    """(delimiter, number of rows to pass over, headers)."""
    found = []
    for delimiter in ",;\t":
        rows = [row or [] for _, row in islice(_rows(text[:HEAD], delimiter), PREAMBLE)]
        at = _header_at(rows)
        header = [one_line(cell, MAX_NAME) for cell in rows[at]] if rows else []
        found.append((len(guess_mapping(header)), len(header), delimiter, at + 1, header))
    return max(found, key=lambda one: one[:2])[2:]


def _header_at(rows: Sequence[Sequence[str]]) -> int:
    """The row with the headers: LinkedIn says something before its table."""
    filled = [at for at, row in enumerate(rows) if any(cell.strip() for cell in row)]
    for at in filled:
        known = list(guess_mapping(rows[at]).values())
        if NAMING & set(known) and (len(known) > 1 or at == filled[0]):
            return at
    wide = [at for at in filled if sum(map(bool, rows[at])) > 1]
    return next(iter(wide or filled), 0)


def _is_day_first(
    header: Sequence[str],
    columns: Sequence[Column],
    rows: Iterable[tuple[int, list[str] | None]],
) -> bool:
    """Whether 3/4/1984 is in April: in German, and where 29/2/1984 comes and never 2/29/1984."""
    if is_german(header):
        return True
    days = [at for at, column in enumerate(columns) if column.field in ("birthday", "anniversary")]
    pairs = [slashed(row[at]) for _, row in rows for at in days if row and at < len(row)]
    return max((a for a, _ in pairs), default=0) > 12 >= max((b for _, b in pairs), default=0)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """(line, row); None for one whose quotation mark would swallow the rest of the file."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace(_END, "").split("\n")
    if lines[0].lower().startswith("sep="):
        lines[0] = ""  # for Excel
    start = 0
    for n in range(MAX_OPEN_QUOTES + 1):
        # A last line of our own comes back as it is unless a quotation mark is open.
        ours = (f"{line}\n" for line in (*islice(lines, start, None), _END))
        reader = csv.reader(
            ours,
            delimiter=delimiter,
            quoting=csv.QUOTE_NONE if n == MAX_OPEN_QUOTES else csv.QUOTE_MINIMAL,
        )
        begun = start
        for row in reader:
            if row == [_END]:
                return
            if row and row[-1].endswith(f"{_END}\n"):
                break
            yield begun + 1, row
            begun = start + reader.line_num
        yield begun + 1, None
        start = begun + 1


def make_card(cells: Sequence[Cell], line: int, *, day_first: bool = False) -> Card | BadCard:
    """The card that cells make, or what is wrong with them."""
    by_field: dict[str, list[str]] = defaultdict(list)
    for column, text in cells:
        if clean := CONTROL.sub("", text).strip():
            by_field["late" if column.part == "late" else column.field].append(clean)
    parts = _parts(by_field)
    emails, strays = _emails(by_field["emails"])
    nicknames = _unique(by_field["nicknames"], _LIST)
    phones = _unique([*by_field["phones"], *by_field["late"]], _VALUES)
    organisation = one_line(" ".join(by_field["organisation"][:1]), MAX_NAME)
    names = (*by_field["name"], _spoken(parts), *nicknames, organisation, *emails, *phones)
    name = next((short for text in names if (short := one_line(text, MAX_NAME))), "")
    if not name:
        return BadCard(line, "it has no name, address or number")
    addresses, town = _addresses(cells)
    return Card(
        name=name,
        parts=parts,
        nicknames=nicknames,
        emails=emails,
        phones=phones,
        addresses=addresses,
        town=town,
        organisation=organisation,
        role=one_line(" ".join(by_field["role"][:1]), MAX_NAME),
        sites=_unique(by_field["sites"], _VALUES, MAX_LINE),
        birthday=_day(cells, "birthday", day_first),
        anniversary=_day(cells, "anniversary", day_first),
        groups=_groups(cells),
        notes="\n\n".join([*by_field["notes"], *strays])[:MAX_NOTES].strip(),
        interests=tuple(CardInterest(one) for one in _unique(by_field["interests"], _LIST)),
        line=line,
    )


def _unique(
    texts: Iterable[str], between: re.Pattern[str], limit: int = MAX_NAME
) -> tuple[str, ...]:
    """Different values on one line each, out of cells that may hold several."""
    return unique((value for text in texts for value in between.split(text)), limit)


def _parts(by_field: Mapping[str, Sequence[str]]) -> NameParts:
    fields = ("family", "given", "additional", "prefix", "suffix")
    return NameParts(*(one_line(" ".join(by_field[field]), MAX_NAME) for field in fields))


def _spoken(parts: NameParts) -> str:
    prefix = [word for word in parts.prefix.split() if word.casefold() not in _CALLED]
    return " ".join([*prefix, parts.given, parts.additional, parts.family, parts.suffix])


def _emails(texts: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """(addresses, notes of what is none): "Ann <ann@example.org>, bea@example.org" has two."""
    good: list[str] = []
    strays: list[str] = []
    for chunk in (chunk for text in texts for chunk in _LIST.split(text) if chunk.strip()):
        words = [word.strip("<>()\"'").removeprefix("mailto:") for word in chunk.split()]
        found = [word for word in words if len(word) <= MAX_NAME and EMAIL.fullmatch(word)]
        good += found
        strays += [] if found else [f"E-mail: {one_line(chunk, MAX_LINE)}"]
    return _unique(good, _VALUES), strays


def _addresses(cells: Sequence[Cell]) -> tuple[tuple[str, ...], str]:
    """(addresses on one line each, the town of the one at home or else of the first)."""
    found: dict[str, dict[str, list[str]]] = {}
    kinds = {column.group: text.casefold() for column, text in cells if column.field == KIND}
    for column, text in cells:
        if column.field in ("addresses", "town") and (short := one_line(text, MAX_LINE)):
            part = "town" if column.field == "town" else column.part
            whole = one_line(text.strip().replace("\n", ", "), MAX_LINE)
            group = found.setdefault(column.group, defaultdict(list))
            group[part].append(whole if part == "formatted" else short)
    lines = (
        ", ".join(group["formatted"] or [text for part in _ORDER for text in group[part]])
        for group in found.values()
    )
    at_home = sorted(found, key=lambda key: "home" not in (key, kinds.get(key, "").strip("* ")))
    towns = [town for key in at_home for town in found[key]["town"]]
    # "21222 Köln" in one column.
    town = re.sub(r"^\d{4,6} ", "", towns[0])[:MAX_NAME] if towns else ""
    return _unique(lines, _VALUES, MAX_LINE), town


def _day(cells: Sequence[Cell], field: str, day_first: bool) -> str:
    """The first day of a kind that is one, whether in one column or in three."""
    kinds = {column.group: text.casefold() for column, text in cells if column.field == KIND}
    numbers = dict.fromkeys(("year", "month", "day"), "")
    for column, text in cells:
        if column.field != field:
            continue
        if column.part == "event" and not re.search("anniv|jahrestag", kinds.get(column.group, "")):
            continue
        if day := table_day(CONTROL.sub("", text), day_first=day_first):
            return day
        if column.part in numbers and re.fullmatch(r"\s*\d{1,4}\s*", text):
            numbers[column.part] = text.strip()
    year = numbers["year"] if len(numbers["year"]) == 4 else ""
    return day_text("" if year in NO_YEARS else year, numbers["month"], numbers["day"])


def _groups(cells: Sequence[Cell]) -> tuple[str, ...]:
    found: list[str] = []
    for column, text in cells:
        if column.field == "groups":
            between = _VALUES if column.part == "google" else _LIST
            found += (name.strip().removeprefix("* ") for name in between.split(text))
    return _unique((name for name in found if name.casefold() not in _EVERYONE), _VALUES)
