"""Address books in LDIF (RFC 2849), as Thunderbird and directories write them."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from recommender.cards.dates import day_text, read_day
from recommender.cards.fields import CONTROL
from recommender.cards.types import BadCard, Card, NameParts
from recommender.cards.vcard import EMAIL, MAX_LINE, MAX_NAME, MAX_NOTES, one_line, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    Entry = dict[str, list[str]]

_START = re.compile(r"(?im)\A\s*(?:#.*\n|version:.*\n|\s)*dn::? ?\S")
_EMAILS = ("mail", "email", "mozillasecondemail", "rfc822mailbox", "xmozillasecondemail")
_PHONES = (
    "telephonenumber", "mobile", "homephone", "cellphone", "workphone", "pager",
    "facsimiletelephonenumber", "fax", "mobiletelephonenumber", "cn;phone",
)  # fmt: skip
_SITES = ("labeleduri", "mozillahomeurl", "mozillaworkurl", "homeurl", "workurl", "url", "website")
_HOME = (
    "mozillahomestreet", "mozillahomestreet2", "homestreet", "homepostaladdress",
    "mozillahomelocalityname", "mozillahomestate", "mozillahomepostalcode",
    "mozillahomecountryname",
)  # fmt: skip
_WORK = ("street", "streetaddress", "postaladdress", "l", "st", "postalcode", "c", "co")
_TOWNS = ("mozillahomelocalityname", "homelocality", "l", "locality")
_NO_PEOPLE = frozenset({"groupofnames", "groupofuniquenames", "organizationalunit"})


def looks_like_ldif(text: str) -> bool:
    """Whether a file begins as LDIF does, with a dn."""
    return bool(_START.match(text[:10_000]))


def read_ldif(text: str) -> Iterator[Card | BadCard]:
    """One card, or what is wrong with it, for each entry."""
    for line, entry in _entries(text):
        if "dn" in entry:
            yield _card(entry, line)


def _entries(text: str) -> Iterator[tuple[int, Entry]]:
    """(line, lower-case attribute -> values) of each entry."""
    entry: Entry = {}
    begun = 0
    for number, line in _unfolded(text):
        if not line.strip():
            if entry:
                yield begun, entry
            entry = {}
            continue
        name, colon, value = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        begun = begun if entry else number
        name = re.sub(r";(lang-\S+|binary)$", "", name.strip().casefold())
        entry.setdefault(name, []).append(_value(value))
    if entry:
        yield begun, entry


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    start, pieces = 1, [""]
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line.startswith(" ") and pieces[0].strip():
            pieces.append(line[1:])
            continue
        yield start, "".join(pieces)
        start, pieces = number, [line]
    yield start, "".join(pieces)
    yield start + 1, ""


def _value(text: str) -> str:
    if text.startswith(":"):
        try:
            body = binascii.a2b_base64(text[1:].strip())
        except (binascii.Error, ValueError):
            return ""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = body.decode("latin-1")
    return CONTROL.sub("", text).strip()


def _card(entry: Entry, line: int) -> Card | BadCard:
    kinds = {kind.casefold() for kind in entry.get("objectclass", ())}
    change = _first(entry, "changetype").casefold()
    if change and change != "add":
        return BadCard(line, "a change, not a person")
    if kinds & _NO_PEOPLE:
        return BadCard(line, "a group or a department, not a person")
    parts = NameParts(
        one_line(_first(entry, "sn", "surname"), MAX_NAME),
        one_line(_first(entry, "givenname"), MAX_NAME),
    )
    written = _all(entry, *_EMAILS)
    emails = unique(value for value in written if EMAIL.fullmatch(value))
    phones = unique(_all(entry, *_PHONES))
    nicknames = unique(_all(entry, "mozillanickname", "xmozillanickname", "nickname"))
    organisation = one_line(_first(entry, "o", "company", "organizationname"), MAX_NAME)
    names = (
        _first(entry, "cn", "commonname", "displayname"),
        f"{parts.given} {parts.family}",
        *nicknames,
        *emails,
        *phones,
    )
    name = next((text for one in names if (text := one_line(one, MAX_NAME))), "")
    if not name:
        return BadCard(line, "it has no name, address or number")
    odd = [f"E-mail: {value}" for value in written if not EMAIL.fullmatch(value)]
    addresses = [", ".join(_all(entry, *names)) for names in (_HOME, _WORK)]
    return Card(
        name=name,
        parts=parts,
        nicknames=nicknames,
        emails=emails,
        phones=phones,
        addresses=unique(addresses, MAX_LINE),
        town=one_line(_first(entry, *_TOWNS), MAX_NAME),
        organisation=organisation,
        role=one_line(_first(entry, "title"), MAX_NAME),
        sites=unique(_all(entry, *_SITES), 2000),
        birthday=_birthday(entry),
        groups=unique(_all(entry, "categories", "category")),
        notes="\n\n".join([*_all(entry, "description", "notes", "info"), *odd])[:MAX_NOTES],
        line=line,
    )


def _birthday(entry: Entry) -> str:
    month, day = _first(entry, "birthmonth"), _first(entry, "birthday")
    if month.isdecimal() and day.isdecimal():
        year = _first(entry, "birthyear")
        return day_text(year if year.isdecimal() else "", month, day)
    return read_day(_first(entry, "birthday", "birthdate", "dateofbirth"))


def _all(entry: Entry, *names: str) -> list[str]:
    return [value for name in names for value in entry.get(name, ()) if value]


def _first(entry: Entry, *names: str) -> str:
    return next(iter(_all(entry, *names)), "")
