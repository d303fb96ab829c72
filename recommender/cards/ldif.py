"""LDIF (RFC 2849), as Thunderbird, Evolution and directories write it, into cards."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from recommender.cards.csv_book import MAX_ROWS, make_card
from recommender.cards.csv_layouts import Column
from recommender.cards.types import BadCard
from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recommender.cards.types import Card

_BEGINNING = re.compile(r"(?:version:[ \t]*\d|dn::?[ \t]*\S)", re.IGNORECASE)
_ATTRIBUTES = {
    **dict.fromkeys(("cn", "commonname", "displayname", "fileas"), Column("name")),
    **dict.fromkeys(("givenname", "gn"), Column("given")),
    **dict.fromkeys(("sn", "surname"), Column("family")),
    "generationqualifier": Column("suffix"),
    "personaltitle": Column("prefix"),
    **dict.fromkeys(("mozillanickname", "xmozillanickname", "nickname"), Column("nicknames")),
    **dict.fromkeys(
        ("mail", "email", "rfc822mailbox", "mozillasecondemail", "xmozillasecondemail"),
        Column("emails"),
    ),
    **dict.fromkeys(
        (
            "mobile", "mobiletelephonenumber", "cellphone", "homephone", "hometelephonenumber",
            "telephonenumber", "workphone", "otherphone", "primaryphone", "carphone",
            "companyphone",
        ),
        Column("phones"),
    ),
    **dict.fromkeys(
        ("facsimiletelephonenumber", "fax", "homefax", "pager", "pagertelephonenumber"),
        Column("phones", "", "late"),
    ),
    **dict.fromkeys(("o", "organizationname", "company"), Column("organisation")),
    **dict.fromkeys(("title", "role", "businessrole"), Column("role")),
    **dict.fromkeys(
        ("mozillahomestreet", "mozillahomestreet2", "homestreet"),
        Column("addresses", "home", "street"),
    ),
    "homepostaladdress": Column("addresses", "home", "formatted"),
    "mozillahomelocalityname": Column("town", "home", "town"),
    "mozillahomestate": Column("addresses", "home", "region"),
    "mozillahomepostalcode": Column("addresses", "home", "code"),
    "mozillahomecountryname": Column("addresses", "home", "country"),
    **dict.fromkeys(
        ("street", "streetaddress", "mozillaworkstreet2"), Column("addresses", "work", "street")
    ),
    "postofficebox": Column("addresses", "work", "extra"),
    "postaladdress": Column("addresses", "work", "formatted"),
    **dict.fromkeys(("l", "localityname", "locality"), Column("town", "work", "town")),
    **dict.fromkeys(("st", "region"), Column("addresses", "work", "region")),
    "postalcode": Column("addresses", "work", "code"),
    **dict.fromkeys(("c", "countryname", "co", "friendlycountryname"),
                    Column("addresses", "work", "country")),
    **dict.fromkeys(
        ("labeleduri", "mozillahomeurl", "mozillaworkurl", "homeurl", "workurl", "url"),
        Column("sites"),
    ),
    "birthyear": Column("birthday", "", "year"),
    "birthmonth": Column("birthday", "", "month"),
    "birthday": Column("birthday", "", "day"),
    **dict.fromkeys(("birthdate", "dateofbirth"), Column("birthday")),
    "anniversary": Column("anniversary"),
    **dict.fromkeys(("categories", "category"), Column("groups")),
    **dict.fromkeys(("description", "notes", "info", "comment"), Column("notes")),
    **dict.fromkeys(("interests", "hobbies"), Column("interests")),
}  # fmt: skip
"""Attribute -> what it holds. Later columns of one field are the lesser ones."""
_NO_PEOPLE = re.compile(
    r"group|organizationalunit|organization$|maillist|dcobject|domain$|organizationalrole"
)


class Attribute(NamedTuple):
    """One line of an entry, unfolded; its value is still encoded."""

    name: str
    """In small letters, without options."""
    mark: str
    """What follows the colon: ":" for base64, "<" for the address of a file."""
    value: str
    line: int


def looks_like_ldif(text: str) -> bool:
    """Whether a text begins as LDIF does: with its version or the name of an entry."""
    lines = (line for line in text[:65_536].splitlines() if line.strip())
    first = next((line for line in lines if line[0] not in "# "), "")
    return bool(_BEGINNING.match(first))


def read_ldif(text: str) -> Iterator[Card | BadCard]:
    """One card, or what is wrong with it, for each entry.

    Raises:
        InvalidInput: There are too many entries.
    """
    for n, entry in enumerate(_entries(text)):
        if n >= MAX_ROWS:
            raise InvalidInput(f"the file has more than {MAX_ROWS} entries: divide it")
        yield _card(entry)


def _entries(text: str) -> Iterator[list[Attribute]]:
    """The attributes of each entry. A new dn begins one even where the empty line is missing."""
    entry: list[Attribute] = []
    for line, content in _unfolded(text):
        name, colon, value = content.partition(":")
        bare = name.partition(";")[0].strip().casefold()
        if (not content.strip() or bare == "dn") and entry:
            yield entry
            entry = []
        if colon and not (bare == "version" and not entry):
            mark = value[:1] if value[:1] in (":", "<") else ""
            entry.append(Attribute(bare, mark, value[len(mark) :].strip(), line))
    if entry:
        yield entry


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """(line number, content) with folds undone and without comments."""
    begun, pieces = 1, [""]
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if line.startswith(" ") and pieces[0]:
            pieces.append(line[1:])
            continue
        if not pieces[0].startswith("#"):
            yield begun, "".join(pieces)
        begun, pieces = number, [line]
    if not pieces[0].startswith("#"):
        yield begun, "".join(pieces)


def _card(entry: list[Attribute]) -> Card | BadCard:
    line = entry[0].line
    change = _first(entry, "changetype")
    if change not in ("", "add"):
        return BadCard(line, "a change, not a person")
    classes = {_decoded(one).casefold() for one in entry if one.name == "objectclass"}
    is_person = any("person" in name for name in classes)
    if not is_person and any(_NO_PEOPLE.search(name) for name in classes):
        return BadCard(line, "a group or an office, not a person")
    return make_card(list(_cells(entry)), line)


def _cells(entry: Iterable[Attribute]) -> Iterator[tuple[Column, str]]:
    once: set[str] = set()
    for attribute in entry:
        column = _ATTRIBUTES.get(attribute.name)
        if column is None or column.field in once:
            continue
        value = _decoded(attribute).strip()
        if attribute.name == "labeleduri":
            value = value.partition(" ")[0]  # a label follows (RFC 2079)
        if column.part == "formatted":
            value = "\n".join(map(str.strip, value.split("$")))
        if value and column.field in ("given", "family"):
            once.add(column.field)  # the rest is the same in other languages
        yield column, value


def _first(entry: Iterable[Attribute], name: str) -> str:
    found = (_decoded(one).strip().casefold() for one in entry if one.name == name)
    return next(found, "")


def _decoded(attribute: Attribute) -> str:
    """The value as text; empty for one that is elsewhere or broken."""
    if attribute.mark == "<":
        return ""
    if attribute.mark != ":":
        return attribute.value
    try:
        body = binascii.a2b_base64(attribute.value)
    except ValueError:  # binascii.Error is one, and so is what isn't ASCII
        return ""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")
